//! Whether every byte of a store is as it was written.

use super::folder::{FolderStore, Look, guard};
use super::{Filter, tables};
use crate::{Error, Result};
use std::path::Path;

/// What `check` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// What is wrong, in words; nothing, if all is well.
    pub problems: Vec<String>,
    /// What was looked at, in words.
    pub checked: Vec<String>,
    /// What to do; nothing, if all is well.
    pub mend: Vec<String>,
}

/// Looks at everything in the store in `folder`, also where it cannot be opened.
pub fn check(folder: &Path) -> Result<Health> {
    match FolderStore::open(folder) {
        Ok(store) => store.check(),
        Err(error) if folder.join("vectors").is_dir() => Ok(Health {
            problems: vec![error.to_string()],
            mend: vec![REPAIR.into(), INDEX.into()],
            ..Health::default()
        }),
        Err(error) => Err(error),
    }
}

const REPAIR: &str =
    "`ronghe store repair`: keeps all that is whole, and makes the text index anew from the documents";
const INDEX: &str = "index again: what was dropped is read again, and what has no vector gets one";

impl FolderStore {
    /// Looks at everything: the database, its rows' checksums, chunks beside their documents, checksums of the text index and of vectors,
    /// and whether every chunk is in both.
    pub fn check(&self) -> Result<Health> {
        let mut health = Health::default();
        health.problems.extend(tables::problems(guard(&self.database).connection()));
        health.checked.push("the database, and checksums of its rows".into());
        match self.look(Look::Afresh) {
            Ok(()) => self.check_files(&mut health)?,
            // The database is damaged so far that its lists cannot be read.
            Err(error @ (Error::Store { .. } | Error::Database { .. })) => {
                health.problems.push(error.to_string());
            }
            Err(error) => return Err(error),
        }
        if !health.problems.is_empty() {
            health.mend.push(REPAIR.into());
        }
        let missing = self.without_vector().map_or(0, |chunks| chunks.len());
        if missing > 0 {
            health.problems.push(format!("{missing} chunks have no vector"));
        }
        if !health.problems.is_empty() {
            health.mend.push(INDEX.into());
        }
        Ok(health)
    }

    fn check_files(&self, health: &mut Health) -> Result<()> {
        let now = self.now();
        health.problems.extend(now.damaged.iter().map(|(name, why)| format!("vectors {name}: {why}")));
        let vectors: usize = now.segments.iter().map(|s| s.len()).sum();
        health.checked.push(format!("{} segments, {vectors} vectors", now.segments.len()));
        let mut chunks = 0;
        for id in now.directory.documents(&Filter::default())? {
            let mut damaged = Vec::new();
            let database = guard(&self.database);
            let stored = database.document(id, &mut damaged)?;
            let found = database.chunks(&now.directory.chunks_of(id), &mut damaged)?;
            drop(database);
            health.problems.append(&mut damaged);
            let Some(stored) = stored else { continue };
            for chunk in found {
                chunks += 1;
                let span = chunk.chunk.span.start..chunk.chunk.span.end;
                if stored.document.text.get(span) != Some(chunk.text.as_str()) {
                    let what = format!("{}: chunk {} is not in its document", stored.path, chunk.id);
                    health.problems.push(what);
                }
            }
        }
        health.checked.push(format!("{chunks} chunks in their documents"));
        match &now.words {
            Some(Ok(words)) => match words.chunks() {
                Ok(has) => {
                    let missing =
                        now.directory.all_chunks().filter(|c| has.binary_search(c).is_err()).count();
                    if missing > 0 {
                        health.problems.push(format!("text index: {missing} chunks are not in it"));
                    }
                    if words.generation < now.generation {
                        health.problems.push(format!(
                            "the text index is of change {}, the documents of {}",
                            words.generation, now.generation
                        ));
                    }
                    health.checked.push(format!("text index of change {}", words.generation));
                }
                Err(error) => health.problems.push(error.to_string()),
            },
            Some(Err(why)) => health.problems.push(format!("text index: {why}")),
            None => health.problems.push("text index: none".into()),
        }
        Ok(())
    }
}
