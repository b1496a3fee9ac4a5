//! The weight of meaning that suits a corpus, from its own sentences.
//!
//! A query is what a sentence of a chunk begins with, its content words, and what is to be found is the chunk without that
//! sentence among the chunks of all other documents: so it has the matter of its answer, and of its words no more than
//! what is said beside it has. The weight is the one with the best mean reciprocal rank, drawn to the usual one: such queries
//! are not what people ask, and on the sets of `examples/knowledge/RESULTS.md` the usual weight alone does as well. Source of
//! the task: Lee, Chang and Toutanova 2019 (inverse cloze).

use super::{DEPTH, Legs, Query, SATURATED, WEIGHT, rarity};
use crate::store::{ChunkId, Filter, Store};
use crate::terms::is_stop;
use crate::{Embed, Remembered, Result, Role, terms};
use ronghe_data::segment::{sentence_ranges, tokens};
use ronghe_vector::dot;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::Range;

/// Weights that are tried.
const STEPS: usize = 20;
/// Fewest content words of a sentence that makes a query.
const FEWEST: usize = 5;
/// Queries with which the best weight and the usual one count alike.
const DOUBT: f64 = 400.0;
/// Most words of a query: people ask in few.
const MOST_WORDS: usize = 8;

/// What was fitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitted {
    /// Weight of meaning.
    pub weight: f32,
    /// Queries that it was fitted on.
    pub queries: usize,
    /// Mean reciprocal rank by words, by meaning and fused with the best weight, on these queries.
    pub reciprocal_ranks: [f64; 3],
}

/// Fits the weight on at most `most` sentences. Without vectors there is nothing to fit.
pub fn fit(store: &dyn Store, embed: Option<&dyn Embed>, most: usize, seed: u64) -> Result<Option<Fitted>> {
    let (Some(embed), Some(_)) = (embed, store.network()) else { return Ok(None) };
    let mut taken = Vec::new();
    for (i, id) in spread(store, most, seed)?.into_iter().enumerate() {
        let Some(chunk) = store.chunks(&[id])?.pop() else { continue };
        let sentences = sentence_ranges(&chunk.text);
        let full = |range: &&Range<usize>| content(&chunk.text[(*range).clone()]).len() >= FEWEST;
        let turned = (0..sentences.len()).map(|s| &sentences[(s + i) % sentences.len()]);
        let Some(sentence) = turned.filter(|_| sentences.len() > 1).find(full) else { continue };
        let rest = format!("{}{}", &chunk.text[..sentence.start], &chunk.text[sentence.end..]);
        let asked: Vec<&str> = content(&chunk.text[sentence.clone()]).into_iter().take(MOST_WORDS).collect();
        taken.push((id, chunk.document, chunk.chunk.with_headings(&rest), asked.join(" ")));
    }
    // Many texts at once are computed faster than one by one.
    let rests: Vec<&str> = taken.iter().map(|(_, _, rest, _)| rest.as_str()).collect();
    let vectors = embed.embed(&rests, Role::Passage)?;
    let remembered = Remembered::new(embed);
    remembered.embed(&taken.iter().map(|(.., asked)| asked.as_str()).collect::<Vec<_>>(), Role::Query)?;
    let mut gains: Vec<[f64; STEPS + 1]> = Vec::new();
    for ((id, document, rest, asked), vector) in taken.iter().zip(vectors.chunks_exact(embed.width())) {
        let query = Query::new(store, Some(&remembered), asked)?;
        // What else of the document holds the sentence, or the sentences beside it, is no rival.
        let filter = Filter { without: vec![*document], ..Filter::default() };
        let mut legs = Legs {
            words: store.lexical(&query.terms, &filter, DEPTH)?,
            meaning: store.dense(&query.vector, &filter, DEPTH)?,
        };
        legs.words.push((*id, by_words(store, &query, rest)?));
        legs.meaning.push((*id, dot(vector, &query.vector)));
        let legs = legs.with_meaning_of_all(store, &query)?;
        gains.push(std::array::from_fn(|step| {
            let ranked = legs.by_scores(step as f32 / STEPS as f32, query.most);
            let rank = ranked.iter().position(|r| r.chunk == *id);
            rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64)
        }));
    }
    if gains.len() < 2 {
        return Ok(None);
    }
    let n = gains.len() as f64;
    let mean = |step: usize| gains.iter().map(|g| g[step]).sum::<f64>() / n;
    let best = (0..=STEPS).fold(0, |b, s| if mean(s) > mean(b) { s } else { b });
    let trust = n / (n + DOUBT);
    let weight = trust * best as f64 / STEPS as f64 + (1.0 - trust) * f64::from(WEIGHT);
    Ok(Some(Fitted {
        weight: weight as f32,
        queries: gains.len(),
        reciprocal_ranks: [mean(0), mean(STEPS), mean(best)],
    }))
}

/// BM25 of a text that is not in the store, its length taken as the usual one.
fn by_words(store: &dyn Store, query: &Query, text: &str) -> Result<f32> {
    let mut counts: HashMap<String, f32> = HashMap::new();
    for term in terms(text) {
        *counts.entry(term.text).or_default() += 1.0;
    }
    let mut score = 0.0;
    for term in &query.terms {
        let count = counts.get(term).copied().unwrap_or(0.0);
        score += rarity(store, term)? * SATURATED * count / (count + SATURATED - 1.0);
    }
    Ok(score)
}

/// The words of a sentence that say something.
pub(crate) fn content(sentence: &str) -> Vec<&str> {
    tokens(sentence).into_iter().filter(|t| !is_stop(&t.word)).map(|t| &sentence[t.range]).collect()
}

/// At most `most` chunks at even distances.
pub(crate) fn spread(store: &dyn Store, most: usize, seed: u64) -> Result<Vec<ChunkId>> {
    let mut all = Vec::new();
    for document in store.documents(&Filter::default())? {
        all.extend(store.chunks_of(document)?);
    }
    let step = all.len().div_ceil(most.max(1)).max(1);
    Ok(all.into_iter().skip(seed as usize % step).step_by(step).collect())
}
