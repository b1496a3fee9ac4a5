//! Documents of a store as items.

use anyhow::Result;
use ronghe_data::Kind;
use ronghe_knowledge::store::{Filter, FolderStore, Store};
use ronghe_recommend::{Interactions, ItemColumn, Items};
use std::path::Path;

/// Characters of a document that say what it is about.
const MOST: usize = 4_000;

/// Whether a folder is that of a store.
pub(super) fn are_in(folder: &Path) -> bool {
    folder.join("store.db").is_file()
}

/// The documents, called by their paths as they are recorded: title, domain, day, and how their texts begin.
pub(super) fn items(folder: &Path, of: &mut Interactions) -> Result<Items> {
    let store = FolderStore::open(folder)?;
    let columns =
        [("title", Kind::Text), ("domain", Kind::Category), ("date", Kind::Date), ("text", Kind::Text)];
    let columns = columns.map(|(name, kind)| ItemColumn { name: name.into(), kind }).to_vec();
    let mut rows = Vec::new();
    for id in store.documents(&Filter::default())? {
        let Some(found) = store.document(id)? else { continue };
        let file = || Path::new(&found.path).file_name().map(|name| name.to_string_lossy().into_owned());
        let text: String = found.document.text.chars().take(MOST).collect();
        let title = found.document.title.clone().or_else(file);
        rows.push((found.path, vec![title, Some(found.domain), found.document.date, Some(text)]));
    }
    Ok(Items::of_rows(columns, rows, of))
}
