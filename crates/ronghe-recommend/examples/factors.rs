//! Fits a model on a matrix from other programs, tells the time and memory of each iteration, and writes the scores of all users.
//!
//! ```text
//! cargo run --release -p ronghe-recommend --example factors -- MATRIX MODEL [SCORES] [FEATURES]
//! ```
//!
//! - MATRIX: users, items, events as u64, then the starts of the rows (users + 1) as u64 and the items of each row as u32, little-endian
//! - MODEL: the settings as JSON, such as `{"model": "ials", "factors": 64}`
//! - SCORES: where `[users, items]` f32 are written, or `-`; each user's history is the row of the matrix
//! - FEATURES: width as u64, then `[items, width]` f32
#![allow(clippy::print_stdout)]

use rayon::prelude::*;
use ronghe_recommend::{Event, Features, Interactions, Model, Query, Sparse, Training};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::sync::Mutex;
use std::time::Instant;

type Anything = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Anything> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [matrix, model, others @ ..] = &arguments[..] else {
        return Err("MATRIX MODEL [SCORES] [FEATURES]".into());
    };
    let liked = read(&fs::read(matrix)?)?;
    let model: Model = serde_json::from_str(model)?;
    let features = match others.get(1) {
        Some(path) => {
            let bytes = fs::read(path)?;
            let (width, values) = bytes.split_first_chunk().ok_or("features without a width")?;
            let values = values.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            Some(Features { width: u64::from_le_bytes(*width) as usize, values, names: Vec::new() })
        }
        None => None,
    };
    let of = Interactions::default();
    let events: Vec<Event> = Vec::new();
    let data = Training {
        liked: &liked,
        events: &events,
        of: &of,
        features: features.as_ref(),
        seed: 1,
        threads: 0,
    };

    let before = memory("VmRSS:");
    let last = Mutex::new((Instant::now(), seconds()));
    let fitted = model.fit(&data, &|done, of| {
        let now = (Instant::now(), seconds());
        if let Ok(mut last) = last.lock() {
            println!(
                "{done} of {of}: {:.3} s, {:.2} s of all threads",
                (now.0 - last.0).as_secs_f64(),
                now.1 - last.1
            );
            *last = now;
        }
        true
    })?;
    println!("{} MB above the data", (memory("VmHWM:") - before) / 1024);

    if let Some(path) = others.first().filter(|path| *path != "-") {
        let rows: Vec<Vec<u8>> = (0..liked.rows())
            .into_par_iter()
            .map(|user| {
                let row = liked.outer_view(user);
                let history: Vec<(u32, f32)> =
                    row.iter().flat_map(|row| row.indices()).map(|item| (*item, 1.0)).collect();
                let mut scores = vec![0.0; fitted.items()];
                fitted.scores(Query { user: Some(user as u32), history: &history }, &mut scores);
                scores.into_iter().flat_map(f32::to_le_bytes).collect()
            })
            .collect();
        let mut file = std::io::BufWriter::new(fs::File::create(path)?);
        rows.iter().try_for_each(|row| file.write_all(row))?;
    }
    Ok(())
}

fn read(bytes: &[u8]) -> Result<Sparse, Anything> {
    let number = |i: usize| -> Result<usize, Anything> {
        let bytes = bytes.get(8 * i..8 * i + 8).ok_or("the matrix ends early")?;
        Ok(u64::from_le_bytes(bytes.try_into()?) as usize)
    };
    let (users, items, events) = (number(0)?, number(1)?, number(2)?);
    let starts: Vec<usize> = (3..users + 4).map(number).collect::<Result<_, _>>()?;
    let columns: Vec<u32> =
        bytes[8 * (users + 4)..].as_chunks().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
    if columns.len() != events {
        return Err("the matrix has another number of events".into());
    }
    Sparse::try_new((users, items), starts, columns, vec![1.0; events]).map_err(|(_, _, _, why)| why.into())
}

/// Seconds that the threads of this process have worked, where the system tells.
fn seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    fields.skip(11).take(2).filter_map(|x| x.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Kilobytes of memory, where the system tells.
fn memory(what: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default();
    line.split_whitespace().next().and_then(|x| x.parse().ok()).unwrap_or(0)
}
