//! What `cargo metadata` says about the packages, reduced to what the checks ask.

use crate::cargo::cargo;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

/// All packages of the build, ours and others'.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// By package id.
    pub(crate) packages: BTreeMap<String, Package>,
}

/// One package.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// SPDX expression.
    pub(crate) licence: Option<String>,
    /// Registry or repository; none for a package of this workspace.
    pub(crate) source: Option<String>,
    /// Ids of what it is built with, tests left out.
    pub(crate) needs: BTreeSet<String>,
}

impl Metadata {
    /// Names of everything that package `id` needs, directly or not, each with the package that asks for it.
    pub(crate) fn reach(&self, id: &str) -> BTreeMap<&str, &str> {
        let mut reached = BTreeMap::new();
        let mut open = vec![id];
        let mut seen = BTreeSet::from([id]);
        while let Some(package) = open.pop().and_then(|id| self.packages.get(id)) {
            for need in &package.needs {
                if let Some(found) = self.packages.get(need)
                    && seen.insert(need)
                {
                    reached.insert(found.name.as_str(), package.name.as_str());
                    open.push(need);
                }
            }
        }
        reached
    }
}

/// Asks cargo.
pub(crate) fn load() -> Result<Metadata> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo metadata did not start")?;
    if !output.status.success() {
        bail!("cargo metadata: {}; is Cargo.lock up to date?", output.status);
    }
    read(&serde_json::from_slice(&output.stdout)?)
}

/// Reads cargo's JSON.
pub(crate) fn read(json: &Value) -> Result<Metadata> {
    let text = |value: &Value, key: &str| value[key].as_str().map(str::to_string);
    let mut packages = BTreeMap::new();
    for package in json["packages"].as_array().context("cargo metadata without packages")? {
        let id = text(package, "id").context("a package without id")?;
        let entry = Package {
            name: text(package, "name").context("a package without name")?,
            version: text(package, "version").unwrap_or_default(),
            licence: text(package, "license"),
            source: text(package, "source"),
            needs: BTreeSet::new(),
        };
        packages.insert(id, entry);
    }
    for node in json["resolve"]["nodes"].as_array().context("cargo metadata without a resolve")? {
        let Some(package) = node["id"].as_str().and_then(|id| packages.get_mut(id)) else { continue };
        for need in node["deps"].as_array().into_iter().flatten() {
            let kinds = need["dep_kinds"].as_array().into_iter().flatten();
            let shipped = kinds.into_iter().any(|kind| kind["kind"].as_str() != Some("dev"));
            if let (true, Some(id)) = (shipped, need["pkg"].as_str()) {
                package.needs.insert(id.to_string());
            }
        }
    }
    Ok(Metadata { packages })
}
