//! Which published network to build on, by evidence: what a frozen vector tells of the target, how far the target's domain
//! lies from the network's, and whether transfer pays at all.
//!
//! | file | what |
//! |---|---|
//! | `goal` | the answers, and how well they were told |
//! | `features` | vectors of rows, dense or sparse |
//! | `design` | the products of a linear model |
//! | `linear` | logistic and ridge regression |
//! | `cross` | cross-validation without leaks |
//! | `neighbours` | nearest neighbours, each row left out once |
//! | `plain` | vectors without a network, the floor |
//! | `norms` | how far the target lies, by batch norms |
//! | `frechet` | how far two sets of vectors lie apart |
//! | `nearest` | what an ImageNet classifier takes pictures for |
//! | `scratch` | the same rows learned from the start |
//! | `verdict` | figures to words and advice |
//! | `survey` | the whole report on a table |

mod cross;
mod design;
mod features;
mod frechet;
mod goal;
mod linear;
mod nearest;
mod neighbours;
mod norms;
mod plain;
mod scratch;
mod survey;
mod verdict;

pub use cross::{Crossed, FeaturesOf, cross_validate};
pub use features::Features;
pub use frechet::{SetDistance, set_distance};
pub use goal::{Goal, Score};
pub use linear::Linear;
pub use nearest::{ImageNetView, Taken, imagenet_view};
pub use neighbours::leave_one_out;
pub use norms::{DomainGap, NormGap, domain_gap};
pub use scratch::{Duel, scratch_encoder};
pub use survey::{InputReport, NetworkGap, ReportOptions, TransferReport, Tried, transfer_report};
pub use verdict::{Advice, Nearness, Reason};
