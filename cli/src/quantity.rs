//! Times, sizes and rates as people type them.

use std::time::Duration;

use heliogram::MAX_MESSAGE;

use crate::measure::numbering::NUMBERED;

/// A time in seconds, or with a unit, more than 0 and at most a year: `10`, `0.5`, `20ms`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let units = [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let time = scaled(text, &units).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| !time.is_zero() && *time <= YEAR).ok_or_else(|| "seconds, more than 0: 10, 0.5, 20ms".into())
}

/// A time in seconds that may be 0.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    if text.parse() == Ok(0.0) { Ok(Duration::ZERO) } else { seconds(text) }
}

/// How many datagrams, at least one.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "a number of datagrams, 1 or more".into())
}

/// How many bytes a datagram has.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|size| *size <= MAX_MESSAGE);
    size.ok_or_else(|| format!("a datagram has 0 to {MAX_MESSAGE} bytes"))
}

/// How many bytes a datagram has that must have room for a number.
pub(crate) fn numbered_size(text: &str) -> Result<usize, String> {
    let size = size(text).ok().filter(|size| *size >= NUMBERED);
    size.ok_or_else(|| format!("{NUMBERED} to {MAX_MESSAGE}: a number has to fit"))
}

/// Datagrams a second, with `k` for thousands and `M` for millions.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let rate = scaled(text, &[("k", 1e3), ("M", 1e6)]);
    rate.filter(|rate| *rate >= 0.001).ok_or_else(|| "datagrams a second: 500, 20k, 1.5M".into())
}

/// Bits a second, with `k`, `M` and `G` as powers of 1,000, as everywhere in networking.
pub(crate) fn bits(text: &str) -> Result<f64, String> {
    let bits = scaled(text, &[("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9)]);
    bits.filter(|bits| *bits >= 1.0).ok_or_else(|| "bits a second: 500k, 10M, 1G".into())
}

/// A share, with `%` or as a fraction: `1%`, `0.01`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let share = scaled(text, &[("%", 0.01)]);
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "a share: 1%, 0.01".into())
}

/// A number with one of these units, or none.
fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let unit = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)));
    let (digits, unit) = unit.unwrap_or((text, 1.0));
    digits.parse::<f64>().ok().map(|number| number * unit).filter(|number| number.is_finite())
}

const YEAR: Duration = Duration::from_secs(365 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(
            (seconds("0.5"), interval("0"), interval("0.0")),
            (interval("0.5"), interval("0.0"), Ok(Duration::ZERO))
        );
        assert_eq!((seconds("20ms"), seconds("2m")), (Ok(Duration::from_millis(20)), Ok(Duration::from_secs(120))));
        for wrong in ["", "0", "-1", "nan", "inf", "1e300", "1y", "0.0000000001"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!((size("0"), size("65507"), numbered_size("16")), (Ok(0), Ok(65_507), Ok(16)));
        assert!(size("65508").is_err() && size("-1").is_err() && numbered_size("15").is_err());
    }

    #[test]
    fn rates() {
        assert_eq!((rate("500"), rate("20k"), rate("1.5M")), (Ok(500.0), Ok(2e4), Ok(1.5e6)));
        assert_eq!((bits("10M"), bits("1.5G"), bits("9600")), (Ok(1e7), Ok(1.5e9), Ok(9600.0)));
        assert_eq!((share("1%"), share("0.5"), share("100%"), share("0")), (Ok(0.01), Ok(0.5), Ok(1.0), Ok(0.0)));
        for wrong in ["", "k", "0", "-1", "inf", "nan", "1e400", "1 k", "1T"] {
            assert!(rate(wrong).is_err() && bits(wrong).is_err(), "{wrong}");
        }
        assert!(share("101%").is_err() && share("-1%").is_err() && share("nan").is_err());
    }
}
