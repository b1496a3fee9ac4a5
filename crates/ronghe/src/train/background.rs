//! The training rows that travel with a model, to say what is usual when its predictions are explained.
//!
//! Only columns that the model reads; of pictures and sounds the files themselves, byte by byte, so that the model says of a kept
//! row what it says of the row. Only a picture of a large file is kept smaller, with no fewer pixels than its encoder is fed. Rows are
//! drawn at random with the seed, as many as are asked for and as stay below [`MOST_BYTES`]. The same rows, configuration and seed
//! give the same bytes.

use crate::config::ModelConfig;
use crate::explain::{as_bytes, background_order};
use crate::{Error, Result};
use arrow_array::LargeBinaryArray;
use ronghe_data::decode::{Filter, Fit, Limits, decode_image};
use ronghe_data::write::png;
use ronghe_data::{Cell, Kind, Table};
use std::sync::Arc;

/// Most bytes of texts, pictures and sounds in the rows that are kept.
const MOST_BYTES: usize = 16 << 20;
/// A picture of a file no larger than this is kept as it is.
const LARGE_PICTURE: usize = 64 << 10;
/// Pixels that the shorter side of a picture keeps at least: what published networks look at, and a little more.
const LEAST_SIDE: usize = 256;
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
        let mut kept = Vec::new();
        let mut bytes = 0;
        for at in background_order(train.len(), config.seed).into_iter().take(asked) {
            let row = whole(&inputs.slice(train[at], 1), config)?;
            bytes += size(&row);
            if bytes > MOST_BYTES {
                break;
            }
            kept.push((train[at], row));
        }
        kept.sort_by_key(|(at, _)| *at);
        let rows = kept.len();
        let file = match rows {
            0 => None,
            _ => Some(Table::concat(&kept.into_iter().map(|(_, row)| row).collect::<Vec<_>>())?.pack()?),
        };
        Ok(Background { rows, of: train.len(), asked, file })
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
fn size(row: &Table) -> usize {
    let of = |i: usize| match row.media(i, 0) {
        Some(Cell::Bytes(bytes)) => bytes.len(),
        _ => row.text(i, 0).map_or(0, str::len),
    };
    (0..row.schema().columns.len()).map(of).sum()
}

/// The row (a table of one) with the bytes of files in place of their paths, large pictures smaller.
fn whole(row: &Table, config: &ModelConfig) -> Result<Table> {
    let mut whole = row.clone();
    for (i, column) in row.schema().columns.iter().enumerate() {
        let mut cell = as_bytes(&row.select(&[&column.name])?)?;
        if let (Kind::Image, Some(Cell::Bytes(bytes))) = (column.kind, cell.media(0, 0))
            && let Some(less) = smaller(bytes, least_side(config, &column.name))
        {
            cell = cell.with_column(0, Arc::new(LargeBinaryArray::from_iter_values([less])))?;
        }
        whole = whole.with_column(i, cell.column(0).clone())?;
    }
    Ok(whole)
}

/// Pixels that the shorter side of a column's pictures keeps.
fn least_side(config: &ModelConfig, column: &String) -> usize {
    let params = config.inputs.iter().filter(|i| i.columns.contains(column)).map(|i| &i.encoder.params);
    let sizes = params.flat_map(|p| ["size", "height", "width"].into_iter().filter_map(|name| p.get(name)));
    let numbers = sizes.flat_map(|v| v.as_array().map_or(std::slice::from_ref(v), Vec::as_slice));
    let largest = numbers.filter_map(serde_json::Value::as_u64).max().unwrap_or(0);
    LEAST_SIDE.max(usize::try_from(largest).unwrap_or(usize::MAX))
}

/// A picture of a large file with its shorter side at `side` pixels; none where it is not larger, or would be no smaller a file.
fn smaller(bytes: &[u8], side: usize) -> Option<Vec<u8>> {
    if bytes.len() <= LARGE_PICTURE {
        return None;
    }
    let picture = decode_image(&Cell::Bytes(bytes), &Limits::default()).ok()?;
    let shorter = picture.height.min(picture.width);
    if shorter <= side {
        return None;
    }
    let scaled = |length: usize| (length * side).div_ceil(shorter);
    let (height, width) = (scaled(picture.height), scaled(picture.width));
    let file = png(&picture.resized(height, width, Fit::Stretch, Filter::Bilinear))?;
    (file.len() < bytes.len()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::InputConfig;
    use arrow_array::{ArrayRef, Float64Array, StringArray};
    use ronghe_data::decode::Picture;
    use ronghe_data::{ColumnSchema, Schema};
    use std::path::Path;

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

    #[test]
    fn a_large_picture_is_kept_as_its_encoder_sees_it() {
        // Noise: nothing that packs well.
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let picture = Picture {
            height: 600,
            width: 900,
            channels: 1,
            pixels: (0..600 * 900).map(|_| noise()).collect(),
        };
        let file = png(&picture).unwrap();
        let less = smaller(&file, 256).unwrap();
        let back = decode_image(&Cell::Bytes(&less), &Limits::default()).unwrap();
        assert_eq!((back.height, back.width), (256, 384));
        assert!(less.len() < file.len() / 4);
        assert!(smaller(&file, 600).is_none() && smaller(&[1, 2, 3], 256).is_none());
        let mut config = config(8);
        assert_eq!(least_side(&config, &"photo".into()), 256);
        config.inputs[0].encoder.params.insert("size".into(), serde_json::json!([300, 380]));
        assert_eq!(least_side(&config, &"photo".into()), 380);
    }
}
