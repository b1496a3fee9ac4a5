//! Explanations: what each modality, each column and each part of a cell added to a prediction.
//!
//! ```text
//! Predictor + Masker = Game -> Explainer -> Explanation (prediction = base + sum of attributions)
//! ```
//!
//! Nothing here knows how a model works: [`explain_row`] needs a [`Predictor`](crate::Predictor) and rows. A game
//! pays every coalition of players (words, patches, stretches of sound, columns, modalities: whatever is shown); an
//! explainer shares the payment of all among the players by Shapley's rule.
//!
//! | file | what |
//! |---|---|
//! | `row`, `levels`, `notes` | explains one row at each level; what to know of it |
//! | `coalition`, `game`, `player` | who takes part, who is present, what they get |
//! | `masker`, `column`, `background` | from a coalition to rows of cells; rows that say what is usual |
//! | `mask/` | the table of maskers: what cells are divided into, what hidden parts are filled with |
//! | `row_game`, `cached`, `grouped`, `within`, `rest` | the games: of a predictor, remembered, of groups, inside a group, inside a cell |
//! | `kept` | evaluations on disk, for a run that goes on |
//! | `opened`, `reduced` | the games of a predictor that begins with a weighted sum, of players who change anything |
//! | `exact`, `kernel`, `permutation`, `shap_kernel` | the explainers of any game |
//! | `linear` | that of additive games |
//! | `gradients`, `gradual`, `blended`, `legendre` | that of games with slopes; such games; that of a network |
//! | `interactions`, `pair_sample`, `occlusion` | what pairs add, counted and estimated; what is lost without a player |
//! | `link` | probability or log-odds |
//! | `options`, `explanation` | what goes in and what comes out (also as JSON) |
//! | `export` | explanations as a long table and as NumPy arrays |
//! | `check`, `robust` | how faithful attributions are to their game, what they owe to fill and background |
//! | `nearest` | the rows that a model takes to be most alike |
//! | [`global`] | importance and effect of columns over many rows, counterfactual rows |
//! | `least_squares` | what the estimators solve |
//! | `unseen` | what equal samples may have missed |

mod background;
mod blended;
mod cached;
mod check;
mod coalition;
mod column;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod coverage;
mod exact;
mod explanation;
pub mod export;
mod game;
pub mod global;
mod gradients;
mod gradual;
mod grouped;
mod interactions;
mod kept;
mod kernel;
mod least_squares;
mod legendre;
mod levels;
mod linear;
mod link;
mod mask;
mod masker;
mod nearest;
mod notes;
mod occlusion;
mod opened;
mod options;
mod pair_sample;
mod permutation;
mod player;
mod reduced;
mod rest;
mod robust;
mod row;
mod row_game;
mod shap_kernel;
#[cfg(test)]
mod testing;
mod unseen;
mod within;

pub use background::background_rows;
pub(crate) use background::{as_bytes, background_order};
pub use cached::Cached;
pub use check::{Curve, Faithfulness, check};
pub use coalition::Coalition;
pub use explanation::{Explanation, FORMAT, Pair, RowExplanation, SCHEMA};
pub use game::{Game, Values};
pub use gradual::Gradual;
pub use grouped::Grouped;
pub use interactions::{INTERACTION_PLAYERS, interactions};
pub use kept::{Evaluations, Reuse, fingerprint};
pub use link::Link;
pub use mask::{FillEntry, MASKERS, MaskSpec, MaskerEntry};
pub use masker::Masker;
pub use nearest::{Nearest, Neighbour, nearest};
pub use occlusion::occlusion;
pub use opened::Opened;
pub use options::{AUTO_EXACT_PLAYERS, AUTO_KERNEL_EVALUATIONS, Level, Options};
pub use player::{Part, Player};
pub use robust::Check;
pub use row::{RowExplainer, explain_row};
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

    /// Whether the share of a group is the sum of its members' shares, however players are grouped. Then one game of the finest
    /// players tells every level.
    fn sums(&self) -> bool {
        false
    }

    /// Whether it asks for slopes ([`Game::gradual`]).
    fn gradual(&self) -> bool {
        false
    }

    /// What each player gets. The shares of an output add up to its prediction less its base. A game that the explainer does not
    /// take is refused as [`Error::Unsuited`](crate::Error::Unsuited).
    fn explain(&self, game: &dyn Game, options: &Options) -> Result<Shapley>;
}

/// All explainers.
pub static EXPLAINERS: &[&dyn Explainer] = &[
    &exact::Exact,
    &kernel::Kernel,
    &permutation::Permutation,
    &ShapKernel::PLAIN,
    &linear::Linear,
    &gradients::ExpectedGradients,
];

/// Shares of a game: Shapley values, of `expected_gradients` Aumann-Shapley values.
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
        self.ratio_beside(0.0)
    }

    /// The same beside a span that is at least `least`: that of the larger game which this one is a piece of.
    pub fn ratio_beside(&self, least: f64) -> f64 {
        let largest = self.standard_error.iter().flatten().copied().fold(0.0, f64::max);
        if largest == 0.0 { 0.0 } else { largest / self.span().max(least) }
    }

    /// Widest span of attributions (zero included) of an output.
    pub fn span(&self) -> f64 {
        let span = |k: usize| {
            let column = || self.attributions.iter().map(|a| a[k]);
            column().fold(0.0, f64::max) - column().fold(0.0, f64::min)
        };
        (0..self.base.len()).map(span).fold(0.0, f64::max)
    }
}
