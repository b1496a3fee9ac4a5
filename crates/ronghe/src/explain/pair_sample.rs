//! The Shapley interaction index of all pairs from a sample of coalitions.
//!
//! ```text
//! I_ij = sum over T of v(T) c(t, |T with i, j|) / C(n, t)
//! c(t, 2) = n / (t (t - 1))   c(t, 1) = -n / (t (n - t))   c(t, 0) = n / ((n - t) (n - t - 1))
//! ```
//!
//! v the game, n players, t the size of T: the definition in `interactions`, its terms gathered by coalition, so that each
//! evaluation serves every pair. The smallest and the largest sizes are counted out, as many as half of the budget holds; of the
//! others coalitions are drawn with their complements, a size with a probability q(t) proportional to the root of
//! `1 / (t (t - 1)) + 2 / (t (n - t)) + 1 / ((n - t) (n - t - 1))`, the mean square of c over all pairs, which makes the variance
//! least. A drawn T stands for `c(t, .) v(T) / q(t)`.
//!
//! What makes the sample good is what is taken off v first: a polynomial g of single players and pairs (of single players alone where
//! there are few coalitions for the pairs' terms), fitted by least squares, whose own index is its coefficient. Only the rest v - g is
//! sampled. The drawn coalitions fall into two halves, and each is held against the g of the other: given that g, the mean
//! over a half is unbiased, whatever g is, and its variance is known. The estimate is the mean of both, the standard
//! error that of two independent means; 1.96 of them each way are a 95 % interval.
//!
//! Time: n^2 / 2 an evaluation and output, p^2 for the fit of p terms. Source: the weights of a coalition are those of SHAP-IQ
//! (Fumagalli et al., "SHAP-IQ: unified approximation of any-order Shapley interactions", 2023), counted-out border sizes those of
//! KernelSHAP-IQ (Fumagalli et al. 2024), the two halves are cross-fitting (Chernozhukov et al. 2018).

use super::{Coalition, Game, Options, Pair};
use crate::{Error, Result};
use ronghe_stats::linalg::Cholesky;
use ronghe_stats::random::SplitMix64;

/// Drawn pairs of coalitions, at least: standard errors of fewer mean nothing.
const LEAST_DRAWN: usize = 64;
/// Most terms of the polynomial.
const MOST_TERMS: usize = 700;
/// Coalitions a term, at least.
const ROWS_A_TERM: usize = 2;
/// Most players: there are n^2 / 2 numbers an output.
const MOST_PLAYERS: usize = 512;
/// Coalitions that are asked for at once.
const AT_ONCE: usize = 4096;

/// The index of all pairs, in order, from `options.budget` evaluations.
pub(super) fn sampled(game: &dyn Game, options: &Options) -> Result<Vec<Pair>> {
    let n = game.players();
    if n > MOST_PLAYERS {
        return Err(refused("interactions", format!("at most {MOST_PLAYERS} players"), n, "join players"));
    }
    let least = 2 * n + 2 + 2 * LEAST_DRAWN;
    if options.budget < least {
        let expected = format!("at least {least} for the interactions of {n} players");
        return Err(refused("budget of evaluations", expected, options.budget, "raise the budget"));
    }
    let sizes = Sizes::new(n, options.budget);
    let mut index = Index::new(n, game.outputs());
    let counted = sizes.counted();
    let drawn = if sizes.inner.is_empty() { 0 } else { (options.budget - counted.len()) / 2 };
    let drawn = sizes.draw(drawn, options.seed);
    let halves: Vec<Half> = drawn
        .chunks(drawn.len().div_ceil(2).max(1))
        .map(|half| {
            let coalitions: Vec<Coalition> = half.iter().flat_map(|c| [c.clone(), c.complement()]).collect();
            Ok(Half { values: evaluate(game, &coalitions)?, coalitions })
        })
        .collect::<Result<_>>()?;
    let border = evaluate(game, &counted)?;
    let fits: Vec<Polynomial> = halves.iter().map(|half| Polynomial::fit(n, half)).collect();
    match fits.as_slice() {
        [first, second] => {
            for (half, other) in [(&halves[0], second), (&halves[1], first)] {
                index.add_border(&counted, &border, other, 0.5);
                index.add_half(half, other, &sizes);
            }
        }
        _ => index.add_border(&counted, &border, &Polynomial::nothing(n, game.outputs()), 1.0),
    }
    Ok(index.pairs())
}

fn refused(what: &str, expected: String, found: usize, mend: &str) -> Error {
    Error::Explain { what: what.into(), expected, found: found.to_string(), mend: mend.into() }
}

/// Values of coalitions, `[coalition][output]`.
fn evaluate(game: &dyn Game, coalitions: &[Coalition]) -> Result<Vec<Vec<f64>>> {
    let mut values = Vec::with_capacity(coalitions.len());
    for some in coalitions.chunks(AT_ONCE) {
        let found = game.values(some)?;
        values.extend((0..some.len()).map(|i| found.row(i).to_vec()));
    }
    Ok(values)
}

/// What is counted out and what is drawn.
struct Sizes {
    players: usize,
    /// Sizes up to this one, and from `n` less it, are counted out.
    depth: usize,
    /// The others, each with its probability.
    inner: Vec<(usize, f64)>,
}

impl Sizes {
    fn new(n: usize, budget: usize) -> Sizes {
        // Sizes 0 and 1 always are.
        let (mut depth, mut cost) = (1, 2 + 2 * n as u128);
        loop {
            let size = depth + 1;
            let more = binomial(n, size).saturating_mul(if 2 * size == n { 1 } else { 2 });
            if 2 * size > n || cost.saturating_add(more) > budget as u128 / 2 {
                break;
            }
            (depth, cost) = (size, cost + more);
        }
        let weight = |t: usize| {
            let (t, rest) = (t as f64, (n - t) as f64);
            (1.0 / (t * (t - 1.0)) + 2.0 / (t * rest) + 1.0 / (rest * (rest - 1.0))).sqrt()
        };
        let inner: Vec<usize> = (depth + 1..(n - depth).max(depth + 1)).collect();
        let total: f64 = inner.iter().map(|&t| weight(t)).sum();
        Sizes { players: n, depth, inner: inner.into_iter().map(|t| (t, weight(t) / total)).collect() }
    }

    /// All coalitions of the sizes that are counted out.
    fn counted(&self) -> Vec<Coalition> {
        let n = self.players;
        let mut all = Vec::new();
        for size in 0..=self.depth {
            let mut chosen: Vec<usize> = (0..size).collect();
            loop {
                let coalition = Coalition::of(n, &chosen);
                if 2 * size != n {
                    all.push(coalition.complement());
                }
                all.push(coalition);
                // The next in order: the last that can move, and those behind it.
                let Some(at) = (0..size).rev().find(|&i| chosen[i] < n - size + i) else { break };
                chosen[at] += 1;
                (at + 1..size).for_each(|i| chosen[i] = chosen[i - 1] + 1);
            }
        }
        all
    }

    /// Coalitions of the other sizes.
    fn draw(&self, count: usize, seed: u64) -> Vec<Coalition> {
        let mut draw = SplitMix64::new(seed);
        let one = |_| {
            let mut left = draw.unit();
            let at = self.inner.iter().position(|&(_, q)| {
                left -= q;
                left < 0.0
            });
            let size = self.inner[at.unwrap_or(self.inner.len() - 1)].0;
            Coalition::of(self.players, &draw.some(self.players, size))
        };
        (0..count).map(one).collect()
    }

    fn probability(&self, size: usize) -> f64 {
        self.inner.iter().find(|(t, _)| *t == size).map_or(1.0, |(_, q)| *q)
    }
}

fn binomial(n: usize, k: usize) -> u128 {
    (0..k as u128).fold(1, |c, i| c.saturating_mul(n as u128 - i) / (i + 1))
}

/// `c(t, 0)`, `c(t, 1)`, `c(t, 2)`; 0 where no such pair is.
fn coefficients(n: usize, t: usize) -> [f64; 3] {
    let (all, t, rest) = (n as f64, t as f64, (n - t) as f64);
    let over = |d: f64| if d > 0.0 { all / d } else { 0.0 };
    [over(rest * (rest - 1.0)), -over(t * rest), over(t * (t - 1.0))]
}

/// Drawn coalitions, each before its complement.
struct Half {
    coalitions: Vec<Coalition>,
    values: Vec<Vec<f64>>,
}

/// `g(T) = sum over terms of beta z`, z of a player 1 if it is in T and -1 if not, of a pair the product of theirs.
struct Polynomial {
    players: usize,
    /// Whether there are terms of pairs.
    paired: bool,
    /// `[output][term]`: 1, players, pairs in order.
    beta: Vec<Vec<f64>>,
}

impl Polynomial {
    fn nothing(players: usize, outputs: usize) -> Polynomial {
        Polynomial { players, paired: false, beta: vec![vec![0.0; 1 + players]; outputs] }
    }

    /// Least squares. The signs are nearly orthogonal over the coalitions drawn, and the mean squares of the weights alike over
    /// their sizes, so that this makes the variance of the rest least, or nearly.
    fn fit(players: usize, half: &Half) -> Polynomial {
        let outputs = half.values.first().map_or(0, Vec::len);
        let rows = half.coalitions.len();
        let terms = |paired: bool| 1 + players + if paired { players * (players - 1) / 2 } else { 0 };
        let fits = |paired: bool| terms(paired) <= MOST_TERMS && rows >= ROWS_A_TERM * terms(paired);
        let paired = fits(true);
        let mut fitted = Polynomial { paired, ..Polynomial::nothing(players, outputs) };
        if !paired && rows < ROWS_A_TERM * terms(false) {
            return fitted;
        }
        let size = terms(paired);
        let mut gram = vec![0.0; size * size];
        let mut right = vec![vec![0.0; size]; outputs];
        for (coalition, values) in half.coalitions.iter().zip(&half.values) {
            let z = fitted.terms(coalition);
            for (i, &zi) in z.iter().enumerate() {
                let row = &mut gram[i * size..i * size + i + 1];
                row.iter_mut().zip(&z).for_each(|(g, &zj)| *g += zi * zj);
            }
            for (right, &v) in right.iter_mut().zip(values) {
                right.iter_mut().zip(&z).for_each(|(r, &z)| *r += v * z);
            }
        }
        // One row's worth, so that terms that the drawn rows do not tell apart stay small.
        (0..size).for_each(|i| gram[i * size + i] += 1.0);
        if let Some(factor) = Cholesky::new(gram, size) {
            factor.solve(&mut right);
            fitted.beta = right;
        } else {
            fitted.paired = false;
        }
        fitted
    }

    fn terms(&self, coalition: &Coalition) -> Vec<f64> {
        let mut z = vec![1.0];
        z.extend((0..self.players).map(|p| if coalition.contains(p) { 1.0 } else { -1.0 }));
        if self.paired {
            for i in 0..self.players {
                for j in i + 1..self.players {
                    z.push(z[1 + i] * z[1 + j]);
                }
            }
        }
        z
    }

    /// `v - g`.
    fn rest(&self, coalition: &Coalition, values: &[f64]) -> Vec<f64> {
        let z = self.terms(coalition);
        let fitted = |beta: &Vec<f64>| beta.iter().zip(&z).map(|(b, z)| b * z).sum::<f64>();
        values.iter().zip(&self.beta).map(|(v, beta)| v - fitted(beta)).collect()
    }

    /// The index of g of a pair, by its place in order: `z_i z_j` holds `4 x_i x_j`.
    fn index(&self, pair: usize, output: usize) -> f64 {
        if self.paired { 4.0 * self.beta[output][1 + self.players + pair] } else { 0.0 }
    }
}

/// Sums over coalitions.
struct Index {
    players: usize,
    outputs: usize,
    /// `[pair][output]`, of pairs in order.
    values: Vec<f64>,
    variances: Vec<f64>,
}

impl Index {
    fn new(players: usize, outputs: usize) -> Index {
        let nothing = vec![0.0; players * players.saturating_sub(1) / 2 * outputs];
        Index { players, outputs, values: nothing.clone(), variances: nothing }
    }

    /// Calls `with` for each pair in order with how many of it the coalition has.
    fn each(&self, coalition: &Coalition, mut with: impl FnMut(usize, usize)) {
        let member: Vec<usize> = (0..self.players).map(|p| usize::from(coalition.contains(p))).collect();
        let mut pair = 0;
        for i in 0..self.players {
            for j in i + 1..self.players {
                with(pair, member[i] + member[j]);
                pair += 1;
            }
        }
    }

    /// Adds `share` times what the counted sizes come to beyond g, and g's own index.
    fn add_border(&mut self, counted: &[Coalition], values: &[Vec<f64>], g: &Polynomial, share: f64) {
        let mut sums = std::mem::take(&mut self.values);
        for (coalition, values) in counted.iter().zip(values) {
            let (rest, t) = (g.rest(coalition, values), coalition.count());
            let scale = share / binomial(self.players, t) as f64;
            let c = coefficients(self.players, t).map(|c| c * scale);
            self.each(coalition, |pair, has| {
                let sums = &mut sums[pair * self.outputs..];
                sums.iter_mut().zip(&rest).for_each(|(sum, r)| *sum += c[has] * r);
            });
        }
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += share * g.index(at / self.outputs, at % self.outputs);
        }
        self.values = sums;
    }

    /// Adds half of the mean of what is drawn beyond g, and its variance.
    fn add_half(&mut self, half: &Half, g: &Polynomial, sizes: &Sizes) {
        let width = self.values.len();
        let (mut sums, mut squares, mut one) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
        let units = (half.coalitions.len() / 2) as f64;
        for (two, values) in half.coalitions.chunks_exact(2).zip(half.values.chunks_exact(2)) {
            one.fill(0.0);
            for (coalition, values) in two.iter().zip(values) {
                let (rest, t) = (g.rest(coalition, values), coalition.count());
                let c = coefficients(self.players, t).map(|c| 0.5 * c / sizes.probability(t));
                self.each(coalition, |pair, has| {
                    let one = &mut one[pair * self.outputs..];
                    one.iter_mut().zip(&rest).for_each(|(sum, r)| *sum += c[has] * r);
                });
            }
            for ((sum, square), one) in sums.iter_mut().zip(&mut squares).zip(&one) {
                *sum += one;
                *square += one * one;
            }
        }
        for (at, (sum, square)) in sums.iter().zip(&squares).enumerate() {
            let mean = sum / units;
            self.values[at] += 0.5 * mean;
            let variance = (square / units - mean * mean).max(0.0) / (units - 1.0).max(1.0);
            self.variances[at] += 0.25 * variance;
        }
    }

    fn pairs(self) -> Vec<Pair> {
        let players = (0..self.players).flat_map(|i| (i + 1..self.players).map(move |j| (i, j)));
        let numbers = self.values.chunks_exact(self.outputs).zip(self.variances.chunks_exact(self.outputs));
        let pair = |(players, (values, variances)): (_, (&[f64], &[f64]))| Pair {
            players,
            values: values.to_vec(),
            standard_error: variances.iter().map(|v| v.sqrt()).collect(),
        };
        players.zip(numbers).map(pair).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::interactions::counted_out;
    use super::super::testing::{KINDS, Table, pairwise};
    use super::*;

    fn options(seed: u64, budget: usize) -> Options {
        Options { seed, budget, ..Options::default() }
    }

    #[test]
    fn games_of_pairs_are_found_to_the_digit() {
        let game = Table::of(16, pairwise);
        let found = sampled(&game, &options(1, 1200)).unwrap();
        assert_eq!(found.len(), 120);
        for pair in &found {
            let (i, j) = pair.players;
            let alone = |s: u64| pairwise(s);
            let truth = alone(1 << i | 1 << j) - alone(1 << i) - alone(1 << j) + alone(0);
            let miss = (pair.values[0] - truth).abs();
            // The one row's worth by which terms are drawn to 0, made up for by the other half.
            assert!(miss <= 4.0 * pair.standard_error[0] + 1e-9 && miss < 0.05, "{pair:?} is not {truth}");
        }
    }

    #[test]
    fn a_budget_for_all_coalitions_counts_them() {
        let game = Table::of(7, |s| super::super::testing::rough(s, 3));
        let (found, truth) = (sampled(&game, &options(1, 512)).unwrap(), counted_out(&game).unwrap());
        for (found, truth) in found.iter().zip(&truth) {
            assert_eq!((found.players, found.standard_error[0]), (truth.players, 0.0));
            assert!((found.values[0] - truth.values[0]).abs() < 1e-12);
        }
    }

    /// Four times the evaluations halve the error, or better; 95 % intervals hold the index in 90 to 98 % of cases.
    #[test]
    fn the_index_is_approached_and_intervals_hold_it() {
        let (mut inside, mut asked) = (0, 0);
        for n in [10, 12] {
            for (name, kind) in KINDS {
                let game = Table::many(n, vec![kind(n, 77)]);
                let truth = counted_out(&game).unwrap();
                let mut error = |budget: usize| -> f64 {
                    let mut squares = 0.0;
                    for seed in 0..12 {
                        let found = sampled(&game, &options(seed, budget)).unwrap();
                        for (found, truth) in found.iter().zip(&truth) {
                            let miss = (found.values[0] - truth.values[0]).abs();
                            inside += u32::from(miss <= 1.96 * found.standard_error[0] + 1e-12);
                            asked += 1;
                            squares += miss * miss;
                        }
                    }
                    squares.sqrt()
                };
                let (few, many) = (error(450), error(1800));
                assert!(many <= 0.62 * few + 1e-9, "{name} {n}: {few} then {many}");
            }
        }
        let share = f64::from(inside) / f64::from(asked);
        assert!((0.90..=0.98).contains(&share), "{share} of {asked}");
    }

    #[test]
    fn what_is_too_little_or_too_much_is_refused() {
        let error = sampled(&Table::of(20, |s| s as f64), &options(0, 100)).unwrap_err().to_string();
        assert!(error.contains("at least 170"), "{error}");
        let error = sampled(&Table::of(513, |_| 0.0), &options(0, 9999)).unwrap_err().to_string();
        assert!(error.contains("at most 512"), "{error}");
    }
}
