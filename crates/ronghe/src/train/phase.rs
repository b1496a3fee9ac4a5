//! The networks of a training while the same weights are trained.

use super::judge::Judge;
use super::runner::Runner;
use super::source::Source;
use super::trunks::Trunks;
use crate::config::{ModelConfig, TrainingConfig};
use crate::head::Loss;
use crate::model::network;
use crate::network::Trunk;
use crate::transfer::Stage;
use crate::{Result, Targets, Task};
use ronghe_cpu::CpuExecutor;
use ronghe_data::Split;
use ronghe_graph::passes::adapt;
use ronghe_graph::{Mode, ValueId, Weights, grad};
use std::collections::BTreeSet;

/// What is to be learned, from which rows.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) config: &'a ModelConfig,
    pub(super) task: &'a Task,
    pub(super) targets: &'a Targets,
    pub(super) split: &'a Split,
}

/// Compiled networks for training and for figures.
pub(super) struct Phase<'a> {
    /// What is open of each input's published network.
    pub(super) stages: Vec<Stage>,
    /// Computes loss, logits, gradients, new statistics, in this order.
    pub(super) runner: Runner,
    pub(super) judge: Judge<'a>,
    /// Names of the weights whose gradients follow logits and loss among the runner's outputs.
    pub(super) gradients: Vec<String>,
    /// Names of the weights whose new values follow the gradients.
    pub(super) updates: Vec<String>,
}

impl<'a> Phase<'a> {
    /// Makes the networks for `stages`, and leaves those weights trainable that are open in them.
    pub(super) fn new(
        job: Job<'a>,
        stages: Vec<Stage>,
        source: &Source,
        trunks: &Trunks,
        weights: &mut Weights,
        executor: &CpuExecutor,
    ) -> Result<Phase<'a>> {
        let Job { config, task, split, .. } = job;
        let forms = |rows: &[usize]| {
            let one = |(input, stage): (usize, &Stage)| match (stage, source.width(input, rows)) {
                (Stage::Closed, Some(width)) => Trunk::Fed(width),
                (Stage::Closed, None) => Trunk::Fixed,
                _ => Trunk::Part,
            };
            stages.iter().enumerate().map(one).collect::<Vec<Trunk>>()
        };
        let TrainingConfig { label_smoothing: smoothing, mixup, .. } = config.training;
        let loss = Loss { smoothing, blended: mixup > 0.0 };
        let encoders = source.encoders(&forms(&split.train));
        let mut net = network(config, task, &encoders, weights, Mode::Train, Some(loss))?;
        trunks.set_trainable(&stages, weights);
        net.graph.set_output("logits", net.logits);
        let Some(loss) = net.loss else { unreachable!("a training network has a loss") };
        net.graph.set_output("loss", loss);
        let mut graph = adapt(&net.graph, weights, &trunks.adapters, config.seed)?;
        let [loss, logits] = ["loss", "logits"].map(|name| graph.outputs()[name]);
        let trainable: BTreeSet<String> =
            graph.weights().keys().filter(|name| weights.trainable(name)).cloned().collect();
        let grads = grad(&mut graph, loss, &trainable)?;
        let updates: Vec<String> = graph.updates().iter().map(|u| u.weight.clone()).collect();
        let gradients: Vec<String> = grads.keys().cloned().collect();
        let mut outputs: Vec<(String, ValueId)> = vec![("loss".into(), loss), ("logits".into(), logits)];
        outputs.extend(grads.iter().map(|(name, &value)| (format!("grad.{name}"), value)));
        outputs.extend(graph.updates().iter().map(|u| (format!("update.{}", u.weight), u.value)));
        let outputs: Vec<(&str, ValueId)> = outputs.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        let runner = Runner::new(executor, &graph, weights, &outputs)?;

        let judged: Vec<usize> = split.validation.iter().chain(&split.test).copied().collect();
        let judge = Judge::new(job, source, &forms(&judged), weights, executor)?;
        // Whoever declares running statistics freezes them, and nothing else.
        trunks.set_trainable(&stages, weights);
        Ok(Phase { stages, runner, judge, gradients, updates })
    }
}
