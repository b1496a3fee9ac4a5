//! `clothing-reviews.csv`: the reviews without the row number, and without `Rating`, which all but tells whether the
//! customer recommends the piece (`Recommended IND`). The raw file has both.

use crate::Result;
use ronghe_data::read::{ReadOptions, read};
use ronghe_data::write;
use std::path::Path;

const COLUMNS: [&str; 9] = [
    "Clothing ID",
    "Age",
    "Title",
    "Review Text",
    "Positive Feedback Count",
    "Division Name",
    "Department Name",
    "Class Name",
    "Recommended IND",
];

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    let only = Some(COLUMNS.map(str::to_owned).to_vec());
    let raw = folder.join("clothing-reviews-raw.parquet");
    let table = read(&raw, &ReadOptions { only, ..ReadOptions::default() })?;
    Ok(write::write(&folder.join("clothing-reviews.csv"), &table.to_batch()?)?)
}
