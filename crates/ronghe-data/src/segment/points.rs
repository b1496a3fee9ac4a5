//! A single point: the end of a sentence, or part of an abbreviation.
//!
//! A point belongs to its word, whatever that is, before a lower-case letter (the caller has seen to it), and else
//! * after the number of a list item at the head of the sentence, an initial (`J. Smith`) or letters with points (`U.S.`), unless a
//!   word follows that commonly begins a sentence;
//! * before a number, after a capitalised word of at most three letters, a word without a vowel or a known abbreviation
//!   (`Art. 5`, `p. 3`, `ca. 1450`);
//! * before a name, after a capitalised word without a vowel (`Rd. Northgate`) or a known abbreviation of that kind (`Prof. Li`);
//! * after a German ordinal (`am 3. Oktober`).

use super::pairs::is_opening;
use super::script::{fold_width, is_han};

/// Before a name or more of the sentence: these never end it.
const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "mx", "dr", "prof", "st", "gen", "col", "capt", "cpt", "cmdr", "lt", "sgt", "maj",
    "adm", "rev", "hon", "mt", "messrs", "gov", "sen", "rep", "pres", "hr", "fr", "vs", "e.g", "i.e", "cf",
    "approx", "viz", "esp", "incl", "bzw", "vgl",
];

/// Names go on after these, unless a word follows that commonly begins a sentence.
const NAMES: &[&str] = &["inc", "co", "corp", "ave", "dept", "univ", "assn", "al", "est", "ph.d"];

/// Numbers follow these.
const NUMBERED: &[&str] = &[
    "no", "nos", "vol", "art", "sec", "sect", "fig", "figs", "eq", "eqs", "para", "par", "chap", "ch", "op",
    "ed", "ca", "circa", "c", "max", "min", "app", "ver", "rev", "tab", "abs", "kap", "ziff", "jan", "feb",
    "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "n°", "ref", "item", "al", "av", "tel",
    "ext",
];

/// Words that commonly begin a sentence.
const OPENERS: &[&str] = &[
    "a", "after", "all", "also", "although", "an", "and", "are", "as", "at", "because", "before", "both",
    "but", "by", "can", "could", "did", "do", "does", "during", "each", "every", "for", "from", "had", "has",
    "have", "he", "her", "here", "his", "how", "however", "i", "if", "in", "is", "it", "its", "let", "many",
    "most", "my", "no", "not", "now", "on", "once", "one", "our", "perhaps", "please", "she", "should",
    "since", "so", "some", "that", "the", "their", "then", "there", "these", "they", "this", "those", "to",
    "was", "we", "were", "what", "when", "where", "which", "while", "who", "why", "with", "would", "yes",
    "yet", "you", "your",
];

/// German words before an ordinal.
const BEFORE_ORDINAL: &[&str] =
    &["am", "im", "vom", "zum", "beim", "der", "den", "dem", "des", "die", "das", "ab", "bis", "seit", "und"];

/// German months, but for those that are written as in English.
const MONTHS: &[&str] = &["Januar", "Februar", "März", "Mai", "Juni", "Juli", "Oktober", "Dezember"];

/// Words of a sentence before which `5 p.m.` is rather its beginning than its end.
const HEAD: usize = 4;

/// Whether a single point after `before`, the sentence so far, ends it when it goes on with `rest`, which begins with a blank or
/// with Chinese.
pub(super) fn ends_at_point(before: &str, rest: &str) -> bool {
    let glued = rest.chars().next().is_some_and(is_han);
    let rest = rest.trim_start();
    let head = before.trim_start();
    if is_number_of_item(head) {
        return false;
    }
    let word = before.rsplit(|c: char| c.is_whitespace() || is_opening(c) || is_han(c)).next().unwrap_or("");
    let low = word.to_lowercase();
    let known = |list: &[&str]| list.contains(&low.as_str());
    if known(TITLES) {
        return false;
    }
    let next = rest.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_empty()).unwrap_or("");
    let opens = OPENERS.contains(&next.to_lowercase().as_str());
    let digit = rest.trim_start_matches(['$', '€', '£', '¥', '~', '+', '-', '–']).starts_with(is_digit);
    if glued {
        // `该公司Ltd.成立于`, but `OK.下一句`.
        return !(known(NAMES) || known(NUMBERED) || bare(word) && word.len() > 1);
    }
    if let Some(ends) = time(&low, head) {
        return opens || ends;
    }
    let one_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let acronym = word.contains('.') && word.split('.').all(|part| part.chars().count() == 1);
    if one_letter || acronym {
        let upper = word.chars().next().is_some_and(char::is_uppercase);
        // `z. B.` has letters on both sides; after another small one there is no name.
        let between =
            next.chars().count() == 1 && rest.strip_prefix(next).is_some_and(|r| r.starts_with('.'));
        let part = upper || between || digit || acronym;
        return !part || opens && !between || next.chars().next().is_some_and(is_han);
    }
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return !is_ordinal(before, word, next);
    }
    let short = word.chars().count() <= 3 && word.chars().next().is_some_and(char::is_uppercase);
    if digit {
        return !(short || bare(word) || known(NUMBERED) || known(NAMES));
    }
    !(known(NAMES) || bare(word)) || opens || next.chars().next().is_some_and(is_han)
}

fn is_digit(c: char) -> bool {
    fold_width(c).is_ascii_digit()
}

/// `1`, `2.1`, `b`, `iv`: all that the sentence has so far.
fn is_number_of_item(head: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.len() < 16 && part.chars().all(is_digit);
    let letter = |part: &str| {
        part.len() == 1 && part.bytes().all(|b| b.is_ascii_alphabetic())
            || (1..=4).contains(&part.len()) && part.bytes().all(|b| b"ivxIVX".contains(&b))
    };
    let head =
        head.trim_start_matches(|c: char| !c.is_alphanumeric() && c.len_utf8() > 1 && !is_opening(c)).trim();
    !head.is_empty() && (head.len() < 24 && head.split(['.', '．']).all(number) || letter(head))
}

/// Whether a word has no vowel, and is no number: an abbreviation in any language of Latin letters.
fn bare(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let latin = word.chars().all(|c| c.is_ascii_alphabetic());
    // `TV`, `HTTP` are words of their own.
    let loud = letters > 1 && word.chars().all(char::is_uppercase);
    let vowel = |c: char| "aeiouy".contains(c.to_ascii_lowercase());
    latin && letters > 0 && letters <= 5 && !loud && !word.contains(vowel)
}

/// Of `a.m` and `p.m`: whether the sentence `head` has enough words to end with it.
fn time(low: &str, head: &str) -> Option<bool> {
    matches!(low, "a.m" | "p.m").then(|| head.split_whitespace().take(HEAD).count() == HEAD)
}

fn is_ordinal(before: &str, number: &str, next: &str) -> bool {
    let above = before[..before.len() - number.len()].split_whitespace().next_back().unwrap_or("");
    let german = BEFORE_ORDINAL.contains(&above.to_lowercase().as_str());
    (1..=2).contains(&number.len()) && (german || MONTHS.contains(&next))
}
