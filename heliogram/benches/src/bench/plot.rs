//! The results as one picture: a panel for each contest and size, a bar for each contestant.

use super::Outcome;
use super::contests::Contest;
use super::report::{Results, Spread};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::path::Path;

const PANEL: (u32, u32) = (760, 190);
const FONT: &str = "sans-serif";

type Bars = Vec<(&'static str, Spread)>;

/// Writes `plot.svg` and `plot.png`.
pub(crate) fn draw(folder: &Path, contests: &[&Contest], sizes: &[u16], results: &Results) -> Outcome<()> {
    // The crate brings its font, so that the picture is the same on every machine.
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).map_err(|_| "the font is not one")?;
    let size = (PANEL.0 * sizes.len() as u32, PANEL.1 * contests.len() as u32);
    let (svg, png) = (folder.join("plot.svg"), folder.join("plot.png"));
    panels(&SVGBackend::new(&svg, size).into_drawing_area(), contests, sizes, results)?;
    panels(&BitMapBackend::new(&png, size).into_drawing_area(), contests, sizes, results)
}

fn panels<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    contests: &[&Contest],
    sizes: &[u16],
    results: &Results,
) -> Outcome<()>
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE)?;
    let cells = area.split_evenly((contests.len(), sizes.len()));
    let wanted = contests.iter().flat_map(|contest| sizes.iter().map(move |&size| (contest, size)));
    for (cell, (contest, size)) in cells.iter().zip(wanted) {
        let rates =
            contest.contestants.iter().filter_map(|c| Some((c.name, results.rate(contest, c.name, size.into())?)));
        panel(cell, &format!("{}, {size} B", contest.name), &rates.collect())?;
    }
    area.present()?;
    Ok(())
}

fn panel<B: DrawingBackend>(area: &DrawingArea<B, Shift>, title: &str, bars: &Bars) -> Outcome<()>
where
    B::ErrorType: 'static,
{
    let greatest = bars.iter().map(|(_, rate)| rate.greatest).fold(0.0, f64::max) / 1e6;
    let last = bars.len().saturating_sub(1);
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 18))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(36)
        .y_label_area_size(250)
        .build_cartesian_2d(0.0..greatest * 1.05, (0..last).into_segmented())?;
    let name = |at: &SegmentValue<usize>| match at {
        SegmentValue::CenterOf(i) | SegmentValue::Exact(i) => bars.iter().rev().nth(*i).map_or("", |bar| bar.0).into(),
        SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(bars.len())
        .y_label_formatter(&name)
        .x_desc("million datagrams per CPU second: median, least to greatest")
        .label_style((FONT, 14))
        .draw()?;
    for (place, (name, rate)) in bars.iter().rev().enumerate() {
        let color = if name.starts_with("heliogram") { RGBColor(217, 119, 6) } else { RGBColor(148, 163, 184) };
        let mut bar = Rectangle::new(
            [(0.0, SegmentValue::Exact(place)), (rate.median / 1e6, SegmentValue::Exact(place + 1))],
            color.filled(),
        );
        bar.set_margin(4, 4, 0, 0);
        let span = [rate.least, rate.greatest].map(|rate| (rate / 1e6, SegmentValue::CenterOf(place)));
        chart.draw_series([bar])?;
        chart.draw_series([PathElement::new(span, BLACK.stroke_width(2))])?;
    }
    Ok(())
}
