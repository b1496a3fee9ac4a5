//! What handing work to the pool costs: `cargo bench -p ronghe-cpu --bench threads -- [threads]`.
//!
//! A loop of one block a thread, each of some length, right after the last loop, after a serial step of 20
//! microseconds, and after a sleep of a millisecond; beside the same blocks on one thread. Nanoseconds: the first, the
//! fiftieth and the ninetieth percentile.

#![allow(clippy::print_stdout, missing_docs)]

// The pool is no part of the crate's interface.
#[path = "../src/threads/pool.rs"]
#[allow(dead_code)]
mod pool;

use pool::{Pool, tasks};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() -> std::io::Result<()> {
    let threads = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(2);
    let pool = Pool::new(threads)?;
    let turn = turns_in_a_microsecond();
    let busy = |micros: f64| (0..(micros * turn) as usize).for_each(|i| _ = black_box(i));
    pool.install(|| {
        for micros in [0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0] {
            let runs = (4e5 / (micros + 1.0)) as usize;
            let share = || tasks(threads, |_| busy(micros));
            let alone = time(runs, || (), || (0..threads).for_each(|_| busy(micros)));
            let warm = time(runs, || (), share);
            let gap = time(runs.min(5000), || busy(20.0), share);
            let asleep = time(200, || std::thread::sleep(Duration::from_millis(1)), share);
            println!(
                "{micros} us: alone {alone:?}, shared {warm:?}, after 20 us {gap:?}, after 1 ms {asleep:?}"
            );
        }
    });
    Ok(())
}

fn turns_in_a_microsecond() -> f64 {
    let run = || {
        let start = Instant::now();
        (0..1_000_000usize).for_each(|i| _ = black_box(i));
        1e9 / start.elapsed().as_nanos() as f64
    };
    (0..20).map(|_| run()).fold(0.0, f64::max)
}

fn time(runs: usize, before: impl Fn(), run: impl Fn()) -> [u128; 3] {
    let one = || {
        before();
        let start = Instant::now();
        run();
        start.elapsed().as_nanos()
    };
    let mut all: Vec<u128> = (0..runs.max(10)).map(|_| one()).collect();
    all.sort_unstable();
    [1, 50, 90].map(|percent| all[all.len() * percent / 100])
}
