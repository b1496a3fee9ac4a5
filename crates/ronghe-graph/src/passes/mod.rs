//! Functions from graph to graph. None changes what its argument means; nodes that no output needs vanish in all.
//!
//! | file | pass |
//! |---|---|
//! | `subgraph` | [`subgraph`]: what some outputs need, cut where asked |
//! | `freeze` | [`split_frozen`]: the part that training never changes, apart from the rest |
//! | `adapt` | [`adapt`], [`merge_adapters`]: low-rank adapters beside dense layers, and into them |
//! | `fold` | [`fold_batch_norm`]: fixed batch norms into the layer before |
//! | `fuse` | [`fuse_activations`]: activations into the layer before |
//! | `cost` | [`cost`]: flops, parameters and bytes of each node |
//!
//! `rewrite` is what they share. Values get new ids, so a caller finds them again by the names of
//! [`Graph::set_output`]; a value that is neither a named output nor a running statistic may vanish.

mod adapt;
mod cost;
mod fold;
mod freeze;
mod fuse;
mod rewrite;
mod subgraph;

pub use adapt::{Adapter, adapt, adapter_weights, merge_adapters};
pub use cost::{Cost, NodeCost, cost};
pub use fold::fold_batch_norm;
pub use freeze::{FrozenSplit, split_frozen};
pub use fuse::fuse_activations;
pub use subgraph::subgraph;

use crate::{Graph, Result, Weights};

/// Everything that makes inference faster without changing its results beyond rounding: folds batch norms, then fuses
/// activations. Returns the weights that the new graph needs.
pub fn infer_optimise(graph: &Graph, weights: Weights) -> Result<(Graph, Weights)> {
    let (graph, weights) = fold_batch_norm(graph, weights)?;
    Ok((fuse_activations(&graph)?, weights))
}
