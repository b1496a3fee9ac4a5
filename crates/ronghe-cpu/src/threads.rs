//! Work cut into blocks and spread over the threads of the pool that the plan runs in.
//!
//! The number of blocks follows from the sizes alone, never from the number of threads, and partial sums are added in
//! block order, so results are bit-identical at any thread count. `cost` is the number of elementary operations
//! (multiplications, exponentials counted tenfold) an item takes; work that would fill less than two blocks stays on the
//! calling thread.

use rayon::prelude::*;
use std::cell::RefCell;
use std::ops::{AddAssign, Range};

/// Operations that make a block worth handing to another thread: some microseconds.
const BLOCK_COST: usize = 1 << 16;
/// Blocks a loop is cut into at most: enough to keep many cores evenly busy.
const MAX_BLOCKS: usize = 64;

/// Number of items in a block, for `items` items of `cost` operations each.
pub(crate) fn block_len(items: usize, cost: usize) -> usize {
    let worth = BLOCK_COST.div_ceil(cost.max(1));
    items.div_ceil(MAX_BLOCKS).max(worth).clamp(1, items.max(1))
}

/// Number of threads that loops here are spread over.
pub(crate) fn count() -> usize {
    rayon::current_num_threads()
}

/// Calls `work(0..count)`, in any order.
pub(crate) fn tasks(count: usize, work: impl Fn(usize) + Sync) {
    match count {
        0 => {}
        1 => work(0),
        _ => (0..count).into_par_iter().for_each(&work),
    }
}

/// Calls `work(first_row, rows)` on blocks of whole rows of `out`, each `width` elements.
pub(crate) fn rows(out: &mut [f32], width: usize, cost: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    if out.is_empty() {
        return;
    }
    let block = block_len(out.len().div_ceil(width.max(1)), cost);
    if block * width >= out.len() {
        return work(0, out);
    }
    out.par_chunks_mut(block * width).enumerate().for_each(|(i, rows)| work(i * block, rows));
}

/// As [`rows`] over two arrays with the same number of rows.
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
    let block = block_len(a.len() / wa.max(1), cost);
    if block * wa >= a.len() {
        return work(0, a, b);
    }
    let pairs = a.par_chunks_mut(block * wa).zip(b.par_chunks_mut(block * wb));
    pairs.enumerate().for_each(|(i, (a, b))| work(i * block, a, b));
}

/// As [`rows`] over three arrays with the same number of rows.
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
    let block = block_len(a.len() / wa.max(1), cost);
    if block * wa >= a.len() {
        return work(0, a, b, c);
    }
    let triples =
        a.par_chunks_mut(block * wa).zip(b.par_chunks_mut(block * wb)).zip(c.par_chunks_mut(block * wc));
    triples.enumerate().for_each(|(i, ((a, b), c))| work(i * block, a, b, c));
}

/// Sums over items: `add(items, partial)` adds its items' share to a zeroed partial result, one a block; the partial
/// results are added to `total` in block order.
pub(crate) fn sum<T: Copy + Default + AddAssign + Send>(
    items: usize,
    cost: usize,
    total: &mut [T],
    add: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    // Partial results cost memory and time to add, so there are fewer blocks than in a plain loop.
    let block = block_len(items, cost).max(items.div_ceil(MAX_BLOCKS / 4)).max(1);
    if block >= items {
        return add(0..items, total);
    }
    let width = total.len().max(1);
    let blocks = items.div_ceil(block);
    let mut partial = vec![T::default(); width * blocks];
    partial.par_chunks_mut(width).enumerate().for_each(|(i, part)| {
        add(i * block..((i + 1) * block).min(items), part);
    });
    for part in partial.chunks(width) {
        total.iter_mut().zip(part).for_each(|(t, &p)| *t += p);
    }
}

/// Lends `work` a buffer of `len` arbitrary elements that this thread keeps for the next time.
pub(crate) fn scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static BUFFERS: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
    }
    // The buffer is taken out while it is lent: `work` may wait for other blocks and run one of them meanwhile.
    let mut buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let made = work(&mut buffer[..len]);
    BUFFERS.with_borrow_mut(|buffers| buffers.push(buffer));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pools() -> [rayon::ThreadPool; 3] {
        [1, 2, 3].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap())
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
