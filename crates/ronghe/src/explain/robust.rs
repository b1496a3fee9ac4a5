//! How much attributions owe to choices that nobody had to make.
//!
//! - **Another fill**: the row explained with each column's other fill (the next one of its masker); Spearman's rank
//!   correlation of the attributions to the explained output.
//! - **Sensitivity**: the row explained beside either half of the background rows;
//!   `|phi_a - phi_b| / |phi|`, Euclidean lengths over the players (after Yeh et al. 2019, whose neighbourhood is of the row).

use super::row::RowExplainer;
use super::{Faithfulness, MaskSpec, Options, Part, Player, RowExplanation};
use crate::Result;
use ronghe_data::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How good an explanation is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Whether the attributions tell what the model does.
    pub faithfulness: Faithfulness,
    /// The other fills, by column.
    pub other_masks: BTreeMap<String, String>,
    /// Rank correlation with the attributions under the other fills, -1 to 1; none where the players are others or all
    /// attributions are equal.
    pub rank_correlation: Option<f64>,
    /// Length of the difference between attributions beside either half of the background, as a share of the attributions';
    /// none where there is one background row, or nothing is attributed.
    pub sensitivity: Option<f64>,
}

impl Check {
    pub(super) fn of(
        explainer: &RowExplainer<'_>,
        row: &Table,
        found: &RowExplanation,
        faithfulness: Faithfulness,
    ) -> Result<Check> {
        let other_masks: BTreeMap<String, String> = explainer
            .specs()?
            .into_iter()
            .map(|(column, spec)| (column, MaskSpec { fill: other(&spec), ..spec }.text()))
            .collect();
        let plain = Options { check: false, ..explainer.options().clone() };
        let options = Options { masks: other_masks.clone(), ..plain.clone() };
        let background = explainer.background();
        let again = RowExplainer::new(explainer.predictor(), background, &options)?.explain(row, &|_| ())?;
        let half = background.rows() / 2;
        let sensitivity = if half == 0 {
            None
        } else {
            let beside = |rows: &Table| -> Result<Vec<f64>> {
                let found = RowExplainer::new(explainer.predictor(), rows, &plain)?.explain(row, &|_| ())?;
                Ok(phi(&found))
            };
            let (a, b) = (
                beside(&background.slice(0, half))?,
                beside(&background.slice(half, background.rows() - half))?,
            );
            let length = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
            let whole = length(&mut phi(found).into_iter());
            let apart = length(&mut a.iter().zip(&b).map(|(a, b)| a - b));
            (whole > 0.0 && a.len() == b.len()).then(|| apart / whole)
        };
        let (one, other) = (&found.finest().players, &again.finest().players);
        let same = one.len() == other.len() && one.iter().zip(other).all(|(a, b)| alike(a, b));
        let rank_correlation = if same { spearman(&phi(found), &phi(&again)) } else { None };
        Ok(Check { faithfulness, other_masks, rank_correlation, sensitivity })
    }
}

/// Whether two players are one, whatever fills the parts that a rest of a cell stands beside.
fn alike(a: &Player, b: &Player) -> bool {
    match (&a.part, &b.part) {
        (Some(Part::Rest { .. }), Some(Part::Rest { .. })) => a.columns == b.columns,
        _ => a == b,
    }
}

/// The fill after this one's.
fn other(spec: &MaskSpec) -> &'static str {
    let fills = spec.masker.fills;
    let at = fills.iter().position(|f| f.name == spec.fill).unwrap_or(0);
    fills[(at + 1) % fills.len()].name
}

/// The attributions to the explained output.
fn phi(found: &RowExplanation) -> Vec<f64> {
    let e = found.finest();
    e.attributions.iter().map(|a| a[e.explained]).collect()
}

/// Correlation of ranks; equal values share their mean rank.
fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let ranks = |v: &[f64]| -> Vec<f64> {
        let below = |x: f64| v.iter().filter(|y| **y < x).count() as f64;
        let equal = |x: f64| v.iter().filter(|y| **y == x).count() as f64;
        v.iter().map(|&x| below(x) + (equal(x) - 1.0) / 2.0).collect()
    };
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_agree_or_not() {
        assert_eq!(spearman(&[1.0, 5.0, 9.0], &[0.1, 0.2, 7.0]), Some(1.0));
        assert_eq!(spearman(&[1.0, 5.0, 9.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(spearman(&[1.0, 1.0], &[3.0, 2.0]), None);
    }
}
