//! Recommendation across domains: events of users with items become a fitted recommender, this ranks items and says why.
//!
//! ```text
//! table of events -> Interactions -> split -> Training -> Model::fit -> Recommender -> scores of all items
//!                                          -> Serving (seen, filters, quotas, diversity) -> ranked items, reasons
//! Interactions + models -> evaluate -> figures with intervals
//! ```
//!
//! A model of [`RECOMMENDERS`] is a file of this crate. Nothing here prints, reads environment variables or opens connections.

mod artifact;
mod beyond;
pub mod budget;
pub mod cold;
pub mod collect;
pub mod compare;
pub mod content;
pub mod cross;
mod domains;
mod eigen;
mod error;
pub mod evaluate;
mod fold;
mod history;
mod ids;
mod interactions;
mod items;
mod join;
mod many;
mod model;
pub mod models;
pub mod movielens;
mod progress;
mod reasons;
pub mod report;
mod request;
pub mod roles;
pub mod search;
pub mod serve;
pub mod source;
pub mod split;
mod training;
mod update;
pub mod window;
mod wish;

pub use artifact::{FORMAT_VERSION, Fitted};
pub use content::Content;
pub use domains::{DomainRule, domains_of_items};
pub use error::{Error, Result};
pub use history::Histories;
pub use ids::{Ids, name_order};
pub use interactions::{Event, Interactions};
pub use items::{ItemColumn, ItemSource, Items};
pub use model::{Contribution, Entry, Model, Products, Query, RECOMMENDERS, Recommender};
pub use progress::Progress;
pub use reasons::Reasons;
pub use training::{Features, Sparse, Training};
pub use update::{Added, New};
pub use wish::{Toward, Wish, Wished};
