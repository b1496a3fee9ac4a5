//! How good search is on a set of questions with graded passages, each way of ranking beside the others.
//!
//! Every passage of the set is in the store and every list is that of a search through all of them. A passage stands where the
//! first of its chunks does. As trec_eval and BEIR have it, a passage with the question's own id is left out of the list, and a
//! question with grades of which none is above 0 counts, with zeros.

use super::{Beir, Interval, Ranking, interval, paired_interval};
use crate::retrieve::{DEPTH, Mode, Options, Query, WEIGHT_SETTING, rank};
use crate::store::{ChunkId, Filter, Store};
use crate::{Embed, Result};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// Level of the intervals.
const LEVEL: f64 = 0.95;

/// Figures of search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchFigures {
    /// Questions asked, over which figures are means.
    pub questions: usize,
    /// Passages of the set.
    pub passages: usize,
    /// Graded passages that the set does not have; they lower the recall.
    pub missing: usize,
    /// Weight of meaning in the fused ranking.
    pub weight: Option<f32>,
    /// Each way of ranking.
    pub ways: Vec<Way>,
    /// nDCG@10 of the fused ranking less that of the better leg, question by question.
    pub fused_over_best_leg: Option<Interval>,
    /// Milliseconds of a fused search from the text of the question to the list: median and 99 %.
    pub milliseconds: [f64; 2],
}

/// A way of ranking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Way {
    /// Its name, as `ronghe search --by` has it.
    pub name: &'static str,
    /// nDCG@10 with its interval.
    pub ndcg10: Interval,
    /// All figures.
    pub mean: Ranking,
}

/// Asks every question of the set in every way. `progress` is told how many questions are done, and may stop it.
pub fn search_figures(
    store: &dyn Store,
    embed: Option<&dyn Embed>,
    set: &Beir,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<SearchFigures> {
    let passages = names(store)?;
    let ways: Vec<(&str, Mode)> =
        Mode::ALL.into_iter().filter(|(_, mode)| embed.is_some() || *mode == Mode::Words).collect();
    let mut lists: Vec<Vec<Ranking>> = vec![Vec::new(); ways.len()];
    let mut times = Vec::with_capacity(set.queries.len());
    for (i, asked) in set.queries.iter().enumerate() {
        progress(i, set.queries.len())?;
        let grades: HashMap<&str, u32> =
            set.grades[&asked.id].iter().map(|(id, grade)| (id.as_str(), *grade)).collect();
        let start = Instant::now();
        // A question without a word to search for finds nothing, and counts.
        let query = Query::new(store, embed, &asked.text).ok();
        let prepared = start.elapsed();
        for ((_, mode), list) in ways.iter().zip(&mut lists) {
            let start = Instant::now();
            let options = Options { most: DEPTH, mode: *mode, ..Options::default() };
            let ranked = match &query {
                Some(query) => rank(store, query, &options)?,
                None => Vec::new(),
            };
            if *mode == Mode::Fused || ways.len() == 1 {
                times.push((prepared + start.elapsed()).as_secs_f64() * 1e3);
            }
            let names = ranked.iter().filter_map(|r| passages.get(&r.chunk)).map(String::as_str);
            list.push(figures_of_list(&asked.id, names, &grades));
        }
    }
    let ndcg = |list: &[Ranking]| list.iter().map(|r| r.ndcg10).collect::<Vec<f64>>();
    let of = |mode: Mode| ways.iter().position(|(_, m)| *m == mode).map(|at| ndcg(&lists[at]));
    let over = match (of(Mode::Fused), of(Mode::Words), of(Mode::Meaning)) {
        (Some(fused), Some(words), Some(meaning)) => {
            let sum = |all: &[f64]| all.iter().sum::<f64>();
            let best = if sum(&words) >= sum(&meaning) { words } else { meaning };
            paired_interval(&fused, &best, LEVEL, 0)
        }
        _ => None,
    };
    let figures = ways.iter().zip(&lists).filter_map(|((name, _), list)| {
        Some(Way { name, ndcg10: interval(&ndcg(list), LEVEL, 0)?, mean: Ranking::mean(list)? })
    });
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((share * times.len() as f64) as usize).copied().unwrap_or(0.0);
    Ok(SearchFigures {
        questions: set.queries.len(),
        passages: set.corpus.len(),
        missing: set.missing,
        weight: store.setting(WEIGHT_SETTING)?.and_then(|w| w.parse().ok()),
        ways: figures.collect(),
        fused_over_best_leg: over,
        milliseconds: [at(0.5), at(0.99)],
    })
}

/// Figures of the list of passages found for a question, best first, a passage as often as it has chunks.
fn figures_of_list<'a>(
    asked: &str,
    names: impl Iterator<Item = &'a str>,
    grades: &HashMap<&'a str, u32>,
) -> Ranking {
    let mut seen = HashSet::new();
    let found: Vec<&str> = names.filter(|&name| name != asked && seen.insert(name)).collect();
    Ranking::new(&found, grades).unwrap_or_default()
}

/// The passage that each chunk is of.
fn names(store: &dyn Store) -> Result<HashMap<ChunkId, String>> {
    let mut names = HashMap::new();
    for id in store.documents(&Filter::default())? {
        let Some(document) = store.document(id)? else { continue };
        names.extend(store.chunks_of(id)?.into_iter().map(|chunk| (chunk, document.path.clone())));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of pytrec_eval-terrier 0.5.11 for the lists without the question's own id, which BEIR takes away.
    #[test]
    fn figures_are_those_of_trec_eval() {
        let grades = HashMap::from([("d1", 2), ("q1", 1), ("d3", 0)]);
        let found = figures_of_list("q1", ["q1", "d3", "d3", "d1"].into_iter(), &grades);
        assert!((found.ndcg10 - 0.479_624_933_136_262_9).abs() < 1e-12);
        assert_eq!((found.recall10, found.mrr10), (0.5, 0.5));
        let nothing = figures_of_list("q2", ["d1"].into_iter(), &HashMap::from([("d1", 0)]));
        assert_eq!(nothing, Ranking::default());
        let second = figures_of_list("q3", ["d1", "d2"].into_iter(), &HashMap::from([("d2", 1)]));
        assert!((second.ndcg10 - 0.630_929_753_571_457_5).abs() < 1e-12);
        let mean = Ranking::mean(&[found, nothing, second]).unwrap();
        assert!((mean.mrr10 - 1.0 / 3.0).abs() < 1e-12);
    }
}
