//! Work cut into blocks and spread over the threads of the pool that the plan runs in.
//!
//! - [`pool`]: the threads, and [`tasks`], a loop over blocks
//! - here: loops over the rows of arrays, sums, buffers
//!
//! The number of blocks follows from the sizes alone, never from the number of threads, and partial sums are added in
//! block order, so results are bit-identical at any thread count. `cost` is the number of elementary operations
//! (multiplications, exponentials counted tenfold) an item takes; an operation takes 0.03 ns where the numbers are in
//! registers and 0.1 to 0.2 ns where they come from a cache or memory. A loop too short to gain from a hand-over stays
//! on the calling thread: two threads gain from about 2 microseconds on (`cargo bench --bench threads`).

mod pool;
#[cfg(test)]
mod stress;

pub(crate) use pool::{Pool, count, tasks};

use crate::buffer::Buffer;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{AddAssign, Range};

/// Operations from which on a loop is shared: 1 to 5 microseconds.
const LOOP_COST: usize = 1 << 15;
/// Operations a block has at least, so that taking it costs little beside it.
const BLOCK_COST: usize = 1 << 13;
/// Blocks a loop is cut into at most: enough to keep many cores evenly busy.
const MAX_BLOCKS: usize = 64;
/// Operations an element of a partial sum costs: it is cleared, written, read and added.
const PARTIAL_COST: usize = 4;

/// Number of items in a block of at least `least` operations, for `items` items of `cost` operations each.
fn block_len(items: usize, cost: usize, least: usize) -> usize {
    if items.saturating_mul(cost) < LOOP_COST {
        return items.max(1);
    }
    let worth = least.div_ceil(cost.max(1));
    items.div_ceil(MAX_BLOCKS).max(worth).clamp(1, items.max(1))
}

/// An array handed out in blocks of `step` elements, the last one shorter.
struct Blocks<'a, T> {
    start: *mut T,
    len: usize,
    step: usize,
    array: PhantomData<&'a mut [T]>,
}

// SAFETY: it gives each block to one thread (see `get`), and elements may go to another thread.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Blocks<'_, T> {}

impl<'a, T> Blocks<'a, T> {
    fn new(array: &'a mut [T], step: usize) -> Blocks<'a, T> {
        Blocks { start: array.as_mut_ptr(), len: array.len(), step: step.max(1), array: PhantomData }
    }

    fn count(&self) -> usize {
        self.len.div_ceil(self.step)
    }

    /// # Safety
    /// No block may be asked for twice.
    #[allow(unsafe_code)]
    unsafe fn get(&self, block: usize) -> &'a mut [T] {
        let from = block.saturating_mul(self.step).min(self.len);
        let len = self.step.min(self.len - from);
        // SAFETY: the range lies within the array, which is borrowed for 'a; blocks do not overlap, and the caller
        // promises that this one is asked for once.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}

/// Calls `work(0), .. work(count - 1)`, each once, in any order; short ones in blocks.
pub(crate) fn units(count: usize, cost: usize, work: impl Fn(usize) + Sync) {
    let block = block_len(count, cost, BLOCK_COST);
    tasks(count.div_ceil(block), |i| (i * block..count.min((i + 1) * block)).for_each(&work));
}

/// Calls `work(first_row, rows)` on blocks of whole rows of `out`, each `width` elements.
#[allow(unsafe_code)]
pub(crate) fn rows(out: &mut [f32], width: usize, cost: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    if out.is_empty() {
        return;
    }
    let block = block_len(out.len().div_ceil(width.max(1)), cost, BLOCK_COST);
    if block * width >= out.len() {
        return work(0, out);
    }
    let out = Blocks::new(out, block * width);
    // SAFETY: `tasks` calls with each number once.
    tasks(out.count(), |i| work(i * block, unsafe { out.get(i) }));
}

/// As [`rows`] over two arrays with the same number of rows.
#[allow(unsafe_code)]
pub(crate) fn rows2(
    a: (&mut [f32], usize),
    b: (&mut [f32], usize),
    cost: usize,
    work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
) {
    let ((a, wa), (b, wb)) = (a, b);
    if a.is_empty() || b.is_empty() {
        return;
    }
    let block = block_len(a.len() / wa.max(1), cost, BLOCK_COST);
    if block * wa >= a.len() {
        return work(0, a, b);
    }
    let (a, b) = (Blocks::new(a, block * wa), Blocks::new(b, block * wb));
    // SAFETY: `tasks` calls with each number once.
    tasks(a.count(), |i| unsafe { work(i * block, a.get(i), b.get(i)) });
}

/// As [`rows`] over three arrays with the same number of rows.
#[allow(unsafe_code)]
pub(crate) fn rows3(
    a: (&mut [f32], usize),
    b: (&mut [f32], usize),
    c: (&mut [f32], usize),
    cost: usize,
    work: impl Fn(usize, &mut [f32], &mut [f32], &mut [f32]) + Sync,
) {
    let ((a, wa), (b, wb), (c, wc)) = (a, b, c);
    if a.is_empty() || b.is_empty() || c.is_empty() {
        return;
    }
    let block = block_len(a.len() / wa.max(1), cost, BLOCK_COST);
    if block * wa >= a.len() {
        return work(0, a, b, c);
    }
    let (a, b, c) = (Blocks::new(a, block * wa), Blocks::new(b, block * wb), Blocks::new(c, block * wc));
    // SAFETY: `tasks` calls with each number once.
    tasks(a.count(), |i| unsafe { work(i * block, a.get(i), b.get(i), c.get(i)) });
}

/// Sums over items: `add(items, partial)` adds its items' share to a zeroed partial result, one a block; the partial
/// results are added to `total` in block order.
#[allow(unsafe_code)]
pub(crate) fn sum<T: Copy + Default + AddAssign + Send>(
    items: usize,
    cost: usize,
    total: &mut [T],
    add: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    let width = total.len().max(1);
    // Partial results cost memory and time to add, so there are fewer and longer blocks than in a plain loop.
    let least = BLOCK_COST.saturating_add(PARTIAL_COST.saturating_mul(width));
    let block = block_len(items, cost, least).max(items.div_ceil(MAX_BLOCKS / 4)).max(1);
    if block >= items {
        return add(0..items, total);
    }
    let mut partial = vec![T::default(); width * items.div_ceil(block)];
    let parts = Blocks::new(&mut partial, width);
    tasks(parts.count(), |i| {
        // SAFETY: `tasks` calls with each number once.
        add(i * block..((i + 1) * block).min(items), unsafe { parts.get(i) });
    });
    for part in partial.chunks(width) {
        total.iter_mut().zip(part).for_each(|(t, &p)| *t += p);
    }
}

/// Lends `work` a buffer of `len` arbitrary elements that this thread keeps for the next time.
pub(crate) fn scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static BUFFERS: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
    }
    // The buffer is taken out while it is lent: `work` may ask for another.
    let mut buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        buffer = Buffer::new(len);
    }
    let made = work(&mut buffer[..len]);
    BUFFERS.with_borrow_mut(|buffers| buffers.push(buffer));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pools() -> [Pool; 3] {
        [1, 2, 3].map(|n| Pool::new(n).unwrap())
    }

    #[test]
    fn sums_do_not_depend_on_threads() {
        let x = crate::testing::numbers(300_000, 7);
        let [a, b, c] = pools().map(|pool| {
            let mut total = [0.0f32];
            pool.install(|| sum(x.len(), 4, &mut total, |range, t| x[range].iter().for_each(|v| t[0] += v)));
            total[0].to_bits()
        });
        assert!(a == b && b == c);
    }

    #[test]
    fn blocks_cover_each_row_once() {
        for pool in pools() {
            for (count, width) in [(0, 3), (1, 1), (7, 5), (10_000, 3)] {
                let (mut a, mut b) = (vec![0.0; count * width], vec![0.0; count]);
                let mut c = b.clone();
                pool.install(|| {
                    rows3((&mut a, width), (&mut b, 1), (&mut c, 1), 1000, |first, a, b, c| {
                        assert_eq!((a.len(), b.len()), (b.len() * width, c.len()));
                        a.iter_mut().enumerate().for_each(|(i, a)| *a += (first * width + i) as f32);
                        b.iter_mut().enumerate().for_each(|(i, b)| *b += (first + i) as f32);
                    });
                });
                assert!(a.iter().enumerate().all(|(i, &a)| a == i as f32));
                assert!(b.iter().enumerate().all(|(i, &b)| b == i as f32));
            }
        }
    }

    #[test]
    fn nested_scratch_buffers_differ() {
        scratch(4, |outer| {
            outer.fill(1.0);
            scratch(4, |inner| inner.fill(2.0));
            assert_eq!(*outer, [1.0; 4]);
        });
    }
}
