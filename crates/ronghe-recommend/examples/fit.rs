//! Fits one model to pairs of a user and an item, for `versus/recommend`, and says what it took as one JSON object.
//!
//! ```text
//! fit PAIRS MODEL [SEED [SCORES]]
//! PAIRS    a binary file: user, item, user, item, ... as 32-bit numbers, little end first
//! MODEL    {"model":"ease","lambda":100}
//! SCORES   written if given: a row of 32-bit floats a user, the score of each item for the user's own items
//! ```

#![allow(clippy::print_stdout)]

use ronghe_recommend::{Event, Interactions, Model, Query, Training};
use serde_json::json;
use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pairs, model, rest @ ..] = arguments.as_slice() else {
        return Err("fit PAIRS MODEL [SEED [SCORES]]".into());
    };
    let seed = rest.first().map_or(Ok(0), |seed| seed.parse())?;
    let model: Model = serde_json::from_str(model)?;
    let of = events(&fs::read(pairs)?);
    let liked = of.matrix(&of.events);
    let threads = rayon::current_num_threads();
    let data = Training { liked: &liked, events: &of.events, of: &of, features: None, seed, threads };

    let (before, held, start) = (cpu_seconds(), peak_mb(), Instant::now());
    let fitted = model.fit(&data, &|_, _| true)?;
    let wall = start.elapsed().as_secs_f64();
    let took = json!({
        "model": model.name(),
        "users": liked.rows(),
        "items": liked.cols(),
        "events": liked.nnz(),
        "threads": threads,
        "seconds": wall,
        "cpu": cpu_seconds() - before,
        "peak_mb": peak_mb(),
        "above_mb": peak_mb() - held,
    });
    println!("{took}");
    if let Some(path) = rest.get(1) {
        let mut file = BufWriter::new(fs::File::create(path)?);
        let mut out = vec![0.0; liked.cols()];
        for (user, row) in (0..).zip(liked.outer_iterator()) {
            let history: Vec<(u32, f32)> = row.indices().iter().map(|&item| (item, 1.0)).collect();
            fitted.scores(Query { user: Some(user), history: &history }, &mut out);
            for score in &out {
                file.write_all(&score.to_le_bytes())?;
            }
        }
        file.flush()?;
    }
    Ok(())
}

/// The pairs as events, one after the other; users and items are called by their numbers.
fn events(bytes: &[u8]) -> Interactions {
    let (words, _) = bytes.as_chunks::<4>();
    let (pairs, _) = words.as_chunks::<2>();
    let pairs = pairs.iter().map(|pair| pair.map(u32::from_le_bytes));
    let events: Vec<Event> =
        (0..).zip(pairs).map(|(time, [user, item])| Event { user, item, weight: 1.0, time }).collect();
    let named = |most: Option<u32>| (0..most.map_or(0, |most| most + 1)).map(|n| n.to_string()).collect();
    let items = events.iter().map(|e| e.item).max();
    Interactions {
        users: named(events.iter().map(|e| e.user).max()),
        items: named(items),
        domains: [""].into_iter().collect(),
        domain_of: vec![0; items.map_or(0, |most| most as usize + 1)],
        events,
        timed: true,
    }
}

/// Seconds that this process computed, on all threads; 0 where the system does not say.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The most memory that this process held; 0 where the system does not say.
fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
