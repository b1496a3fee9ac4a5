//! What a page says of itself: its title and its day.

use super::tree::Tree;
use crate::Document;

/// Names of metadata that hold the day a page was published, then the one it was changed.
const DAYS: &[&str] = &[
    "article:published_time",
    "date",
    "dc.date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.date",
    "dcterms.created",
    "datepublished",
    "pubdate",
    "publishdate",
    "publish-date",
    "publication_date",
    "citation_publication_date",
    "og:published_time",
    "article:modified_time",
    "datemodified",
    "dcterms.modified",
    "last-modified",
];

/// Title and day of a page, where the document has none yet.
pub(super) fn add(document: &mut Document, tree: &Tree<'_>) {
    let metas: Vec<(String, &str)> = tree
        .within(0, "meta")
        .filter_map(|at| tree.element(at))
        .filter_map(|e| {
            let name = e.attribute("property").or(e.attribute("name")).or(e.attribute("itemprop"))?;
            Some((name.to_ascii_lowercase(), e.attribute("content")?))
        })
        .collect();
    let meta = |name: &str| metas.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| *v);
    if document.title.is_none() {
        let own = tree
            .within(0, "title")
            .take(64)
            .find(|&at| !within(tree, at, "svg"))
            .map(|at| line(&tree.text_of(at)));
        let heading = || tree.within(0, "h1").next().map(|at| line(&tree.text_of(at)));
        let title = own.filter(|t| !t.is_empty()).or_else(|| meta("og:title").map(line)).or_else(heading);
        document.title = title.filter(|t| !t.is_empty());
    }
    if document.date.is_none() {
        let of_metas = || DAYS.iter().filter_map(|name| meta(name)).find_map(day);
        let scripts = || {
            tree.within(0, "script")
                .filter(|&at| {
                    tree.element(at).and_then(|e| e.attribute("type")).is_some_and(|t| t.contains("ld+json"))
                })
                .find_map(|at| from_json(&tree.text_of(at)))
        };
        let times = || {
            let time = |at: usize| tree.element(at).and_then(|e| e.attribute("datetime")).and_then(day);
            tree.within(0, "time").find_map(time)
        };
        document.date = of_metas().or_else(scripts).or_else(times);
    }
}

fn within(tree: &Tree<'_>, mut at: usize, name: &str) -> bool {
    while at > 0 {
        at = tree.nodes[at].parent;
        if tree.name(at) == name {
            return true;
        }
    }
    false
}

/// `"datePublished": "2024-05-06T..."`
fn from_json(text: &str) -> Option<String> {
    let rest = &text[text.find("\"datePublished\"")? + 15..];
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    day(value)
}

/// The day at the beginning of a text, `2024-05-06`, `2024/5/6` or `20240506`, as `YYYY-MM-DD`.
pub(crate) fn day(text: &str) -> Option<String> {
    let text = text.trim();
    let (year, rest) = (text.get(..4)?, text.get(4..)?);
    let (month, day) = match rest.strip_prefix(['-', '/', '.']) {
        Some(rest) => {
            let (month, rest) = rest.split_once(['-', '/', '.'])?;
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (month, &rest[..end])
        }
        None => (rest.get(..2)?, rest.get(2..4)?),
    };
    let number = |text: &str, most: u32| {
        let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
        text.parse::<u32>().ok().filter(|n| digits && (1..=most).contains(n))
    };
    let (year, month, day) = (number(year, 9999)?, number(month, 12)?, number(day, 31)?);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A note of the frames of a page that has no text of its own.
pub(super) fn frames(tree: &Tree<'_>) -> Option<String> {
    let names = ["frame", "iframe"].into_iter().flat_map(|name| tree.within(0, name));
    let names: Vec<&str> = names.filter_map(|at| tree.element(at)?.attribute("src")).take(8).collect();
    (!names.is_empty()).then(|| format!("its text is in frames: {}", names.join(", ")))
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_found() {
        for text in ["2024-05-06T01:02:03Z", "2024/5/6", "20240506", "2024.05.06 12:00"] {
            assert_eq!(day(text).as_deref(), Some("2024-05-06"), "{text}");
        }
        for text in ["2024", "2024-13-01", "May 6", "日期2024", "2024-05"] {
            assert_eq!(day(text), None, "{text}");
        }
        let of = |page: &str| {
            let mut document = Document::default();
            add(&mut document, &super::super::parse::page(page).unwrap());
            (document.title, document.date)
        };
        let json = "<script type=application/ld+json>{\"datePublished\": \"2023-02-01T00:00\"}</script><h1>A <b>b</b></h1><time datetime=2020-01-01>";
        assert_eq!(of(json), (Some("A b".into()), Some("2023-02-01".into())));
        let metas = "<svg><title>no</title></svg><meta property=og:title content=T><meta name=DC.Date content=2022-03-04>";
        assert_eq!(of(metas), (Some("T".into()), Some("2022-03-04".into())));
    }
}
