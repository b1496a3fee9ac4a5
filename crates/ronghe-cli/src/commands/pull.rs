//! `ronghe pull NAME`

use crate::args::{Common, Pull};
use crate::progress::Progress;
use crate::{Outcome, render, session};
use anyhow::{Result, ensure};
use ronghe::catalogue::{self, Cache, Clients, Item, Step};
use serde_json::json;
use std::path::PathBuf;

pub(crate) fn run(args: &Pull, common: &Common) -> Result<Outcome> {
    let cache = Cache::open(&session::cache_folder(common));
    if args.list {
        list(&cache, common)?;
        return Ok(Outcome::Done);
    }
    ensure!(args.from.is_none() || args.names.len() == 1, "--from takes one name");
    let mut done = Vec::new();
    for name in &args.names {
        let path = match &args.from {
            Some(from) => cache.adopt(name, from)?,
            None => fetch(name, &cache, common)?,
        };
        let item = catalogue::find(name)?;
        let table = item.table.is_some().then(|| catalogue::prepare(name, &cache)).transpose()?;
        done.push(json!({"name": name, "path": path, "table": table, "licence": item.licence}));
        if !common.json {
            render::out(&format!(
                "{name}: {}  ({})",
                table.as_ref().unwrap_or(&path).display(),
                item.licence
            ));
        }
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
        let item = catalogue::find(name)?;
        render::log(&format!("fetching {name}: {} ({})", item.summary, item.licence));
    }
    let mut shown = Shown(Progress::new(common.quiet));
    let pulled = catalogue::pull(name, cache, &Clients::default(), &mut shown);
    shown.0.end();
    Ok(pulled?)
}

fn list(cache: &Cache, common: &Common) -> Result<()> {
    let row = |item: &Item| {
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
            "hub": item.hub,
            "here": cache.path(item.name),
        })
    };
    if common.json {
        return render::json(&catalogue::items().map(row).collect::<Vec<_>>());
    }
    let mut text = format!("cache: {}\n\n", cache.folder().display());
    for item in catalogue::items() {
        let here = if cache.path(item.name).is_some() { "here" } else { "" };
        text.push_str(&format!(
            "{:<20} {:<8} {:>5.0} MB  {:<5} {:<30} {}\n",
            item.name,
            item.role.name(),
            item.package.bytes as f64 / 1e6,
            here,
            item.licence,
            item.summary
        ));
    }
    render::out(&text);
    Ok(())
}

/// Shows a download as it comes in.
struct Shown(Progress);

impl catalogue::Progress for Shown {
    fn step(&mut self, item: &Item, step: Step) -> bool {
        match step {
            Step::Fetching { done, total } => {
                self.0.step(&format!("fetching {}", item.name), done as usize, total as usize, "bytes");
            }
            Step::Waiting => self.0.step(&format!("waiting for another process: {}", item.name), 0, 1, ""),
            Step::Unpacking => self.0.step(&format!("unpacking {}", item.name), 0, 1, ""),
            _ => {}
        }
        true
    }
}
