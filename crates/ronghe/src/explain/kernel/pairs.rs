//! Which coalitions to evaluate: pairs of a coalition and its complement, each pair once.
//!
//! Leverage scores of the Shapley regression make every size of coalition equally likely, and every coalition of one
//! size. So the next pair comes from the size that has had the fewest (the middle size of an even number of players
//! counts for half, for it holds half as many pairs), drawn without putting back; a size half of which was drawn is
//! finished first. The pairs are a sequence: more budget or a tighter tolerance continues it.
//! Source: Musco and Witter, "Provably accurate Shapley value estimation via leverage score sampling", 2024.

use super::super::Coalition;
use ronghe_stats::random::SplitMix64;
use std::collections::HashSet;

/// The sequence of pairs, by the smaller coalition of each.
pub(super) struct Pairs {
    players: usize,
    draw: SplitMix64,
    sizes: Vec<Size>,
}

struct Size {
    size: usize,
    /// Pairs there are.
    total: u64,
    drawn: u64,
    /// The middle size, whose complements have the same size: player 0 is in each.
    middle: bool,
    /// What was drawn, until half of the size was.
    known: HashSet<Coalition>,
    /// The rest of the size from then on, shuffled.
    rest: Option<Vec<Coalition>>,
}

impl Pairs {
    pub(super) fn new(players: usize, seed: u64) -> Pairs {
        let mut total = 1_u64;
        let sizes = (1..=players / 2)
            .map(|size| {
                // C(n, s) from C(n, s - 1); once it no longer fits, nobody will reach it.
                let next = u128::from(total) * (players - size + 1) as u128 / size as u128;
                total = u64::try_from(next).unwrap_or(u64::MAX);
                let middle = 2 * size == players;
                let total = if middle { total / 2 } else { total };
                Size { size, total, drawn: 0, middle, known: HashSet::new(), rest: None }
            })
            .collect();
        Pairs { players, draw: SplitMix64::new(seed), sizes }
    }

    /// Pairs there are in all.
    pub(super) fn total(&self) -> u64 {
        self.sizes.iter().fold(0, |sum, s| sum.saturating_add(s.total))
    }

    /// Pairs of each size from 1: drawn, and there.
    pub(super) fn counts(&self) -> Vec<(u64, u64)> {
        self.sizes.iter().map(|s| (s.drawn, s.total)).collect()
    }

    /// The next pair; none once all were drawn.
    pub(super) fn next(&mut self) -> Option<Coalition> {
        let open = |s: &&mut Size| s.drawn < s.total;
        let rank = |s: &Size| match s.drawn >= s.total.div_ceil(2) {
            true => (0, 0),
            false => (1, s.drawn * if s.middle { 2 } else { 1 }),
        };
        let chosen = self.sizes.iter_mut().filter(open).min_by_key(|s| rank(s))?;
        chosen.drawn += 1;
        chosen.next(self.players, &mut self.draw)
    }
}

impl Size {
    fn next(&mut self, players: usize, draw: &mut SplitMix64) -> Option<Coalition> {
        if 2 * self.known.len() as u64 >= self.total || self.rest.is_some() {
            let (size, middle, known) = (self.size, self.middle, &mut self.known);
            let rest = self.rest.get_or_insert_with(|| {
                let open = |c: &Coalition| (!middle || c.contains(0)) && !known.contains(c);
                let open: Vec<Coalition> = Coalition::of_size(players, size).filter(open).collect();
                known.clear();
                draw.order(open.len()).into_iter().map(|i| open[i].clone()).collect()
            });
            return rest.pop();
        }
        loop {
            let some = Coalition::of(players, &draw.some(players, self.size));
            let some = if self.middle && !some.contains(0) { some.complement() } else { some };
            if self.known.insert(some.clone()) {
                return Some(some);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn all_pairs_come_once() {
        for n in 2..=9 {
            let mut pairs = Pairs::new(n, 3);
            let drawn: Vec<Coalition> = std::iter::from_fn(|| pairs.next()).collect();
            assert_eq!(drawn.len() as u64, pairs.total());
            let both: BTreeSet<Coalition> = drawn.iter().flat_map(|c| [c.clone(), c.complement()]).collect();
            assert_eq!(both.len(), (1 << n) - 2);
        }
    }

    #[test]
    fn sizes_are_even_and_outer_ones_are_finished() {
        let mut pairs = Pairs::new(10, 1);
        (0..40).for_each(|_| assert!(pairs.next().is_some()));
        let drawn: Vec<u64> = pairs.counts().iter().map(|c| c.0).collect();
        assert_eq!(drawn, [10, 9, 9, 8, 4]);
        let mut many = Pairs::new(784, 1);
        (0..800).for_each(|_| assert!(many.next().is_some()));
        assert!(many.counts().iter().all(|c| (1..=3).contains(&c.0)));
    }
}
