//! Parts of a package and what leads from one to another (ECMA-376, part 2).

use super::xml::Tree;
use crate::file::File;
use crate::packed::{Packed, percent};
use crate::{Document, Result};

/// What leads from a part to another.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) id: String,
    /// The last word of its type, which is the same in the strict and the transitional namespaces.
    pub(crate) kind: String,
    /// Name of the other part in the ZIP file.
    pub(crate) target: String,
}

/// The relations of a part; of the package itself for an empty name. None where it has none, or a broken list of them.
pub(crate) fn relations(
    file: &File<'_>,
    packed: &mut Packed<'_>,
    part: &str,
) -> Result<Option<Vec<Relation>>> {
    let (folder, name) = part.rsplit_once('/').map_or(("", part), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    let Some(xml) = packed.entry(&format!("{folder}{slash}_rels/{name}.rels"))? else { return Ok(None) };
    let Ok(tree) = Tree::read(file, &xml) else { return Ok(None) };
    let all = tree.root().into_iter().flat_map(|root| root.children());
    let inner = all.filter(|e| e.name() == "Relationship" && e.attr("TargetMode") != Some("External"));
    let relation = |e: super::xml::Element<'_>| {
        let kind = e.attr("Type")?.rsplit('/').next()?.to_owned();
        Some(Relation { id: e.attr("Id")?.to_owned(), kind, target: resolve(folder, e.attr("Target")?) })
    };
    Ok(Some(inner.filter_map(relation).collect()))
}

/// A target as the name of a part: from the root, or from the folder of the part that names it.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.split(['#', '?']).next().unwrap_or_default().replace('\\', "/");
    let whole = if target.starts_with('/') { target } else { format!("{folder}/{target}") };
    let mut parts: Vec<String> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(percent(part)),
        }
    }
    parts.join("/")
}

/// The name of the main part: what the package's relations say, or its usual name.
pub(crate) fn main_part(file: &File<'_>, packed: &mut Packed<'_>, usual: &str) -> Result<String> {
    let all = relations(file, packed, "")?.unwrap_or_default();
    let named = all.into_iter().find(|r| r.kind == "officeDocument" && packed.has(&r.target));
    Ok(named.map_or_else(|| usual.to_owned(), |r| r.target))
}

/// A part as a tree. None if there is no such part.
pub(super) fn part(file: &File<'_>, packed: &mut Packed<'_>, name: &str) -> Result<Option<Tree>> {
    packed.entry(name)?.map(|xml| Tree::read(file, &xml)).transpose()
}

/// The part that a relation of that kind leads to. None if there is no such, or it is broken: the main part is read without it.
pub(super) fn beside(
    file: &File<'_>,
    packed: &mut Packed<'_>,
    relations: &[Relation],
    kind: &str,
) -> Result<Option<Tree>> {
    let Some(relation) = relations.iter().find(|r| r.kind == kind) else { return Ok(None) };
    let Some(xml) = packed.entry(&relation.target)? else { return Ok(None) };
    Ok(Tree::read(file, &xml).ok())
}

/// A document with the title and the day of the package's properties.
pub(crate) fn core(file: &File<'_>, packed: &mut Packed<'_>) -> Result<Document> {
    let mut document = Document::default();
    let all = relations(file, packed, "")?.unwrap_or_default();
    let name = all.into_iter().find(|r| r.kind == "core-properties").map(|r| r.target);
    let Some(xml) = packed.entry(name.as_deref().unwrap_or("docProps/core.xml"))? else {
        return Ok(document);
    };
    let Ok(tree) = Tree::read(file, &xml) else { return Ok(document) };
    let value = |name: &str| {
        let text = tree.root()?.find(name)?.text();
        Some(text.trim().to_owned()).filter(|t| !t.is_empty())
    };
    document.title = value("title");
    document.date =
        value("modified").or_else(|| value("created")).and_then(|d| d.get(..10).map(str::to_owned));
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn targets_are_names_of_parts() {
        assert_eq!(resolve("word", "document.xml"), "word/document.xml");
        assert_eq!(resolve("ppt/slides", "../charts/chart1.xml"), "ppt/charts/chart1.xml");
        assert_eq!(resolve("xl", "/xl/worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl", "worksheets\\my%20sheet.xml"), "xl/worksheets/my sheet.xml");
        assert_eq!(resolve("", "../../../etc/passwd"), "etc/passwd");
        assert_eq!(resolve("a", "%zz%4"), "a/%zz%4");
    }
}
