//! A saved model: a folder of plain files.
//!
//! | file | what |
//! |---|---|
//! | `config.json` | format version, resolved configuration, task, temperature, states of the encoders |
//! | `model.safetensors` | all weights |
//! | `adapter.safetensors` | after a training by adapters: what it added to the published networks, and what stands around them |
//! | `encoders/NAME/*` | files of encoders, `tokenizer.json` for one |
//! | `background.parquet` | some training rows (inputs only), beside which predictions are explained; not with `artifact.background: 0` |
//! | `metrics.json` | figures on validation and test rows, epoch by epoch |
//! | `rows.bin` | which rows it has seen, by content, so that figures can be of others; not beyond 2,000,000 |
//! | `README.md` | model card |
//! | `hashes.json` | sha256 of every file above; checked when the model is loaded |
//! | `run.json` | seconds, threads, machine; not hashed, for it differs from run to run |
//!
//! A folder with `adapter.safetensors` may be copied without `model.safetensors`, of which it has a hundredth: [`load_from`] then
//! reads the published networks where they are, adds what was trained, and checks that the very same weights come out.
//!
//! Nothing in it is executed, and no path in it is absolute: it loads on any operating system.

use crate::config::ModelConfig;
use crate::encode::{Encoder, State};
use crate::model::{ModelParts, load_encoders};
use crate::train::{CHECKPOINT, REQUEST, go_on};
use crate::transfer::{Transfer, adapters};
use crate::{Error, Result, Task};
use ronghe_data::Table;
use ronghe_data::plain;
use ronghe_graph::Weights;
use ronghe_graph::passes::merge_adapters;
use ronghe_graph::weights::{safetensors, write_atomic};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Name of the file of adapters.
pub const ADAPTER: &str = "adapter.safetensors";

/// Name of the file of training rows that say what is usual.
pub const BACKGROUND: &str = "background.parquet";

const WEIGHTS: &str = "model.safetensors";

/// Version of the folder's format. A program reads its own and older ones.
pub const FORMAT_VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Config {
    format_version: u32,
    ronghe_version: String,
    config: ModelConfig,
    task: Task,
    temperature: f64,
    encoders: Vec<EncoderState>,
}

#[derive(Serialize, Deserialize)]
struct EncoderState {
    input: String,
    state: serde_json::Value,
    files: Vec<String>,
}

/// Files that go with a model: name within the folder, content.
pub type ExtraFiles = BTreeMap<String, Vec<u8>>;

/// Saves a model into `folder`, which is made. `hashed` files are covered by the hashes, `loose` ones are not.
/// Returns the hashes.
pub fn save(
    parts: &ModelParts,
    folder: &Path,
    hashed: &ExtraFiles,
    loose: &ExtraFiles,
) -> Result<BTreeMap<String, String>> {
    let mut files: BTreeMap<String, Vec<u8>> = hashed.clone();
    let mut encoders = Vec::new();
    for (input, encoder) in parts.config.inputs.iter().zip(&parts.encoders) {
        let State { json, files: own } = encoder.state();
        let place = format!("encoders/{}", safe_name(&input.name));
        encoders.push(EncoderState {
            input: input.name.clone(),
            state: json,
            files: own.keys().map(|f| format!("{place}/{f}")).collect(),
        });
        files.extend(own.into_iter().map(|(name, bytes)| (format!("{place}/{name}"), bytes)));
    }
    let config = Config {
        format_version: FORMAT_VERSION,
        ronghe_version: env!("CARGO_PKG_VERSION").into(),
        config: portable(&parts.config),
        task: parts.task.clone(),
        temperature: parts.temperature,
        encoders,
    };
    files.insert("config.json".into(), pretty(&config, folder)?);
    files.insert(WEIGHTS.into(), safetensors::write(&parts.weights, &BTreeMap::new()));
    let hashes: BTreeMap<String, String> =
        files.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
    for (name, bytes) in files.iter().chain(loose) {
        let path = folder.join(name);
        let place = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(place).map_err(|source| Error::Io { path: place.to_owned(), source })?;
        write_atomic(&path, bytes)?;
    }
    // Written last: a folder without it is not a whole model.
    write_atomic(&folder.join("hashes.json"), &pretty(&hashes, folder)?)?;
    Ok(hashes)
}

/// The file `name` of the model in `folder`, after checking its hash; `None` where the model was saved without one.
pub fn file(folder: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    let place = folder.join("hashes.json");
    let hashes: BTreeMap<String, String> = parse(&place, &read(&place)?)?;
    let Some(expected) = hashes.get(name) else { return Ok(None) };
    let path = inside(folder, name)?;
    let bytes = read(&path)?;
    check(&path, expected, &bytes)?;
    Ok(Some(bytes))
}

/// The training rows that the model in `folder` keeps; `None` where it keeps none.
pub fn background(folder: &Path) -> Result<Option<Table>> {
    let Some(bytes) = file(folder, BACKGROUND)? else { return Ok(None) };
    Ok(Some(Table::unpack(bytes, &folder.join(BACKGROUND))?))
}

/// What tells the model in `folder` from others: the hash of the hashes of its files.
pub fn fingerprint(folder: &Path) -> Result<String> {
    Ok(sha256(&read(&folder.join("hashes.json"))?))
}

/// The configuration without absolute paths: of those, the last name stays.
fn portable(config: &ModelConfig) -> ModelConfig {
    let mut config = config.clone();
    let last = |path: &str| {
        let path = Path::new(path);
        let name = path.file_name().filter(|_| path.is_absolute())?;
        Some(name.to_string_lossy().into_owned())
    };
    if let Some(name) = config.data.path.as_deref().and_then(last) {
        config.data.path = Some(name);
    }
    for input in &mut config.inputs {
        let Some(weights) = input.encoder.params.get_mut("weights") else { continue };
        if let Some(name) = weights.as_str().and_then(last) {
            *weights = name.into();
        }
    }
    config
}

/// Loads a whole saved model after checking every hash.
pub fn load(folder: &Path) -> Result<ModelParts> {
    load_from(folder, &|_| Err(missing(&folder.join(WEIGHTS))))
}

/// As [`load`]; where only the adapter is there, `files` says where published weights are, by catalogue name or by the
/// path that the configuration has.
pub fn load_from(folder: &Path, published: &dyn Fn(&str) -> Result<PathBuf>) -> Result<ModelParts> {
    let hashes: BTreeMap<String, String> =
        parse(&folder.join("hashes.json"), &read(&folder.join("hashes.json"))?)?;
    let mut files = BTreeMap::new();
    let adapted = hashes.contains_key(ADAPTER) && !folder.join(WEIGHTS).exists();
    for (name, expected) in hashes.iter().filter(|(name, _)| !(adapted && *name == WEIGHTS)) {
        let path = inside(folder, name)?;
        let bytes = read(&path)?;
        check(&path, expected, &bytes)?;
        files.insert(name.clone(), bytes);
    }
    let place = folder.join("config.json");
    let file = |name: &str| files.get(name).ok_or_else(|| missing(&folder.join(name)));
    let version: serde_json::Value = parse(&place, file("config.json")?)?;
    let version = version.get("format_version").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if version == 0 || version > u64::from(FORMAT_VERSION) {
        return Err(Error::Artifact {
            path: place,
            expected: format!("format version 1 to {FORMAT_VERSION}"),
            found: version.to_string(),
            mend: "use the newer ronghe that saved it".into(),
        });
    }
    let config: Config = parse(&place, file("config.json")?)?;
    let mut states = Vec::new();
    for entry in &config.encoders {
        let mut state = State { json: entry.state.clone(), files: BTreeMap::new() };
        for name in &entry.files {
            let short = name.rsplit('/').next().unwrap_or(name);
            state.files.insert(short.to_owned(), file(name)?.clone());
        }
        states.push(state);
    }
    if states.len() != config.config.inputs.len() {
        return Err(missing(&place));
    }
    let encoders = load_encoders(&config.config, &states)?;
    let stored = if adapted { ADAPTER } else { WEIGHTS };
    let mut weights = safetensors::read(&folder.join(stored).to_string_lossy(), file(stored)?)?;
    if adapted {
        complete(&config.config, &encoders, &mut weights, published)?;
        let (expected, found) =
            (hashes.get(WEIGHTS), sha256(&safetensors::write(&weights, &BTreeMap::new())));
        if expected != Some(&found) {
            return Err(Error::Artifact {
                path: folder.join(ADAPTER),
                expected: "the published weights that it was trained beside".into(),
                found: "others".into(),
                mend: "copy model.safetensors too, or fetch the same published weights".into(),
            });
        }
    }
    let Config { config, task, temperature, .. } = config;
    Ok(ModelParts { encoders, weights, config, task, temperature })
}

/// Whether the bytes are those that were saved.
fn check(path: &Path, expected: &str, bytes: &[u8]) -> Result<()> {
    let found = sha256(bytes);
    if found == expected {
        return Ok(());
    }
    Err(Error::Artifact {
        path: path.to_owned(),
        expected: format!("sha256 {expected}"),
        found: format!("sha256 {found}"),
        mend: "the file was changed or damaged: copy the model again".into(),
    })
}

/// Adds the published networks to what was trained beside them.
fn complete(
    config: &ModelConfig,
    encoders: &[Box<dyn Encoder>],
    weights: &mut Weights,
    published: &dyn Fn(&str) -> Result<PathBuf>,
) -> Result<()> {
    for (input, encoder) in config.inputs.iter().zip(encoders) {
        let place = format!("inputs.{}", input.name);
        let prefix = format!("encode.{}", input.name);
        let own = format!("{prefix}.trunk.");
        if !encoder.spec().published {
            continue;
        }
        let transfer = Transfer::parse(&input.transfer, &place)?;
        if !matches!(transfer, Transfer::Frozen | Transfer::Lora { .. }) {
            continue;
        }
        let given = input.encoder.params.get("weights").and_then(serde_json::Value::as_str);
        let name = given.or(encoder.spec().needs.first().copied()).unwrap_or_default();
        weights.absorb(&prefix, encoder.published(&published(name)?)?);
        let names: Vec<&str> = weights.iter().map(|(n, _)| n).filter(|n| n.starts_with(&own)).collect();
        let adapters = adapters(&transfer, names.into_iter(), &input.name)?;
        merge_adapters(weights, &adapters)?;
    }
    Ok(())
}

/// sha256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A value as indented JSON with a newline at the end.
pub(crate) fn pretty<T: Serialize>(value: &T, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Error::Artifact {
        path: path.to_owned(),
        expected: "values that JSON can hold".into(),
        found: e.to_string(),
        mend: "please report this".into(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|e| Error::Artifact {
        path: path.to_owned(),
        expected: "a file that ronghe wrote".into(),
        found: plain::json(&e),
        mend: "copy the model again".into(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            missing(path)
        } else {
            Error::Io { path: path.to_owned(), source }
        }
    })
}

fn missing(path: &Path) -> Error {
    let folder = path.parent().unwrap_or(path);
    if folder.join(CHECKPOINT).exists() || folder.join(REQUEST).exists() {
        return Error::Artifact {
            path: folder.to_owned(),
            expected: "a finished model".into(),
            found: "a training that is not finished".into(),
            mend: format!("go on with `{}`", go_on(folder)),
        };
    }
    Error::Artifact {
        path: path.to_owned(),
        expected: "a file of a saved model".into(),
        found: "nothing".into(),
        mend: "name the folder that `ronghe train --out` wrote, and copy it whole".into(),
    }
}

/// `name` under `folder`, refused if it would leave it.
fn inside(folder: &Path, name: &str) -> Result<PathBuf> {
    let plain = Path::new(name).components().all(|c| matches!(c, Component::Normal(_)));
    if plain {
        return Ok(folder.join(name));
    }
    Err(Error::Artifact {
        path: folder.join("hashes.json"),
        expected: "names inside the folder".into(),
        found: name.to_owned(),
        mend: "do not use this model".into(),
    })
}

/// An input's name as a folder name that every operating system takes; distinct names stay distinct.
fn safe_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .collect();
    if plain == name { plain } else { format!("{plain}-{}", &sha256(name.as_bytes())[..8]) }
}
