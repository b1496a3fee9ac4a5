//! Documents to a summary: the sentences that say most, as they stand in the text.
//!
//! ```text
//! Source -> sentences -> rows (tf-idf, or vectors of an Embed) -> centrality -> clusters -> choose -> Summary
//! ```
//!
//! | file | what |
//! |---|---|
//! | `options` | [`Options`], [`Length`], [`Method`] |
//! | `sentences` | [`Source`] to the sentences that may be chosen |
//! | `rows` | a vector a sentence, sparse or dense, and sums of them |
//! | `lexical` | tf-idf rows |
//! | `shortlist` | which sentences of a long text get a vector of meaning |
//! | `centrality` | how central each sentence is, with regard to its place and to a query |
//! | `clusters` | sentences on the same matter |
//! | `choose` | central sentences that do not repeat each other, from every source |
//! | `summary` | [`Summary`], [`Picked`], [`Report`] |
//!
//! Time and memory are linear in the text: no matrix of pairs of sentences is ever made.

mod centrality;
mod choose;
mod clusters;
mod lexical;
mod options;
mod rows;
mod sentences;
mod shortlist;
mod summary;

pub use options::{Length, Method, Options};
pub use sentences::Source;
pub use summary::{Picked, Report, Scores, Summary};

use crate::{Embed, Error, Result, Role};
use lexical::Lexical;
use rows::Rows;
use sentences::Sentence;
use std::collections::HashMap;

/// Sentences that are turned into vectors at once.
const BATCH: usize = 512;

/// Summarises `sources`. `embed` gives the vectors that [`Method::Vectors`] needs; [`Method::Auto`] uses them if they are there.
///
/// ```
/// use ronghe_knowledge::document::{BlockKind, Document, Place};
/// use ronghe_knowledge::summarise::{Length, Options, Source, summarise};
/// let mut document = Document::default();
/// let text = "Cats sleep sixteen hours of every day. Cats hunt small birds when they do not sleep. \
///             The weather was rather fine in May. Sleep keeps cats ready for the hunt.";
/// document.push(BlockKind::Paragraph, text, Place::default());
/// let source = Source { path: "cats.txt".to_owned(), title: None, domain: "animals".to_owned(), document };
/// let options = Options { length: Length::Sentences(2), ..Options::default() };
/// let summary = summarise(std::slice::from_ref(&source), &options, None)?;
/// assert_eq!(summary.sentences.len(), 2);
/// for picked in &summary.sentences {
///     let span = &picked.citation.span;
///     assert_eq!(picked.citation.quote, source.document.text[span.start..span.end]);
///     assert!(!picked.citation.quote.contains("weather"));
/// }
/// # Ok::<(), ronghe_knowledge::Error>(())
/// ```
pub fn summarise(sources: &[Source], options: &Options, embed: Option<&dyn Embed>) -> Result<Summary> {
    let found = sentences::sentences(sources);
    // A share is one of the sentences that say something by themselves; a number may take in the others too.
    let all = match options.length {
        Length::Sentences(_) => found.kept.len() + found.rest.len(),
        Length::Ratio(_) => found.kept.len(),
    };
    let wanted = options.length.sentences(all)?;
    let picks = wanted.min(found.kept.len());
    let method = options.method.resolve(embed.is_some())?;
    if found.kept.is_empty() {
        return Err(Error::Input {
            what: "texts to summarise".to_owned(),
            expected: "at least one sentence".to_owned(),
            found: format!("none in {} documents", sources.len()),
        });
    }
    let texts: Vec<&str> = found.kept.iter().map(|s| s.text(sources)).collect();
    let lexical = Lexical::new(&texts);
    let lead = choose::lead(&found.kept, picks);
    let picked = match (method, embed) {
        (Method::Lead, _) => {
            let score = |&i: &usize| (i, 1.0 / (found.kept[i].position + 1) as f64, 0);
            lead.iter().map(score).collect()
        }
        (Method::Vectors, Some(embed)) => {
            let query = options.query.as_deref().map(|query| one_vector(query, embed)).transpose()?;
            let listed = match query {
                Some(_) => (0..texts.len()).collect(),
                None => shortlist::shortlist(&lexical.rows, &found.kept, picks),
            };
            let texts: Vec<&str> = listed.iter().map(|&i| texts[i]).collect();
            let kept: Vec<_> = listed.iter().map(|&i| found.kept[i].clone()).collect();
            let rows = vectors(&texts, embed)?;
            let mut picked = most_central(&rows, &kept, sources, query.as_deref(), picks, options.seed);
            picked.iter_mut().for_each(|(i, ..)| *i = listed[*i]);
            picked
        }
        _ => {
            let query = options.query.as_deref().map(|query| lexical.query(query));
            most_central(&lexical.rows, &found.kept, sources, query.as_deref(), picks, options.seed)
        }
    };
    let rest = choose::lead(&found.rest, wanted - picks);
    Ok(summary::build(sources, &found, &lexical, picked, &rest, &lead, method))
}

/// Of the sentences that `rows` stand for, the chosen ones: which, how central, of which cluster.
fn most_central(
    rows: &dyn Rows,
    kept: &[Sentence],
    sources: &[Source],
    query: Option<&[f32]>,
    picks: usize,
    seed: u64,
) -> Vec<(usize, f64, usize)> {
    let central = centrality::centrality(rows, kept, query);
    let clusters = clusters::clusters(rows, picks, seed);
    let chosen = choose::choose(rows, kept, &domains(sources), &central, &clusters, picks, query.is_some());
    chosen.into_iter().map(|i| (i, central.scores[i], clusters.of[i])).collect()
}

/// The number of each source's domain, in the order of their first sources.
fn domains(sources: &[Source]) -> Vec<usize> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    sources
        .iter()
        .map(|source| {
            let next = numbers.len();
            *numbers.entry(&source.domain).or_insert(next)
        })
        .collect()
}

/// Vectors of sentences.
fn vectors(texts: &[&str], embed: &dyn Embed) -> Result<rows::Dense> {
    let mut values = Vec::with_capacity(texts.len() * embed.width());
    for batch in texts.chunks(BATCH) {
        let found = embed.embed(batch, Role::Passage)?;
        check_width(found.len(), batch.len(), embed)?;
        values.extend(found);
    }
    Ok(rows::Dense::new(values, embed.width()))
}

fn one_vector(query: &str, embed: &dyn Embed) -> Result<Vec<f32>> {
    let found = embed.embed(&[query], Role::Query)?;
    check_width(found.len(), 1, embed)?;
    Ok(rows::Dense::new(found, embed.width()).into_values())
}

fn check_width(found: usize, texts: usize, embed: &dyn Embed) -> Result<()> {
    if found == texts * embed.width() && embed.width() > 0 {
        return Ok(());
    }
    Err(Error::Input {
        what: format!("vectors of {}", embed.name()),
        expected: format!("{texts} x {} numbers", embed.width()),
        found: format!("{found} numbers"),
    })
}

#[cfg(test)]
mod tests;
