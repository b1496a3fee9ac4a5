//! Licences, sources and bans of all dependencies, by the lists of deny.toml.
//!
//! cargo-deny checks the whole of deny.toml where it is installed. The part that must always hold is checked here from
//! `cargo metadata` alone, so that a machine without it still refuses a wrong licence.

use crate::cargo::{cargo, run};
use crate::finding::{self, Finding};
use crate::licences::allows;
use crate::metadata::{self, Metadata};
use anyhow::{Context, Result, bail};
use std::process::Stdio;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
const INSTALL: &str = "cargo install --locked cargo-deny";

/// The light check, then cargo-deny where there is one; `strict` makes its absence an error.
pub(crate) fn check(strict: bool) -> Result<()> {
    let rules = std::fs::read_to_string("deny.toml").context("deny.toml")?;
    let metadata = metadata::load()?;
    let others = metadata.packages.values().filter(|package| package.source.is_some()).count();
    println!("{others} dependencies");
    finding::report(light(&metadata, &Rules::read(&rules)?))?;
    let probe = cargo().args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    match (probe.success(), strict) {
        (true, _) => run(cargo().args(["deny", "check", "licenses", "bans", "sources"])),
        (false, true) => bail!("cargo-deny is not installed; {INSTALL}"),
        (false, false) => {
            println!("cargo-deny is not installed, only the light check ran; for the whole: {INSTALL}");
            Ok(())
        }
    }
}

/// What the light check takes from deny.toml.
#[derive(Debug)]
struct Rules {
    licences: Vec<String>,
    banned: Vec<String>,
}

impl Rules {
    fn read(toml: &str) -> Result<Rules> {
        let licences =
            list(toml, "licenses", "allow").context("deny.toml: [licenses] has no list `allow`")?;
        let banned = list(toml, "bans", "deny").context("deny.toml: [bans] has no list `deny`")?;
        Ok(Rules { licences, banned })
    }
}

/// The strings of `key = ["a", "b"]` in a section of our own deny.toml: plain strings, `#` comments.
fn list(toml: &str, section: &str, key: &str) -> Option<Vec<String>> {
    let bare: Vec<&str> = toml.lines().map(|line| line.split('#').next().unwrap_or(line)).collect();
    let start = bare.iter().position(|line| line.trim() == format!("[{section}]"))? + 1;
    let body: Vec<&str> = bare[start..].iter().copied().take_while(|line| !line.starts_with('[')).collect();
    let body = body.join("\n");
    let after = body.split_once(&format!("{key} = ["))?.1;
    let inside = after.split_once(']')?.0;
    Some(inside.split('"').skip(1).step_by(2).map(str::to_string).collect())
}

fn light(metadata: &Metadata, rules: &Rules) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in metadata.packages.values() {
        let Some(source) = &package.source else { continue };
        let name = format!("{} {}", package.name, package.version);
        if source != REGISTRY {
            found.push(Finding::new(&name, 0, format!("comes from {source}; only crates.io is allowed")));
        }
        if rules.banned.contains(&package.name) {
            found.push(Finding::new(&name, 0, "is banned by deny.toml"));
        }
        match &package.licence {
            None => found.push(Finding::new(&name, 0, "names no licence")),
            Some(licence) if !allows(licence, &rules.licences) => {
                found.push(Finding::new(&name, 0, format!("licence {licence} is not allowed by deny.toml")));
            }
            Some(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_committed_lists_are_read() {
        let rules = Rules::read(include_str!("../../deny.toml")).unwrap();
        assert!(rules.licences.contains(&"MIT".to_string()), "{rules:?}");
        assert!(!rules.licences.iter().any(|l| l.contains("GPL")), "{rules:?}");
        assert!(rules.banned.contains(&"openssl-sys".to_string()), "{rules:?}");
    }

    #[test]
    fn planted_packages_are_refused() {
        let package = |name: &str, licence: Option<&str>, source: Option<&str>| json!({ "id": name, "name": name, "version": "1.0.0", "license": licence, "source": source });
        let json = json!({
            "packages": [
                package("ours", None, None),
                package("good", Some("MIT OR Apache-2.0"), Some(REGISTRY)),
                package("copyleft", Some("GPL-3.0-only"), Some(REGISTRY)),
                package("silent", None, Some(REGISTRY)),
                package("fork", Some("MIT"), Some("git+https://example.org/fork")),
                package("banned", Some("MIT"), Some(REGISTRY)),
            ],
            "resolve": { "nodes": [] },
        });
        let rules = Rules { licences: vec!["MIT".into()], banned: vec!["banned".into()] };
        let found = light(&metadata::read(&json).unwrap(), &rules);
        let names: Vec<&str> = found.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(names, ["banned 1.0.0", "copyleft 1.0.0", "fork 1.0.0", "silent 1.0.0"]);
    }
}
