//! The sentences of passages that can answer anything.
//!
//! A question, a heading and code state nothing, and neither does a sentence beyond the question or the title that it quotes: "see section
//! 8, “What is a package?”". A sentence that begins with a pronoun is taken together with the one before it.

use crate::document::{Block, BlockKind};
use crate::retrieve::Hit;
use ronghe_data::segment::sentence_ranges;
use std::collections::HashSet;
use std::ops::Range;

/// Fewest characters of a sentence that can answer anything.
const SHORTEST: usize = 6;
/// Words that point to the sentence before.
const POINTING: &[&str] = &[
    "it", "its", "they", "them", "their", "he", "him", "his", "she", "her", "this", "that", "these", "those",
    "such",
];
/// Chinese ones, traditional ones too.
const POINTING_ZH: &[&str] = &[
    "它", "他", "她", "牠", "这", "這", "那些", "那个", "那個", "其", "该", "該", "此", "前者", "后者",
    "後者",
];
/// Other words that begin with one of these.
const NOT_POINTING_ZH: &[&str] =
    &["其他", "其它", "其余", "其餘", "此外", "其中", "其实", "其實", "其次", "他人"];
/// What a reference to another place says.
const REFERS: &[&str] =
    &["参见", "參見", "参阅", "參閱", "参看", "參看", "详见", "詳見", "请看", "see ", "see also", "refer to"];
/// Marks around what is quoted.
const QUOTES: &[(char, char)] = &[('“', '”'), ('「', '」'), ('『', '』'), ('《', '》'), ('"', '"')];

/// Where a sentence stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Position of its passage among the hits.
    pub(crate) hit: usize,
    /// Its bytes in the document.
    pub(crate) span: Range<usize>,
    /// How many blocks and sentences stand between it and the heading above it.
    pub(crate) below: usize,
}

/// The sentences of passages, each once.
pub(crate) fn places(hits: &[Hit]) -> Vec<Place> {
    let mut found = Vec::new();
    let mut seen: HashSet<(u64, usize)> = HashSet::new();
    for (h, hit) in hits.iter().enumerate() {
        let start = hit.chunk.chunk.span.start;
        let document = &hit.document.document;
        for range in sentence_ranges(&hit.chunk.text) {
            let span = start + range.start..start + range.end;
            let block = document.block_at(span.start);
            let text = &document.text[span.clone()];
            let said = stated(text);
            let states = block.is_none_or(|b| !mute(&document.blocks[b]))
                && !text.trim_end().ends_with(['?', '？'])
                && said.chars().filter(|c| c.is_alphanumeric()).nth(SHORTEST - 2).is_some();
            // Chunks overlap: a sentence is looked at once.
            if states && seen.insert((hit.document.id, span.start)) {
                // The one before may be in another passage, or end the paragraph before.
                let own = block.map_or(0..0, |b| match document.blocks[b].range.start {
                    start if start < span.start => start..span.start,
                    _ => b.checked_sub(1).map_or(0..0, |b| prose(&document.blocks[b])),
                });
                let beside =
                    document.text.get(own.clone()).filter(|_| points_back(text)).map(sentence_ranges);
                let beside = beside.and_then(|all| all.last().cloned());
                let from = beside.map_or(span.start, |b| own.start + b.start);
                let below = block.map_or(0, |b| below(hit, b, from));
                found.push(Place { hit: h, span: from..span.end, below });
            }
        }
    }
    found
}

/// How many blocks and sentences of its own block stand above a byte, up to the heading.
fn below(hit: &Hit, block: usize, at: usize) -> usize {
    let blocks = &hit.document.document.blocks;
    let above = blocks[..block].iter().rev().take_while(|b| !matches!(b.kind, BlockKind::Heading(_))).count();
    above + usize::from(at > blocks[block].range.start)
}

fn mute(block: &Block) -> bool {
    matches!(block.kind, BlockKind::Code | BlockKind::Heading(_))
}

/// The bytes of a paragraph; none of other blocks.
fn prose(block: &Block) -> Range<usize> {
    if block.kind == BlockKind::Paragraph { block.range.clone() } else { 0..0 }
}

/// The first row of the table that byte `at` is in, if that is another row: what its columns are called.
pub(crate) fn columns(hit: &Hit, at: usize) -> Option<&str> {
    let document = &hit.document.document;
    let own = document.block_at(at)?;
    let text = |b: usize| &document.text[document.blocks[b].range.clone()];
    let cells = text(own).matches('\t').count();
    let beside = |b: &usize| {
        document.blocks[*b].kind == BlockKind::Row && cells > 0 && text(*b).matches('\t').count() == cells
    };
    (0..=own).rev().take_while(beside).last().filter(|first| *first < own).map(text)
}

/// Whether a sentence begins with a word that points to the one before it.
pub(crate) fn points_back(sentence: &str) -> bool {
    let text = sentence.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let begins = |words: &[&str]| words.iter().any(|w| text.starts_with(w));
    POINTING.contains(&text[..end].to_lowercase().as_str())
        || (begins(POINTING_ZH) && !begins(NOT_POINTING_ZH))
}

/// What a sentence states: without the questions that it quotes and, where it refers to another place, without the titles.
pub(crate) fn stated(sentence: &str) -> String {
    let lower = sentence.to_lowercase();
    let refers = REFERS.iter().any(|r| lower.contains(r));
    let (mut kept, mut rest) = (String::new(), sentence);
    while let Some((at, open)) = rest.char_indices().find(|(_, c)| QUOTES.iter().any(|(o, _)| o == c)) {
        let inside = at + open.len_utf8();
        let close = QUOTES.iter().find(|(o, _)| *o == open).map_or(open, |(_, c)| *c);
        let Some(end) = rest[inside..].find(close).map(|e| inside + e) else { break };
        let asks = rest[inside..end].trim_end().ends_with(['?', '？']);
        kept += &rest[..at];
        if !asks && !refers {
            kept += &rest[at..end + close.len_utf8()];
        }
        rest = &rest[end + close.len_utf8()..];
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_is_quoted_is_not_stated() {
        assert_eq!(stated("（另请参见第 8 节“什么是虚拟软件包？”。）"), "（另请参见第 8 节。）");
        assert_eq!(stated("They call it \"the box\"."), "They call it \"the box\".");
        assert_eq!(stated("See the section \"Boxes\" below."), "See the section  below.");
        assert_eq!(stated("an open “mark"), "an open “mark");
    }

    #[test]
    fn pronouns_point_back() {
        for yes in ["It is red.", "这意味着什么都行。", "該軟件不能用。", "“They left.”"]
        {
            assert!(points_back(yes), "{yes}");
        }
        for no in ["Items are red.", "其他人不能进。", "此外没有别的。", "Copper melts."] {
            assert!(!points_back(no), "{no}");
        }
    }
}
