//! Whether what users did in one domain helps to recommend in another, and when it does not.
//!
//! | file | what |
//! |---|---|
//! | [`plan`] | what is compared |
//! | `domains` | who is judged, what they keep, whose sides are taken apart, the shuffled source |
//! | [`compare`](mod@compare) | the search on both sides, the decision, the figures, the model that is to be used |
//! | [`report`] | what was found, as plain data |
//!
//! A third of the users who have enough events in the target domain are tested, as many others validate: both keep `kept` of their target events,
//! drawn by the seed, and all of the source; the rest is to be found among the items of the target domain. Every kind of model is searched on
//! the validating users, as many settings on either side: fitted on the target alone, and on both domains (across); mixes of the two kinds that
//! reached most are one more kind on each side. **The decision is
//! theirs**: transfer is refused unless the best model across leads the best one without it by a paired interval (bootstrap over users,
//! 95 %) above zero. Then the winners of each kind are fitted with the whole histories of these users and measured on
//! the tested ones, beside the best model without transfer *of the test*. Each model across also stands beside itself fitted on a source
//! whose histories were given to other users: what such a source "gains" is no transfer, only another regularisation.

pub mod compare;
mod domains;
pub mod plan;
pub mod report;

pub use compare::{compare, winner};
pub use plan::Plan;
pub use report::{Overlap, Reached, Transfer, Unfit};

#[cfg(test)]
mod tests;
