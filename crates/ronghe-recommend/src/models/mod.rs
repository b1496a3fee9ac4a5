//! The models, one file each.
//!
//! | file | what |
//! |---|---|
//! | [`popularity`] | how often an item was liked |
//! | [`item_knn`], [`rp3beta`] | the best partners of each item, by `co_occurrence` |
//! | [`ease`], [`slim`] | linear models of each item on the others, from the `gram` matrix |
//! | [`item_weights`] | what these four share: weights from item to item, scores, reasons |
//! | [`ials`], [`bpr`] | factors of users and items, by least squares and by pairs |
//! | [`emcdr`] | factors of each domain, and maps between them |
//! | [`sequential`] | self-attention over the history in order |
//! | [`content`] | what is known of items alone |
//! | [`hybrid`] | a mix of others |

pub mod bpr;
mod co_occurrence;
pub mod content;
pub mod ease;
pub mod emcdr;
mod factors;
mod gram;
pub mod hybrid;
pub mod ials;
pub mod item_knn;
pub mod item_weights;
mod mix;
#[cfg(test)]
pub(crate) mod planted;
pub mod popularity;
pub(crate) mod ridge;
pub mod rp3beta;
pub mod sequential;
mod settings;
pub mod slim;
mod vectors;
