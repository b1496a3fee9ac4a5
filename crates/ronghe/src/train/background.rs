//! The training rows that travel with a model, to say what is usual when its predictions are explained.
//!
//! Only columns that the model reads; of pictures and sounds the files themselves, byte by byte, so that the model says of a kept
//! row what it says of the row. Rows are drawn at random with the seed, as many as are asked for and as stay below
//! [`MOST_BYTES`]. The same rows, configuration and seed give the same bytes.

use crate::config::ModelConfig;
use crate::explain::{as_bytes, background_order};
use crate::{Error, Result};
use ronghe_data::{Cell, Kind, Table};

/// Most bytes of texts, pictures and sounds in the rows that are kept.
const MOST_BYTES: u64 = 16 << 20;
/// Most rows that may be asked for.
const MOST_ROWS: usize = 10_000;

/// Training rows that go with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    /// How many.
    pub rows: usize,
    /// Of how many training rows.
    pub of: usize,
    /// How many were asked for.
    pub asked: usize,
    /// The file; none where no rows are kept.
    pub file: Option<Vec<u8>>,
}

impl Background {
    /// Draws from the rows `train` of a table.
    pub(super) fn draw(config: &ModelConfig, table: &Table, train: &[usize]) -> Result<Background> {
        let asked = config.artifact.background;
        if asked > MOST_ROWS {
            return Err(Error::Setting {
                place: "configuration".into(),
                setting: "artifact.background".into(),
                expected: format!("0 to {MOST_ROWS} rows"),
                found: asked.to_string(),
            });
        }
        let mut names: Vec<&str> = Vec::new();
        for column in config.inputs.iter().flat_map(|i| &i.columns) {
            if !names.contains(&column.as_str()) {
                names.push(column);
            }
        }
        let inputs = table.select(&names)?;
        let mut chosen = Vec::new();
        let mut bytes = 0;
        for at in background_order(train.len(), config.seed).into_iter().take(asked) {
            bytes += size(&inputs, train[at])?;
            if bytes > MOST_BYTES {
                break;
            }
            chosen.push(train[at]);
        }
        chosen.sort_unstable();
        let file = match chosen.is_empty() {
            true => None,
            false => Some(whole(&inputs.take(&chosen)?)?.pack()?),
        };
        Ok(Background { rows: chosen.len(), of: train.len(), asked, file })
    }

    /// How many rows of what size, in words.
    pub fn said(&self) -> String {
        let Background { rows, of, asked, .. } = self;
        let Some(file) = &self.file else {
            let why = match asked {
                0 => "`artifact.background` is 0".to_owned(),
                _ => format!("one row alone holds more than {} MiB", MOST_BYTES >> 20),
            };
            return format!("no training rows travel with this model ({why})");
        };
        let size = match file.len() {
            bytes if bytes < 1 << 20 => format!("{:.1} kB", bytes as f64 / 1e3),
            bytes => format!("{:.1} MB", bytes as f64 / 1e6),
        };
        let fewer = match *rows < (*asked).min(*of) {
            true => format!(", fewer than {asked} for the size of their cells"),
            false => String::new(),
        };
        format!("{rows} of {of} training rows travel with this model ({size}{fewer})")
    }
}

/// Bytes of the texts, pictures and sounds of a row.
fn size(table: &Table, row: usize) -> Result<u64> {
    let mut bytes = 0;
    for (i, column) in table.schema().columns.iter().enumerate() {
        bytes += match table.media(i, row).filter(|_| matches!(column.kind, Kind::Image | Kind::Audio)) {
            Some(Cell::Path(path)) => {
                std::fs::metadata(&path).map_err(|source| Error::Io { path, source })?.len()
            }
            Some(Cell::Bytes(bytes)) => bytes.len() as u64,
            None => table.text(i, row).map_or(0, |text| text.len() as u64),
        };
    }
    Ok(bytes)
}

/// The rows with the bytes of files in place of their paths.
fn whole(rows: &Table) -> Result<Table> {
    let mut whole = rows.clone();
    for (i, name) in rows.schema().names().iter().enumerate() {
        whole = whole.with_column(i, as_bytes(&rows.select(&[name])?)?.column(0).clone())?;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::InputConfig;
    use arrow_array::{ArrayRef, Float64Array, StringArray};
    use ronghe_data::{ColumnSchema, Schema};
    use std::path::Path;
    use std::sync::Arc;

    fn config(background: usize) -> ModelConfig {
        let input = |name: &str| InputConfig {
            name: name.into(),
            modality: None,
            columns: vec![name.into()],
            encoder: Default::default(),
            transfer: Default::default(),
        };
        let mut config = ModelConfig { inputs: vec![input("photo"), input("size")], ..Default::default() };
        config.artifact.background = background;
        config
    }

    fn table(folder: &Path, rows: usize, bytes: usize) -> Table {
        let names: Vec<String> = (0..rows).map(|i| format!("{i}.png")).collect();
        for (i, name) in names.iter().enumerate() {
            std::fs::write(folder.join(name), vec![i as u8; bytes]).unwrap();
        }
        let columns: Vec<(&str, Kind, ArrayRef)> = vec![
            ("id", Kind::Identifier, Arc::new(StringArray::from(names.clone()))),
            ("photo", Kind::Image, Arc::new(StringArray::from(names))),
            ("size", Kind::Number, Arc::new((0..rows).map(|i| Some(i as f64)).collect::<Float64Array>())),
        ];
        let schema = Schema { columns: columns.iter().map(|c| ColumnSchema::new(c.0, c.1)).collect() };
        let cells = columns.into_iter().map(|c| c.2).collect();
        Table::new(Arc::new(schema), cells, &folder.join("t.csv"), folder, 1).unwrap()
    }

    #[test]
    fn rows_are_kept_whole_and_without_what_the_model_does_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path(), 20, 10);
        let train: Vec<usize> = (5..20).collect();
        let kept = Background::draw(&config(8), &table, &train).unwrap();
        assert_eq!(kept, Background::draw(&config(8), &table, &train).unwrap());
        let back = Table::unpack(kept.file.clone().unwrap(), Path::new("b")).unwrap();
        assert_eq!((back.rows(), back.schema().names()), (8, vec!["photo".into(), "size".into()]));
        for row in 0..8 {
            let Some(Cell::Bytes(bytes)) = back.media(0, row) else { panic!("no bytes") };
            let number: usize = back.display(1, row).parse().unwrap();
            assert!(number >= 5 && bytes == [number as u8; 10]);
        }
        assert!(kept.said().starts_with("8 of 15 training rows travel with this model ("), "{}", kept.said());
        let none = Background::draw(&config(0), &table, &train).unwrap();
        assert_eq!(none.said(), "no training rows travel with this model (`artifact.background` is 0)");
        let error = Background::draw(&config(10_001), &table, &train).unwrap_err().to_string();
        assert!(error.contains("artifact.background") && error.contains("10000"), "{error}");
    }

    #[test]
    fn large_files_make_fewer_rows() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path(), 6, 5 << 20);
        let train: Vec<usize> = (0..6).collect();
        let kept = Background::draw(&config(100), &table, &train).unwrap();
        assert_eq!((kept.rows, kept.of), (3, 6));
        assert!(kept.said().contains("fewer than 100 for the size of their cells"), "{}", kept.said());
    }
}
