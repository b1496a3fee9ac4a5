//! Blanks and words of a line.

use ronghe_data::segment::is_han;

/// Single blanks between words, `mark` as a line end. A line end of the source between Chinese characters is nothing.
pub(super) fn tidy(text: &str, mark: char) -> String {
    let mut tidy = String::with_capacity(text.len());
    let (mut blank, mut line, mut ends) = (false, false, false);
    for c in text.chars() {
        if c.is_whitespace() {
            blank = true;
            line |= c == '\n';
            ends |= c == mark;
            continue;
        }
        if blank && !tidy.is_empty() {
            if ends {
                tidy.push('\n');
            } else if !(line && is_wide(c) && tidy.ends_with(is_wide)) {
                tidy.push(' ');
            }
        }
        (blank, line, ends) = (false, false, false);
        tidy.push(c);
    }
    tidy
}

/// Chinese and Japanese characters and marks, between which there are no blanks.
fn is_wide(c: char) -> bool {
    is_han(c) || matches!(c, '\u{3000}'..='\u{30ff}' | '\u{ff00}'..='\u{ff60}' | '“' | '”' | '…')
}

/// Whether what is said of a picture is more than a name: three words, or four Chinese characters.
pub(super) fn says_something(text: &str) -> bool {
    text.split_whitespace().count() > 2 || text.chars().filter(|c| is_han(*c)).count() > 3
}

/// Whether a text has a sentence in it, and not a label.
pub(super) fn is_running(text: &str) -> bool {
    let wide = text.chars().filter(|c| is_han(*c)).count();
    let words = text.split_whitespace().count();
    let stops = text.contains(['。', '！', '？'])
        || text.split_whitespace().any(|w| w.ends_with(['.', '!', '?']) && w.chars().count() > 2)
        || text.ends_with(['.', ':', '!', '?', '：', '；']);
    (stops && (words >= 4 || wide >= 5)) || words >= 25 || wide >= 40
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_single() {
        assert_eq!(tidy(" a \n b\u{2028} c\u{a0}d ", '\u{2028}'), "a b\nc d");
        assert_eq!(tidy("中文\n  一行，\nb 中 文", '\u{2028}'), "中文一行， b 中 文");
    }

    #[test]
    fn sentences_are_running_text() {
        for text in ["Paper is collected on Fridays.", "纸张每周五收集。", "You need these two papers:"]
        {
            assert!(is_running(text), "{text}");
        }
        for text in ["Home", "Contact us", "关于我们", "Sign in"] {
            assert!(!is_running(text), "{text}");
        }
    }
}
