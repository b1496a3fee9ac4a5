//! Answers from documents: the sentences that answer a question, each with its source, or a refusal.
//!
//! ```text
//! question -> search -> sentences of the best chunks -> features of each -> the best -> confidence -> answer or refusal
//! ```
//! A sentence is scored by the cosine of question and sentence, the share of the question's content terms (weighted by their rarity)
//! that sentence, heading and passage have, and whether it has what the question asks for (a number of days, a date, a
//! name). Confidence is a logistic function of the best sentence's features, fitted to questions that people asked
//! (see [`calibrate`]). From the threshold on it is an answer; a little below it is unsure; else there is none.
//!
//! | file | what |
//! |---|---|
//! | `conversation` | questions that follow others |
//! | `features` | what is known of a sentence beside a question |
//! | `kind` | what a question asks for, and whether a sentence has it |
//! | `tables` | weights of the confidence, and where they come from |
//! | `units` | what numbers count |
//! | `wording` | the words of a question that only ask |
//! | `calibrate` | from features to a confidence |
//! | `places` | the sentences of passages that can state anything |
//! | `questions` | questions made of the corpus |
//! | `why` | what passages and words of the question contributed |

mod calibrate;
mod conversation;
mod features;
mod kind;
mod places;
mod questions;
mod tables;
mod units;
mod why;
mod wording;

pub use calibrate::{CALIBRATION_SETTING, Calibration, Confidence, calibrate};
pub use conversation::{Conversation, Resolved};
pub use features::Features;
pub use why::{Share, Why};

use crate::retrieve::{self, Hit};
use crate::store::{Filter, Store};
use crate::{Citation, Embed, Result, Span};
use features::{Asked, Nearness};
use places::{Place, places, stated};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use wording::asked_terms;

/// How to answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Most sentences of an answer.
    pub sentences: usize,
    /// Chunks whose sentences are looked at.
    pub chunks: usize,
    /// Which documents to search.
    pub filter: Filter,
    /// Least confidence of an answer; none: as the store was calibrated.
    pub threshold: Option<f64>,
    /// Whether to say what passages and words contributed.
    pub why: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { sentences: 3, chunks: 8, filter: Filter::default(), threshold: None, why: false }
    }
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is answered.
    Answered,
    /// What was found may be the answer, and may not.
    Unsure,
    /// There is no answer.
    Refused,
}

/// An answer, or a refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub question: String,
    /// Whether it is answered.
    pub answered: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// How likely the first sentence is right, by calibration.
    pub confidence: f64,
    /// Least confidence that was asked for.
    pub threshold: f64,
    /// The sentences, best first. Of a refusal: the nearest that was found.
    pub sentences: Vec<Sentence>,
    /// Domains of the sentences.
    pub domains: Vec<String>,
    /// What was looked for.
    pub looked_for: Vec<String>,
    /// Passages that were looked at, best first.
    pub passages: Vec<Citation>,
    /// What passages and words contributed, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// A sentence of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// Where it stands, and what stands there.
    pub citation: Citation,
    /// What it was ranked by.
    pub score: f64,
    /// The part of it that has what the question asks for, in the document's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Span>,
}

/// A sentence beside a question.
pub(crate) struct Candidate {
    /// Position of its passage among the hits.
    pub(crate) hit: usize,
    /// Its bytes in the document.
    pub(crate) span: std::ops::Range<usize>,
    pub(crate) features: Features,
    pub(crate) score: f64,
}

/// Sentences whose vectors are computed.
const MOST_SENTENCES: usize = 32;
/// A sentence that repeats so much of a better one adds nothing.
const REPEATED: f64 = 0.8;
/// A further sentence has at least this share of the best one's score.
const NEAR_BEST: f64 = 0.7;

/// Answers `question` from the store.
pub fn ask(
    store: &dyn Store,
    embed: Option<&dyn Embed>,
    question: &str,
    options: &Options,
) -> Result<Answer> {
    let found = find(store, embed, question, options.chunks, &options.filter)?;
    let of_store = Confidence::of(store)?;
    let threshold = options.threshold.unwrap_or(of_store.threshold);
    let confidence = found.candidates.first().map_or(0.0, |best| of_store.of_features(&best.features));
    let outcome = match found.candidates.is_empty() {
        false if confidence >= threshold => Outcome::Answered,
        // Who sets a threshold wants nothing below it.
        false if options.threshold.is_none() && confidence >= of_store.unsure => Outcome::Unsure,
        _ => Outcome::Refused,
    };
    let answered = outcome == Outcome::Answered;
    let most = if answered { options.sentences.max(1) } else { 1 };
    let sentences = found.choose(most);
    let domains: BTreeSet<String> = sentences.iter().map(|s| s.citation.domain.clone()).collect();
    let why = match options.why && !found.candidates.is_empty() {
        true => Some(why::why(&found, embed)?),
        false => None,
    };
    Ok(Answer {
        question: question.trim().to_owned(),
        answered,
        outcome,
        confidence,
        threshold,
        sentences,
        domains: domains.into_iter().collect(),
        looked_for: found.asked.words(),
        passages: found.hits.iter().map(Hit::citation).collect(),
        why,
    })
}

/// The sentences looked at for a question, best first, and what is known of each: what a table of weights is fitted on.
pub fn looked_at(
    store: &dyn Store,
    embed: Option<&dyn Embed>,
    question: &str,
    options: &Options,
) -> Result<Vec<(Features, Citation)>> {
    let found = find(store, embed, question, options.chunks, &options.filter)?;
    let cite = |c: &Candidate| (c.features, found.hits[c.hit].cite(c.span.clone()));
    Ok(found.candidates.iter().map(cite).collect())
}

/// What was found for a question.
pub(crate) struct Found {
    pub(crate) asked: Asked,
    pub(crate) hits: Vec<Hit>,
    /// Best first.
    pub(crate) candidates: Vec<Candidate>,
}

/// The sentences of the best chunks, best first.
pub(crate) fn find(
    store: &dyn Store,
    embed: Option<&dyn Embed>,
    question: &str,
    chunks: usize,
    filter: &Filter,
) -> Result<Found> {
    let question = retrieve::beginning(question.trim(), retrieve::LONGEST_QUERY);
    let query = retrieve::Query::of_terms(store, embed, question, asked_terms(question))?;
    let search = retrieve::Options { most: chunks, filter: filter.clone(), ..retrieve::Options::default() };
    let hits = retrieve::search_for(store, &query, &search)?;
    let asked = Asked::new(store, embed, question, query.vector)?;
    let mut places = places(&hits);
    // Those that share words with the question, then those of better passages: the others are not worth a vector.
    let rank = |p: &Place| {
        let text = &hits[p.hit].document.document.text[p.span.clone()];
        asked.coverage(text) + 0.5 / (1 + p.hit) as f64 + if p.below == 0 { 0.2 } else { 0.0 }
    };
    if places.len() > MOST_SENTENCES {
        let mut ranked: Vec<(f64, usize)> = places.iter().map(rank).zip(0..).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut kept: Vec<usize> = ranked[..MOST_SENTENCES].iter().map(|r| r.1).collect();
        kept.sort_unstable();
        places = kept.into_iter().map(|i| places[i].clone()).collect();
    }
    let texts: Vec<String> =
        places.iter().map(|p| stated(&hits[p.hit].document.document.text[p.span.clone()])).collect();
    let vectors = match embed {
        Some(embed) if !asked.vector.is_empty() => {
            embed.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>(), crate::Role::Passage)?
        }
        _ => Vec::new(),
    };
    let width = asked.vector.len();
    let nearness = Nearness::of(&hits);
    let passages: Vec<_> = hits.iter().map(|hit| features::set(&hit.chunk.text)).collect();
    let mut candidates: Vec<Candidate> = places
        .into_iter()
        .zip(&texts)
        .enumerate()
        .map(|(i, (p, text))| {
            let vector = (width > 0).then(|| &vectors[i * width..(i + 1) * width]);
            let passage = (&hits[p.hit], &passages[p.hit]);
            let features = asked.features(text, vector, passage, (p.span.start, p.below), nearness);
            Candidate { hit: p.hit, span: p.span, score: features.score(), features }
        })
        .collect();
    let mean = candidates.iter().map(|c| c.features.meaning).sum::<f64>() / candidates.len().max(1) as f64;
    candidates.iter_mut().for_each(|c| c.features.ahead = c.features.meaning - mean);
    candidates.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(a.hit.cmp(&b.hit)).then(a.span.start.cmp(&b.span.start))
    });
    Ok(Found { asked, hits, candidates })
}

impl Found {
    /// The text of a candidate.
    pub(crate) fn text(&self, c: &Candidate) -> &str {
        &self.hits[c.hit].document.document.text[c.span.clone()]
    }

    /// The best sentences that say something new.
    fn choose(&self, most: usize) -> Vec<Sentence> {
        let Some(best) = self.candidates.first() else { return Vec::new() };
        let mut chosen: Vec<&Candidate> = Vec::new();
        for c in &self.candidates {
            if chosen.len() == most || c.score < NEAR_BEST * best.score {
                break;
            }
            let repeats = |other: &&Candidate| features::overlap(self.text(c), self.text(other)) > REPEATED;
            if !chosen.iter().any(repeats) {
                chosen.push(c);
            }
        }
        let sentence = |c: &&Candidate| Sentence {
            citation: self.hits[c.hit].cite(c.span.clone()),
            score: c.score,
            short: self
                .asked
                .wanted
                .short(self.text(c))
                .map(|r| Span::from(c.span.start + r.start..c.span.start + r.end)),
        };
        chosen.iter().map(sentence).collect()
    }
}
