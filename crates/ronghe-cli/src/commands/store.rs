//! `ronghe store check|stats|export DIR`

use crate::args::{Common, Store, StoreCommand};
use crate::{Outcome, render};
use anyhow::{Result, bail};
use ronghe_knowledge::store::{Filter, FolderStore, Stats, Store as _};
use serde_json::json;

pub(crate) fn run(args: &Store, common: &Common) -> Result<Outcome> {
    match &args.what {
        StoreCommand::Check(of) => {
            let health = FolderStore::open(&of.store)?.check()?;
            if common.json {
                render::json(&json!({"checked": health.checked, "problems": health.problems}))?;
            } else {
                health.checked.iter().for_each(|line| render::out(&format!("looked at: {line}")));
                health.problems.iter().for_each(|line| render::out(&format!("problem: {line}")));
            }
            match health.problems.len() {
                0 => Ok(Outcome::Done),
                n => bail!("{}: {n} problems", of.store.display()),
            }
        }
        StoreCommand::Stats(of) => {
            let store = FolderStore::open(&of.store)?;
            let stats = store.stats()?;
            if common.json {
                render::json(&stats)?;
            } else {
                render::out(&rendered(&stats, store.network()));
            }
            Ok(Outcome::Done)
        }
        StoreCommand::Export(of) => {
            let store = FolderStore::open(&of.store)?;
            for id in store.documents(&Filter::default())? {
                let Some(stored) = store.document(id)? else { continue };
                let chunks = store.chunks(&store.chunks_of(id)?)?;
                let line = json!({
                    "path": stored.path,
                    "domain": stored.domain,
                    "title": stored.document.title,
                    "date": stored.document.date,
                    "text": stored.document.text,
                    "chunks": chunks.iter().map(|c| &c.chunk).collect::<Vec<_>>(),
                });
                render::out(&line.to_string());
            }
            Ok(Outcome::Done)
        }
    }
}

fn rendered(stats: &Stats, network: Option<&str>) -> String {
    let mut text = format!(
        "{} files, {} documents, {} passages, {} bytes of text\nvectors: {} ({})\n",
        stats.files,
        stats.documents,
        stats.chunks,
        stats.text_bytes,
        stats.vectors,
        network.unwrap_or("no network: words only")
    );
    for (title, counts) in [("domains", &stats.domains), ("languages of passages", &stats.languages)] {
        let counts: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
        text += &format!("{title}: {}\n", counts.join(", "));
    }
    for (path, why) in &stats.failures {
        text += &format!("not read: {path}: {why}\n");
    }
    text
}
