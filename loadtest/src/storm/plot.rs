//! Plots as SVG, drawn into the page itself.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 30.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 12.0;
const COLOURS: [&str; 4] = ["#1f6f8b", "#c8553d", "#4c956c", "#7b5ea7"];

/// One line of a plot.
pub struct Line {
    /// What it shows.
    pub name: &'static str,
    /// Its points, in order.
    pub points: Vec<(f64, f64)>,
}

/// Draws lines over one another, with a title and the unit of the vertical axis.
pub fn lines(title: &str, unit: &str, across: &str, lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| &line.points);
    let most_x = all().map(|(x, _)| *x).fold(0.0, f64::max).max(1e-9);
    let most_y = round_up(all().map(|(_, y)| *y).fold(0.0, f64::max));
    let x = |value: f64| LEFT + value / most_x * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / most_y * (HEIGHT - BOTTOM - TOP);
    let mut svg = format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">"
    );
    for quarter in 0..=4 {
        let value = most_y * f64::from(quarter) / 4.0;
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y(value) + 4.0,
            number(value),
            at = y(value)
        );
        let value = most_x * f64::from(quarter) / 4.0;
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}{}</text>",
            x(value),
            HEIGHT - 10.0,
            number(value),
            if quarter == 4 { format!(" {across}") } else { String::new() }
        );
    }
    for (line, colour) in lines.iter().zip(COLOURS) {
        let points: Vec<String> =
            line.points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value))).collect();
        let _ = write!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" points=\"{}\"/>",
            points.join(" ")
        );
    }
    svg.push_str("</svg><p class=\"legend\">");
    for (line, colour) in lines.iter().zip(COLOURS) {
        let _ = write!(svg, "<span style=\"color:{colour}\">■</span> {} ({unit}) &nbsp; ", line.name);
    }
    svg.push_str("</p></figure>");
    svg
}

/// The points of a cumulative distribution of sorted values: what share is at most each value. At most 200 points.
pub fn shares(sorted: &[u64], scale: f64) -> Vec<(f64, f64)> {
    let step = (sorted.len() / 200).max(1);
    let last = sorted.len().saturating_sub(1);
    let picked = (0..sorted.len()).filter(|at| at % step == 0 || *at == last);
    picked
        .filter_map(|at| Some((*sorted.get(at)? as f64 * scale, (at + 1) as f64 / sorted.len() as f64 * 100.0)))
        .collect()
}

fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|bound| *bound >= value)
        .unwrap_or(value)
}

fn number(value: f64) -> String {
    match value {
        _ if value >= 1e6 => format!("{:.1}M", value / 1e6),
        _ if value >= 1e4 => format!("{:.0}k", value / 1e3),
        _ if value >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_holds_its_lines_and_asks_nobody_for_anything() {
        let svg = lines("Calls", "calls", "s", &[Line { name: "up", points: vec![(0.0, 0.0), (10.0, 4_800.0)] }]);
        assert!(svg.contains("points=\"64.0,190.0 708.0,") && svg.contains("Calls") && !svg.contains("http"));
        assert!(lines("Empty", "", "", &[]).contains("</svg>"));
    }

    #[test]
    fn shares_end_at_everything() {
        let values: Vec<u64> = (0..5_000).collect();
        let points = shares(&values, 1.0);
        assert!(points.len() <= 202);
        assert_eq!(points.last(), Some(&(4_999.0, 100.0)));
    }
}
