//! A summary and what is known of it.
//!
//! With `S` the chosen sentences, all over the sentences that say something by themselves, words as in the lexical method:
//! * compression: characters of `S` / characters of all;
//! * coverage: of all occurrences of terms (once a sentence), the share whose term occurs in `S`;
//! * redundancy: mean over `S` of the highest tf-idf cosine with another sentence of `S`; 0 for one sentence.
//!
//! The same figures stand beside for the first sentences, as many (LEAD-k).

use super::lexical::Lexical;
use super::options::Method;
use super::rows::Rows;
use super::sentences::{Sentence, Sentences, Source};
use crate::citation::Citation;
use serde::{Deserialize, Serialize};

/// A summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its sentences, by document, then place.
    pub sentences: Vec<Picked>,
    /// Figures.
    pub report: Report,
}

/// A sentence of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picked {
    /// The sentence and where it stands.
    pub citation: Citation,
    /// How central it is; the most central of all has 1, and 0 one that says little by itself.
    pub score: f64,
    /// Number of the cluster of sentences on the same matter.
    pub cluster: usize,
}

/// Figures of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How sentences were compared.
    pub method: Method,
    /// Sentences that could be chosen.
    pub sentences_in: usize,
    /// Sentences that could not: rows of tables, code, repeated.
    pub skipped: usize,
    /// Of the summary.
    #[serde(flatten)]
    pub scores: Scores,
    /// Of as many first sentences.
    pub lead: Scores,
}

/// Figures of some sentences.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Share of the characters.
    pub compression: f64,
    /// Share of what is said that is spoken of.
    pub coverage: f64,
    /// How much sentences say the same.
    pub redundancy: f64,
}

impl Summary {
    /// The sentences to be read, one a line with its number in brackets; with several documents, each begins with a line that
    /// says which it is. Blanks and line breaks within a sentence become one blank, none in Chinese.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let several = self.sentences.windows(2).any(|two| two[0].citation.path != two[1].citation.path);
        let mut last = None;
        for (number, picked) in self.sentences.iter().enumerate() {
            let citation = &picked.citation;
            if several && last != Some(&citation.path) {
                if last.is_some() {
                    text.push('\n');
                }
                match &citation.title {
                    Some(title) => text.push_str(&format!("{title} ({}):\n", citation.path)),
                    None => text.push_str(&format!("{}:\n", citation.path)),
                }
                last = Some(&citation.path);
            }
            text.push_str(&format!("{} [{}]\n", citation.line(), number + 1));
        }
        text
    }
}

/// The summary of the `picked` rows with their scores and clusters, and of those of the `rest` that are taken in beside them.
pub(super) fn build(
    sources: &[Source],
    sentences: &Sentences,
    lexical: &Lexical,
    picked: Vec<(usize, f64, usize)>,
    rest: &[usize],
    lead: &[usize],
    method: Method,
) -> Summary {
    let rows: Vec<usize> = picked.iter().map(|(row, ..)| *row).collect();
    let kept = &sentences.kept;
    let report = Report {
        method,
        sentences_in: kept.len() + sentences.rest.len(),
        skipped: sentences.skipped,
        scores: scores(sources, kept, lexical, &rows),
        lead: scores(sources, kept, lexical, lead),
    };
    let clusters = picked.iter().map(|(.., cluster)| cluster + 1).max().unwrap_or(0);
    let chosen = picked.into_iter().map(|(row, score, cluster)| (&kept[row], score, cluster));
    let rest = rest.iter().map(|&row| (&sentences.rest[row], 0.0, clusters));
    let mut all: Vec<(&Sentence, f64, usize)> = chosen.chain(rest).collect();
    all.sort_by_key(|(sentence, ..)| (sentence.source, sentence.position));
    let picked = |(sentence, score, cluster): (&Sentence, f64, usize)| Picked {
        citation: sentence.citation(sources),
        score,
        cluster,
    };
    Summary { sentences: all.into_iter().map(picked).collect(), report }
}

fn scores(sources: &[Source], kept: &[Sentence], lexical: &Lexical, chosen: &[usize]) -> Scores {
    let characters = |sentence: &Sentence| sentence.text(sources).chars().count();
    let all: usize = kept.iter().map(characters).sum();
    let here: usize = chosen.iter().map(|&row| characters(&kept[row])).sum();
    let mut spoken = vec![false; lexical.sentences_with.len()];
    for &row in chosen {
        lexical.rows.row(row).0.iter().for_each(|&term| spoken[term as usize] = true);
    }
    let occurrences = |counted: &dyn Fn(usize) -> bool| -> u64 {
        let with = lexical.sentences_with.iter().enumerate();
        with.filter(|(term, _)| counted(*term)).map(|(_, &n)| u64::from(n)).sum()
    };
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    Scores {
        compression: share(here as f64, all as f64),
        coverage: share(occurrences(&|term| spoken[term]) as f64, occurrences(&|_| true) as f64),
        redundancy: redundancy(lexical, chosen),
    }
}

/// `O(chosen^2)` in time, nothing in memory.
fn redundancy(lexical: &Lexical, chosen: &[usize]) -> f64 {
    if chosen.len() < 2 {
        return 0.0;
    }
    let highest = |&row: &usize| {
        let others = chosen.iter().filter(|&&other| other != row);
        f64::from(others.map(|&other| lexical.rows.similarity(row, other)).fold(0.0, f32::max))
    };
    chosen.iter().map(highest).sum::<f64>() / chosen.len() as f64
}
