//! The README's picture: three bars, drawn from the table that the benchmark has written.

use std::fmt::Write;
use std::fs;
use std::path::Path;

const PAGE: &str = "performance/results.md";
const PICTURE: &str = "performance/plots/readme.svg";
const TABLE: &str = "<!-- bench: js receive -->";

/// Rows of the table, and the label of each one's bar.
const BARS: [(&str, &str); 3] = [
    ("node:dgram", "node:dgram"),
    ("heliogram, no offload", "heliogram, single datagrams"),
    ("heliogram", "heliogram, coalesced by the kernel (GRO)"),
];

const TITLE: &str = "Million 64-byte datagrams received per CPU second (Node 26, loopback)";
const SIZE: &str = "64";

/// Pixels: the picture's width, that of the longest bar, the height of one bar with its label, the top of the first.
const WIDTH: u32 = 560;
const LONGEST: f64 = 470.0;
const STEP: usize = 52;
const TOP: usize = 44;

/// Draws the picture from the page, both below the folder of the documents.
pub(super) fn write(documents: &Path) -> Result<String, String> {
    let file = documents.join(PICTURE);
    let picture = of(&documents.join(PAGE))?;
    fs::write(&file, picture).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file.display().to_string())
}

fn of(page: &Path) -> Result<String, String> {
    let text = fs::read_to_string(page).map_err(|e| format!("{}: {e}", page.display()))?;
    Ok(draw(&bars(&text)?))
}

fn bars(page: &str) -> Result<Vec<(&'static str, f64)>, String> {
    let (_, table) = page.split_once(TABLE).ok_or_else(|| format!("no {TABLE}"))?;
    BARS.iter().map(|&(row, label)| Ok((label, median(table, row)?))).collect()
}

/// The first figure of the row of that contestant and size.
fn median(table: &str, contestant: &str) -> Result<f64, String> {
    let start = format!("| {contestant} | {SIZE} | ");
    let rest = table.lines().find_map(|line| line.strip_prefix(&start));
    let figure = rest.and_then(|rest| rest.split(' ').next()?.parse().ok());
    figure.ok_or_else(|| format!("{TABLE} has no row \"{start}\" with a figure"))
}

fn draw(bars: &[(&str, f64)]) -> String {
    let greatest = bars.iter().map(|bar| bar.1).fold(f64::MIN_POSITIVE, f64::max);
    let height = TOP + STEP * bars.len();
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="14">
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
<text x="12" y="26" fill="#475569">{TITLE}</text>
"##
    );
    for (index, (label, figure)) in bars.iter().enumerate() {
        let (top, width) = (TOP + STEP * index, figure / greatest * LONGEST);
        let color = if label.starts_with("heliogram") { "#d97706" } else { "#94a3b8" };
        let _ = writeln!(svg, r##"<text x="12" y="{}" fill="#0f172a">{label}</text>"##, top + 14);
        let _ = writeln!(svg, r##"<rect x="12" y="{}" width="{width:.0}" height="18" fill="{color}"/>"##, top + 20);
        let (x, y) = (width + 20.0, top + 34);
        let _ = writeln!(svg, r##"<text x="{x:.0}" y="{y}" fill="#0f172a">{figure:.2}</text>"##);
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_that_of_the_table() {
        let documents = crate::cargo::root().join("docs");
        let picture = fs::read_to_string(documents.join(PICTURE)).expect("it is in the repository");
        assert_eq!(picture, of(&documents.join(PAGE)).expect("the table has its rows"), "run cargo xtask docs");
    }

    #[test]
    fn the_bars_are_the_medians_of_the_table() {
        let page = "<!-- bench: js receive -->\n| node:dgram | 64 | 0.380 [0.2–0.4] |\n| heliogram | 64 | 5.643 [5–6] |\n\
                    | heliogram, no offload | 64 | 1.214 [1–2] |\n| heliogram | 1400 | 1.0 [1–2] |\n";
        let figures: Vec<_> = bars(page).expect("three rows").into_iter().map(|bar| bar.1).collect();
        assert_eq!(figures, [0.380, 1.214, 5.643]);
        assert!(bars("<!-- bench: js receive -->").is_err());
        assert!(draw(&[("node:dgram", 1.0), ("heliogram", 2.0)]).contains("width=\"235\""));
    }
}
