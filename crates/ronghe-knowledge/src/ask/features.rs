//! What is known of a sentence beside a question.

use super::kind::Wanted;
use super::places::columns;
use super::wording::asked_terms;
use crate::retrieve::Hit;
use crate::store::Store;
use crate::terms::is_stop;
use crate::{Embed, Result, terms};
use ronghe_data::segment::is_han;
use std::collections::BTreeSet;

/// How many numbers [`Features::numbers`] has.
pub(super) const COUNT: usize = 13;
/// Share of a question's words from which on a sentence in other letters is not foreign to it.
const SHARED: f64 = 0.5;
/// Passages whose nearness is compared.
const BESIDE: usize = 3;
/// Credit for a word that a text has in another form only: 退款 and 退回, electoral and elect.
const ALIKE: f64 = 0.4;
/// Weight of a Chinese word of one character.
const SINGLE: f64 = 0.5;
/// Sum of rarities that counts as 1.
const MASS: f64 = 20.0;
/// Fewest letters that two forms of an English word begin with.
const STEM: usize = 4;
/// Share of a question's words from which on a heading is that question.
const TITLED: f64 = 0.8;

/// What is known of a sentence beside a question, each about 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Features {
    /// Cosine of question and sentence; 0 without vectors.
    pub meaning: f64,
    /// How far that is above the mean of the other sentences looked at.
    pub ahead: f64,
    /// Share of the question's content terms, by rarity, that the sentence and the headings above it have.
    pub words: f64,
    /// The same, and words in another form by 0.4.
    pub alike: f64,
    /// The share that passage and headings have, in whatever form.
    pub around: f64,
    /// Sum of the rarities of the terms that sentence and headings have, in 20.
    pub has: f64,
    /// Sum of the rarities of the terms that the passage lacks, in 20.
    pub lacks: f64,
    /// Share of the question by rarity that no document has.
    pub unknown: f64,
    /// Fused score of its passage, beside the other passages of the store.
    pub passage: f64,
    /// Largest cosine of the question and one of the first three passages; 0 without vectors.
    pub nearest: f64,
    /// How far the nearest of the first three passages is above the furthest of them.
    pub apart: f64,
    /// Whether it has what the question asks for.
    pub kind: f64,
    /// Share of the question's rarest term: 1 if the passage has it.
    pub rarest: f64,
    /// 1 at the beginning of what stands under a heading that asks the same question, falling from sentence to sentence.
    pub under: f64,
    /// Whether question and sentence are in two languages that the network brings together, so that words say nothing.
    pub foreign: bool,
}

impl Features {
    /// What sentences are ranked by. That a passage fits counts as much as that the sentence does: else a sentence that repeats the
    /// question's words beside another matter wins.
    pub fn score(&self) -> f64 {
        0.8 * self.meaning
            + 0.3 * self.words
            + 0.15 * self.alike
            + 0.12 * self.around
            + 0.25 * self.passage
            + 0.12 * self.kind
            + 0.15 * self.under
    }

    /// All of them, for a linear function. What words say of a sentence in another language is not known.
    pub fn numbers(&self) -> [Option<f64>; COUNT] {
        let words = |x: f64| Some(x).filter(|_| !self.foreign);
        [
            Some(self.meaning),
            Some(self.ahead),
            words(self.words),
            words(self.alike),
            words(self.around),
            words(self.has),
            words(self.lacks),
            words(self.unknown),
            words(self.passage),
            Some(self.nearest),
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
    /// Sum of the rarities as they were.
    mass: f64,
    /// Share of the terms, by rarity, that no document has.
    unknown: f64,
    pub(crate) vector: Vec<f32>,
    pub(crate) wanted: Wanted,
    chinese: bool,
    /// Whether the network brings languages together.
    between_languages: bool,
}

/// A text with its terms, and those of what stands above it.
struct Said<'a> {
    own: &'a BTreeSet<String>,
    above: &'a BTreeSet<String>,
    text: &'a str,
}

impl Said<'_> {
    fn terms(&self) -> impl Iterator<Item = &String> {
        self.own.iter().chain(self.above)
    }

    /// Whether a term is there. A Chinese word counts if it stands in the text in whatever words.
    fn has(&self, term: &str) -> bool {
        self.own.contains(term) || self.above.contains(term) || (!term.is_ascii() && self.text.contains(term))
    }

    /// 1 if a term is there, [`ALIKE`] if only another word with its beginning, or in Chinese one with one of its characters.
    fn likeness(&self, term: &str) -> f64 {
        let beginning = |other: &String| {
            let shared = other.bytes().zip(term.bytes()).take_while(|(a, b)| a == b).count();
            term.is_ascii() && shared >= STEM && 3 * shared >= 2 * term.len().max(other.len())
        };
        let han = |c: char| is_han(c) && self.terms().any(|other| other.contains(c));
        match self.has(term) {
            true => 1.0,
            false
                if self.terms().any(beginning)
                    || (term.chars().nth(1).is_some() && term.chars().any(han)) =>
            {
                ALIKE
            }
            false => 0.0,
        }
    }
}

impl Asked {
    pub(crate) fn new(
        store: &dyn Store,
        embed: Option<&dyn Embed>,
        question: &str,
        vector: Vec<f32>,
    ) -> Result<Asked> {
        let (mut found, mut written, mut unknown) = (Vec::<(String, f64)>::new(), Vec::new(), 0.0);
        let all = asked_terms(question);
        let content = |t: &&crate::Term| !t.pair && !is_stop(&question[t.range.clone()].to_lowercase());
        // A question of nothing but such words is taken as it is.
        let any = all.iter().any(|t| content(&t));
        for term in all.iter().filter(|t| !t.pair && (!any || content(t))) {
            if found.iter().all(|(known, _)| *known != term.text) {
                let (with, chunks) = store.frequency(&term.text)?;
                let mut rarity = (1.0 + (chunks as f64 + 0.5) / (with as f64 + 0.5)).ln();
                // A Chinese verb of one character is asked with (谁付); texts write longer ones.
                if term.text.starts_with(is_han) && term.text.chars().nth(1).is_none() {
                    rarity *= SINGLE;
                }
                unknown += if with == 0 { rarity } else { 0.0 };
                found.push((term.text.clone(), rarity));
                written.push(question[term.range.clone()].to_owned());
            }
        }
        let mass = found.iter().map(|(_, rarity)| rarity).sum::<f64>().max(f64::MIN_POSITIVE);
        found.iter_mut().for_each(|(_, rarity)| *rarity /= mass);
        Ok(Asked {
            terms: found,
            written,
            mass,
            unknown: unknown / mass,
            between_languages: !vector.is_empty() && embed.is_some_and(|e| e.between_languages().is_some()),
            vector,
            wanted: Wanted::of(question),
            chinese: question.contains(is_han),
        })
    }

    /// The words that were looked for, as they were asked.
    pub(crate) fn words(&self) -> Vec<String> {
        self.written.clone()
    }

    /// The rarity of each term that a text has, and 0 for the others.
    pub(crate) fn held(&self, text: &str) -> Vec<f64> {
        let said = Said { own: &set(text), above: &BTreeSet::new(), text };
        self.terms.iter().map(|(term, rarity)| if said.has(term) { *rarity } else { 0.0 }).collect()
    }

    /// Share of the terms, by rarity, that a text has.
    pub(crate) fn coverage(&self, text: &str) -> f64 {
        self.held(text).into_iter().sum()
    }

    /// The cosine of the question and a text.
    fn cosine(&self, vector: &[f32]) -> f64 {
        vector.iter().zip(&self.vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    /// What is known of a sentence: its text, its vector, its passage with the terms of that, where it begins, and how many sentences
    /// its heading is above it.
    pub(crate) fn features(
        &self,
        sentence: &str,
        vector: Option<&[f32]>,
        (hit, of_passage): (&Hit, &BTreeSet<String>),
        (at, below): (usize, usize),
        nearness: Nearness,
    ) -> Features {
        let above = hit.headings_at(at);
        let mut headings = set(&above.join(" "));
        headings.extend(columns(hit, at).map(set).unwrap_or_default());
        let said = Said { own: &set(sentence), above: &headings, text: sentence };
        let passage = Said { own: of_passage, above: &headings, text: &hit.chunk.text };
        let rarest = self.terms.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let sum = |f: &dyn Fn(&str) -> f64| self.terms.iter().map(|(t, rarity)| rarity * f(t)).sum::<f64>();
        let words = sum(&|t| f64::from(u8::from(said.has(t))));
        let titled = above.last().is_some_and(|h| self.coverage(h) >= TITLED);
        Features {
            foreign: self.between_languages && self.chinese != sentence.contains(is_han) && words < SHARED,
            meaning: vector.map_or(0.0, |v| self.cosine(v)),
            ahead: 0.0,
            words,
            alike: sum(&|t| said.likeness(t)),
            around: sum(&|t| passage.likeness(t)),
            has: words * self.mass / MASS,
            lacks: sum(&|t| 1.0 - passage.likeness(t)) * self.mass / MASS,
            unknown: self.unknown,
            passage: f64::from(hit.score),
            nearest: nearness.nearest,
            apart: nearness.apart,
            kind: self.wanted.met(sentence),
            rarest: rarest.map_or(0.0, |(term, _)| passage.likeness(term)),
            under: if titled { 1.0 / (1.0 + below as f64) } else { 0.0 },
        }
    }
}

/// The terms of a text.
pub(crate) fn set(text: &str) -> BTreeSet<String> {
    terms(text).into_iter().map(|t| t.text).collect()
}

/// Share of the shorter text's terms that the other has too.
pub(crate) fn overlap(a: &str, b: &str) -> f64 {
    let (a, b) = (set(a), set(b));
    a.intersection(&b).count() as f64 / a.len().min(b.len()).max(1) as f64
}
