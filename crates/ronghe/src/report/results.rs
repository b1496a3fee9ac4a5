//! Figures of the models: the fused one beside each it is compared with, every one with its interval.

use super::escape::html;
use super::svg::{self, Scale};
use super::{Interval, Language, Results, Score, number};

impl Results {
    /// The best of the models that are not the fused one.
    pub(super) fn best_single(&self) -> Option<&Score> {
        let better =
            |a: &Score, b: &Score| (a.value > b.value) == self.larger_is_better && a.value != b.value;
        self.scores.iter().filter(|s| !s.fused).reduce(|best, s| if better(s, best) { s } else { best })
    }

    /// The fused model.
    pub(super) fn fused(&self) -> Option<&Score> {
        self.scores.iter().find(|s| s.fused)
    }

    /// Digits after the point for all figures of the table.
    pub(super) fn decimals(&self) -> usize {
        number::decimals(self.scores.iter().map(|s| s.value.abs()).fold(0.0, f64::max))
    }

    /// The scale that all figures and intervals lie on.
    pub(super) fn scale(&self) -> Scale {
        let ends = |s: &Score| {
            let i = s.interval.unwrap_or(Interval { low: s.value, high: s.value });
            [s.value, i.low, i.high]
        };
        Scale::over(self.scores.iter().flat_map(ends), 0.06)
    }

    /// What the figures say of fusing, without saying more.
    pub(super) fn verdict(&self, language: Language) -> Option<String> {
        let (_, gain) = self.gain?;
        let best = &self.best_single()?.name;
        let (low, high) = if self.larger_is_better { (gain.low, gain.high) } else { (-gain.high, -gain.low) };
        Some(match language {
            Language::English if low > 0.0 => {
                format!("Fusing helps: ahead of {best}, the best single model.")
            }
            Language::English if high < 0.0 => format!("Fusing hurts here: {best} alone is better."),
            Language::English => format!("No clear difference from {best} alone on these rows."),
            Language::Chinese if low > 0.0 => format!("融合有益：优于最好的单一模型 {best}。"),
            Language::Chinese if high < 0.0 => format!("融合在此有害：单用 {best} 更好。"),
            Language::Chinese => format!("在这些行上与单用 {best} 没有明显差别。"),
        })
    }
}

/// An interval in brackets.
pub(super) fn interval(interval: Interval, decimals: usize) -> String {
    format!("[{}, {}]", number::plain(interval.low, decimals), number::plain(interval.high, decimals))
}

/// The table.
pub(super) fn table(results: &Results, language: Language) -> String {
    let (scale, decimals) = (results.scale(), results.decimals());
    let rows: String = results
        .scores
        .iter()
        .map(|score| {
            let value = number::plain(score.value, decimals);
            let range = score.interval.map(|i| interval(i, decimals)).unwrap_or_default();
            format!(
                "<tr{}><th scope=\"row\"><bdi>{}</bdi><small><bdi>{}</bdi></small></th><td class=\"num\">{value}</td>\
                 <td class=\"num soft\">{range}</td><td class=\"draw\">{}</td></tr>",
                if score.fused { " class=\"fused\"" } else { "" },
                html(&score.name),
                html(&score.detail),
                svg::strip(28, &format!("{value} {range}"), &whisker(score, &scale)),
            )
        })
        .collect();
    let ticks = scale.ticks(5);
    let tick_decimals = number::step_decimals(&ticks);
    let ticks: String = ticks
        .into_iter()
        .map(|t| {
            let at = scale.percent(t);
            format!("<span style=\"left:{at:.2}%\">{}</span>", number::plain(t, tick_decimals))
        })
        .collect();
    let metric = match results.unit.is_empty() {
        true => html(&results.metric),
        false => format!("{} ({})", html(&results.metric), html(&results.unit)),
    };
    format!(
        "<table class=\"results\"><thead><tr><th>{}</th><th class=\"num\">{metric}</th><th class=\"num\">{}</th>\
         <th class=\"draw\"></th></tr></thead><tbody>{rows}</tbody><tfoot><tr><td colspan=\"3\">{}</td>\
         <td class=\"draw\"><div class=\"ticks\">{ticks}</div></td></tr></tfoot></table>",
        language.pick("Model", "模型"),
        language.pick("95 % interval", "95 % 区间"),
        match (language, results.larger_is_better) {
            (Language::English, true) => format!("{} test rows; more is better", number::count(results.rows)),
            (Language::English, false) =>
                format!("{} test rows; less is better", number::count(results.rows)),
            (Language::Chinese, true) => format!("{} 行测试数据；越大越好", number::count(results.rows)),
            (Language::Chinese, false) => format!("{} 行测试数据；越小越好", number::count(results.rows)),
        },
    )
}

fn whisker(score: &Score, scale: &Scale) -> String {
    let class = if score.fused { "accent" } else { "plain" };
    let at = scale.percent(score.value);
    let mut out = svg::line((0.0, 100.0), (14.0, 14.0), "guide");
    if let Some(i) = score.interval {
        let (low, high) = (scale.percent(i.low), scale.percent(i.high));
        out += &svg::line((low, high), (14.0, 14.0), &format!("whisker {class}"));
        out += &svg::line((low, low), (9.0, 19.0), &format!("whisker {class}"));
        out += &svg::line((high, high), (9.0, 19.0), &format!("whisker {class}"));
    }
    out + &svg::dot(at, 14.0, 5.0, &format!("dot {class}"))
}
