//! Which rows a model has seen, by content.
//!
//! A row is known by the first 64 bits of the SHA-256 of its cells in the model's inputs and targets: for each of these columns in the
//! order of their names, the length of the cell's text plus one (0 where the cell is missing) and the text. Numbers are the
//! shortest text that is the same number, dates their milliseconds, so that a row is the same one whatever file it is
//! read from; pictures and sounds count by the path or the bytes in their cell. Two different rows are taken for the same with a
//! chance of rows / 2^64.
//!
//! `rows.bin` has 8 bytes of `ronghe\0` and a version, the number of rows (64 bits, least byte first), the hashes in ascending order, 8
//! bytes each, and the part of each, one byte. Beyond [`MOST`] rows it is not kept.

use crate::config::ModelConfig;
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use ronghe_data::{Kind, Split, Table};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Name of the file in a saved model.
pub const ROWS: &str = "rows.bin";

/// Rows that are remembered at most: 18 MB.
const MOST: usize = 2_000_000;

const HEAD: &[u8; 8] = b"ronghe\0\x01";

/// What a row was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The model learned from it.
    Train,
    /// Its best epoch and its temperature were chosen by it.
    Validation,
    /// It was kept for the figures.
    Test,
}

/// The rows that a model was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRows {
    columns: Vec<String>,
    /// Ascending; of equal ones, the part that was used most comes first.
    rows: Vec<(u64, Part)>,
}

impl SeenRows {
    /// The rows of `table` that `split` divides; none beyond 2,000,000 of them.
    pub fn of(config: &ModelConfig, table: &Table, split: &Split) -> Option<SeenRows> {
        if split.train.len() + split.validation.len() + split.test.len() > MOST {
            return None;
        }
        let columns = columns(config);
        let hashes = hashes(table, &columns);
        let parts =
            [(&split.train, Part::Train), (&split.validation, Part::Validation), (&split.test, Part::Test)];
        let mut rows: Vec<(u64, Part)> = parts
            .into_iter()
            .flat_map(|(rows, part)| rows.iter().filter_map(|&r| hashes.get(r)).map(move |&h| (h, part)))
            .collect();
        rows.sort_unstable();
        Some(SeenRows { columns, rows })
    }

    /// What [`SeenRows::to_bytes`] wrote for the model of `config`.
    pub fn parse(config: &ModelConfig, bytes: &[u8], path: &Path) -> Result<SeenRows> {
        let damaged = || Error::Artifact {
            path: path.to_owned(),
            expected: "hashes of rows".into(),
            found: "something else".into(),
            mend: "copy the model again".into(),
        };
        let (head, rest) = bytes.split_at_checked(16).ok_or_else(damaged)?;
        let count = head[8..].try_into().map(u64::from_le_bytes).map_err(|_| damaged())?;
        let count = usize::try_from(count).ok().filter(|n| *n <= MOST && rest.len() == n * 9);
        let count = count.filter(|_| head[..8] == *HEAD).ok_or_else(damaged)?;
        let (hashes, parts) = rest.split_at(count * 8);
        let rows = hashes.as_chunks::<8>().0.iter().zip(parts).map(|(hash, part)| {
            let part = match part {
                0 => Part::Train,
                1 => Part::Validation,
                _ => Part::Test,
            };
            (u64::from_le_bytes(*hash), part)
        });
        Ok(SeenRows { columns: columns(config), rows: rows.collect() })
    }

    /// The content of `rows.bin`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.extend((self.rows.len() as u64).to_le_bytes());
        self.rows.iter().for_each(|(hash, _)| bytes.extend(hash.to_le_bytes()));
        bytes.extend(self.rows.iter().map(|(_, part)| match part {
            Part::Train => 0,
            Part::Validation => 1,
            Part::Test => 2,
        }));
        bytes
    }

    /// What each row of `table` was used for; `None` where the model has not seen it.
    pub fn parts(&self, table: &Table) -> Vec<Option<Part>> {
        let find = |hash: u64| {
            let first = self.rows.partition_point(|(h, _)| *h < hash);
            self.rows.get(first).filter(|(h, _)| *h == hash).map(|(_, part)| *part)
        };
        hashes(table, &self.columns).into_iter().map(find).collect()
    }
}

/// The columns that a row is known by, in the order of their names.
fn columns(config: &ModelConfig) -> Vec<String> {
    let mut names: Vec<String> = config.inputs.iter().flat_map(|i| i.columns.clone()).collect();
    names.extend(config.target.all());
    names.sort_unstable();
    names.dedup();
    names
}

fn hashes(table: &Table, columns: &[String]) -> Vec<u64> {
    let at: Vec<Option<usize>> = columns.iter().map(|name| table.schema().index(name)).collect();
    let hash = |row: usize| {
        let mut state = Sha256::new();
        at.iter().for_each(|column| put(&mut state, table, *column, row));
        let digest = state.finalize();
        digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
    };
    (0..table.rows()).map(hash).collect()
}

fn put(state: &mut Sha256, table: &Table, column: Option<usize>, row: usize) {
    let Some(column) = column.filter(|&c| !table.is_missing(c, row)) else {
        return state.update(0u64.to_le_bytes());
    };
    let mut part = |bytes: &[u8]| {
        state.update((bytes.len() as u64 + 1).to_le_bytes());
        state.update(bytes);
    };
    let cells = table.column(column);
    match table.schema().columns[column].kind {
        // 0 and -0 are one number.
        Kind::Number => {
            part((cells.as_primitive::<Float64Type>().value(row) + 0.0).to_string().as_bytes());
        }
        Kind::Boolean => part(cells.as_boolean().value(row).to_string().as_bytes()),
        Kind::Date => {
            part(cells.as_primitive::<TimestampMillisecondType>().value(row).to_string().as_bytes());
        }
        _ => match (cells.as_string_opt::<i32>(), cells.as_binary_opt::<i64>()) {
            (Some(text), _) => part(text.value(row).as_bytes()),
            (None, Some(bytes)) => part(bytes.value(row)),
            (None, None) => part(&[]),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{InputConfig, NamedConfig, TargetConfig};
    use ronghe_data::read::{ReadOptions, read};

    fn config() -> ModelConfig {
        let input = |name: &str| InputConfig {
            name: name.into(),
            modality: None,
            columns: vec![name.into()],
            encoder: NamedConfig::default(),
            transfer: NamedConfig::default(),
        };
        ModelConfig {
            inputs: vec![input("size"), input("词"), input("day")],
            target: TargetConfig { column: "kind".into(), ..TargetConfig::default() },
            ..ModelConfig::default()
        }
    }

    #[test]
    fn a_row_is_the_same_in_every_format() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let csv =
            put("t.csv", "id,size,词,kind,day\n1,1.0,猫,a,2024-01-31\n2,,狗,b,2024-02-01\n3,2.5,猫,a,\n");
        let lines = "{\"kind\":\"b\",\"size\":null,\"词\":\"狗\",\"day\":\"2024-02-01\"}\n\
                     {\"kind\":\"a\",\"size\":1,\"词\":\"猫\",\"day\":\"2024-01-31\"}\n\
                     {\"kind\":\"b\",\"size\":1,\"词\":\"猫\",\"day\":\"2024-01-31\"}\n";
        let lines = put("t.jsonl", lines);
        let options = ReadOptions {
            kinds: [
                ("size", Kind::Number),
                ("词", Kind::Category),
                ("kind", Kind::Category),
                ("day", Kind::Date),
            ]
            .map(|(name, kind)| (name.to_owned(), kind))
            .into(),
            ..ReadOptions::default()
        };
        let table = read(&csv, &options).unwrap();
        let parquet = folder.path().join("t.parquet");
        ronghe_data::write::write(&parquet, &table.to_batch().unwrap()).unwrap();
        let split = Split { train: vec![0], validation: vec![2], test: vec![1] };
        let seen = SeenRows::of(&config(), &table, &split).unwrap();
        let kept = SeenRows::parse(&config(), &seen.to_bytes(), Path::new("rows.bin")).unwrap();
        assert_eq!(kept, seen);
        let own = [Some(Part::Train), Some(Part::Test), Some(Part::Validation)];
        assert_eq!(seen.parts(&table), own);
        assert_eq!(seen.parts(&read(&parquet, &options).unwrap()), own);
        let other = read(&lines, &options).unwrap();
        assert_eq!(seen.parts(&other), [Some(Part::Test), Some(Part::Train), None]);
    }

    #[test]
    fn damaged_files_are_refused() {
        let seen = SeenRows { columns: columns(&config()), rows: vec![(7, Part::Train), (9, Part::Test)] };
        let bytes = seen.to_bytes();
        let parse = |bytes: &[u8]| SeenRows::parse(&config(), bytes, Path::new("rows.bin"));
        assert_eq!(parse(&bytes).unwrap(), seen);
        for end in [0, 8, 15, 16, bytes.len() - 1] {
            assert!(parse(&bytes[..end]).unwrap_err().to_string().contains("rows.bin"));
        }
        let mut many = bytes;
        many[8..16].fill(255);
        assert!(parse(&many).is_err());
    }
}
