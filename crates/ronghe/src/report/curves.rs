//! Training curves, one small drawing a model and metric.

use super::escape::html;
use super::svg::Scale;
use super::{Curve, Language, Series, number};

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 170.0;
/// Room for the figures on the left and below.
const LEFT: f64 = 38.0;
const BOTTOM: f64 = 26.0;
const TOP: f64 = 8.0;
const RIGHT: f64 = 10.0;

/// One figure.
pub(super) fn figure(curve: &Curve, language: Language) -> String {
    let points = || curve.series.iter().flat_map(|s| &s.points);
    let across = Scale::over(points().map(|p| p.0), 0.0);
    let up = Scale::over(points().map(|p| p.1), 0.05);
    let x = |v: f64| LEFT + across.percent(v) / 100.0 * (WIDTH - LEFT - RIGHT);
    let y = |v: f64| HEIGHT - BOTTOM - up.percent(v) / 100.0 * (HEIGHT - BOTTOM - TOP);
    let mut body = String::new();
    let ticks = up.ticks(5);
    let decimals = number::step_decimals(&ticks);
    for tick in &ticks {
        let (at, end) = (y(*tick), WIDTH - RIGHT);
        body += &format!("<line class=\"guide\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{end}\" y2=\"{at:.1}\"/>");
        let shown = number::plain(*tick, decimals);
        body +=
            &format!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{shown}</text>", LEFT - 7.0, at + 4.0);
    }
    for tick in across.ticks(5).into_iter().filter(|t| t.fract() == 0.0) {
        let at = x(tick);
        body += &format!("<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>", HEIGHT - 7.0);
    }
    if let Some(best) = curve.best {
        let at = x(best);
        let foot = HEIGHT - BOTTOM;
        body += &format!("<line class=\"best\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{foot}\"/>");
    }
    for (i, series) in curve.series.iter().enumerate() {
        let path: Vec<String> =
            series.points.iter().map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1))).collect();
        body += &format!("<polyline class=\"curve s{}\" points=\"{}\"/>", i.min(2), path.join(" "));
        if let [only] = series.points[..] {
            body += &format!(
                "<circle class=\"dot s{}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                i.min(2),
                x(only.0),
                y(only.1)
            );
        }
    }
    let key: String = curve.series.iter().enumerate().map(|(i, s)| legend(i.min(2), s)).collect();
    let kept = curve.best.map_or(String::new(), |best| match language {
        Language::English => format!("<span class=\"soft\">kept: epoch {best}</span>"),
        Language::Chinese => format!("<span class=\"soft\">保留：第 {best} 轮</span>"),
    });
    format!(
        "<figure class=\"card\"><figcaption><b><bdi>{}</bdi></b> <span class=\"soft\">{}</span></figcaption>\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{body}</svg>\
         <p class=\"key\">{key}{kept}</p></figure>",
        html(&curve.model),
        html(&curve.metric),
        html(&format!("{} {}", curve.model, curve.metric)),
    )
}

fn legend(index: usize, series: &Series) -> String {
    let last = series.points.last().map_or(String::new(), |p| number::plain(p.1, number::decimals(p.1)));
    format!("<span><i class=\"s{index}\"></i><bdi>{}</bdi> {last}</span>", html(&series.name))
}
