//! Which sentences of a long text get a vector of meaning, which costs about a millisecond each.
//!
//! Of `n` sentences more than [`MOST`] and [`SHARE`] times as many as are chosen: the most central by their words of each document;
//! then three quarters of the room for those that are most central by their words, and the rest at even distances, so that what says the
//! same in other words is still heard and the similarity that all share is measured on the whole text. A query may share no
//! word with its answer, and be of another language: given one, all sentences get a vector.

use super::centrality::centrality;
use super::rows::Rows;
use super::sentences::Sentence;

/// Most sentences with a vector.
const MOST: usize = 256;

/// Fewest sentences with a vector for each that is chosen.
const SHARE: usize = 8;

/// The numbers of the sentences that get a vector, rising. `rows`: by words.
pub(super) fn shortlist(rows: &dyn Rows, sentences: &[Sentence], picks: usize) -> Vec<usize> {
    let n = sentences.len();
    let room = MOST.max(SHARE * picks);
    if n <= room {
        return (0..n).collect();
    }
    let scores = centrality(rows, sentences, None).scores;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let mut taken = vec![false; n];
    let documents = sentences.last().map_or(0, |last| last.source + 1);
    let mut heard = vec![false; documents];
    for &i in &order {
        let first = !std::mem::replace(&mut heard[sentences[i].source], true);
        taken[i] = first;
    }
    let mut left = room.saturating_sub(taken.iter().filter(|t| **t).count());
    let even = left / 4;
    for &i in &order {
        if left <= even {
            break;
        }
        left -= usize::from(!std::mem::replace(&mut taken[i], true));
    }
    for i in (0..left).map(|k| k * n / left.max(1)) {
        taken[i] = true;
    }
    (0..n).filter(|&i| taken[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rows::Dense;
    use super::super::sentences::{Source, sentences};
    use super::*;
    use crate::document::{BlockKind, Document, Place};

    fn made(sizes: &[usize]) -> Vec<Sentence> {
        let source = |(number, &size): (usize, &usize)| {
            let mut document = Document::default();
            for i in 0..size {
                let text = format!("Sentence number {i} of document {number} stands here.");
                document.push(BlockKind::Paragraph, &text, Place::default());
            }
            Source { path: number.to_string(), title: None, domain: "d".to_owned(), document }
        };
        sentences(&sizes.iter().enumerate().map(source).collect::<Vec<_>>()).kept
    }

    #[test]
    fn a_long_text_is_looked_through_by_words_first() {
        let sentences = made(&[600, 2, 598]);
        // Every fiftieth sentence says what the others come back to.
        let values =
            (0..1200).flat_map(|i| if i % 50 == 7 { [1.0, 1.0] } else { [1.0, (i % 2) as f32 - 0.5] });
        let rows = Dense::new(values.collect(), 2);
        let list = shortlist(&rows, &sentences, 5);
        assert!(list.len() <= MOST && list.len() > MOST * 3 / 4, "{}", list.len());
        assert!(list.is_sorted() && (0..3).all(|s| list.iter().any(|&i| sentences[i].source == s)));
        // No stretch of the text is left out.
        assert!(list.windows(2).all(|two| two[1] - two[0] <= 24), "{list:?}");
        assert_eq!(shortlist(&rows, &sentences, 400).len(), 1200);
        assert_eq!(shortlist(&rows, &sentences[..50], 5), (0..50).collect::<Vec<_>>());
    }
}
