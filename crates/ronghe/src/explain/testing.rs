//! Games with known values, for the tests of this folder.

use super::{Coalition, Game, Gradual, Values};
use crate::Result;

type Value = Box<dyn Fn(u64) -> f64 + Send + Sync>;

/// A game given by functions of the coalition's bits, one an output.
pub(super) struct Table {
    players: usize,
    values: Vec<Value>,
}

impl Table {
    pub(super) fn of(players: usize, value: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Table {
        Table { players, values: vec![Box::new(value)] }
    }

    pub(super) fn many(players: usize, values: Vec<Value>) -> Table {
        Table { players, values }
    }
}

impl Game for Table {
    fn players(&self) -> usize {
        self.players
    }

    fn outputs(&self) -> usize {
        self.values.len()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let bits = coalitions.iter().map(|c| c.iter().map(|p| 1_u64 << p).sum::<u64>());
        let data = bits.flat_map(|s| self.values.iter().map(move |v| v(s))).collect();
        Values::new(data, coalitions.len(), self.values.len())
    }
}

/// A game between coalitions: on way w, `u_w(a) = sum of worth_p a_p + product * a_0 a_1 + bend_w * sqrt(0.01 + sum of a)`.
pub(super) struct Smooth {
    pub(super) worth: Vec<f64>,
    pub(super) product: f64,
    pub(super) bend: Vec<f64>,
}

impl Smooth {
    fn at(&self, way: usize, degree: &dyn Fn(usize) -> f64) -> f64 {
        let n = self.worth.len();
        let linear: f64 = (0..n).map(|p| self.worth[p] * degree(p)).sum();
        let total: f64 = (0..n).map(degree).sum();
        linear + self.product * degree(0) * degree(1) + self.bend[way] * (0.01 + total).sqrt()
    }
}

impl Game for Smooth {
    fn players(&self) -> usize {
        self.worth.len()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let value = |c: &Coalition| {
            let degree = |p: usize| f64::from(u8::from(c.contains(p)));
            (0..self.bend.len()).map(|w| self.at(w, &degree)).sum::<f64>() / self.bend.len() as f64
        };
        Values::new(coalitions.iter().map(value).collect(), coalitions.len(), 1)
    }

    fn gradual(&self) -> Option<Box<dyn Gradual + '_>> {
        Some(Box::new(Diagonal(self)))
    }
}

struct Diagonal<'a>(&'a Smooth);

impl Gradual for Diagonal<'_> {
    fn ways(&self) -> usize {
        self.0.bend.len()
    }

    fn rises(&self) -> Result<Vec<f64>> {
        Ok((0..self.ways()).map(|w| self.0.at(w, &|_| 1.0) - self.0.at(w, &|_| 0.0)).collect())
    }

    fn slopes(&self, points: &[(usize, f64)]) -> Result<Vec<f64>> {
        let n = self.0.worth.len();
        let one = |&(w, t): &(usize, f64)| {
            let bent = self.0.bend[w] * 0.5 / (0.01 + n as f64 * t).sqrt();
            (0..n).map(move |p| self.0.worth[p] + bent + if p < 2 { self.0.product * t } else { 0.0 })
        };
        Ok(points.iter().flat_map(one).collect())
    }
}

/// A name, and the game of so many players under a seed.
pub(super) type Kind = (&'static str, fn(usize, u64) -> Value);

/// Kinds of games.
pub(super) static KINDS: &[Kind] = &[
    ("noisy", |n, seed| {
        let shares = numbers(n, seed);
        Box::new(move |s| present(s, n).map(|p| shares[p]).sum::<f64>() + 0.1 * rough(s, seed))
    }),
    ("rough", |_, seed| Box::new(move |s| rough(s, seed))),
    ("cliques", |n, seed| {
        let members = numbers(4 * n, seed);
        let worth = numbers(n, seed + 1000);
        let at = move |k: usize| ((members[k] + 1.0) / 2.0 * n as f64) as u64 % n as u64;
        let cliques: Vec<u64> =
            (0..n).map(|c| (0..2 + c % 3).fold(0, |set, k| set | 1 << at(4 * c + k))).collect();
        Box::new(move |s| {
            let whole = cliques.iter().zip(&worth).filter(|(c, _)| s & **c == **c);
            whole.map(|(_, w)| w).sum::<f64>() + present(s, n).map(|p| 0.3 * worth[p]).sum::<f64>()
        })
    }),
    ("thresholds", |n, seed| {
        let weights = numbers(14 * n, seed);
        Box::new(move |s| {
            let unit = |h: usize| {
                let sum: f64 = present(s, n).map(|p| weights[h * n + p]).sum();
                weights[12 * n + h]
                    / (1.0 + (-4.0 * (3.0 * sum / (n as f64).sqrt() - weights[13 * n - h])).exp())
            };
            (0..12).map(unit).sum()
        })
    }),
    ("tabular net", |n, seed| {
        let (hidden, rows) = (12, 6);
        let weights = numbers(hidden * n + hidden, seed);
        let cells = numbers((rows + 1) * n, seed + 1000);
        Box::new(move |s| {
            let output = |row: usize| {
                let cell = |p: usize| cells[if s >> p & 1 == 1 { p } else { (1 + row) * n + p }];
                let unit = |h: usize| {
                    let sum: f64 = (0..n).map(|p| weights[h * n + p] * cell(p)).sum();
                    (3.0 * sum / (n as f64).sqrt() + 0.2 * weights[hidden * n + h]).max(0.0)
                };
                let sum: f64 = (0..hidden).map(|h| unit(h) * weights[hidden * n + hidden - 1 - h]).sum();
                1.0 / (1.0 + (-2.0 * sum).exp())
            };
            (0..rows).map(output).sum::<f64>() / rows as f64
        })
    }),
];

/// Classic games with steps: who decides a vote, pays for a runway or holds the scarce glove is alone in it, and most others' arrivals
/// change nothing. Samples of them are equal long before they have seen what there is.
pub(super) static CLASSIC: &[Kind] = &[
    // A weighted majority: v = 1 from the quota (half to two thirds of the weights) on.
    ("voting", |n, seed| {
        let weights: Vec<f64> =
            numbers(n, seed).iter().map(|w| (4.0 * (w + 1.0)).powi(2).ceil() + 1.0).collect();
        let quota = weights.iter().sum::<f64>() * if seed % 2 == 0 { 0.5 } else { 2.0 / 3.0 };
        Box::new(move |s| f64::from(u8::from(present(s, n).map(|p| weights[p]).sum::<f64>() > quota)))
    }),
    // A runway as long as the largest of those who come needs.
    ("airport", |n, seed| {
        let costs = airport(n, seed);
        Box::new(move |s| present(s, n).map(|p| costs[p]).fold(0.0, f64::max))
    }),
    // Pairs of gloves: the first players, a quarter to a half, hold left ones.
    ("glove", |n, seed| {
        let left = (1_u64 << (n / 4 + seed as usize % 3)) - 1;
        Box::new(move |s| f64::from((s & left).count_ones().min((s & !left).count_ones())))
    }),
    // One left glove.
    ("one glove", |_, _| Box::new(move |s| f64::from(u8::from(s & 1 == 1 && s > 1)))),
];

/// What each player's runway costs.
pub(super) fn airport(players: usize, seed: u64) -> Vec<f64> {
    numbers(players, seed).iter().map(|c| (5.0 * (c + 1.0)).ceil()).collect()
}

fn present(coalition: u64, players: usize) -> impl Iterator<Item = usize> {
    (0..players).filter(move |p| coalition >> p & 1 == 1)
}

/// Numbers between -1 and 1.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    (0..count as u64).map(|k| 2.0 * rough(k * 31 + 7, seed * 64 + 17) - 1.0).collect()
}

/// Single players and pairs only.
pub(super) fn pairwise(coalition: u64) -> f64 {
    let present: Vec<u64> = (0..64).filter(|p| coalition >> p & 1 == 1).collect();
    let singles: f64 = present.iter().map(|&p| (p as f64).sin()).sum();
    let pairs: f64 =
        present.iter().flat_map(|&p| present.iter().map(move |&q| ((p * 7 + q * 3) as f64).cos())).sum();
    singles + pairs
}

/// A value that depends on the coalition in every possible way.
pub(super) fn rough(coalition: u64, seed: u64) -> f64 {
    let mixed = (coalition + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ (seed << 7)).rotate_left(29);
    let mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}
