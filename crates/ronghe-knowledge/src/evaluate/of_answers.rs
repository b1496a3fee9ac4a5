//! How good answers are on questions whose answers are known, and on questions that the documents do not answer.
//!
//! Every question is answered, whatever the confidence; refusals are then a matter of the threshold. An answer is right if its
//! first sentence shows the evidence of the question, or, where none is given, holds a gold answer word for word (in
//! the normal form of [`super::exact_match`]). An unanswerable question has no right answer.

use super::answers::{best_token_f1, holds, shows};
use super::{Interval, Qa, Refused, RiskCoverage, citations, interval, refused};
use crate::ask::{Answer, Confidence, Options, ask};
use crate::retrieve::{self, Mode};
use crate::store::{Filter, Store};
use crate::{Citation, Embed, Result};
use serde::Serialize;

const LEVEL: f64 = 0.95;
/// Share of the answerable questions that are to be answered.
const COVERAGE: f64 = 0.8;

/// Figures of answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerFigures {
    /// Questions that the documents answer.
    pub answerable: usize,
    /// Questions that they do not.
    pub unanswerable: usize,
    /// Share of the answerable ones whose first sentence is right, none refused.
    pub right: Option<Interval>,
    /// Share of them whose first sentence holds a gold answer.
    pub holds_answer: Option<f64>,
    /// Mean F1 of the shortest answer (the part that the question asks for, else the sentence) with a gold answer.
    pub token_f1: Option<f64>,
    /// Share of cited sentences that show the evidence; share of the evidence that is cited.
    pub citations: [Option<f64>; 2],
    /// With the threshold of the store.
    pub as_calibrated: AtThreshold,
    /// With the highest threshold that answers four fifths of the answerable questions.
    pub at_80: Option<AtThreshold>,
    /// Risk against coverage of all questions; an answer to an unanswerable one is wrong.
    pub curve: Option<RiskCoverage>,
    /// Share of the answerable questions whose first passage shows the evidence or holds the answer, by what it was ranked by.
    pub first_passage: Vec<(&'static str, f64)>,
}

/// What a threshold does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtThreshold {
    /// Least confidence that is answered.
    pub threshold: f64,
    /// Share of the answerable questions that are answered.
    pub answered: f64,
    /// Share of the answers to answerable questions that are wrong.
    pub wrong: f64,
    /// Share of the unanswerable questions that are refused.
    pub refused: f64,
}

/// What became of a question.
struct Asked {
    answerable: bool,
    confidence: f64,
    right: bool,
}

/// Asks every question. `progress` is told how many are done, and may stop it.
pub fn answer_figures(
    store: &dyn Store,
    embed: Option<&dyn Embed>,
    questions: &[Qa],
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<AnswerFigures> {
    let ways: Vec<(&str, Mode)> =
        Mode::ALL.into_iter().filter(|(_, mode)| embed.is_some() || *mode == Mode::Words).collect();
    let mut firsts = vec![0usize; ways.len()];
    let (mut all, mut f1, mut holding) = (Vec::new(), Vec::new(), 0usize);
    let (mut precision, mut recall) = (Vec::new(), Vec::new());
    let calibrated = Confidence::of(store)?.threshold;
    for (i, q) in questions.iter().enumerate() {
        progress(i, questions.len())?;
        let filter = Filter { domains: q.domain.iter().cloned().collect(), ..Filter::default() };
        let options = Options { filter: filter.clone(), threshold: Some(0.0), ..Options::default() };
        let answer = ask(store, embed, &q.question, &options)?;
        let cited: Vec<Citation> = answer.sentences.iter().map(|s| s.citation.clone()).collect();
        let answerable = !q.answers.is_empty();
        let right = answerable && cited.first().is_some_and(|c| is_right(c, q));
        all.push(Asked { answerable, confidence: answer.confidence, right });
        if !answerable {
            continue;
        }
        f1.push(best_token_f1(&shortest(&answer), &q.answers));
        holding += usize::from(cited.first().is_some_and(|c| holds(&c.quote, &q.answers)));
        let score = citations(&cited, &q.evidence);
        if !q.evidence.is_empty() {
            precision.push(score.precision.unwrap_or(0.0));
            recall.extend(score.recall);
        }
        for ((_, mode), first) in ways.iter().zip(&mut firsts) {
            let options =
                retrieve::Options { most: 1, mode: *mode, filter: filter.clone(), ..Default::default() };
            let hits = retrieve::search(store, embed, &q.question, &options)?;
            *first += usize::from(hits.first().is_some_and(|hit| is_right(&hit.citation(), q)));
        }
    }
    let of = |answerable: bool| all.iter().filter(move |a| a.answerable == answerable);
    let confidences = |answerable: bool| of(answerable).map(|a| a.confidence).collect::<Vec<f64>>();
    let rights: Vec<f64> = of(true).map(|a| f64::from(u8::from(a.right))).collect();
    let losses: Vec<(f64, f64)> =
        all.iter().map(|a| (a.confidence, 1.0 - f64::from(u8::from(a.right)))).collect();
    let mean = |all: &[f64]| (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64);
    let count = rights.len();
    let share = |n: usize| n as f64 / count.max(1) as f64;
    Ok(AnswerFigures {
        answerable: count,
        unanswerable: all.len() - count,
        right: interval(&rights, LEVEL, 0),
        holds_answer: (count > 0).then(|| share(holding)),
        token_f1: mean(&f1),
        citations: [mean(&precision), mean(&recall)],
        as_calibrated: at(&all, calibrated),
        at_80: refused(&confidences(true), &confidences(false), COVERAGE)
            .map(|Refused { threshold, .. }| at(&all, threshold)),
        curve: RiskCoverage::new(&losses),
        first_passage: ways.iter().zip(firsts).map(|((name, _), n)| (*name, share(n))).collect(),
    })
}

fn is_right(citation: &Citation, q: &Qa) -> bool {
    match q.evidence.is_empty() {
        false => q.evidence.iter().any(|e| shows(citation, e)),
        true => holds(&citation.quote, &q.answers),
    }
}

/// The part of the first sentence that was asked for; the sentence if there is none.
fn shortest(answer: &Answer) -> String {
    let Some(first) = answer.sentences.first() else { return String::new() };
    let citation = &first.citation;
    let short = first.short.as_ref().and_then(|s| {
        citation.quote.get(s.start.checked_sub(citation.span.start)?..s.end.checked_sub(citation.span.start)?)
    });
    short.unwrap_or(&citation.quote).to_owned()
}

fn at(all: &[Asked], threshold: f64) -> AtThreshold {
    let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
    let count = |keep: &dyn Fn(&Asked) -> bool| all.iter().filter(|a| keep(a)).count();
    let given = count(&|a| a.answerable && a.confidence >= threshold);
    AtThreshold {
        threshold,
        answered: share(given, count(&|a| a.answerable)),
        wrong: share(count(&|a| a.answerable && a.confidence >= threshold && !a.right), given),
        refused: share(count(&|a| !a.answerable && a.confidence < threshold), count(&|a| !a.answerable)),
    }
}
