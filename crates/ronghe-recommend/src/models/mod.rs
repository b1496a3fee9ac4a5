//! The models, one file each.
//!
//! | file | what |
//! |---|---|
//! | [`popularity`] | how often an item was liked |
//! | [`item_knn`], [`rp3beta`] | the best partners of each item, by [`co_occurrence`] |
//! | [`ease`], [`slim`] | linear models of each item on the others, from the [`gram`] matrix |
//! | [`hybrid`] | a mix of others |
//! | [`item_weights`] | what these four share: weights from item to item, scores, reasons |

mod co_occurrence;
pub mod ease;
mod gram;
pub mod hybrid;
pub mod item_knn;
pub mod item_weights;
#[cfg(test)]
mod planted;
pub mod popularity;
pub mod rp3beta;
mod settings;
pub mod slim;
