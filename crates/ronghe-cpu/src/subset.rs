//! Sums over many subsets of the same vectors: `out[s] = start + sum over p in subset s of vectors[p]`.
//!
//! Vectors are taken in groups of 8; the 256 sums of a group's subsets are computed once (one addition each), and a subset
//! adds one of them a group: `S P U / 8` additions for S subsets, P vectors of U numbers, instead of `S P U / 2` (Arlazarov,
//! Dinic, Kronrod, Faradzev 1970). Where subsets come with their complements, `out[s'] = 2 start + all - out[s]` in place of
//! a second sum. Each element has its own order of additions, so thread counts never change a bit.

use crate::CpuExecutor;
use crate::kernels::multiversion;
use crate::threads;
use ronghe_graph::{Error, Result};

/// Numbers of a vector that are summed at a time: they stay in registers.
const SLICE: usize = 32;
/// Vectors in a group.
const GROUP: usize = 8;
/// Sums of a group.
const SUMS: usize = 1 << GROUP;
/// Groups whose sums are at hand at once: 512 KiB.
const GROUPS: usize = 16;
/// Subsets for which a thread computes the sums of the groups anew.
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
    /// Number of subsets, S.
    pub subsets: usize,
    /// Whether each subset's sum is followed by that of its complement.
    pub mirrored: bool,
}

impl CpuExecutor {
    /// Computes the sums on the executor's threads: `out[S, U]`, or `[2 S, U]` where mirrored.
    pub fn subset_sums(&self, of: &SubsetSums<'_>, out: &mut [f32]) -> Result<()> {
        let units = of.start.len();
        let rows = if of.mirrored { 2 } else { 1 };
        let words = of.subsets.div_ceil(64);
        let sizes = [
            ("vectors", of.vectors.len(), of.members.len() * units),
            ("members", of.members.iter().map(|m| m.len()).min().unwrap_or(words), words),
            ("out", out.len(), of.subsets * units * rows),
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
        if units == 0 || of.subsets == 0 {
            return Ok(());
        }
        let all = total(of, units);
        self.install(|| {
            threads::rows(out, CHUNK * rows * units, usize::MAX, |first, out| {
                sums(of, first * CHUNK, &all, out);
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

/// The sums of the subsets from `first` on, as many as `out` holds.
fn sums(of: &SubsetSums<'_>, first: usize, all: &[f32], out: &mut [f32]) {
    let units = of.start.len();
    let rows = if of.mirrored { 2 } else { 1 };
    let subsets = out.len() / units / rows;
    let groups = of.members.len().div_ceil(GROUP);
    let codes = codes(of, first, subsets, groups);
    let mut tables = vec![[0.0; SLICE]; GROUPS.min(groups) * SUMS];
    let mut partial = vec![[0.0; SLICE]; subsets];
    for at in (0..units).step_by(SLICE) {
        let width = SLICE.min(units - at);
        let mut start = [0.0; SLICE];
        start[..width].copy_from_slice(&of.start[at..at + width]);
        partial.fill(start);
        for block in (0..groups).step_by(GROUPS) {
            let here = GROUPS.min(groups - block);
            for (g, table) in tables.chunks_exact_mut(SUMS).take(here).enumerate() {
                let from = (block + g) * GROUP;
                let players = GROUP.min(of.members.len() - from);
                fill(&of.vectors[from * units..(from + players) * units], units, at, width, table);
            }
            add(&tables, &codes[block * subsets..(block + here) * subsets], &mut partial);
        }
        for (row, partial) in out.chunks_exact_mut(units * rows).zip(&partial) {
            row[at..at + width].copy_from_slice(&partial[..width]);
            if of.mirrored {
                let mirror = row[units + at..].iter_mut().zip(&all[at..at + width]).zip(partial);
                mirror.for_each(|((m, all), p)| *m = all - p);
            }
        }
    }
}

/// The subsets of each group of players as numbers, `[groups][subsets]`: 64 subsets of 8 players are eight 8 x 8 matrices of
/// bits to be transposed.
fn codes(of: &SubsetSums<'_>, first: usize, subsets: usize, groups: usize) -> Vec<u8> {
    let mut codes = vec![0; groups * subsets];
    for (group, codes) in codes.chunks_exact_mut(subsets.max(1)).enumerate() {
        let members = &of.members[group * GROUP..of.members.len().min((group + 1) * GROUP)];
        // Chunks begin at multiples of 64.
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
    fn extend(known: &[Slice], own: &Slice, new: &mut [Slice]) {
        for (new, known) in new.iter_mut().zip(known) {
            for j in 0..SLICE {
                new[j] = known[j] + own[j];
            }
        }
    }
}

multiversion! {
    /// `partial[s] += sum over groups of the table's entry for the subset's code`
    fn add(tables: &[Slice], codes: &[u8], partial: &mut [Slice]) {
        let subsets = partial.len();
        for (s, partial) in partial.iter_mut().enumerate() {
            let mut sum = *partial;
            for (codes, table) in codes.chunks_exact(subsets).zip(tables.chunks_exact(SUMS)) {
                let entry = &table[usize::from(codes[s])];
                for j in 0..SLICE {
                    sum[j] += entry[j];
                }
            }
            *partial = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(of: &SubsetSums<'_>) -> Vec<f32> {
        let units = of.start.len();
        let mut out = Vec::new();
        for s in 0..of.subsets {
            for side in 0..if of.mirrored { 2 } else { 1 } {
                for u in 0..units {
                    let chosen = |p: &usize| (of.members[*p][s / 64] >> (s % 64) & 1) ^ side == 1;
                    let sum: f64 = (0..of.members.len())
                        .filter(chosen)
                        .map(|p| f64::from(of.vectors[p * units + u]))
                        .sum();
                    out.push((sum + f64::from(of.start[u])) as f32);
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
            let of = SubsetSums { start: &start, vectors: &vectors, members: &members, subsets, mirrored };
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
        let of = SubsetSums { start: &[0.0], vectors: &[1.0], members: &[&[1]], subsets: 1, mirrored: false };
        assert!(CpuExecutor::new(1).subset_sums(&of, &mut [0.0; 2]).is_err());
        let mut out = [0.0];
        CpuExecutor::new(1).subset_sums(&of, &mut out).unwrap();
        assert_eq!(out, [1.0]);
    }
}
