//! Answers from documents: the sentences that answer a question, each with its source, or a refusal.
//!
//! ```text
//! question -> search -> sentences of the best chunks -> features of each -> the best -> confidence -> answer or refusal
//! ```
//! The score of a sentence is `a meaning + b words + c kind`: the cosine of question and sentence, the share of the question's
//! content terms (weighted by their rarity) that sentence and heading have, and whether it has what the question asks for (a
//! date, a number, a name). Confidence is a logistic function of the best sentence's features, fitted to questions made of the
//! corpus whose document is there or was left out (see [`calibrate`]); below the threshold fitted with it there is no answer.
//!
//! | file | what |
//! |---|---|
//! | `conversation` | questions that follow others |
//! | `features` | what is known of a sentence beside a question |
//! | `kind` | what a question asks for, and whether a sentence has it |
//! | `units` | what numbers count |
//! | `wording` | the words of a question that only ask |
//! | `calibrate` | from features to a confidence |
//! | `questions` | questions made of the corpus |
//! | `why` | what passages and words of the question contributed |

mod calibrate;
mod conversation;
mod features;
mod kind;
mod questions;
mod units;
mod why;
mod wording;

pub use calibrate::{CALIBRATION_SETTING, Calibration, calibrate};
pub use conversation::{Conversation, Resolved};
pub use features::Features;
pub use why::{Share, Why};

use crate::document::BlockKind;
use crate::retrieve::{self, Hit};
use crate::store::{Filter, Store};
use crate::{Citation, Embed, Result, Span, terms};
use features::{Asked, Nearness};
use wording::asked_terms;
use ronghe_data::segment::sentence_ranges;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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

/// An answer, or a refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub question: String,
    /// Whether it is answered.
    pub answered: bool,
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
/// Fewest characters of a sentence that can answer anything.
const SHORTEST: usize = 6;
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
    let calibration = Calibration::of(store)?;
    let threshold = options.threshold.unwrap_or(calibration.threshold);
    let confidence = found.candidates.first().map_or(0.0, |best| calibration.confidence(&best.features));
    let answered = confidence >= threshold && !found.candidates.is_empty();
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
        confidence,
        threshold,
        sentences,
        domains: domains.into_iter().collect(),
        looked_for: found.asked.words(),
        passages: found.hits.iter().map(Hit::citation).collect(),
        why,
    })
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
    let mut places: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    for (h, hit) in hits.iter().enumerate() {
        let start = hit.chunk.chunk.span.start;
        for range in sentence_ranges(&hit.chunk.text) {
            let long = hit.chunk.text[range.clone()].chars().nth(SHORTEST - 1).is_some();
            let span = start + range.start..start + range.end;
            // Chunks overlap: a sentence is looked at once.
            let seen = |(other, s): &(usize, std::ops::Range<usize>)| {
                hits[*other].document.id == hit.document.id && *s == span
            };
            if long && states(hit, &span) && !places.iter().any(seen) {
                places.push((h, span));
            }
        }
    }
    // Those that share words with the question, then those of better passages: the others are not worth a vector.
    let rank = |(h, span): &(usize, std::ops::Range<usize>)| {
        let text = &hits[*h].document.document.text[span.clone()];
        asked.coverage(&terms(text).into_iter().map(|t| t.text).collect(), text) + 0.5 / (1 + h) as f64
    };
    if places.len() > MOST_SENTENCES {
        let mut ranked: Vec<(f64, usize)> = places.iter().map(rank).zip(0..).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut kept: Vec<usize> = ranked[..MOST_SENTENCES].iter().map(|r| r.1).collect();
        kept.sort_unstable();
        places = kept.into_iter().map(|i| places[i].clone()).collect();
    }
    let texts: Vec<&str> = places.iter().map(|(h, s)| &hits[*h].document.document.text[s.clone()]).collect();
    let vectors = match embed {
        Some(embed) if !asked.vector.is_empty() => embed.embed(&texts, crate::Role::Passage)?,
        _ => Vec::new(),
    };
    let width = asked.vector.len();
    let nearness = Nearness::of(&hits);
    let mut candidates: Vec<Candidate> = places
        .iter()
        .enumerate()
        .map(|(i, (h, span))| {
            let vector = (width > 0).then(|| &vectors[i * width..(i + 1) * width]);
            let features = asked.features(texts[i], vector, (&hits[*h], span.start), nearness);
            Candidate { hit: *h, span: span.clone(), score: features.score(), features }
        })
        .collect();
    candidates.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(a.hit.cmp(&b.hit)).then(a.span.start.cmp(&b.span.start))
    });
    Ok(Found { asked, hits, candidates })
}

/// Whether a sentence can state anything: no question, no heading, no code.
fn states(hit: &Hit, span: &std::ops::Range<usize>) -> bool {
    let document = &hit.document.document;
    let block = document.blocks.iter().find(|b| b.range.start <= span.start && span.start < b.range.end);
    let mute = |b: &crate::document::Block| matches!(b.kind, BlockKind::Code | BlockKind::Heading(_));
    !block.is_some_and(mute) && !document.text[span.clone()].trim_end().ends_with(['?', '？'])
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
            short: self.asked.wanted.short(self.text(c))
                .map(|r| Span::from(c.span.start + r.start..c.span.start + r.end)),
        };
        chosen.iter().map(sentence).collect()
    }
}
