//! From texts to vectors.

use crate::Result;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What a text is to a search. Some networks mark questions and passages differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A question, or words to search for.
    Query,
    /// A piece of a document.
    Passage,
}

/// Turns texts into vectors of length 1, whose dot product says how near texts are in meaning.
pub trait Embed: Send + Sync {
    /// What tells its vectors from those of others; kept in a store.
    fn name(&self) -> &str;

    /// Numbers of a vector.
    fn width(&self) -> usize;

    /// How much lower the cosine of a question and its answer is where they are in two languages; none: the network does not
    /// bring languages together.
    fn between_languages(&self) -> Option<f64> {
        None
    }

    /// The vectors of `texts`, `[texts, width]`, row-major.
    fn embed(&self, texts: &[&str], role: Role) -> Result<Vec<f32>>;
}

/// Another's vectors, each computed once: for work that asks for the same texts again and again.
pub(crate) struct Remembered<'a> {
    embed: &'a dyn Embed,
    /// Of queries and of passages.
    known: [Mutex<HashMap<String, Vec<f32>>>; 2],
}

impl<'a> Remembered<'a> {
    pub(crate) fn new(embed: &'a dyn Embed) -> Remembered<'a> {
        Remembered { embed, known: Default::default() }
    }
}

impl Embed for Remembered<'_> {
    fn name(&self) -> &str {
        self.embed.name()
    }

    fn width(&self) -> usize {
        self.embed.width()
    }

    fn between_languages(&self) -> Option<f64> {
        self.embed.between_languages()
    }

    fn embed(&self, texts: &[&str], role: Role) -> Result<Vec<f32>> {
        let known = &self.known[usize::from(role == Role::Passage)];
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new: Vec<&str> = texts.iter().copied().filter(|text| !known.contains_key(*text)).collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let vectors = self.embed.embed(&new, role)?;
            let rows = vectors.chunks_exact(self.width()).map(<[f32]>::to_vec);
            known.extend(new.iter().map(|text| (*text).to_owned()).zip(rows));
        }
        Ok(texts.iter().flat_map(|text| known[*text].iter().copied()).collect())
    }
}
