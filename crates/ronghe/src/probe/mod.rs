//! Which published network to build on, by evidence: what a frozen vector tells of the target, how far the target's domain
//! lies from the network's, and whether transfer pays at all.
//!
//! | file | what |
//! |---|---|
//! | `goal` | the answers, and how well they were told |
//! | `features` | vectors of rows, dense or sparse |
//! | `lbfgs` | minimises a smooth function |
//! | `design` | the products of a linear model |
//! | `linear` | logistic and ridge regression |
//! | `cross` | cross-validation without leaks |
//! | `neighbours` | nearest neighbours, each row left out once |

mod cross;
mod design;
mod features;
mod goal;
mod lbfgs;
mod linear;
mod neighbours;

pub use cross::{Crossed, FeaturesOf, cross_validate};
pub use features::Features;
pub use goal::{Goal, Score};
pub use lbfgs::{Minimum, Stop, minimise};
pub use linear::Linear;
pub use neighbours::leave_one_out;
