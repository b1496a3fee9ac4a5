//! What a predictor does with its columns over many rows, and what would change its mind about one.
//!
//! | file | what |
//! |---|---|
//! | `importance` | how much worse the predictions are with a column shuffled |
//! | `effect` | how the prediction moves with a column: partial dependence, accumulated local effects |
//! | `counterfactual` | the smallest change to a row's columns that changes its class |
//! | `cells` | rows with cells put in |

mod cells;
mod counterfactual;
mod effect;
mod importance;

pub use cells::Value;
pub use counterfactual::{Change, Counterfactual, counterfactual};
pub use effect::{Effect, effect};
pub use importance::{Importance, importance};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InputInfo, Predictions, Predictor, Result, Task, TaskKind};
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;
    use arrow_array::{ArrayRef, Float64Array, StringArray};
    use ronghe_data::{ColumnSchema, Kind, Modality, Schema, Table};
    use std::path::Path;
    use std::sync::Arc;

    /// `p(yes) = sigmoid(4 a - 2 + 3 [c = "猫"])`; column b does nothing.
    struct Closed(Task, Vec<InputInfo>);

    impl Closed {
        fn new() -> Closed {
            let labels = vec!["no".to_owned(), "yes".to_owned()];
            let task = Task {
                kind: TaskKind::Binary,
                columns: vec!["y".into()],
                separator: String::new(),
                labels,
                mean: 0.0,
                std: 1.0,
            };
            let columns = ["a", "b", "c"].map(str::to_owned).to_vec();
            Closed(task, vec![InputInfo { name: "all".into(), modality: Modality::Tabular, columns }])
        }
    }

    impl Predictor for Closed {
        fn task(&self) -> &Task {
            &self.0
        }

        fn inputs(&self) -> &[InputInfo] {
            &self.1
        }

        fn predict(&self, table: &Table) -> Result<Predictions> {
            let a = table.column(table.find("a")?.0).as_primitive::<Float64Type>();
            let (c, _) = table.find("c")?;
            let p = |row: usize| {
                let cat = f64::from(u8::from(table.text(c, row) == Some("猫")));
                1.0 / (1.0 + (-(4.0 * a.value(row) - 2.0 + 3.0 * cat)).exp())
            };
            let values = (0..table.rows()).flat_map(|r| [1.0 - p(r), p(r)]).collect();
            Ok(Predictions { kind: TaskKind::Binary, values, width: 2 })
        }
    }

    fn table() -> Table {
        let kinds = [("a", Kind::Number), ("b", Kind::Number), ("c", Kind::Category), ("y", Kind::Category)];
        let columns = kinds.map(|(name, kind)| ColumnSchema::new(name, kind)).to_vec();
        let a: Vec<f64> = (0..100).map(|i| f64::from(i * 37 % 100) / 99.0).collect();
        let cat = |i: usize| i.is_multiple_of(3);
        let y = |i: usize| if 4.0 * a[i] - 2.0 + if cat(i) { 3.0 } else { 0.0 } > 0.0 { "yes" } else { "no" };
        let cells: Vec<ArrayRef> = vec![
            Arc::new(Float64Array::from(a.clone())),
            Arc::new((0..100).map(|i| Some(f64::from(i * 53 % 100))).collect::<Float64Array>()),
            Arc::new((0..100).map(|i| Some(if cat(i) { "猫" } else { "狗" })).collect::<StringArray>()),
            Arc::new((0..100).map(|i| Some(y(i))).collect::<StringArray>()),
        ];
        Table::new(Arc::new(Schema { columns }), cells, Path::new("t.csv"), Path::new(""), 1).unwrap()
    }

    #[test]
    fn shuffling_what_counts_costs() {
        let (loss, found) = importance(&Closed::new(), &table(), 5, 1).unwrap();
        assert!(loss < 0.5);
        let of = |name: &str| found.iter().find(|i| i.column == name).unwrap();
        assert_eq!((of("b").increase, of("b").standard_error), (0.0, 0.0));
        assert!(of("a").increase > 4.0 * of("a").standard_error && of("c").increase > 0.1);
    }

    #[test]
    fn effects_follow_the_formula() {
        let (closed, table) = (Closed::new(), table());
        let a = effect(&closed, &table, "a").unwrap();
        let yes: Vec<f64> = a.partial_dependence.iter().map(|p| p[1]).collect();
        assert!(yes.windows(2).all(|w| w[1] > w[0]) && a.values.len() > 10);
        let accumulated = a.accumulated.unwrap();
        let rise = |v: &[f64]| v[v.len() - 1] - v[0];
        let accumulated: Vec<f64> = accumulated.iter().map(|p| p[1]).collect();
        // The column is independent of the others, so both tell the same.
        assert!((rise(&accumulated) - rise(&yes)).abs() < 0.1, "{accumulated:?} {yes:?}");
        let flat = effect(&closed, &table, "b").unwrap().accumulated.unwrap();
        assert!(flat.iter().all(|p| p[1].abs() < 1e-12));
        let c = effect(&closed, &table, "c").unwrap();
        assert_eq!(c.values.len(), 2);
        assert!(c.accumulated.is_none());
        assert!(effect(&closed, &table.slice(0, 1), "c").is_err());
    }

    #[test]
    fn the_nearest_other_class_is_found() {
        let (closed, table) = (Closed::new(), table());
        let row = table.slice(10, 1); // a = 0.70 with a dog: yes
        let found = counterfactual(&closed, &row, &[&table], &[]).unwrap().unwrap();
        assert_eq!((found.from.0.as_str(), found.to.0.as_str(), found.changes.len()), ("yes", "no", 1));
        let Value::Number(to) = found.changes[0].to else { panic!("{found:?}") };
        // The border is at a = 0.5.
        assert!((to - 0.5).abs() < 1e-3 && found.to.1 >= 0.5, "{found:?}");
        let kept = counterfactual(&closed, &row, &[&table], &["a".into()]).unwrap();
        assert!(kept.is_none(), "{kept:?}");
        assert!(counterfactual(&closed, &row, &[&table], &["a".into(), "b".into(), "c".into()]).is_err());
        // A row by itself has no other values; those of other rows are taken from wherever they are given.
        assert!(counterfactual(&closed, &row, &[&row], &[]).unwrap().is_none());
        assert_eq!(counterfactual(&closed, &row, &[&row, &table], &[]).unwrap().unwrap().to.0, "no");
    }
}
