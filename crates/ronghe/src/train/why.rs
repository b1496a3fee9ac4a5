//! What was chosen where the configuration does not say, in words.

use crate::config::{ModelConfig, TargetConfig};
use crate::{Result, TaskKind};
use arrow_array::Array;
use ronghe_data::{Kind, Table};
use std::collections::BTreeSet;

/// Which task was chosen for `table` and why: `given` is what was written, `config` what it was resolved to.
pub fn chosen_task(given: &ModelConfig, config: &ModelConfig, table: &Table) -> Result<String> {
    let target = &config.target;
    let kind = target.task.unwrap_or(TaskKind::MultiClass);
    let columns = target.all();
    let (what, why) = match columns.as_slice() {
        [column] => {
            let (at, found) = table.find(column)?;
            let values = distinct(table, at, found, kind, target);
            let unit = if kind == TaskKind::MultiLabel { "label" } else { "value" };
            let different = if found == Kind::Number { "different " } else { "" };
            let why = format!("{found} column, {}", count(values, &format!("{different}{unit}")));
            (of(kind, values), why)
        }
        _ => (of(kind, columns.len()), count(columns.len(), "column")),
    };
    let set = |task: &str| format!("--set target.task={task}");
    let hint = match (given.target.task, kind) {
        (Some(_), _) => ", as target.task says".to_owned(),
        (None, TaskKind::Regression) => format!("; for classes: {}", set("multi_class")),
        _ => String::new(),
    };
    Ok(format!("target {}: {what} ({why}{hint})", columns.join(", ")))
}

/// How long training is to last, where that was not written.
pub fn chosen_epochs(given: &ModelConfig, config: &ModelConfig, rows: usize) -> Option<String> {
    if given.training.epochs.is_some() {
        return None;
    }
    let training = &config.training;
    let (epochs, steps) = (training.passes(), rows.div_ceil(training.batch_size.max(1)));
    let patience =
        training.patience.map_or(String::new(), |p| format!(", fewer where {p} bring nothing better"));
    Some(format!("{epochs} epochs of {}{patience} (training.epochs was not written)", count(steps, "step")))
}

fn of(kind: TaskKind, labels: usize) -> String {
    match kind {
        TaskKind::Binary | TaskKind::MultiClass => count(labels, "class"),
        TaskKind::MultiLabel => format!("any of {}", count(labels, "label")),
        TaskKind::Regression => "a quantity".into(),
    }
}

/// Different values, or labels, in a column.
fn distinct(table: &Table, at: usize, found: Kind, kind: TaskKind, target: &TargetConfig) -> usize {
    let cells = (0..table.rows()).filter(|&row| !table.is_missing(at, row));
    if kind == TaskKind::MultiLabel {
        let separator = target.separator.as_deref().unwrap_or("|");
        let mut labels = BTreeSet::new();
        for row in cells {
            let cell = table.display(at, row);
            labels.extend(cell.split(separator).map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()));
        }
        return labels.len();
    }
    let numbers = table.column(at).as_any().downcast_ref::<arrow_array::Float64Array>();
    match numbers.filter(|_| found == Kind::Number) {
        Some(numbers) => cells.map(|row| numbers.value(row).to_bits()).collect::<BTreeSet<u64>>().len(),
        None => cells.map(|row| table.display(at, row).into_owned()).collect::<BTreeSet<String>>().len(),
    }
}

fn count(n: usize, noun: &str) -> String {
    let ending = match (n, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        _ => "s",
    };
    format!("{n} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::resolve;
    use arrow_array::{ArrayRef, BooleanArray, Float64Array, StringArray};
    use ronghe_data::{ColumnSchema, Schema};
    use std::path::Path;
    use std::sync::Arc;

    fn table() -> Table {
        let n = 180;
        let names = |of: &[&str]| -> ArrayRef {
            Arc::new(StringArray::from_iter_values((0..n).map(|i| of[i % of.len()])))
        };
        let columns: [(&str, Kind, ArrayRef); 5] = [
            ("level", Kind::Category, names(&["low", "middle", "high"])),
            ("price", Kind::Number, Arc::new(Float64Array::from_iter_values((0..n).map(|i| i as f64)))),
            ("sold", Kind::Boolean, Arc::new(BooleanArray::from_iter((0..n).map(|i| Some(i % 2 == 0))))),
            ("tags", Kind::Category, names(&["a|b", "甲", "b"])),
            ("x", Kind::Category, names(&["p", "q"])),
        ];
        let schema = columns.iter().map(|(name, kind, _)| ColumnSchema::new(*name, *kind)).collect();
        let cells = columns.into_iter().map(|c| c.2).collect();
        Table::new(Arc::new(Schema { columns: schema }), cells, Path::new("t"), Path::new("."), 1).unwrap()
    }

    #[test]
    fn the_task_is_said_with_its_reason() {
        let table = table();
        let said = |column: &str, task: Option<TaskKind>| {
            let mut given = ModelConfig::default();
            given.target.column = column.into();
            given.target.task = task;
            let config = resolve(&given, &table, &|_| false).unwrap();
            chosen_task(&given, &config, &table).unwrap()
        };
        assert_eq!(said("level", None), "target level: 3 classes (category column, 3 values)");
        assert_eq!(
            said("price", None),
            "target price: a quantity (number column, 180 different values; for classes: --set target.task=multi_class)"
        );
        assert_eq!(said("sold", None), "target sold: 2 classes (boolean column, 2 values)");
        assert_eq!(
            said("tags", Some(TaskKind::MultiLabel)),
            "target tags: any of 3 labels (category column, 3 labels, as target.task says)"
        );
        let given = ModelConfig::default();
        let mut config = given.clone();
        config.training.epochs = Some(300);
        config.training.patience = Some(60);
        assert_eq!(
            chosen_epochs(&given, &config, 42).unwrap(),
            "300 epochs of 1 step, fewer where 60 bring nothing better (training.epochs was not written)"
        );
        assert_eq!(chosen_epochs(&config, &config, 42), None);
    }
}
