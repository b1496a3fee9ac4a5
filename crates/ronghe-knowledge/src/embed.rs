//! From texts to vectors.

use crate::Result;

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
