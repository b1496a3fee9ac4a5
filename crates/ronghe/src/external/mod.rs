//! Any model as a [`Predictor`]: a program that reads rows on its standard input and writes predictions on its standard output,
//! a JSON object a line.
//!
//! ```text
//! program: {"task": "multi_class", "target": "species", "labels": ["a", "b"], "columns": [{"name": "age", "kind": "number"}]}
//! we:      {"id": 1, "rows": [{"age": 41.0}, {"age": null}]}
//! program: {"id": 1, "values": [[0.2, 0.8], [0.5, 0.5]]}      or      {"id": 1, "error": "what is wrong"}
//! ```
//!
//! | task | values of a row |
//! |---|---|
//! | `binary`, `multi_class` | the probability of each label (a word, a number or a truth value, as in the table) |
//! | `multi_label` | the probability of each label, each by itself |
//! | `regression` | the quantity; `labels` may be left out |
//!
//! Kinds of columns are those of tables: `number`, `category`, `boolean`, `date`, `text`, `image`, `audio`. A missing cell is
//! `null`, a date is a string of ISO 8601, a picture or sound is `{"path": ...}` or `{"base64": ...}`, the bytes of a file. What the program
//! says on its standard error is shown when it fails. It should end when its input ends; it is killed when it has not
//! answered in time.

mod process;
mod rows;

use crate::{Error, InputInfo, Predictions, Predictor, Result, Task, TaskKind};
use process::Process;
use ronghe_data::{Kind, Table, plain};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Rows in one question.
const ROWS: usize = 4096;

/// A model in a process of its own.
pub struct External {
    command: String,
    task: Task,
    inputs: Vec<InputInfo>,
    kinds: BTreeMap<String, Kind>,
    process: Mutex<Process>,
}

/// What the program says first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Greeting {
    task: TaskKind,
    target: String,
    #[serde(default)]
    labels: Vec<Label>,
    columns: Vec<Column>,
}

/// A label as the program's own classes are: a word, a number or a truth value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Text(String),
    Truth(bool),
    Whole(i64),
    Number(f64),
}

impl Label {
    fn text(self) -> String {
        match self {
            Label::Text(text) => text,
            Label::Truth(truth) => truth.to_string(),
            Label::Whole(whole) => whole.to_string(),
            Label::Number(number) => number.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    id: u64,
    #[serde(default)]
    values: Vec<Vec<Option<f64>>>,
    error: Option<String>,
}

impl External {
    /// Starts `command` in a shell; each of its answers, the first included, may take as long as `limit`.
    pub fn start(command: &str, limit: Duration) -> Result<External> {
        let mut process = Process::start(command, limit)?;
        let line = process.line()?;
        let greeting: Greeting = serde_json::from_str(&line).map_err(|e| {
            broken(command, "a line of JSON with task, target, labels and columns", &line, &e)
        })?;
        let labels = match greeting.task {
            TaskKind::Regression => vec![greeting.target.clone()],
            _ => greeting.labels.into_iter().map(Label::text).collect(),
        };
        let classes = matches!(greeting.task, TaskKind::Binary | TaskKind::MultiClass);
        if greeting.columns.is_empty() || labels.is_empty() || (classes && labels.len() < 2) {
            return Err(failed(
                command,
                "at least one column, and two labels for classes",
                format!("{} columns, {} labels", greeting.columns.len(), labels.len()),
            ));
        }
        let mut kinds: BTreeMap<String, Kind> =
            greeting.columns.iter().map(|c| (c.name.clone(), c.kind)).collect();
        if classes {
            // As it is written: 0 and 1 are no truth values, 01 is not 1.
            kinds.entry(greeting.target.clone()).or_insert(Kind::Category);
        }
        let inputs = greeting.columns.iter().map(|column| {
            let modality = column.kind.modality().ok_or_else(|| {
                failed(
                    command,
                    "columns that can be inputs",
                    format!("`{}` of kind {}", column.name, column.kind),
                )
            })?;
            Ok(InputInfo { name: column.name.clone(), modality, columns: vec![column.name.clone()] })
        });
        Ok(External {
            inputs: inputs.collect::<Result<_>>()?,
            kinds,
            command: command.to_owned(),
            task: Task {
                kind: greeting.task,
                columns: vec![greeting.target],
                separator: String::new(),
                labels,
                mean: 0.0,
                std: 1.0,
            },
            process: Mutex::new(process),
        })
    }

    /// The kinds of the columns it reads, and of its classes.
    pub fn kinds(&self) -> &BTreeMap<String, Kind> {
        &self.kinds
    }

    fn ask(&self, process: &mut Process, table: &Table, from: usize, to: usize) -> Result<Vec<f64>> {
        let id = process.next_id();
        let line = process.ask(rows::question(id, table, from, to, &self.inputs))?;
        let answer: Answer = serde_json::from_str(&line)
            .map_err(|e| broken(&self.command, "a line of JSON with id and values", &line, &e))?;
        if let Some(error) = answer.error {
            return Err(failed(&self.command, "predictions", error));
        }
        let width = self.task.labels.len();
        if answer.id != id || answer.values.len() != to - from {
            return Err(failed(
                &self.command,
                &format!("an answer to question {id} for {} rows", to - from),
                format!("one to question {} for {} rows", answer.id, answer.values.len()),
            ));
        }
        let mut out = Vec::with_capacity(width * answer.values.len());
        for (row, values) in answer.values.iter().enumerate() {
            let finite: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
            if values.len() != width || finite.len() != width {
                return Err(failed(
                    &self.command,
                    &format!("{width} numbers for row {} of its question", row + 1),
                    format!("{} of them, {} of which are numbers", values.len(), finite.len()),
                ));
            }
            out.extend(finite);
        }
        Ok(out)
    }
}

impl Predictor for External {
    fn task(&self) -> &Task {
        &self.task
    }

    fn inputs(&self) -> &[InputInfo] {
        &self.inputs
    }

    fn predict(&self, table: &Table) -> Result<Predictions> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let mut values = Vec::new();
        for from in (0..table.rows()).step_by(ROWS) {
            values.extend(self.ask(&mut process, table, from, table.rows().min(from + ROWS))?);
        }
        Ok(Predictions { kind: self.task.kind, values, width: self.task.labels.len() })
    }
}

/// A program that does not do its part.
fn failed(command: &str, expected: &str, found: String) -> Error {
    Error::External { command: command.to_owned(), expected: expected.to_owned(), found }
}

fn broken(command: &str, expected: &str, line: &str, error: &serde_json::Error) -> Error {
    let start: String = line.chars().take(80).collect();
    let hint = if line.contains("NaN") { "; NaN is no JSON" } else { "" };
    failed(command, expected, format!("`{start}` ({}{hint})", plain::json(error)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::Targets;
    use arrow_array::{ArrayRef, BooleanArray, Float64Array, StringArray};
    use ronghe_data::{ColumnSchema, Schema};
    use std::path::Path;
    use std::sync::Arc;

    const HELLO: &str = r#"echo '{"task":"regression","target":"y","columns":[{"name":"x","kind":"number"},{"name":"t","kind":"text"}]}'"#;

    fn table() -> Table {
        let columns = [("x", Kind::Number), ("t", Kind::Text)]
            .map(|(name, kind)| ColumnSchema::new(name, kind))
            .to_vec();
        let cells: Vec<ArrayRef> = vec![
            Arc::new(Float64Array::from(vec![Some(1.5), None])),
            Arc::new(StringArray::from(vec![Some("你好 \"x\""), None])),
        ];
        Table::new(Arc::new(Schema { columns }), cells, Path::new("t.csv"), Path::new(""), 1).unwrap()
    }

    fn start(rest: &str) -> Result<External> {
        External::start(&format!("{HELLO}; {rest}"), Duration::from_secs(5))
    }

    fn error(rest: &str) -> String {
        start(rest).and_then(|e| e.predict(&table())).unwrap_err().to_string()
    }

    #[test]
    fn asks_and_is_answered() {
        // The program answers with what it was asked, on its standard error, and two numbers.
        let external =
            start(r#"while read -r line; do echo '{"id":1,"values":[[2.5],[-1]]}'; done"#).unwrap();
        assert_eq!(external.inputs().len(), 2);
        assert_eq!(external.predict(&table()).unwrap().values, [2.5, -1.0]);
        assert!(external.predict(&table()).unwrap_err().to_string().contains("question 2"));
    }

    #[test]
    fn labels_are_those_of_the_table() {
        let hello = |labels: &str| {
            let line = format!(
                r#"echo '{{"task":"binary","target":"y","labels":{labels},"columns":[{{"name":"x","kind":"number"}}]}}'"#
            );
            External::start(&format!("{line}; sleep 5"), Duration::from_secs(5)).unwrap()
        };
        for (labels, names) in [
            (r#"["no","yes"]"#, ["no", "yes"]),
            ("[0,1]", ["0", "1"]),
            ("[0.0,1.5]", ["0", "1.5"]),
            ("[false,true]", ["false", "true"]),
        ] {
            let external = hello(labels);
            assert_eq!(external.task().labels, names);
            assert_eq!(external.kinds().get("y"), Some(&Kind::Category));
        }
        // A column of truth values, a column of numbers with decimals, and one of words, for a model that says 0 and 1.
        let external = hello("[0,1]");
        let cells: [(Kind, ArrayRef); 4] = [
            (Kind::Boolean, Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
            (Kind::Number, Arc::new(Float64Array::from(vec![Some(1.0), Some(0.0), None]))),
            (Kind::Category, Arc::new(StringArray::from(vec![Some("1.0"), Some("0.0"), None]))),
            (Kind::Category, Arc::new(StringArray::from(vec![Some("True"), Some("False"), None]))),
        ];
        for (kind, cells) in cells {
            let schema = Schema { columns: vec![ColumnSchema::new("y", kind)] };
            let table =
                Table::new(Arc::new(schema), vec![cells], Path::new("t.csv"), Path::new(""), 1).unwrap();
            assert_eq!(external.task().targets(&table).unwrap(), Targets::Classes(vec![1, 0, -1]), "{kind}");
        }
    }

    #[test]
    fn what_it_says_when_it_fails_is_shown() {
        assert!(error("echo out of luck >&2; exit 3").contains("out of luck"));
        assert!(error("read line; echo nonsense").contains("nonsense"));
        assert!(error(r#"read line; echo '{"id":1,"error":"no such model"}'"#).contains("no such model"));
        assert!(error(r#"read line; echo '{"id":1,"values":[[NaN],[1]]}'"#).contains("NaN is no JSON"));
        assert!(error(r#"read line; echo '{"id":1,"values":[[null],[1]]}'"#).contains("row 1"));
        assert!(error(r#"read line; echo '{"id":1,"values":[[1]]}'"#).contains("2 rows"));
    }

    #[test]
    fn one_that_hangs_is_killed() {
        let external = External::start(&format!("{HELLO}; sleep 60"), Duration::from_millis(300)).unwrap();
        let begun = std::time::Instant::now();
        let message = external.predict(&table()).unwrap_err().to_string();
        assert!(message.contains("0.3 s"), "{message}");
        drop(external);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
