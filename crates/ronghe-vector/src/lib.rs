//! Exact nearest vectors: the best of many, and what is unlike among them. No dependency but the kernels of `ronghe-cpu`.
//!
//! | file | what |
//! |---|---|
//! | `top` | [`Top`], [`top_k`]: the best of many scores, in one pass |
//! | `dot` | [`dot`], [`top_products`]: inner products in f32, and the rows where they are largest |
//! | `narrow` | [`Narrow`]: the same in 8 bits, four times as fast in memory |
//! | `diverse` | [`mmr`], [`Marginal`]: maximal marginal relevance |
//!
//! Nothing is approximated but by rounding to 8 bits: every row is looked at. Of equal scores the lower number comes first, so a
//! result depends on no order and on no number of threads.

mod diverse;
mod dot;
mod narrow;
mod top;

pub use diverse::{Marginal, mmr};
pub use dot::{dot, top_products};
pub use narrow::Narrow;
pub use top::{Top, top_k};
