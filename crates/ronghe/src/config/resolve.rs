//! Fills in what a configuration leaves out, from the table it is for.

use super::{ClassWeights, InputConfig, ModelConfig, NamedConfig, SplitKind, epochs};
use crate::encode::EncoderSpec;
use crate::train::split;
use crate::{Error, Result, TaskKind, encode, fuse, metric, task, transfer};
use ronghe_data::{Kind, Modality, Table};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Says whether pretrained weights are at hand, by catalogue name, so that a default encoder never needs a download.
pub type AtHand<'a> = &'a dyn Fn(&str) -> bool;

/// A configuration in which nothing is left to defaults. `table` is (a sample of) the rows to be trained on.
pub fn resolve(config: &ModelConfig, table: &Table, at_hand: AtHand<'_>) -> Result<ModelConfig> {
    let mut config = config.clone();
    let targets = config.target.all();
    if targets.is_empty() {
        return Err(Error::Setting {
            place: "configuration".into(),
            setting: "target.column".into(),
            expected: format!("one of the columns {}", table.schema().names().join(", ")),
            found: "nothing".into(),
        });
    }
    let place = |c: &String| if *c == config.target.column { "target.column" } else { "target.columns" };
    targets.iter().try_for_each(|c| find(table, place(c), c).map(|_| ()))?;
    config.data.kinds.keys().try_for_each(|c| find(table, "data.kinds", c).map(|_| ()))?;
    resolve_split(&mut config, table)?;
    if config.inputs.is_empty() {
        config.inputs = default_inputs(&config, table);
    }
    resolve_inputs(&mut config, table, at_hand)?;
    let kind = task::infer_kind(table, &targets, config.target.task)?;
    config.target.task = Some(kind);
    if (kind, config.target.separator.is_none()) == (TaskKind::MultiLabel, true) {
        let (column, _) = table.find(&targets[0])?;
        config.target.separator = Some(task::find_separator(table, column).unwrap_or("|").into());
    }
    config.training.metric =
        Some(metric::find(config.training.metric.as_deref(), kind, "training.metric")?.name.into());

    let fusion = if config.fusion.kind.is_empty() { "concat" } else { &config.fusion.kind };
    let spec = fuse::find(fusion, "fusion")?;
    let defaults = (spec.defaults)(config.inputs.len());
    let params = overlay("fusion", defaults, &config.fusion.params)?;
    config.fusion = NamedConfig { kind: spec.name.into(), params };

    // Identifiers are copied into predictions.
    let schema = table.schema().columns.iter();
    let identifiers = schema.filter(|c| c.kind == Kind::Identifier).map(|c| &c.name);
    for column in config.inputs.iter().flat_map(|i| &i.columns).chain(&targets).chain(identifiers) {
        let (i, kind) = table.find(column)?;
        config.data.kinds.insert(column.clone(), kind);
        let notation = &table.schema().columns[i].notation;
        if !notation.is_plain() {
            config.data.notation.insert(column.clone(), notation.clone());
        }
    }
    let rows = split(&config, table)?.train.len();
    config.inputs.iter_mut().try_for_each(|input| resolve_transfer(input, rows))?;
    epochs::fill(&mut config, rows)?;
    if (kind, config.training.class_weights) == (TaskKind::Regression, ClassWeights::Balanced) {
        let expected = "none for a quantity, which has no classes";
        return Err(setting("training.class_weights", expected, "balanced".into()));
    }
    Ok(config)
}

/// One input for all tabular columns, one for each other column.
fn default_inputs(config: &ModelConfig, table: &Table) -> Vec<InputConfig> {
    let mut unused: BTreeSet<String> = config.target.all().into_iter().collect();
    unused.extend(config.data.drop.iter().cloned());
    unused.extend(config.split.column.clone());
    let mut tabular = Vec::new();
    let mut inputs = Vec::new();
    for column in &table.schema().columns {
        match column.kind.modality() {
            _ if unused.contains(&column.name) => {}
            None => {}
            Some(Modality::Tabular) => tabular.push(column.name.clone()),
            Some(modality) => inputs.push(InputConfig {
                name: column.name.clone(),
                modality: Some(modality),
                columns: vec![column.name.clone()],
                encoder: NamedConfig::default(),
                transfer: NamedConfig::default(),
            }),
        }
    }
    if !tabular.is_empty() {
        inputs.push(InputConfig {
            name: "columns".into(),
            modality: Some(Modality::Tabular),
            columns: tabular,
            encoder: NamedConfig::default(),
            transfer: NamedConfig::default(),
        });
    }
    inputs
}

fn resolve_inputs(config: &mut ModelConfig, table: &Table, at_hand: AtHand<'_>) -> Result<()> {
    let targets = config.target.all();
    let mut names = BTreeSet::new();
    if config.inputs.is_empty() {
        return Err(setting("inputs", "at least one column to learn from", "none beside the target".into()));
    }
    for input in &mut config.inputs {
        let place = format!("inputs.{}", input.name);
        if input.columns.is_empty() {
            input.columns = vec![input.name.clone()];
        }
        let kinds = input.columns.iter().map(|c| find(table, &place, c)).collect::<Result<Vec<Kind>>>()?;
        if let Some(target) = input.columns.iter().find(|c| targets.contains(c)) {
            return Err(setting(&place, "columns other than the target", format!("the target `{target}`")));
        }
        let suggested = kinds.iter().find_map(|k| k.modality());
        let modality = input.modality.or(suggested).unwrap_or(Modality::Tabular);
        if let Some(i) = kinds.iter().position(|k| !reads(modality, *k)) {
            let found = format!("column `{}` of kind {}", input.columns[i], kinds[i]);
            let expected = format!("{modality} columns (overrule a wrong kind with data.kinds)");
            return Err(setting(&place, &expected, found));
        }
        input.modality = Some(modality);
        // A dot would run into the names of weights.
        input.name = input.name.replace('.', "_");
        if !names.insert(input.name.clone()) {
            return Err(setting("inputs", "distinct names", format!("`{}` twice", input.name)));
        }
        if let (true, Some(chosen)) = (input.encoder.is_empty(), config.encoders.get(&modality)) {
            input.encoder = chosen.clone();
        }
        if input.encoder.kind.is_empty() {
            let names: Vec<&str> = input.columns.iter().map(String::as_str).collect();
            input.encoder.kind = encode::default_encoder(modality, &table.select(&names)?, at_hand).into();
        }
        let spec = encode::find(&input.encoder.kind, modality, &place)?;
        let params = overlay(&format!("{place}.encoder"), (spec.defaults)(), &input.encoder.params)?;
        input.encoder = NamedConfig { kind: spec.name.into(), params };
    }
    let blended = |i: &InputConfig| matches!(i.modality, Some(Modality::Image | Modality::Audio));
    if !(0.0..=10.0).contains(&config.training.mixup) {
        return Err(setting("training.mixup", "0 to 10", config.training.mixup.to_string()));
    }
    if let Some(other) = config.inputs.iter().find(|i| !blended(i)).filter(|_| config.training.mixup > 0.0) {
        let found = format!("`{}`, which cannot be blended", other.name);
        return Err(setting("training.mixup", "inputs that are all pictures or sounds", found));
    }
    Ok(())
}

/// Inputs of a resolved configuration whose encoder was left open in `given`, with one that would mostly do better, whose weights have
/// to be pulled.
pub fn better_encoders(
    given: &ModelConfig,
    resolved: &ModelConfig,
    table: &Table,
) -> Result<Vec<(String, &'static EncoderSpec)>> {
    let mut found = Vec::new();
    for input in &resolved.inputs {
        let Some(modality) = input.modality else { continue };
        let named = given.inputs.iter().any(|i| i.name == input.name && !i.encoder.is_empty());
        if named || given.encoders.contains_key(&modality) {
            continue;
        }
        let names: Vec<&str> = input.columns.iter().map(String::as_str).collect();
        let better = encode::worth_pulling(modality, &table.select(&names)?);
        found.extend(better.filter(|b| b.name != input.encoder.kind).map(|b| (input.name.clone(), b)));
    }
    Ok(found)
}

/// The transfer of an encoder with a published network: the one given, or one by the number of training rows.
fn resolve_transfer(input: &mut InputConfig, rows: usize) -> Result<()> {
    let place = &format!("inputs.{}", input.name);
    let modality = input.modality.unwrap_or(Modality::Tabular);
    let spec = encode::find(&input.encoder.kind, modality, place)?;
    let wrong = |expected: &str, found: &str| Error::Setting {
        place: place.to_owned(),
        setting: "transfer".into(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    if !spec.published {
        if input.transfer.is_empty() {
            return Ok(());
        }
        return Err(wrong("none for an encoder without a published network", &input.transfer.kind));
    }
    let random = input.encoder.params.get("pretrained") == Some(&Value::Bool(false));
    if input.transfer.kind.is_empty() {
        input.transfer.kind =
            if random { "full".into() } else { transfer::choose(modality, rows).name.into() };
    }
    if random && input.transfer.kind != "full" {
        return Err(wrong("full where the encoder starts at random", &input.transfer.kind));
    }
    let chosen = transfer::find(&input.transfer.kind, place)?;
    let mut defaults = (chosen.defaults)();
    if random {
        // Nothing was learned that a slow pace would keep.
        defaults = serde_json::json!({"rate": 1.0, "decay": 1.0});
    }
    let params = overlay(&format!("{place}.transfer"), defaults, &input.transfer.params)?;
    input.transfer = NamedConfig { kind: chosen.name.into(), params };
    transfer::Transfer::parse(&input.transfer, place).map(drop)
}

/// The kind of a column, or an error that names the setting and the columns there are.
fn find(table: &Table, place: &str, column: &str) -> Result<Kind> {
    table.find(column).map(|(_, kind)| kind).map_err(|_| Error::UnknownName {
        place: place.to_owned(),
        what: "column",
        name: column.to_owned(),
        valid: table.schema().names(),
    })
}

/// Whether an encoder of `modality` can read cells of `kind`. Any string can be read as text.
fn reads(modality: Modality, kind: Kind) -> bool {
    kind.modality() == Some(modality)
        || modality == Modality::Text && matches!(kind, Kind::Category | Kind::Identifier)
        || modality == Modality::Tabular && matches!(kind, Kind::Text | Kind::Identifier)
}

fn resolve_split(config: &mut ModelConfig, table: &Table) -> Result<()> {
    let named = table.schema().index("split").is_some();
    let split = &mut config.split;
    if split.kind == SplitKind::Auto {
        let first = config.target.all().remove(0);
        let classes = config.target.columns.is_empty() && table.find(&first)?.1 != Kind::Number;
        (split.kind, split.column) = match &split.column {
            Some(column) => (SplitKind::Column, Some(column.clone())),
            None if named => (SplitKind::Column, Some("split".into())),
            None if classes => (SplitKind::Stratified, Some(first)),
            None => (SplitKind::Random, None),
        };
    }
    if let Some(column) = &split.column {
        find(table, "split.column", column)?;
    } else if matches!(split.kind, SplitKind::Group | SplitKind::Time | SplitKind::Column) {
        return Err(setting("split.column", "the column to split by", "nothing".into()));
    } else if split.kind == SplitKind::Stratified {
        split.column = config.target.all().into_iter().next();
    }
    let shares = [split.validation, split.test];
    if shares.iter().any(|s| !(0.0..1.0).contains(s)) || shares.iter().sum::<f64>() >= 1.0 {
        let found = format!("{} and {}", shares[0], shares[1]);
        return Err(setting("split", "shares of validation and test from 0 to below 1 together", found));
    }
    Ok(())
}

/// The defaults with what was given in their place; a key without a default is an error.
fn overlay(place: &str, defaults: Value, given: &Map<String, Value>) -> Result<Map<String, Value>> {
    let Value::Object(mut params) = defaults else { return Ok(given.clone()) };
    for (key, value) in given {
        match params.get_mut(key) {
            Some(slot) => *slot = value.clone(),
            None => {
                return Err(Error::UnknownName {
                    place: place.to_owned(),
                    what: "parameter",
                    name: key.clone(),
                    valid: params.keys().cloned().collect(),
                });
            }
        }
    }
    Ok(params)
}

fn setting(setting: &str, expected: &str, found: String) -> Error {
    Error::Setting {
        place: "configuration".into(),
        setting: setting.to_owned(),
        expected: expected.to_owned(),
        found,
    }
}
