//! How often two items are liked together, weighted by user, and the best partners of each item.
//!
//! ```text
//! value(i, j) = own(i) * sum over users who like both of weight(u) / (scale(i) other(j) + shrink)
//! ```
//!
//! Each item's users are gone through, and what else these like is added up in an array with a place for each item, in the
//! order of the users: `O(sum over users of n_u^2)` additions. Time: that and a look at the array or, where few places
//! are touched, at those. Memory: the events twice more, an array a thread and the partners kept. Items have their places in
//! the order of their numbers of users: most additions meet the part of the array that stays in the first cache.

use super::item_weights::Line;
use crate::{Error, Progress, Result, Sparse};
use rayon::prelude::*;
use ronghe_cpu::SparseRows;
use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Items that a thread takes at a time.
const ITEMS: usize = 32;
/// Places of the array that are looked at together.
const LANES: usize = 16;
/// Places of the array for each addition up to which all of them are looked at: that is a straight loop.
const SPARSE: usize = 8;

/// The parts of the value of two items.
pub(super) struct Values {
    /// Of each user; above 0, or 0 for one who does not count.
    pub(super) weight: Vec<f32>,
    /// Of the item whose partners are looked for.
    pub(super) own: Vec<f32>,
    pub(super) scale: Vec<f32>,
    /// Of the partner.
    pub(super) other: Vec<f32>,
    pub(super) shrink: f32,
    /// Whether an item takes a place among its own partners where its value is high enough; it is not given all the same.
    pub(super) itself: bool,
}

/// The `k` partners of highest value of each item, itself not among them; of equal values the lower number stays.
pub(super) fn best(liked: &Sparse, values: &Values, k: usize, progress: Progress<'_>) -> Result<Vec<Line>> {
    let of_items = liked.to_csc();
    let items = rows(&of_items);
    let mut item_at: Vec<u32> = (0..liked.cols() as u32).collect();
    item_at.sort_unstable_by_key(|&item| (Reverse(items.get(item as usize).len()), item));
    let mut place_of = vec![0; item_at.len()];
    (0..).zip(&item_at).for_each(|(place, &item)| place_of[item as usize] = place);
    let places: Vec<u32> = liked.indices().iter().map(|&item| place_of[item as usize]).collect();
    let users = SparseRows { places: &places, ..rows(liked) };
    let others: Vec<f32> = item_at.iter().map(|&item| values.other[item as usize]).collect();
    let state = || (vec![0.0f32; liked.cols()], vec![0u32; liked.cols() + 1], Best::new(k));
    lines(liked.cols(), progress, state, |(sums, touched, best), item| {
        let fans = items.get(item);
        let additions: usize = fans.iter().map(|&u| users.get(u as usize).len()).sum();
        let (own, scale) = (values.own[item], values.scale[item]);
        let value = |sum: f32, other: f32| own * sum / (scale * other + values.shrink);
        if additions * SPARSE >= sums.len() {
            users.add(fans, &values.weight, sums);
            if !values.itself {
                sums[place_of[item] as usize] = 0.0;
            }
            let groups = sums.chunks(LANES).zip(others.chunks(LANES)).zip(item_at.chunks(LANES));
            for ((sums, others), items) in groups {
                let mut found = [0.0; LANES];
                found.iter_mut().zip(sums).zip(others).for_each(|((v, s), o)| *v = value(*s, *o));
                let high = found.map(|v| u32::from(v >= best.least));
                let mut high = (0..).zip(high).fold(0u32, |bits, (lane, bit)| bits | bit << lane);
                while high != 0 {
                    let lane = high.trailing_zeros() as usize;
                    high &= high - 1;
                    best.offer(items[lane], found[lane]);
                }
            }
            sums.fill(0.0);
        } else {
            let mut count = 0;
            for &user in fans {
                let weight = values.weight[user as usize];
                for &place in users.get(user as usize).iter().filter(|_| weight > 0.0) {
                    let sum = &mut sums[place as usize];
                    // Written in any case, and kept where it is new: without a branch that cannot be foreseen.
                    touched[count] = place;
                    count += usize::from(*sum == 0.0);
                    *sum += weight;
                }
            }
            for &place in &touched[..count] {
                let (sum, partner) = (std::mem::take(&mut sums[place as usize]), item_at[place as usize]);
                if values.itself || partner as usize != item {
                    best.offer(partner, value(sum, others[place as usize]));
                }
            }
        }
        let mut line = best.take();
        line.retain(|(partner, _)| *partner as usize != item);
        line
    })
}

/// Number of users who like each item.
pub(super) fn counts(liked: &Sparse) -> Vec<f64> {
    let mut counts = vec![0.0; liked.cols()];
    liked.indices().iter().for_each(|&item| counts[item as usize] += 1.0);
    counts
}

/// Computes a line for each item on all threads, each thread with a `state`.
pub(super) fn lines<S>(
    items: usize,
    progress: Progress<'_>,
    state: impl Fn() -> S + Sync + Send,
    line: impl Fn(&mut S, usize) -> Line + Sync + Send,
) -> Result<Vec<Line>> {
    let done = AtomicUsize::new(0);
    let parts = (0..items.div_ceil(ITEMS)).into_par_iter().map_init(state, |state, part| {
        let range = part * ITEMS..items.min((part + 1) * ITEMS);
        let made: Vec<Line> = range.map(|item| line(state, item)).collect();
        let done = done.fetch_add(made.len(), Ordering::Relaxed) + made.len();
        if progress(done, items) { Ok(made) } else { Err(Error::Stopped) }
    });
    let parts: Result<Vec<Vec<Line>>> = parts.collect();
    Ok(parts?.into_iter().flatten().collect())
}

/// The rows of a compressed matrix, or its columns where these are compressed.
pub(super) fn rows(matrix: &Sparse) -> SparseRows<'_> {
    SparseRows { starts: matrix.indptr().into_raw_storage(), places: matrix.indices() }
}

/// The `k` best of many values above 0.
struct Best {
    k: usize,
    /// The bits of a value (above 0 they are in its order) and the complement of the item: higher is better.
    kept: Vec<u64>,
    /// What is lower, or as high with a higher item, is not among the best.
    floor: u64,
    least: f32,
}

impl Best {
    fn new(k: usize) -> Best {
        Best { k, kept: Vec::new(), floor: 0, least: f32::MIN_POSITIVE }
    }

    #[inline]
    fn offer(&mut self, item: u32, value: f32) {
        let key = u64::from(value.to_bits()) << 32 | u64::from(!item);
        if !(value >= self.least && key > self.floor) {
            return;
        }
        self.kept.push(key);
        if self.kept.len() == 2 * self.k + LANES {
            self.cut();
        }
    }

    /// Forgets all but the best `k`.
    fn cut(&mut self) {
        if self.kept.len() > self.k {
            self.kept.select_nth_unstable_by_key(self.k - 1, |&key| Reverse(key));
            self.kept.truncate(self.k);
            self.floor = self.kept[self.k - 1];
            self.least = f32::from_bits((self.floor >> 32) as u32);
        }
    }

    /// The best by item; none are left.
    fn take(&mut self) -> Line {
        self.cut();
        let pair = |&key: &u64| (!(key as u32), f32::from_bits((key >> 32) as u32));
        let mut line: Line = self.kept.iter().map(pair).collect();
        line.sort_unstable_by_key(|(item, _)| *item);
        self.kept.clear();
        (self.floor, self.least) = (0, f32::MIN_POSITIVE);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::planted;
    use proptest::prelude::*;

    fn plain(liked: &Sparse, values: &Values, k: usize) -> Vec<Line> {
        let rows: Vec<Vec<u32>> = liked.outer_iterator().map(|row| row.indices().to_vec()).collect();
        let line = |i: u32| {
            let mut all: Line = Vec::new();
            for j in (0..liked.cols() as u32).filter(|&j| values.itself || j != i) {
                let mut sum = 0.0f32;
                for (row, weight) in rows.iter().zip(&values.weight) {
                    sum += if row.contains(&i) && row.contains(&j) { *weight } else { 0.0 };
                }
                let (i, j) = (i as usize, j as usize);
                let value = values.own[i] * sum / (values.scale[i] * values.other[j] + values.shrink);
                if value > 0.0 {
                    all.push((j as u32, value));
                }
            }
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            all.truncate(k);
            all.retain(|(j, _)| *j != i);
            all.sort_by_key(|(j, _)| *j);
            all
        };
        (0..liked.cols() as u32).map(line).collect()
    }

    proptest! {
        #[test]
        fn the_best_of_all_pairs(
            items in 1usize..40,
            users in prop::collection::vec(prop::collection::btree_set(0u32..40, 0..12), 0..60),
            k in 1usize..9,
            shrink in prop_oneof![Just(0.0f32), Just(2.0)],
            itself: bool,
        ) {
            let users: Vec<Vec<u32>> =
                users.into_iter().map(|u| u.into_iter().filter(|&i| (i as usize) < items).collect()).collect();
            let liked = planted::matrix(&users, items);
            let few = |n: usize, of: usize| (0..n).map(|i| (i % of + 1) as f32 / 2.0).collect::<Vec<_>>();
            let values = Values {
                weight: (0..users.len()).map(|u| (u % 4) as f32).collect(),
                own: few(items, 3),
                scale: few(items, 2),
                other: few(items, 4),
                shrink,
                itself,
            };
            let expected = plain(&liked, &values, k);
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let found = pool.install(|| best(&liked, &values, k, &|_, _| true)).unwrap();
                prop_assert_eq!(&found, &expected);
            }
        }
    }

    #[test]
    fn it_stops_when_asked() {
        let stop = lines(100, &|_, _| false, || (), |_, _| Vec::new());
        assert!(matches!(stop, Err(Error::Stopped)));
    }
}
