//! The published networks of a training: what of them is open in which epoch.

use super::source::Source;
use crate::config::{ModelConfig, NamedConfig};
use crate::head::Loss;
use crate::model::network;
use crate::network::Trunk;
use crate::transfer::{Stage, Transfer, adapters, groups};
use crate::{Result, Task};
use ronghe_graph::passes::{Adapter, adapt};
use ronghe_graph::{Mode, Weights};
use std::collections::{BTreeMap, BTreeSet};

/// All published networks of a model.
pub(super) struct Trunks {
    of_input: Vec<Option<Published>>,
    /// Adapters by the weight that they stand beside.
    pub(super) adapters: BTreeMap<String, Adapter>,
    /// Weights that may be trained at all: running statistics are not.
    open: BTreeSet<String>,
    /// Running statistics that training moves.
    pub(super) statistics: Vec<String>,
}

struct Published {
    transfer: Transfer,
    /// As the encoder gave them, without scope.
    weights: Weights,
    groups: BTreeMap<String, usize>,
    depth: usize,
    /// Names of its adapters' weights.
    adapters: Vec<String>,
}

impl Trunks {
    /// Reads published weights, and declares all weights of the model.
    pub(super) fn open(config: &ModelConfig, task: &Task, source: &Source) -> Result<(Trunks, Weights)> {
        let mut weights = Weights::new();
        let mut published = Vec::new();
        for input in &source.inputs {
            let loaded = input.encoder.pretrained()?;
            if let Some(loaded) = &loaded {
                weights.absorb(&format!("encode.{}", input.name), loaded.clone());
            }
            published.push(loaded);
        }
        let whole = source.encoders(&vec![Trunk::Part; source.inputs.len()]);
        let net = network(config, task, &whole, &mut weights, Mode::Train, Some(Loss::default()))?;
        let mut trunks = Trunks {
            of_input: Vec::new(),
            adapters: BTreeMap::new(),
            open: BTreeSet::new(),
            statistics: net.graph.updates().iter().map(|u| u.weight.clone()).collect(),
        };
        for (input, loaded) in config.inputs.iter().zip(published) {
            if input.transfer == NamedConfig::default() {
                trunks.of_input.push(None);
                continue;
            }
            let transfer = Transfer::parse(&input.transfer, &format!("inputs.{}", input.name))?;
            let (groups, depth) = groups(&net.graph, &format!("encode.{}.trunk.", input.name));
            let own = adapters(&transfer, groups.keys().map(String::as_str), &input.name)?;
            let before: BTreeSet<String> = weights.iter().map(|(name, _)| name.to_owned()).collect();
            adapt(&net.graph, &mut weights, &own, config.seed)?;
            let fresh = weights.iter().map(|(name, _)| name.to_owned()).filter(|n| !before.contains(n));
            trunks.of_input.push(Some(Published {
                transfer,
                weights: loaded.unwrap_or_default(),
                groups,
                depth,
                adapters: fresh.collect(),
            }));
            trunks.adapters.extend(own);
        }
        trunks.open = weights.iter().filter(|(_, p)| p.trainable).map(|(name, _)| name.to_owned()).collect();
        Ok((trunks, weights))
    }

    /// What is open of each input's network in `epoch`, from 0; everything of an input without a published one.
    pub(super) fn stages(&self, epoch: usize) -> Vec<Stage> {
        let stage =
            |p: &Option<Published>| p.as_ref().map_or(Stage::From(0), |p| p.transfer.stage(epoch, p.depth));
        self.of_input.iter().map(stage).collect()
    }

    /// The weights that input's published network starts from.
    pub(super) fn published(&self, input: usize) -> Option<&Weights> {
        self.of_input[input].as_ref().map(|p| &p.weights)
    }

    /// Freezes and unfreezes the weights for `stages`.
    pub(super) fn set_trainable(&self, stages: &[Stage], weights: &mut Weights) {
        for name in &self.open {
            weights.set_trainable(name, true);
        }
        for (published, stage) in self.of_input.iter().zip(stages) {
            let Some(published) = published else { continue };
            for (name, &group) in published.groups.iter().filter(|(name, _)| self.open.contains(*name)) {
                let vector = weights.get(name).is_some_and(|tensor| tensor.shape().len() == 1);
                let open = match stage {
                    Stage::Closed | Stage::Adapters => false,
                    Stage::From(first) => group >= *first,
                    Stage::NormBias => vector,
                };
                weights.set_trainable(name, open);
            }
            for name in &published.adapters {
                weights.set_trainable(name, *stage == Stage::Adapters);
            }
        }
    }

    /// Factors on the learning rate by weight.
    pub(super) fn rates(&self) -> BTreeMap<String, f32> {
        let mut rates = BTreeMap::new();
        for published in self.of_input.iter().flatten() {
            let Published { transfer, groups, depth, adapters, .. } = published;
            rates.extend(groups.iter().map(|(name, &group)| (name.clone(), transfer.rate(group, *depth))));
            rates.extend(adapters.iter().map(|name| (name.clone(), transfer.rate(0, 1))));
        }
        rates
    }

    /// Whether weight `name` belongs to a published network that training leaves as it is, but for adapters beside it.
    pub(super) fn is_as_published(&self, name: &str) -> bool {
        let kept = |p: &&Published| matches!(p.transfer, Transfer::Frozen | Transfer::Lora { .. });
        self.of_input.iter().flatten().filter(kept).any(|p| p.groups.contains_key(name))
    }
}
