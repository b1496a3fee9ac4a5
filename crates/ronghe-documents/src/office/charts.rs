//! Charts and diagrams by their stored words and values (ECMA-376 part 1, 21.2 and 21.4).

use super::xml::{Element, Tree};
use super::{drawing, package};
use crate::file::File;
use crate::formats::Format;
use crate::packed::Packed;
use crate::{BlockKind, Result};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a part of a chart or diagram says. Nothing if there is no such part, or it is broken.
pub(super) fn read(file: &File<'_>, packed: &mut Packed<'_>, part: &str) -> Result<Vec<(BlockKind, String)>> {
    let Some(xml) = packed.entry(part)? else { return Ok(Vec::new()) };
    let Ok(tree) = Tree::read(file, &xml) else { return Ok(Vec::new()) };
    let Some(root) = tree.root() else { return Ok(Vec::new()) };
    Ok(match root.name() {
        "dataModel" => diagram(root),
        _ if root.child("chartData").is_some() => newer(root),
        _ => chart(root),
    })
}

/// What the drawings on a sheet say: its text boxes, and the titles of charts, whose values are in the cells.
pub(crate) fn of_sheet(file: &File<'_>, packed: &mut Packed<'_>, drawings: &str) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let Some(xml) = packed.entry(drawings)? else { return Ok(said) };
    let Ok(tree) = Tree::read(file, &xml) else { return Ok(said) };
    let relations = package::relations(file, packed, drawings)?.unwrap_or_default();
    said.extend(tree.root().into_iter().flat_map(drawing::paragraphs).map(drawing::line));
    for relation in relations.iter().filter(|r| r.kind == "chart") {
        let parts = read(file, packed, &relation.target)?;
        said.extend(parts.into_iter().filter(|(kind, _)| *kind == BlockKind::Caption).map(|(_, text)| text));
    }
    Ok(said)
}

/// Titles, and a row for each value: its series, its category and what it is.
fn chart(root: Element<'_>) -> Vec<(BlockKind, String)> {
    let mut said = Vec::new();
    let Some(chart) = root.child("chart") else { return said };
    let titles = chart.child("title").into_iter().chain(
        chart
            .child("plotArea")
            .into_iter()
            .flat_map(Element::children)
            .filter_map(|axis| axis.child("title")),
    );
    for title in titles {
        let cached = || title.find("v").map(Element::text);
        let text = drawing::text(title).or_else(cached).unwrap_or_default();
        said.push((BlockKind::Caption, text));
    }
    let dates = root.child("date1904").is_some_and(Element::is_on);
    for series in chart.child("plotArea").into_iter().flat_map(Element::all).filter(|e| e.name() == "ser") {
        let name = series.child("tx").and_then(|tx| tx.find("v")).map(|v| v.text().trim().to_owned());
        let points = |names: [&str; 2]| {
            let of = names.iter().find_map(|name| series.child(name));
            of.map(|of| values(of, dates)).unwrap_or_default()
        };
        let categories = points(["cat", "xVal"]);
        let sizes = points(["bubbleSize", "bubbleSize"]);
        for (at, value) in points(["val", "yVal"]) {
            let category = categories.get(&at).cloned().unwrap_or_else(|| (at + 1).to_string());
            let name =
                name.as_deref().filter(|n| !n.is_empty()).map(|n| format!("{n}; ")).unwrap_or_default();
            let size = sizes.get(&at).map(|s| format!("; {s}")).unwrap_or_default();
            said.push((BlockKind::Row, format!("{name}{category}: {value}{size}")));
        }
    }
    said
}

/// Stored values by their places; of categories in levels, the outer names stand before the inner ones.
fn values(of: Element<'_>, dates: bool) -> BTreeMap<u64, String> {
    let levels: Vec<Element<'_>> = of.all().filter(|e| e.name() == "lvl").collect();
    if !levels.is_empty() {
        let mut all: BTreeMap<u64, String> = BTreeMap::new();
        for level in levels {
            let names = list(level, dates);
            if all.is_empty() {
                all = names;
                continue;
            }
            // An outer name holds until the next.
            for (at, inner) in &mut all {
                if let Some((_, outer)) = names.range(..=*at).next_back() {
                    *inner = format!("{outer} {inner}");
                }
            }
        }
        return all;
    }
    let stored = ["strCache", "numCache", "strLit", "numLit"];
    let stored = stored.iter().find_map(|name| if of.name() == *name { Some(of) } else { of.find(name) });
    stored.map(|list_of| list(list_of, dates)).unwrap_or_default()
}

fn list(of: Element<'_>, dates: bool) -> BTreeMap<u64, String> {
    let code = of.child("formatCode").map(Element::text).filter(|code| !code.trim().is_empty());
    let usual = code.as_deref().map(Format::parse);
    let mut all = BTreeMap::new();
    for point in of.children().filter(|e| e.name() == "pt") {
        let (Some(at), Some(value)) =
            (point.attr("idx").and_then(|i| i.trim().parse().ok()), point.child("v"))
        else {
            continue;
        };
        let text = value.text();
        let own = point.attr("formatCode").map(Format::parse);
        let is_number = of.name().starts_with("num");
        let shown = match (text.trim().parse::<f64>(), is_number) {
            (Ok(n), true) => own.as_ref().or(usual.as_ref()).unwrap_or(&Format::General).show(n, dates),
            _ => text.trim().to_owned(),
        };
        if !shown.is_empty() {
            all.insert(at, shown);
        }
    }
    all
}

/// Charts of the newer kinds (waterfall, funnel, tree map).
fn newer(root: Element<'_>) -> Vec<(BlockKind, String)> {
    let mut said = Vec::new();
    let title = root.child("chart").and_then(|c| c.child("title"));
    let title = title.and_then(|t| drawing::text(t).or_else(|| t.find("v").map(Element::text)));
    said.extend(title.map(|title| (BlockKind::Caption, title)));
    for data in root.child("chartData").into_iter().flat_map(Element::children).filter(|e| e.name() == "data")
    {
        let dimension = |name: &str| {
            let levels =
                data.child(name).into_iter().flat_map(Element::children).filter(|e| e.name() == "lvl");
            let levels: Vec<BTreeMap<u64, String>> = levels.map(newer_level).collect();
            levels
        };
        let names = dimension("strDim");
        for (at, value) in dimension("numDim").into_iter().next().unwrap_or_default() {
            let name: Vec<&str> =
                names.iter().rev().filter_map(|level| level.get(&at).map(String::as_str)).collect();
            let name = if name.is_empty() { (at + 1).to_string() } else { name.join(" ") };
            said.push((BlockKind::Row, format!("{name}: {value}")));
        }
    }
    said
}

fn newer_level(level: Element<'_>) -> BTreeMap<u64, String> {
    let format = level.attr("formatCode").map(Format::parse);
    let points = level.children().filter(|e| e.name() == "pt");
    let point = |e: Element<'_>| {
        let text = e.text();
        let shown = match (text.trim().parse::<f64>(), &format) {
            (Ok(n), Some(format)) => format.show(n, false),
            _ => text.trim().to_owned(),
        };
        Some((e.attr("idx")?.trim().parse().ok()?, shown)).filter(|(_, shown)| !shown.is_empty())
    };
    points.filter_map(point).collect()
}

/// The points of a diagram as a reader goes through them: a point, what hangs on it, the next.
fn diagram(root: Element<'_>) -> Vec<(BlockKind, String)> {
    let mut points: HashMap<&str, Element<'_>> = HashMap::new();
    let mut order = Vec::new();
    let mut start = None;
    for point in root.path(&["ptLst"]).into_iter().flat_map(Element::children).filter(|e| e.name() == "pt") {
        let Some(id) = point.attr("modelId") else { continue };
        match point.attr("type") {
            Some("doc") => start = Some(id),
            None | Some("node" | "asst") => {
                points.insert(id, point);
                order.push(id);
            }
            _ => {}
        }
    }
    let mut below: HashMap<&str, Vec<(i64, &str)>> = HashMap::new();
    for link in root.path(&["cxnLst"]).into_iter().flat_map(Element::children).filter(|e| e.name() == "cxn") {
        let is_part = matches!(link.attr("type"), None | Some("parOf"));
        if let (Some(from), Some(to), true) = (link.attr("srcId"), link.attr("destId"), is_part) {
            let place = link.attr("srcOrd").and_then(|o| o.trim().parse().ok()).unwrap_or(0);
            below.entry(from).or_default().push((place, to));
        }
    }
    below.values_mut().for_each(|links| links.sort_by_key(|(place, _)| std::cmp::Reverse(*place)));
    let (mut said, mut seen) = (Vec::new(), HashSet::new());
    // Points that nothing leads to come last, in their own order.
    let mut ahead: Vec<&str> = order.iter().rev().copied().chain(start).collect();
    while let Some(id) = ahead.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Some(text) = points.get(id).and_then(|p| drawing::text(*p)) {
            said.push((BlockKind::Item, text));
        }
        ahead.extend(below.get(id).into_iter().flatten().map(|(_, to)| *to));
    }
    said
}
