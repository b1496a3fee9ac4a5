//! How good answers are.
//!
//! An English answer is compared as in SQuAD (Rajpurkar et al. 2016): lower-cased, without ASCII punctuation and the words `a`,
//! `an`, `the`, blanks made one; its tokens are what blanks separate. A Chinese answer (one with Chinese characters) is compared
//! by character, Latin words and numbers whole, without marks, traditional and simplified alike. With the answers as
//! multisets of tokens, `P = shared / answer`, `R = shared / gold`, `F1 = 2 P R / (P + R)`; where one is empty, F1 is 1 if both
//! are, else 0. `O(length)`.

use super::rouge::{Score, characters};
use crate::Span;
use crate::citation::Citation;
use crate::terms::simplified;
use ronghe_data::segment::is_han;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Whether the answer is the gold answer, but for what the normal form leaves out.
///
/// ```
/// assert!(ronghe_knowledge::evaluate::exact_match("The Eiffel Tower!", "eiffel tower"));
/// assert!(ronghe_knowledge::evaluate::exact_match("艾菲爾鐵塔。", "艾菲尔铁塔"));
/// ```
pub fn exact_match(answer: &str, gold: &str) -> bool {
    tokens(answer) == tokens(gold)
}

/// F1 of the tokens.
pub fn token_f1(answer: &str, gold: &str) -> f64 {
    let (answer, gold) = (tokens(answer), tokens(gold));
    if answer.is_empty() || gold.is_empty() {
        return f64::from(answer == gold);
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    for token in &gold {
        *left.entry(token).or_default() += 1;
    }
    let mut shared = 0;
    for token in &answer {
        if let Some(left) = left.get_mut(token.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            shared += 1;
        }
    }
    Score::new(shared, answer.len(), gold.len()).f
}

/// Whether the answer is one of the gold answers. Without gold answers: whether it is empty.
pub fn best_exact_match(answer: &str, golds: &[String]) -> bool {
    if golds.is_empty() {
        tokens(answer).is_empty()
    } else {
        golds.iter().any(|gold| exact_match(answer, gold))
    }
}

/// F1 with the nearest gold answer. Without gold answers: 1 for an empty answer, else 0.
pub fn best_token_f1(answer: &str, golds: &[String]) -> f64 {
    if golds.is_empty() {
        return token_f1(answer, "");
    }
    golds.iter().map(|gold| token_f1(answer, gold)).fold(0.0, f64::max)
}

fn tokens(text: &str) -> Vec<String> {
    if text.chars().any(is_han) {
        return characters(&simplified(text));
    }
    let bare: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let mut kept = String::with_capacity(bare.len());
    for piece in pieces(&bare) {
        kept.push_str(if matches!(piece, "a" | "an" | "the") { " " } else { piece });
    }
    kept.split_whitespace().map(str::to_owned).collect()
}

/// Runs of letters and digits, and what stands between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let inside = rest.chars().next()?.is_alphanumeric();
        let end = rest.find(|c: char| c.is_alphanumeric() != inside).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Where the answer to a question stands: a file, and bytes of its text where they are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The file: its path as citations have it, or the last names of that.
    pub path: String,
    /// Bytes of the document's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

/// How good the citations of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CitationScore {
    /// Share of the citations that show some evidence; none without citations.
    pub precision: Option<f64>,
    /// Share of the evidence that some citation shows; none without evidence.
    pub recall: Option<f64>,
}

/// Whether a text holds one of the gold answers, in the normal form of [`exact_match`].
pub(super) fn holds(text: &str, golds: &[String]) -> bool {
    // What a reference to a note leaves on a word is no part of it, so the tokens are compared, not the letters.
    let text = tokens(text);
    golds
        .iter()
        .map(|gold| tokens(gold))
        .any(|gold| !gold.is_empty() && text.windows(gold.len()).any(|w| w == gold))
}

/// Whether a citation shows evidence: of the same file, or of one whose path ends with the evidence's names, and with
/// bytes, where they are known, that overlap with its own.
pub(super) fn shows(citation: &Citation, evidence: &Evidence) -> bool {
    let overlap = |span: &Span| span.start < citation.span.end && citation.span.start < span.end;
    let end = citation.path.strip_suffix(evidence.path.as_str());
    end.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        && evidence.span.as_ref().is_none_or(overlap)
}

/// What citations show of the evidence, each compared with each. `O(citations x evidence)`.
pub fn citations(cited: &[Citation], evidence: &[Evidence]) -> CitationScore {
    let share = |right: usize, all: usize| (all > 0).then(|| right as f64 / all as f64);
    let right = cited.iter().filter(|c| evidence.iter().any(|e| shows(c, e))).count();
    let found = evidence.iter().filter(|e| cited.iter().any(|c| shows(c, e))).count();
    CitationScore { precision: share(right, cited.len()), recall: share(found, evidence.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Place;

    #[test]
    fn normal_forms() {
        assert_eq!(tokens("The  U.S.A., an “a—theory”"), ["usa", "“", "—theory”"]);
        assert_eq!(tokens("北京大學（PKU）, 1898年"), ["北", "京", "大", "学", "pku", "1898", "年"]);
        assert!(tokens("The a!").is_empty());
    }

    #[test]
    fn f1_counts_repeats() {
        // shared = 2 of 3 and of 4: P = 2/3, R = 1/2.
        assert!((token_f1("big big cat", "big cat sat down") - 4.0 / 7.0).abs() < 1e-12);
        assert_eq!(token_f1("", ""), 1.0);
        assert_eq!(token_f1("x", ""), 0.0);
        // Three of four characters on both sides.
        assert_eq!(token_f1("人工智能", "人工智慧"), 0.75);
    }

    #[test]
    fn the_nearest_of_several_gold_answers_counts() {
        let golds = ["Paris".to_owned(), "city of Paris".to_owned()];
        assert!(best_exact_match("paris.", &golds));
        assert_eq!(best_token_f1("Paris France", &golds), 2.0 / 3.0);
        assert!(best_exact_match("", &[]) && !best_exact_match("x", &[]));
        assert_eq!(best_token_f1("x", &[]), 0.0);
    }

    #[test]
    fn citations_are_right_where_bytes_overlap() {
        let cite = |path: &str, start: usize, end: usize| Citation {
            path: path.to_owned(),
            title: None,
            domain: "d".to_owned(),
            place: Place::default(),
            headings: Vec::new(),
            span: Span { start, end },
            quote: String::new(),
        };
        let evidence = [
            Evidence { path: "a".to_owned(), span: Some(Span { start: 10, end: 20 }) },
            Evidence { path: "b".to_owned(), span: None },
            Evidence { path: "c".to_owned(), span: None },
        ];
        let found = citations(&[cite("a", 0, 10), cite("a", 19, 30), cite("b", 0, 1)], &evidence);
        assert_eq!(found, CitationScore { precision: Some(2.0 / 3.0), recall: Some(2.0 / 3.0) });
        assert_eq!(citations(&[], &[]), CitationScore { precision: None, recall: None });
    }
}
