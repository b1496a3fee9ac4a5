//! The pool under load: every block runs once, whatever sleeps, nests, panics or ends meanwhile.

use super::pool::{Pool, tasks};
use super::{rows2, sum};
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{hint, thread};

/// Counts how often each block of a loop runs; each must run once.
fn check_loop(count: usize) {
    let runs: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    tasks(count, |i| _ = runs[i].fetch_add(1, Ordering::Relaxed));
    assert!(runs.iter().all(|r| r.load(Ordering::Relaxed) == 1));
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<String>().map_or("", String::as_str)
}

/// Runs blocks, each waiting until `threads` blocks run at once.
fn meet(threads: usize) {
    let barrier = Barrier::new(threads);
    tasks(threads, |_| _ = barrier.wait());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn loops_match_the_calling_thread_alone(
        threads in 1usize..5,
        count in 0usize..9000,
        width in 1usize..9,
        cost in 1usize..2000,
    ) {
        let compute = || {
            let (mut a, mut b) = (vec![0.0f32; count * width], vec![0.0f32; count]);
            rows2((&mut a, width), (&mut b, 1), cost, |first, a, b| {
                for (r, (a, b)) in a.chunks_mut(width).zip(b).enumerate() {
                    a.iter_mut().enumerate().for_each(|(i, a)| *a = (first + r) as f32 + 0.1 * i as f32);
                    *b = a.iter().sum();
                }
            });
            let mut total = [0.0f32; 2];
            sum(count, cost, &mut total, |items, total| {
                b[items].iter().for_each(|b| { total[0] += b; total[1] += b.sqrt(); });
            });
            (a, b, total)
        };
        prop_assert_eq!(Pool::new(threads).unwrap().install(compute), compute());
    }
}

#[test]
fn many_small_loops_wherever_the_workers_are() {
    for threads in [1, 2, 4] {
        let pool = Pool::new(threads).unwrap();
        pool.install(|| {
            for round in 0..3000 {
                check_loop(round % 7);
                // Sometimes the workers are about to sleep, sometimes they sleep.
                if round % 10 == 0 {
                    let start = Instant::now();
                    while start.elapsed() < Duration::from_micros(round as u64 % 127) {
                        hint::spin_loop();
                    }
                }
                if round % 500 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
    }
}

#[test]
fn all_threads_take_part_awake_or_asleep() {
    let pool = Pool::new(3).unwrap();
    pool.install(|| {
        for round in 0..50 {
            meet(3);
            if round % 5 == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
}

#[test]
fn several_callers_and_several_pools() {
    let pools = [1, 2, 2, 3].map(|threads| Pool::new(threads).unwrap());
    thread::scope(|scope| {
        for caller in 0..6 {
            let pools = &pools;
            scope.spawn(move || {
                for round in 0..300 {
                    // Callers share pools, and a pool is installed within another.
                    pools[(caller + round) % 4].install(|| {
                        check_loop(5);
                        pools[round % 4].install(|| check_loop(9));
                        check_loop(3);
                    });
                }
            });
        }
    });
}

#[test]
fn without_a_pool_loops_stay_on_the_calling_thread() {
    let caller = thread::current().id();
    let stays = || tasks(100, |_| assert_eq!(thread::current().id(), caller));
    stays();
    Pool::new(1).unwrap().install(stays);
    Pool::new(2).unwrap().install(|| check_loop(8));
    stays();
}

#[test]
fn nested_loops_stay_on_the_thread_of_their_block() {
    let pool = Pool::new(3).unwrap();
    let inner = AtomicUsize::new(0);
    pool.install(|| {
        for _ in 0..200 {
            tasks(6, |_| {
                let outer = thread::current().id();
                tasks(4, |_| {
                    assert_eq!(thread::current().id(), outer);
                    inner.fetch_add(1, Ordering::Relaxed);
                });
            });
        }
    });
    assert_eq!(inner.into_inner(), 200 * 6 * 4);
}

#[test]
fn panics_reach_the_caller_when_all_have_stopped() {
    let pool = Pool::new(3).unwrap();
    for round in 0..60 {
        let running = AtomicUsize::new(0);
        let failed = catch_unwind(AssertUnwindSafe(|| {
            pool.install(|| {
                tasks(20, |i| {
                    running.fetch_add(1, Ordering::SeqCst);
                    if round % 2 == 0 || i == round / 4 {
                        running.fetch_sub(1, Ordering::SeqCst);
                        panic!("block {i}");
                    }
                    hint::spin_loop();
                    running.fetch_sub(1, Ordering::SeqCst);
                });
            });
        }));
        assert!(message(&*failed.unwrap_err()).starts_with("block "));
        assert_eq!(running.load(Ordering::SeqCst), 0);
        // The pool is as good as before, and no longer this thread's.
        pool.install(|| meet(3));
        let caller = thread::current().id();
        tasks(4, |_| assert_eq!(thread::current().id(), caller));
    }
}

#[test]
fn a_worker_s_panic_reaches_the_caller() {
    let pool = Pool::new(2).unwrap();
    let barrier = Barrier::new(2);
    let caller = thread::current().id();
    let failed = catch_unwind(AssertUnwindSafe(|| {
        pool.install(|| {
            tasks(2, |i| {
                barrier.wait();
                assert!(thread::current().id() == caller, "{}", format!("block {i} on a worker"));
            });
        });
    }));
    assert!(message(&*failed.unwrap_err()).ends_with("on a worker"));
}

#[test]
fn pools_end_asleep_awake_or_unused() {
    for round in 0..150 {
        let pool = Pool::new(1 + round % 4).unwrap();
        if round % 3 > 0 {
            pool.install(|| check_loop(16));
        }
        if round % 5 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
