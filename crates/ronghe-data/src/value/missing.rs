//! Words that say that a value is missing.

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

/// Whether such a cell is missing among numbers and dates.
pub(crate) fn marker(text: &str) -> bool {
    if text.len() > 16 || text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    USUAL.contains(&text) || MARKERS.iter().any(|m| m.eq_ignore_ascii_case(text))
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
