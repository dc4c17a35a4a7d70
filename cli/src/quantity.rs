//! Times, sizes and rates as people type them.

use std::time::Duration;

use heliogram::MAX_MESSAGE;

use crate::measure::numbering::HEADER;

/// A time in seconds, more than 0 and at most a year: `10`, `0.5`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| !time.is_zero() && *time <= YEAR).ok_or_else(|| "seconds, more than 0: 10, 0.5".into())
}

/// A time in seconds that may be 0.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    if text.parse() == Ok(0.0) { Ok(Duration::ZERO) } else { seconds(text) }
}

/// How many bytes a datagram has.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|size| *size <= MAX_MESSAGE);
    size.ok_or_else(|| format!("a datagram has 0 to {MAX_MESSAGE} bytes"))
}

/// How many bytes a datagram has that must have room for a number.
pub(crate) fn numbered_size(text: &str) -> Result<usize, String> {
    let size = size(text).ok().filter(|size| *size >= HEADER);
    size.ok_or_else(|| format!("{HEADER} to {MAX_MESSAGE}: a number has to fit"))
}

/// How many a second, with `k` for thousands and `M` for millions.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let units = [("k", 1e3), ("M", 1e6)];
    let unit = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)));
    let (digits, unit) = unit.unwrap_or((text, 1.0));
    let rate = digits.parse::<f64>().ok().map(|rate| rate * unit);
    rate.filter(|rate| rate.is_finite() && *rate >= 0.001).ok_or_else(|| "datagrams a second: 500, 20k, 1.5M".into())
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
        for wrong in ["", "0", "-1", "nan", "inf", "1e300", "1s", "0.0000000001"] {
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
        for wrong in ["", "k", "0", "-1", "inf", "nan", "1e400", "1 k", "1G"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
