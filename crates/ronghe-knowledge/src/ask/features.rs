//! What is known of a sentence beside a question.

use super::kind::Wanted;
use super::wording::asked_terms;
use crate::retrieve::Hit;
use crate::store::Store;
use crate::terms::is_stop;
use crate::{Embed, Result, terms};
use ronghe_data::segment::is_han;
use std::collections::BTreeSet;

/// How many numbers [`Features::numbers`] has.
pub(super) const COUNT: usize = 7;
/// Share of a question's words from which on a sentence in other letters is not foreign to it.
const SHARED: f64 = 0.5;
/// Passages whose nearness is compared.
const BESIDE: usize = 3;

/// What is known of a sentence beside a question, each about 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Features {
    /// Cosine of question and sentence; 0 without vectors.
    pub meaning: f64,
    /// Share of the question's content terms, by rarity, that the sentence and the headings above it have.
    pub words: f64,
    /// Fused score of its passage, beside the other passages of the store.
    pub passage: f64,
    /// Largest cosine of the question and one of the first three passages; 0 without vectors.
    pub nearest: f64,
    /// How far the nearest of the first three passages is above the furthest of them.
    pub apart: f64,
    /// Whether it has what the question asks for; 1 if nothing special is asked for.
    pub kind: f64,
    /// Share of the question's rarest term: 1 if the passage has it.
    pub rarest: f64,
    /// Where question and sentence are in two languages, so that words say nothing: how much lower cosines are between them.
    pub foreign: Option<f64>,
}

impl Features {
    /// What sentences are ranked by. That a passage fits counts as much as that the sentence does: else a sentence that repeats the
    /// question's words beside another matter wins.
    pub(crate) fn score(&self) -> f64 {
        0.4 * self.meaning + 0.2 * self.words + 0.3 * self.passage + 0.1 * self.kind
    }

    /// All of them, for a linear function. None: nothing is known.
    pub(super) fn numbers(&self) -> [Option<f64>; COUNT] {
        let lower = self.foreign.unwrap_or(0.0);
        let words = |x: f64| Some(x).filter(|_| self.foreign.is_none());
        [
            Some(self.meaning + lower),
            words(self.words),
            words(self.passage),
            Some(self.nearest + lower),
            Some(self.apart),
            Some(self.kind),
            words(self.rarest),
        ]
    }
}

/// How near the passages found for a question are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Nearness {
    nearest: f64,
    apart: f64,
}

impl Nearness {
    pub(crate) fn of(hits: &[Hit]) -> Nearness {
        let cosines: Vec<f64> = hits.iter().take(BESIDE).filter_map(|h| h.meaning.map(f64::from)).collect();
        let Some(nearest) = cosines.iter().copied().reduce(f64::max) else { return Nearness::default() };
        let furthest = cosines.iter().copied().fold(nearest, f64::min);
        Nearness { nearest, apart: nearest - furthest }
    }
}

/// A question, taken apart.
pub(crate) struct Asked {
    /// Content terms with their rarities, which sum to 1.
    pub(crate) terms: Vec<(String, f64)>,
    /// The same terms as they are written in the question.
    written: Vec<String>,
    pub(crate) vector: Vec<f32>,
    pub(crate) wanted: Wanted,
    chinese: bool,
    /// As [`Embed::between_languages`] has it.
    between_languages: Option<f64>,
}

impl Asked {
    pub(crate) fn new(
        store: &dyn Store,
        embed: Option<&dyn Embed>,
        question: &str,
        vector: Vec<f32>,
    ) -> Result<Asked> {
        let (mut found, mut written) = (Vec::<(String, f64)>::new(), Vec::new());
        let all = asked_terms(question);
        let content = |t: &&crate::Term| !t.pair && !is_stop(&question[t.range.clone()].to_lowercase());
        // A question of nothing but such words is taken as it is.
        let any = all.iter().any(|t| content(&t));
        for term in all.iter().filter(|t| !t.pair && (!any || content(t))) {
            if found.iter().all(|(known, _)| *known != term.text) {
                let (with, chunks) = store.frequency(&term.text)?;
                let rarity = (1.0 + (chunks as f64 + 0.5) / (with as f64 + 0.5)).ln();
                found.push((term.text.clone(), rarity));
                written.push(question[term.range.clone()].to_owned());
            }
        }
        let sum: f64 = found.iter().map(|(_, rarity)| rarity).sum();
        found.iter_mut().for_each(|(_, rarity)| *rarity /= sum.max(f64::MIN_POSITIVE));
        Ok(Asked {
            terms: found,
            written,
            between_languages: embed.filter(|_| !vector.is_empty()).and_then(Embed::between_languages),
            vector,
            wanted: Wanted::of(question),
            chinese: question.contains(is_han),
        })
    }

    /// The words that were looked for, as they were asked.
    pub(crate) fn words(&self) -> Vec<String> {
        self.written.clone()
    }

    /// Share of the terms, by rarity, that a text has. A Chinese word counts if it stands in the text in whatever words.
    pub(crate) fn coverage(&self, has: &BTreeSet<String>, text: &str) -> f64 {
        let there = |term: &str| has.contains(term) || (!term.is_ascii() && text.contains(term));
        self.terms.iter().filter(|(term, _)| there(term)).map(|(_, rarity)| rarity).sum()
    }

    pub(crate) fn features(
        &self,
        sentence: &str,
        vector: Option<&[f32]>,
        (hit, at): (&Hit, usize),
        nearness: Nearness,
    ) -> Features {
        let set = |text: &str| -> BTreeSet<String> { terms(text).into_iter().map(|t| t.text).collect() };
        let headings = hit.headings_at(at).join(" ");
        let headings = set(&headings);
        let with = |text: &str| -> BTreeSet<String> { set(text).union(&headings).cloned().collect() };
        let passage = with(&hit.chunk.text);
        let rarest = self.terms.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let cosine =
            |v: &[f32]| v.iter().zip(&self.vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let words = self.coverage(&with(sentence), sentence);
        let foreign = self.chinese != sentence.contains(is_han) && words < SHARED;
        Features {
            foreign: self.between_languages.filter(|_| foreign),
            meaning: vector.map_or(0.0, cosine),
            words,
            passage: f64::from(hit.score),
            nearest: nearness.nearest,
            apart: nearness.apart,
            kind: self.wanted.met(sentence),
            rarest: rarest.map_or(0.0, |(term, _)| f64::from(u8::from(passage.contains(term)))),
        }
    }
}

/// Share of the shorter text's terms that the other has too.
pub(crate) fn overlap(a: &str, b: &str) -> f64 {
    let set = |text: &str| -> BTreeSet<String> { terms(text).into_iter().map(|t| t.text).collect() };
    let (a, b) = (set(a), set(b));
    a.intersection(&b).count() as f64 / a.len().min(b.len()).max(1) as f64
}
