//! Questions made of a corpus, like those that people ask: what it is about, and a word or two of what is said of it.
//!
//! A question takes a sentence of a chunk. What it is about is named by the title or heading above it, or by the two rarest words
//! of the sentence, turn and turn about; one or two further content words of the sentence are added, and one that stands elsewhere
//! in the chunk, for people's words are not those of the text. Numbers are not asked with: they are what is asked for.

use crate::retrieve::{content, rarity, spread};
use crate::store::{Store, StoredChunk};
use crate::{Result, terms};
use ronghe_data::segment::sentence_ranges;

/// Fewest content words of a sentence that is asked about.
const FEWEST: usize = 4;
/// Most words of a title that are said.
const TITLE: usize = 4;

/// A question whose answer is in one document.
pub(super) struct Question {
    pub(super) text: String,
    pub(super) document: u64,
}

/// At most `most` questions, of chunks at even distances.
pub(super) fn questions(store: &dyn Store, most: usize, seed: u64) -> Result<Vec<Question>> {
    let mut found = Vec::new();
    for (i, id) in spread(store, most, seed)?.into_iter().enumerate() {
        let Some(chunk) = store.chunks(&[id])?.pop() else { continue };
        if let Some(text) = question(store, &chunk, i)? {
            found.push(Question { text, document: chunk.document });
        }
    }
    Ok(found)
}

/// The `i`th question, of a chunk.
fn question<'a>(store: &dyn Store, chunk: &'a StoredChunk, i: usize) -> Result<Option<String>> {
    let sentences = sentence_ranges(&chunk.text);
    // Not always the first: what a document opens with is its easiest.
    let turned = (0..sentences.len()).map(|s| &chunk.text[sentences[(s + i) % sentences.len()].clone()]);
    let full = |words: &Vec<&str>| words.len() >= FEWEST;
    let Some(said) = turned.map(asked).find(full) else { return Ok(None) };
    let title = chunk.chunk.headings.last().filter(|_| i.is_multiple_of(2));
    let mut words: Vec<&str> = title.map(|t| asked(t)).unwrap_or_default();
    words.truncate(TITLE);
    if words.is_empty() {
        let mut rare = Vec::new();
        for word in &said {
            let mut most = 0.0_f32;
            for term in terms(word) {
                most = most.max(rarity(store, &term.text)?);
            }
            rare.push((most, *word));
        }
        rare.sort_by(|a, b| b.0.total_cmp(&a.0));
        words.extend(rare.iter().take(2).map(|r| r.1));
    }
    let further = |words: &mut Vec<&'a str>, from: &[&'a str], most: usize| {
        let start = i % from.len().max(1);
        let turned = from[start..].iter().chain(&from[..start]).copied();
        let new: Vec<&str> = turned.filter(|w| !words.contains(w)).take(most).collect();
        words.extend(new);
    };
    further(&mut words, &said, 1 + i / 2 % 2);
    let elsewhere: Vec<&str> = asked(&chunk.text).into_iter().filter(|w| !said.contains(w)).collect();
    further(&mut words, &elsewhere, 1);
    Ok(Some(words.join(" ")))
}

/// The content words of a text that are no numbers.
fn asked(text: &str) -> Vec<&str> {
    content(text).into_iter().filter(|w| !w.contains(|c: char| c.is_ascii_digit())).collect()
}
