//! Why this answer: what passages and words of the question contributed, as Shapley values.
//!
//! Passages: a set of them is worth the best score of their sentences, which is counted exactly. Words: a set of the question's
//! content words is worth the score of the answer to a question of these words alone, exactly up to [`EXACT_WORDS`], else
//! sampled.

use super::{Features, Found};
use crate::{Embed, Result, Role};
use ronghe::explain::{Coalition, Game, Options, Values};
use serde::{Deserialize, Serialize};

/// Most players of either game.
const MOST: usize = 12;
/// From more words on their game is sampled: each set is a question to be embedded.
const EXACT_WORDS: usize = 6;
/// Sets of words that are sampled.
const SAMPLED: usize = 80;

/// What contributed to an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Passages, as numbered in the answer.
    pub passages: Vec<Share>,
    /// Words of the question.
    pub words: Vec<Share>,
}

/// A part and its share of the answer's score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Path of the passage, or the word.
    pub name: String,
    /// Its Shapley value.
    pub value: f64,
}

/// Each set of passages is worth the best score in it.
struct Passages(Vec<f64>);

impl Game for Passages {
    fn players(&self) -> usize {
        self.0.len()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn values(&self, coalitions: &[Coalition]) -> ronghe::Result<Values> {
        let worth = |s: &Coalition| s.iter().map(|h| self.0[h]).fold(0.0, f64::max);
        Values::new(coalitions.iter().map(worth).collect(), coalitions.len(), 1)
    }
}

/// Each set of words is worth the answer's score for a question of these words.
struct Words<'a> {
    words: &'a [String],
    /// What of the question's terms, by rarity, the answer has with each word.
    coverage: Vec<f64>,
    answer: Vec<f32>,
    embed: Option<&'a dyn Embed>,
}

impl Game for Words<'_> {
    fn players(&self) -> usize {
        self.words.len()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn values(&self, coalitions: &[Coalition]) -> ronghe::Result<Values> {
        let texts: Vec<String> = coalitions
            .iter()
            .map(|s| s.iter().map(|w| self.words[w].as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        let asked: Vec<&str> = texts.iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
        let vectors = match self.embed {
            Some(embed) if !self.answer.is_empty() => {
                embed.embed(&asked, Role::Query).map_err(|error| ronghe::Error::Explain {
                    what: "vectors of a question's words".into(),
                    expected: "vectors".into(),
                    found: error.to_string(),
                    mend: "ask without --why".into(),
                })?
            }
            _ => Vec::new(),
        };
        let mut rows = vectors.chunks_exact(self.answer.len().max(1));
        let mut worth = |(s, text): (&Coalition, &String)| {
            let row = if text.is_empty() { None } else { rows.next() };
            let cosine = |row: &[f32]| row.iter().zip(&self.answer).map(|(a, b)| f64::from(a * b)).sum();
            let coverage = s.iter().map(|w| self.coverage[w]).sum();
            Features {
                meaning: row.map_or(0.0, cosine),
                words: coverage,
                alike: coverage,
                ..Features::default()
            }
            .score()
        };
        Values::new(coalitions.iter().zip(&texts).map(&mut worth).collect(), coalitions.len(), 1)
    }
}

fn shares(names: Vec<String>, game: &dyn Game, exact: usize) -> Result<Vec<Share>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let method = if names.len() <= exact { "exact" } else { "kernel" };
    let options = Options { method: method.into(), budget: SAMPLED, tolerance: 0.0, ..Options::default() };
    let found = options.explainer(names.len())?.explain(game, &options)?;
    Ok(names.into_iter().zip(found.attributions).map(|(name, phi)| Share { name, value: phi[0] }).collect())
}

/// What contributed to the best sentence that was found.
pub(super) fn why(found: &Found, embed: Option<&dyn Embed>) -> Result<Why> {
    let hits = found.hits.len().min(MOST);
    let best = |h: usize| found.candidates.iter().filter(|c| c.hit == h).map(|c| c.score).fold(0.0, f64::max);
    let names = found.hits.iter().take(hits).map(|h| h.document.path.clone()).collect();
    let passages = shares(names, &Passages((0..hits).map(best).collect()), MOST)?;
    let Some(answer) = found.candidates.first() else {
        return Ok(Why { passages, words: Vec::new() });
    };
    let text = found.text(answer);
    let mut words = found.asked.words();
    words.truncate(MOST);
    let vector = match embed {
        Some(embed) if !found.asked.vector.is_empty() => embed.embed(&[text], Role::Passage)?,
        _ => Vec::new(),
    };
    let game = Words {
        words: &words,
        coverage: found.asked.held(text).into_iter().take(words.len()).collect(),
        answer: vector,
        embed,
    };
    let words = shares(words.clone(), &game, EXACT_WORDS)?;
    Ok(Why { passages, words })
}
