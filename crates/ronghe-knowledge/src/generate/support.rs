//! Whether a sentence says what its source says.
//!
//! A sentence of a model is supported by the sentence of a cited passage that has most of its content terms, alone or with a
//! neighbour, and with the headings above it, if
//! * at least `COVERED` of its terms are there, by number;
//! * every number and, in Latin letters, every name (a word with a capital that does not open the sentence) is there;
//! * both have a negation, or neither;
//! * names (in Chinese: terms) stand in the same order, but for `TURNED` of their pairs: "A beat B" is not "B beat A";
//! * where vectors are at hand: of all sentences of all passages, the one nearest in meaning is in a cited passage.
//!
//! So it errs on the side of the document: a right sentence in very other words, or in another language than its source, is
//! refused too.

use crate::numerals::{spelled, value};
use crate::terms::{is_stop, simplified};
use crate::{Citation, Embed, Result, Role, Span, terms};
use ronghe_data::segment::{is_han, sentence_ranges};
use ronghe_vector::dot;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::Range;

/// Least share of a sentence's terms that its source has.
const COVERED: f64 = 0.7;
/// Largest share of pairs in another order.
const TURNED: f64 = 0.34;

/// Why a sentence is not believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// It cites nothing.
    NoCitation,
    /// It cites a passage that there is not.
    NoPassage(usize),
    /// A number that its source does not have.
    Number(String),
    /// A name that its source does not have.
    Name(String),
    /// Only this share of its terms is in its source.
    Terms(f64),
    /// It denies what its source says, or the reverse.
    Negation,
    /// Its source says so in another order.
    Order,
    /// Another passage is nearer in meaning.
    Meaning,
}

/// A passage with its sentences.
pub struct Source<'a> {
    citation: &'a Citation,
    /// In the passage's text.
    sentences: Vec<Range<usize>>,
    /// A row a sentence; empty without a network.
    vectors: Vec<f32>,
}

impl<'a> Source<'a> {
    /// Takes a passage apart.
    pub fn new(citation: &'a Citation, embed: Option<&dyn Embed>) -> Result<Source<'a>> {
        let sentences = sentence_ranges(&citation.quote);
        let texts: Vec<&str> = sentences.iter().map(|r| &citation.quote[r.clone()]).collect();
        let vectors = match embed {
            Some(embed) if !texts.is_empty() => embed.embed(&texts, Role::Passage)?,
            _ => Vec::new(),
        };
        Ok(Source { citation, sentences, vectors })
    }

    /// Part of the passage as a citation of its own.
    fn part(&self, range: Range<usize>) -> Citation {
        let start = self.citation.span.start;
        Citation {
            quote: self.citation.quote[range.clone()].to_owned(),
            span: Span { start: start + range.start, end: start + range.end },
            ..self.citation.clone()
        }
    }

    /// Largest cosine of a sentence with `vector`.
    fn nearest(&self, vector: &[f32]) -> f32 {
        let rows = self.vectors.chunks_exact(vector.len().max(1));
        rows.map(|row| dot(row, vector)).fold(f32::NEG_INFINITY, f32::max)
    }
}

/// What `sentence`, which cites passages by their numbers from 1, rests on. `vector`: its own, empty without a network.
pub fn check(
    sentence: &str,
    cited: &[usize],
    passages: &[Source<'_>],
    vector: &[f32],
) -> std::result::Result<Citation, Refused> {
    if cited.is_empty() {
        return Err(Refused::NoCitation);
    }
    if let Some(&none) = cited.iter().find(|&&n| n == 0 || n > passages.len()) {
        return Err(Refused::NoPassage(none));
    }
    let cites = |i: usize| cited.contains(&(i + 1));
    // The passage whose refusal is nearest to support tells why.
    let mut refused = Refused::Terms(0.0);
    let mut found = None;
    for (_, source) in passages.iter().enumerate().filter(|(i, _)| cites(*i)) {
        match supports(sentence, source) {
            Ok(range) => {
                found = Some(source.part(range));
                break;
            }
            Err(Refused::Terms(share)) => {
                if let Refused::Terms(most) = refused {
                    refused = Refused::Terms(share.max(most));
                }
            }
            Err(other) => refused = other,
        }
    }
    let Some(found) = found else { return Err(refused) };
    if !vector.is_empty() {
        let best = |of: bool| {
            let chosen = passages.iter().enumerate().filter(|(i, _)| cites(*i) == of);
            chosen.map(|(_, s)| s.nearest(vector)).fold(f32::NEG_INFINITY, f32::max)
        };
        if best(false) > best(true) {
            return Err(Refused::Meaning);
        }
    }
    Ok(found)
}

/// The part of a passage that supports a sentence.
fn supports(sentence: &str, source: &Source<'_>) -> std::result::Result<Range<usize>, Refused> {
    let quote = &source.citation.quote;
    let title = source.citation.title.as_deref().unwrap_or_default();
    // "It" in a document is what the document is about.
    let above = format!("{} {title}", source.citation.headings.join(" "));
    let one = source.sentences.iter().cloned();
    let two = source.sentences.windows(2).map(|w| w[0].start..w[1].end);
    let mut best: Option<(f64, Range<usize>)> = None;
    for range in one.chain(two) {
        let share = coverage(sentence, &format!("{above} {}", &quote[range.clone()]));
        if best.as_ref().is_none_or(|(most, _)| share > most + 1e-9) {
            best = Some((share, range));
        }
    }
    let Some((share, range)) = best else { return Err(Refused::Terms(0.0)) };
    if share < COVERED {
        return Err(Refused::Terms(share));
    }
    let text = &quote[range.clone()];
    let there = format!("{above} {text}");
    let have = numbers(&there);
    if let Some(number) = numbers(sentence).into_iter().find(|n| !have.contains(n)) {
        return Err(Refused::Number(number));
    }
    let lower = there.to_lowercase();
    if let Some(name) = names(sentence).find(|name| !lower.contains(&name.to_lowercase())) {
        return Err(Refused::Name(name.to_owned()));
    }
    if denies(sentence) != denies(text) {
        return Err(Refused::Negation);
    }
    if turned(sentence, text) > TURNED {
        return Err(Refused::Order);
    }
    Ok(range)
}

/// The content terms of a text, in order.
fn content(text: &str) -> Vec<String> {
    let all = terms(text).into_iter().filter(|t| !t.pair);
    all.filter(|t| !is_stop(&text[t.range.clone()].to_lowercase())).map(|t| t.text).collect()
}

/// Share of the content terms of `sentence` that `source` has.
pub(super) fn coverage(sentence: &str, source: &str) -> f64 {
    let (wanted, has) = (content(sentence), content(source));
    let plain = simplified(source);
    // A Chinese word counts in whatever words it stands.
    let there = |t: &&String| has.contains(t) || (!t.is_ascii() && plain.contains(t.as_str()));
    wanted.iter().filter(there).count() as f64 / wanted.len().max(1) as f64
}

/// Numbers, those in words as well, written without the commas between thousands.
fn numbers(text: &str) -> Vec<String> {
    let words = spelled(text).into_iter().filter_map(|range| value(&text[range]));
    digits(text).into_iter().chain(words.map(|v| v.to_string())).collect()
}

/// Numbers in digits.
fn digits(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let mut number = String::new();
        while at < chars.len() {
            let next = chars.get(at + 1).is_some_and(char::is_ascii_digit);
            match chars[at] {
                c if c.is_ascii_digit() => number.push(c),
                '.' if !number.is_empty() && next => number.push('.'),
                ',' if !number.is_empty() && next => {}
                _ => break,
            }
            at += 1;
        }
        if !number.is_empty() {
            found.push(number);
        }
        at += 1;
    }
    found
}

/// Words of Latin letters with a capital, but for the first of the sentence.
fn names(sentence: &str) -> impl Iterator<Item = &str> {
    let words = sentence.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.skip(1).filter(|w| w.chars().next().is_some_and(char::is_uppercase) && w.chars().count() > 1)
}

/// Whether an odd number of words deny.
fn denies(text: &str) -> bool {
    const WORDS: &[&str] =
        &["not", "no", "never", "without", "neither", "nor", "cannot", "none", "nobody", "nothing"];
    const SIGNS: &[&str] = &["不", "没", "无", "未", "非", "從未", "沒", "無"];
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
    let english = words.filter(|w| WORDS.contains(w) || w.ends_with("n't") || w.ends_with("n’t")).count();
    let chinese: usize = SIGNS.iter().map(|s| lower.matches(s).count()).sum();
    (english + chinese) % 2 == 1
}

/// Share of the pairs of names (in Chinese: of terms) that both have once, in the other order. With another voice ("by", 被) order
/// says nothing.
fn turned(sentence: &str, source: &str) -> f64 {
    let by = |text: &str| text.contains('被') || text.to_lowercase().split_whitespace().any(|w| w == "by");
    if by(sentence) != by(source) {
        return 0.0;
    }
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    ordered(source).into_iter().enumerate().for_each(|(at, t)| places.entry(t).or_default().push(at));
    let own = ordered(sentence);
    let once = |t: &&String| own.iter().filter(|o| o == t).count() == 1;
    let order: Vec<usize> = own
        .iter()
        .filter(once)
        .filter_map(|t| match places.get(t).map(Vec::as_slice) {
            Some([at]) => Some(*at),
            _ => None,
        })
        .collect();
    let pairs = order.len() * order.len().saturating_sub(1) / 2;
    let turned: usize =
        (0..order.len()).map(|i| order[i + 1..].iter().filter(|&&b| b < order[i]).count()).sum();
    turned as f64 / pairs.max(1) as f64
}

/// What stands in an order that matters: who does what to whom.
fn ordered(text: &str) -> Vec<String> {
    if text.contains(is_han) {
        return content(text).into_iter().filter(|t| !t.contains(|c: char| c.is_ascii_digit())).collect();
    }
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.starts_with(char::is_uppercase));
    words.map(str::to_lowercase).filter(|w| !is_stop(w)).collect()
}

/// A sentence without its marks of citation, and their numbers: `[1]`, `[1, 2]`, `【1】`.
pub(super) fn marks(sentence: &str) -> (String, Vec<usize>) {
    let (mut text, mut numbers, mut rest) = (String::new(), Vec::new(), sentence);
    while let Some(open) = rest.find(['[', '【']) {
        let (before, from) = rest.split_at(open);
        text.push_str(before);
        match mark(from) {
            Some((found, bytes)) => {
                numbers.extend(found);
                rest = &from[bytes..];
                // "in 1889 [1]." leaves no blank before the point.
                if rest.starts_with(['.', ',', '。', '，', ';', '!', '?']) {
                    text.truncate(text.trim_end().len());
                }
            }
            None => {
                let first = from.chars().next().map_or(0, char::len_utf8);
                text.push_str(&from[..first]);
                rest = &from[first..];
            }
        }
    }
    text.push_str(rest);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // A dash or number of a list.
    let text = text.trim_start_matches(|c: char| "-*•".contains(c) || c.is_whitespace()).to_owned();
    (text, numbers)
}

/// The numbers of a mark at the beginning of `text`, and its bytes.
fn mark(text: &str) -> Option<(Vec<usize>, usize)> {
    let close = match text.chars().next()? {
        '[' => ']',
        '【' => '】',
        _ => return None,
    };
    let inner = text.char_indices().nth(1)?.0;
    let end = text.find(close)?;
    let numbers = text[inner..end]
        .split([',', '，', '、'])
        .map(|n| n.trim().trim_start_matches("passage").trim().parse());
    let numbers: Vec<usize> = numbers.collect::<std::result::Result<_, _>>().ok()?;
    Some((numbers, end + close.len_utf8()))
}

/// Bytes of the marks of citation, and blanks and points around them, that a text begins with.
pub(super) fn leading_marks(text: &str) -> usize {
    let (mut at, mut end) = (0, 0);
    loop {
        at += text[at..].len()
            - text[at..].trim_start_matches(|c: char| c.is_whitespace() || ".。".contains(c)).len();
        match mark(&text[at..]) {
            Some((_, bytes)) => {
                at += bytes;
                end = at;
            }
            None => return end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::citation;
    use super::*;

    fn verdict(sentence: &str, quote: &str) -> std::result::Result<(), Refused> {
        let passage = citation("a.md", quote);
        let source = Source::new(&passage, None).unwrap();
        check(sentence, &[1], &[source], &[]).map(|_| ())
    }

    #[test]
    fn true_and_false_sentences_are_told_apart() {
        let source = "In 1889 Gustave Eiffel completed the tower in Paris, which is 330 metres high. Real Madrid beat Liverpool in the final of 2022. \
                      Copper does not rust. 长城全长两万多公里，建于明代的部分长8851公里。水在0度以下不流动。";
        for right in [
            "The tower in Paris is 330 metres high.",
            "Gustave Eiffel completed the tower in 1889.",
            "Real Madrid beat Liverpool in 2022.",
            "Liverpool was beaten by Real Madrid in the final.",
            "Copper does not rust.",
            "长城建于明代的部分长8851公里。",
            "水在0度以下不流动。",
        ] {
            assert_eq!(verdict(right, source), Ok(()), "{right}");
        }
        for (wrong, why) in [
            ("The tower in Paris is 303 metres high.", Refused::Number("303".into())),
            ("Gustave Klimt completed the tower in 1889.", Refused::Name("Klimt".into())),
            ("Liverpool beat Real Madrid in the final of 2022.", Refused::Order),
            ("Copper does rust.", Refused::Negation),
            ("长城建于明代的部分长8815公里。", Refused::Number("8815".into())),
            ("水在0度以下流动。", Refused::Negation),
        ] {
            assert_eq!(verdict(wrong, source), Err(why), "{wrong}");
        }
        assert!(matches!(verdict("The tower was painted red by workers.", source), Err(Refused::Terms(_))));
        let passage = citation("a.md", source);
        let sources = [Source::new(&passage, None).unwrap()];
        assert_eq!(check("Copper does not rust.", &[], &sources, &[]), Err(Refused::NoCitation));
        assert_eq!(check("Copper does not rust.", &[2], &sources, &[]), Err(Refused::NoPassage(2)));
    }

    #[test]
    fn marks_are_taken_out() {
        assert_eq!(marks("It was built in 1889 [1]."), ("It was built in 1889.".into(), vec![1]));
        assert_eq!(marks("- 建于1889年。【1、3】"), ("建于1889年。".into(), vec![1, 3]));
        assert_eq!(marks("A list [of] things [12, 2] here"), ("A list [of] things here".into(), vec![12, 2]));
        assert_eq!(leading_marks(" [1][2]. Next"), 7);
        assert_eq!(leading_marks("[a] Next"), 0);
    }

    #[test]
    fn numbers_and_names() {
        assert_eq!(numbers("1,200.5 m in 1998-03, 7."), ["1200.5", "1998", "03", "7"]);
        assert_eq!(numbers("Twenty-eight days, 三个月。"), ["28", "3"]);
        assert_eq!(names("The Seine flows through Paris").collect::<Vec<_>>(), ["Seine", "Paris"]);
    }
}
