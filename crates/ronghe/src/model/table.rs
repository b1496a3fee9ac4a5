//! Predictions as columns, and inputs hidden on purpose.

use super::{Detailed, Model};
use crate::{Error, Predictor, Result, TaskKind};
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float64Array, ListArray, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{Field, Schema};
use ronghe_data::{Kind, Table};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What stands in a table of predictions beside the predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Output {
    /// All columns of the table as they were read, not its identifiers alone.
    pub with_input: bool,
    /// This many of the most probable classes or labels in place of a probability for each; all at 0.
    pub top: usize,
    /// Significant digits of probabilities, quantities and weights; all at 0.
    pub digits: usize,
}

/// A column of vectors as lists, which every format of tables can hold.
fn lists(table: &Table, column: usize) -> ArrayRef {
    let rows = (0..table.rows()).map(|row| Some(table.vector(column, row)?.into_iter().map(Some)));
    Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows))
}

impl Model {
    /// Predictions of `table`'s rows as columns: `row` (from 1, as in the file), identifiers or all columns as they were,
    /// `prediction`, `confidence` and `probability_LABEL` for each label, or `class_1`, `probability_1` and so on for the most
    /// probable ones. For multi-label, `prediction` holds the labels above one half with the target's separator between them,
    /// and there is no confidence; for regression it is the quantity and all there is. Where the fusion weighs its inputs,
    /// `weight_INPUT` follows for each. A column of the table that is called like one of these ends in `_input`.
    pub fn record_batch(&self, table: &Table, detailed: &Detailed, output: Output) -> Result<RecordBatch> {
        let rows = table.rows();
        let numbers = (0..rows).map(|i| table.row_number(i) as u64);
        let number: ArrayRef = Arc::new(UInt64Array::from_iter_values(numbers));
        let found = self.predicted(detailed, rows, output);
        let taken: BTreeSet<&str> = found.iter().map(|(name, _)| name.as_str()).chain(["row"]).collect();
        let mut columns = vec![("row".to_owned(), number)];
        for (i, spec) in table.schema().columns.iter().enumerate() {
            if output.with_input || spec.kind == Kind::Identifier {
                let mut name = spec.name.clone();
                while taken.contains(name.as_str()) || columns.iter().any(|(n, _)| *n == name) {
                    name.push_str("_input");
                }
                let cells = if spec.kind == Kind::Vector { lists(table, i) } else { table.column(i).clone() };
                columns.push((name, cells));
            }
        }
        let taken: BTreeSet<String> = taken.into_iter().map(str::to_owned).collect();
        columns.extend(found);
        let own = |name: &str| name == "row" || taken.contains(name);
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, cells)| Field::new(name, cells.data_type().clone(), !own(name)))
            .collect();
        let schema = Schema::new(fields);
        let cells = columns.into_iter().map(|(_, cells)| cells).collect();
        RecordBatch::try_new(Arc::new(schema), cells).map_err(|e| Error::Artifact {
            path: table.path().to_owned(),
            expected: "columns of one length".into(),
            found: e.to_string(),
            mend: "please report this".into(),
        })
    }

    /// The columns that the model makes.
    fn predicted(&self, detailed: &Detailed, rows: usize, output: Output) -> Vec<(String, ArrayRef)> {
        let (task, found) = (self.task(), &detailed.predictions);
        let number = |name: String, of: &dyn Fn(usize) -> f64| -> (String, ArrayRef) {
            let values = (0..rows).map(|row| significant(of(row), output.digits));
            (name, Arc::new(Float64Array::from_iter_values(values)))
        };
        let words = |name: String, of: &dyn Fn(usize) -> String| -> (String, ArrayRef) {
            (name, Arc::new(StringArray::from_iter_values((0..rows).map(of))))
        };
        let mut columns = Vec::new();
        match task.kind {
            TaskKind::Regression => columns.push(number("prediction".into(), &|row| found.row(row)[0])),
            TaskKind::MultiLabel => columns.push(words("prediction".into(), &|row| {
                let on = found.row(row).iter().zip(&task.labels).filter(|(p, _)| **p > 0.5);
                on.map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(&task.separator)
            })),
            TaskKind::Binary | TaskKind::MultiClass => {
                columns.push(words("prediction".into(), &|row| task.labels[found.best(row)].clone()));
                columns.push(number("confidence".into(), &|row| found.row(row)[found.best(row)]));
            }
        }
        if task.kind != TaskKind::Regression && output.top == 0 {
            for (k, label) in task.labels.iter().enumerate() {
                columns.push(number(format!("probability_{label}"), &|row| found.row(row)[k]));
            }
        } else if task.kind != TaskKind::Regression {
            let ranks: Vec<Vec<usize>> = (0..rows).map(|row| ranked(found.row(row))).collect();
            for k in 0..output.top.min(task.labels.len()) {
                columns.push(words(format!("class_{}", k + 1), &|row| task.labels[ranks[row][k]].clone()));
                columns.push(number(format!("probability_{}", k + 1), &|row| found.row(row)[ranks[row][k]]));
            }
        }
        if let Some(weights) = &detailed.fusion_weights {
            let inputs = self.inputs();
            for (k, input) in inputs.iter().enumerate() {
                let weight = |row: usize| f64::from(weights[row * inputs.len() + k]);
                columns.push(number(format!("weight_{}", input.name), &weight));
            }
        }
        columns
    }

    /// The mean weight of each input over the predicted rows, where the fusion weighs its inputs.
    pub fn mean_fusion_weights(&self, detailed: &Detailed) -> Option<Vec<(String, f64)>> {
        let weights = detailed.fusion_weights.as_ref().filter(|w| !w.is_empty())?;
        let inputs = self.inputs();
        let rows = weights.len() / inputs.len();
        let mean = |k: usize| {
            weights.iter().skip(k).step_by(inputs.len()).map(|&w| f64::from(w)).sum::<f64>() / rows as f64
        };
        Some(inputs.iter().enumerate().map(|(k, input)| (input.name.clone(), mean(k))).collect())
    }

    /// An error where one of the names is no input.
    pub fn check_inputs(&self, names: &[String]) -> Result<()> {
        names.iter().try_for_each(|name| self.input_columns(name).map(drop))
    }

    fn input_columns(&self, name: &str) -> Result<&[String]> {
        let input = self.inputs().iter().find(|i| i.name == name).ok_or_else(|| Error::UnknownName {
            place: "--without".into(),
            what: "input",
            name: name.to_owned(),
            valid: self.inputs().iter().map(|i| i.name.clone()).collect(),
        })?;
        Ok(&input.columns)
    }

    /// `table` without the columns of the named inputs, which then count as missing.
    pub fn hide(&self, table: &Table, inputs: &[String]) -> Result<Table> {
        let mut hidden: Vec<&str> = Vec::new();
        for name in inputs {
            hidden.extend(self.input_columns(name)?.iter().map(String::as_str));
        }
        let names = table.schema().names();
        let kept: Vec<&str> = names.iter().map(String::as_str).filter(|n| !hidden.contains(n)).collect();
        Ok(table.select(&kept)?)
    }
}

/// Positions of the values, the largest first; equal ones in their order.
fn ranked(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order
}

/// The number with so many significant digits; as it is with 0.
fn significant(value: f64, digits: usize) -> f64 {
    if digits == 0 || !value.is_finite() {
        return value;
    }
    // What this prints is a number.
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::{ranked, significant};

    #[test]
    fn digits_that_count() {
        for (value, digits, short) in [
            (0.123_456_789, 6, 0.123_457),
            (1_234_567.0, 6, 1_234_570.0),
            (-2.5e-9, 1, -3e-9),
            (0.1 + 0.2, 0, 0.1 + 0.2),
        ] {
            assert_eq!(significant(value, digits), short);
        }
        assert_eq!(significant(0.999_999_9, 6), 1.0);
        assert_eq!(ranked(&[0.1, 0.4, 0.1, 0.4]), [1, 3, 0, 2]);
    }
}
