//! Which dense layers of a trunk get adapters.

use super::Transfer;
use crate::{Error, Result};
use ronghe_graph::layers::{AttentionNames, BlockNames};
use ronghe_graph::passes::Adapter;
use std::collections::BTreeMap;

/// A layer's name within a transformer block.
type Layer = fn(&BlockNames) -> &'static str;

/// What `targets` may name, and which layer of a block it is.
pub static TARGETS: &[(&str, Layer)] = &[
    ("query", |b| b.attention.query),
    ("key", |b| b.attention.key),
    ("value", |b| b.attention.value),
    ("output", |b| b.attention.output),
    ("expand", |b| b.expand),
    ("contract", |b| b.contract),
];

/// The names of published blocks.
const BLOCKS: [BlockNames; 2] = [BlockNames::BERT, BlockNames::VIT];

/// The adapters of the strategy for the trunk with these `weights`; none for a strategy without. An error if no weight
/// is one of the targets: `input` stands in it.
pub fn adapters<'a>(
    transfer: &Transfer,
    weights: impl Iterator<Item = &'a str>,
    input: &str,
) -> Result<BTreeMap<String, Adapter>> {
    let Transfer::Lora { rank, alpha, targets, .. } = transfer else { return Ok(BTreeMap::new()) };
    let wanted: Vec<Layer> =
        TARGETS.iter().filter(|(name, _)| targets.iter().any(|t| t == name)).map(|t| t.1).collect();
    // The output layer of a feed-forward network is called as the end of that of attention.
    let is = |name: &str, layer: &str| {
        let attention = [AttentionNames::BERT.output, AttentionNames::VIT.output];
        let ends =
            |layer: &str| name.strip_suffix(".weight").is_some_and(|n| n.ends_with(&format!(".{layer}")));
        ends(layer) && (attention.contains(&layer) || !attention.iter().any(|a| ends(a)))
    };
    let found: BTreeMap<String, Adapter> = weights
        .filter(|name| wanted.iter().any(|layer| BLOCKS.iter().any(|block| is(name, layer(block)))))
        .map(|name| (name.to_owned(), Adapter { rank: *rank, alpha: *alpha }))
        .collect();
    if found.is_empty() {
        return Err(Error::Setting {
            place: format!("inputs.{input}"),
            setting: "transfer".into(),
            expected: "lora for a transformer (a text encoder or a ViT), with at least one target".into(),
            found: "a network without such layers: take frozen, gradual, full or norm+bias".into(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_in_both_namings() {
        let bert = [
            "x.encoder.layer.0.attention.self.query.weight",
            "x.encoder.layer.0.attention.self.query.bias",
            "x.encoder.layer.0.attention.output.dense.weight",
            "x.encoder.layer.0.intermediate.dense.weight",
            "x.encoder.layer.0.output.dense.weight",
            "x.encoder.layer.0.output.LayerNorm.weight",
            "x.encoder.layer.0.attention.attention.query.weight",
        ];
        let found = |targets: &[&str]| {
            let targets = targets.iter().map(|t| (*t).to_owned()).collect();
            let lora = Transfer::Lora { rank: 4, alpha: 8.0, targets, rate: 1.0 };
            let found = adapters(&lora, bert.iter().copied(), "x").unwrap();
            bert.iter().enumerate().filter(|(_, n)| found.contains_key(**n)).map(|n| n.0).collect::<Vec<_>>()
        };
        assert_eq!(found(&["query"]), [0, 6]);
        assert_eq!(found(&["output"]), [2]);
        assert_eq!(found(&["contract"]), [4]);
        assert_eq!(found(&["expand", "output"]), [2, 3]);
        let lora = Transfer::Lora { rank: 4, alpha: 8.0, targets: vec!["query".into()], rate: 1.0 };
        let message = adapters(&lora, ["features.0.weight"].into_iter(), "photo").unwrap_err().to_string();
        assert!(message.contains("photo") && message.contains("transformer"), "{message}");
    }
}
