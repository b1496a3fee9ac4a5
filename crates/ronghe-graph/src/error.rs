//! What can be wrong with a graph, a weight or a feed.

use crate::{DType, Dim, Shape};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can be wrong with a graph, a weight file or a feed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation was given a shape it cannot take.
    #[error("{op}: expected {expected}, found {found}")]
    Shape {
        /// Operation.
        op: &'static str,
        /// What it takes, in words.
        expected: String,
        /// The shapes it was given.
        found: String,
    },
    /// An operation was given a wrong number of inputs.
    #[error("{op}: expected {expected} inputs, found {found}")]
    Arity {
        /// Operation.
        op: &'static str,
        /// Number of inputs it takes.
        expected: usize,
        /// Number of inputs it was given.
        found: usize,
    },
    /// An operation was given the wrong element type.
    #[error("{op}: input {index} must be {expected:?}, found {found:?}")]
    Type {
        /// Operation.
        op: &'static str,
        /// Position of the input.
        index: usize,
        /// Element type it takes.
        expected: DType,
        /// Element type it was given.
        found: DType,
    },
    /// A weight is needed but not there.
    #[error("weight `{name}` {expected} is missing{}", nearest(.similar))]
    MissingWeight {
        /// Name of the weight.
        name: String,
        /// Shape that the network needs.
        expected: Shape,
        /// Names that look alike.
        similar: Vec<String>,
    },
    /// A weight has another shape than the network needs.
    #[error("weight `{name}`: expected shape {expected}, found {found:?}")]
    WeightShape {
        /// Name of the weight.
        name: String,
        /// Shape that the network needs.
        expected: Shape,
        /// Shape that was found.
        found: Vec<usize>,
    },
    /// A weight has another element type than the network needs.
    #[error("weight `{name}`: expected {expected:?}, found {found:?}")]
    WeightType {
        /// Name of the weight.
        name: String,
        /// Element type that the network needs.
        expected: DType,
        /// Element type that was found.
        found: DType,
    },
    /// A file has a weight that the network it was taken for has not.
    #[error("weight `{name}` {found:?} has no place in the network")]
    UnexpectedWeight {
        /// Name of the weight.
        name: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// Two weights would have one name.
    #[error("two weights would be called `{name}`")]
    DuplicateWeight {
        /// The name.
        name: String,
    },
    /// The feed lacks an input of the graph.
    #[error("input `{name}` was not fed")]
    MissingInput {
        /// Name of the input.
        name: String,
    },
    /// A fed tensor does not fit the shape of its input.
    #[error("input `{name}`: expected {expected}, found {found:?}: {why}")]
    FeedShape {
        /// Name of the input.
        name: String,
        /// Declared shape.
        expected: Shape,
        /// Shape of the fed tensor.
        found: Vec<usize>,
        /// Which dimension clashes.
        why: String,
    },
    /// A symbolic dimension has no size.
    #[error("dimension `{dim}` was given no size")]
    Unbound {
        /// The dimension.
        dim: Dim,
    },
    /// A number of elements does not fit a shape.
    #[error("a tensor of shape {shape:?} needs {expected} elements, found {found}")]
    Elements {
        /// Shape.
        shape: Vec<usize>,
        /// Product of its dimensions.
        expected: usize,
        /// Number of elements given.
        found: usize,
    },
    /// A token id, a label or a position is outside its table.
    #[error("{op}: index {index} is outside 0..{size}")]
    Index {
        /// Operation.
        op: &'static str,
        /// What was asked for.
        index: i64,
        /// Number of entries there are.
        size: usize,
    },
    /// An operation has no gradient with respect to an input that needs one.
    #[error("{op} has no gradient")]
    NoGradient {
        /// Operation.
        op: &'static str,
    },
    /// A weight file is damaged or is not of the format it should be.
    #[error("{path}: {format}: {what}")]
    WeightFile {
        /// File.
        path: String,
        /// Format that was being read.
        format: &'static str,
        /// What is wrong and where.
        what: String,
    },
    /// The operating system refused the threads of an executor.
    #[error("starting {threads} threads: {why}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Cause.
        why: String,
    },
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
}

fn nearest(similar: &[String]) -> String {
    if similar.is_empty() { String::new() } else { format!("; the file has {}", similar.join(", ")) }
}
