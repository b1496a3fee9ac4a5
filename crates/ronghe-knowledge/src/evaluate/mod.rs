//! How good search, answers and summaries are. All of it is exact: nothing is sampled but the intervals' own draws.
//!
//! | file | what |
//! |---|---|
//! | `rouge` | [`rouge`], [`rouge_zh`]: what a summary shares with a reference, as the rouge-score package has it |
//! | `porter` | the stemmer of that package |
//! | `ranking` | [`Ranking`]: nDCG, recall, reciprocal rank of a ranked list at the usual cuts |
//! | `answers` | [`exact_match`], [`token_f1`], [`citations`] |
//! | `selective` | [`RiskCoverage`], [`refused`]: answers that may be withheld |
//! | `bootstrap` | [`interval`], [`paired_interval`]: how far the questions at hand let us trust a mean |
//! | `sets` | files of questions and texts: BEIR folders, JSON lines |
//! | `of_search` | [`search_figures`]: a set of questions, every way of ranking beside the others |
//! | `of_answers` | [`answer_figures`]: answers and refusals |
//! | `of_summaries` | [`summary_figures`]: every method beside the first sentences |

mod answers;
mod bootstrap;
mod of_answers;
mod of_search;
mod of_summaries;
mod porter;
mod ranking;
mod rouge;
mod selective;
mod sets;

pub use answers::{
    CitationScore, Evidence, best_exact_match, best_token_f1, citations, exact_match, token_f1,
};
pub use bootstrap::{Interval, interval, paired_interval};
pub use of_answers::{AnswerFigures, AtThreshold, answer_figures};
pub use of_search::{SearchFigures, Way, search_figures};
pub use of_summaries::{SummaryFigures, SummaryMethod, summary_figures};
pub use ranking::Ranking;
pub use rouge::{Rouge, Score, best_rouge, rouge, rouge_zh};
pub use selective::{Point, Refused, RiskCoverage, refused};
pub use sets::{Beir, Passage, Qa, Query, SummaryPair, beir, qa, summary_pairs};
