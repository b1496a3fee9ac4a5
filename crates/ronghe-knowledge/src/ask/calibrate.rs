//! From features of the best sentence to a confidence, and what is done with it.
//!
//! `confidence = 1 / (1 + exp(-(w' z + b)))`, z the features brought to mean 0 and deviation 1; what is not known of a sentence counts
//! as the mean. w, b and the scales are a table for each kind of network ([`super::tables`]), fitted once to questions that people
//! asked. A store adds what it knows of itself: its own threshold. Questions are made of its sentences and asked with their
//! document left out, so that nothing answers them; the threshold is the confidence that nine tenths of what is found do not reach, within
//! [`LOWER`] and [`HIGHER`] of the table's, for made questions are not quite those that people ask. Between
//! the threshold and [`NEAR`] of it, an answer is unsure.

use super::features::Features;
use super::find;
use super::questions::questions;
use super::tables::{Table, table};
use crate::store::{Filter, Store};
use crate::{Embed, Remembered, Result, Role};
use serde::{Deserialize, Serialize};

/// Share of wrong answers that are refused.
const REFUSED: f64 = 0.9;
/// Fewest questions that a threshold is taken from.
const FEWEST: usize = 10;
/// How far below and above the table's threshold that of a corpus may be.
const LOWER: f64 = 0.03;
const HIGHER: f64 = 0.08;
/// Share of the threshold from which on an answer is unsure.
const NEAR: f64 = 0.85;
/// Passages whose sentences are looked at.
const CHUNKS: usize = 3;
/// Passages from which on words are near a question by chance, how much confidence in words (as log-odds) rises for each factor of e
/// below that, and by how much at most.
const MANY: f64 = 150.0;
const FEWER: f64 = 0.1;
const FEWEST_PASSAGES: f64 = 0.8;
/// Name under which a store keeps its calibration.
pub const CALIBRATION_SETTING: &str = "ask_calibration";

/// What was fitted to a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Least confidence of an answer.
    pub threshold: f64,
    /// Questions made of the corpus that it was fitted on.
    pub questions: usize,
    /// Of these: share of those with an answer that are answered, and of those without that are refused.
    pub held_out: (f64, f64),
}

/// The confidence of a store's answers.
#[derive(Debug, Clone)]
pub struct Confidence {
    table: &'static Table,
    /// Added to the log-odds.
    fewer: f64,
    /// Least confidence of an answer.
    pub threshold: f64,
    /// Least confidence of an unsure one.
    pub unsure: f64,
    /// What was fitted to the store; none: it was not, or it had too few passages to make questions of.
    pub fitted: Option<Calibration>,
}

impl Confidence {
    /// That of a store.
    pub fn of(store: &dyn Store) -> Result<Confidence> {
        let kept = store.setting(CALIBRATION_SETTING)?;
        // What another version kept is none.
        let fitted = kept.and_then(|json| serde_json::from_str::<Calibration>(&json).ok());
        let mut confidence = Confidence::built_in(store.network(), store.stats()?.chunks);
        if let Some(fitted) = fitted {
            confidence.threshold = fitted.threshold;
            confidence.unsure = NEAR * fitted.threshold;
            confidence.fitted = Some(fitted);
        }
        Ok(confidence)
    }

    /// What holds where nothing was fitted.
    pub(super) fn built_in(network: Option<&str>, chunks: u64) -> Confidence {
        let table = table(network);
        // Among few passages hardly any shares a question's words by chance.
        let fewer = match network {
            None => (FEWER * (MANY / chunks.max(1) as f64).ln()).clamp(0.0, FEWEST_PASSAGES),
            Some(_) => 0.0,
        };
        Confidence { table, fewer, threshold: table.threshold, unsure: NEAR * table.threshold, fitted: None }
    }

    /// How likely an answer with these features is right.
    pub fn of_features(&self, features: &Features) -> f64 {
        1.0 / (1.0 + (-(self.table.log_odds(features) + self.fewer)).exp())
    }
}

/// Fits the threshold of a store's answers on at most `most` questions made of its chunks. None if they are too few; then that of the
/// table stays.
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
    let confidence = Confidence::built_in(store.network(), store.stats()?.chunks);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for (i, q) in questions.iter().enumerate() {
        progress(i, questions.len())?;
        for hidden in [false, true] {
            let filter =
                Filter { without: if hidden { vec![q.document] } else { Vec::new() }, ..Filter::default() };
            let found = find(store, embed, &q.text, CHUNKS, &filter)?;
            // Where nothing else is there, nothing is found: that is no question.
            if let Some(best) = found.candidates.first() {
                let kept = if hidden { &mut without } else { &mut with };
                kept.push(confidence.of_features(&best.features));
            }
        }
    }
    if without.len() < FEWEST {
        return Ok(None);
    }
    without.sort_by(f64::total_cmp);
    let reached = without[((REFUSED * without.len() as f64) as usize).min(without.len() - 1)];
    let threshold = reached.clamp(confidence.threshold - LOWER, confidence.threshold + HIGHER);
    let share = |of: &[f64], passes: bool| {
        of.iter().filter(|c| (**c >= threshold) == passes).count() as f64 / of.len().max(1) as f64
    };
    Ok(Some(Calibration {
        threshold,
        questions: questions.len(),
        held_out: (share(&with, true), share(&without, false)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_told_from_far_by_every_table() {
        for network in [None, Some("minilm"), Some("e5")] {
            let base = if network == Some("e5") { 0.8 } else { 0.3 };
            let near = Features {
                meaning: base + 0.12 + if base < 0.5 { 0.4 } else { 0.0 },
                ahead: if base < 0.5 { 0.4 } else { 0.08 },
                words: 1.0,
                alike: 1.0,
                around: 1.0,
                has: 0.5,
                nearest: base + 0.12,
                apart: 0.1,
                passage: 0.9,
                kind: 1.0,
                rarest: 1.0,
                ..Features::default()
            };
            let far =
                Features { meaning: base, nearest: base, lacks: 0.5, unknown: 0.5, ..Features::default() };
            let confidence = Confidence::built_in(network, 1000);
            let (near, far) = (confidence.of_features(&near), confidence.of_features(&far));
            assert!(near > confidence.threshold && far < confidence.unsure, "{network:?}: {near} {far}");
        }
    }

    #[test]
    fn words_among_few_passages_count_for_more() {
        let features = Features { words: 0.5, alike: 0.5, around: 0.5, kind: 1.0, ..Features::default() };
        let of = |chunks| Confidence::built_in(None, chunks).of_features(&features);
        assert!(of(2) > of(50) && of(50) > of(1000) && of(1000) == of(5000));
    }
}
