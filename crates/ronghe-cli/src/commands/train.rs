//! `ronghe train`

use super::pull;
use crate::args::{Common, Reading, Train};
use crate::progress::{Progress, figures};
use crate::{Outcome, outputs, render, session, tables};
use anyhow::{Context, Result, bail};
use ronghe::catalogue::{self, Cache};
use ronghe::config::{self, ModelConfig, Written, resolve};
use ronghe::train::{
    Claim, Event, FitOptions, Fitted, Observer, Place, RunFacts, chosen_epochs, chosen_task, fit, save, split,
};
use ronghe::{encode, transfer};
use ronghe_data::read::ReadOptions;
use ronghe_data::{Modality, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What was asked for, so that a stopped training can go on without being asked again.
#[derive(Serialize, Deserialize)]
struct Request {
    /// The configuration as it was written.
    given: ModelConfig,
    /// The configuration that is trained.
    resolved: ModelConfig,
    /// The table.
    data: PathBuf,
    /// Where the configuration's relative paths begin.
    base: PathBuf,
    /// How the table is read.
    reading: Reading,
}

pub(crate) fn run(args: &Train, common: &Common) -> Result<Outcome> {
    let started = Instant::now();
    let stop = session::stop_signal()?;
    let mut written = written(args)?;
    let cache = Cache::open(&session::cache_folder(common));
    let claim = match (args.resume, args.force) {
        (true, _) => Claim::Resume,
        (_, true) => Claim::Replace,
        _ => Claim::New,
    };
    // With nothing but --resume the folder says what was asked for.
    let named = !args.resume || args.config.is_some() || args.data.is_some();
    let data = named.then(|| data_path(args, &written.config()?, &cache, common)).transpose()?;
    if let Some(data) = &data {
        outputs::refuse_inputs("--out", &args.out, &[data])?;
    }
    let place = Place::claim(&args.out, claim)?;
    let (given, data, base, reading, resolved) = match data {
        Some(data) => {
            keep_reading(&args.reading, &mut written)?;
            (written.config()?, absolute(&data)?, absolute(&base(args))?, args.reading.clone(), None)
        }
        None => {
            let Request { given, resolved, data, base, reading } = request(args, &place)?;
            (given, data, base, reading, Some(resolved))
        }
    };
    let table = tables::read_table(&data, &read_options(&given, &reading)?)
        .map_err(|e| unknown_drop(e, &given, &written))?;
    let resolved = match resolved {
        Some(resolved) => resolved,
        // The same command gives the same model whatever lies in the cache.
        None => resolve(&given, &table, &|_| false).map_err(|e| written.locate(e))?,
    };
    for name in needs(&resolved)? {
        pull::fetch(name, &cache, common)?;
    }
    let request = Request { given, resolved, data, base, reading };
    place.keep(&serde_json::to_vec_pretty(&request)?)?;
    let Request { given, resolved: config, base, .. } = &request;
    let data_hash = table.content_hash();
    let options = FitOptions {
        threads: common.threads,
        files: &|name| weights_path(name, base, &cache),
        vectors: Some(session::vectors(&cache)),
        data_hash: &data_hash,
        checkpoint: Some(place.checkpoint()),
        resume: args.resume,
        skip_bad_rows: request.reading.skip_bad_rows,
        stop: &stop,
    };
    let mut progress = Progress::new(common.quiet);
    let fitted = split(config, &table).and_then(|rows| {
        describe((given, config), &table, rows.train.len(), &mut progress)?;
        describe_better((given, config), &table, &cache, &mut progress)?;
        fit(config, &table, rows, &options, &mut progress)
    });
    progress.finish();
    let fitted = fitted.map_err(|error| stopped(error, &place)).map_err(|e| written.locate(e))?;
    let facts = facts(started, common);
    let hashes = save(&fitted, &data_hash, &facts, &args.out)?;
    // The model is whole: the checkpoint has done its work.
    place.forget()?;
    report(&fitted, &args.out, &hashes, started, common)?;
    Ok(Outcome::Done)
}

/// How the table is read: as the command line and the configuration say.
fn read_options(given: &ModelConfig, reading: &Reading) -> Result<ReadOptions> {
    let mut options = tables::read_options(reading)?;
    for (column, kind) in &given.data.kinds {
        options.kinds.entry(column.clone()).or_insert(*kind);
    }
    options.notation.clone_from(&given.data.notation);
    options.also_missing.clone_from(&given.data.missing);
    options.drop.extend(given.data.drop.iter().cloned());
    let keep = given.target.keep.iter().cloned().collect();
    options.keep = given.target.all().into_iter().map(|target| (target, Clone::clone(&keep))).collect();
    // Several target columns are yes-or-no labels by themselves; the words of a single one are its labels.
    if let ([], column) = (given.target.columns.as_slice(), &given.target.column) {
        options.labels.insert(column.clone());
    }
    Ok(options)
}

/// An error over a column to leave out that there is not, with the line of the setting.
fn unknown_drop(error: anyhow::Error, given: &ModelConfig, written: &Written) -> anyhow::Error {
    match error.downcast::<ronghe_data::Error>() {
        Ok(ronghe_data::Error::UnknownColumn { column, valid, .. }) if given.data.drop.contains(&column) => {
            let (place, what) = ("data.drop".to_owned(), "column");
            written.locate(ronghe::Error::UnknownName { place, what, name: column, valid }).into()
        }
        Ok(other) => other.into(),
        Err(error) => error,
    }
}

/// Puts what the command line says of the table into the configuration, so that the model reads new rows in the same way.
fn keep_reading(reading: &Reading, written: &mut Written) -> Result<()> {
    if !reading.missing.is_empty() {
        let mut missing = written.config()?.data.missing;
        missing.extend(reading.missing.iter().cloned());
        written.set("data.missing", &serde_json::to_string(&missing)?)?;
    }
    Ok(())
}

/// What the folder says was asked for, where the command line asks for nothing but to go on.
fn request(args: &Train, place: &Place) -> Result<Request> {
    let out = args.out.display();
    let Some(bytes) = place.request()? else {
        bail!(
            "{out}: expected a training that was stopped, found none; name CONFIG or --data to begin one, or another folder with \
             --out"
        );
    };
    if args.target.is_some()
        || args.seed.is_some()
        || !args.set.is_empty()
        || args.reading != Reading::default()
    {
        bail!(
            "{out}: --resume goes on with what was asked for before; leave out the other options, or name CONFIG or --data with \
             them"
        );
    }
    let found = serde_json::from_slice(&bytes).ok();
    found.with_context(|| {
        format!("{out}: what was asked for was written by another version; name CONFIG or --data, as before")
    })
}

/// Says how to go on where training was stopped; leaves nothing where there is nothing to go on from.
fn stopped(error: ronghe::Error, place: &Place) -> ronghe::Error {
    let further = place.how_to_go_on().filter(|_| !matches!(error, ronghe::Error::Diverged { .. }));
    match further {
        Some(command) if matches!(error, ronghe::Error::Stopped) => {
            render::log(&format!("go on with: {command}"));
        }
        Some(_) => {}
        // From a checkpoint before the loss left the finite numbers it would do so again.
        None => {
            let _ = place.forget();
        }
    }
    error
}

/// Where the configuration's relative paths begin.
fn base(args: &Train) -> PathBuf {
    args.config.as_ref().and_then(|c| c.parent()).unwrap_or(Path::new("")).to_owned()
}

/// The path from any folder.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).with_context(|| path.display().to_string())
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
    Ok(base(args).join(path))
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
fn weights_path(name: &str, base: &Path, cache: &Cache) -> ronghe::Result<PathBuf> {
    if catalogue::knows(name) {
        return cache.find(name);
    }
    Ok(base.join(name))
}

/// Says what is about to be trained, and why where the program chose.
fn describe(
    (given, config): (&ModelConfig, &ModelConfig),
    table: &Table,
    rows: usize,
    progress: &mut Progress,
) -> ronghe::Result<()> {
    progress.event(&Event::Note(&chosen_task(given, config, table)?));
    for input in &config.inputs {
        let modality = input.modality.map_or("", |m| m.name());
        let columns = if input.columns.len() == 1 && input.columns[0] == input.name {
            String::new()
        } else {
            format!(" from {}", input.columns.join(", "))
        };
        let line = format!("input {}: {modality}, encoder {}{columns}", input.name, input.encoder.kind);
        progress.event(&Event::Note(&line));
        let chosen = given.inputs.iter().all(|i| i.name != input.name || i.transfer.kind.is_empty());
        if let (false, Some(modality)) = (input.transfer.is_empty(), input.modality) {
            let choice = transfer::choose(modality, rows);
            let why = if chosen && choice.name == input.transfer.kind {
                format!(" ({})", choice.reason)
            } else {
                String::new()
            };
            let line = format!("transfer of {}: {}{why}", input.name, input.transfer.kind);
            progress.event(&Event::Note(&line));
        }
    }
    if let Some(line) = chosen_epochs(given, config, rows) {
        progress.event(&Event::Note(&line));
    }
    progress.event(&Event::Note(&format!("fusion {}, seed {}", config.fusion.kind, config.seed)));
    Ok(())
}

/// Says which other encoders would mostly do better.
fn describe_better(
    (given, config): (&ModelConfig, &ModelConfig),
    table: &Table,
    cache: &Cache,
    progress: &mut Progress,
) -> ronghe::Result<()> {
    for (input, better) in config::better_encoders(given, config, table)? {
        let pull: Vec<&str> =
            better.needs.iter().copied().filter(|name| cache.path(name).is_none()).collect();
        let pull =
            if pull.is_empty() { String::new() } else { format!("ronghe pull {}, then ", pull.join(" ")) };
        let (modality, name) = (better.modality, better.name);
        let hint =
            format!("{input}: {name} would mostly do better here: {pull}--set encoders.{modality}={name}");
        progress.event(&Event::Note(&hint));
    }
    Ok(())
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
            "still_improving": fitted.still_improving(),
            "seconds": started.elapsed().as_secs_f64(),
            "hashes": hashes,
        }));
    }
    render::out(&figures("validation", &fitted.validation));
    if fitted.test.rows > 0 {
        render::out(&figures("test", &fitted.test));
    }
    if fitted.still_improving() {
        let epochs = fitted.history.len();
        render::log(&format!(
            "still improving when it ended: more epochs may give a better model, such as --set training.epochs={}",
            2 * epochs
        ));
    }
    render::log(&format!(
        "weights of {}; saved in {} after {:.1} s",
        fitted.chosen,
        out.display(),
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}
