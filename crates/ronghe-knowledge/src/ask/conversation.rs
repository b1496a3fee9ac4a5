//! Questions that follow others: "And in 1990?", "它有多高？".
//!
//! A question follows if it has a word that points back ([`POINTERS`]), or begins as one that goes on does ([`OPENINGS`]; in
//! Chinese also `X呢`), or has no content word. It is completed with what the last question that stood for
//! itself was about: the words of the title that it was answered from, where it shares some with it; else of both the rarest
//! content words; at most [`TOPIC`] that the new question does not have. Any other question is a new topic. A question that follows changes the topic by its own rare words.
//! One that names something new and points to nothing ("And Lyon?", 满五年呢？, 那房东提前收回呢？) takes the place of its like in the last question,
//! whose other words stay in their order: words as many as the new ones that have one of them at the same place, a name for a name, else
//! the rarest word of the topic. These are rules, not understanding: what is asked in the end is shown.

use super::Answer;
use crate::retrieve::{content, rarity};
use crate::store::Store;
use crate::{Result, terms};
use ronghe_data::segment::{is_han, tokens};
use std::ops::Range;

/// Words that point back.
const POINTERS: &[&str] = &[
    "it", "its", "they", "them", "their", "he", "him", "his", "she", "her", "this", "that", "these", "those",
    "there", "one", "ones", "same", "former", "latter",
];
/// Chinese ones.
const POINTERS_ZH: &[&str] =
    &["它", "他", "她", "这个", "那个", "这些", "那些", "这里", "那里", "其", "该", "前者", "后者"];
/// How a question that goes on begins.
const OPENINGS: &[&str] =
    &["and ", "what about", "how about", "also ", "then ", "那", "还有", "另外", "以及"];
/// Words that are taken over.
const TOPIC: usize = 3;

/// Most words of a name.
const MOST_NAMED: usize = 4;
/// Words that make a question of its own of what goes on.
const ASKING: &[&str] = &[
    "when", "who", "where", "why", "what", "which", "how", "is", "are", "was", "were", "do", "does", "did",
    "in",
];

/// What was talked about.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// Words with their rarities, rarest first.
    topic: Vec<(String, f32)>,
    /// The last question, as it was asked in the end.
    last: String,
}

/// A question as it is asked in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// With what it was about before.
    pub question: String,
    /// What was taken over.
    pub added: Vec<String>,
}

impl Conversation {
    /// Completes a question from what was asked before.
    pub fn resolve(&self, question: &str) -> Resolved {
        let question = question.trim();
        if let Some((whole, kept)) = self.replaced(question) {
            return Resolved { question: whole, added: kept };
        }
        let own: Vec<String> = terms(question).into_iter().map(|t| t.text).collect();
        let new = |word: &&(String, f32)| terms(&word.0).iter().any(|t| !own.contains(&t.text));
        let added: Vec<String> = match follows(question) {
            true => self.topic.iter().filter(new).take(TOPIC).map(|w| w.0.clone()).collect(),
            false => Vec::new(),
        };
        if added.is_empty() {
            return Resolved { question: question.to_owned(), added };
        }
        let join = if added.iter().all(|w| w.chars().all(is_han)) { "" } else { " " };
        Resolved { question: format!("{} {question}", added.join(join)), added }
    }

    /// The last question with what this one names in the place of its like, and the words that stayed.
    fn replaced(&self, question: &str) -> Option<(String, Vec<String>)> {
        let new = named(question)?;
        let range = alike(&self.last, new).or_else(|| {
            let (word, _) = self.topic.first()?;
            let at = self.last.find(word.as_str())?;
            Some(at..at + word.len())
        })?;
        let kept = content(&self.last[..range.start]).into_iter().chain(content(&self.last[range.end..]));
        let kept: Vec<String> = kept.map(str::to_owned).collect();
        let whole = format!("{}{new}{}", &self.last[..range.start], &self.last[range.end..]);
        (!kept.is_empty()).then_some((whole, kept))
    }

    /// Keeps in mind what a question was about, and what it was answered from.
    pub fn answered(&mut self, store: &dyn Store, asked: &str, answer: &Answer) -> Result<()> {
        let replaced = self.replaced(asked.trim()).is_some();
        let resolved = follows(asked) && !replaced;
        let asked = if replaced { answer.question.as_str() } else { asked };
        self.last.clone_from(&answer.question);
        let title = answer
            .sentences
            .first()
            .filter(|_| answer.answered)
            .and_then(|s| s.citation.headings.first().or(s.citation.title.as_ref()));
        let mut words: Vec<(String, f32)> = Vec::new();
        let texts = [Some(asked), title.map(String::as_str)];
        for word in texts.into_iter().flatten().flat_map(content) {
            let lower = word.to_lowercase();
            if POINTERS.contains(&lower.as_str()) || POINTERS_ZH.contains(&word) {
                continue;
            }
            let mut most = 0.0_f32;
            for term in terms(word) {
                let (with, _) = store.frequency(&term.text)?;
                // What is nowhere in the documents leads nowhere.
                if with > 0 {
                    most = most.max(rarity(store, &term.text)?);
                }
            }
            if most > 0.0 && !words.iter().any(|(known, _)| known.to_lowercase() == lower) {
                words.push((word.to_owned(), most));
            }
        }
        // Where question and title share words, these are what it was about.
        let titled: Vec<String> =
            title.map(|t| terms(t).into_iter().map(|t| t.text).collect()).unwrap_or_default();
        let asked: Vec<String> = terms(asked).into_iter().map(|t| t.text).collect();
        let named = |word: &str| terms(word).iter().any(|t| titled.contains(&t.text));
        if titled.iter().any(|t| asked.contains(t)) && words.iter().any(|(word, _)| named(word)) {
            words.retain(|(word, _)| named(word));
        }
        if resolved {
            words.extend(std::mem::take(&mut self.topic));
        }
        words.sort_by(|a, b| b.1.total_cmp(&a.1));
        words.dedup_by(|a, b| a.0 == b.0);
        words.truncate(2 * TOPIC);
        self.topic = words;
        Ok(())
    }
}

/// What a question names that goes on and points to nothing: 那房东提前收回呢 names 房东提前收回.
fn named(question: &str) -> Option<&str> {
    if !follows(question) {
        return None;
    }
    let mut rest = question.trim_end_matches(|c: char| !c.is_alphanumeric());
    let goes_on = rest.ends_with('呢');
    rest = rest.trim_end_matches('呢');
    let start = rest.len();
    for opening in ["那么", "那麼", "那", "还有", "另外", "以及", "what about", "how about", "and", "then"]
    {
        if rest.get(..opening.len()).is_some_and(|head| head.to_lowercase() == opening) {
            rest = rest[opening.len()..].trim_start_matches(|c: char| !c.is_alphanumeric());
        }
    }
    rest = rest.strip_prefix("the ").unwrap_or(rest);
    let words: Vec<&str> = content(rest);
    // A question word, or more than a name, makes a question of its own.
    let asks = super::wording::without_question_words(rest).trim() != rest
        || rest.split(' ').any(|w| ASKING.contains(&w.to_lowercase().as_str()));
    let points = rest.split(' ').any(|w| POINTERS.contains(&w.to_lowercase().as_str()))
        || POINTERS_ZH.iter().any(|w| rest.contains(w));
    let fits = !words.is_empty() && words.len() <= MOST_NAMED && !asks && !points;
    (fits && (goes_on || rest.len() < start)).then_some(rest)
}

/// Where the last question has the like of what is named: words as many as the new ones with one of them at the same place, or the name
/// where a name is named.
fn alike(last: &str, new: &str) -> Option<Range<usize>> {
    let (old, words) = (tokens(last), tokens(new));
    let same = |from: usize| words.iter().zip(&old[from..]).filter(|(a, b)| a.word == b.word).count();
    let mut best: Option<(usize, usize)> = None;
    for from in 0..(old.len() + 1).saturating_sub(words.len()) {
        let shared = same(from);
        // All of them: it was asked already.
        if shared > 0 && shared < words.len() && best.is_none_or(|(_, most)| shared > most) {
            best = Some((from, shared));
        }
    }
    if let Some((from, _)) = best.filter(|_| new.contains(is_han)) {
        return Some(old[from].range.start..old[from + words.len() - 1].range.end);
    }
    let capital = |text: &str, range: &Range<usize>| text[range.clone()].starts_with(char::is_uppercase);
    if !words.iter().any(|w| capital(new, &w.range)) {
        return None;
    }
    let first = (1..old.len()).find(|&i| capital(last, &old[i].range))?;
    let end = (first..old.len()).take_while(|&i| capital(last, &old[i].range)).last()?;
    Some(old[first].range.start..old[end].range.end)
}

/// Whether a question does not stand for itself.
fn follows(question: &str) -> bool {
    let lower = question.trim().to_lowercase();
    // Marks alone ask nothing.
    if !lower.contains(char::is_alphanumeric) {
        return false;
    }
    let words = || lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty());
    let asks_on = lower.trim_end_matches(['？', '?', '。']).ends_with('呢');
    words().any(|w| POINTERS.contains(&w))
        || POINTERS_ZH.iter().any(|w| lower.contains(w))
        || OPENINGS.iter().any(|o| lower.starts_with(o))
        || asks_on
        || content(&lower).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_that_follow_are_told_from_those_that_stand() {
        for yes in ["How high is it?", "And in 1990?", "What about Lyon?", "它有多高？", "那法国呢？", "Why?"]
        {
            assert!(follows(yes), "{yes}");
        }
        for no in [
            "How high is the Eiffel tower?",
            "长城有多长？",
            "科特迪瓦在哪里？",
            "Who wrote Pride and Prejudice?",
            "？",
        ] {
            assert!(!follows(no), "{no}");
        }
    }

    #[test]
    fn what_was_talked_about_is_taken_over() {
        let topic = vec![("Eiffel".into(), 9.0), ("tower".into(), 5.0)];
        let talk = Conversation { topic, ..Conversation::default() };
        assert_eq!(talk.resolve("How high is it?").question, "Eiffel tower How high is it?");
        assert_eq!(talk.resolve("And the tower?").added, ["Eiffel"]);
        assert!(talk.resolve("Who painted the Mona Lisa?").added.is_empty());
        let talk = Conversation { topic: vec![("长城".into(), 9.0)], ..Conversation::default() };
        assert_eq!(talk.resolve("它有多长？").question, "长城 它有多长？");
        assert!(Conversation::default().resolve("它呢？").added.is_empty());
    }

    #[test]
    fn what_is_named_anew_takes_the_place_of_its_like() {
        let asked = |last: &str, topic: &str, question: &str| {
            Conversation { topic: vec![(topic.into(), 9.0)], last: last.into() }.resolve(question).question
        };
        let tenant = "租客提前退租要提前多久通知房东？";
        assert_eq!(asked(tenant, "退租", "那房东提前收回呢？"), "房东提前收回要提前多久通知房东？");
        let leave = "工作满一年的员工年假有几天？";
        assert_eq!(asked(leave, "年假", "满五年呢？"), "工作满五年的员工年假有几天？");
        assert_eq!(asked("长城有多长？", "长城", "那故宫呢？"), "故宫有多长？");
        assert_eq!(
            asked("How many people live in Paris?", "Paris", "And Lyon?"),
            "How many people live in Lyon?"
        );
        assert_eq!(asked("How many people live in Paris?", "Paris", "And in 1990?"), "Paris And in 1990?");
    }
}
