//! Shapley values from many pairs of coalitions by weighted least squares.
//!
//! minimise `sum over pairs p of w_p (f_p - x_p'phi / 2)^2` subject to `sum phi = v(all) - v(none)`,
//! `w_p = (n - 1) / (s (n - s)) / (pairs drawn of size s)` (half for the middle size): Shapley's kernel over the chance to
//! be drawn. Pairs that were known before drawing have the chance 1.
//!
//! x signs of a coalition, s its size, f the odd part of the game there. One factorisation (M, see
//! [`LeastSquares`]) serves all outputs. The standard error comes from the
//! scatter of scores `M sum of w_p x_p e_p / 2` over 32 groups of pairs (each size spread over the groups), e_p the residual over `1 - leverage` (HC3), with the share of the size that was
//! not drawn (finite population). Leverages are means over a size, from random probes.
//! Complexity: that of the least squares, and 2 n^2 a group and an output.
//! Sources: Lundberg and Lee 2017; Covert and Lee 2021 (pairs, constraint); Musco and Witter 2024; MacKinnon and White 1985.

use super::super::Coalition;
use super::super::least_squares::{LeastSquares, add_signs, signed_sum};
use super::kriging::Shares;

/// Groups of pairs whose scatter is the standard error.
const GROUPS: usize = 32;
/// The shares from `values` (`[output][pair]`, odd parts) of one coalition a pair, `counts` drawn and there of each size
/// from 1, and `wholes`, what each output has to share. The first `known` pairs stand for themselves alone, the others for all
/// that are not known. None if the pairs do not determine them.
pub(super) fn shares(
    coalitions: &[Coalition],
    values: &[Vec<f64>],
    known: usize,
    counts: &[(u64, u64)],
    wholes: &[f64],
) -> Option<Shares> {
    let n = coalitions.first()?.players();
    let members: Vec<Vec<usize>> = coalitions.iter().map(|c| c.iter().collect()).collect();
    let mut knowns = vec![0_u64; counts.len()];
    members[..known].iter().for_each(|m| knowns[m.len() - 1] += 1);
    // Of the other pairs of each size: drawn, and there.
    let others: Vec<(f64, f64)> =
        counts.iter().zip(&knowns).map(|(c, k)| ((c.0 - k) as f64, (c.1 - k) as f64)).collect();
    let weights: Vec<f64> = members
        .iter()
        .enumerate()
        .map(|(p, m)| {
            let s = m.len();
            let half = if 2 * s == n { 0.5 } else { 1.0 };
            let (drawn, total) = others[s - 1];
            let stands_for = if p < known { 1.0 } else { total / drawn };
            half * (n as f64 - 1.0) / (s * (n - s)) as f64 * stands_for / counts[s - 1].1 as f64
        })
        .collect();
    let solver = LeastSquares::new(&members, &weights, n)?;
    let leverages = solver.leverages(&members, &weights, counts.len());
    let mut order: Vec<usize> = (known..members.len()).collect();
    order.sort_by_key(|&p| members[p].len());

    let mut found = (vec![Vec::new(); n], vec![Vec::new(); n]);
    for (value, &whole) in values.iter().zip(wholes) {
        let mut moments = vec![0.0; n];
        for p in 0..members.len() {
            add_signs(&mut moments, &members[p], weights[p] * value[p] / 2.0);
        }
        solver.solve(std::slice::from_mut(&mut moments), whole);
        let phi = moments;
        let mut scores = vec![vec![0.0; n]; GROUPS];
        for (place, &p) in order.iter().enumerate() {
            let (drawn, total) = others[members[p].len() - 1];
            let residual = value[p] - signed_sum(&phi, &members[p]) / 2.0;
            let left = (1.0 - drawn / total).max(0.0).sqrt();
            let score = weights[p] * residual / (1.0 - leverages[members[p].len() - 1]) * left / 2.0;
            add_signs(&mut scores[place % GROUPS], &members[p], score);
        }
        solver.solve(&mut scores, 0.0);
        for i in 0..n {
            let mean = scores.iter().map(|s| s[i]).sum::<f64>() / GROUPS as f64;
            let scatter: f64 = scores.iter().map(|s| (s[i] - mean).powi(2)).sum();
            found.0[i].push(phi[i]);
            found.1[i].push((scatter * GROUPS as f64 / (GROUPS - 1) as f64).sqrt());
        }
    }
    Some(found)
}
