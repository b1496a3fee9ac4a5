//! Explanation by examples: the rows that a model takes to be most alike.
//!
//! `d(a, b) = 1 - a'b / (|a| |b|)`, a and b the vectors of two rows that the model's head reads ([`Predictor::representations`]);
//! 1 where a vector has no length. `rows * among * width` products. What the neighbours really were says how far the prediction
//! can be trusted there (after Papernot and McDaniel, "Deep k-nearest neighbors", 2018).

use crate::{Error, Predictions, Predictor, Representations, Result, Task, TaskKind};
use ronghe_data::Table;
use ronghe_vector::top_k;
use serde::{Deserialize, Serialize};

/// A row and those most like it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// Number of the row in its file, from 1.
    pub row: usize,
    /// What is predicted for it.
    pub prediction: String,
    /// Probability of that; of several labels and of a quantity there is none.
    pub probability: Option<f64>,
    /// The nearest first; of equally near ones the first in the table.
    pub neighbours: Vec<Neighbour>,
    /// Neighbours whose target is known.
    pub known: usize,
    /// Those of them whose target is the prediction; for a quantity there are none.
    pub agree: Option<usize>,
    /// Mean target of those that are known, for a quantity.
    pub mean: Option<f64>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Number of the row in its file, from 1.
    pub row: usize,
    /// 0 for the same direction, 1 for nothing in common, up to 2.
    pub distance: f64,
    /// What is predicted for it.
    pub prediction: String,
    /// What it is; none where that is not known.
    pub target: Option<String>,
}

impl Nearest {
    /// Whether fewer than half of the neighbours are what is predicted.
    pub fn doubtful(&self) -> bool {
        self.agree.is_some_and(|agree| 2 * agree < self.known)
    }
}

/// For each of the `rows`, the `count` rows `among` others that are nearest. A row is no neighbour of itself.
pub fn nearest(predictor: &dyn Predictor, rows: &Table, among: &Table, count: usize) -> Result<Vec<Nearest>> {
    let task = predictor.task();
    let unit = |table: &Table| {
        let mut vectors = predictor.representations(table)?.ok_or_else(|| Error::Explain {
            what: "nearest rows".into(),
            expected: "a model that shows its vectors".into(),
            found: "one that does not".into(),
            mend: "give a model that `ronghe train` made".into(),
        })?;
        normalise(&mut vectors);
        Ok::<Representations, Error>(vectors)
    };
    let (asked, others) = (unit(rows)?, unit(among)?);
    let said = (predictor.predict(rows)?, predictor.predict(among)?);
    let targets = Truth::of(task, among)?;
    let same = rows.path() == among.path();
    let one = |row: usize| {
        let number = rows.row_number(row);
        let others = (0..among.rows())
            .filter(|&other| !(same && among.row_number(other) == number))
            .map(|other| (other, -distance(asked.row(row), others.row(other))));
        let order = top_k(others, count);
        let prediction = named(task, &said.0, row);
        let neighbours: Vec<Neighbour> = order
            .iter()
            .map(|&(other, nearness)| Neighbour {
                row: among.row_number(other),
                distance: -nearness,
                prediction: named(task, &said.1, other),
                target: targets.text(other),
            })
            .collect();
        let known: Vec<&String> = neighbours.iter().filter_map(|n| n.target.as_ref()).collect();
        let quantity = task.kind == TaskKind::Regression;
        let numbers: Vec<f64> = order.iter().filter_map(|&(other, _)| targets.number(other)).collect();
        Nearest {
            row: number,
            probability: matches!(task.kind, TaskKind::Binary | TaskKind::MultiClass)
                .then(|| said.0.row(row)[said.0.best(row)]),
            known: known.len(),
            agree: (!quantity).then(|| known.iter().filter(|t| ***t == prediction).count()),
            mean: (quantity && !numbers.is_empty())
                .then(|| numbers.iter().sum::<f64>() / numbers.len() as f64),
            prediction,
            neighbours,
        }
    };
    Ok((0..rows.rows()).map(one).collect())
}

/// Gives each vector the length 1, those of length 0 apart.
fn normalise(vectors: &mut Representations) {
    for vector in vectors.values.chunks_exact_mut(vectors.width.max(1)) {
        let length = vector.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
        }
    }
}

/// Of vectors of length 1 or 0.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let cosine: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    // A row and its like differ by rounding at most.
    if a == b && cosine > 0.5 { 0.0 } else { (1.0 - cosine).clamp(0.0, 2.0) }
}

/// What is predicted for a row, in words.
fn named(task: &Task, said: &Predictions, row: usize) -> String {
    match task.kind {
        TaskKind::Regression => format!("{}", said.row(row)[0]),
        TaskKind::MultiLabel => {
            labels(task, said.row(row).iter().zip(&task.labels).filter(|(p, _)| **p > 0.5).map(|(_, l)| l))
        }
        TaskKind::Binary | TaskKind::MultiClass => task.labels[said.best(row)].clone(),
    }
}

fn labels<'a>(task: &Task, on: impl Iterator<Item = &'a String>) -> String {
    let separator = if task.separator.is_empty() { ", " } else { &task.separator };
    on.map(String::as_str).collect::<Vec<_>>().join(separator)
}

/// Targets of a table, where it has them.
struct Truth {
    texts: Vec<Option<String>>,
    numbers: Vec<Option<f64>>,
}

impl Truth {
    fn of(task: &Task, table: &Table) -> Result<Truth> {
        use crate::Targets;
        let rows = table.rows();
        if task.columns.iter().any(|c| table.schema().index(c).is_none()) {
            return Ok(Truth { texts: vec![None; rows], numbers: Vec::new() });
        }
        Ok(match task.targets(table)? {
            Targets::Classes(classes) => {
                let name = |class: i32| usize::try_from(class).ok().map(|c| task.labels[c].clone());
                Truth { texts: classes.into_iter().map(name).collect(), numbers: Vec::new() }
            }
            Targets::Labels { values, width } => {
                let on = |cells: &[f32]| {
                    labels(task, cells.iter().zip(&task.labels).filter(|(v, _)| **v > 0.5).map(|(_, l)| l))
                };
                Truth {
                    texts: values
                        .chunks_exact(width.max(1))
                        .map(|cells| (cells[0] >= 0.0).then(|| on(cells)))
                        .collect(),
                    numbers: Vec::new(),
                }
            }
            Targets::Numbers(numbers) => {
                let numbers: Vec<Option<f64>> =
                    numbers.into_iter().map(|n| n.map(|n| n * task.std + task.mean)).collect();
                let column = table.schema().index(&task.columns[0]);
                let text = |row: usize| {
                    numbers[row].and_then(|_| column.map(|at| table.display(at, row).into_owned()))
                };
                Truth { texts: (0..rows).map(text).collect(), numbers }
            }
        })
    }

    fn text(&self, row: usize) -> Option<String> {
        self.texts[row].clone()
    }

    fn number(&self, row: usize) -> Option<f64> {
        self.numbers.get(row).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InputInfo;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;
    use arrow_array::{ArrayRef, Float64Array, StringArray};
    use ronghe_data::{ColumnSchema, Kind, Modality, Schema};
    use std::path::Path;
    use std::sync::Arc;

    /// A row is the vector `(cos a, sin a)`; yes to the right.
    struct Circle(Task, Vec<InputInfo>, bool);

    impl Circle {
        fn new(kind: TaskKind, shows: bool) -> Circle {
            let labels = match kind {
                TaskKind::Regression => vec!["y".to_owned()],
                _ => vec!["no".to_owned(), "yes".into()],
            };
            let task = Task {
                kind,
                columns: vec!["y".into()],
                separator: String::new(),
                labels,
                mean: 10.0,
                std: 2.0,
            };
            let input =
                InputInfo { name: "a".into(), modality: Modality::Tabular, columns: vec!["a".into()] };
            Circle(task, vec![input], shows)
        }

        fn angles(table: &Table) -> Vec<f64> {
            table.column(0).as_primitive::<Float64Type>().values().to_vec()
        }
    }

    impl Predictor for Circle {
        fn task(&self) -> &Task {
            &self.0
        }

        fn inputs(&self) -> &[InputInfo] {
            &self.1
        }

        fn predict(&self, table: &Table) -> Result<Predictions> {
            let p = Circle::angles(table).into_iter().map(|a| (1.0 + a.cos()) / 2.0);
            let (values, width) = match self.0.kind {
                TaskKind::Regression => (p.collect(), 1),
                _ => (p.flat_map(|p| [1.0 - p, p]).collect(), 2),
            };
            Ok(Predictions { kind: self.0.kind, values, width })
        }

        fn representations(&self, table: &Table) -> Result<Option<Representations>> {
            let values =
                Circle::angles(table).into_iter().flat_map(|a| [7.0 * a.cos() as f32, 7.0 * a.sin() as f32]);
            Ok(self.2.then(|| Representations { values: values.collect(), width: 2 }))
        }
    }

    fn table(path: &str, angles: &[f64], target: Option<ArrayRef>, kind: Kind) -> Table {
        let mut columns = vec![ColumnSchema::new("a", Kind::Number)];
        let mut cells: Vec<ArrayRef> = vec![Arc::new(Float64Array::from(angles.to_vec()))];
        if let Some(target) = target {
            columns.push(ColumnSchema::new("y", kind));
            cells.push(target);
        }
        Table::new(Arc::new(Schema { columns }), cells, Path::new(path), Path::new(""), 1).unwrap()
    }

    #[test]
    fn the_nearest_come_first_and_disagreement_is_seen() {
        let half = std::f64::consts::FRAC_PI_2;
        let target: ArrayRef = Arc::new(StringArray::from(vec![Some("no"), Some("yes"), Some("no"), None]));
        let among = table("b.csv", &[0.1, 2.0 * half, 0.0, half], Some(target), Kind::Category);
        let rows = table("a.csv", &[0.0, 0.1], None, Kind::Category);
        let found = nearest(&Circle::new(TaskKind::Binary, true), &rows, &among, 3).unwrap();
        let first = &found[0];
        let order: Vec<usize> = first.neighbours.iter().map(|n| n.row).collect();
        assert_eq!((order, first.prediction.as_str(), first.probability), (vec![3, 1, 4], "yes", Some(1.0)));
        assert_eq!(first.neighbours[0].distance, 0.0);
        assert!((first.neighbours[1].distance - (1.0 - 0.1_f64.cos())).abs() < 1e-6);
        assert!((first.neighbours[2].distance - 1.0).abs() < 1e-6 && first.neighbours[2].target.is_none());
        assert_eq!((first.known, first.agree, first.mean), (2, Some(0), None));
        assert!(first.doubtful());
        // Within one table a row is not its own neighbour, and a count beyond the table gives all.
        let found = nearest(&Circle::new(TaskKind::Binary, true), &among.slice(2, 1), &among, 9).unwrap();
        let order: Vec<usize> = found[0].neighbours.iter().map(|n| n.row).collect();
        assert_eq!(order, [1, 4, 2]);
        let error = nearest(&Circle::new(TaskKind::Binary, false), &rows, &among, 3).unwrap_err().to_string();
        assert!(error.contains("shows its vectors"), "{error}");
    }

    #[test]
    fn a_quantity_has_the_mean_of_its_neighbours() {
        let target: ArrayRef = Arc::new(Float64Array::from(vec![Some(4.0), Some(6.0), None]));
        let among = table("b.csv", &[0.0, 0.1, 3.0], Some(target), Kind::Number);
        let rows = table("a.csv", &[0.0], None, Kind::Number);
        let found = nearest(&Circle::new(TaskKind::Regression, true), &rows, &among, 3).unwrap();
        assert_eq!((found[0].known, found[0].agree), (2, None));
        assert!((found[0].mean.unwrap() - 5.0).abs() < 1e-12 && !found[0].doubtful());
    }
}
