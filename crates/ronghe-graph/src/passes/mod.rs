//! Functions from graph to graph. None changes what its argument means; nodes that no output needs vanish in all.
//!
//! | file | pass |
//! |---|---|
//! | `subgraph` | [`subgraph`]: what some outputs need, cut where asked |
//! | `freeze` | [`split_frozen`]: the part that training never changes, to compute once a row |
//! | `fold` | [`fold_batch_norm`]: fixed batch norms into the layer before |
//! | `fuse` | [`fuse_activations`]: activations into the layer before |
//! | `cost` | [`cost`]: flops, parameters and bytes of each node |
//!
//! `rewrite` is what they share. Values get new ids, so a caller finds them again by the names of
//! [`Graph::set_output`]; a value that is neither a named output nor a running statistic may vanish.

mod cost;
mod fold;
mod freeze;
mod fuse;
mod rewrite;
mod subgraph;

pub use cost::{Cost, NodeCost, cost};
pub use fold::fold_batch_norm;
pub use freeze::{Cut, FrozenSplit, split_frozen};
pub use fuse::fuse_activations;
pub use subgraph::subgraph;

use crate::{Graph, Result, Weights};

/// Everything that makes inference faster without changing its results beyond rounding: folds batch norms, then fuses
/// activations. Returns the weights that the new graph needs.
pub fn infer_optimise(graph: &Graph, weights: Weights) -> Result<(Graph, Weights)> {
    let (graph, weights) = fold_batch_norm(graph, weights)?;
    Ok((fuse_activations(&graph)?, weights))
}
