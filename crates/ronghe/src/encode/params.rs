//! Parameters of an encoder, and the state that is saved: JSON to plain structs and back.

use super::{EncoderSpec, State};
use crate::{Error, Result};
use ronghe_data::plain;
use ronghe_graph::ValueId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// The parameters `given` laid over the encoder's defaults. An unknown key is answered with the valid ones, a wrong
/// value with its key.
pub(super) fn parse<T: DeserializeOwned>(spec: &EncoderSpec, given: &Value) -> Result<T> {
    let defaults = (spec.defaults)();
    let mut all = defaults.clone();
    match given {
        Value::Null => {}
        Value::Object(given) => {
            for (key, value) in given {
                if defaults.get(key).is_none() {
                    return Err(unknown(spec, key, &defaults));
                }
                // Alone among defaults, so that a message can name the key at fault.
                let mut one = defaults.clone();
                one[key] = value.clone();
                T::deserialize(one).map_err(|e| wrong(spec, key, &wanted(&e), value))?;
                all[key] = value.clone();
            }
        }
        other => return Err(wrong(spec, "params", "an object of parameters", other)),
    }
    T::deserialize(&all).map_err(|e| wrong(spec, "params", &wanted(&e), &all))
}

/// What a parameter should be.
fn wanted(error: &serde_json::Error) -> String {
    let (found, expected) = plain::mismatch(&error.to_string());
    expected.unwrap_or(found)
}

/// A parameter that has no default.
pub(super) fn required<T>(spec: &EncoderSpec, key: &str, value: Option<T>, expected: &str) -> Result<T> {
    value.ok_or_else(|| wrong(spec, key, expected, &Value::Null))
}

/// Refuses a value outside `range`.
pub(super) fn within<T: PartialOrd + Display + Copy>(
    spec: &EncoderSpec,
    key: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let expected = format!("{} to {}", range.start(), range.end());
    Err(Error::Setting { place: place(spec), setting: key.to_owned(), expected, found: value.to_string() })
}

/// Refuses layers without or with too many units, and dropout outside 0 to 0.95.
pub(super) fn layers(spec: &EncoderSpec, key: &str, widths: &[usize], dropout: f64) -> Result<()> {
    widths.iter().try_for_each(|&w| within(spec, key, w, 1..=65_536))?;
    within(spec, "dropout", dropout, 0.0..=0.95)
}

/// Refuses pictures of anything but grey or colour.
pub(super) fn channels(spec: &EncoderSpec, channels: usize) -> Result<()> {
    if matches!(channels, 1 | 3) {
        return Ok(());
    }
    Err(wrong(spec, "channels", "1 or 3", &channels.into()))
}

/// The one column of an encoder that reads only one.
pub(super) fn single_column(spec: &EncoderSpec, table: &ronghe_data::Table) -> Result<String> {
    match table.schema().columns.as_slice() {
        [one] => Ok(one.name.clone()),
        other => Err(Error::Setting {
            place: place(spec),
            setting: "columns".into(),
            expected: "one column; give each further column an input of its own".into(),
            found: format!("{} columns", other.len()),
        }),
    }
}

/// Defaults and state as JSON.
pub(super) fn object<T: Serialize>(value: &T) -> Value {
    // Structs of numbers, strings and lists always convert; a missing state would be caught when it is loaded.
    serde_json::to_value(value).unwrap_or_default()
}

/// What [`object`] saved.
pub(super) fn restore<T: DeserializeOwned>(spec: &EncoderSpec, state: &State) -> Result<T> {
    T::deserialize(&state.json).map_err(|e| damaged(spec, "the state it was saved with", &plain::json(&e)))
}

/// The trunk's vector, for an encoder that has one.
pub(super) fn trunk(spec: &EncoderSpec, trunk: Option<ValueId>) -> Result<ValueId> {
    trunk.ok_or_else(|| damaged(spec, "the vector of its published network", "none"))
}

/// A saved file by name.
pub(super) fn file<'a>(spec: &EncoderSpec, state: &'a State, name: &str) -> Result<&'a [u8]> {
    let found = state.files.get(name).map(Vec::as_slice);
    found.ok_or_else(|| damaged(spec, &format!("the file `{name}`"), "none"))
}

/// A saved encoder that cannot be restored.
pub(super) fn damaged(spec: &EncoderSpec, expected: &str, found: &str) -> Error {
    Error::Artifact {
        path: PathBuf::from(place(spec)),
        expected: expected.to_owned(),
        found: found.to_owned(),
        mend: "the model is damaged or was saved by another version; save it again".into(),
    }
}

fn place(spec: &EncoderSpec) -> String {
    format!("encoder {}", spec.name)
}

fn unknown(spec: &EncoderSpec, key: &str, defaults: &Value) -> Error {
    let valid = defaults.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default();
    Error::UnknownName { place: place(spec), what: "parameter", name: key.to_owned(), valid }
}

fn wrong(spec: &EncoderSpec, key: &str, expected: &str, found: &Value) -> Error {
    Error::Setting {
        place: place(spec),
        setting: key.to_owned(),
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}
