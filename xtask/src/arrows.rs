//! Who may not use whom: between crates by their manifests, between modules by the paths their code names.
//!
//! Code under `#[cfg(test)]` may use anything. ARCHITECTURE.md gives the reason of each arrow in words.

use crate::finding::Finding;
use crate::metadata::Metadata;
use crate::paths::{Path, module_of, paths};
use crate::source::{Kind, shipped_code};
use crate::tree::File;
use std::collections::BTreeMap;

/// Crates that a crate must not need, directly or through others.
const CRATES: &[(&str, &[&str])] = &[
    (
        "ronghe-stats",
        &[
            "ronghe",
            "ronghe-cpu",
            "ronghe-data",
            "ronghe-graph",
            "ronghe-vector",
            "clap",
            "rayon",
            "serde",
            "tokio",
        ],
    ),
    ("ronghe-vector", &["ronghe", "ronghe-data", "ronghe-knowledge", "clap", "rayon", "tokio"]),
    ("ronghe-data", &["ronghe", "ronghe-graph", "ronghe-cpu", "clap", "tokio", "ureq", "reqwest", "hyper"]),
    (
        "ronghe-documents",
        &["ronghe", "ronghe-graph", "ronghe-knowledge", "clap", "rusqlite", "tantivy", "tokio", "ureq"],
    ),
    ("ronghe-graph", &["ronghe", "ronghe-cpu", "ronghe-data", "clap", "tokio", "rayon"]),
    ("ronghe-cpu", &["ronghe", "ronghe-data", "clap", "tokio"]),
    ("ronghe", &["axum", "clap", "indicatif", "ronghe-knowledge", "ronghe-server", "tokio"]),
    ("ronghe-recommend", &["ronghe", "ronghe-knowledge", "axum", "clap", "indicatif", "tokio", "ureq"]),
    ("ronghe-knowledge", &["axum", "clap", "indicatif", "ronghe-server"]),
];

/// In crate `krate`, code in any module of `from` names nothing under `never`.
struct Arrow {
    krate: &'static str,
    from: &'static [&'static str],
    never: &'static [&'static str],
}

const MODULES: &[Arrow] = &[
    Arrow { krate: "ronghe", from: &["encode"], never: &["crate::fuse", "crate::head", "crate::train"] },
    Arrow { krate: "ronghe", from: &["model"], never: &["crate::train"] },
    Arrow {
        krate: "ronghe",
        from: &["explain"],
        never: &["crate::encode", "crate::fuse", "crate::head", "crate::train"],
    },
    Arrow {
        krate: "ronghe-knowledge",
        from: &["ask", "summarise"],
        never: &["ronghe::train", "std::net", "ureq", "reqwest"],
    },
];

/// In crate `ronghe`, no encoder names another.
const ENCODERS: &[&str] = &["tabular", "text", "image", "audio"];

/// Findings from the manifests.
pub(crate) fn between_crates(metadata: &Metadata) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, package) in metadata.packages.iter().filter(|(_, p)| p.source.is_none()) {
        let Some((_, never)) = CRATES.iter().find(|(name, _)| *name == package.name) else { continue };
        let reached = metadata.reach(id);
        for name in *never {
            if let Some(asker) = reached.get(name) {
                found.push(Finding::new(
                    &package.name,
                    0,
                    format!("must not need {name} (asked for by {asker})"),
                ));
            }
        }
    }
    found
}

/// Findings from the source files.
pub(crate) fn between_modules(files: &[File]) -> Vec<Finding> {
    let sources: Vec<Source<'_>> = files.iter().filter_map(Source::of).collect();
    // What a crate's root exports again: `crate::Trainer` is as good as `crate::train::Trainer`.
    let mut exports: BTreeMap<&str, BTreeMap<String, Path>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.module.is_empty()) {
        exports.insert(source.krate, root_exports(source.text));
    }
    let mut found = Vec::new();
    for source in &sources {
        let never = source.never();
        if never.is_empty() {
            continue;
        }
        for path in paths(&shipped_code(source.text), &source.module) {
            let path = through_root(path, exports.get(source.krate));
            if let Some(target) = never.iter().find(|target| path.is_under(target)) {
                let from = source.module.join("::");
                let what =
                    format!("{} {from} must not use {target}: {}", source.krate, path.segments.join("::"));
                found.push(Finding::new(source.path, path.line, what));
            }
        }
    }
    found
}

/// A file under some `crates/NAME/src/`.
struct Source<'a> {
    path: &'a str,
    krate: &'a str,
    module: Vec<&'a str>,
    text: &'a str,
}

impl<'a> Source<'a> {
    fn of(file: &'a File) -> Option<Source<'a>> {
        let (krate, inner) = file.path.strip_prefix("crates/")?.split_once('/')?;
        let below = inner.strip_prefix("src/").filter(|below| below.ends_with(".rs"))?;
        Some(Source { path: &file.path, krate, module: module_of(below), text: file.text.as_deref()? })
    }

    /// What this file must not name.
    fn never(&self) -> Vec<String> {
        let Some(first) = self.module.first() else { return Vec::new() };
        let arrows = MODULES.iter().filter(|arrow| arrow.krate == self.krate && arrow.from.contains(first));
        let mut never: Vec<String> = arrows.flat_map(|arrow| arrow.never).map(ToString::to_string).collect();
        if let (Some(own), "ronghe", "encode") = (self.module.get(1), self.krate, *first)
            && ENCODERS.contains(own)
        {
            never
                .extend(ENCODERS.iter().filter(|e| *e != own).map(|other| format!("crate::encode::{other}")));
        }
        never
    }
}

/// Names that `pub use` lines of a crate's root give to things further in.
fn root_exports(text: &str) -> BTreeMap<String, Path> {
    let code = shipped_code(text);
    let mut exports = BTreeMap::new();
    for at in 2..code.len() {
        if !(code[at - 2].is_word("pub") && code[at - 1].is_word("use") && code[at].kind == Kind::Word) {
            continue;
        }
        let end = code[at..].iter().position(|t| t.is_mark(";")).map_or(code.len(), |len| at + len);
        for mut path in paths(&code[at..end], &[]) {
            if path.segments[0] != "crate" {
                path.segments.insert(0, "crate".into());
            }
            if let Some(name) = path.segments.last().cloned() {
                exports.insert(name, path);
            }
        }
    }
    exports
}

/// `crate::Name` with the place that the root has `Name` from.
fn through_root(path: Path, exports: Option<&BTreeMap<String, Path>>) -> Path {
    match (path.segments.as_slice(), exports) {
        ([root, name, ..], Some(exports)) if root == "crate" => match exports.get(name) {
            Some(export) => {
                let mut segments = export.segments.clone();
                segments.extend_from_slice(&path.segments[2..]);
                Path { line: path.line, segments }
            }
            None => path,
        },
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::read;
    use serde_json::json;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File { path: (*path).into(), bytes: 0, text: Some((*text).into()) })
            .collect();
        between_modules(&files).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn an_encoder_names_no_other() {
        let bad = found(&[("crates/ronghe/src/encode/text/bag.rs", "use super::super::image::Patch;")]);
        assert_eq!(
            bad,
            ["ronghe encode::text::bag must not use crate::encode::image: crate::encode::image::Patch"]
        );
        assert!(
            found(&[("crates/ronghe/src/encode/text/bag.rs", "use super::super::backbone::bert;")])
                .is_empty()
        );
        assert!(found(&[("crates/ronghe/src/encode/mod.rs", "use self::{text, image};")]).is_empty());
    }

    #[test]
    fn a_name_exported_again_is_still_seen() {
        let lib =
            ("crates/ronghe/src/lib.rs", "pub mod train; mod model; pub use train::{Trainer, Config as C};");
        let bad = found(&[lib, ("crates/ronghe/src/model.rs", "fn f(t: &crate::Trainer) {}")]);
        assert_eq!(bad, ["ronghe model must not use crate::train: crate::train::Trainer"]);
        assert!(found(&[lib, ("crates/ronghe/src/metric/mod.rs", "use crate::Trainer;")]).is_empty());
    }

    #[test]
    fn tests_may_use_anything() {
        let text = "#[cfg(test)] mod tests { use crate::train::fit; }";
        assert!(found(&[("crates/ronghe/src/explain/game.rs", text)]).is_empty());
    }

    #[test]
    fn a_forbidden_crate_is_found_through_others() {
        let metadata = json!({
            "packages": [
                { "id": "d", "name": "ronghe-data", "version": "0.1.0", "source": null },
                { "id": "x", "name": "middle", "version": "1.0.0", "source": "registry" },
                { "id": "t", "name": "tokio", "version": "1.0.0", "source": "registry" },
                { "id": "c", "name": "clap", "version": "1.0.0", "source": "registry" },
            ],
            "resolve": { "nodes": [
                { "id": "d", "deps": [
                    { "pkg": "x", "dep_kinds": [{ "kind": null }] },
                    { "pkg": "c", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "x", "deps": [{ "pkg": "t", "dep_kinds": [{ "kind": "build" }] }] },
            ] },
        });
        let bad = between_crates(&read(&metadata).unwrap());
        assert_eq!(bad.len(), 1);
        assert_eq!(bad[0].to_string(), "ronghe-data: must not need tokio (asked for by middle)");
    }
}
