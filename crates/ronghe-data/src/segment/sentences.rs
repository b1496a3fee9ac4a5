//! Sentences.
//!
//! A sentence ends after `。！？!?` or `.`, with the closing quotes and brackets that follow; at a blank line; at a line break, unless
//! the line was broken within a sentence to fit a page ([`super::lines`]); and before the next item of a list in one line. It does
//! not end
//! * within a quotation, a title or brackets of a few lines ([`super::pairs`]), nor behind a title, or an aside within it;
//! * behind a quotation that goes on: `“好吗？”他问`, `"Stop!" he said`, `所谓“怎么办？”的问题`; where somebody was named before it
//!   (`他说：“走！”`), it ends;
//! * after `……` with something right behind it;
//! * within an abbreviation ([`super::points`]) or number (`3.5`, `８．５`);
//! * where the text goes on with a lower-case letter or a comma.
//!
//! One pass, `O(n)`.

use super::lines::{Lines, enumerator};
use super::pairs::{Mark, Pair, closing, is_opening, is_stop, pairs};
use super::points::ends_at_point;
use super::script::is_han;
use std::ops::Range;

/// Names that end with a mark.
const LOUD: [&str; 4] = ["yahoo", "joomla", "jeopardy", "yum"];

/// What somebody does who is quoted.
const SAYS: [&str; 16] = [
    "said",
    "says",
    "asked",
    "asks",
    "replied",
    "cried",
    "answered",
    "shouted",
    "whispered",
    "added",
    "exclaimed",
    "yelled",
    "called",
    "wondered",
    "demanded",
    "repeated",
];

/// The same in Chinese; one of them ends what is said of the speaker.
const SAYS_ZH: [&str; 34] = [
    "说", "說", "问", "問", "道", "答", "喊", "叫", "嚷", "骂", "罵", "吼", "喝", "念", "写", "寫", "讲",
    "講", "称", "稱", "想", "告诉", "告訴", "表示", "解释", "解釋", "补充", "補充", "强调", "強調", "指出",
    "嘟囔", "嘀咕", "回应",
];

/// Characters of a clause that is looked through for its speaker.
const CLAUSE: usize = 16;

/// The sentences of `text`, without the blanks around them.
///
/// ```
/// let text = "Dr. Li paid 3.5 yuan. “好吗？”他问。走吧！";
/// assert_eq!(ronghe_data::segment::sentences(text), ["Dr. Li paid 3.5 yuan.", "“好吗？”他问。", "走吧！"]);
/// ```
pub fn sentences(text: &str) -> Vec<&str> {
    sentence_ranges(text).into_iter().map(|r| &text[r]).collect()
}

/// The places of the sentences of `text` in bytes, in order.
pub fn sentence_ranges(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut lines = Lines::new(text);
    let pairs = pairs(text);
    let mut pairs = pairs.iter().peekable();
    // What is held together now; the sentence; its first character that is no blank; the line.
    let mut held: Option<Pair> = None;
    let (mut start, mut head, mut line, mut at) = (0, None, 0, 0);
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        while pairs.next_if(|pair| pair.open < at).is_some() {}
        if let Some(pair) = pairs.next_if(|pair| pair.open == at) {
            head = head.or(Some(at));
            let inside = &text[next..pair.end];
            // The stops at its end are looked at with the mark that closes it.
            let last = inside.trim_end_matches(|c| is_stop(c) || closing(c).is_some());
            at = if inside[last.len()..].contains(is_stop) { next + last.len() } else { pair.end };
            line = text[next..at].rfind('\n').map_or(line, |i| next + i + 1);
            held = Some(*pair);
            continue;
        }
        let end = match c {
            '\n' => {
                let ends = lines.ends_at(line, at);
                line = next;
                ends.then_some(next)
            }
            _ if is_stop(c) => {
                let end = closed(text, next);
                let stopped = Stopped { text, start, head: head.unwrap_or(at), at, end, held };
                at = end;
                stopped.ends().then_some(end)
            }
            ' ' | '•' | '⁃' => head.filter(|&head| next_item(text, head, at)).map(|_| at),
            _ => None,
        };
        if !c.is_whitespace() {
            head = head.or(Some(at));
        }
        at = at.max(next);
        if let Some(end) = end {
            push_trimmed(text, start..end, &mut found);
            (start, head) = (end, None);
        }
    }
    push_trimmed(text, start..text.len(), &mut found);
    found
}

/// End of the further stops and closing marks after a stop: `……”`, `?!`, and points with blanks between them.
fn closed(text: &str, from: usize) -> usize {
    let closes = |c: char| is_stop(c) || closing(c).is_some();
    let mut end = text[from..].find(|c| !closes(c)).map_or(text.len(), |i| from + i);
    // A straight mark behind a blank or before a word opens the next quotation, and is not reached here but glued to a stop.
    while text[..end].ends_with('.') && text[end..].starts_with(" .") {
        end += 2;
    }
    text[end..].find(|c| !closes(c)).map_or(text.len(), |i| end + i)
}

/// Whether the item of a list that begins at `head` ends before the blank or bullet at `at`.
fn next_item(text: &str, head: usize, at: usize) -> bool {
    let (own, rest) = (&text[head..], &text[at..]);
    let bullet = |c: char| matches!(c, '•' | '⁃' | '●' | '▪');
    if rest.starts_with(bullet) {
        return own.chars().next() == rest.chars().next() && head < at;
    }
    let Some(next) = enumerator(&rest[1..]) else { return false };
    enumerator(own).is_some_and(|own| own.before(next))
}

/// A place where a sentence may end.
struct Stopped<'a> {
    text: &'a str,
    /// Of the sentence, and its first character.
    start: usize,
    head: usize,
    /// The stop, and the byte after the marks that follow it.
    at: usize,
    end: usize,
    /// The pair of marks that began last.
    held: Option<Pair>,
}

impl Stopped<'_> {
    fn ends(&self) -> bool {
        let (run, rest) = (&self.text[self.at..self.end], &self.text[self.end..]);
        let Some(follows) = rest.chars().next() else { return true };
        if matches!(follows, '，' | '、' | ',' | ';' | '；' | ':' | '：') {
            return false;
        }
        let line = rest.trim_start_matches([' ', '\t', '\r']);
        if line.strip_prefix('\n').is_some_and(|l| l.trim_start_matches([' ', '\t', '\r']).starts_with('\n'))
        {
            return true;
        }
        let next = rest.trim_start().chars().next().unwrap_or('\n');
        let open = self.held.filter(|pair| pair.end > self.at).map(|pair| pair.open);
        match run.chars().next_back().and_then(closing) {
            Some(Mark::Title) => return rest.starts_with('\n'),
            Some(Mark::Bracket)
                if open.is_some_and(|open| open != self.head) && !self.is_whole_aside(next) =>
            {
                return false;
            }
            Some(Mark::Quote) if is_han(follows) => return self.ends_behind_quote(open, rest),
            Some(Mark::Quote) if says(rest) && !run.starts_with('.') => return false,
            _ => {}
        }
        let stops = run.trim_end_matches(|c| closing(c).is_some());
        if self.text[..self.at].ends_with(['[', '(', '（', '［'])
            && stops.chars().all(|c| matches!(c, '.' | '…'))
        {
            // `[...]`: words left out.
            return false;
        }
        if !stops.contains(|c| c != '…') || stops.starts_with("..") && is_han(follows) {
            return follows.is_whitespace() && !next.is_lowercase();
        }
        let point = matches!(stops, "." | "．");
        if !point && stops.contains(|c: char| !c.is_ascii()) {
            // A Chinese stop leaves no doubt.
            return true;
        }
        // `3.5`, `８．５`, `e.g`, `what?!x`, `example.com`: a Latin stop needs a blank or Chinese after it.
        if !follows.is_whitespace() && !is_han(follows) && !is_opening(follows) || next.is_lowercase() {
            return false;
        }
        let before = &self.text[self.start..self.at];
        if !point {
            return !before.rsplit(char::is_whitespace).next().is_some_and(is_loud) && !is_spaced(run);
        }
        ends_at_point(before, rest)
    }

    /// Whether brackets within the sentence hold a whole one, behind which another one begins: `He left (It was late.) Then`.
    fn is_whole_aside(&self, next: char) -> bool {
        let Some(pair) = self.held else { return false };
        let inside = self.text[pair.open..self.at].trim_start_matches(is_opening);
        let words = inside.split_whitespace().take(3).count();
        words == 3 && next.is_uppercase() && inside.starts_with(char::is_uppercase)
    }

    /// Behind a quotation that Chinese follows: whether that is a sentence of its own.
    fn ends_behind_quote(&self, open: Option<usize>, rest: &str) -> bool {
        let before = open.map_or("", |open| self.text[self.head.min(open)..open].trim_end());
        if before.ends_with(['：', ':', '，', ',']) {
            return true;
        }
        if rest
            .starts_with(['的', '地', '得', '之', '是', '等', '和', '与', '與', '或', '及', '为', '為', '作'])
        {
            return false;
        }
        if before.is_empty() {
            return !says_zh(rest);
        }
        // Within a sentence only a full stop ends it: `他高喊“加油！”跑过终点`.
        self.text[self.at..self.end].starts_with(['。', '｡', '.'])
    }
}

/// Whether the word before `!` is a name that is written so.
fn is_loud(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    LOUD.contains(&word.rsplit(is_han).next().unwrap_or(word).to_lowercase().as_str())
}

/// Whether points with blanks between them, ` . . .`, stand for words left out. A fourth one ends the sentence.
fn is_spaced(run: &str) -> bool {
    run.contains(". .") && run.matches('.').count() == 3
}

/// Whether a text begins with somebody and what he does to be quoted: `Tom asked`, `I said`.
fn says(rest: &str) -> bool {
    let mut words =
        rest.split_whitespace().take(2).map(|w| w.trim_end_matches(|c: char| !c.is_alphanumeric()));
    let somebody = words
        .next()
        .is_some_and(|w| w.starts_with(char::is_uppercase) && !matches!(w, "He" | "She" | "They"));
    somebody && words.next().is_some_and(|w| SAYS.contains(&w))
}

/// Whether the clause that a text begins with tells who said what stands before it: `小王大声地问道`, `他喊了一声`.
fn says_zh(rest: &str) -> bool {
    let marks =
        |c: char| is_stop(c) || is_opening(c) || matches!(c, '，' | '：' | '；' | ',' | ':' | ';' | '\n');
    let end = rest.char_indices().take(CLAUSE).find(|&(_, c)| marks(c)).map(|(i, _)| i);
    let whole: usize = rest.chars().take(CLAUSE).map(char::len_utf8).sum();
    let clause = &rest[..end.unwrap_or(whole)];
    let subject = clause
        .trim_start_matches(['他', '她', '我', '你', '您', '它', '们', '們', '咱', '俺', '又', '就', '也']);
    let verb = |text: &str| SAYS_ZH.iter().any(|says| text.starts_with(says));
    if subject.len() < clause.len() && verb(subject) && !subject.starts_with("想起") {
        return true;
    }
    let said = clause.trim_end_matches([
        '了', '着', '著', '过', '過', '完', '他', '她', '我', '你', '们', '們', '自', '己', '话', '話', '大',
        '家',
    ]);
    let Some(verb) = SAYS_ZH.iter().find(|says| end.is_some() && said.ends_with(*says)) else { return false };
    let above = &said[..said.len() - verb.len()];
    // `没有回答`, and words that only end as those do: `知道`, `街道`.
    let denied = above.chars().rev().take(3).any(|c| matches!(c, '没' | '沒' | '不' | '无' | '無' | '未'));
    !denied && !above.ends_with(['人', '知', '难', '街', '东', '味'])
}

/// Appends `range` without the blanks around it, if something is left.
fn push_trimmed(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let length = part.trim().len();
    if length > 0 {
        found.push(start..start + length);
    }
}
