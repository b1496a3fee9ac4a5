//! Tables: a document a file, a block a row.

use super::file::File;
use super::{BlockKind, Document, Place, decode};
use crate::Result;
use ronghe_data::read::{self, ReadOptions};

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let packed = file.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    // UTF-8 and marks are seen by the reader of tables itself.
    let encoding = if packed { None } else { decode::guess(file.bytes) };
    let encoding = encoding.map(|e| e.name().to_owned());
    let options = ReadOptions { skip_bad_rows: true, encoding: encoding.clone(), ..ReadOptions::default() };
    let mut reader = read::open(file.path, &options)?;
    let mut document = Document::default();
    document.notes.extend(encoding.map(|name| format!("read as {name}")));
    while let Some(table) = reader.next_batch()? {
        let names = table.schema().names();
        for row in 0..table.rows() {
            let cells = names.iter().enumerate().filter_map(|(column, name)| {
                let cell = table.display(column, row);
                (!cell.trim().is_empty()).then(|| format!("{name}: {}", cell.trim()))
            });
            let text = cells.collect::<Vec<_>>().join("; ");
            let place = Place { row: Some(table.row_number(row) as u64), ..Place::default() };
            document.push(BlockKind::Row, &text, place);
            if document.blocks.len() > file.limits.rows || document.text.len() > file.limits.text_bytes {
                return Err(file.wrong("a table within the limits of rows and text", "a larger one"));
            }
        }
    }
    let skipped = reader.skipped().rows;
    if skipped > 0 {
        document.notes.push(format!("{skipped} rows could not be read"));
    }
    Ok(vec![document])
}
