//! The tree: prediction = base + modalities, each modality = its columns, each column = its parts.

use super::axis::Axis;
use super::bars::value;
use super::canvas::{Canvas, Drawing, Say, Sheet, safe};
use super::theme::Ink;
use super::view::{self, entry, names, unit};
use crate::explain::{Explanation, Part};
use crate::report::svg::{self, Scale};
use crate::report::{Content, ExplainedRow, Language, number};

/// Parts of a column shown by name: in the page, in a file.
const IN_PAGE: usize = 15;
const IN_FILE: usize = 6;
/// Columns of a modality shown by name.
const COLUMNS: usize = 25;
const LINE: f64 = 23.0;

/// A player and what it is made of.
#[derive(Debug)]
struct Node {
    name: String,
    phi: f64,
    /// None for a sum of several.
    error: Option<f64>,
    children: Vec<Node>,
}

/// Whether the tree says more than the columns alone.
pub(in crate::report) fn worthwhile(row: &ExplainedRow) -> bool {
    row.explanation.parts.is_some()
}

fn node(e: &Explanation, player: usize, name: String, children: Vec<Node>) -> Node {
    let phi = entry(&e.attributions, player, e.explained);
    Node { name, phi, error: Some(entry(&e.standard_error, player, e.explained)), children }
}

/// Nodes of the players in `members`, largest first; the rest in one.
fn ranked(
    e: &Explanation,
    members: &[usize],
    most: usize,
    language: Language,
    make: impl Fn(usize) -> Node,
) -> Vec<Node> {
    let phi = |p: usize| entry(&e.attributions, p, e.explained);
    let sizes: Vec<f64> = members.iter().map(|&p| phi(p).abs()).collect();
    let (order, rest) = view::top(&sizes, most);
    let mut out: Vec<Node> = order.into_iter().map(|i| make(members[i])).collect();
    if !rest.is_empty() {
        let phi = rest.iter().map(|&i| phi(members[i])).sum();
        out.push(Node { name: view::others(rest.len(), language), phi, error: None, children: Vec::new() });
    }
    out
}

fn build(row: &ExplainedRow, most: usize, language: Language) -> Vec<Node> {
    let (modalities, fields) = (&row.explanation.modalities, &row.explanation.fields);
    let parts = row.explanation.parts.as_ref();
    let leaves = |column: &str| -> Vec<Node> {
        let Some(e) = parts else { return Vec::new() };
        let names = names(e);
        let members: Vec<usize> = (0..e.players.len())
            .filter(|&p| {
                e.players[p].part.is_some() && e.players[p].columns.first().is_some_and(|c| c == column)
            })
            .collect();
        let own = |p: usize| match &e.players[p].part {
            Some(Part::Rest { fill }) => language.rest(fill),
            Some(_) => e.players[p].name.clone(),
            None => names[p].clone(),
        };
        // The rest of the cell is no part, and never one of many.
        let (rest, members): (Vec<usize>, Vec<usize>) =
            members.into_iter().partition(|&p| matches!(e.players[p].part, Some(Part::Rest { .. })));
        let mut nodes = ranked(e, &members, most, language, |p| node(e, p, own(p), Vec::new()));
        nodes.extend(rest.into_iter().map(|p| node(e, p, own(p), Vec::new())));
        nodes
    };
    let column = |p: usize| {
        let player = &fields.players[p];
        let cell = row.cells.iter().find(|c| c.column == player.name).map(|c| &c.content);
        let name = match cell {
            Some(Content::Missing) => format!("{} ({})", player.name, language.pick("missing", "缺失")),
            _ => player.name.clone(),
        };
        node(fields, p, name, player.columns.iter().flat_map(|c| leaves(c)).collect())
    };
    let all: Vec<usize> = (0..modalities.players.len()).collect();
    ranked(modalities, &all, all.len(), language, |m| {
        let modality = modalities.players[m].modality;
        let members: Vec<usize> =
            (0..fields.players.len()).filter(|&p| fields.players[p].modality == modality).collect();
        let children = ranked(fields, &members, COLUMNS, language, column);
        node(modalities, m, language.modality(modality).to_owned(), children)
    })
}

fn values(nodes: &[Node], out: &mut Vec<f64>) {
    for node in nodes {
        let error = 1.96 * node.error.unwrap_or(0.0);
        out.extend([node.phi - error, node.phi + error]);
        values(&node.children, out);
    }
}

/// What two modalities added together, beyond each alone: names, value, standard error.
fn synergy(row: &ExplainedRow, language: Language) -> Vec<(String, f64, f64)> {
    let e = &row.explanation.modalities;
    let name = |p: usize| e.players.get(p).map(|p| language.modality(p.modality));
    row.explanation
        .synergy
        .iter()
        .filter_map(|pair| {
            let value = |v: &[f64]| v.get(e.explained).copied().filter(|v| v.is_finite()).unwrap_or(0.0);
            let words = format!("{} × {}", name(pair.players.0)?, name(pair.players.1)?);
            Some((words, value(&pair.values), value(&pair.standard_error)))
        })
        .collect()
}

/// The tree that opens and closes.
pub(in crate::report) fn html(row: &ExplainedRow, language: Language) -> String {
    let nodes = build(row, IN_PAGE, language);
    let pairs = synergy(row, language);
    let mut reached = vec![0.0];
    values(&nodes, &mut reached);
    reached.extend(pairs.iter().flat_map(|p| [p.1 - 1.96 * p.2, p.1 + 1.96 * p.2]));
    let scale = Scale::over(reached.iter().copied(), 0.03);
    let decimals = number::decimals(reached.iter().fold(0.0, |m: f64, v| m.max(v.abs())));
    let tree: String = nodes.iter().map(|n| branch(n, &scale, decimals, 0)).collect();
    let mut out = format!("<div class=\"tree\">{tree}</div>");
    if !pairs.is_empty() {
        let lines: String = pairs
            .iter()
            .map(|(name, phi, error)| {
                let body = limb(name, *phi, Some(*error), &scale, decimals, "pair");
                format!("<div class=\"leaf\">{body}</div>")
            })
            .collect();
        let words = language.pick(
            "Together, beyond each alone (already shared between the two above)",
            "共同作用中超出各自单独作用的部分（已分摊在上面两项中）",
        );
        out += &format!("<p class=\"label together\">{words}</p><div class=\"tree\">{lines}</div>");
    }
    out
}

fn branch(node: &Node, scale: &Scale, decimals: usize, depth: usize) -> String {
    let line =
        limb(&node.name, node.phi, node.error, scale, decimals, ["modality", "column", "part"][depth.min(2)]);
    if node.children.is_empty() {
        return format!("<div class=\"leaf\">{line}</div>");
    }
    let below: String = node.children.iter().map(|n| branch(n, scale, decimals, depth + 1)).collect();
    let open = if depth == 0 { " open" } else { "" };
    format!("<details{open}><summary>{line}</summary><div class=\"below\">{below}</div></details>")
}

/// Name, bar and figure.
fn limb(name: &str, phi: f64, error: Option<f64>, scale: &Scale, decimals: usize, class: &str) -> String {
    let zero = scale.percent(0.0);
    let mut body = svg::line((zero, zero), (0.0, 22.0), "guide");
    body += &svg::bar((zero, scale.percent(phi)), 5.0, 12.0, if phi < 0.0 { "down" } else { "up" });
    let mut shown = number::signed(phi, decimals);
    let words = format!("{name}: {shown}");
    if let Some(error) = error.filter(|e| *e > 0.0) {
        let ends = (scale.percent(phi - 1.96 * error), scale.percent(phi + 1.96 * error));
        body += &svg::line(ends, (11.0, 11.0), "error");
        shown += &format!(" <small>± {}</small>", safe(&number::error(error, decimals)));
    }
    format!(
        "<span class=\"limb {class}\"><span class=\"name\"><bdi>{}</bdi></span>{}<span class=\"num {}\">{shown}</span></span>",
        safe(name),
        svg::strip(22, &words, &body),
        if phi < 0.0 { "fell" } else { "rose" },
    )
}

/// The tree laid open.
pub(in crate::report) fn draw(row: &ExplainedRow, sheet: &Sheet) -> Drawing {
    let nodes = build(row, IN_FILE, sheet.language);
    let pairs = synergy(row, sheet.language);
    let mut lines: Vec<(usize, &str, f64, Option<f64>)> = Vec::new();
    flatten(&nodes, 0, &mut lines);
    let mut c = Canvas::new(sheet);
    let widest = lines.iter().map(|l| super::measure::width(l.1, 12.0) + 16.0 * l.0 as f64);
    let left = (widest.fold(60.0, f64::max) + 14.0).min(sheet.width * 0.42);
    let right = sheet.width - if sheet.narrow() { 62.0 } else { 118.0 };
    let ends = lines.iter().flat_map(|l| {
        let error = 1.96 * l.3.unwrap_or(0.0);
        [l.2 - error, l.2 + error]
    });
    let ends = ends.chain(pairs.iter().flat_map(|p| [p.1 - 1.96 * p.2, p.1 + 1.96 * p.2]));
    let axis = Axis::over(ends.chain([0.0]), (left, right), 0.03);
    let largest = lines.iter().map(|l| l.2.abs()).fold(0.0, f64::max);
    let decimals = number::decimals(largest);
    let spread = lines.iter().any(|l| l.3.unwrap_or(0.0) > 0.0);
    let gaps = lines.iter().filter(|l| l.0 == 0).count().saturating_sub(1) as f64 * 7.0;
    let body = LINE * lines.len() as f64 + gaps;
    let bottom = body + if pairs.is_empty() { 4.0 } else { 34.0 + LINE * pairs.len() as f64 };
    let e = &row.explanation.modalities;
    axis.draw(&mut c, (0.0, bottom), &unit(e, e.explained, sheet.language), true);
    let mut y = 0.0;
    for (i, &(depth, name, phi, error)) in lines.iter().enumerate() {
        if depth == 0 && i > 0 {
            y += 7.0;
        }
        bar(&mut c, &axis, y, (16.0 * depth as f64, left), name, (phi, error), (decimals, spread), depth);
        y += LINE;
    }
    if !pairs.is_empty() {
        y += 22.0;
        let words = c.pick("together, beyond each alone", "共同作用超出单独作用").to_owned();
        c.name((0.0, y), sheet.width, &words, Say::new(Ink::Soft).halo());
        y += 6.0;
        for (name, phi, error) in &pairs {
            bar(&mut c, &axis, y, (0.0, left), name, (*phi, Some(*error)), (decimals, spread), 1);
            y += LINE;
        }
    }
    let base = e.base.get(e.explained).copied().unwrap_or(0.0);
    let prediction = e.prediction.get(e.explained).copied().unwrap_or(0.0);
    let d = number::decimals(base.abs().max(prediction.abs()));
    let (base, prediction) = (number::plain(base, d), number::plain(prediction, d));
    let output = if e.outputs.len() > 1 { &e.outputs[e.explained] } else { &e.target };
    let note = match sheet.language {
        Language::English => format!(
            "Base {base} and the modalities add up to the prediction {prediction}; columns add up to their modality, parts to their column."
        ),
        Language::Chinese => {
            format!("基准 {base} 加各模态等于预测 {prediction}；各列之和为其模态，各部分之和为其列。")
        }
    };
    c.finish(bottom + 38.0, format!("{output} · {}", row.heading), note)
}

fn bar(
    c: &mut Canvas,
    axis: &Axis,
    y: f64,
    (indent, left): (f64, f64),
    name: &str,
    (phi, error): (f64, Option<f64>),
    (decimals, spread): (usize, bool),
    depth: usize,
) {
    let say = match depth {
        0 => Say::new(Ink::Strong).bold(),
        1 => Say::new(Ink::Strong),
        _ => Say::new(Ink::Soft),
    };
    let high = [16.0, 12.0, 8.0][depth.min(2)];
    c.name((indent, y + 15.5), left - indent - 10.0, name, say);
    c.bar((axis.at(0.0), axis.at(phi)), y + 11.5 - high / 2.0, high, Ink::of(phi));
    let error = error.unwrap_or(0.0);
    if error > 0.0 {
        c.whisker((axis.at(phi - 1.96 * error), axis.at(phi + 1.96 * error)), y + 11.5);
    }
    value(c, y + 15.5, (phi, Some(error)), spread, decimals);
}

fn flatten<'a>(nodes: &'a [Node], depth: usize, out: &mut Vec<(usize, &'a str, f64, Option<f64>)>) {
    for node in nodes {
        out.push((depth, &node.name, node.phi, node.error));
        flatten(&node.children, depth + 1, out);
    }
}
