//! Weights of a mix of fitted models.
//!
//! From the best member alone, weights are searched by coordinates: one is moved up or down by 0.5, 0.25, 0.1, 0.05, all are scaled to sum to 1,
//! and the move stays if it raises the mean NDCG@10 of the users with a past. So on these targets the mix is never below its best member.
//! It is kept only if it gains more than one standard error over the best member on users that its weights were not learnt on (two
//! halves, each by the other's); else the best member stands alone: few users choose well among many mixes by chance only.
//! Where nobody can be measured, all weigh the same. At most [`CELLS`] scores are held; of more users as many as fit, drawn by the seed, speak.
//! About 50 measures a member. The idea is that of linear combinations of ranked lists (Vogt & Cottrell 1999) with directly optimised
//! weights (Metzler & Croft 2007).

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
    /// Mean NDCG@10 of users that the weights were not learnt on; none where nobody can be measured.
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
    let climbed = |judges: &[&Judge], place: usize| -> Result<(Vec<f32>, Vec<f32>, f64)> {
        let (single, reached) = best_member(judges, count, items);
        let told = |round: usize| progress(place * ROUNDS_OF_ALL + round, 3 * ROUNDS_OF_ALL);
        Ok((climb(judges, single.clone(), reached, items, &told)?, single, reached))
    };
    let (weights, single, reached) = climbed(&all, 0)?;
    let (mut gains, mut figures) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    for half in 0..2 {
        let of_half = |which: usize| all.iter().copied().skip(which).step_by(2).collect::<Vec<&Judge>>();
        let (learning, measured) = (of_half(1 - half), of_half(half));
        if learning.is_empty() {
            return Ok(Learnt { weights: single, ndcg: Some(reached) });
        }
        let (other, ..) = climbed(&learning, 1 + half)?;
        let (mixed, alone) = (measure(&measured, &other, items), measure(&measured, &single, items));
        gains.extend(mixed.iter().zip(&alone).map(|(m, a)| m - a));
        figures.extend(mixed);
    }
    let gain = mean(&gains);
    let spread = gains.iter().map(|g| (g - gain) * (g - gain)).sum::<f64>();
    let error = (spread / (gains.len() * (gains.len() - 1)).max(1) as f64).sqrt();
    Ok(match gain > error {
        true => Learnt { weights, ndcg: Some(mean(&figures)) },
        false => Learnt { weights: single, ndcg: Some(reached) },
    })
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

/// All weight on the best member, and what that reaches; of equals, the earlier.
fn best_member(judges: &[&Judge], count: usize, items: usize) -> (Vec<f32>, f64) {
    let alone = |member: usize| (0..count).map(|m| if m == member { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
    let found = (0..count).map(|member| (mean(&measure(judges, &alone(member), items)), member));
    let best = found.reduce(|a, b| if b.0 > a.0 { b } else { a }).unwrap_or_default();
    (alone(best.1), best.0)
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
    query.history.iter().for_each(|&(item, _)| counts[item as usize] = false);
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
