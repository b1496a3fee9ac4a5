//! Explanations: what each modality and each column added to a prediction.
//!
//! ```text
//! Predictor + Masker = Game -> Explainer -> Explanation (prediction = base + sum of attributions)
//! ```
//!
//! Nothing here knows how a model works: [`explain_row`] needs a [`Predictor`](crate::Predictor) and rows. A game
//! pays every coalition of players (the columns, or the modalities, whose cells are shown); an explainer shares the
//! payment of all among the players by Shapley's rule.
//!
//! | file | what |
//! |---|---|
//! | `row` | explains one row at both levels |
//! | `coalition`, `game`, `player` | who takes part, who is present, what they get |
//! | `masker` | from a coalition to raw rows, and the table of maskers |
//! | `row_game`, `cached`, `grouped`, `within` | the games: of a predictor, remembered, of groups, inside a group |
//! | `exact`, `kernel`, `permutation`, `shap_kernel` | the explainers |
//! | `interactions`, `occlusion` | what pairs add; what is lost without a player |
//! | `link` | probability or log-odds |
//! | `options`, `explanation` | what goes in and what comes out (also as JSON) |
//! | `draw` | seeded orders and subsets |
//! | `cholesky`, `least_squares`, `lars` | what the estimators solve |

mod cached;
mod cholesky;
mod coalition;
#[cfg(test)]
mod conformance;
mod draw;
mod exact;
mod explanation;
mod game;
mod grouped;
mod interactions;
mod kernel;
mod lars;
mod least_squares;
mod link;
mod masker;
mod occlusion;
mod options;
mod permutation;
mod player;
mod row;
mod row_game;
mod shap_kernel;
#[cfg(test)]
mod testing;
mod within;

pub use cached::Cached;
pub use coalition::Coalition;
pub use explanation::{Explanation, FORMAT, Pair, RowExplanation, SCHEMA};
pub use game::{Game, Values};
pub use grouped::Grouped;
pub use interactions::{INTERACTION_PLAYERS, interactions};
pub use link::Link;
pub use masker::{MASKERS, Masker, MaskerInput, MaskerSpec};
pub use occlusion::occlusion;
pub use options::{AUTO_EXACT_PLAYERS, Options};
pub use player::{Part, Player};
pub use row::{background_rows, explain_row};
pub use row_game::RowGame;
pub use shap_kernel::{Selection, ShapKernel};
pub use within::Within;

use crate::Result;

/// Shares the payment of a game among its players.
pub trait Explainer: Send + Sync {
    /// Name in configurations.
    fn name(&self) -> &'static str;

    /// One line of help.
    fn summary(&self) -> &'static str;

    /// What each player gets. The shares of an output add up to its prediction less its base.
    fn explain(&self, game: &dyn Game, options: &Options) -> Result<Shapley>;
}

/// All explainers.
pub static EXPLAINERS: &[&dyn Explainer] =
    &[&exact::Exact, &kernel::Kernel, &permutation::Permutation, &ShapKernel::PLAIN];

/// Shapley values of a game.
#[derive(Debug, Clone, PartialEq)]
pub struct Shapley {
    /// Payment of nobody, an output.
    pub base: Vec<f64>,
    /// Payment of everybody, an output.
    pub prediction: Vec<f64>,
    /// Share of each player, `[player][output]`.
    pub attributions: Vec<Vec<f64>>,
    /// Standard error of each share; 0 if exact.
    pub standard_error: Vec<Vec<f64>>,
    /// Coalitions evaluated.
    pub evaluations: usize,
    /// Whether the standard errors fell below the tolerance.
    pub converged: bool,
}

impl Shapley {
    /// Largest standard error over the widest span of attributions (zero included) of an output; 0 without any error.
    pub fn ratio(&self) -> f64 {
        let largest = self.standard_error.iter().flatten().copied().fold(0.0, f64::max);
        let span = |k: usize| {
            let column = || self.attributions.iter().map(|a| a[k]);
            column().fold(0.0, f64::max) - column().fold(0.0, f64::min)
        };
        let widest = (0..self.base.len()).map(span).fold(0.0, f64::max);
        if largest == 0.0 { 0.0 } else { largest / widest }
    }
}
