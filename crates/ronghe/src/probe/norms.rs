//! How far pictures lie from those that a network was trained on, read off its batch norms.
//!
//! A batch norm's running mean and variance are the source's own statistics of what goes into it; the target's are those of
//! some of its rows. Per norm and channel, the Fréchet distance of the two normal distributions in units of the source:
//! ```text
//! g_c = ((m_t - m_s)² + (s_t - s_s)²) / s_s²            s² with the norm's epsilon added
//! gap = mean over channels; of a network: mean over its last third of norms, where content counts more than light
//! ```
//! 0 is the source itself; 1 is a shift by one deviation of the source in every channel. Statistics run over rows and places,
//! in f64. Source: Fréchet 1957; the statistics of norms as a sign of the domain after Li et al. 2018.

use crate::Result;
use crate::encode::Encoder;
use rayon::prelude::*;
use ronghe_cpu::CpuExecutor;
use ronghe_data::Table;
use ronghe_graph::{Builder, Executor, Feed, Graph, Mode, Op, Source, ValueId, Weights};
use serde::Serialize;

/// The gap at one norm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NormGap {
    /// Name of the norm in the network.
    pub name: String,
    /// Its channels.
    pub channels: usize,
    /// Mean over channels, in variances of the source.
    pub gap: f64,
}

/// The gap of a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DomainGap {
    /// Rows of the target that were looked at.
    pub rows: usize,
    /// Mean over the last third of norms.
    pub gap: f64,
    /// Every norm, from the input on.
    pub norms: Vec<NormGap>,
}

const SCOPE: &str = "gap";
/// Rows at a time: what goes into every norm is in memory for these.
const BATCH: usize = 8;

/// What one norm is fed, and the source's statistics of it.
struct Norm {
    name: String,
    input: ValueId,
    mean: Vec<f32>,
    variance: Vec<f32>,
    eps: f32,
    count: f64,
    /// Sums of the differences from the source's mean, and of their squares.
    first: Vec<f64>,
    second: Vec<f64>,
}

/// Runs `rows` of `table` through the published network of `encoder`; `None` if it has none, or one without batch norms.
pub fn domain_gap(
    encoder: &dyn Encoder,
    pretrained: &Weights,
    executor: &CpuExecutor,
    table: &Table,
    rows: &[usize],
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<Option<DomainGap>> {
    let mut weights = Weights::new();
    weights.absorb(SCOPE, pretrained.clone());
    let mut b = Builder::new(&mut weights, Mode::Infer, 0);
    if b.scoped(SCOPE, |b| encoder.trunk(b))?.is_none() {
        return Ok(None);
    }
    let graph = b.finish();
    let mut norms = norms(&graph, &weights);
    if norms.is_empty() {
        return Ok(None);
    }
    let inputs: Vec<ValueId> = norms.iter().map(|n| n.input).collect();
    let mut plan = executor.compile(&graph, &inputs)?;
    let mut seen = 0;
    for batch in rows.chunks(BATCH) {
        let prepared = encoder.prepare(&table.take(batch)?)?;
        let here: Vec<usize> = (0..batch.len()).filter(|&i| prepared.present[i]).collect();
        if !here.is_empty() {
            let mut feed = Feed::default();
            prepared.feed(&here, SCOPE, &mut feed)?;
            let found = plan.run(&weights, &feed)?;
            let values: Vec<&[f32]> = (0..norms.len()).map(|i| found.get(i)).collect();
            norms.par_iter_mut().zip(values).for_each(|(norm, values)| norm.add(values));
        }
        seen += here.len();
        progress(seen.min(rows.len()), rows.len())?;
    }
    if seen == 0 {
        return Ok(None);
    }
    let norms: Vec<NormGap> = norms.into_iter().map(Norm::gap).collect();
    let late = &norms[norms.len() - norms.len().div_ceil(3)..];
    let gap = late.iter().map(|n| n.gap).sum::<f64>() / late.len() as f64;
    Ok(Some(DomainGap { rows: seen, gap, norms }))
}

/// The norms of a network for inference, in order.
fn norms(graph: &Graph, weights: &Weights) -> Vec<Norm> {
    let weight = |value: ValueId| match &graph.value(value).source {
        Source::Weight(name) => Some((name.as_str(), weights.get(name)?.as_f32().to_vec())),
        _ => None,
    };
    let norm = |node: &ronghe_graph::Node| {
        let (Op::BatchNormFixed { eps }, [input, _, _, mean, variance]) = (&node.op, node.inputs.as_slice())
        else {
            return None;
        };
        let ((name, mean), (_, variance)) = (weight(*mean)?, weight(*variance)?);
        let channels = mean.len();
        let name = name.trim_start_matches(SCOPE).trim_start_matches('.').trim_start_matches("trunk.");
        Some(Norm {
            name: name.trim_end_matches(".running_mean").to_owned(),
            input: *input,
            mean,
            variance,
            eps: *eps,
            count: 0.0,
            first: vec![0.0; channels],
            second: vec![0.0; channels],
        })
    };
    graph.nodes().iter().filter_map(norm).collect()
}

impl Norm {
    fn add(&mut self, values: &[f32]) {
        let channels = self.mean.len();
        for place in values.chunks_exact(channels) {
            for c in 0..channels {
                let difference = f64::from(place[c] - self.mean[c]);
                self.first[c] += difference;
                self.second[c] += difference * difference;
            }
        }
        self.count += (values.len() / channels) as f64;
    }

    fn gap(self) -> NormGap {
        let eps = f64::from(self.eps);
        let channels = self.mean.len();
        let one = |c: usize| {
            let shift = self.first[c] / self.count;
            let variance = (self.second[c] / self.count - shift * shift).max(0.0) + eps;
            let source = f64::from(self.variance[c]) + eps;
            (shift * shift + (variance.sqrt() - source.sqrt()).powi(2)) / source
        };
        let gap = (0..channels).map(one).sum::<f64>() / channels as f64;
        NormGap { name: self.name, channels, gap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::{DType, Shape, Tensor, layers};

    #[test]
    fn the_gap_of_a_norm_by_hand() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("x", &Shape::batch(&[2]), DType::F32)?;
        let config = layers::BatchNorm { eps: 0.0, ..layers::BatchNorm::default() };
        layers::batch_norm(&mut b, "bn", x, ronghe_graph::Act::Identity, config)?;
        let graph = b.finish();
        weights.insert("bn.running_mean", Tensor::f32(&[2], vec![1.0, 0.0])?, false);
        weights.insert("bn.running_var", Tensor::f32(&[2], vec![4.0, 1.0])?, false);
        let mut found = norms(&graph, &weights);
        assert_eq!((found.len(), found[0].name.as_str()), (1, "bn"));
        // The first channel has mean 3 and deviation 2, the second mean 0 and deviation 3.
        found[0].add(&[1.0, -3.0, 5.0, 3.0]);
        let gap = found.remove(0).gap();
        assert!((gap.gap - (1.0 + 4.0) / 2.0).abs() < 1e-9, "{gap:?}");
        Ok(())
    }
}
