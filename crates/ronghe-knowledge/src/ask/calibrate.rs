//! From features of the best sentence to a confidence.
//!
//! `confidence = 1 / (1 + exp(-(w' z + b)))`, z the features brought to mean 0 and deviation 1. w and b maximise the likelihood
//! (ridge penalty [`RIDGE`], Newton's method) over questions made of the corpus: asked once with their document in the
//! store, where the answer is right if it is from that document, and once without it, where every answer is wrong. The
//! threshold is the confidence that nine tenths of the wrong answers to every second question, held out, do not reach: what is made
//! of a document's own words is answered with more confidence than what people ask, but not refused with less.
//! What is not known of a sentence counts as the mean: of one in another language than the question, what words tell.

use super::features::{COUNT, Features};
use super::find;
use super::questions::questions;
use crate::store::{Filter, Store};
use crate::{Embed, Remembered, Result, Role};
use ronghe_stats::linalg::{Cholesky, dot};
use serde::{Deserialize, Serialize};

/// Penalty on squared weights: large, for questions made of a corpus are not quite those that people ask, and an even mix of what
/// is known carries over better than the likeliest one.
const RIDGE: f64 = 5.0;
/// Weights and the bias.
const SIZE: usize = COUNT + 1;
/// Share of wrong answers that are refused.
const REFUSED: f64 = 0.9;
/// Fewest right and fewest wrong answers of a fit.
const FEWEST: usize = 20;
/// Least share of questions with an answer that a fit has to answer: a corpus whose documents are all alike says nothing of
/// confidence.
const ANSWERED: f64 = 0.4;
/// Passages whose sentences are looked at.
const CHUNKS: usize = 3;
/// Means and deviations of the features of questions to an encyclopedia, by multilingual-e5-small.
const E5_SCALE: [(f64, f64); COUNT] =
    [(0.875, 0.027), (0.72, 0.25), (0.78, 0.086), (0.88, 0.023), (0.032, 0.02), (1.0, 1.0), (0.77, 0.42)];
/// Passages from which on many are near a question by chance.
const MANY: u64 = 300;
/// Name under which a store keeps its calibration.
pub const CALIBRATION_SETTING: &str = "ask_calibration";

/// A fitted confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Means and deviations of the features.
    pub scale: Vec<(f64, f64)>,
    /// Weights.
    pub weights: Vec<f64>,
    /// b.
    pub bias: f64,
    /// Least confidence of an answer.
    pub threshold: f64,
    /// Questions that it was fitted on; 0 for the one of a store that was not calibrated.
    pub questions: usize,
    /// Of held-out questions: share of those with an answer that are answered, and of those without that are refused.
    pub held_out: Option<(f64, f64)>,
}

impl Calibration {
    /// That of a store.
    pub fn of(store: &dyn Store) -> Result<Calibration> {
        let kept = store.setting(CALIBRATION_SETTING)?;
        let fitted = kept.and_then(|json| serde_json::from_str::<Calibration>(&json).ok());
        // One that another version fitted to other features is none.
        let fitted = fitted.filter(|c| (c.weights.len(), c.scale.len()) == (COUNT, COUNT));
        match fitted {
            Some(fitted) => Ok(fitted),
            None => Ok(Calibration::unfitted(store.network(), store.stats()?.chunks)),
        }
    }

    /// What holds where nothing was fitted: for e5, whose cosines lie close together, about what was fitted to an encyclopedia; with
    /// other vectors half of the words and a near meaning, without most of the words.
    fn unfitted(network: Option<&str>, chunks: u64) -> Calibration {
        let plain = vec![(0.0, 1.0); COUNT];
        // Among few passages hardly any is near a question by chance: of 23 and 10 questions to fifteen passages, those that were
        // answered rightly are above 0.13 with the bias of an encyclopedia, those without an answer below 0.1.
        let bias = if chunks < MANY { 1.6 } else { -0.2 };
        let (scale, weights, bias) = match network {
            Some("e5") => (E5_SCALE.to_vec(), vec![0.2, 0.5, 0.9, 0.7, 0.6, 0.3, 0.3], bias),
            Some(_) => (plain, vec![6.0, 4.0, 0.0, 2.0, 0.0, 0.5, 1.0], -7.5),
            None => (plain, vec![0.0, 8.0, 2.0, 0.0, 0.0, 0.5, 1.0], -6.5),
        };
        Calibration { scale, weights, bias, threshold: 0.5, questions: 0, held_out: None }
    }

    /// How likely an answer with these features is right.
    pub fn confidence(&self, features: &Features) -> f64 {
        let z = features
            .numbers()
            .into_iter()
            .zip(&self.scale)
            .map(|(x, (mean, deviation))| x.map_or(0.0, |x| (x - mean) / deviation));
        let sum: f64 = z.zip(&self.weights).map(|(z, w)| z * w).sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }

    /// The likeliest. None without enough of both outcomes.
    fn fit(examples: &[(Features, bool)]) -> Option<Calibration> {
        let right = examples.iter().filter(|e| e.1).count();
        if right < FEWEST || examples.len() - right < FEWEST {
            return None;
        }
        let rows: Vec<[f64; COUNT]> =
            examples.iter().map(|(f, _)| f.numbers().map(Option::unwrap_or_default)).collect();
        let n = rows.len() as f64;
        let scale: Vec<(f64, f64)> = (0..COUNT)
            .map(|k| {
                let mean = rows.iter().map(|r| r[k]).sum::<f64>() / n;
                let variance = rows.iter().map(|r| (r[k] - mean).powi(2)).sum::<f64>() / n;
                (mean, variance.sqrt().max(1e-3))
            })
            .collect();
        // The bias is the weight of a last feature of 1, without penalty.
        let z: Vec<Vec<f64>> = rows
            .iter()
            .map(|r| r.iter().zip(&scale).map(|(x, (m, d))| (x - m) / d).chain([1.0]).collect())
            .collect();
        let mut weights = vec![0.0; SIZE];
        for _ in 0..30 {
            let mut gradient = vec![0.0; SIZE];
            let mut hessian = vec![0.0; SIZE * SIZE];
            for (z, (_, right)) in z.iter().zip(examples) {
                let p = 1.0 / (1.0 + (-dot(z, &weights)).exp());
                for i in 0..=COUNT {
                    gradient[i] += (f64::from(u8::from(*right)) - p) * z[i];
                    (0..=i).for_each(|j| hessian[i * SIZE + j] += p * (1.0 - p) * z[i] * z[j]);
                }
            }
            for i in 0..=COUNT {
                let penalty = if i < COUNT { RIDGE } else { 1e-6 };
                gradient[i] -= penalty * weights[i];
                hessian[i * SIZE + i] += penalty;
            }
            let mut step = [gradient];
            Cholesky::new(hessian, SIZE)?.solve(&mut step);
            let [step] = step;
            weights.iter_mut().zip(&step).for_each(|(w, s)| *w += s);
            if step.iter().all(|s| s.abs() < 1e-9) {
                break;
            }
        }
        let bias = weights.pop()?;
        Some(Calibration { scale, weights, bias, threshold: 0.5, questions: examples.len(), held_out: None })
    }
}

/// Fits the confidence of a store's answers on at most `most` questions made of its chunks. None if they are too few.
pub fn calibrate(
    store: &dyn Store,
    embed: Option<&dyn Embed>,
    most: usize,
    seed: u64,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<Option<Calibration>> {
    let questions = questions(store, most, seed)?;
    // Both times that a question is asked, most passages are the same; and many texts at once are computed faster.
    let remembered = embed.map(Remembered::new);
    let embed = remembered.as_ref().map(|r| r as &dyn Embed);
    if let Some(embed) = embed {
        embed.embed(&questions.iter().map(|q| q.text.as_str()).collect::<Vec<_>>(), Role::Query)?;
    }
    // Fitted on one half, judged on the other.
    let mut halves = [Vec::new(), Vec::new()];
    for (i, q) in questions.iter().enumerate() {
        progress(i, questions.len())?;
        for without in [false, true] {
            let hidden = if without { vec![q.document] } else { Vec::new() };
            let filter = Filter { without: hidden, ..Filter::default() };
            let found = find(store, embed, &q.text, CHUNKS, &filter)?;
            if let Some(best) = found.candidates.first().filter(|best| best.features.foreign.is_none()) {
                let right = found.hits[best.hit].document.id == q.document;
                halves[i % 2].push((best.features, right, without));
            }
        }
    }
    let examples: Vec<(Features, bool)> = halves[0].iter().map(|(f, right, _)| (*f, *right)).collect();
    let Some(mut calibration) = Calibration::fit(&examples) else { return Ok(None) };
    let mut wrong: Vec<f64> =
        halves[1].iter().filter(|e| !e.1).map(|(f, ..)| calibration.confidence(f)).collect();
    wrong.sort_by(f64::total_cmp);
    let Some(&threshold) = wrong.get((REFUSED * wrong.len() as f64) as usize) else { return Ok(None) };
    calibration.threshold = threshold;
    let share = |without: bool, passes: bool| {
        let asked = halves[1].iter().filter(|e| e.2 == without);
        let count = asked.clone().filter(|e| (calibration.confidence(&e.0) >= threshold) == passes).count();
        count as f64 / asked.count().max(1) as f64
    };
    let (answered, refused) = (share(false, true), share(true, false));
    calibration.held_out = Some((answered, refused));
    Ok((answered >= ANSWERED).then_some(calibration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_tells_near_from_far() {
        let near =
            |i: usize| Features { meaning: 0.8 + 0.01 * (i % 10) as f64, words: 0.7, ..Features::default() };
        let far =
            |i: usize| Features { meaning: 0.3 + 0.01 * (i % 17) as f64, words: 0.2, ..Features::default() };
        let examples: Vec<(Features, bool)> =
            (0..40).flat_map(|i| [(near(i), true), (far(i), false)]).collect();
        let fitted = Calibration::fit(&examples).unwrap();
        assert!(fitted.confidence(&near(3)) > 0.9 && fitted.confidence(&far(3)) < 0.1);
        assert!(Calibration::fit(&examples[..4]).is_none());
    }
}
