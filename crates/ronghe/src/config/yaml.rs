//! Configurations as YAML, with the line of every setting, so that an error can point at it.

use super::ModelConfig;
use crate::{Error, Result};
use ronghe_data::plain;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;

/// A configuration as written: values and the line of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    file: String,
    value: Value,
    /// Line of each dotted path; elements of a list both by index and by their `name`.
    lines: BTreeMap<String, u64>,
}

impl Written {
    /// An empty configuration, to be filled with [`Written::set`].
    pub fn empty() -> Written {
        Written { file: "command line".into(), value: Value::Object(Map::new()), lines: BTreeMap::new() }
    }

    /// Parses YAML. `file` stands in errors.
    pub fn parse(text: &str, file: &str) -> Result<Written> {
        let node = parse(text).map_err(|(line, found)| Error::Setting {
            place: line.map_or(file.to_owned(), |line| format!("{file}:{line}")),
            setting: "YAML".into(),
            expected: "a mapping of settings".into(),
            found,
        })?;
        let mut written = Written { file: file.to_owned(), ..Written::empty() };
        written.value = written.take("", node.value);
        if !written.value.is_object() {
            return Err(Error::Setting {
                place: file.to_owned(),
                setting: "YAML".into(),
                expected: "a mapping of settings at the top".into(),
                found: "something else".into(),
            });
        }
        Ok(written)
    }

    /// Puts `value` (YAML) at a dotted key, as `--set training.epochs=3` asks. List elements are named by index or by
    /// their `name`.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let wrong = |expected: &str, found: &str| Error::Setting {
            place: format!("--set {key}={value}"),
            setting: key.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        let parsed = parse(value).map_err(|(_, found)| wrong("a YAML value", &found))?;
        let mut place = &mut self.value;
        for part in key.split('.') {
            if let Value::Array(items) = place {
                let by_name = items.iter().position(|i| i.get("name").and_then(Value::as_str) == Some(part));
                let index = by_name.or_else(|| part.parse().ok()).filter(|&i| i < items.len());
                let index = index.ok_or_else(|| wrong("an element of the list", part))?;
                place = &mut items[index];
                continue;
            }
            // `encoder: tfidf` is short for `encoder: {type: tfidf}`.
            if let Value::String(kind) = place {
                let kind = std::mem::take(kind);
                *place = Value::Object(Map::from_iter([("type".to_owned(), Value::String(kind))]));
            }
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(map) = place else { return Err(wrong("a key of a mapping", part)) };
            place = map.entry(part).or_insert(Value::Null);
        }
        *place = Written::empty().take("", parsed.value);
        Ok(())
    }

    /// The configuration, or which setting at which line is wrong. A number or a truth where a name is expected is the name that is
    /// written so: columns are called `5` and `true` too.
    pub fn config(&self) -> Result<ModelConfig> {
        let mut value = self.value.clone();
        loop {
            let error = match serde_path_to_error::deserialize(&value) {
                Ok(config) => return Ok(config),
                Err(error) => error,
            };
            let message = error.inner().to_string();
            if !(message.ends_with(", expected a string") && name_it(&mut value, error.path())) {
                return Err(self.wrong(&error.path().to_string(), &message));
            }
        }
    }

    /// What a deserialiser says of a setting, in our words.
    fn wrong(&self, path: &str, message: &str) -> Error {
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        if let Some((name, rest)) = unknown {
            let quoted = rest.split('`').skip(1).step_by(2);
            return Error::UnknownName {
                place: self.place(path),
                what: "setting",
                name: name.to_owned(),
                valid: quoted.map(str::to_owned).collect(),
            };
        }
        let (found, expected) = plain::mismatch(message);
        let setting = if path == "." { "configuration" } else { path };
        Error::Setting {
            place: self.place(path),
            setting: setting.to_owned(),
            expected: expected.unwrap_or_else(|| "another value".into()),
            found,
        }
    }

    /// An error of a later stage with file and line put in for the dotted path it names.
    pub fn locate(&self, error: Error) -> Error {
        match error {
            Error::Setting { place, setting, expected, found } => {
                let at = if place == "configuration" { &setting } else { &place };
                Error::Setting { place: self.place(at), setting, expected, found }
            }
            Error::UnknownName { place, what, name, valid } => {
                Error::UnknownName { place: self.place(&place), what, name, valid }
            }
            other => other,
        }
    }

    /// `file:line: path`, with the line of the nearest enclosing setting that was written.
    fn place(&self, path: &str) -> String {
        let mut at = path;
        loop {
            if let Some(line) = self.lines.get(at) {
                return format!("{}:{line}", self.file);
            }
            match at.rfind(['.', '[']) {
                Some(end) => at = &at[..end],
                None => {
                    return if path.is_empty() {
                        self.file.clone()
                    } else {
                        format!("{}: {path}", self.file)
                    };
                }
            }
        }
    }

    /// Turns a node into a value and remembers its lines.
    fn take(&mut self, path: &str, node: Node) -> Value {
        match node {
            Node::Scalar(value) => value,
            Node::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (i, item) in items.into_iter().enumerate() {
                    let line = item.referenced.line();
                    let name = item.value.name();
                    if let Some(name) = name {
                        let named = format!("{path}.{name}");
                        self.lines.insert(named.clone(), line);
                        self.note(&named, &item.value);
                    }
                    let place = format!("{path}[{i}]");
                    self.lines.insert(place.clone(), line);
                    values.push(self.take(&place, item.value));
                }
                Value::Array(values)
            }
            Node::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let place = join(path, &key.value);
                    self.lines.insert(place.clone(), key.referenced.line());
                    let value = self.take(&place, value.value);
                    map.insert(key.value, value);
                }
                Value::Object(map)
            }
        }
    }

    /// Remembers the lines of a named list element's own settings.
    fn note(&mut self, path: &str, node: &Node) {
        if let Node::Map(entries) = node {
            for (key, value) in entries {
                let place = join(path, &key.value);
                self.lines.insert(place.clone(), key.referenced.line());
                self.note(&place, &value.value);
            }
        }
    }
}

/// The nodes of a text, by the words of YAML 1.2: `y`, `n`, `on`, `off`, `yes` and `no` are names, and so are codes such as `007` and
/// `1_000`. If it is no YAML, the line and what is there.
fn parse(text: &str) -> std::result::Result<Spanned<Node>, (Option<u64>, String)> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|e| {
        let line = e.location().map(|at| at.line()).filter(|&line| line > 0);
        (line, e.without_snippet().render_with_formatter(&serde_saphyr::UserMessageFormatter))
    })
}

/// Makes the number or truth at `path` the name that is written so; whether there was one.
fn name_it(value: &mut Value, path: &serde_path_to_error::Path) -> bool {
    use serde_path_to_error::Segment;
    let mut at = value;
    for segment in path.iter() {
        let next = match segment {
            Segment::Seq { index } => at.get_mut(*index),
            Segment::Map { key } => at.get_mut(key.as_str()),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        let Some(next) = next else { return false };
        at = next;
    }
    let named = matches!(at, Value::Number(_) | Value::Bool(_));
    if named {
        *at = Value::String(at.to_string());
    }
    named
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// YAML with the place of every key and value.
#[derive(Debug, Clone)]
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl Node {
    fn name(&self) -> Option<String> {
        let Node::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| key.value == "name").and_then(|(_, value)| match &value.value {
            Node::Scalar(Value::String(name)) => Some(name.clone()),
            _ => None,
        })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, v: bool) -> std::result::Result<Node, E> {
        Ok(Node::Scalar(v.into()))
    }

    fn visit_i64<E>(self, v: i64) -> std::result::Result<Node, E> {
        Ok(Node::Scalar(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> std::result::Result<Node, E> {
        Ok(Node::Scalar(v.into()))
    }

    fn visit_f64<E>(self, v: f64) -> std::result::Result<Node, E> {
        Ok(Node::Scalar(v.into()))
    }

    fn visit_str<E>(self, v: &str) -> std::result::Result<Node, E> {
        Ok(Node::Scalar(v.into()))
    }

    fn visit_unit<E>(self) -> std::result::Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> std::result::Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
data: {path: reviews.csv}
inputs:
  - name: review
    encoder: {type: tfidf, width: 32}
target:
  column: liked
training:
  epochs: 3
";

    #[test]
    fn reads_what_is_written() {
        let config = Written::parse(TEXT, "a.yaml").unwrap().config().unwrap();
        assert_eq!(config.inputs[0].encoder.kind, "tfidf");
        assert_eq!(config.inputs[0].encoder.params["width"], 32);
        assert_eq!((config.training.epochs, config.training.batch_size), (Some(3), 64));
    }

    #[test]
    fn a_wrong_name_is_shown_with_its_line_and_the_right_ones() {
        let text = TEXT.replace("epochs: 3", "epoch: 3");
        let error = Written::parse(&text, "a.yaml").unwrap().config().unwrap_err().to_string();
        assert!(error.starts_with("a.yaml:8"), "{error}");
        assert!(error.contains("epoch") && error.contains("batch_size"), "{error}");
    }

    #[test]
    fn a_wrong_type_is_shown_with_its_line() {
        let text = TEXT.replace("epochs: 3", "epochs: many");
        let error = Written::parse(&text, "a.yaml").unwrap().config().unwrap_err().to_string();
        assert!(error.starts_with("a.yaml:8") && error.contains("many"), "{error}");
    }

    #[test]
    fn words_are_names_and_only_true_and_false_are_truths() {
        let text = "data: {drop: [no, Yes, 007]}\ninputs:\n  - name: y\n  - name: rest\n    columns: [n, on, 5, true, 1_0]\n\
                    target: {column: y, columns: [off, 2.5]}\ntraining: {calibrate: false}\n";
        let config = Written::parse(text, "a.yaml").unwrap().config().unwrap();
        assert_eq!(config.data.drop, ["no", "Yes", "007"]);
        assert_eq!(config.inputs[0].name, "y");
        assert_eq!(config.inputs[1].columns, ["n", "on", "5", "true", "1_0"]);
        assert_eq!(config.target.all(), ["y", "off", "2.5"]);
        assert!(!config.training.calibrate);
        let mut written = Written::empty();
        written.set("target.column", "5").unwrap();
        assert_eq!(written.config().unwrap().target.column, "5");
        written.set("target.column", "on").unwrap();
        written.set("training.calibrate", "no").unwrap();
        let error = written.config().unwrap_err().to_string();
        assert_eq!(
            error,
            "command line: training.calibrate: `training.calibrate`: expected true or false, found `no`"
        );
    }

    #[test]
    fn no_word_of_a_parser_reaches_the_user() {
        let said = |from: &str, to: &str| {
            let text = TEXT.replace(from, to);
            let found = Written::parse(&text, "a.yaml").and_then(|w| w.config());
            found.expect_err(to).to_string()
        };
        for (from, to, message) in [
            (
                "epochs: 3",
                "epochs: many",
                "a.yaml:8: `training.epochs`: expected a whole number from 0, found `many`",
            ),
            (
                "epochs: 3",
                "epochs: -1",
                "a.yaml:8: `training.epochs`: expected a whole number from 0, found `-1`",
            ),
            ("column: liked", "column: [a]", "a.yaml:6: `target.column`: expected a name, found a list"),
            (
                "  epochs: 3",
                "  optimizer: sgdd",
                "a.yaml:8: `training.optimizer`: expected adam, adamw, sgd, found `sgdd`",
            ),
            (
                "data: {path: reviews.csv}",
                "data: 7",
                "a.yaml:1: `data`: expected a mapping of settings, found `7`",
            ),
            (
                "encoder: {type: tfidf, width: 32}",
                "encoder: [7]",
                "expected a name, or a mapping with `type`",
            ),
            (
                "  epochs: 3",
                "  epoks: 3",
                "a.yaml:8: no setting called `epoks` (did you mean `epochs`?); there are epochs, batch_size",
            ),
        ] {
            let error = said(from, to);
            assert!(error.contains(message), "{error}\n{message}");
            for word in ["invalid type", "usize", "untagged", "struct ", "variant", "line 1 column"] {
                assert!(!error.contains(word), "{error}");
            }
        }
        let error = said("inputs:", "inputs: [");
        assert!(error.starts_with("a.yaml:") && error.contains("`YAML`"), "{error}");
    }

    #[test]
    fn later_errors_find_their_line() {
        let written = Written::parse(TEXT, "a.yaml").unwrap();
        let error = Error::UnknownName {
            place: "inputs.review.encoder".into(),
            what: "parameter",
            name: "wide".into(),
            valid: vec!["width".into()],
        };
        assert!(written.locate(error).to_string().starts_with("a.yaml:4"));
    }

    #[test]
    fn settings_overrule() {
        let mut written = Written::parse(TEXT, "a.yaml").unwrap();
        written.set("training.epochs", "7").unwrap();
        written.set("inputs.review.encoder.width", "8").unwrap();
        written.set("fusion", "gated").unwrap();
        written.set("fusion.width", "16").unwrap();
        let config = written.config().unwrap();
        assert_eq!((config.training.epochs, config.fusion.kind.as_str()), (Some(7), "gated"));
        assert_eq!(
            (&config.inputs[0].encoder.params["width"], &config.fusion.params["width"]),
            (&8.into(), &16.into())
        );
        assert!(written.set("inputs.nobody.encoder", "x").is_err());
    }
}
