//! `ronghe train`

use super::pull;
use crate::args::{Common, Train};
use crate::progress::{Progress, figures};
use crate::{Outcome, outputs, render, session, tables};
use anyhow::{Context, Result};
use ronghe::catalogue::{self, Cache};
use ronghe::config::{self, ModelConfig, Written, resolve};
use ronghe::train::{FitOptions, Fitted, Observer, RunFacts, fit, save, split};
use ronghe::{encode, transfer};
use ronghe_data::Modality;
use ronghe_data::read::ReadOptions;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(args: &Train, common: &Common) -> Result<Outcome> {
    let started = Instant::now();
    let stop = session::stop_signal()?;
    let written = written(args)?;
    let config = written.config()?;
    let cache = Cache::open(&session::cache_folder(common));
    let path = data_path(args, &config, &cache, common)?;
    let mut reading = tables::read_options(&args.reading)?;
    for (column, kind) in &config.data.kinds {
        reading.kinds.entry(column.clone()).or_insert(*kind);
    }
    let mut written = written;
    keep_reading(&reading, &mut written)?;
    let config = written.config()?;
    reading.notation.clone_from(&config.data.notation);
    reading.also_missing.clone_from(&config.data.missing);
    reading.drop.extend(config.data.drop.iter().cloned());
    let keep = config.target.keep.iter().cloned().collect();
    reading.keep = config.target.all().into_iter().map(|target| (target, Clone::clone(&keep))).collect();
    // Several target columns are yes-or-no labels by themselves; the words of a single one are its labels.
    if let ([], column) = (config.target.columns.as_slice(), &config.target.column) {
        reading.labels.insert(column.clone());
    }
    outputs::refuse_inputs("--out", &args.out, &[&path])?;
    let table = tables::read_table(&path, &reading)?;
    let given = config;
    // The same command gives the same model whatever lies in the cache.
    let config = resolve(&given, &table, &|_| false).map_err(|e| written.locate(e))?;
    for name in needs(&config)? {
        pull::fetch(name, &cache, common)?;
    }
    let data_hash = table.content_hash();
    let checkpoint = args.out.join("checkpoint");
    if !args.resume && checkpoint.exists() {
        std::fs::remove_file(&checkpoint).with_context(|| checkpoint.display().to_string())?;
    }
    let options = FitOptions {
        threads: common.threads,
        files: &|name| weights_path(name, args, &cache),
        vectors: Some(session::vectors(&cache)),
        data_hash: &data_hash,
        checkpoint: Some(checkpoint.clone()),
        resume: args.resume,
        skip_bad_rows: args.reading.skip_bad_rows,
        stop: &stop,
    };
    let mut progress = Progress::new(common.quiet);
    let rows = split(&config, &table)?;
    describe(&given, &config, rows.train.len(), &mut progress);
    for (input, better) in config::better_encoders(&given, &config, &table)? {
        let pull: Vec<&str> =
            better.needs.iter().copied().filter(|name| cache.path(name).is_none()).collect();
        let pull =
            if pull.is_empty() { String::new() } else { format!("ronghe pull {}, then ", pull.join(" ")) };
        let (modality, name) = (better.modality, better.name);
        let hint =
            format!("{input}: {name} would mostly do better here: {pull}--set encoders.{modality}={name}");
        progress.event(&ronghe::train::Event::Note(&hint));
    }
    let fitted = fit(&config, &table, rows, &options, &mut progress).map_err(|e| written.locate(e));
    progress.end();
    let fitted = fitted?;
    let facts = facts(started, common);
    let hashes = save(&fitted, &data_hash, &facts, &args.out)?;
    // The model is whole: the checkpoint has done its work.
    let _ = std::fs::remove_file(&checkpoint);
    report(&fitted, &args.out, &hashes, started, common)?;
    Ok(Outcome::Done)
}

/// Puts what the command line says of the table into the configuration, so that the model reads new rows in the same way.
fn keep_reading(reading: &ReadOptions, written: &mut Written) -> Result<()> {
    if !reading.also_missing.is_empty() {
        let mut missing = written.config()?.data.missing;
        missing.extend(reading.also_missing.iter().cloned());
        written.set("data.missing", &serde_json::to_string(&missing)?)?;
    }
    Ok(())
}

fn written(args: &Train) -> Result<Written> {
    let mut written = match &args.config {
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).with_context(|| name.clone())?;
            Written::parse(&text, &name)?
        }
        None => Written::empty(),
    };
    if let Some(target) = &args.target {
        written.set("target.column", &serde_json::to_string(target)?)?;
    }
    if let Some(seed) = args.seed {
        written.set("seed", &seed.to_string())?;
    }
    for given in &args.set {
        let (key, value) =
            given.split_once('=').with_context(|| format!("--set {given}: expected KEY=VALUE"))?;
        written.set(key, value)?;
    }
    Ok(written)
}

/// The table: from the command line, or relative to the configuration, or `pull:NAME` from the catalogue.
fn data_path(args: &Train, config: &ModelConfig, cache: &Cache, common: &Common) -> Result<PathBuf> {
    if let Some(path) = &args.data {
        return Ok(path.clone());
    }
    if let Some(name) = config.data.path.as_deref().and_then(|p| p.strip_prefix("pull:")) {
        pull::fetch(name, cache, common)?;
        return Ok(catalogue::prepare(name, cache)?);
    }
    let path = config
        .data
        .path
        .as_ref()
        .context("no table: name one with --data, or with data.path in the configuration")?;
    let base = args.config.as_ref().and_then(|c| c.parent()).unwrap_or(Path::new(""));
    Ok(base.join(path))
}

/// Catalogue names of the weights that the encoders of a resolved configuration start from.
fn needs(config: &ModelConfig) -> Result<Vec<&str>> {
    let mut names = Vec::new();
    for input in &config.inputs {
        let modality = input.modality.unwrap_or(Modality::Tabular);
        let random = input.encoder.params.get("pretrained") == Some(&json!(false));
        let own = input.encoder.params.get("weights").and_then(Value::as_str);
        names.extend(own.filter(|name| catalogue::knows(name)));
        if !random {
            names.extend(encode::find(&input.encoder.kind, modality, "configuration")?.needs);
        }
    }
    Ok(names)
}

/// Where the weights are that an encoder asks for: in the cache by catalogue name or as `hub:OWNER/NAME`, else a path relative to the
/// configuration.
fn weights_path(name: &str, args: &Train, cache: &Cache) -> ronghe::Result<PathBuf> {
    if catalogue::knows(name) {
        return cache.find(name);
    }
    let base = args.config.as_ref().and_then(|c| c.parent()).unwrap_or(Path::new(""));
    Ok(base.join(name))
}

/// Says what is about to be trained, and why where the program chose.
fn describe(given: &ModelConfig, config: &ModelConfig, rows: usize, progress: &mut Progress) {
    for input in &config.inputs {
        let modality = input.modality.map_or("", |m| m.name());
        let columns = if input.columns.len() == 1 && input.columns[0] == input.name {
            String::new()
        } else {
            format!(" from {}", input.columns.join(", "))
        };
        let line = format!("input {}: {modality}, encoder {}{columns}", input.name, input.encoder.kind);
        progress.event(&ronghe::train::Event::Note(&line));
        let chosen = given.inputs.iter().all(|i| i.name != input.name || i.transfer.kind.is_empty());
        if let (false, Some(modality)) = (input.transfer.is_empty(), input.modality) {
            let choice = transfer::choose(modality, rows);
            let why = if chosen && choice.name == input.transfer.kind {
                format!(" ({})", choice.reason)
            } else {
                String::new()
            };
            let line = format!("transfer of {}: {}{why}", input.name, input.transfer.kind);
            progress.event(&ronghe::train::Event::Note(&line));
        }
    }
    let line = format!(
        "target {}, fusion {}, seed {}",
        config.target.all().join(", "),
        config.fusion.kind,
        config.seed
    );
    progress.event(&ronghe::train::Event::Note(&line));
}

/// Facts about this run that are kept beside the model.
pub(crate) fn facts(started: Instant, common: &Common) -> RunFacts {
    let mut facts = RunFacts::new();
    facts.insert("seconds".into(), json!(started.elapsed().as_secs_f64()));
    facts.insert("threads".into(), json!(common.threads));
    facts.insert("cpu".into(), json!(ronghe::cpu()));
    facts
}

fn report(
    fitted: &Fitted,
    out: &Path,
    hashes: &std::collections::BTreeMap<String, String>,
    started: Instant,
    common: &Common,
) -> Result<()> {
    if common.json {
        return render::json(&json!({
            "model": out,
            "chosen": fitted.chosen,
            "validation": fitted.validation,
            "test": fitted.test,
            "temperature": fitted.parts.temperature,
            "skipped_rows": fitted.skipped.len(),
            "seconds": started.elapsed().as_secs_f64(),
            "hashes": hashes,
        }));
    }
    render::out(&figures("validation", &fitted.validation));
    if fitted.test.rows > 0 {
        render::out(&figures("test", &fitted.test));
    }
    render::log(&format!(
        "weights of {}; saved in {} after {:.1} s",
        fitted.chosen,
        out.display(),
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}
