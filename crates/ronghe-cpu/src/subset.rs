//! Sums over many subsets of the same vectors: `out[s] = act(start + sum over p in subset s of vectors[p])`.
//!
//! Vectors are taken in groups of 8; the 256 sums of a group's subsets are computed once (one addition each), and a subset
//! adds one of them a group: `S P U / 8` additions for S subsets, P vectors of U numbers, instead of `S P U / 2` (Arlazarov,
//! Dinic, Kronrod, Faradzev 1970). Where subsets come with their complements, `2 start + all - sum(s)` takes the place of
//! a second sum. Each element has its own order of additions, so thread counts never change a bit.

use crate::CpuExecutor;
use crate::kernels::elementwise::with_act;
use crate::kernels::lanes::Lanes;
use crate::kernels::{math, multiversion};
use crate::threads;
use ronghe_graph::{Act, Error, Result};

/// Numbers of a vector that are summed at a time: they stay in registers.
const SLICE: usize = 32;
/// Vectors in a group.
const GROUP: usize = 8;
/// Sums of a group.
const SUMS: usize = 1 << GROUP;
/// Groups whose sums are at hand at once: 512 KiB.
const GROUPS: usize = 16;
/// Most subsets for which a thread computes the sums of the groups anew.
const CHUNK: usize = 1024;

type Slice = [f32; SLICE];

/// Which subsets of which vectors.
#[derive(Debug, Clone, Copy)]
pub struct SubsetSums<'a> {
    /// What every sum starts from, `[U]`.
    pub start: &'a [f32],
    /// `[P, U]`
    pub vectors: &'a [f32],
    /// For each vector, a bit a subset: whether it is in it (subset `s` is bit `s % 64` of word `s / 64`).
    pub members: &'a [&'a [u64]],
    /// The subsets whose sums are wanted, ascending, S of them.
    pub chosen: &'a [u32],
    /// Whether each subset's sum is followed by that of its complement.
    pub mirrored: bool,
    /// Applied to each sum.
    pub act: Act,
}

impl CpuExecutor {
    /// Computes the sums on the executor's threads: `out[S, U]`, or `[2 S, U]` where mirrored.
    pub fn subset_sums(&self, of: &SubsetSums<'_>, out: &mut [f32]) -> Result<()> {
        let units = of.start.len();
        let rows = if of.mirrored { 2 } else { 1 };
        let subsets = of.chosen.last().map_or(0, |&last| last as usize + 1);
        let words = subsets.div_ceil(64);
        let sizes = [
            ("vectors", of.vectors.len(), of.members.len() * units),
            ("members", of.members.iter().map(|m| m.len()).min().unwrap_or(words).min(words), words),
            ("out", out.len(), of.chosen.len() * units * rows),
            (
                "ascending subsets",
                of.chosen.windows(2).filter(|w| w[0] < w[1]).count(),
                of.chosen.len().max(1) - 1,
            ),
        ];
        if let Some((name, found, expected)) =
            sizes.into_iter().find(|(_, found, expected)| found != expected)
        {
            return Err(Error::Shape {
                op: "subset sums",
                expected: format!("{expected} {name}"),
                found: found.to_string(),
            });
        }
        if units == 0 || of.chosen.is_empty() {
            return Ok(());
        }
        let all = total(of, units);
        // Chunks of one size, an even number of them.
        let chunks = of.chosen.len().div_ceil(CHUNK).next_multiple_of(2);
        let chunk = of.chosen.len().div_ceil(chunks);
        self.install(|| {
            threads::rows(out, chunk * rows * units, usize::MAX, |first, out| {
                sums(of, first * chunk, &all, out);
            });
        })
    }
}

/// `2 start + all vectors`: a sum and its complement's add up to it.
fn total(of: &SubsetSums<'_>, units: usize) -> Vec<f32> {
    let mut all: Vec<f32> = of.start.iter().map(|v| 2.0 * v).collect();
    for vector in of.vectors.chunks_exact(units) {
        all.iter_mut().zip(vector).for_each(|(a, v)| *a += v);
    }
    all
}

/// The sums of the chosen subsets from the `first` one on, as many as `out` holds.
fn sums(of: &SubsetSums<'_>, first: usize, all: &[f32], out: &mut [f32]) {
    let units = of.start.len();
    let rows = if of.mirrored { 2 } else { 1 };
    let chosen = &of.chosen[first..first + out.len() / units / rows];
    let groups = of.members.len().div_ceil(GROUP);
    // From a whole word of the members on.
    let start = chosen[0] as usize / 64 * 64;
    let span = chosen[chosen.len() - 1] as usize + 1 - start;
    let codes = codes(of, start, span, groups);
    let places: Vec<u32> = chosen.iter().map(|s| s - start as u32).collect();
    let tables = GROUPS.min(groups) * SUMS;
    threads::scratch((tables + chosen.len()) * SLICE, |room| {
        let (room, _) = room.as_chunks_mut::<SLICE>();
        let (tables, partial) = room.split_at_mut(tables);
        for at in (0..units).step_by(SLICE) {
            let width = SLICE.min(units - at);
            let mut from = [0.0; SLICE];
            from[..width].copy_from_slice(&of.start[at..at + width]);
            partial.fill(from);
            for block in (0..groups).step_by(GROUPS) {
                let here = GROUPS.min(groups - block);
                for (g, table) in tables.chunks_exact_mut(SUMS).take(here).enumerate() {
                    let from = (block + g) * GROUP;
                    let players = GROUP.min(of.members.len() - from);
                    fill(&of.vectors[from * units..(from + players) * units], units, at, width, table);
                }
                let codes = &codes[block * span..(block + here) * span];
                add(&tables[..here * SUMS], codes, &places, partial);
            }
            let all = of.mirrored.then_some(&all[at..at + width]);
            write(of.act, partial, all, at, width, units, out);
        }
    });
}

/// `subsets` subsets from `first` on, by group of players, as numbers, `[groups][subsets]`: 64 subsets of 8 players are eight 8 x 8 matrices of
/// bits to be transposed.
fn codes(of: &SubsetSums<'_>, first: usize, subsets: usize, groups: usize) -> Vec<u8> {
    let mut codes = vec![0; groups * subsets];
    for (group, codes) in codes.chunks_exact_mut(subsets.max(1)).enumerate() {
        let members = &of.members[group * GROUP..of.members.len().min((group + 1) * GROUP)];
        for (word, codes) in codes.chunks_mut(64).enumerate() {
            let word = first / 64 + word;
            for (byte, codes) in codes.chunks_mut(8).enumerate() {
                let mut matrix = 0;
                for (p, member) in members.iter().enumerate() {
                    matrix |= u64::from(member[word].to_le_bytes()[byte]) << (8 * p);
                }
                let turned = transpose(matrix).to_le_bytes();
                codes.copy_from_slice(&turned[..codes.len()]);
            }
        }
    }
    codes
}

/// An 8 x 8 matrix of bits turned over: bit `8 i + j` goes to `8 j + i` (Warren, Hacker's Delight, 7-3).
fn transpose(x: u64) -> u64 {
    let swap = |x: u64, by: u32, mask: u64| {
        let t = (x ^ (x >> by)) & mask;
        x ^ t ^ (t << by)
    };
    let x = swap(x, 7, 0x00aa_00aa_00aa_00aa);
    let x = swap(x, 14, 0x0000_cccc_0000_cccc);
    swap(x, 28, 0x0000_0000_f0f0_f0f0)
}

/// The sums of all subsets of a group's vectors, each from one with a member less.
fn fill(vectors: &[f32], units: usize, at: usize, width: usize, table: &mut [Slice]) {
    table[0] = [0.0; SLICE];
    for (p, vector) in vectors.chunks_exact(units).enumerate() {
        let mut own = [0.0; SLICE];
        own[..width].copy_from_slice(&vector[at..at + width]);
        let (known, new) = table.split_at_mut(1 << p);
        extend(known, &own, new);
    }
}

multiversion! {
    /// `new[s] = known[s] + own`
    #[allow(unsafe_code)]
    fn extend[S: Set](known: &[Slice], own: &Slice, new: &mut [Slice]) {
        let len = <S::Wide as Lanes>::LEN;
        for (new, known) in new.iter_mut().zip(known) {
            for at in (0..SLICE).step_by(len) {
                // SAFETY: `at + len` is at most SLICE, a multiple of a register.
                unsafe {
                    let own = S::Wide::load(own.as_ptr().add(at));
                    S::Wide::load(known.as_ptr().add(at)).add(own).store(new.as_mut_ptr().add(at));
                }
            }
        }
    }
}

/// Subsets summed side by side: enough sums under way to hide the time that an addition takes.
const TOGETHER: usize = 4;

multiversion! {
    /// `partial[i] += sum over groups of the table's entry for the code of subset places[i]`
    #[allow(unsafe_code)]
    fn add[S: Set](tables: &[Slice], codes: &[u8], places: &[u32], partial: &mut [Slice]) {
        let (subsets, groups) = (partial.len(), tables.len() / SUMS);
        assert!(places.len() == subsets);
        let span = codes.len() / groups.max(1);
        let len = <S::Wide as Lanes>::LEN;
        let (from, to) = (tables.as_ptr().cast::<f32>(), partial.as_mut_ptr().cast::<f32>());
        for s in (0..subsets).step_by(TOGETHER) {
            // Of the last few there may be less: what is left over is summed for nothing.
            let together = TOGETHER.min(subsets - s);
            for at in (0..SLICE).step_by(2 * len) {
                // SAFETY: `s + i` is below the number of partial sums and `at + 2 len` at most their length, for SLICE is a
                // multiple of two registers; a code is below SUMS, so that its entry lies within the group's table.
                unsafe {
                    let mut sum = [(S::Wide::splat(0.0), S::Wide::splat(0.0)); TOGETHER];
                    for (i, sum) in sum.iter_mut().enumerate().take(together) {
                        let partial = to.add((s + i) * SLICE + at);
                        *sum = (S::Wide::load(partial), S::Wide::load(partial.add(len)));
                    }
                    for g in 0..groups {
                        for (i, sum) in sum.iter_mut().enumerate() {
                            let place = places[(s + i).min(subsets - 1)] as usize;
                            let code = usize::from(codes[g * span + place]);
                            let entry = from.add((g * SUMS + code) * SLICE + at);
                            *sum = (sum.0.add(S::Wide::load(entry)), sum.1.add(S::Wide::load(entry.add(len))));
                        }
                    }
                    for (i, sum) in sum.iter().enumerate().take(together) {
                        let partial = to.add((s + i) * SLICE + at);
                        sum.0.store(partial);
                        sum.1.store(partial.add(len));
                    }
                }
            }
        }
    }
}

multiversion! {
    /// Columns `at..at + width` of the rows of the subsets and, where `all` is given, of their complements after each.
    fn write(
        act: Act,
        partial: &[Slice],
        all: Option<&[f32]>,
        at: usize,
        width: usize,
        units: usize,
        out: &mut [f32],
    ) {
        let row = if all.is_some() { 2 * units } else { units };
        with_act!(act, K, for (row, partial) in out.chunks_exact_mut(row).zip(partial) {
            let partial = &partial[..width];
            for (y, p) in row[at..at + width].iter_mut().zip(partial) {
                *y = math::act(K, *p);
            }
            if let Some(all) = all {
                for ((y, all), p) in row[units + at..units + at + width].iter_mut().zip(all).zip(partial) {
                    *y = math::act(K, all - p);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(of: &SubsetSums<'_>) -> Vec<f32> {
        let units = of.start.len();
        let mut out = Vec::new();
        for &s in of.chosen {
            let s = s as usize;
            for side in 0..if of.mirrored { 2 } else { 1 } {
                for u in 0..units {
                    let chosen = |p: &usize| (of.members[*p][s / 64] >> (s % 64) & 1) ^ side == 1;
                    let sum: f64 = (0..of.members.len())
                        .filter(chosen)
                        .map(|p| f64::from(of.vectors[p * units + u]))
                        .sum();
                    let sum = (sum + f64::from(of.start[u])) as f32;
                    out.push(if of.act == Act::Relu { sum.max(0.0) } else { sum });
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn as_one_by_one(players in 0_usize..150, units in 1_usize..70, subsets in 1_usize..1100, mirrored: bool, seed: u64) {
            let mut state = seed | 1;
            let mut next = || { state ^= state << 13; state ^= state >> 7; state ^= state << 17; state };
            let words: Vec<Vec<u64>> = (0..players).map(|_| (0..subsets.div_ceil(64)).map(|_| next()).collect()).collect();
            let members: Vec<&[u64]> = words.iter().map(Vec::as_slice).collect();
            let mut number = || (next() % 2000) as f32 / 1000.0 - 1.0;
            let start: Vec<f32> = (0..units).map(|_| number()).collect();
            let vectors: Vec<f32> = (0..players * units).map(|_| number()).collect();
            let chosen: Vec<u32> = (0..subsets as u32).filter(|s| s % 3 != 1 || seed % 4 > 1).collect();
            let of = SubsetSums { start: &start, vectors: &vectors, members: &members, chosen: &chosen, mirrored, act: if seed % 2 == 0 { Act::Relu } else { Act::Identity } };
            let expected = plain(&of);
            let mut one = vec![0.0; expected.len()];
            let mut three = one.clone();
            CpuExecutor::new(1).subset_sums(&of, &mut one)?;
            CpuExecutor::new(3).subset_sums(&of, &mut three)?;
            prop_assert_eq!(&one, &three);
            for (found, expected) in one.iter().zip(&expected) {
                prop_assert!((found - expected).abs() < 1e-4, "{} {}", found, expected);
            }
        }
    }

    #[test]
    fn a_wrong_size_is_an_error() {
        let of = SubsetSums {
            start: &[0.0],
            vectors: &[1.0],
            members: &[&[1]],
            chosen: &[0],
            mirrored: false,
            act: Act::Identity,
        };
        assert!(CpuExecutor::new(1).subset_sums(&of, &mut [0.0; 2]).is_err());
        let mut out = [0.0];
        CpuExecutor::new(1).subset_sums(&of, &mut out).unwrap();
        assert_eq!(out, [1.0]);
    }
}
