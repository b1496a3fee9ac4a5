//! Columns that give the target away.
//!
//! - Names (categories, booleans; a missing cell is a name) against classes: the accuracy of guessing, for each row
//!   whose value other rows share, the most frequent class of those other rows. A leak above 0.995, if at least half
//!   of the rows share their value and always guessing the most frequent class would be right in fewer than 0.9 of
//!   the rows.
//! - Numbers and dates against classes: the area under the ROC curve of the number for one class against the rest,
//!   `AUC = (R - p (p + 1) / 2) / (p q)` with `R` the sum of the ranks of the class's `p` rows among `p + q`
//!   (Mann and Whitney 1947), turned to be at least 0.5; the best of the 20 most frequent classes. A leak above 0.995
//!   if the class has at least 10 rows and so has the rest.
//! - Numbers against numbers: the absolute rank correlation (Spearman 1904). A leak above 0.999.

use super::{LeakMeasure, Warning};
use crate::{Kind, Table};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use std::collections::BTreeMap;

/// The leaks into column `target`.
pub(super) fn find(table: &Table, target: usize) -> Vec<Warning> {
    let columns = &table.schema().columns;
    let target_numbers = (columns[target].kind == Kind::Number).then(|| numbers(table, target));
    let target_classes = match columns[target].kind {
        Kind::Category | Kind::Boolean => Some(codes(table, target, false)),
        _ => None,
    };
    let mut leaks = Vec::new();
    for (i, spec) in columns.iter().enumerate() {
        if i == target {
            continue;
        }
        let found = match (spec.kind, &target_classes, &target_numbers) {
            (Kind::Category | Kind::Boolean, Some(classes), _) => {
                shared_accuracy(&codes(table, i, true), classes).map(|v| (LeakMeasure::Accuracy, v, 0.995))
            }
            (Kind::Number | Kind::Date, Some(classes), _) => {
                best_auc(&numbers(table, i), classes).map(|v| (LeakMeasure::Auc, v, 0.995))
            }
            (Kind::Number | Kind::Date, _, Some(wanted)) => {
                rank_correlation(&numbers(table, i), wanted).map(|v| (LeakMeasure::RankCorrelation, v, 0.999))
            }
            _ => None,
        };
        if let Some((measure, value, limit)) = found
            && value > limit
        {
            leaks.push(Warning::Leak { column: spec.name.clone(), measure, value });
        }
    }
    leaks
}

/// The values of a column as small numbers, in the order of the values. A missing one is a value if `missing`.
fn codes(table: &Table, column: usize, missing: bool) -> Vec<Option<usize>> {
    let mut values: BTreeMap<String, usize> = BTreeMap::new();
    let cells = table.column(column);
    let value =
        |row: usize| (missing || cells.is_valid(row)).then(|| table.display(column, row).into_owned());
    for row in 0..table.rows() {
        if let Some(value) = value(row) {
            values.insert(value, 0);
        }
    }
    values.values_mut().enumerate().for_each(|(i, code)| *code = i);
    (0..table.rows()).map(|row| value(row).map(|v| values[&v])).collect()
}

fn numbers(table: &Table, column: usize) -> Vec<Option<f64>> {
    let cells = table.column(column);
    match table.schema().columns[column].kind {
        Kind::Number => cells.as_primitive::<Float64Type>().iter().collect(),
        Kind::Date => {
            cells.as_primitive::<TimestampMillisecondType>().iter().map(|t| t.map(|t| t as f64)).collect()
        }
        _ => vec![None; table.rows()],
    }
}

fn shared_accuracy(values: &[Option<usize>], classes: &[Option<usize>]) -> Option<f64> {
    let mut counts: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    let mut totals: BTreeMap<usize, usize> = BTreeMap::new();
    for (value, class) in values.iter().zip(classes) {
        if let (Some(value), Some(class)) = (value, class) {
            *counts.entry(*value).or_default().entry(*class).or_default() += 1;
            *totals.entry(*class).or_default() += 1;
        }
    }
    let rows: usize = totals.values().sum();
    let (mut shared, mut right) = (0, 0);
    for of_value in counts.values() {
        let n: usize = of_value.values().sum();
        if n < 2 {
            continue;
        }
        shared += n;
        for (class, &count) in of_value {
            // Without the row itself its class has one row fewer; a tie is no knowledge.
            let others = of_value.iter().filter(|(c, _)| *c != class).map(|(_, &n)| n).max().unwrap_or(0);
            right += if count - 1 > others { count } else { 0 };
        }
    }
    let base = *totals.values().max()? as f64 / rows as f64;
    (2 * shared >= rows && base < 0.9).then(|| right as f64 / shared as f64)
}

fn best_auc(values: &[Option<f64>], classes: &[Option<usize>]) -> Option<f64> {
    let both: Vec<(f64, usize)> =
        values.iter().zip(classes).filter_map(|(v, c)| Some(((*v)?, (*c)?))).collect();
    let ranks = ranks(&both.iter().map(|(v, _)| *v).collect::<Vec<_>>());
    let mut sums: BTreeMap<usize, (usize, f64)> = BTreeMap::new();
    for ((_, class), rank) in both.iter().zip(ranks) {
        let entry = sums.entry(*class).or_default();
        entry.0 += 1;
        entry.1 += rank;
    }
    let mut sums: Vec<(usize, f64)> = sums.into_values().collect();
    sums.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let aucs = sums.iter().take(20).filter(|(p, _)| *p >= 10 && both.len() - p >= 10).map(|(p, sum)| {
        let (p, q) = (*p as f64, (both.len() - p) as f64);
        let auc = (sum - p * (p + 1.0) / 2.0) / (p * q);
        auc.max(1.0 - auc)
    });
    aucs.reduce(f64::max)
}

fn rank_correlation(values: &[Option<f64>], wanted: &[Option<f64>]) -> Option<f64> {
    let both: Vec<(f64, f64)> = values.iter().zip(wanted).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    if both.len() < 20 {
        return None;
    }
    let a = ranks(&both.iter().map(|(a, _)| *a).collect::<Vec<_>>());
    let b = ranks(&both.iter().map(|(_, b)| *b).collect::<Vec<_>>());
    let mean = (both.len() as f64 + 1.0) / 2.0;
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        ab += (a - mean) * (b - mean);
        aa += (a - mean) * (a - mean);
        bb += (b - mean) * (b - mean);
    }
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).abs())
}

/// Ranks from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let same = order[start..].iter().take_while(|&&i| values[i] == values[order[start]]).count();
        let rank = (start + 1) as f64 + (same - 1) as f64 / 2.0;
        order[start..start + same].iter().for_each(|&i| ranks[i] = rank);
        start += same;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_by_hand() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0]), [2.5, 1.0, 2.5]);
        let classes: Vec<Option<usize>> = (0..40).map(|i| Some(i % 2)).collect();
        let telling: Vec<Option<f64>> = (0..40).map(|i| Some(f64::from(i % 2 * 100 + i))).collect();
        let blind: Vec<Option<f64>> = (0..40).map(|i| Some(f64::from(i / 2))).collect();
        assert_eq!(best_auc(&telling, &classes), Some(1.0));
        assert_eq!(best_auc(&blind, &classes), Some(0.5));
        let values: Vec<Option<usize>> = (0..40).map(|i| Some(i % 4)).collect();
        assert_eq!(shared_accuracy(&values, &classes), Some(1.0));
        let unique: Vec<Option<usize>> = (0..40).map(Some).collect();
        assert_eq!(shared_accuracy(&unique, &classes), None);
        let wrong: Vec<Option<usize>> = (0..40).map(|i| Some(i / 2)).collect();
        assert_eq!(shared_accuracy(&wrong, &classes), Some(0.0));
        let squares: Vec<Option<f64>> = (0..40).map(|i| Some(-f64::from(i * i))).collect();
        let line: Vec<Option<f64>> = (0..40).map(|i| Some(f64::from(i))).collect();
        assert!((rank_correlation(&squares, &line).unwrap() - 1.0).abs() < 1e-12);
    }
}
