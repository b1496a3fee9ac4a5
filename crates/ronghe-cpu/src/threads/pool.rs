//! A pool of threads for loops that last microseconds.
//!
//! A loop of `count` blocks is posted on a board that the workers watch: for [`SPIN`] after the last loop they watch
//! without sleeping, so a hand-over takes well under a microsecond; then they sleep and the next loop wakes them. The
//! calling thread posts, takes blocks like everybody else, takes the loop off the board when no block is left, and waits
//! only for workers that are still within a block: a worker that comes late, or not at all, costs nothing. Blocks are
//! taken by counting up one number, `O(1)` each.
//!
//! The board is one word: the number of workers inside the loop, whether it is open, whether the pool ends, and the
//! number of the loop. A worker enters by raising the first while the loop is open (compare and exchange), and reads the
//! posted loop only between entering and leaving; the poster changes or frees it only while nobody is inside and the
//! board is closed.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{hint, io, mem, thread};

/// How long a worker watches the board before it sleeps: longer than most serial steps between two loops of a network. It
/// keeps its core meanwhile: one that is left to other programs comes back after milliseconds.
const SPIN: Duration = Duration::from_micros(100);
/// The same where there are more threads than cores, and each look leaves the core to others.
const SHORT_SPIN: Duration = Duration::from_micros(10);
/// Looks at the board between two looks at the clock.
const LOOKS: usize = 16;
/// No loop has more blocks than this many threads can share.
const MAX_THREADS: usize = 256;

/// Bits of the board: workers inside, open, ending, and from [`LOOP`] on the number of the loop.
const INSIDE: u64 = 0xffff;
const OPEN: u64 = 1 << 16;
const ENDING: u64 = 1 << 17;
const LOOP: u64 = 1 << 18;

/// Threads that share loops; the thread that calls is one of them. The others end when the pool is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

thread_local! {
    /// The pool that loops on this thread use.
    static CURRENT: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// Calls `work(0), .. work(count - 1)`, each once, in any order, on the threads of the current pool; without one, within
/// a block of another loop, or while another thread's loop has the pool, on the calling thread alone.
pub(crate) fn tasks(count: usize, work: impl Fn(usize) + Sync) {
    if count > 1 {
        let pool = CURRENT.with_borrow(Clone::clone);
        if pool.is_some_and(|pool| pool.share(count, &work)) {
            return;
        }
    }
    (0..count).for_each(work);
}

/// Number of threads that a loop here is spread over: a hint for its cut, never for its result.
pub(crate) fn count() -> usize {
    CURRENT.with_borrow(|pool| match pool {
        Some(pool) if !pool.taken.0.load(Ordering::Relaxed) => pool.threads,
        _ => 1,
    })
}

impl Pool {
    /// A pool of `threads` threads, the calling one among them.
    pub(crate) fn new(threads: usize) -> io::Result<Pool> {
        let threads = threads.clamp(1, MAX_THREADS);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // With more threads than cores, a worker that watches may hold up one that works.
        let crowded = threads > cores;
        let shared = Arc::new(Shared { threads, crowded, ..Shared::default() });
        // On failure the drop of what exists ends the workers made so far.
        let mut pool = Pool { shared, workers: Vec::new() };
        for i in 1..threads {
            let shared = pool.shared.clone();
            let worker = thread::Builder::new().name(format!("ronghe-cpu-{i}"));
            pool.workers.push(worker.spawn(move || shared.serve())?);
        }
        Ok(pool)
    }

    /// Runs `work` so that loops in it use this pool.
    pub(crate) fn install<R>(&self, work: impl FnOnce() -> R) -> R {
        /// Puts the former pool back, also when `work` panics.
        struct Restore(Option<Arc<Shared>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let pool = (!self.workers.is_empty()).then(|| self.shared.clone());
        let _restore = Restore(CURRENT.replace(pool));
        work()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // `install` borrows the pool, so no loop is on the board.
        self.shared.board.0.fetch_or(ENDING, Ordering::SeqCst);
        self.shared.wake(usize::MAX);
        for worker in self.workers.drain(..) {
            // A worker cannot panic: blocks that do are caught.
            let _ = worker.join();
        }
    }
}

/// A value with cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Alone<T>(T);

/// What the threads of a pool share.
#[derive(Debug, Default)]
struct Shared {
    threads: usize,
    board: Alone<AtomicU64>,
    /// The next block to take.
    next: Alone<AtomicUsize>,
    /// Whether a thread has the right to post.
    taken: Alone<AtomicBool>,
    /// The posted loop's blocks: written by the poster while the board is closed, read by workers inside.
    count: AtomicUsize,
    /// Address of the posted loop's work, a `&(dyn Fn(usize) + Sync)`; written and read as `count`.
    work: AtomicPtr<()>,
    /// Whether there are more threads than cores.
    crowded: bool,
    /// Workers that sleep and are not called; written under `beds`.
    sleeping: AtomicUsize,
    beds: Mutex<Beds>,
    bell: Condvar,
    /// What a block of the posted loop panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Workers that sleep, and how many of them are called.
#[derive(Debug, Default)]
struct Beds {
    sleeping: usize,
    called: usize,
}

impl Shared {
    /// Shares a loop; `false` if the pool is busy with another, and then nothing is done.
    fn share(&self, count: usize, work: &(dyn Fn(usize) + Sync)) -> bool {
        if self.taken.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        // Nobody is inside and the board is closed, so these writes race with nothing; opening publishes them.
        self.work.store((&raw const work).cast_mut().cast(), Ordering::Relaxed);
        self.count.store(count, Ordering::Relaxed);
        self.next.0.store(0, Ordering::Relaxed);
        let number = self.board.0.load(Ordering::Relaxed) & !(LOOP - 1);
        self.board.0.store(number.wrapping_add(LOOP) | OPEN, Ordering::SeqCst);
        // Either this sees the sleeper or the sleeper sees the open board: both store, then load, in one order.
        if self.sleeping.load(Ordering::SeqCst) > 0 {
            self.wake(count - 1);
        }
        self.take(count, work);
        self.close();
        let panic = lock(&self.panic).take();
        self.taken.0.store(false, Ordering::Release);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        true
    }

    /// Takes blocks until none is left. A panic is kept for the poster, and then no further block is begun.
    fn take(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let blocks = || {
            loop {
                // Passes the end by at most one a thread.
                let block = self.next.0.fetch_add(1, Ordering::Relaxed);
                if block >= count {
                    break;
                }
                work(block);
            }
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(blocks)) {
            self.next.0.store(count, Ordering::Relaxed);
            let mut first = lock(&self.panic);
            if first.is_none() {
                *first = Some(panic);
            } else {
                // Dropping it could panic again, past the poster's wait for the others.
                mem::forget(panic);
            }
        }
    }

    /// Takes the loop off the board and waits for the workers inside.
    fn close(&self) {
        let mut board = self.board.0.fetch_and(!OPEN, Ordering::Acquire);
        let mut looks = 0;
        while board & INSIDE != 0 {
            // A worker that is not done soon may be waiting for this thread's core.
            if looks < 64 * LOOKS {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
            looks += 1;
            board = self.board.0.load(Ordering::Acquire);
        }
    }

    /// Calls up to `wanted` sleeping workers.
    fn wake(&self, wanted: usize) {
        let mut beds = lock(&self.beds);
        let called = wanted.min(beds.sleeping);
        beds.sleeping -= called;
        beds.called += called;
        self.sleeping.store(beds.sleeping, Ordering::SeqCst);
        drop(beds);
        (0..called).for_each(|_| self.bell.notify_one());
    }

    /// A worker's life.
    #[allow(unsafe_code)]
    fn serve(&self) {
        let mut seen = 0;
        loop {
            let board = self.watch(seen);
            if board & ENDING != 0 {
                return;
            }
            // Fails when another worker entered first, or the loop is over: look again.
            let inside =
                self.board.0.compare_exchange(board, board + 1, Ordering::Acquire, Ordering::Relaxed);
            if inside.is_err() {
                continue;
            }
            seen = board & !(LOOP - 1);
            let work = self.work.load(Ordering::Relaxed).cast::<&(dyn Fn(usize) + Sync)>();
            // SAFETY: `share` stored the address of a reference that it holds until `close` has found nobody inside. This
            // worker entered while the board was open and leaves below, after the last use; entering synchronises with
            // the store that opened the board, so the address is that of this loop. The work is `Sync`.
            let work = unsafe { *work };
            self.take(self.count.load(Ordering::Relaxed), work);
            // The last use of the loop: what its blocks wrote is published to the poster.
            self.board.0.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits until the board shows an open loop other than the one seen last, or the end.
    fn watch(&self, seen: u64) -> u64 {
        let spin = if self.crowded { SHORT_SPIN } else { SPIN };
        loop {
            let start = Instant::now();
            loop {
                for _ in 0..LOOKS {
                    let board = self.board.0.load(Ordering::Relaxed);
                    if news(board, seen) {
                        return board;
                    }
                    hint::spin_loop();
                }
                if start.elapsed() > spin {
                    break;
                }
                if self.crowded {
                    thread::yield_now();
                }
            }
            self.sleep(seen);
        }
    }

    /// Sleeps until called, unless the board has news.
    fn sleep(&self, seen: u64) {
        let mut beds = lock(&self.beds);
        beds.sleeping += 1;
        self.sleeping.store(beds.sleeping, Ordering::SeqCst);
        if news(self.board.0.load(Ordering::SeqCst), seen) {
            beds.sleeping -= 1;
            self.sleeping.store(beds.sleeping, Ordering::SeqCst);
            return;
        }
        while beds.called == 0 {
            beds = self.bell.wait(beds).unwrap_or_else(PoisonError::into_inner);
        }
        beds.called -= 1;
    }
}

/// Whether a board shows an open loop other than the one seen last, or the end.
fn news(board: u64, seen: u64) -> bool {
    board & ENDING != 0 || (board & OPEN != 0 && board & !(LOOP - 1) != seen)
}

/// Locks; nothing that holds a lock can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
