//! In what precision a fitted model computes: in one, or in that for which its first batch speaks.
//!
//! With `auto` each part of the network (an encoder, the fusion) computes its first batch in f32 and in the precision of 16
//! bits that is fast on this processor, if there is one. The latter stays where each output has `|a - b| <= 1e-2 |b|`
//! (Euclidean lengths, b in f32) and a cosine with b of at least 0.9999; else f32 does. Vectors of texts, which are only
//! compared by angle, may be further away, each of them, and are tried in 8 bits first: 3.5e-2, cosine 0.9994. Of all that follow
//! the worst is then above 0.999 (of 1,000 encyclopedia leads 1 - cosine was 1.7 times that of the first batch at most).

use crate::{Error, Result};
use ronghe_cpu::{CpuExecutor, detected_cpu, fast_precision};
use ronghe_graph::{Executor, Feed, Graph, Outputs, Plan, Precision, ValueId, Weights};
use std::fmt;

/// How close rounded outputs are to be to those in f32.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closeness {
    /// Largest length of the difference, as a share of the length in f32.
    relative: f64,
    /// Least cosine.
    cosine: f64,
    /// Whether every row has to be, and 8 bits are tried before 16.
    rows: bool,
}

impl Closeness {
    /// For features and predictions.
    pub(crate) const FEATURES: Closeness = Closeness { relative: 1e-2, cosine: 0.9999, rows: false };
    /// For vectors of length 1 that are only compared by their angles: those of any two texts differ by far more.
    pub(crate) const ANGLES: Closeness = Closeness { relative: 0.035, cosine: 0.9994, rows: true };

    fn difference(&self, found: &Outputs<'_>, want: &Outputs<'_>, i: usize) -> Difference {
        let width = want.shape(i).last().copied().filter(|_| self.rows).unwrap_or(want.get(i).len());
        let rows = found.get(i).chunks(width.max(1)).zip(want.get(i).chunks(width.max(1)));
        let nothing = Difference { relative: 0.0, cosine: 1.0 };
        rows.map(|(found, want)| Difference::of(found, want)).fold(nothing, Difference::worse)
    }
}

/// The processor's feature for products of bf16.
const FEATURE: &str = "avx512bf16";

/// What a model is asked to compute in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrecisionMode {
    /// bf16 or int16 where the processor is faster in it and the first batch stays close to f32.
    Auto,
    /// f32: the same results on every processor of a kind.
    #[default]
    F32,
    /// bf16; an error where the processor lacks it.
    Bf16,
    /// int16: the same bits of the products on every processor.
    Int16,
}

impl PrecisionMode {
    /// The modes, by name.
    pub const ALL: [(&'static str, PrecisionMode); 4] = [
        ("auto", PrecisionMode::Auto),
        ("f32", PrecisionMode::F32),
        ("bf16", PrecisionMode::Bf16),
        ("int16", PrecisionMode::Int16),
    ];
}

/// What a part of a model computes in, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct PartPrecision {
    /// Name of the input, or `fusion`.
    pub part: String,
    /// What it computes in.
    pub precision: Precision,
    /// What was tried beside f32, and how far it was from that.
    pub tried: Option<(Precision, Difference)>,
}

/// How far outputs are from those in f32, the worst of several outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Length of the difference as a share of the length in f32.
    pub relative: f64,
    /// Cosine of the angle between both.
    pub cosine: f64,
}

impl fmt::Display for PartPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.part, self.precision.name())?;
        match self.tried {
            Some((tried, d)) => {
                write!(f, " ({} is {:.1e} from f32, cosine {:.6})", tried.name(), d.relative, d.cosine)
            }
            None => Ok(()),
        }
    }
}

impl Difference {
    /// Of one output.
    fn of(found: &[f32], want: &[f32]) -> Difference {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let squares: f64 = found.iter().zip(want).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
        let (all, both) = (dot(want, want), dot(want, want) * dot(found, found));
        // Nothing but zeros is close to itself only.
        if squares == 0.0 {
            return Difference { relative: 0.0, cosine: 1.0 };
        }
        Difference { relative: (squares / all).sqrt(), cosine: dot(found, want) / both.sqrt() }
    }

    fn worse(self, other: Difference) -> Difference {
        // What is not a number is the worst, and no comparison may drop it.
        if self.relative.is_nan() || self.cosine.is_nan() {
            return self;
        }
        let relative = if self.relative >= other.relative { self.relative } else { other.relative };
        let cosine = if self.cosine <= other.cosine { self.cosine } else { other.cosine };
        Difference { relative, cosine }
    }

    fn close(self, bounds: Closeness) -> bool {
        self.relative <= bounds.relative && self.cosine >= bounds.cosine
    }
}

/// A part of the network: its plan, and another until the first batch has decided.
pub(crate) struct Part {
    plan: Box<dyn Plan>,
    precision: Precision,
    /// The fastest first.
    trials: Vec<(Precision, Box<dyn Plan>)>,
    tried: Option<(Precision, Difference)>,
    closeness: Closeness,
}

impl Part {
    /// Compiles the part of `graph` that gives `outputs`.
    pub(crate) fn new(
        executor: &CpuExecutor,
        mode: PrecisionMode,
        graph: &Graph,
        outputs: &[ValueId],
        closeness: Closeness,
    ) -> Result<Part> {
        let precision = match mode {
            PrecisionMode::Auto | PrecisionMode::F32 => Precision::F32,
            PrecisionMode::Bf16 if detected_cpu().features.contains(&FEATURE) => Precision::Bf16,
            PrecisionMode::Bf16 => return Err(lacking()),
            PrecisionMode::Int16 => Precision::Int16,
        };
        let compile = |precision| executor.clone().with_precision(precision).compile(graph, outputs);
        // What is fast is measured, so only where it is asked.
        let fast = if mode == PrecisionMode::Auto { fast_precision() } else { None };
        let bytes = fast.filter(|_| closeness.rows).map(|_| Precision::Int8);
        let trials = bytes.into_iter().chain(fast).map(|fast| Ok((fast, compile(fast)?)));
        let trials = trials.collect::<Result<Vec<_>>>()?;
        Ok(Part { plan: compile(precision)?, precision, trials, tried: None, closeness })
    }

    /// Computes a batch; the first one in both precisions where it is to decide.
    pub(crate) fn run(&mut self, weights: &Weights, feed: &Feed) -> Result<Outputs<'_>> {
        for (fast, mut trial) in std::mem::take(&mut self.trials) {
            let (found, want) = (trial.run(weights, feed)?, self.plan.run(weights, feed)?);
            let outputs = (0..want.len()).map(|i| self.closeness.difference(&found, &want, i));
            let difference = outputs.reduce(Difference::worse);
            self.tried = difference.map(|d| (fast, d));
            if difference.is_some_and(|d| d.close(self.closeness)) {
                self.plan = trial;
                self.precision = fast;
                break;
            }
        }
        Ok(self.plan.run(weights, feed)?)
    }

    /// What it computes in; with `auto`, known once it has computed a batch.
    pub(crate) fn precision(&self, part: &str) -> PartPrecision {
        PartPrecision { part: part.to_owned(), precision: self.precision, tried: self.tried }
    }
}

fn lacking() -> Error {
    let cpu = detected_cpu();
    Error::Setting {
        place: "this machine".into(),
        setting: "precision".into(),
        expected: format!("f32, int16 or auto, since bf16 needs a processor with {FEATURE}"),
        found: format!("bf16 on {cpu}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_measured_against_f32() {
        let same = Difference::of(&[1.0, -2.0], &[1.0, -2.0]);
        assert!(same.close(Closeness::FEATURES) && same.relative == 0.0);
        assert!(Difference::of(&[0.0, 0.0], &[0.0, 0.0]).close(Closeness::FEATURES));
        let scaled = Difference::of(&[1.02, 2.04], &[1.0, 2.0]);
        assert!(
            (scaled.relative - 0.02).abs() < 1e-6
                && scaled.cosine > 0.9999
                && !scaled.close(Closeness::FEATURES)
        );
        assert!(!Difference::of(&[1.0, 0.0], &[0.0, 0.0]).close(Closeness::FEATURES));
        let broken = Difference::of(&[f32::NAN, 2.0], &[1.0, 2.0]);
        let close = |d: Difference| d.close(Closeness::FEATURES);
        assert!(!close(broken) && !close(broken.worse(same)) && !close(same.worse(broken)));
    }
}
