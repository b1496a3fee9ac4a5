//! Time and memory with many rows: `scale ROWS ITEMS FOLDER` writes a table of events there, reads it, and asks for lists.
#![allow(clippy::print_stdout)]

use ronghe_recommend::serve::{Request, Serving};
use ronghe_recommend::source::{Source, read};
use ronghe_recommend::split::{Fitting, Shares, SplitBy, split};
use ronghe_recommend::{Event, RECOMMENDERS};
use ronghe_stats::random::SplitMix64;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rows, items, folder] = &arguments[..] else { return Err("usage: scale ROWS ITEMS FOLDER".into()) };
    let (rows, items): (u64, usize) = (rows.parse()?, items.parse()?);
    let path = Path::new(folder).join("scale.csv");
    let mut file = BufWriter::new(std::fs::File::create(&path)?);
    writeln!(file, "user,item,rating,timestamp")?;
    let mut draw = SplitMix64::new(0);
    for i in 0..rows {
        let item = draw.below(items).min(draw.below(items));
        writeln!(
            file,
            "u{},{item},{},{}",
            draw.below(rows as usize / 50 + 1),
            draw.below(5) + 1,
            1_600_000_000 + i
        )?;
    }
    file.flush()?;
    drop(file);
    println!("written; {}", memory());
    let start = Instant::now();
    let (of, loaded) = read(&path, &Source::default(), &|_, _| true)?;
    std::fs::remove_file(&path)?;
    println!(
        "read {} rows in {:.2} s: {} events of {} bytes, {} users, {} items; {}",
        loaded.counts.rows,
        start.elapsed().as_secs_f64(),
        of.events.len(),
        size_of::<Event>(),
        loaded.users,
        loaded.items,
        memory()
    );
    let start = Instant::now();
    let parts = split(&of, SplitBy::Time, Shares::default(), 0)?;
    println!("split in {:.2} s; {}", start.elapsed().as_secs_f64(), memory());
    let fitting = Fitting::new(&parts.train, &of);
    let model = (RECOMMENDERS[0].usual)().fit(&fitting.training(&of, 0, 0), &|_, _| true)?;
    let serving = Serving::new(model.as_ref(), &of, &parts.train)?;
    let odd = |item: u32| item % 2 == 1;
    for (what, request) in [
        ("10 of all", Request::default()),
        ("10 of a filter", Request { filter: Some(&odd), ..Request::default() }),
        ("100 of all", Request { k: 100, ..Request::default() }),
    ] {
        let mut seconds: Vec<f64> = Vec::new();
        for user in 0..200.min(of.users.len() as u32) {
            let start = Instant::now();
            let answer = serving.answer(Request { user: Some(user), ..request })?;
            seconds.push(start.elapsed().as_secs_f64());
            assert!(!answer.items.is_empty());
        }
        seconds.sort_by(f64::total_cmp);
        println!(
            "{what}: median {:.3} ms, worst {:.3} ms",
            seconds[seconds.len() / 2] * 1e3,
            seconds[seconds.len() - 1] * 1e3
        );
    }
    Ok(())
}

/// Memory now and at most, as the system has it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS"));
    lines.map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
