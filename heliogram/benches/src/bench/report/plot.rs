//! The results as one picture: a panel for each contest and size, a bar for each contestant.

use super::results::{Results, Spread};
use crate::bench::contest::{Contest, Contestant, Kind, Metric, Side};
use crate::bench::job::Outcome;
use crate::bench::plan::Plan;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::path::PathBuf;

const PANEL: (u32, u32) = (760, 190);
/// The height in pixels of each bar from the fourth on.
const BAR: u32 = 20;
const FONT: &str = "sans-serif";

/// The pictures of the package, each of one contest. The library's contests are all in one.
const PICTURES: [(&str, &str); 3] = [("receive", "js receive"), ("send", "js send"), ("round-trip", "js round trip")];

/// Writes each picture for which there are results, as SVG and as PNG; answers the files.
pub(crate) fn draw(plan: &Plan, contests: &[&'static Contest], results: &Results) -> Outcome<Vec<PathBuf>> {
    // The crate brings its font, so that the picture is the same on every machine.
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).map_err(|_| "the font is not one")?;
    let mut files = Vec::new();
    let library: Vec<_> = contests.iter().copied().filter(|contest| contest.side == Side::Library).collect();
    files.extend(picture(plan, "library", &library, results)?);
    for (name, contest) in PICTURES {
        let alone: Vec<_> = contests.iter().copied().filter(|other| other.name == contest).collect();
        files.extend(picture(plan, name, &alone, results)?);
    }
    Ok(files)
}

/// Nothing for contests that have not run. Several contests have a row each and a column per size; a single one has its sizes below each other.
fn picture(plan: &Plan, name: &str, contests: &[&'static Contest], results: &Results) -> Outcome<Vec<PathBuf>> {
    let Some(first) = contests.first() else { return Ok(Vec::new()) };
    let sizes = plan.sizes(first).len();
    let grid = if contests.len() == 1 { (sizes, 1) } else { (contests.len(), sizes) };
    let bars = contests.iter().map(|contest| contest.contestants.len() as u32).max().unwrap_or(0);
    let height = PANEL.1 + bars.saturating_sub(3) * BAR;
    let size = (PANEL.0 * grid.1 as u32, height * grid.0 as u32);
    let [svg, png] = ["svg", "png"].map(|ending| plan.output.join(format!("{name}.{ending}")));
    let panels: Vec<_> = contests.iter().flat_map(|contest| panels_of(plan, contest, results)).collect();
    draw_panels(&SVGBackend::new(&svg, size).into_drawing_area(), grid, &panels)?;
    draw_panels(&BitMapBackend::new(&png, size).into_drawing_area(), grid, &panels)?;
    Ok(vec![svg, png])
}

struct Panel {
    title: String,
    metric: &'static Metric,
    bars: Vec<(&'static str, Spread)>,
}

fn panels_of(plan: &Plan, contest: &'static Contest, results: &Results) -> impl Iterator<Item = Panel> {
    let metric = &contest.metrics[0];
    plan.sizes(contest).into_iter().map(move |size| {
        let spread = |name| Some((name, results.spread(contest, name, size, metric)?));
        let shown = contest.contestants.iter().filter(|contestant| is_shown(contest, contestant));
        let bars = shown.filter_map(|contestant| spread(contestant.name)).collect();
        Panel { title: format!("{}, {size} bytes", contest.title()), metric, bars }
    })
}

/// The bare loops are left out of the package's plots: beside their bars the scripts' could not be distinguished.
const fn is_shown(contest: &Contest, contestant: &Contestant) -> bool {
    matches!((contest.side, &contestant.kind), (Side::Library, _) | (_, Kind::Script(_)))
}

fn draw_panels<B: DrawingBackend>(area: &DrawingArea<B, Shift>, grid: (usize, usize), panels: &[Panel]) -> Outcome<()>
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE)?;
    for (cell, panel) in area.split_evenly(grid).iter().zip(panels) {
        draw_panel(cell, panel)?;
    }
    area.present()?;
    Ok(())
}

fn draw_panel<B: DrawingBackend>(area: &DrawingArea<B, Shift>, Panel { title, metric, bars }: &Panel) -> Outcome<()>
where
    B::ErrorType: 'static,
{
    let greatest = bars.iter().map(|(_, rate)| rate.greatest).fold(0.0, f64::max) / metric.unit;
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
        .x_max_light_lines(1)
        .y_labels(bars.len())
        .y_label_formatter(&name)
        .x_desc(format!("{}: median, least to greatest", metric.title))
        .label_style((FONT, 14))
        .draw()?;
    for (place, (name, rate)) in bars.iter().rev().enumerate() {
        let color = if name.starts_with("heliogram") { RGBColor(217, 119, 6) } else { RGBColor(148, 163, 184) };
        let mut bar = Rectangle::new(
            [(0.0, SegmentValue::Exact(place)), (rate.median / metric.unit, SegmentValue::Exact(place + 1))],
            color.filled(),
        );
        bar.set_margin(4, 4, 0, 0);
        let span = [rate.least, rate.greatest].map(|rate| (rate / metric.unit, SegmentValue::CenterOf(place)));
        chart.draw_series([bar])?;
        chart.draw_series([PathElement::new(span, BLACK.stroke_width(2))])?;
    }
    Ok(())
}
