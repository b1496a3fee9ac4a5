//! Search: chunks for a query, by their words, by their meaning, or by both.
//!
//! Fused score of a chunk: `w d + (1 - w) l`. d is its score by meaning, brought to 0..1 over the [`DEPTH`] best of both
//! legs (`(s - min) / (max - min)`); l its score by words over the most that any text could reach,
//! `sum over terms of 2.2 idf`. So words that are nowhere keep l small for all, and meaning decides; brought to 0..1 by the best
//! that was found, the least bad would count as much as a full match. w is fitted to the corpus when it was indexed
//! (see [`fit`]), or given. Reciprocal ranks, `sum over legs of 1 / (60 + rank)`, need no scores.
//! Sources: Bruch, Gai and Ingber 2023 (convex fusion); Cormack, Clarke and Buettcher 2009 (reciprocal ranks); Carbonell and
//! Goldstein 1998 (diversity).

mod fit;

pub use fit::{Fitted, fit};
pub(crate) use fit::{content, spread};

use crate::store::{ChunkId, Filter, Store, StoredChunk, StoredDocument};
use crate::{Citation, Embed, Error, Result, Role, Term, terms};
use ronghe_vector::{dot, mmr};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Chunks of each leg that are looked at.
pub const DEPTH: usize = 100;
/// Added to ranks.
const RANK: f32 = 60.0;
/// Weight of meaning where none was fitted.
const WEIGHT: f32 = 0.6;
/// `1 + k1` of BM25: what a term that is repeated without end gives, in its idf.
const SATURATED: f32 = 2.2;
/// Longest query that is looked at, in bytes.
pub const LONGEST_QUERY: usize = 16 << 10;

/// What chunks are ranked by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Both legs, scores fused; by words where the store has no vectors.
    #[default]
    Fused,
    /// Words alone (BM25).
    Words,
    /// Meaning alone (vectors).
    Meaning,
    /// Both legs, reciprocal ranks added.
    Ranks,
}

impl Mode {
    /// The modes, by name.
    pub const ALL: [(&'static str, Mode); 4] =
        [("fused", Mode::Fused), ("words", Mode::Words), ("meaning", Mode::Meaning), ("ranks", Mode::Ranks)];
}

/// How to search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Chunks wanted.
    pub most: usize,
    /// Which documents to search.
    pub filter: Filter,
    /// What chunks are ranked by.
    pub mode: Mode,
    /// Weight of meaning, 0 to 1; none: as fitted when the store was indexed.
    pub weight: Option<f32>,
    /// Most chunks of one domain.
    pub per_domain: Option<usize>,
    /// How much a chunk loses for being like a better one, 0 to 1.
    pub diversity: f32,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            most: 10,
            filter: Filter::default(),
            mode: Mode::Fused,
            weight: None,
            per_domain: None,
            diversity: 0.0,
        }
    }
}

/// A chunk that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The chunk.
    pub chunk: StoredChunk,
    /// Its document, without blocks.
    pub document: StoredDocument,
    /// What it is ranked by.
    pub score: f32,
    /// BM25 score, if it is among the best by words.
    pub words: Option<f32>,
    /// Cosine with the query, where there are vectors.
    pub meaning: Option<f32>,
}

impl Hit {
    /// Where it stands.
    pub fn citation(&self) -> Citation {
        self.cite(self.chunk.chunk.span.start..self.chunk.chunk.span.end)
    }

    /// The title and the headings above a byte of its document.
    pub(crate) fn headings_at(&self, at: usize) -> Vec<String> {
        let document = &self.document.document;
        let above = document.block_at(at).map(|b| document.headings_above(b)).unwrap_or_default();
        let title = document.title.iter().cloned();
        title.chain(above.into_iter().filter(|h| Some(h) != document.title.as_ref())).collect()
    }

    /// Where some bytes of its document stand.
    pub(crate) fn cite(&self, span: std::ops::Range<usize>) -> Citation {
        let document = &self.document.document;
        Citation {
            path: self.document.path.clone(),
            title: document.title.clone(),
            domain: self.document.domain.clone(),
            place: document.place_at(span.start),
            headings: self.headings_at(span.start),
            quote: document.text[span.clone()].to_owned(),
            span: span.into(),
        }
    }
}

/// A query as both legs see it.
pub struct Query {
    /// Its terms, each once.
    pub terms: Vec<String>,
    /// Its vector; empty without a network.
    pub vector: Vec<f32>,
    /// The score by words that no text can pass.
    most: f32,
}

impl Query {
    /// Of a text, which must say something.
    pub fn new(store: &dyn Store, embed: Option<&dyn Embed>, text: &str) -> Result<Query> {
        Query::of_terms(store, embed, text, terms(beginning(text.trim(), LONGEST_QUERY)))
    }

    /// Of a text of which only some terms are to be looked for.
    pub(crate) fn of_terms(
        store: &dyn Store,
        embed: Option<&dyn Embed>,
        text: &str,
        terms: Vec<Term>,
    ) -> Result<Query> {
        let text = beginning(text.trim(), LONGEST_QUERY);
        let mut all: Vec<String> = Vec::new();
        for term in terms {
            // Words without their hyphens are looked for beside these, where some text has them so.
            let joined = term.pair && term.text.is_ascii();
            let nowhere = joined && store.frequency(&term.text)?.0 == 0;
            if !nowhere && !all.contains(&term.text) {
                all.push(term.text);
            }
        }
        if all.is_empty() {
            return Err(Error::Input {
                what: "query".into(),
                expected: "words to search for".into(),
                found: if text.is_empty() { "nothing".into() } else { format!("`{}`", beginning(text, 80)) },
            });
        }
        let vector = match (embed, store.network()) {
            (Some(embed), Some(network)) if embed.name() != network => {
                return Err(Error::Input {
                    what: "network of the query".into(),
                    expected: network.to_owned(),
                    found: embed.name().to_owned(),
                });
            }
            (Some(embed), Some(_)) => embed.embed(&[text], Role::Query)?,
            _ => Vec::new(),
        };
        let mut most = 0.0;
        for term in &all {
            most += SATURATED * rarity(store, term)?;
        }
        Ok(Query { terms: all, vector, most })
    }
}

/// The idf of a term as BM25 has it.
pub(crate) fn rarity(store: &dyn Store, term: &str) -> Result<f32> {
    let (with, all) = store.frequency(term)?;
    let (with, all) = (with as f32, all as f32);
    Ok((1.0 + (all - with + 0.5) / (with + 0.5)).ln())
}

/// The first bytes of a text, whole characters.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let most = (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    &text[..most.unwrap_or(0)]
}

/// The chunks that answer the query best, best first.
pub fn search(
    store: &dyn Store,
    embed: Option<&dyn Embed>,
    text: &str,
    options: &Options,
) -> Result<Vec<Hit>> {
    let query = Query::new(store, embed, text)?;
    search_for(store, &query, options)
}

/// The same for a query that was prepared.
pub fn search_for(store: &dyn Store, query: &Query, options: &Options) -> Result<Vec<Hit>> {
    let mut ranked = rank(store, query, options)?;
    if options.diversity > 0.0 && !query.vector.is_empty() {
        ranked = diverse(store, &ranked, options)?;
    }
    let mut documents: BTreeMap<u64, Option<StoredDocument>> = BTreeMap::new();
    let mut of_domain: HashMap<String, usize> = HashMap::new();
    let mut hits = Vec::new();
    for found in ranked {
        if hits.len() == options.most {
            break;
        }
        let Some(chunk) = store.chunks(&[found.chunk])?.pop() else { continue };
        let document = match documents.get(&chunk.document) {
            Some(known) => known.clone(),
            None => {
                let read = store.document(chunk.document)?;
                documents.insert(chunk.document, read.clone());
                read
            }
        };
        let Some(document) = document else { continue };
        let count = of_domain.entry(document.domain.clone()).or_default();
        if options.per_domain.is_some_and(|most| *count >= most) {
            continue;
        }
        *count += 1;
        hits.push(Hit { chunk, document, score: found.score, words: found.words, meaning: found.meaning });
    }
    Ok(hits)
}

/// A chunk with its scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ranked {
    pub(crate) chunk: ChunkId,
    pub(crate) score: f32,
    pub(crate) words: Option<f32>,
    pub(crate) meaning: Option<f32>,
}

/// The best chunks of both legs, best first.
pub(crate) fn rank(store: &dyn Store, query: &Query, options: &Options) -> Result<Vec<Ranked>> {
    let depth = DEPTH.max(options.most);
    let mode = match options.mode {
        Mode::Meaning if query.vector.is_empty() => {
            return Err(Error::Input {
                what: "search by meaning".into(),
                expected: "a store with vectors".into(),
                found: "one without: index with --network e5 or minilm".into(),
            });
        }
        mode if query.vector.is_empty() && mode != Mode::Words => Mode::Words,
        mode => mode,
    };
    let words = match mode {
        Mode::Meaning => Vec::new(),
        _ => store.lexical(&query.terms, &options.filter, depth)?,
    };
    let meaning = match mode {
        Mode::Words => Vec::new(),
        _ => store.dense(&query.vector, &options.filter, depth)?,
    };
    let legs = Legs { words, meaning };
    let mut ranked = match mode {
        Mode::Ranks => legs.by_ranks(),
        _ => {
            let weight = match (mode, options.weight) {
                (Mode::Words, _) => 0.0,
                (Mode::Meaning, _) => 1.0,
                (_, Some(weight)) => weight.clamp(0.0, 1.0),
                _ => store.setting(WEIGHT_SETTING)?.and_then(|w| w.parse().ok()).unwrap_or(WEIGHT),
            };
            legs.with_meaning_of_all(store, query)?.by_scores(weight, query.most)
        }
    };
    ranked.truncate(depth);
    Ok(ranked)
}

/// Name under which a store keeps the weight that was fitted.
pub const WEIGHT_SETTING: &str = "fusion_weight";

/// What each leg found, best first.
pub(crate) struct Legs {
    pub(crate) words: Vec<(ChunkId, f32)>,
    pub(crate) meaning: Vec<(ChunkId, f32)>,
}

impl Legs {
    /// Adds the scores by meaning of chunks that were found by words only.
    pub(crate) fn with_meaning_of_all(mut self, store: &dyn Store, query: &Query) -> Result<Legs> {
        if self.meaning.is_empty() {
            return Ok(self);
        }
        let known: HashMap<ChunkId, f32> = self.meaning.iter().copied().collect();
        let rest: Vec<ChunkId> = self.words.iter().map(|w| w.0).filter(|c| !known.contains_key(c)).collect();
        let vectors = store.vectors(&rest)?;
        for (chunk, vector) in rest.into_iter().zip(vectors.chunks_exact(query.vector.len())) {
            self.meaning.push((chunk, dot(vector, &query.vector)));
        }
        Ok(self)
    }

    /// By fused scores with weight `w` of meaning, where no score by words passes `most`.
    pub(crate) fn by_scores(&self, w: f32, most: f32) -> Vec<Ranked> {
        let low = self.meaning.iter().map(|s| s.1).fold(f32::INFINITY, f32::min);
        let high = self.meaning.iter().map(|s| s.1).fold(f32::NEG_INFINITY, f32::max);
        let unit = |s: f32| if high > low { (s - low) / (high - low) } else { 1.0 };
        let most = most.max(f32::MIN_POSITIVE);
        self.join(|l, d| w * d.map_or(0.0, unit) + (1.0 - w) * l.unwrap_or(0.0) / most)
    }

    /// By reciprocal ranks.
    fn by_ranks(&self) -> Vec<Ranked> {
        let ranks = |leg: &[(ChunkId, f32)]| -> HashMap<ChunkId, usize> {
            leg.iter().enumerate().map(|(rank, (chunk, _))| (*chunk, rank + 1)).collect()
        };
        let (words, meaning) = (ranks(&self.words), ranks(&self.meaning));
        let part = |rank: Option<&usize>| rank.map_or(0.0, |&r| 1.0 / (RANK + r as f32));
        let mut ranked = self.join(|_, _| 0.0);
        ranked.iter_mut().for_each(|r| r.score = part(words.get(&r.chunk)) + part(meaning.get(&r.chunk)));
        sort(&mut ranked);
        ranked
    }

    fn join(&self, score: impl Fn(Option<f32>, Option<f32>) -> f32) -> Vec<Ranked> {
        let mut both: BTreeMap<ChunkId, (Option<f32>, Option<f32>)> = BTreeMap::new();
        self.words.iter().for_each(|(chunk, s)| both.entry(*chunk).or_default().0 = Some(*s));
        self.meaning.iter().for_each(|(chunk, s)| both.entry(*chunk).or_default().1 = Some(*s));
        let ranked = both.into_iter().map(|(chunk, (words, meaning))| Ranked {
            chunk,
            score: score(words, meaning),
            words,
            meaning,
        });
        let mut ranked: Vec<Ranked> = ranked.collect();
        sort(&mut ranked);
        ranked
    }
}

/// Best first; of equals, the earlier chunk.
fn sort(ranked: &mut [Ranked]) {
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
}

/// Takes one chunk after another: the one with the largest `(1 - x) score - x (largest cosine with one taken)`.
fn diverse(store: &dyn Store, ranked: &[Ranked], options: &Options) -> Result<Vec<Ranked>> {
    let x = options.diversity.clamp(0.0, 1.0);
    let ids: Vec<ChunkId> = ranked.iter().map(|r| r.chunk).collect();
    let vectors = store.vectors(&ids)?;
    let width = vectors.len() / ids.len().max(1);
    let row = |i: usize| &vectors[i * width..(i + 1) * width];
    let candidates: Vec<(Ranked, f32)> = ranked.iter().map(|r| (*r, r.score)).collect();
    let taken = mmr(&candidates, |a, b| dot(row(a), row(b)), options.most, 1.0 - x);
    Ok(taken.into_iter().map(|(chunk, _)| chunk).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legs() -> Legs {
        Legs { words: vec![(1, 8.0), (2, 4.0)], meaning: vec![(3, 0.9), (1, 0.8), (2, 0.5)] }
    }

    #[test]
    fn scores_are_fused_over_what_both_legs_found() {
        let order = |w: f32, most| legs().by_scores(w, most).iter().map(|r| r.chunk).collect::<Vec<_>>();
        assert_eq!(
            (order(0.0, 8.0), order(1.0, 8.0), order(0.5, 8.0)),
            (vec![1, 2, 3], vec![3, 1, 2], vec![1, 3, 2])
        );
        let first = legs().by_scores(0.5, 8.0)[0];
        assert!((first.score - 0.5 * (1.0 + 0.75)).abs() < 1e-6);
        // Where the best has few of the words, meaning decides.
        assert_eq!(order(0.5, 80.0), vec![3, 1, 2]);
    }

    #[test]
    fn ranks_are_added() {
        let found = legs().by_ranks();
        assert_eq!(found[0].chunk, 1);
        assert!((found[0].score - (1.0 / 61.0 + 1.0 / 62.0)).abs() < 1e-6);
    }
}
