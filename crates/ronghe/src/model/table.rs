//! Predictions as columns, and inputs hidden on purpose.

use super::{Detailed, Model};
use crate::{Error, Predictor, Result, TaskKind};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use ronghe_data::{Kind, Table};
use std::sync::Arc;

impl Model {
    /// Predictions of `table`'s rows as columns: `row` (from 1, as in the file), identifiers as they were,
    /// `prediction`, and `probability_LABEL` for each label. For multi-label, `prediction` holds the labels above one
    /// half with the target's separator between them; for regression it is the quantity. Where the fusion weighs its
    /// inputs, `weight_INPUT` follows for each.
    pub fn record_batch(&self, table: &Table, detailed: &Detailed) -> Result<RecordBatch> {
        let rows = table.rows();
        let mut fields = vec![Field::new("row", DataType::UInt64, false)];
        let numbers = (0..rows).map(|i| table.row_number(i) as u64);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from_iter_values(numbers))];
        for (i, spec) in table.schema().columns.iter().enumerate().filter(|(_, c)| c.kind == Kind::Identifier)
        {
            fields.push(Field::new(&spec.name, DataType::Utf8, true));
            columns.push(table.column(i).clone());
        }
        let (task, found) = (self.task(), &detailed.predictions);
        if task.kind == TaskKind::Regression {
            fields.push(Field::new("prediction", DataType::Float64, false));
            columns.push(Arc::new(Float64Array::from(found.values.clone())));
        } else {
            let name = |row: usize| match task.kind {
                TaskKind::MultiLabel => {
                    let on = found.row(row).iter().zip(&task.labels).filter(|(p, _)| **p > 0.5);
                    on.map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(&task.separator)
                }
                _ => task.labels[found.best(row)].clone(),
            };
            fields.push(Field::new("prediction", DataType::Utf8, false));
            columns.push(Arc::new(StringArray::from_iter_values((0..rows).map(name))));
            for (k, label) in task.labels.iter().enumerate() {
                fields.push(Field::new(format!("probability_{label}"), DataType::Float64, false));
                columns
                    .push(Arc::new(Float64Array::from_iter_values((0..rows).map(|row| found.row(row)[k]))));
            }
        }
        if let Some(weights) = &detailed.fusion_weights {
            let inputs = self.inputs();
            for (k, input) in inputs.iter().enumerate() {
                fields.push(Field::new(format!("weight_{}", input.name), DataType::Float64, false));
                let weight = |row: usize| f64::from(weights[row * inputs.len() + k]);
                columns.push(Arc::new(Float64Array::from_iter_values((0..rows).map(weight))));
            }
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|e| Error::Artifact {
            path: table.path().to_owned(),
            expected: "columns of one length".into(),
            found: e.to_string(),
            mend: "please report this".into(),
        })
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

    /// `table` without the columns of the named inputs, which then count as missing.
    pub fn hide(&self, table: &Table, inputs: &[String]) -> Result<Table> {
        let mut hidden: Vec<&str> = Vec::new();
        for name in inputs {
            let input = self.inputs().iter().find(|i| i.name == *name).ok_or_else(|| Error::UnknownName {
                place: "--without".into(),
                what: "input",
                name: name.clone(),
                valid: self.inputs().iter().map(|i| i.name.clone()).collect(),
            })?;
            hidden.extend(input.columns.iter().map(String::as_str));
        }
        let names = table.schema().names();
        let kept: Vec<&str> = names.iter().map(String::as_str).filter(|n| !hidden.contains(n)).collect();
        Ok(table.select(&kept)?)
    }
}
