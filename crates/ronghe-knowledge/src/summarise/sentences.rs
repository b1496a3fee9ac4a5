//! From documents to the sentences that a summary may be made of.
//!
//! Passed over: headings, code, rows of tables; what stands there three times or more, and repetitions of what stands there twice.
//! Everything else may be chosen, but some only when all the rest is ([`Sentences::rest`]): what has fewer than [`FEWEST`] words (three
//! Chinese characters count as two), more than [`MOST`], or mostly digits and marks; salutations; items of lists that are no
//! sentences; legal boilerplate. A run of text longer than [`LONGEST`] bytes without an end of a sentence is cut at commas or
//! blanks. If nothing else is left, everything but headings is taken. One pass, `O(bytes)`.

use crate::Span;
use crate::citation::Citation;
use crate::document::{Block, BlockKind, Document};
use ronghe_data::segment::{is_han, sentence_ranges};
use std::collections::HashMap;
use std::ops::Range;

/// Fewest words of a sentence.
const FEWEST: usize = 4;

/// Most words of a sentence.
const MOST: usize = 100;

/// Most bytes of a sentence before it is cut.
const LONGEST: usize = 1_200;

/// Times that a sentence must stand there to be furniture of the pages.
const FURNITURE: u32 = 3;

/// What only legal boilerplate says, lower-cased.
const BOILERPLATE: &[&str] = &[
    "all rights reserved",
    "copyright ©",
    "©",
    "terms of use",
    "cookie",
    "版权所有",
    "保留所有权利",
    "未经许可",
];

/// How letters and speeches begin and end, lower-cased.
const SALUTATIONS: &[&str] = &[
    "dear ",
    "hello",
    "hi ",
    "hi,",
    "yours ",
    "kind regards",
    "best regards",
    "sincerely",
    "sehr geehrte",
    "ladies and gentlemen",
    "尊敬的",
    "亲爱的",
    "親愛的",
    "各位",
    "此致",
    "敬礼",
    "敬禮",
    "女士们",
    "女士們",
];

/// Most words of a salutation.
const SALUTED: usize = 12;

/// A document to be summarised.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// File, as citations name it.
    pub path: String,
    /// Title; that of the document, if not given.
    pub title: Option<String>,
    /// Its domain.
    pub domain: String,
    /// What it says.
    pub document: Document,
}

/// A sentence that may be chosen.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    /// Number of its source.
    pub(super) source: usize,
    /// Number of its block in the document.
    block: usize,
    /// Its bytes in the document's text.
    range: Range<usize>,
    /// How many sentences stand before it in its document.
    pub(super) position: usize,
}

/// How much a sentence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It may be chosen.
    Full,
    /// It may be chosen after those.
    Little,
    /// It is no sentence at all.
    None,
}

/// The sentences of some sources.
pub(super) struct Sentences {
    /// Those that may be chosen, by source, then place.
    pub(super) kept: Vec<Sentence>,
    /// Those that are chosen when all of these are, by source, then place: they say little by themselves.
    pub(super) rest: Vec<Sentence>,
    /// How many were passed over, headings not counted.
    pub(super) skipped: usize,
}

impl Sentence {
    /// What it says.
    pub(super) fn text<'a>(&self, sources: &'a [Source]) -> &'a str {
        &sources[self.source].document.text[self.range.clone()]
    }

    /// Where it stands.
    pub(super) fn citation(&self, sources: &[Source]) -> Citation {
        let source = &sources[self.source];
        Citation {
            path: source.path.clone(),
            title: source.title.clone().or_else(|| source.document.title.clone()),
            domain: source.domain.clone(),
            place: source.document.place_at(self.range.start),
            headings: source.document.headings_above(self.block),
            span: Span::from(self.range.clone()),
            quote: self.text(sources).to_owned(),
        }
    }
}

/// The sentences of `sources`.
pub(super) fn sentences(sources: &[Source]) -> Sentences {
    let mut all: Vec<(Sentence, Worth)> = Vec::new();
    for (source, of) in sources.iter().enumerate() {
        let document = &of.document;
        let whole =
            [Block { kind: BlockKind::Paragraph, range: 0..document.text.len(), place: Default::default() }];
        let blocks = if document.blocks.is_empty() { &whole[..] } else { &document.blocks[..] };
        let mut position = 0;
        for (number, block) in blocks.iter().enumerate() {
            let prose = match block.kind {
                BlockKind::Heading(_) => continue,
                BlockKind::Paragraph | BlockKind::Item | BlockKind::Speech | BlockKind::Caption => true,
                BlockKind::Row | BlockKind::Code => false,
            };
            // A range that is not one of the text has nothing to say.
            let Some(text) = document.text.get(block.range.clone()) else { continue };
            for range in sentence_ranges(text).into_iter().flat_map(|range| cut(text, range)) {
                let worth = match block.kind {
                    _ if !prose => Worth::None,
                    BlockKind::Item if !ends_with_stop(&text[range.clone()]) => Worth::Little,
                    _ if is_sentence(&text[range.clone()]) => Worth::Full,
                    _ => Worth::Little,
                };
                let range = block.range.start + range.start..block.range.start + range.end;
                all.push((Sentence { source, block: number, range, position }, worth));
                position += 1;
            }
        }
    }
    let repeated = repeats(&all, sources);
    let total = all.len();
    let of = |wanted: Worth| -> Vec<Sentence> {
        let chosen = all.iter().zip(&repeated).filter(|((_, worth), again)| *worth == wanted && !**again);
        chosen.map(|((sentence, _), _)| sentence.clone()).collect()
    };
    let (mut kept, mut rest) = (of(Worth::Full), of(Worth::Little));
    if kept.is_empty() {
        kept = std::mem::take(&mut rest);
    }
    if kept.is_empty() {
        kept = all.into_iter().map(|(sentence, _)| sentence).collect();
    }
    Sentences { skipped: total - kept.len() - rest.len(), kept, rest }
}

/// For each sentence, whether it is furniture or a repetition.
fn repeats(all: &[(Sentence, Worth)], sources: &[Source]) -> Vec<bool> {
    let mut times: HashMap<&str, (u32, bool)> = HashMap::with_capacity(all.len());
    for (sentence, _) in all {
        times.entry(sentence.text(sources)).or_default().0 += 1;
    }
    let again = |(sentence, _): &(Sentence, Worth)| {
        let Some((count, seen)) = times.get_mut(sentence.text(sources)) else { return false };
        std::mem::replace(seen, true) || *count >= FURNITURE
    };
    all.iter().map(again).collect()
}

/// Whether it reads like a sentence.
fn is_sentence(text: &str) -> bool {
    let (mut letters, mut han, mut other, mut words, mut inside) = (0, 0, 0, 0, false);
    for c in text.chars() {
        let letter = c.is_alphabetic();
        if is_han(c) {
            han += 1;
        } else if letter {
            letters += 1;
            words += usize::from(!inside);
        } else if !c.is_whitespace() {
            other += 1;
        }
        inside = (letter || matches!(c, '\'' | '’' | '-')) && !is_han(c);
    }
    let size = words + han * 2 / 3;
    if size < FEWEST || words + han / 2 > MOST || letters + 2 * han <= other {
        return false;
    }
    // Only short sentences are boilerplate as a whole.
    size > 40 || {
        let low = text.to_lowercase();
        let salutation = size <= SALUTED
            && !ends_with_stop(text)
            && SALUTATIONS.iter().any(|mark| low.trim_start().starts_with(mark));
        !salutation && !BOILERPLATE.iter().any(|mark| low.contains(mark))
    }
}

/// Whether a sentence ends as sentences do.
fn ends_with_stop(text: &str) -> bool {
    let bare = text.trim_end_matches(|c: char| c.is_whitespace() || "\"'”’」』）)】]".contains(c));
    bare.ends_with(['.', '!', '?', '。', '！', '？', '…', '｡', '．', ';', '；'])
}

/// Pieces of at most [`LONGEST`] bytes, without the blanks around them.
fn cut(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = range.start;
    while range.end - start > LONGEST {
        let mut limit = start + LONGEST;
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        let head = &text[start..limit];
        let after = |marks: &[char]| {
            head.rfind(marks).map(|at| at + head[at..].chars().next().map_or(1, char::len_utf8))
        };
        let end = after(&['，', ',', '；', ';', '：', '、'])
            .or_else(|| after(&[' ', '\n', '\t']))
            .unwrap_or(head.len());
        push_trimmed(text, start..start + end, &mut pieces);
        start += end;
    }
    push_trimmed(text, start..range.end, &mut pieces);
    pieces
}

fn push_trimmed(text: &str, range: Range<usize>, pieces: &mut Vec<Range<usize>>) {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    let length = piece.trim().len();
    if length > 0 {
        pieces.push(start..start + length);
    }
}

/// Sources of as many sentences as said, for tests.
#[cfg(test)]
pub(super) fn made(sizes: &[usize]) -> Vec<Source> {
    let source = |(number, &size): (usize, &usize)| {
        let mut document = Document::default();
        for i in 0..size {
            let text = format!("Sentence number {} of document {number} stands here.", "i".repeat(i + 1));
            document.push(BlockKind::Paragraph, &text, Default::default());
        }
        Source { path: number.to_string(), title: None, domain: "d".to_owned(), document }
    };
    sizes.iter().enumerate().map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Place;

    fn source(blocks: &[(BlockKind, &str)]) -> Source {
        let mut document = Document::default();
        for (kind, text) in blocks {
            document.push(*kind, text, Place::default());
        }
        Source { path: "p".to_owned(), title: None, domain: "d".to_owned(), document }
    }

    fn kept(sources: &[Source]) -> Vec<String> {
        sentences(sources).kept.iter().map(|s| s.text(sources).to_owned()).collect()
    }

    fn rest(sources: &[Source]) -> Vec<String> {
        sentences(sources).rest.iter().map(|s| s.text(sources).to_owned()).collect()
    }

    #[test]
    fn what_says_little_comes_last_and_what_is_no_sentence_never() {
        let sources = [source(&[
            (BlockKind::Heading(1), "A heading that reads like a sentence."),
            (BlockKind::Paragraph, "Yes. This one says enough to stay. 12.5 33 1,200 44 (3) a b c."),
            (BlockKind::Paragraph, "© 2024 The Company and its many friends. 人工智能正在改变世界。"),
            (BlockKind::Paragraph, "Dear Sir or Madam of the office,"),
            (BlockKind::Item, "apples from the garden of our neighbour"),
            (BlockKind::Row, "name: cell of a table\tmore of the same row"),
        ])];
        assert_eq!(kept(&sources), ["This one says enough to stay.", "人工智能正在改变世界。"]);
        assert_eq!(
            rest(&sources),
            [
                "Yes.",
                "12.5 33 1,200 44 (3) a b c.",
                "© 2024 The Company and its many friends.",
                "Dear Sir or Madam of the office,",
                "apples from the garden of our neighbour"
            ]
        );
        assert_eq!(sentences(&sources).skipped, 1);
    }

    /// The case zh-short-sentences.
    #[test]
    fn short_sentences_count_in_both_languages() {
        for (text, count) in [
            ("所需物资如下，请各街道于五月底前备齐。编织袋五千条。救生衣一百件。移动水泵十台。", 4),
            (
                "Please have the supplies ready by May. Five thousand sand bags. One hundred life jackets. Ten mobile water pumps.",
                4,
            ),
        ] {
            assert_eq!(kept(&[source(&[(BlockKind::Paragraph, text)])]).len(), count);
        }
    }

    #[test]
    fn furniture_and_repetitions_go() {
        let footer = "Printed by the office of the mayor.";
        let page = |text: &str| source(&[(BlockKind::Paragraph, text), (BlockKind::Paragraph, footer)]);
        let sources = [
            page("Something is said twice in two places."),
            page("Something is said twice in two places."),
            page("Something else is said only once here."),
        ];
        assert_eq!(
            kept(&sources),
            ["Something is said twice in two places.", "Something else is said only once here."]
        );
    }

    #[test]
    fn where_nothing_is_left_everything_is_taken() {
        assert_eq!(kept(&[source(&[(BlockKind::Paragraph, "Yes. No.")])]), ["Yes.", "No."]);
        assert!(kept(&[source(&[(BlockKind::Heading(1), "Only a heading")])]).is_empty());
        assert!(kept(&[]).is_empty());
    }

    #[test]
    fn endless_text_is_cut_at_characters() {
        for text in ["没有标点的话".repeat(900), "word and word ".repeat(900), "逗号，很多，".repeat(900)]
        {
            let pieces = cut(&text, 0..text.len());
            assert!(
                pieces.len() > 5 && pieces.iter().all(|p| p.len() <= LONGEST && !text[p.clone()].is_empty())
            );
            assert!(pieces.windows(2).all(|two| two[0].end <= two[1].start));
        }
    }
}
