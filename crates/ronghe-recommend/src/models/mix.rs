//! Weights of a mix of fitted models.
//!
//! Three mixes stand to choose, by the NDCG@10 of users with a past:
//! * the best member alone;
//! * equal weights of all members that cannot be told apart from it: the paired difference to the best is within one standard error of 0.
//!   Where several are as good, to take one is a lottery, and equal weights lose least to the noise of an estimate (Clemen 1989);
//! * weights that are searched by coordinates from the best member: one is moved up or down by 0.5, 0.25, 0.1, 0.05, all are scaled to sum to 1,
//!   and the move stays if it raises the mean, as with linear combinations of ranked lists (Vogt & Cottrell 1999; Metzler & Croft 2007).
//!
//! The searched weights are taken only if, on users that they were not learnt on (two halves, each by the other's), they gain more than one
//! standard error over both of the others; else the equal ones, which are the best member's where no other comes near. Where nobody
//! can be measured, all weigh the same. At most [`CELLS`] scores are held; of more users as many as fit, drawn by the seed, speak. About 50
//! measures a member.

use crate::evaluate::{best, figures};
use crate::report::Metric;
use crate::split::Fold;
use crate::window::Window;
use crate::{Error, Interactions, Progress, Query, Recommender, Result};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Scores that learning holds at most.
const CELLS: usize = 64 << 20;
/// Length of the lists that weights are chosen by.
const K: usize = 10;
/// Moves of a weight.
const STEPS: [f32; 4] = [0.5, 0.25, 0.1, 0.05];
/// Rounds over all members with one step.
const ROUNDS: usize = 3;
/// Rounds with all steps.
const ROUNDS_OF_ALL: usize = STEPS.len() * ROUNDS;

/// Whether these can be the weights of so many members.
pub(super) fn sound(weights: &[f32], members: usize) -> bool {
    let fine = weights.iter().all(|w| w.is_finite() && *w >= 0.0) && weights.iter().any(|w| *w > 0.0);
    weights.len() == members && fine
}

/// Scaled to sum to 1.
pub(super) fn scaled(mut weights: Vec<f32>) -> Vec<f32> {
    let sum: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    weights
}

/// A user whose lists decide about the weights.
struct Judge {
    /// Standardised scores, member after member; none of the items of history.
    scores: Vec<f32>,
    relevant: HashMap<u32, u32>,
}

/// Weights of a mix.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// Of each member; they sum to 1.
    pub weights: Vec<f32>,
    /// Mean NDCG@10; of searched weights that of users they were not learnt on. None where nobody can be measured.
    pub ndcg: Option<f64>,
}

/// The weights of models that were fitted on `fold.fit`, by the NDCG@10 of its targets.
pub fn learn(
    of: &Interactions,
    fold: &Fold<'_>,
    members: &[Arc<dyn Recommender>],
    seed: u64,
    progress: Progress<'_>,
) -> Result<Learnt> {
    let count = members.len();
    let judges = judges(of, fold, members, seed);
    let all: Vec<&Judge> = judges.iter().collect();
    if all.is_empty() {
        return Ok(Learnt { weights: vec![1.0 / count as f32; count], ndcg: None });
    }
    let items = of.items.len();
    let searched = |judges: &[&Judge], plain: &Plain, place: usize| {
        let told = |round: usize| progress(place * ROUNDS_OF_ALL + round, 3 * ROUNDS_OF_ALL);
        climb(judges, plain.single.clone(), plain.reached, items, &told)
    };
    let plain = Plain::of(&all, count, items);
    let equal =
        || Learnt { ndcg: Some(mean(&measure(&all, &plain.equal, items))), weights: plain.equal.clone() };
    let (mut over_single, mut over_equal, mut figures) = (Vec::new(), Vec::new(), Vec::new());
    for half in 0..2 {
        let of_half = |which: usize| all.iter().copied().skip(which).step_by(2).collect::<Vec<&Judge>>();
        let (learning, measured) = (of_half(1 - half), of_half(half));
        if learning.is_empty() {
            return Ok(equal());
        }
        let own = Plain::of(&learning, count, items);
        let found = measure(&measured, &searched(&learning, &own, half)?, items);
        let less = |weights: &[f32]| {
            let others = measure(&measured, weights, items);
            found.iter().zip(others).map(|(f, o)| f - o).collect::<Vec<f64>>()
        };
        over_single.extend(less(&own.single));
        over_equal.extend(less(&own.equal));
        figures.extend(found);
    }
    if [&over_single, &over_equal].iter().any(|gains| mean(gains) <= error(gains)) {
        return Ok(equal());
    }
    Ok(Learnt { weights: searched(&all, &plain, 2)?, ndcg: Some(mean(&figures)) })
}

/// The mixes without a search.
struct Plain {
    /// All weight on the best member; of equals, the earlier.
    single: Vec<f32>,
    /// What that reaches.
    reached: f64,
    /// The same weight on all that cannot be told apart from it.
    equal: Vec<f32>,
}

impl Plain {
    fn of(judges: &[&Judge], count: usize, items: usize) -> Plain {
        let alone =
            |member: usize| (0..count).map(|m| f32::from(u8::from(m == member))).collect::<Vec<f32>>();
        let figures: Vec<Vec<f64>> = (0..count).map(|m| measure(judges, &alone(m), items)).collect();
        let better = |a: usize, b: usize| if mean(&figures[b]) > mean(&figures[a]) { b } else { a };
        let best = (0..count).reduce(better).unwrap_or(0);
        let near = |member: usize| {
            let less: Vec<f64> = figures[member].iter().zip(&figures[best]).map(|(m, b)| m - b).collect();
            member == best || mean(&less) + error(&less) >= 0.0
        };
        let equal = (0..count).map(|member| f32::from(u8::from(near(member)))).collect();
        Plain { single: alone(best), reached: mean(&figures[best]), equal: scaled(equal) }
    }
}

/// NDCG of each judge.
fn measure(judges: &[&Judge], weights: &[f32], items: usize) -> Vec<f64> {
    let one = |judge: &&Judge| {
        let mut mixed = vec![0.0; items];
        mix(&judge.scores, weights, &mut mixed);
        of_list(&mixed, judge)
    };
    judges.par_iter().map(one).collect()
}

fn of_list(scores: &[f32], judge: &Judge) -> f64 {
    figures(&best(scores, K, |_| true), &judge.relevant, K)[Metric::Ndcg as usize]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard error of the mean; 0 of a single value.
fn error(values: &[f64]) -> f64 {
    let (n, mean) = (values.len(), mean(values));
    let spread = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    (spread / (n * (n - 1)).max(1) as f64).sqrt()
}

/// Weights that are better than these, which reach `reached`, by moves of one at a time.
fn climb(
    judges: &[&Judge],
    mut weights: Vec<f32>,
    mut reached: f64,
    items: usize,
    told: &dyn Fn(usize) -> bool,
) -> Result<Vec<f32>> {
    let mix_all = |weights: &[f32]| -> Vec<Vec<f32>> {
        let one = |judge: &&Judge| {
            let mut mixed = vec![0.0; items];
            mix(&judge.scores, weights, &mut mixed);
            mixed
        };
        judges.par_iter().map(one).collect()
    };
    let mut mixed = mix_all(&weights);
    for (place, step) in STEPS.into_iter().enumerate() {
        for round in 0..ROUNDS {
            if !told(place * ROUNDS + round) {
                return Err(Error::Stopped);
            }
            let before = reached;
            for member in 0..weights.len() {
                for moved in [weights[member] + step, weights[member] - step] {
                    let mut other = weights.clone();
                    other[member] = moved.max(0.0);
                    if other == weights || !sound(&other, weights.len()) {
                        continue;
                    }
                    let found = if moved > 0.0 {
                        // Scaling all weights changes no order, so only what moves is added to the mix as it is.
                        let own = member * items..(member + 1) * items;
                        let one = |(judge, mixed): (&&Judge, &Vec<f32>)| {
                            let mut mixed = mixed.clone();
                            add(&judge.scores[own.clone()], moved - weights[member], &mut mixed);
                            of_list(&mixed, judge)
                        };
                        judges.par_iter().zip(&mixed).map(one).collect()
                    } else {
                        measure(judges, &other, items)
                    };
                    let found = mean(&found);
                    if found > reached {
                        (weights, reached) = (scaled(other), found);
                        mixed = mix_all(&weights);
                    }
                }
            }
            if reached <= before {
                break;
            }
        }
    }
    Ok(weights)
}

fn judges(of: &Interactions, fold: &Fold<'_>, members: &[Arc<dyn Recommender>], seed: u64) -> Vec<Judge> {
    let items = of.items.len();
    let most = (CELLS / (items * members.len()).max(1)).max(1);
    let window = Window::with_past(of, fold, most, seed);
    let asked: Vec<(Query<'_>, &HashMap<u32, u32>)> = window.asked().collect();
    let judge = |(query, relevant): (Query<'_>, &HashMap<u32, u32>)| {
        let mut scores = vec![0.0; items * members.len()];
        for (member, own) in members.iter().zip(scores.chunks_mut(items.max(1))) {
            standardise(member.as_ref(), query, own);
            query.history.iter().for_each(|&(item, _)| own[item as usize] = f32::NAN);
        }
        Judge { scores, relevant: relevant.clone() }
    };
    asked.into_par_iter().map(judge).collect()
}

/// Standardised scores of a member, negative infinity where it knows nothing; their mean and deviation (0 where all are equal).
pub(super) fn standardise(member: &dyn Recommender, query: Query<'_>, out: &mut [f32]) -> (f64, f64) {
    member.scores(query, out);
    let mut counts = vec![true; out.len()];
    // An item that is none of the model's counts for nothing.
    for &(item, _) in query.history {
        counts.get_mut(item as usize).into_iter().for_each(|counts| *counts = false);
    }
    let finite = || {
        out.iter().zip(&counts).filter(|(s, counts)| **counts && s.is_finite()).map(|(s, _)| f64::from(*s))
    };
    let n = finite().count().max(1) as f64;
    let mean = finite().sum::<f64>() / n;
    let deviation = (finite().map(|s| (s - mean) * (s - mean)).sum::<f64>() / n).sqrt();
    for score in out {
        *score = match score.is_finite() {
            true if deviation > 0.0 => ((f64::from(*score) - mean) / deviation) as f32,
            true => 0.0,
            false => f32::NEG_INFINITY,
        };
    }
    (mean, deviation)
}

/// The weighted sum of standardised scores, member after member.
fn mix(scores: &[f32], weights: &[f32], out: &mut [f32]) {
    out.fill(f32::NEG_INFINITY);
    for (own, &weight) in scores.chunks(out.len().max(1)).zip(weights).filter(|(_, w)| **w > 0.0) {
        add(own, weight, out);
    }
}

/// Adds what one member says.
pub(super) fn add(own: &[f32], weight: f32, out: &mut [f32]) {
    for (sum, &score) in out.iter_mut().zip(own) {
        if score == f32::NEG_INFINITY {
            continue;
        }
        *sum = if *sum == f32::NEG_INFINITY { weight * score } else { *sum + weight * score };
    }
}
