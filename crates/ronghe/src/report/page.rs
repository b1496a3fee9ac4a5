//! The page: one HTML file that loads nothing and runs nothing.

use super::escape::html as safe;
use super::{Language, Note, ReportData, confusion, curves, explained, number, plot, results};

const STYLE: &str = include_str!("style.css");

/// What the page may do, told to the browser: show its own pictures and play its own sounds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:";

/// The report as one HTML page.
pub fn html(data: &ReportData) -> String {
    let language = data.language;
    let mut body = header(data);
    body += &notes(&data.notes, language);
    if let Some(found) = &data.results {
        body += &section(language.pick("Results", "结果"), &results::table(found, language));
    }
    if !data.rows.is_empty() {
        let charts = plot::over_rows(data);
        if !charts.is_empty() {
            let intro = language.pick(
                "What the predictions of the explained rows rest on, taken together.",
                "综合来看，所解释各行的预测依据是什么。",
            );
            let whole = format!(
                "<p class=\"intro\">{intro} {}</p><div class=\"charts\">{charts}</div>",
                colours(data)
            );
            body += &section(language.pick("Why: all rows together", "原因：全部行"), &whole);
        }
        let articles: String = data.rows.iter().map(|r| explained::article(r, language)).collect();
        let intro = language.pick(
            "Each prediction is the base, which is the mean prediction when every cell is hidden, plus what each \
             part of the row added (Shapley values).",
            "每个预测等于基准（隐藏全部单元格时的平均预测）加上该行各部分的贡献（Shapley 值）。",
        );
        body += &section(
            language.pick("Why: single predictions", "原因：单个预测"),
            &format!("<p class=\"intro\">{intro} {}</p>{articles}", colours(data)),
        );
    }
    if let Some(found) = &data.confusion {
        body +=
            &section(language.pick("Which class for which", "混淆表"), &confusion::table(found, language));
    }
    if !data.curves.is_empty() {
        let figures: String = data.curves.iter().map(|c| curves::figure(c, language)).collect();
        body +=
            &section(language.pick("Training", "训练过程"), &format!("<div class=\"grid\">{figures}</div>"));
    }
    if !data.schema.is_empty() {
        body += &section(language.pick("Data", "数据"), &schema(data));
    }
    if !data.run.is_empty() {
        body += &section(language.pick("What was run", "运行信息"), &run(data));
    }
    if !data.commands.is_empty() {
        body += &section(language.pick("Next", "下一步"), &commands(data));
    }
    shell(language, &data.title, &body)
}

/// A whole page around `body`.
pub(super) fn shell(language: Language, title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <title>{}</title><style>{}{STYLE}</style></head><body><main>{body}</main></body></html>\n",
        language.tag(),
        safe(title),
        plot::theme::css(),
    )
}

pub(super) fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{title}</h2>{body}</section>")
}

/// Title, and the figures that matter most: fused, best single, and the difference.
fn header(data: &ReportData) -> String {
    let language = data.language;
    let mut figures = String::new();
    let mut verdict = String::new();
    if let Some(found) = &data.results {
        let d = found.decimals();
        let mut figure = |label: &str, value: String, range: String, class: &str| {
            figures += &format!(
                "<div class=\"{class}\"><span class=\"label\">{label}</span><b>{value}</b><span class=\"soft\">{range}</span></div>"
            );
        };
        let range = |i: Option<super::Interval>| i.map(|i| results::interval(i, d)).unwrap_or_default();
        if let Some(fused) = found.fused() {
            let label = format!("{} · {}", language.pick("fused", "融合"), safe(&found.metric));
            figure(&label, number::plain(fused.value, d), range(fused.interval), "lead");
        }
        if let Some(best) = found.best_single() {
            let label = format!(
                "{} · <bdi>{}</bdi>",
                language.pick("best single", "最好的单一模型"),
                safe(&best.name)
            );
            figure(&label, number::plain(best.value, d), range(best.interval), "");
        }
        if let Some((gain, interval)) = found.gain {
            let label = language.pick("difference, same rows", "差值（同样的行）");
            figure(label, number::signed(gain, d), range(Some(interval)), "");
        }
        verdict =
            found.verdict(language).map_or(verdict, |v| format!("<p class=\"verdict\">{}</p>", safe(&v)));
    }
    format!(
        "<header class=\"top\"><p class=\"label\">Ronghe · 融合</p><h1><bdi>{}</bdi></h1><p class=\"lead-text\">{}</p>\
         <div class=\"figures\">{figures}</div>{verdict}</header>",
        safe(&data.title),
        safe(&data.lead),
    )
}

pub(super) fn notes(notes: &[Note], language: Language) -> String {
    let items: String = notes
        .iter()
        .map(|note| match note {
            Note::Remark(text) => format!("<li>{}</li>", safe(text)),
            Note::Warning(text) => {
                let label = language.pick("Warning", "注意");
                format!("<li class=\"warning\"><b>{label}</b> {}</li>", safe(text))
            }
        })
        .collect();
    if items.is_empty() { items } else { format!("<ul class=\"notes\">{items}</ul>") }
}

/// What the two colours mean.
fn colours(data: &ReportData) -> String {
    format!(
        "<span class=\"key\"><span><i class=\"up\"></i>{}</span><span><i class=\"down\"></i>{}</span></span>",
        data.language.pick("raises it", "提高"),
        data.language.pick("lowers it", "降低"),
    )
}

fn schema(data: &ReportData) -> String {
    let language = data.language;
    let rows: String = data
        .schema
        .iter()
        .map(|c| {
            let missing = match c.missing {
                0 => "<span class=\"none\">0</span>".to_owned(),
                n => format!(
                    "{} <small>({:.1} %)</small>",
                    number::count(n),
                    n as f64 / c.rows.max(1) as f64 * 100.0
                ),
            };
            format!(
                "<tr><th scope=\"row\"><bdi>{}</bdi></th><td>{}</td><td><bdi>{}</bdi></td><td class=\"num\">{missing}</td>\
                 <td class=\"example\"><bdi>{}</bdi></td></tr>",
                safe(&c.column),
                c.kind,
                safe(&c.role),
                safe(&c.example),
            )
        })
        .collect();
    let head = |english, chinese| language.pick(english, chinese);
    format!(
        "<div class=\"scroll\"><table class=\"schema\"><thead><tr><th>{}</th><th>{}</th><th>{}</th>\
         <th class=\"num\">{}</th><th>{}</th></tr></thead><tbody>{rows}</tbody></table></div>",
        head("Column", "列"),
        head("Kind", "类型"),
        head("Use", "用途"),
        head("Missing", "缺失"),
        head("Example", "示例"),
    )
}

fn run(data: &ReportData) -> String {
    let facts: String = data
        .run
        .iter()
        .map(|(name, value)| format!("<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>", safe(name), safe(value)))
        .collect();
    format!("<dl class=\"run\">{facts}</dl>")
}

fn commands(data: &ReportData) -> String {
    data.commands
        .iter()
        .map(|c| {
            format!(
                "<div class=\"command\"><p>{}</p><pre><code>{}</code></pre></div>",
                safe(&c.purpose),
                safe(&c.line)
            )
        })
        .collect()
}
