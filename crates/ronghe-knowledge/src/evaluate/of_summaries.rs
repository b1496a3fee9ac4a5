//! How near summaries are to those that people wrote, each method beside the first sentences.
//!
//! ROUGE F1 with the nearest of the references: English by stemmed word, Chinese by character. The first sentences are as many. What
//! is compared are the sentences themselves: without the numbers of their citations.

use super::{Interval, Rouge, Score, SummaryPair, best_rouge, interval, paired_interval, rouge, rouge_zh};
use crate::document::{BlockKind, Document, Place};
use crate::summarise::{Length, Method, Options, Source, summarise};
use crate::{Embed, Error, Result};
use ronghe_data::segment::is_han;
use serde::Serialize;

const LEVEL: f64 = 0.95;

/// Figures of summaries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryFigures {
    /// Texts summarised.
    pub texts: usize,
    /// Texts without a sentence that could be chosen; they count as empty summaries.
    pub empty: usize,
    /// Sentences of a summary.
    pub sentences: usize,
    /// Each method.
    pub methods: Vec<SummaryMethod>,
}

/// A method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryMethod {
    /// Its name.
    pub name: &'static str,
    /// Mean F1 by single words.
    pub rouge1: Interval,
    /// Mean F1 by pairs of words.
    pub rouge2: Interval,
    /// Mean F1 by the longest common subsequence.
    pub rouge_l: Interval,
    /// ROUGE-1 less that of the first sentences, text by text; none for these.
    pub over_lead: Option<Interval>,
}

/// Summarises every text with every method. `progress` is told how many are done, and may stop it.
pub fn summary_figures(
    pairs: &[SummaryPair],
    embed: Option<&dyn Embed>,
    sentences: usize,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<SummaryFigures> {
    let methods: Vec<(&str, Method)> =
        [("lead", Method::Lead), ("lexical", Method::Lexical), ("vectors", Method::Vectors)]
            .into_iter()
            .filter(|(_, method)| embed.is_some() || *method != Method::Vectors)
            .collect();
    let mut scores: Vec<Vec<Rouge>> = vec![Vec::with_capacity(pairs.len()); methods.len()];
    let mut empty = 0;
    for (i, pair) in pairs.iter().enumerate() {
        progress(i, pairs.len())?;
        let source = source(pair);
        for (m, (_, method)) in methods.iter().enumerate() {
            let options = Options {
                length: Length::Sentences(sentences),
                query: pair.query.clone(),
                method: *method,
                ..Options::default()
            };
            let text = match summarise(std::slice::from_ref(&source), &options, embed) {
                Ok(summary) => {
                    summary.sentences.iter().map(|s| s.citation.quote.as_str()).collect::<Vec<_>>().join("\n")
                }
                Err(Error::Input { .. }) => {
                    empty += usize::from(m == 0);
                    String::new()
                }
                Err(error) => return Err(error),
            };
            scores[m].push(best_rouge(pair.summaries.iter().map(|gold| match gold.chars().any(is_han) {
                true => rouge_zh(gold, &text),
                false => rouge(gold, &text, true),
            })));
        }
    }
    let f = |m: usize, kind: fn(&Rouge) -> Score| scores[m].iter().map(|r| kind(r).f).collect::<Vec<f64>>();
    let figures = methods.iter().enumerate().filter_map(|(m, (name, method))| {
        Some(SummaryMethod {
            name,
            rouge1: interval(&f(m, |r| r.one), LEVEL, 0)?,
            rouge2: interval(&f(m, |r| r.two), LEVEL, 0)?,
            rouge_l: interval(&f(m, |r| r.longest), LEVEL, 0)?,
            over_lead: (*method != Method::Lead)
                .then(|| paired_interval(&f(m, |r| r.one), &f(0, |r| r.one), LEVEL, 0))
                .flatten(),
        })
    });
    Ok(SummaryFigures { texts: pairs.len(), empty, sentences, methods: figures.collect() })
}

/// A text as a document: paragraphs apart by empty lines.
fn source(pair: &SummaryPair) -> Source {
    let mut document = Document::default();
    pair.text.split("\n\n").for_each(|p| document.push(BlockKind::Paragraph, p, Place::default()));
    Source { path: "text".to_owned(), title: None, domain: "text".to_owned(), document }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_citation_are_not_compared() {
        let text = "Cats sleep for most of the day.";
        let pair: SummaryPair =
            serde_json::from_value(serde_json::json!({"text": text, "summaries": [text]})).unwrap();
        let figures = summary_figures(&[pair], None, 1, &mut |_, _| Ok(())).unwrap();
        assert!(figures.methods.iter().all(|m| m.rouge1.mean == 1.0), "{figures:?}");
    }
}
