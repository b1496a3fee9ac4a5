//! The smallest change to a row's columns that changes its class.
//!
//! Cells are changed to values that occur in other rows: numbers to its deciles (and then back towards the row by halving,
//! as far as the class stays changed), categories and booleans to any. The cost of a change is `|new - old| / (range between the
//! deciles 1 and 9)` for a number and 1 for another kind. One change is tried first, then two, up to four, keeping at each number of
//! changes the 8 rows that come closest to another class (a beam search: no promise of the very smallest).

use super::cells::{Value, put};
use crate::{Error, Predictor, Result, TaskKind};
use ronghe_data::Table;
use serde::{Deserialize, Serialize};

/// Most columns changed.
const MOST: usize = 4;
/// Rows kept at each number of changes.
const BEAM: usize = 8;
/// Halvings of a number's way back.
const HALVINGS: usize = 12;
/// Most values tried of a column that is no number.
const VALUES: usize = 20;

/// A cell changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The column.
    pub column: String,
    /// What the row has; none where missing.
    pub from: Option<Value>,
    /// What it would have.
    pub to: Value,
}

/// A row that would get another class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// What is changed.
    pub changes: Vec<Change>,
    /// Cost of the changes.
    pub cost: f64,
    /// The class of the row as it is, and its probability.
    pub from: (String, f64),
    /// The class after the changes, and its probability.
    pub to: (String, f64),
}

/// A column that may be changed.
struct Column {
    name: String,
    at: usize,
    old: Option<Value>,
    values: Vec<Value>,
    /// Range between the deciles 1 and 9.
    range: f64,
}

impl Column {
    fn cost(&self, to: &Value) -> f64 {
        match (&self.old, to) {
            (Some(Value::Number(old)), Value::Number(new)) => (new - old).abs() / self.range,
            _ => 1.0,
        }
    }
}

/// Changes by column, as many as made so far.
type Changed = Vec<(usize, Value)>;

/// The smallest change found for `row` (a table of one) that changes its class; none if none was found. Values are taken from the
/// rows of the tables `among`. Columns in `keep` are
/// left as they are.
pub fn counterfactual(
    predictor: &dyn Predictor,
    row: &Table,
    among: &[&Table],
    keep: &[String],
) -> Result<Option<Counterfactual>> {
    let task = predictor.task();
    if !matches!(task.kind, TaskKind::Binary | TaskKind::MultiClass) {
        return Err(Error::Explain {
            what: "counterfactual".into(),
            expected: "a model of classes".into(),
            found: "one of a quantity or of several labels".into(),
            mend: "explain its columns instead".into(),
        });
    }
    let columns = columns(predictor, row, among, keep)?;
    let first = predictor.predict(row)?;
    let class = first.best(0);
    // How close each changed row is to another class: the largest other probability less its own.
    let judge = |tried: &[Changed]| -> Result<Vec<f64>> {
        let found = predictor.predict(&changed(row, &columns, tried)?)?;
        let margin = |r: usize| {
            let p = found.row(r);
            (0..p.len()).filter(|&k| k != class).map(|k| p[k]).fold(0.0, f64::max) - p[class]
        };
        Ok((0..found.rows()).map(margin).collect())
    };
    let cost = |tried: &Changed| tried.iter().map(|(c, to)| columns[*c].cost(to)).sum::<f64>();
    let mut beam: Vec<Changed> = vec![Vec::new()];
    for _ in 0..MOST {
        let mut tried: Vec<Changed> = Vec::new();
        for made in &beam {
            for (c, column) in columns.iter().enumerate().filter(|(c, _)| made.iter().all(|m| m.0 != *c)) {
                for value in column.values.iter().filter(|v| column.old.as_ref() != Some(v)) {
                    let mut next = made.clone();
                    next.push((c, value.clone()));
                    next.sort_by_key(|m| m.0);
                    if !tried.contains(&next) {
                        tried.push(next);
                    }
                }
            }
        }
        if tried.is_empty() {
            return Ok(None);
        }
        let margins = judge(&tried)?;
        let flips = (0..tried.len()).filter(|&i| margins[i] > 0.0);
        if let Some(best) = flips.min_by(|&a, &b| cost(&tried[a]).total_cmp(&cost(&tried[b]))) {
            let changes = shrink(tried.swap_remove(best), &columns, &judge)?;
            let last = predictor.predict(&changed(row, &columns, std::slice::from_ref(&changes))?)?;
            let said = |k: usize, p: f64| (task.labels[k].clone(), p);
            return Ok(Some(Counterfactual {
                cost: cost(&changes),
                changes: changes
                    .into_iter()
                    .map(|(c, to)| Change {
                        column: columns[c].name.clone(),
                        from: columns[c].old.clone(),
                        to,
                    })
                    .collect(),
                from: said(class, first.row(0)[class]),
                to: said(last.best(0), last.row(0)[last.best(0)]),
            }));
        }
        let mut order: Vec<usize> = (0..tried.len()).collect();
        order.sort_by(|&a, &b| margins[b].total_cmp(&margins[a]));
        beam = order.into_iter().take(BEAM).map(|i| tried[i].clone()).collect();
    }
    Ok(None)
}

/// Moves each changed number back towards the row as far as the class stays changed.
fn shrink(
    mut changes: Changed,
    columns: &[Column],
    judge: &dyn Fn(&[Changed]) -> Result<Vec<f64>>,
) -> Result<Changed> {
    for i in 0..changes.len() {
        let (Some(Value::Number(old)), Value::Number(new)) = (&columns[changes[i].0].old, &changes[i].1)
        else {
            continue;
        };
        let (mut stays, mut flips) = (*old, *new);
        for _ in 0..HALVINGS {
            let middle = (stays + flips) / 2.0;
            changes[i].1 = Value::Number(middle);
            if judge(std::slice::from_ref(&changes))?[0] > 0.0 {
                flips = middle;
            } else {
                stays = middle;
            }
        }
        changes[i].1 = Value::Number(flips);
    }
    Ok(changes)
}

/// The row once for each set of changes, with them.
fn changed(row: &Table, columns: &[Column], tried: &[Changed]) -> Result<Table> {
    let mut table = row.take(&vec![0; tried.len()])?;
    for (c, column) in columns.iter().enumerate() {
        let cells: Vec<Option<Value>> =
            tried.iter().map(|made| made.iter().find(|m| m.0 == c).map(|m| m.1.clone())).collect();
        if cells.iter().any(Option::is_some) {
            table = put(&table, column.at, &cells)?;
        }
    }
    Ok(table)
}

/// The columns that may be changed, with the values to try.
fn columns(predictor: &dyn Predictor, row: &Table, among: &[&Table], keep: &[String]) -> Result<Vec<Column>> {
    let mut found: Vec<Column> = Vec::new();
    for name in predictor.inputs().iter().flat_map(|i| &i.columns) {
        let Some(at) = row.schema().index(name) else { continue };
        if keep.contains(name) || found.iter().any(|c| c.name == *name) {
            continue;
        }
        let kind = row.schema().columns[at].kind;
        let there = among.iter().filter_map(|t| Some((t, t.schema().index(name)?)));
        let seen: Vec<Value> = there
            .filter(|(t, i)| t.schema().columns[*i].kind == kind)
            .flat_map(|(t, i)| (0..t.rows()).filter_map(move |r| Value::of(t, i, r)))
            .collect();
        let mut numbers: Vec<f64> =
            seen.iter().filter_map(|v| if let Value::Number(v) = v { Some(*v) } else { None }).collect();
        numbers.sort_by(f64::total_cmp);
        let decile = |d: usize| numbers[d * (numbers.len() - 1) / 10];
        let (values, range) = if numbers.is_empty() {
            let mut values: Vec<Value> = Vec::new();
            for value in seen {
                if values.len() < VALUES && !values.contains(&value) {
                    values.push(value);
                }
            }
            (values, 1.0)
        } else {
            let mut deciles: Vec<f64> = (0..=10).map(decile).collect();
            deciles.dedup();
            let range = decile(9) - decile(1);
            (deciles.into_iter().map(Value::Number).collect(), if range > 0.0 { range } else { 1.0 })
        };
        if !values.is_empty() {
            found.push(Column { name: name.clone(), at, old: Value::of(row, at, 0), values, range });
        }
    }
    if found.is_empty() {
        return Err(Error::Explain {
            what: "counterfactual".into(),
            expected: "a column of numbers, categories or booleans that may be changed".into(),
            found: "none".into(),
            mend: "keep fewer columns; words and pictures are not changed".into(),
        });
    }
    Ok(found)
}
