//! Rules on one file: its size, `unsafe`, environment variables, unfinished marks.

use crate::finding::Finding;
use crate::paths::paths;
use crate::source::{Kind, Token, shipped_code, tokens};
use crate::tree::File;

/// Lines a source file may have.
const LINES: usize = 600;
/// Bytes a tracked file may have: weights and data sets are fetched, never committed.
const BYTES: u64 = 1_000_000;
/// Tables and generated code that may be longer than [`LINES`], each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];
/// Where `unsafe` may stand: the CPU kernels.
const UNSAFE_ROOM: &str = "crates/ronghe-cpu/src/";
/// Crates that are programs; the others are libraries, which read no environment variable.
const PROGRAMS: &[&str] = &["crates/ronghe-cli/", "crates/ronghe-server/", "xtask/"];
/// Library files that do read one, each with its reason.
const ENVIRONMENT: &[(&str, &str)] =
    &[("crates/ronghe-cpu/src/kernels/level.rs", "tests ask for lower instruction sets by RONGHE_CPU")];

/// Whether the rules on text hold for this file.
pub(crate) fn is_source(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "rs" | "py" | "sh" | "js" | "css" | "html")))
}

/// All findings on one file.
pub(crate) fn check(file: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    if file.bytes > BYTES && file.path != "Cargo.lock" {
        found.push(Finding::new(
            &file.path,
            0,
            format!("{} bytes; at most {BYTES} may be committed", file.bytes),
        ));
    }
    let Some(text) = &file.text else { return found };
    let lines = text.lines().count();
    if lines > LINES && !LONG_FILES.iter().any(|(path, _)| *path == file.path) {
        found.push(Finding::new(
            &file.path,
            0,
            format!("{lines} lines, at most {LINES}: give each noun its own file"),
        ));
    }
    if file.path.ends_with(".rs") {
        let all = tokens(text);
        no_unsafe(&file.path, &all, &mut found);
        unfinished(&file.path, &all, &mut found);
        no_environment(&file.path, text, &mut found);
    }
    found
}

fn no_unsafe(path: &str, all: &[Token<'_>], found: &mut Vec<Finding>) {
    if path.starts_with(UNSAFE_ROOM) {
        return;
    }
    for token in all.iter().filter(|t| t.is_word("unsafe")) {
        found.push(Finding::new(path, token.line, format!("`unsafe` may stand only under {UNSAFE_ROOM}")));
    }
}

fn unfinished(path: &str, all: &[Token<'_>], found: &mut Vec<Finding>) {
    for pair in all.windows(2) {
        let is_macro = pair[0].kind == Kind::Word && pair[1].is_mark("!");
        if is_macro && matches!(pair[0].text, "todo" | "unimplemented") {
            found.push(Finding::new(path, pair[0].line, format!("`{}!` in committed code", pair[0].text)));
        }
    }
    for comment in all.iter().filter(|t| t.kind == Kind::Comment) {
        for (below, line) in comment.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            if let Some(mark) = words.find(|word| matches!(*word, "TODO" | "FIXME" | "XXX")) {
                found.push(Finding::new(
                    path,
                    comment.line + below,
                    format!("`{mark}`: finish it or leave it out"),
                ));
            }
        }
    }
}

fn no_environment(path: &str, text: &str, found: &mut Vec<Finding>) {
    let library = path.starts_with("crates/") && path.contains("/src/");
    let exempt = ENVIRONMENT.iter().any(|(file, _)| *file == path);
    if !library || exempt || PROGRAMS.iter().any(|program| path.starts_with(program)) {
        return;
    }
    for named in paths(&shipped_code(text), &[]) {
        let reads = named.segments.windows(2).any(|pair| {
            pair[0] == "env" && matches!(pair[1].as_str(), "var" | "var_os" | "vars" | "vars_os" | "set_var")
        });
        if reads {
            let what = "a library reads no environment variable: take it as an argument";
            found.push(Finding::new(path, named.line, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(usize, String)> {
        let file = File { path: path.into(), bytes: text.len() as u64, text: Some(text.into()) };
        check(&file).into_iter().map(|f| (f.line, f.what)).collect()
    }

    #[test]
    fn unsafe_stays_in_its_room() {
        let text = "// unsafe\nfn f() { let s = \"unsafe\"; }\n#[allow(unsafe_code)]\nunsafe fn g() {}\n";
        assert_eq!(rules("crates/ronghe-data/src/x.rs", text)[0].0, 4);
        assert_eq!(rules("crates/ronghe-data/src/x.rs", text).len(), 1);
        assert!(rules("crates/ronghe-cpu/src/kernels/x.rs", text).is_empty());
    }

    #[test]
    fn unfinished_marks_are_found() {
        let text = "/* a\n   FIXME b */\nfn f() { todo!() }\n// a todo list is a word\nfn g() { unimplemented!(\"x\") }\n";
        let lines: Vec<usize> = rules("xtask/src/x.rs", text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [3, 5, 2]);
    }

    #[test]
    fn libraries_read_no_environment() {
        let text = "use std::env;\nfn f() { env::var(\"X\"); }\nfn g() { std::env::temp_dir(); }\n";
        assert_eq!(rules("crates/ronghe/src/x.rs", text).len(), 1);
        assert!(rules("crates/ronghe-cli/src/x.rs", text).is_empty());
        assert!(rules("crates/ronghe/tests/it/x.rs", text).is_empty());
        let test = format!("#[cfg(test)]\nmod tests {{ {text} }}");
        assert!(rules("crates/ronghe/src/x.rs", &test).is_empty());
    }

    #[test]
    fn sizes_have_limits() {
        assert!(rules("versus/x.py", &"x\n".repeat(600)).is_empty());
        assert_eq!(rules("versus/x.py", &"x\n".repeat(601)).len(), 1);
        let big = File { path: "a.safetensors".into(), bytes: 1_000_001, text: None };
        assert_eq!(check(&big).len(), 1);
    }
}
