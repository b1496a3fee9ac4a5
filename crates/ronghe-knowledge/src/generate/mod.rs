//! Answers and summaries in a language model's words, each sentence checked against its source.
//!
//! ```text
//! passages -> Prompt -> Generate (a model) -> sentences -> support -> as they are, or the extract in their place
//! ```
//! A small model cannot be trusted, so evidence comes first: what is not answered by extracts is not asked of a model, a sentence
//! of the model that its sources do not support is replaced by the extract that is nearest to it, and each sentence that is shown
//! carries the sentence of a document that it rests on. Passages are data: see [`prompt`].
//!
//! | file | what |
//! |---|---|
//! | `prompt` | what a model is told |
//! | `endpoint` | a model behind an OpenAI-compatible address |
//! | `again` | whether and when a server that is busy is asked again |
//! | `thoughts` | what a model thinks before it speaks, which is not said |
//! | `support` | whether a sentence says what its source says |

mod again;
mod endpoint;
pub mod prompt;
pub mod support;
mod thoughts;

pub use endpoint::Endpoint;

use crate::{Citation, Embed, Result, Role};
use prompt::{Prompt, Task};
use ronghe_data::segment::sentence_ranges;
use serde::{Deserialize, Serialize};
use support::{Refused, Source};
use thoughts::Thoughts;

/// A language model.
pub trait Generate {
    /// What it is called.
    fn name(&self) -> &str;

    /// Continues a prompt by `most_tokens` tokens at most. Each piece of text is told as it comes; an error of `on_text` ends it.
    fn generate(
        &self,
        prompt: &Prompt,
        most_tokens: usize,
        on_text: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<()>;
}

/// Tokens that a model may write.
const MOST_TOKENS: usize = 512;
/// Bytes of a model's text after which it is not listened to any more.
const MOST_BYTES: usize = 64 << 10;

/// A text that a model wrote, as far as its sources bear it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The model.
    pub model: String,
    /// What is shown.
    pub sentences: Vec<Said>,
    /// Sentences of the model.
    pub generated: usize,
    /// Of these: as many rest on what they cite.
    pub supported: usize,
}

/// A sentence that is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The sentence, without marks of citation.
    pub text: String,
    /// What it rests on.
    pub citation: Citation,
    /// What the model had said in its place, and why that is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Instead>,
}

/// A sentence of a model that is not shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instead {
    /// What it said.
    pub text: String,
    /// Why its sources do not bear it.
    pub refused: Refused,
}

/// Has `model` do `task` from `sources`, numbered from 1. `extracts` are what is said where the model cannot be believed, best
/// first. Every sentence is told once it was checked.
pub fn write(
    model: &dyn Generate,
    task: &Task<'_>,
    sources: &[Citation],
    extracts: &[Citation],
    embed: Option<&dyn Embed>,
    on_sentence: &mut dyn FnMut(&Said) -> Result<()>,
) -> Result<Written> {
    let passages = sources.iter().map(|s| Source::new(s, embed)).collect::<Result<Vec<_>>>()?;
    let prompt = prompt::of(task, sources);
    let mut writing = Writing { passages: &passages, extracts, embed, sentences: Vec::new(), generated: 0 };
    let (mut text, mut done, mut thoughts) = (String::new(), 0, Thoughts::default());
    model.generate(&prompt, MOST_TOKENS, &mut |piece| {
        if text.len() < MOST_BYTES {
            let said = thoughts.take(piece);
            if said.only_now {
                text.truncate(done);
            }
            text.push_str(&said.text);
            // The last sentence may go on, and so may the marks behind the one before it.
            let ends = ends(&text[done..]);
            let whole = ends.len().checked_sub(2).map(|last| ends[last]);
            let closed = |end: &usize| !text[done + end..].trim_start().starts_with(['[', '【']);
            if let Some(end) = whole.filter(closed) {
                writing.say(&text[done..done + end], on_sentence)?;
                done += end;
            }
        }
        Ok(())
    })?;
    text.push_str(&thoughts.rest());
    writing.say(&text[done..], on_sentence)?;
    if writing.sentences.is_empty() {
        writing.extract(None, on_sentence)?;
    }
    let supported = writing.sentences.iter().filter(|s| s.instead_of.is_none()).count();
    let supported = supported.min(writing.generated);
    Ok(Written {
        model: model.name().to_owned(),
        sentences: writing.sentences,
        generated: writing.generated,
        supported,
    })
}

/// What was said so far.
struct Writing<'a> {
    passages: &'a [Source<'a>],
    extracts: &'a [Citation],
    embed: Option<&'a dyn Embed>,
    sentences: Vec<Said>,
    generated: usize,
}

impl Writing<'_> {
    /// Checks the sentences of some text.
    fn say(&mut self, text: &str, on_sentence: &mut dyn FnMut(&Said) -> Result<()>) -> Result<()> {
        let mut start = 0;
        for end in ends(text) {
            let (sentence, cited) = support::marks(&text[start..end]);
            start = end;
            // A list's number or a dash is no sentence.
            if !sentence.chars().any(char::is_alphabetic) {
                continue;
            }
            self.generated += 1;
            let vector = match self.embed {
                Some(embed) => embed.embed(&[&sentence], Role::Passage)?,
                None => Vec::new(),
            };
            match support::check(&sentence, &cited, self.passages, &vector) {
                Ok(citation) => {
                    self.push(Said { text: sentence, citation, instead_of: None }, on_sentence)?;
                }
                Err(refused) => self.extract(Some(Instead { text: sentence, refused }), on_sentence)?,
            }
        }
        Ok(())
    }

    /// The extract that shares most with what may not be said, or the best one, of those of which nothing was told yet.
    fn extract(
        &mut self,
        instead_of: Option<Instead>,
        on_sentence: &mut dyn FnMut(&Said) -> Result<()>,
    ) -> Result<()> {
        let said = |e: &&Citation| {
            let line = e.line();
            let there = |s: &Said| (&s.citation.path, &s.citation.span) == (&e.path, &e.span);
            self.sentences.iter().any(|s| there(s) || s.text == line)
        };
        let wanted = instead_of.as_ref().map_or("", |i| i.text.as_str());
        let mut best: Option<(&Citation, f64)> = None;
        for extract in self.extracts.iter().filter(|e| !said(e)) {
            let shared = support::coverage(wanted, &extract.quote);
            if best.is_none_or(|(_, most)| shared > most) {
                best = Some((extract, shared));
            }
        }
        let Some((extract, _)) = best else { return Ok(()) };
        let text = extract.line();
        self.push(Said { text, citation: extract.clone(), instead_of }, on_sentence)
    }

    /// Tells a sentence, unless the same was told before.
    fn push(&mut self, said: Said, on_sentence: &mut dyn FnMut(&Said) -> Result<()>) -> Result<()> {
        if self.sentences.iter().any(|s| s.text == said.text) {
            return Ok(());
        }
        on_sentence(&said)?;
        self.sentences.push(said);
        Ok(())
    }
}

/// Where sentences end. Marks of citation belong to the sentence before them.
fn ends(text: &str) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    for range in sentence_ranges(text) {
        let marks = support::leading_marks(&text[range.clone()]);
        if marks > 0 {
            match ends.last_mut() {
                Some(last) => *last = range.start + marks,
                None => ends.push(range.start + marks),
            }
        }
        if range.start + marks < range.end {
            ends.push(range.end);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;
    use crate::document::Place;

    /// Says what it is told to, a few bytes at a time.
    struct Parrot(&'static str);

    impl Generate for Parrot {
        fn name(&self) -> &str {
            "parrot"
        }

        fn generate(&self, _: &Prompt, _: usize, on_text: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
            self.0.chars().try_for_each(|c| on_text(c.encode_utf8(&mut [0; 4])))
        }
    }

    pub(super) fn citation(path: &str, quote: &str) -> Citation {
        Citation {
            path: path.into(),
            title: None,
            domain: "d".into(),
            place: Place::default(),
            headings: Vec::new(),
            span: Span { start: 100, end: 100 + quote.len() },
            quote: quote.into(),
        }
    }

    #[test]
    fn what_is_supported_is_said_and_the_rest_is_replaced() {
        let sources = [
            citation("a.md", "The tower was built in 1889. It is 330 metres high and made of iron."),
            citation("b.md", "铜的熔点是1084摄氏度。铜是良好的导体。"),
        ];
        let extracts =
            [citation("a.md", "The tower was built in 1889."), citation("b.md", "铜是良好的导体。")];
        let model = Parrot(
            "The tower, made of iron, is 330 metres high. [1] The tower was built in 1898 [1]. 铜是良好的导体。[2]",
        );
        let mut told = Vec::new();
        let task = Task::Answer("How high?");
        let written = write(&model, &task, &sources, &extracts, None, &mut |said| {
            told.push(said.text.clone());
            Ok(())
        })
        .unwrap();
        let shown: Vec<(&str, bool)> =
            written.sentences.iter().map(|s| (s.text.as_str(), s.instead_of.is_none())).collect();
        assert_eq!(
            shown,
            [
                ("The tower, made of iron, is 330 metres high.", true),
                ("The tower was built in 1889.", false),
                ("铜是良好的导体。", true)
            ]
        );
        assert_eq!((written.generated, written.supported, told.len()), (3, 2, 3));
        let rests = &written.sentences[0].citation;
        assert_eq!(rests.quote, sources[0].quote);
        assert_eq!(rests.span, sources[0].span);
        assert_eq!(written.sentences[2].citation.quote, "铜是良好的导体。");
    }

    #[test]
    fn thoughts_are_not_said_and_nothing_is_said_twice() {
        let sources =
            [citation("a.md", "The tower was built in 1889. It is 330 metres high and made of iron.")];
        let extracts = [
            citation("a.md", "The tower was built in 1889."),
            citation("copy.md", "The tower was built in 1889."),
        ];
        let shown = |text: &'static str| {
            let written =
                write(&Parrot(text), &Task::Answer("When?"), &sources, &extracts, None, &mut |_| Ok(()))
                    .unwrap();
            written.sentences.into_iter().map(|s| s.text).collect::<Vec<_>>()
        };
        let one = ["The tower was built in 1889."];
        for text in [
            "<think>It is 330 metres high. [1] So what?</think>\n\nThe tower was built in 1889. [1]",
            "It is 330 metres high, I think</think>The tower was built in 1889. [1]",
            "The tower was built in 1889. [1] The tower was built in 1889. [1]",
            "The tower was built in 1889. [1] The tower was built in 1890. [1]",
            "The tower was built in 1898. [1] Or it was built in 1897. [1] The tower was built in 1889. [1]",
            "<think>I never come to an end. It is 330 metres high. [1]",
        ] {
            assert_eq!(shown(text), one, "{text}");
        }
    }

    #[test]
    fn a_model_that_says_nothing_leaves_the_extract() {
        let sources = [citation("a.md", "The tower was built in 1889.")];
        for text in ["", "...", "[1]", "No idea, sorry."] {
            let written =
                write(&Parrot(text), &Task::Answer("When?"), &sources, &sources, None, &mut |_| Ok(()))
                    .unwrap();
            assert_eq!(written.sentences.len(), 1, "{text}");
            assert_eq!(written.sentences[0].text, sources[0].quote);
            assert_eq!(written.supported, 0);
        }
    }
}
