//! Fits one model to pairs of a user and an item, for `versus/recommend`, and says what it took as one JSON object.
//!
//! ```text
//! fit PAIRS MODEL [SEED [SCORES]]
//! PAIRS    a binary file: user, item, user, item, ... as 32-bit numbers, little end first, each user's in the order of time
//! MODEL    {"model":"ease","lambda":100}
//! SCORES   written if given: a row of 32-bit floats a user, the score of each item for the user's own items
//! ```

#![allow(clippy::print_stdout)]

mod common;

use common::{cpu_seconds, events, peak_mb};
use ronghe_recommend::{Histories, Model, Query, Training};
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
        let histories = Histories::new(liked.rows(), &of.events);
        for user in 0..liked.rows() as u32 {
            fitted.scores(Query { user: Some(user), history: histories.liked(user) }, &mut out);
            for score in &out {
                file.write_all(&score.to_le_bytes())?;
            }
        }
        file.flush()?;
    }
    Ok(())
}
