//! The paths a Rust file names, made absolute: `use super::{a, b::C}` in `crate::x::y` gives `crate::x::a` and
//! `crate::x::b::C`.

use crate::source::{Kind, Token};

/// A path and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) line: usize,
    /// `crate`, or another crate's name, first.
    pub(crate) segments: Vec<String>,
}

impl Path {
    /// Whether this is `prefix` or lies under it.
    pub(crate) fn is_under(&self, prefix: &str) -> bool {
        let mut own = self.segments.iter();
        prefix.split("::").all(|want| own.next().is_some_and(|have| have == want))
    }
}

/// Module of a file below `src`: `encode/text/mod.rs` is `["encode", "text"]`.
pub(crate) fn module_of(below_src: &str) -> Vec<&str> {
    let stem = below_src.strip_suffix(".rs").unwrap_or(below_src);
    let mut module: Vec<&str> = stem.split('/').collect();
    if matches!(module.last(), Some(&("mod" | "lib" | "main"))) {
        module.pop();
    }
    module
}

/// Every path of two segments or more in `code` (comments already gone), in order, groups opened.
pub(crate) fn paths(code: &[Token<'_>], module: &[&str]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let goes_on = at > 1 && joins(code, at - 2);
        if code[at].kind == Kind::Word && joins(code, at + 1) && !goes_on {
            at = open(code, at, &mut Vec::new(), module, &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Whether `::` stands at `at`.
fn joins(code: &[Token<'_>], at: usize) -> bool {
    code.get(at).is_some_and(|t| t.is_mark(":")) && code.get(at + 1).is_some_and(|t| t.is_mark(":"))
}

/// Follows one use-tree from `at`, pushes its leaves, and gives the position after it.
fn open(
    code: &[Token<'_>],
    mut at: usize,
    prefix: &mut Vec<String>,
    module: &[&str],
    found: &mut Vec<Path>,
) -> usize {
    let depth = prefix.len();
    let mut line = 0;
    while let Some(token) = code.get(at) {
        if token.is_mark("{") {
            at += 1;
            while code.get(at).is_some_and(|t| !t.is_mark("}")) {
                let before = at;
                at = open(code, at, prefix, module, found);
                while code.get(at).is_some_and(|t| !t.is_mark(",") && !t.is_mark("}")) {
                    at += 1;
                }
                at += usize::from(code.get(at).is_some_and(|t| t.is_mark(",")));
                at = at.max(before + 1);
            }
            at += 1;
            line = 0;
            break;
        }
        if token.kind != Kind::Word {
            break;
        }
        line = token.line;
        step(prefix, token.text, module);
        at += 1;
        if !joins(code, at) {
            break;
        }
        at += 2;
    }
    if line > 0 {
        found.push(Path { line, segments: prefix.clone() });
    }
    prefix.truncate(depth);
    at
}

/// Goes on from `prefix` by one written segment.
fn step(prefix: &mut Vec<String>, segment: &str, module: &[&str]) {
    let here = |prefix: &mut Vec<String>| {
        prefix.push("crate".into());
        prefix.extend(module.iter().map(ToString::to_string));
    };
    match segment {
        "super" => {
            if prefix.is_empty() {
                here(prefix);
            }
            if prefix.len() > 1 {
                prefix.pop();
            }
        }
        "self" if prefix.is_empty() => here(prefix),
        "self" => {}
        other => prefix.push(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::shipped_code;

    fn found(text: &str, module: &[&str]) -> Vec<String> {
        paths(&shipped_code(text), module).into_iter().map(|p| p.segments.join("::")).collect()
    }

    #[test]
    fn groups_are_opened() {
        let text = "use crate::{fuse, encode::{self, text::{Bag, *}}, head as h};";
        let want = ["crate::fuse", "crate::encode", "crate::encode::text::Bag", "crate::head"];
        assert_eq!(found(text, &[]), want);
    }

    #[test]
    fn super_and_self_are_resolved() {
        let module = ["encode", "text", "bag"];
        assert_eq!(found("use super::super::image::X;", &module), ["crate::encode::image::X"]);
        assert_eq!(found("use self::inner::Y;", &module), ["crate::encode::text::bag::inner::Y"]);
        assert_eq!(found("pub(super) fn f(x: super::Z) {}", &module), ["crate::encode::text::Z"]);
    }

    #[test]
    fn paths_in_bodies_count() {
        let text = "fn f() { let x: Vec<crate::a::B<std::c::D>> = ronghe::train::fit(); }";
        assert_eq!(found(text, &[]), ["crate::a::B", "std::c::D", "ronghe::train::fit"]);
    }

    #[test]
    fn a_file_knows_its_module() {
        assert_eq!(module_of("lib.rs"), Vec::<&str>::new());
        assert_eq!(module_of("encode/text/mod.rs"), ["encode", "text"]);
        assert_eq!(module_of("encode/text/bag.rs"), ["encode", "text", "bag"]);
    }

    #[test]
    fn broken_code_ends() {
        for text in ["use a::{", "use a::{b::{,,", "use a::{1, 2", "a::", "use a::{}};"] {
            found(text, &[]);
        }
    }

    #[test]
    fn prefixes_match_whole_segments() {
        let path = Path { line: 1, segments: vec!["crate".into(), "trainer".into()] };
        assert!(path.is_under("crate"));
        assert!(!path.is_under("crate::train"));
        assert!(!path.is_under("crate::trainer::x"));
    }
}
