//! Predictors that begin with a weighted sum, which explanations take apart.

use crate::Result;
use ronghe_cpu::SubsetSums;
use ronghe_data::Table;
use ronghe_graph::Act;

/// The first step of a predictor of one input: `prediction = close(act(W x + b))`, x the F features of a row, each of which belongs
/// to one place of the row.
///
/// Rows that differ in some features differ in the sums by these features' products alone, so that thousands of masked rows
/// need no product of matrices.
pub trait Opening: Send + Sync {
    /// Where the features stand in a row.
    fn layout(&self) -> Layout;

    /// Features of each row, `[rows, F]`. None where a row has not got the input, or it cannot be read.
    fn features(&self, rows: &Table) -> Result<Option<Vec<f32>>>;

    /// Weights of each feature, `[F, U]`.
    fn weights(&self) -> &[f32];

    /// What each sum starts from, `[U]`.
    fn bias(&self) -> &[f32];

    /// Applied to the sums before [`Opening::close`].
    fn act(&self) -> Act;

    /// The sums of many subsets of vectors of U numbers.
    fn add_up(&self, of: &SubsetSums<'_>, out: &mut [f32]) -> Result<()>;

    /// Predictions of `sums[rows, U]`: `[rows, width]` as of [`Predictions`](crate::Predictions).
    fn close(&self, sums: Vec<f32>) -> Result<Vec<f32>>;
}

/// Where features stand in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The pixels of one picture in reading order, the channels of a pixel one after another.
    Pixels {
        /// Rows of pixels.
        height: usize,
        /// Pixels a row.
        width: usize,
        /// Features a pixel.
        channels: usize,
    },
}
