//! `ronghe pull NAME`

use super::pull_table::{language, table};
use crate::args::{Common, Pull};
use crate::progress::Progress;
use crate::{Outcome, render, session};
use anyhow::{Result, ensure};
use ronghe::catalogue::{self, Cache, Clients, Held, Item, Repository, Role, Step};
use serde_json::{Value, json};
use std::path::PathBuf;

pub(crate) fn run(args: &Pull, common: &Common) -> Result<Outcome> {
    let cache = Cache::open(&session::cache_folder(common));
    if args.list {
        return list(&cache, common);
    }
    if args.check {
        return check(&args.names, &cache, common);
    }
    ensure!(args.from.is_none() || args.names.len() == 1, "--from takes one name");
    let mut done = Vec::new();
    for name in &args.names {
        let path = match &args.from {
            Some(from) => cache.adopt(name, from)?,
            None => fetch(name, &cache, common)?,
        };
        let licence = licence(name, &cache)?;
        let has_table = catalogue::find(name).is_ok_and(|item| item.table.is_some());
        let table = has_table.then(|| catalogue::prepare(name, &cache)).transpose()?;
        if !common.json {
            let place = table.as_ref().unwrap_or(&path);
            render::out(&format!("{name}: {}  ({licence})", place.display()));
        }
        done.push(json!({"name": name, "path": path, "table": table, "licence": licence}));
    }
    if common.json {
        render::json(&done)?;
    }
    Ok(Outcome::Done)
}

/// Fetches what is not there yet, and says so.
pub(crate) fn fetch(name: &str, cache: &Cache, common: &Common) -> Result<PathBuf> {
    if let Some(path) = cache.path(name) {
        return Ok(path);
    }
    if !common.quiet {
        render::log(&match catalogue::find(name) {
            Ok(item) => format!("fetching {name}: {} ({})", item.summary, item.licence),
            Err(_) => format!("fetching {name}"),
        });
    }
    let mut shown = Shown(Progress::new(common.quiet));
    let pulled = catalogue::pull(name, cache, &Clients::default(), &mut shown);
    shown.0.end();
    Ok(pulled?)
}

fn licence(name: &str, cache: &Cache) -> Result<String> {
    Ok(match Repository::parse(name) {
        Some(repository) => cache.repository(&repository?).map(|held| held.licence).unwrap_or_default(),
        None => catalogue::find(name)?.licence.to_owned(),
    })
}

/// Reads all that is here again, or what is named, and compares hashes.
fn check(names: &[String], cache: &Cache, common: &Common) -> Result<Outcome> {
    let here = || {
        let items =
            catalogue::items().map(|item| item.name.to_owned()).filter(|name| cache.path(name).is_some());
        items.chain(cache.repositories().into_iter().map(|held| held.name)).collect()
    };
    let names: Vec<String> = if names.is_empty() { here() } else { names.to_vec() };
    let mut rows = Vec::new();
    let mut bad = Vec::new();
    for name in &names {
        let checked = cache.verify(name);
        let found = checked.as_ref().map_or_else(ToString::to_string, |_| "as pinned".into());
        if !common.json {
            render::out(&format!("{name}: {found}"));
        }
        rows.push(json!({"name": name, "whole": checked.is_ok(), "found": found}));
        if checked.is_err() {
            bad.push(name.as_str());
        }
    }
    if common.json {
        render::json(&rows)?;
    }
    ensure!(bad.is_empty(), "{} of {} are not as they should be: {}", bad.len(), names.len(), bad.join(", "));
    Ok(Outcome::Done)
}

fn list(cache: &Cache, common: &Common) -> Result<Outcome> {
    let held = cache.repositories();
    if common.json {
        let rows: Vec<Value> = catalogue::items().map(|item| item_json(item, cache)).collect();
        let rows = rows.into_iter().chain(held.iter().map(repository_json));
        render::json(&rows.collect::<Vec<_>>())?;
    } else {
        render::out(&table(cache, &held, language()));
    }
    Ok(Outcome::Done)
}

fn item_json(item: &Item, cache: &Cache) -> Value {
    json!({
        "name": item.name,
        "role": item.role.name(),
        "summary": item.summary,
        "summary_zh": item.summary_zh,
        "licence": item.licence,
        "client": item.package.client.name(),
        "package": item.package.name,
        "version": item.package.version,
        "bytes": item.package.bytes,
        "sha256": item.package.sha256,
        "files": item.parts.iter().map(|part| json!({
            "inside": part.inside,
            "name": part.name,
            "files": part.files,
            "bytes": part.bytes,
            "sha256": part.sha256,
        })).collect::<Vec<_>>(),
        "table": item.table.as_ref().map(|table| json!({"path": table.path, "target": table.target})),
        "hub": item.hub,
        "here": cache.path(item.name),
    })
}

fn repository_json(held: &Held) -> Value {
    json!({
        "name": held.name,
        "role": Role::Weights.name(),
        "licence": held.licence,
        "client": "hf",
        "bytes": held.bytes,
        "here": held.folder,
    })
}

/// Shows a download as it comes in.
struct Shown(Progress);

impl catalogue::Progress for Shown {
    fn step(&mut self, name: &str, step: Step) -> bool {
        match step {
            Step::Fetching { done, total } => {
                self.0.step(&format!("fetching {name}"), done as usize, total.max(done) as usize, "bytes");
            }
            Step::Waiting => self.0.step(&format!("waiting for another process: {name}"), 0, 1, ""),
            Step::Unpacking => self.0.step(&format!("unpacking {name}"), 0, 1, ""),
            _ => {}
        }
        true
    }
}
