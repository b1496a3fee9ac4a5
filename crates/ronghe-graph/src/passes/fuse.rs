//! Joins an activation with the dense layer or convolution before it: one pass over the result instead of two.

use super::rewrite::{Rewrite, Uses, live_nodes, roots};
use crate::{Act, Graph, Op, Result};
use std::collections::BTreeSet;

/// Moves each `Activate` whose input is a `Linear`, `Conv2d` or `Depthwise` result with no other use into that
/// operation. For inference: the joined operation has no gradient.
pub fn fuse_activations(graph: &Graph) -> Result<Graph> {
    let live = live_nodes(graph, &roots(graph), &BTreeSet::new());
    let uses = Uses::new(graph, &live);
    let mut rewrite = Rewrite::new(graph);
    let mut done = BTreeSet::new();
    for (i, node) in graph.nodes().iter().enumerate().filter(|(i, _)| live[*i]) {
        if done.contains(&i) {
            continue;
        }
        let next = uses.only_user(node.outputs[0]).map(|j| (j, &graph.nodes()[j]));
        let joined = next.and_then(|(j, next)| match next.op {
            Op::Activate(act) => Some((j, next.outputs[0], with_act(&node.op, act)?)),
            _ => None,
        });
        let Some((j, output, op)) = joined else {
            rewrite.copy(node)?;
            continue;
        };
        let inputs = node.inputs.iter().map(|&v| rewrite.get(v)).collect::<Result<Vec<_>>>()?;
        let made = rewrite.new.push1(op, &inputs)?;
        rewrite.map(output, made);
        done.insert(j);
    }
    rewrite.finish()
}

/// `op` followed by `act`, where one operation can do both.
fn with_act(op: &Op, act: Act) -> Option<Op> {
    match op {
        Op::Linear { act: Act::Identity } => Some(Op::Linear { act }),
        Op::Conv2d { window, act: Act::Identity } => Some(Op::Conv2d { window: *window, act }),
        Op::Depthwise { window, act: Act::Identity } => Some(Op::Depthwise { window: *window, act }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, DType, Init, Mode, Shape, Weights, layers};

    #[test]
    fn activations_join_the_layer_before() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("x", &Shape::batch(&[6]), DType::F32)?;
        let h = layers::linear(&mut b, "a", x, 5, true, Init::HeNormal)?;
        let h = b.act(Act::Relu, h)?;
        let y = layers::linear(&mut b, "b", h, 5, true, Init::HeNormal)?;
        b.graph.set_output("y", y);
        let fused = fuse_activations(&b.finish())?;
        assert_eq!(fused.nodes().len(), 2);
        assert_eq!(fused.nodes()[0].op, Op::Linear { act: Act::Relu });
        assert_eq!(fused.nodes()[1].inputs[0], fused.nodes()[0].outputs[0]);
        Ok(())
    }

    #[test]
    fn a_value_with_another_use_stays() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("x", &Shape::batch(&[6]), DType::F32)?;
        let h = layers::linear(&mut b, "a", x, 5, true, Init::HeNormal)?;
        let a = b.act(Act::Relu, h)?;
        let a = b.act(Act::Tanh, a)?;
        b.graph.set_output("before", h);
        b.graph.set_output("after", a);
        let fused = fuse_activations(&b.finish())?;
        let ops: Vec<&Op> = fused.nodes().iter().map(|n| &n.op).collect();
        let identity = Op::Linear { act: Act::Identity };
        assert_eq!(ops, [&identity, &Op::Activate(Act::Relu), &Op::Activate(Act::Tanh)]);
        Ok(())
    }
}
