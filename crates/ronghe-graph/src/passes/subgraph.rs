//! The part of a graph that some outputs need, cut where asked.

use super::rewrite::{Rewrite, live_nodes};
use crate::{Graph, Result, ValueId};
use std::collections::BTreeSet;

/// Copies what `outputs` need and names them; each value in `cuts` becomes an input of that name, and whatever only it
/// needed is left out. Running statistics whose operation is copied stay.
///
/// ```
/// use ronghe_graph::{Act, DType, Graph, Op, Shape, passes};
/// let mut graph = Graph::new();
/// let x = graph.input("x", &Shape::batch(&[4]), DType::F32)?;
/// let half = graph.push1(Op::Affine { scale: 0.5, offset: 0.0 }, &[x])?;
/// let y = graph.push1(Op::Activate(Act::Relu), &[half])?;
/// let upper = passes::subgraph(&graph, &[("y", y)], &[(half, "half")])?;
/// assert_eq!(upper.nodes().len(), 1);
/// assert!(upper.inputs().contains_key("half") && !upper.inputs().contains_key("x"));
/// # Ok::<(), ronghe_graph::Error>(())
/// ```
pub fn subgraph(graph: &Graph, outputs: &[(&str, ValueId)], cuts: &[(ValueId, &str)]) -> Result<Graph> {
    let mut rewrite = Rewrite::new(graph);
    let cut: BTreeSet<ValueId> = cuts.iter().map(|c| c.0).collect();
    for &(value, name) in cuts {
        let found = graph.value(value);
        let input = rewrite.new.input(name, &found.shape, found.dtype)?;
        rewrite.map(value, input);
    }
    let wanted: Vec<ValueId> = outputs.iter().map(|o| o.1).collect();
    let live = live_nodes(graph, &wanted, &cut);
    for (node, _) in graph.nodes().iter().zip(&live).filter(|(_, live)| **live) {
        rewrite.copy(node)?;
        for &(value, name) in cuts.iter().filter(|c| node.outputs.contains(&c.0)) {
            // A node of which another output is still needed: its cut output stays an input.
            let input = rewrite.new.inputs()[name];
            rewrite.map(value, input);
        }
        for update in graph.updates().iter().filter(|u| node.outputs.contains(&u.value)) {
            let new = rewrite.get(update.value)?;
            rewrite.new.push_update(&update.weight, new);
        }
    }
    for &(name, value) in outputs {
        let new = rewrite.get(value)?;
        rewrite.new.set_output(name, new);
    }
    Ok(rewrite.new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Act, Builder, DType, Init, Mode, Op, Shape, Weights, layers};

    #[test]
    fn what_no_output_needs_is_left_out() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 1);
        let x = b.input("x", &Shape::batch(&[6]), DType::F32)?;
        let unused = b.input("unused", &Shape::batch(&[6]), DType::F32)?;
        let low = layers::linear(&mut b, "low", x, 5, true, Init::HeNormal)?;
        layers::linear(&mut b, "side", unused, 5, true, Init::HeNormal)?;
        let norm = layers::batch_norm(&mut b, "norm", low, Act::Identity, layers::BatchNorm::default())?;
        let high = layers::linear(&mut b, "high", norm, 2, true, Init::HeNormal)?;
        let graph = b.finish();

        let whole = subgraph(&graph, &[("y", high)], &[])?;
        assert_eq!(whole.nodes().len(), 3);
        assert_eq!(whole.updates().len(), 2);
        assert!(!whole.inputs().contains_key("unused") && !whole.weights().contains_key("side.weight"));

        let upper = subgraph(&graph, &[("y", high)], &[(norm, "norm")])?;
        assert_eq!(upper.nodes().len(), 1);
        assert!(upper.updates().is_empty());
        assert_eq!(upper.weights().keys().collect::<Vec<_>>(), ["high.bias", "high.weight"]);

        let nothing = subgraph(&graph, &[("y", norm)], &[(norm, "norm")])?;
        assert!(nothing.nodes().is_empty());
        assert_eq!(nothing.outputs()["y"], nothing.inputs()["norm"]);
        Ok(())
    }

    #[test]
    fn symbols_stay_what_they_were() -> Result<()> {
        let mut graph = Graph::new();
        let (first, second) = (graph.symbol(), graph.symbol());
        let shape = Shape(vec![crate::Dim::BATCH, second]);
        let x = graph.input("x", &shape, DType::F32)?;
        let y = graph.push1(Op::Affine { scale: 2.0, offset: 0.0 }, &[x])?;
        let mut copy = subgraph(&graph, &[("y", y)], &[])?;
        assert_eq!(copy.value(copy.outputs()["y"]).shape, shape);
        let fresh = copy.symbol();
        assert!(fresh != first && fresh != second);
        Ok(())
    }
}
