//! Which sentences of a long text get a vector of meaning, which costs about a millisecond each.
//!
//! Of `n` sentences more than [`MOST`] and [`SHARE`] times as many as are chosen: the most central by their words of each document,
//! and of each of as many stretches of equal length as the room left allows, the [`BEST`] most central by their words. So no part of a
//! text goes unheard, and the similarity that all share is measured on the whole. A query may share no word with its
//! answer, and be of another language: given one, all sentences get a vector.

use super::centrality::centrality;
use super::rows::Rows;
use super::sentences::Sentence;

/// Most sentences with a vector.
const MOST: usize = 256;

/// Sentences of a stretch that get a vector.
const BEST: usize = 2;

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
    let better = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    let mut taken = vec![false; n];
    let mut from = 0;
    for document in sentences.chunk_by(|a, b| a.source == b.source) {
        let range = from..from + document.len();
        from = range.end;
        range.min_by(better).into_iter().for_each(|i| taken[i] = true);
    }
    let left = room.saturating_sub(taken.iter().filter(|t| **t).count());
    let stretches = left / BEST;
    for k in 0..stretches {
        let mut stretch: Vec<usize> = (k * n / stretches..(k + 1) * n / stretches).collect();
        stretch.sort_by(better);
        stretch.iter().take(BEST).for_each(|&i| taken[i] = true);
    }
    (0..n).filter(|&i| taken[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rows::Dense;
    use super::super::sentences::{made, sentences};
    use super::*;

    #[test]
    fn a_long_text_is_looked_through_by_words_first() {
        let sentences = sentences(&made(&[600, 2, 598])).kept;
        // Every fiftieth sentence says what the others come back to.
        let values =
            (0..1200).flat_map(|i| if i % 50 == 7 { [1.0, 1.0] } else { [1.0, (i % 2) as f32 - 0.5] });
        let rows = Dense::new(values.collect(), 2);
        let list = shortlist(&rows, &sentences, 5);
        assert!(list.len() <= MOST && list.len() >= MOST - 4, "{}", list.len());
        assert!(list.is_sorted() && (0..3).all(|s| list.iter().any(|&i| sentences[i].source == s)));
        // No stretch of the text is left out.
        assert!(list.windows(2).all(|two| two[1] - two[0] <= 18), "{list:?}");
        assert_eq!(shortlist(&rows, &sentences, 400).len(), 1200);
        assert_eq!(shortlist(&rows, &sentences[..50], 5), (0..50).collect::<Vec<_>>());
    }
}
