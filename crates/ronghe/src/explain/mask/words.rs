//! The words of a text.
//!
//! A part is a word, its bytes in the text. In a text of more than N words neighbouring words go together, within their
//! sentences as long as that leaves about N parts, else evenly. Marks between parts belong to none and stay, but for the blank
//! that a deleted word leaves double. A text without any word left is missing.

use super::{Content, Divided, FillEntry, Mask, MaskInput, MaskerEntry};
use crate::explain::Part;
use ronghe_data::Modality;
use ronghe_data::segment::{sentence_ranges, tokens};
use std::ops::Range;

pub(super) static WORDS: MaskerEntry = MaskerEntry {
    name: "words",
    modalities: &[Modality::Text],
    summary: "words, in long texts neighbouring words together",
    size: &[("parts", 40)],
    fills: &[
        FillEntry { name: "delete", summary: "the words are taken out" },
        FillEntry { name: "mask", summary: "each is replaced by `[MASK]`" },
    ],
    build: Some(|input| {
        let text = input.cell.text(0, 0).unwrap_or_default().to_owned();
        let parts = parts(&text, input.size[0]);
        Ok(Divided::Parts(Box::new(Words { parts, text, stand_in: stand_in(input) }), None))
    }),
};

/// Longest name of a part, characters.
const MOST_NAME: usize = 60;

fn stand_in(input: &MaskInput<'_>) -> Option<&'static str> {
    (input.fill == "mask").then_some("[MASK]")
}

struct Words {
    text: String,
    parts: Vec<Range<usize>>,
    stand_in: Option<&'static str>,
}

/// The bytes of each part, in order and apart from each other.
fn parts(text: &str, most: usize) -> Vec<Range<usize>> {
    let words: Vec<Range<usize>> = tokens(text).into_iter().map(|t| t.range).collect();
    if words.len() <= most {
        return words;
    }
    let sentences = sentence_ranges(text);
    let counts: Vec<usize> = sentences
        .iter()
        .map(|s| words.iter().filter(|w| s.start <= w.start && w.end <= s.end).count())
        .collect();
    let least = words.len().div_ceil(most);
    let fits = |&size: &usize| counts.iter().map(|c| c.div_ceil(size)).sum::<usize>() <= most;
    let whole = counts.iter().sum::<usize>() == words.len();
    let runs = match (least..=3 * least).find(fits).filter(|_| whole) {
        Some(size) => counts.iter().map(|&c| (c, c.div_ceil(size))).collect(),
        None => vec![(words.len(), most)],
    };
    let mut found = Vec::new();
    let mut start = 0;
    for (count, groups) in runs {
        for g in 0..groups {
            let (first, last) = (start + g * count / groups, start + (g + 1) * count / groups - 1);
            found.push(words[first].start..words[last].end);
        }
        start += count;
    }
    found
}

impl Mask for Words {
    fn parts(&self) -> Vec<(String, Part)> {
        let name = |range: &Range<usize>| {
            let shown: String = self.text[range.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
            match shown.chars().count() > MOST_NAME {
                true => shown.chars().take(MOST_NAME - 1).collect::<String>() + "…",
                false => shown,
            }
        };
        self.parts.iter().map(|r| (name(r), Part::Words { from: r.start, to: r.end })).collect()
    }

    fn bytes(&self) -> usize {
        self.text.len() + 32
    }

    fn content(&self, shown: &[bool], _: usize) -> Content {
        if self.parts.is_empty() || (self.stand_in.is_none() && !shown.contains(&true)) {
            return Content::Missing;
        }
        let mut out = String::with_capacity(self.text.len());
        let mut at = 0;
        for (part, _) in self.parts.iter().zip(shown).filter(|(_, shown)| !**shown) {
            push(&mut out, &self.text[at..part.start]);
            out.push_str(self.stand_in.unwrap_or_default());
            at = part.end;
        }
        push(&mut out, &self.text[at..]);
        Content::Text(out.trim().to_owned())
    }
}

/// Appends a piece, without a second blank.
fn push(out: &mut String, piece: &str) {
    let double = out.is_empty() || out.ends_with(char::is_whitespace);
    out.push_str(if double { piece.trim_start() } else { piece });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, most: usize, stand_in: Option<&'static str>) -> Words {
        Words { parts: parts(text, most), text: text.to_owned(), stand_in }
    }

    fn shown(words: &Words, shown: &[bool]) -> Option<String> {
        match words.content(shown, 0) {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn words_are_deleted_and_marks_stay() {
        let text = words("Good, cheap  and 很好用。", 40, None);
        let names: Vec<String> = text.parts().into_iter().map(|p| p.0).collect();
        assert_eq!(&names[..3], ["Good", "cheap", "and"]);
        let mut some = vec![true; names.len()];
        some[1] = false;
        assert_eq!(shown(&text, &some).as_deref(), Some("Good, and 很好用。"));
        some[0] = false;
        assert_eq!(shown(&text, &some).as_deref(), Some(", and 很好用。"));
        assert_eq!(shown(&text, &vec![false; names.len()]), None);
        let masked = words("a b", 40, Some("[MASK]"));
        assert_eq!(shown(&masked, &[false, true]).as_deref(), Some("[MASK] b"));
        assert_eq!(shown(&masked, &[false, false]).as_deref(), Some("[MASK] [MASK]"));
        assert_eq!(shown(&words("...", 40, None), &[false]), None);
    }

    #[test]
    fn long_texts_go_in_groups_within_sentences() {
        let text =
            "One two three four five six. Seven eight nine. 我们今天去北京天安门广场看升旗。".repeat(20);
        let found = parts(&text, 40);
        assert!(found.len() <= 40 && found.len() > 10, "{}", found.len());
        assert!(found.windows(2).all(|w| w[0].end <= w[1].start));
        // Every word is in a part.
        let inside = |t: &Range<usize>| found.iter().any(|p| p.start <= t.start && t.end <= p.end);
        assert!(tokens(&text).iter().all(|t| inside(&t.range)));
        assert!(words(&text, 40, None).parts().iter().all(|(name, _)| name.chars().count() <= MOST_NAME));
    }
}
