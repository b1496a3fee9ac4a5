//! Which rows a model learns from, is tuned on and is tested on.

/// Row numbers of each part, ascending within a part; no row is in two parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to choose and calibrate by.
    pub validation: Vec<usize>,
    /// Rows to measure on, once.
    pub test: Vec<usize>,
}
