//! From a document to its chunks.

use super::{Chunk, Count, Options, tokens};
use crate::document::{Block, BlockKind, Document};
use crate::language;
use ronghe_data::segment::{sentence_ranges, tokens as words};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// A section is joined to the one before while both stay below this share of a chunk.
const JOINED: f64 = 0.5;
/// Bytes of a very long sentence in which words are looked for at a time.
const WINDOW: usize = 64 << 10;

/// A piece that is not divided: a sentence, a row, an item, or a part of a very long one.
struct Piece {
    range: Range<usize>,
    tokens: f64,
    block: usize,
}

/// The chunks of a document, in order.
///
/// ```
/// use ronghe_knowledge::chunk::{Options, cut};
/// use ronghe_knowledge::document::{BlockKind, Document, Place};
///
/// let mut document = Document::default();
/// document.push(BlockKind::Heading(1), "Metals", Place::default());
/// document.push(BlockKind::Paragraph, "Copper conducts. Tin melts early.", Place::default());
/// let chunks = cut(&document, &Options::default());
/// assert_eq!(chunks[0].headings, ["Metals"]);
/// assert_eq!(&document.text[chunks[0].span.start..chunks[0].span.end], "Copper conducts. Tin melts early.");
/// ```
pub fn cut(document: &Document, options: &Options) -> Vec<Chunk> {
    let most = options.tokens.max(16) as f64;
    let mut chunks = Vec::new();
    for Section { headings, blocks, .. } in sections(document, most) {
        let pieces: Vec<Piece> = blocks.iter().flat_map(|&b| pieces(document, b, most)).collect();
        let mut from = 0;
        while from < pieces.len() {
            let mut sum = 0.0;
            let fits = |p: &&Piece| {
                sum += p.tokens;
                sum <= most
            };
            let count = pieces[from..].iter().take_while(fits).count().max(1);
            let to = from + count;
            chunks.push(chunk(document, &headings, &pieces[from..to]));
            if to == pieces.len() {
                break;
            }
            // The next one begins with the end of this.
            let (mut next, mut repeated) = (to, 0.0);
            // One sentence at least, unless it is long.
            let room = |next: usize| if next == to { 2.0 * options.overlap } else { options.overlap };
            while next > from + 1 && repeated + pieces[next - 1].tokens <= most * room(next) {
                next -= 1;
                repeated += pieces[next].tokens;
            }
            from = next;
        }
    }
    chunks
}

/// Blocks that are cut together.
struct Section {
    headings: Vec<String>,
    blocks: Vec<usize>,
    size: f64,
    /// Whether it is several, whose own headings are in the text.
    joined: bool,
}

impl Section {
    /// The headings that it shares with the sections beside it.
    fn parent(&self) -> &[String] {
        if self.joined { &self.headings } else { self.headings.split_last().map_or(&[], |l| l.1) }
    }
}

/// Runs of blocks under the same headings; short neighbours below one heading are joined.
fn sections(document: &Document, most: f64) -> Vec<Section> {
    let heading =
        |b: usize| document.blocks.get(b).is_some_and(|block| matches!(block.kind, BlockKind::Heading(_)));
    let mut open: Vec<(u8, String)> = Vec::new();
    let mut found: Vec<Section> = Vec::new();
    for (b, block) in document.blocks.iter().enumerate() {
        let text = &document.text[block.range.clone()];
        if let BlockKind::Heading(level) = block.kind {
            open.retain(|(above, _)| *above < level);
            open.push((level, text.split_whitespace().collect::<Vec<_>>().join(" ")));
            // A heading with nothing below it is still found.
            let below = b + 1 < document.blocks.len() && !heading(b + 1);
            let deeper = matches!(document.blocks.get(b + 1), Some(Block { kind: BlockKind::Heading(l), .. }) if *l > level);
            if below || deeper {
                continue;
            }
        }
        let mut headings: Vec<String> = document.title.iter().cloned().collect();
        headings
            .extend(open.iter().map(|(_, text)| text.clone()).filter(|t| Some(t) != document.title.as_ref()));
        let size = tokens(text);
        let beside = |section: &Section| {
            let parent = section.parent();
            section.size + size < JOINED * most
                && !parent.is_empty()
                && headings.split_last().is_some_and(|(_, above)| above == parent)
        };
        match found.last_mut() {
            Some(section) if !section.joined && section.headings == headings => {
                section.blocks.push(b);
                section.size += size;
            }
            Some(section) if beside(section) => {
                // Under the heading that both stand below, with their own headings in the text.
                if !section.joined {
                    let own = section.blocks.first().and_then(|first| first.checked_sub(1));
                    section.blocks.splice(..0, own.filter(|&own| heading(own)));
                    section.headings.pop();
                    section.joined = true;
                }
                let from = section.blocks.last().map_or(b, |last| last + 1);
                section.blocks.extend(from..=b);
                section.size += size;
            }
            _ => found.push(Section { headings, blocks: vec![b], size, joined: false }),
        }
    }
    found
}

/// The pieces of a block.
fn pieces(document: &Document, b: usize, most: f64) -> Vec<Piece> {
    let block = &document.blocks[b];
    let text = &document.text[block.range.clone()];
    let whole =
        matches!(block.kind, BlockKind::Row | BlockKind::Item | BlockKind::Heading(_) | BlockKind::Caption);
    let ranges = if whole && tokens(text) <= most {
        std::iter::once(0..text.len()).collect()
    } else {
        sentence_ranges(text)
    };
    let mut found = Vec::new();
    for range in ranges {
        let size = tokens(&text[range.clone()]);
        let place = |r: Range<usize>| block.range.start + r.start..block.range.start + r.end;
        if size <= most {
            found.push(Piece { range: place(range), tokens: size, block: b });
            continue;
        }
        let inside = &text[range.clone()];
        let mut from = 0;
        for to in ends(inside, most) {
            let part = range.start + from..range.start + to;
            found.push(Piece { tokens: tokens(&text[part.clone()]), range: place(part), block: b });
            from = to;
        }
    }
    found
}

/// Where the parts of a very long sentence end: before a word where there is one, so that each has `most` tokens at most. Words
/// are looked for in [`WINDOW`] bytes at a time, so that memory does not grow with the sentence.
fn ends(text: &str, most: f64) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut from, mut word, mut at) = (0, 0, 0);
    let mut count = Count::default();
    while at < text.len() {
        let mut stop = (at + WINDOW).min(text.len());
        while !text.is_char_boundary(stop) {
            stop -= 1;
        }
        let window = &text[at..stop];
        let mut begins = words(window).into_iter().map(|w| at + w.range.start).peekable();
        for (i, c) in window.char_indices() {
            let i = at + i;
            while let Some(begin) = begins.next_if(|b| *b <= i) {
                word = begin;
            }
            count.add(c);
            if count.sum > most && i > from {
                let end = if word > from { word } else { i };
                ends.push(end);
                from = end;
                count = Count::default();
                text[end..i + c.len_utf8()].chars().for_each(|c| count.add(c));
            }
        }
        at = stop;
    }
    ends.push(text.len());
    ends
}

fn chunk(document: &Document, headings: &[String], pieces: &[Piece]) -> Chunk {
    let span = pieces[0].range.start..pieces[pieces.len() - 1].range.end;
    let text = &document.text[span.clone()];
    Chunk {
        place: document.blocks[pieces[0].block].place,
        span: span.into(),
        headings: headings.to_vec(),
        language: language(text),
        hash: hash(headings, text),
    }
}

/// SHA-256 of a chunk's headings and text, in hexadecimal digits.
pub(crate) fn hash(headings: &[String], text: &str) -> String {
    let mut hash = Sha256::new();
    headings.iter().for_each(|h| hash.update(format!("{h}\n")));
    hash.update(text);
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Place;
    use proptest::prelude::*;

    fn document(parts: &[(BlockKind, String)]) -> Document {
        let mut document = Document { title: Some("T".into()), ..Document::default() };
        parts.iter().for_each(|(kind, text)| document.push(*kind, text, Place::default()));
        document
    }

    #[test]
    fn short_sections_are_joined_under_what_they_share() {
        let mut document = Document::default();
        for (kind, text) in [
            (BlockKind::Heading(1), "Handbook"),
            (BlockKind::Heading(2), "Hours"),
            (BlockKind::Paragraph, "From ten to three."),
            (BlockKind::Heading(2), "Holidays"),
            (BlockKind::Paragraph, "Everyone has 28 days."),
            (BlockKind::Paragraph, "Five may be carried over."),
            (BlockKind::Heading(1), "Appendix"),
            (BlockKind::Paragraph, "Forms."),
        ] {
            document.push(kind, text, Place::default());
        }
        let chunks = cut(&document, &Options::default());
        let told: Vec<(String, &str)> =
            chunks.iter().map(|c| (c.headings.join(" > "), &document.text[Range::from(&c.span)])).collect();
        let joined =
            "Hours\n\nFrom ten to three.\n\nHolidays\n\nEveryone has 28 days.\n\nFive may be carried over.";
        assert_eq!(told, [("Handbook".into(), joined), ("Appendix".into(), "Forms.")]);
    }

    #[test]
    fn sections_keep_their_headings_and_chunks_overlap() {
        let sentence = |i: usize| format!("Sentence number {i} of a long text about nothing at all.");
        let long = (0..60).map(sentence).collect::<Vec<_>>().join(" ");
        let document = document(&[
            (BlockKind::Heading(1), "A".into()),
            (BlockKind::Paragraph, long),
            (BlockKind::Heading(2), "B".into()),
            (BlockKind::Paragraph, "中文的一句话。".repeat(80)),
        ]);
        let options = Options { tokens: 100, ..Options::default() };
        let chunks = cut(&document, &options);
        let text = |c: &Chunk| &document.text[c.span.start..c.span.end];
        assert!(
            chunks.iter().all(|c| tokens(text(c)) <= 101.0),
            "{:?}",
            chunks.iter().map(|c| tokens(text(c))).collect::<Vec<_>>()
        );
        assert_eq!(chunks[0].headings, ["T", "A"]);
        assert_eq!(chunks.last().unwrap().headings, ["T", "A", "B"]);
        assert!(chunks[1].span.start < chunks[0].span.end, "neighbours overlap");
        assert!(text(&chunks[0]).starts_with("Sentence number 0") && text(&chunks[0]).ends_with("all."));
    }

    #[test]
    fn short_sections_are_joined() {
        let parts: Vec<(BlockKind, String)> = (0..6)
            .flat_map(|i| {
                [(BlockKind::Heading(2), format!("H{i}")), (BlockKind::Paragraph, format!("Text {i}."))]
            })
            .collect();
        let chunks =
            cut(&document(&[vec![(BlockKind::Heading(1), "A".into())], parts].concat()), &Options::default());
        assert!(chunks.len() < 6, "{}", chunks.len());
    }

    #[test]
    fn a_text_without_any_end_is_cut_too() {
        for unit in ["字", "a", "-", "word ", "\u{301}", " \t", "a.b", "..", "1. ", "词。a "] {
            let mut text = unit.repeat((1 << 20) / unit.len());
            text.insert(0, 'x');
            text.push('y');
            let document = document(&[(BlockKind::Paragraph, text)]);
            let chunks = cut(&document, &Options::default());
            let longest = chunks.iter().map(|c| c.span.end - c.span.start).max().unwrap();
            // Half a token for every 40 blanks, and what stands before the first and after the last of them.
            assert!(longest < 41 * 640, "{unit:?}: {longest}");
            assert_eq!((chunks[0].span.start, chunks.last().unwrap().span.end), (0, document.text.len()));
            assert!(chunks.windows(2).all(|two| two[1].span.start <= two[0].span.end), "{unit:?}");
        }
    }

    proptest! {
        #[test]
        fn every_block_is_in_some_chunk(
            parts in proptest::collection::vec((0..4_u8, "[a-z 中文。.\n]{0,120}"), 0..12),
            size in 16..60_usize,
        ) {
            let kinds = [BlockKind::Paragraph, BlockKind::Heading(1), BlockKind::Row, BlockKind::Item];
            let parts: Vec<(BlockKind, String)> = parts.into_iter().map(|(k, t)| (kinds[usize::from(k)], t)).collect();
            let document = document(&parts);
            let chunks = cut(&document, &Options { tokens: size, ..Options::default() });
            for c in &chunks {
                prop_assert!(document.text.get(c.span.start..c.span.end).is_some_and(|t| !t.is_empty()));
            }
            for block in document.blocks.iter().filter(|b| !matches!(b.kind, BlockKind::Heading(_))) {
                for (at, c) in document.text[block.range.clone()].char_indices().filter(|(_, c)| c.is_alphanumeric()) {
                    let at = block.range.start + at;
                    prop_assert!(chunks.iter().any(|k| k.span.start <= at && at < k.span.end), "{c} at {at}");
                }
            }
        }
    }
}
