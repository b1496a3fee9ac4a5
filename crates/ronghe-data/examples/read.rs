//! Speed of reading, for `versus/data`, which runs the same in other programs. Opens FILE, collects its rows as one table and
//! prints one JSON object:
//!
//! ```text
//! cargo run --release -p ronghe-data --example read -- FILE
//! ```

#![allow(clippy::print_stdout)]

use ronghe_data::read::{ReadOptions, collect, open};
use serde_json::json;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: read FILE")?;
    let path = Path::new(&file);
    let start = Instant::now();
    let mut reader = open(path, &ReadOptions::default())?;
    let table = collect(reader.as_mut(), path)?;
    let seconds = start.elapsed().as_secs_f64();
    let kinds: Vec<&str> = table.schema().columns.iter().map(|column| column.kind.name()).collect();
    let rows = table.rows();
    println!("{}", json!({ "rows": rows, "columns": kinds.len(), "kinds": kinds, "seconds": seconds }));
    Ok(())
}
