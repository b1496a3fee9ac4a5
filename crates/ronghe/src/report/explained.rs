//! An explained row: what is in it, what was predicted, and the bridge from the base to the prediction.

use super::escape::html;
use super::media::{self, Media};
use super::svg::{self, Scale};
use super::{Content, ExplainedRow, Language, Shown, number, plot};
use crate::explain::{Explanation, Link, RowExplanation};
use ronghe_data::Modality;
use std::collections::BTreeSet;

/// Cells listed; the rest are folded away.
const LISTED_CELLS: usize = 24;

/// Players in a bridge and in the table of all classes; the rest are summed.
const LISTED_PLAYERS: usize = 20;

/// Classes listed with their probabilities; the rest are in the table of all classes.
const LISTED_CLASSES: usize = 5;

/// One article.
pub(super) fn article(row: &ExplainedRow, language: Language) -> String {
    let fields = &row.explanation.fields;
    let modalities = &row.explanation.modalities;
    let (pictures, drawn) = plot::of_row(row, language);
    let cells = cells(row, &drawn, language);
    // One modality with one column each says the same twice.
    let levels = match modalities.players.len() == 1 || modalities.players.len() == fields.players.len() {
        true => vec![(language.pick("By column", "按列"), fields, false)],
        false => vec![
            (language.pick("By modality", "按模态"), modalities, true),
            (language.pick("By column", "按列"), fields, false),
        ],
    };
    let bridges: String = levels
        .into_iter()
        .map(|(title, e, names_modality)| {
            format!("<h4>{title}</h4>{}{}", bridge(e, names_modality, language), sum(e, language))
        })
        .collect();
    format!(
        "<article class=\"card row\"><header><h3><bdi>{}</bdi></h3>{}</header><div class=\"two\"><div class=\"cells\">\
         {cells}{}</div><div class=\"why\">{bridges}{}</div></div><div class=\"charts\">{pictures}</div></article>",
        html(&row.heading),
        outcome(row, language),
        probabilities(fields, row.truth.as_deref()),
        details(row, language),
    )
}

/// The prediction beside the truth.
fn outcome(row: &ExplainedRow, language: Language) -> String {
    let e = &row.explanation.fields;
    let k = e.explained;
    let value = e.link.invert(e.prediction[k]);
    let shown = number::plain(value, number::decimals(value));
    let quantity = e.outputs.len() == 1;
    let said = match quantity {
        true => format!(
            "<b class=\"figure\">{shown}</b> <span class=\"soft\"><bdi>{}</bdi></span>",
            html(&e.unit)
        ),
        false => format!(
            "<b class=\"figure\"><bdi>{}</bdi></b> <span class=\"soft\">{shown}</span>",
            html(&e.outputs[k])
        ),
    };
    let truth = row.truth.as_deref().map_or(String::new(), |truth| {
        let label = language.pick("truth", "真实");
        let mark = match (quantity, truth == e.outputs[k]) {
            (true, _) => "",
            (false, true) => " <span class=\"ok\">✓</span>",
            (false, false) => " <span class=\"miss\">✗</span>",
        };
        format!("<span class=\"soft\">{label} <bdi>{}</bdi>{mark}</span>", html(truth))
    });
    format!(
        "<p class=\"outcome\"><span class=\"label\">{}</span> {said}{truth}</p>",
        language.pick("predicted", "预测")
    )
}

/// The cells, but for those that a chart shows whole; many are folded away.
fn cells(row: &ExplainedRow, drawn: &BTreeSet<&str>, language: Language) -> String {
    let left: Vec<&Shown> = row.cells.iter().filter(|c| !drawn.contains(c.column.as_str())).collect();
    let listed = if left.len() > LISTED_CELLS + 3 { LISTED_CELLS } else { left.len() };
    let html = |cells: &[&Shown]| cells.iter().map(|c| cell(c, language)).collect::<String>();
    let mut out = html(&left[..listed]);
    if listed < left.len() {
        let more = number::count(left.len() - listed);
        let words = match language {
            Language::English => format!("{more} more"),
            Language::Chinese => format!("另外 {more} 项"),
        };
        out += &format!("<details><summary>{words}</summary>{}</details>", html(&left[listed..]));
    }
    out
}

fn cell(shown: &Shown, language: Language) -> String {
    let name = html(&shown.column);
    let content = match &shown.content {
        Content::Missing => format!("<span class=\"none\">{}</span>", language.pick("missing", "缺失")),
        Content::Text(text) if shown.modality == Modality::Text => {
            format!("<blockquote dir=\"auto\">{}</blockquote>", html(text))
        }
        Content::Text(text) => format!("<bdi>{}</bdi>", html(text)),
        Content::Media(bytes) => match media::show(bytes) {
            Media::Picture(uri) => format!("<img src=\"{uri}\" alt=\"{name}\">"),
            Media::Sound(uri) => format!("<audio controls src=\"{uri}\"></audio>"),
            Media::Size(size) => format!(
                "<span class=\"none\">{} ({size})</span>",
                language.pick("not shown here", "此处不显示")
            ),
        },
    };
    let wide = matches!(shown.modality, Modality::Text | Modality::Image | Modality::Audio)
        && shown.content != Content::Missing;
    format!(
        "<div class=\"cell{}\"><span class=\"label\"><bdi>{name}</bdi></span>{content}</div>",
        if wide { " wide" } else { "" }
    )
}

/// The most probable classes.
fn probabilities(e: &Explanation, truth: Option<&str>) -> String {
    if e.outputs.len() == 1 {
        return String::new();
    }
    let p = |k: usize| e.link.invert(e.prediction[k]);
    let mut order: Vec<usize> = (0..e.outputs.len()).collect();
    order.sort_by(|&a, &b| p(b).total_cmp(&p(a)));
    let rows: String = order
        .into_iter()
        .take(LISTED_CLASSES)
        .map(|k| {
            let class = if k == e.explained { "accent" } else { "plain" };
            let mark = if truth == Some(e.outputs[k].as_str()) { " <span class=\"soft\">✓</span>" } else { "" };
            format!(
                "<div class=\"prob\"><span><bdi>{}</bdi>{mark}</span>{}<span class=\"num\">{:.3}</span></div>",
                html(&e.outputs[k]),
                svg::strip(
                    10,
                    &format!("{:.3}", p(k)),
                    &(svg::bar((0.0, 100.0), 3.0, 4.0, "track") + &svg::bar((0.0, p(k) * 100.0), 3.0, 4.0, class)),
                ),
                p(k),
            )
        })
        .collect();
    format!("<div class=\"probs\">{rows}</div>")
}

/// A step of the bridge: name, change, standard error.
type Step = (String, f64, f64);

/// The players' changes, largest first; of very many the smallest as one sum, whose standard error is not known.
fn steps(e: &Explanation, names_modality: bool, language: Language) -> Vec<Step> {
    let k = e.explained;
    let mut order = e.ranking(k);
    let rest = if order.len() > LISTED_PLAYERS + 1 { order.split_off(LISTED_PLAYERS) } else { Vec::new() };
    let name = |i: usize| match names_modality {
        true => language.modality(e.players[i].modality).to_owned(),
        false => format!("<bdi>{}</bdi>", html(&e.players[i].name)),
    };
    let mut out: Vec<Step> =
        order.into_iter().map(|i| (name(i), e.attributions[i][k], e.standard_error[i][k])).collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|&i| e.attributions[i][k]).sum();
        out.push((plot::others(rest.len(), language), sum, 0.0));
    }
    out
}

/// Bars from the base over each player's change to the prediction, largest change first.
fn bridge(e: &Explanation, names_modality: bool, language: Language) -> String {
    let k = e.explained;
    let steps = steps(e, names_modality, language);
    let mut level = e.base[k];
    let mut reached = vec![level, e.prediction[k]];
    for (_, phi, error) in &steps {
        level += phi;
        reached.extend([level - 1.96 * error, level + 1.96 * error]);
    }
    let scale = Scale::over(reached, 0.04);
    let largest = steps.iter().map(|s| s.1.abs()).fold(e.prediction[k].abs().max(e.base[k].abs()), f64::max);
    let decimals = number::decimals(largest);
    let end = |name: &str, value: f64| {
        let at = scale.percent(value);
        let shown = number::plain(value, decimals);
        let mark = svg::line((at, at), (3.0, 21.0), "end");
        format!(
            "<div class=\"step end\"><span>{name}</span>{}<span class=\"num\">{shown}</span></div>",
            svg::strip(24, &shown, &mark)
        )
    };
    let mut out = end(language.pick("base", "基准"), e.base[k]);
    level = e.base[k];
    for (place, (name, phi, error)) in steps.into_iter().enumerate() {
        let (from, to) = (scale.percent(level), scale.percent(level + phi));
        let mut body = svg::line((from, from), (0.0, 5.0), "join");
        body += &svg::bar((from, to), 5.0, 14.0, if phi < 0.0 { "down" } else { "up" });
        if error > 0.0 {
            let ends = (scale.percent(level + phi - 1.96 * error), scale.percent(level + phi + 1.96 * error));
            body += &svg::line(ends, (12.0, 12.0), "error");
        }
        // The line to the next bar starts where this one ends.
        body += &svg::line((to, to), (19.0, 24.0), "join");
        level += phi;
        let shown = number::signed(phi, decimals);
        let spread = match error > 0.0 {
            true => format!(" <small>± {}</small>", html(&number::error(error, decimals))),
            false => String::new(),
        };
        out += &format!(
            "<div class=\"step\" data-place=\"{}\"><span>{name}</span>{}<span class=\"num {}\">{shown}{spread}</span></div>",
            place + 1,
            svg::strip(24, &shown, &body),
            if phi < 0.0 { "fell" } else { "rose" },
        );
    }
    out += &end(language.pick("prediction", "预测"), e.prediction[k]);
    format!("<div class=\"bridge\">{out}</div>")
}

/// The sum in figures, and how it was come by.
fn sum(e: &Explanation, language: Language) -> String {
    let k = e.explained;
    let d = number::decimals(e.base[k].abs().max(e.prediction[k].abs()).max(e.sum(k).abs())).max(3);
    let (base, total) = (number::plain(e.base[k], d), number::plain(e.sum(k), d));
    let prediction = number::plain(e.prediction[k], d);
    let evaluations = number::count(e.evaluations);
    let largest = e.standard_error.iter().map(|s| s[k]).fold(0.0, f64::max);
    let how = match (language, e.method == "exact", e.converged) {
        (Language::English, true, _) => format!("exact over {evaluations} coalitions, standard error 0"),
        (Language::Chinese, true, _) => format!("精确：全部 {evaluations} 个联盟，标准误为 0"),
        (Language::English, false, converged) => format!(
            "sampled over {evaluations} coalitions, ± is one standard error, at most {largest:.1e}{}",
            if converged { "" } else { "; NOT converged within the budget" }
        ),
        (Language::Chinese, false, converged) => format!(
            "抽样 {evaluations} 个联盟，± 为一个标准误，最大 {largest:.1e}{}",
            if converged { "" } else { "；预算内未收敛" }
        ),
    };
    let equation = match language {
        Language::English => format!("base {base} + sum {total} = prediction {prediction}"),
        Language::Chinese => format!("基准 {base} + 合计 {total} = 预测 {prediction}"),
    };
    format!("<p class=\"sum\"><b>{equation}</b> <bdi>({})</bdi> · {how}</p>", html(&unit(e, language)))
}

/// The unit in the page's language.
fn unit(e: &Explanation, language: Language) -> String {
    match (language, e.link, e.outputs.len()) {
        (Language::English, _, _) => e.unit.clone(),
        (Language::Chinese, Link::LogOdds, _) => "对数几率".into(),
        (Language::Chinese, Link::Identity, 1) => format!("{} 的单位", e.target),
        (Language::Chinese, Link::Identity, _) => "概率".into(),
    }
}

/// What stood in for hidden cells, and for hidden parts of cells, column by column.
fn fills(x: &RowExplanation, language: Language) -> String {
    let all: Vec<String> = x
        .fills
        .iter()
        .map(|(column, whole)| {
            let mask = x.masks.get(column).map_or("", String::as_str);
            let inside = mask.rsplit_once('/').filter(|(masker, _)| *masker != "whole");
            match (inside, language) {
                (None, Language::English) => format!("`{column}` by {whole}"),
                (None, Language::Chinese) => format!("`{column}` 用 {whole}"),
                (Some((masker, fill)), Language::English) => {
                    format!("`{column}` by {whole}, its parts ({masker}) by {fill}")
                }
                (Some((masker, fill)), Language::Chinese) => {
                    format!("`{column}` 用 {whole}，其各部分（{masker}）用 {fill}")
                }
            }
        })
        .collect();
    match language {
        Language::English => format!("Hidden cells are filled: {}.", all.join("; ")),
        Language::Chinese => format!("隐藏的单元格的填充方式：{}。", all.join("；")),
    }
}

/// All classes, folded away, and the background.
fn details(row: &ExplainedRow, language: Language) -> String {
    let (x, e) = (&row.explanation, &row.explanation.fields);
    let (background, rows) = (number::count(x.background), number::count(x.rows_predicted));
    let made = match language {
        Language::English => format!(
            "{} {background} background rows; {rows} masked rows predicted; seed {}.",
            fills(x, language),
            x.seed
        ),
        Language::Chinese => format!(
            "{} 背景数据 {background} 行；共预测 {rows} 行；随机种子 {}。",
            fills(x, language),
            x.seed
        ),
    };
    let mut out = format!("<p class=\"made\">{}</p>", html(&made));
    if e.outputs.len() > 1 {
        let head: String =
            e.outputs.iter().map(|o| format!("<th class=\"num\"><bdi>{}</bdi></th>", html(o))).collect();
        let line = |name: &str, values: Vec<String>| {
            let cells: String = values.iter().map(|v| format!("<td class=\"num\">{v}</td>")).collect();
            format!("<tr><th scope=\"row\"><bdi>{name}</bdi></th>{cells}</tr>")
        };
        let plain = |values: &[f64]| values.iter().map(|v| number::plain(*v, 3)).collect::<Vec<_>>();
        let mut body = line(language.pick("base", "基准"), plain(&e.base));
        let mut order = e.ranking(e.explained);
        let listed = if order.len() > LISTED_PLAYERS + 1 { LISTED_PLAYERS } else { order.len() };
        let rest = order.split_off(listed);
        order.sort_unstable();
        for i in order {
            let changes = e.attributions[i].iter().map(|v| number::signed(*v, 3));
            body += &line(&html(&e.players[i].name), changes.collect());
        }
        if !rest.is_empty() {
            let sum = |k: usize| rest.iter().map(|&i| e.attributions[i][k]).sum::<f64>();
            let changes = (0..e.outputs.len()).map(|k| number::signed(sum(k), 3));
            body += &line(&plot::others(rest.len(), language), changes.collect());
        }
        body += &line(language.pick("prediction", "预测"), plain(&e.prediction));
        out += &format!(
            "<details><summary>{}</summary><div class=\"scroll\"><table><thead><tr><td></td>{head}</tr></thead>\
             <tbody>{body}</tbody></table></div></details>",
            language.pick("All classes", "所有类别"),
        );
    }
    out
}
