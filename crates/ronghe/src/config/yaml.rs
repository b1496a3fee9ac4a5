//! Configurations as YAML, with the line of every setting, so that an error can point at it.

use super::ModelConfig;
use crate::{Error, Result};
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
        let node: Spanned<Node> = serde_saphyr::from_str(text).map_err(|e| Error::Setting {
            place: file.to_owned(),
            setting: "YAML".into(),
            expected: "a mapping of settings".into(),
            found: e.to_string(),
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
        let parsed: Spanned<Node> =
            serde_saphyr::from_str(value).map_err(|e| wrong("a YAML value", &e.to_string()))?;
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

    /// The configuration, or which setting at which line is wrong.
    pub fn config(&self) -> Result<ModelConfig> {
        serde_path_to_error::deserialize(&self.value).map_err(|e| {
            let path = e.path().to_string();
            let message = e.into_inner().to_string();
            let (found, expected) = message.split_once(", expected ").unwrap_or((&message, "another value"));
            Error::Setting {
                place: self.place(&path),
                setting: path,
                expected: expected.to_owned(),
                found: found.to_owned(),
            }
        })
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
        assert_eq!((config.training.epochs, config.training.batch_size), (3, 64));
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
        assert_eq!((config.training.epochs, config.fusion.kind.as_str()), (7, "gated"));
        assert_eq!(
            (&config.inputs[0].encoder.params["width"], &config.fusion.params["width"]),
            (&8.into(), &16.into())
        );
        assert!(written.set("inputs.nobody.encoder", "x").is_err());
    }
}
