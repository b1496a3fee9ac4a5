//! `adult.csv`: the raw table as CSV. The raw one writes `?` where a value is missing; in CSV, that is read as missing.

use crate::Result;
use ronghe_data::read::{ReadOptions, read};
use ronghe_data::write;
use std::path::Path;

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    let table = read(&folder.join("adult-raw.parquet"), &ReadOptions::default())?;
    Ok(write::write(&folder.join("adult.csv"), &table.to_batch()?)?)
}
