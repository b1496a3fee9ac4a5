//! Words that say that a value is missing.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Cells that are missing whatever their column holds: nothing, and what spreadsheets, databases and data libraries write.
const USUAL: &[&str] = &[
    "", "NA", "N/A", "n/a", "null", "NULL", "NaN", "nan", "None", "?", "\\N", "#N/A", "#N/A N/A", "<NA>",
    "NaT", "-nan", "-NaN", "(null)", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!",
];

/// Cells that are missing where the other cells are numbers, dates or yes and no.
const MARKERS: &[&str] = &[
    "-",
    "--",
    "---",
    "—",
    "——",
    "–",
    "―",
    ".",
    "..",
    "...",
    "…",
    "*",
    "/",
    "\\",
    "_",
    "n.a.",
    "n.a",
    "n. a.",
    "na",
    "nil",
    "none",
    "n/v",
    "k.a.",
    "unknown",
    "unk",
    "missing",
    "not available",
    "not applicable",
    "undefined",
    "<null>",
    "[null]",
    "empty",
    "blank",
    "tbd",
    "#",
    "无",
    "無",
    "暂无",
    "暫無",
    "缺失",
    "缺",
    "缺测",
    "未知",
    "不详",
    "不詳",
    "未填",
    "未填写",
    "未提供",
    "无数据",
    "暂无数据",
    "没有",
    "空",
    "空值",
    "不适用",
    "不明",
    "待定",
    "待补",
    "保密",
    "－",
    "＿",
    "〃",
    "なし",
    "없음",
];

/// Words that are looked for in every cell: nearly all cells are told from them by their length and first byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct WordSet {
    words: HashSet<String>,
    longest: usize,
    /// The first bytes of the words, a bit each.
    firsts: [u64; 4],
    /// Whether there is the empty word.
    empty: bool,
}

impl WordSet {
    pub(crate) fn of(words: impl IntoIterator<Item = String>) -> WordSet {
        let mut set = WordSet::default();
        for word in words {
            set.longest = set.longest.max(word.len());
            match word.as_bytes().first() {
                Some(&b) => set.firsts[usize::from(b >> 6)] |= 1 << (b & 63),
                None => set.empty = true,
            }
            set.words.insert(word);
        }
        set
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        match text.as_bytes().first() {
            None => self.empty,
            Some(&b) => {
                text.len() <= self.longest
                    && self.firsts[usize::from(b >> 6)] & 1 << (b & 63) != 0
                    && self.words.contains(text)
            }
        }
    }
}

/// The words for nothing in small letters.
static FOLDED: LazyLock<WordSet> =
    LazyLock::new(|| WordSet::of(MARKERS.iter().map(|w| w.to_ascii_lowercase())));
/// The usual words, which are written as they stand.
static EXACT: LazyLock<WordSet> = LazyLock::new(|| WordSet::of(usual_words()));

/// Whether such a cell is missing among numbers and dates.
pub(crate) fn marker(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() > 16 || bytes.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    if EXACT.contains(text) {
        return true;
    }
    let mut small = [0; 16];
    let Some(small) = small.get_mut(..bytes.len()) else { return false };
    small.copy_from_slice(bytes);
    small.make_ascii_lowercase();
    std::str::from_utf8(small).is_ok_and(|text| FOLDED.contains(text))
}

/// The usual words, as options list them.
pub(crate) fn usual_words() -> Vec<String> {
    USUAL.iter().map(|w| (*w).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing() {
        for word in ["", "NA", "\\N", "#N/A", "<NA>", "NaT", "#DIV/0!"] {
            assert!(USUAL.contains(&word) && marker(word), "{word}");
        }
        for word in ["-", "—", "无", "暂无", "缺失", "未知", "N.A.", "Unknown"] {
            assert!(!USUAL.contains(&word) && marker(word), "{word}");
        }
        for word in ["0", "12", "无锡", "NANCY", "-5"] {
            assert!(!marker(word), "{word}");
        }
    }
}
