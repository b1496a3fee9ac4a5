//! The confusion table as a heat map: each row of true class in shares of itself.

use super::escape::html;
use super::{Confusion, Language, number};

/// The table. Counts that are missing read as 0.
pub(super) fn table(confusion: &Confusion, language: Language) -> String {
    let classes = confusion.labels.len();
    let count = |t: usize, p: usize| {
        confusion.counts.get(t).and_then(|row| row.get(p)).copied().unwrap_or(0) as usize
    };
    let head: String =
        confusion.labels.iter().map(|l| format!("<th scope=\"col\"><bdi>{}</bdi></th>", html(l))).collect();
    let rows: String = (0..classes)
        .map(|truth| {
            let total: usize = (0..classes).map(|p| count(truth, p)).sum();
            let cells: String = (0..classes)
                .map(|predicted| {
                    let n = count(truth, predicted);
                    let share = n as f64 / total.max(1) as f64;
                    format!(
                        "<td{} style=\"--share:{:.1}%\" title=\"{:.1} %\">{}</td>",
                        match (truth == predicted, share > 0.5) {
                            (true, true) => " class=\"right deep\"",
                            (true, false) => " class=\"right\"",
                            (false, true) => " class=\"wrong deep\"",
                            (false, false) => " class=\"wrong\"",
                        },
                        share * 100.0,
                        share * 100.0,
                        if n == 0 { String::from("<span class=\"none\">0</span>") } else { number::count(n) },
                    )
                })
                .collect();
            let recall = count(truth, truth) as f64 / total.max(1) as f64 * 100.0;
            format!(
                "<tr><th scope=\"row\"><bdi>{}</bdi></th>{cells}<td class=\"recall\">{}</td></tr>",
                html(&confusion.labels[truth]),
                if total == 0 { "–".to_owned() } else { format!("{recall:.1} %") },
            )
        })
        .collect();
    format!(
        "<div class=\"scroll\"><table class=\"confusion\"><thead><tr><td></td><th class=\"axis\" colspan=\"{classes}\">\
         {}</th><td></td></tr><tr><th class=\"axis\">{}</th>{head}<th>{}</th></tr></thead>\
         <tbody>{rows}</tbody></table></div>",
        language.pick("predicted", "预测"),
        language.pick("truth", "真实"),
        language.pick("recall", "召回率"),
    )
}
