//! The weights of a trunk in groups, from its input to its end.
//!
//! A group is a block where names are numbered (`features.3`, `encoder.layer.0`, `layer2.1`), else what shares the first part
//! of its name (`embeddings`, `_conv_stem`). Their order is that in which the graph first reads them.

use ronghe_graph::{Graph, Source};
use std::collections::BTreeMap;

/// The group of each weight whose name begins with `prefix`, and how many groups there are.
pub fn groups(graph: &Graph, prefix: &str) -> (BTreeMap<String, usize>, usize) {
    let mut of_weight = BTreeMap::new();
    let mut of_group: BTreeMap<String, usize> = BTreeMap::new();
    let read = graph.nodes().iter().flat_map(|node| &node.inputs);
    for value in read {
        let Source::Weight(name) = &graph.value(*value).source else { continue };
        let Some(own) = name.strip_prefix(prefix) else { continue };
        let next = of_group.len();
        let group = *of_group.entry(group(own).to_owned()).or_insert(next);
        of_weight.entry(name.clone()).or_insert(group);
    }
    (of_weight, of_group.len())
}

/// `encoder.layer.3.output.weight` is of `encoder.layer.3`.
fn group(name: &str) -> &str {
    let mut end = 0;
    for part in name.split('.') {
        end += part.len();
        if part.bytes().all(|b| b.is_ascii_digit()) {
            return &name[..end];
        }
        end += 1;
    }
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::{Builder, DType, Init, Mode, Shape, Weights, layers};

    #[test]
    fn groups_stand_in_the_order_of_the_graph() -> ronghe_graph::Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let mut x = b.input("x", &Shape::batch(&[4]), DType::F32)?;
        for name in ["t.stem", "t.blocks.0.a", "t.blocks.0.b", "t.blocks.10.a", "t.blocks.2.a", "other"] {
            x = layers::linear(&mut b, name, x, 4, true, Init::HeNormal)?;
        }
        let (of_weight, depth) = groups(&b.finish(), "t.");
        assert_eq!(depth, 4);
        let of = |name: &str| of_weight.get(name).copied();
        assert_eq!([of("t.stem.weight"), of("t.blocks.0.b.bias")], [Some(0), Some(1)]);
        assert_eq!([of("t.blocks.10.a.weight"), of("t.blocks.2.a.weight")], [Some(2), Some(3)]);
        assert_eq!(of("other.weight"), None);
        assert_eq!(group("layer2.1.conv1.weight"), "layer2.1");
        assert_eq!(group("embeddings.LayerNorm.weight"), "embeddings");
        Ok(())
    }
}
