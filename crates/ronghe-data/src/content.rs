//! A fingerprint of a table: SHA-256 of its columns and cells.
//!
//! For each column: name and kind, each after its length; then for each row a byte 0 (missing) or 1, and the cell's
//! bytes after their length (64 bits, least significant byte first). Numbers are their 64 bits, dates their
//! milliseconds. The path of the table and its cut into batches do not count.

use crate::{Cell, Error, Kind, Result, Table, plain};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

impl Table {
    /// The fingerprint in hexadecimal; files that media cells name count by their names.
    pub fn content_hash(&self) -> String {
        let mut state = Sha256::new();
        for column in 0..self.schema().columns.len() {
            self.hash_column(&mut state, column);
        }
        hex(&state.finalize())
    }

    /// The fingerprint in hexadecimal; files that media cells name count by name and content. Reads them all.
    pub fn content_hash_with_files(&self) -> Result<String> {
        let mut state = Sha256::new();
        for (column, spec) in self.schema().columns.iter().enumerate() {
            self.hash_column(&mut state, column);
            if !matches!(spec.kind, Kind::Image | Kind::Audio) {
                continue;
            }
            for row in 0..self.rows() {
                let Some(Cell::Path(path)) = self.media(column, row) else { continue };
                let content = self.file_hash(&path, row, &spec.name)?;
                state.update(content);
            }
        }
        Ok(hex(&state.finalize()))
    }

    /// The fingerprint of one row: kind and cell of each column, files that media cells name by their content alone.
    /// Column names and places of files do not count. An error where a file cannot be read.
    pub fn row_hash(&self, row: usize) -> Result<[u8; 32]> {
        let mut state = Sha256::new();
        for (column, spec) in self.schema().columns.iter().enumerate() {
            part(&mut state, spec.kind.name().as_bytes());
            match self.media(column, row).filter(|_| matches!(spec.kind, Kind::Image | Kind::Audio)) {
                Some(Cell::Path(path)) => {
                    state.update([1]);
                    state.update(self.file_hash(&path, row, &spec.name)?);
                }
                Some(cell) if cell.bytes().is_some() => {
                    state.update([1]);
                    state.update(Sha256::digest(cell.bytes().unwrap_or_default()));
                }
                _ => self.hash_cell(&mut state, column, row),
            }
        }
        Ok(state.finalize().into())
    }

    fn file_hash(&self, path: &Path, row: usize, column: &str) -> Result<[u8; 32]> {
        file_hash(path).map_err(|e| Error::Cell {
            path: self.path().to_owned(),
            row: self.row_number(row),
            column: column.to_owned(),
            expected: "a file that can be read".into(),
            found: format!("{}: {}", path.display(), plain::io(&e)),
            mend: "put the file there, or mend the cell".into(),
        })
    }

    fn hash_column(&self, state: &mut Sha256, column: usize) {
        let spec = &self.schema().columns[column];
        part(state, spec.name.as_bytes());
        part(state, spec.kind.name().as_bytes());
        (0..self.rows()).for_each(|row| self.hash_cell(state, column, row));
    }

    fn hash_cell(&self, state: &mut Sha256, column: usize, row: usize) {
        if self.is_missing(column, row) {
            state.update([0]);
            return;
        }
        state.update([1]);
        let cells = self.column(column);
        match self.schema().columns[column].kind {
            Kind::Number => {
                part(state, &cells.as_primitive::<Float64Type>().value(row).to_bits().to_le_bytes());
            }
            Kind::Boolean => part(state, &[u8::from(cells.as_boolean().value(row))]),
            Kind::Date => {
                part(state, &cells.as_primitive::<TimestampMillisecondType>().value(row).to_le_bytes());
            }
            _ => match (cells.as_string_opt::<i32>(), cells.as_binary_opt::<i64>()) {
                (Some(text), _) => part(state, text.value(row).as_bytes()),
                (None, Some(bytes)) => part(state, bytes.value(row)),
                (None, None) => {}
            },
        }
    }
}

fn file_hash(path: &Path) -> std::io::Result<[u8; 32]> {
    let (mut file, mut buffer, mut state) = (File::open(path)?, vec![0; 1 << 16], Sha256::new());
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(state.finalize().into()),
            read => state.update(&buffer[..read]),
        }
    }
}

fn part(state: &mut Sha256, bytes: &[u8]) {
    state.update((bytes.len() as u64).to_le_bytes());
    state.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
