//! Strategies of transfer on small published networks: what each changes, and that nothing else decides the result.

use crate::encoders::fixtures;
use ronghe::config::{InputConfig, ModelConfig, NamedConfig, resolve};
use ronghe::train::{Event, FitOptions, Fitted, Observer, RunFacts, fit, save, split};
use ronghe::{Error, Model, artifact};
use ronghe_data::{Modality, Table};
use ronghe_graph::Weights;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn named(value: Value) -> NamedConfig {
    serde_json::from_value(value).unwrap_or_default()
}

/// A configuration over a sentence, a picture, or both.
fn config(table: &Table, inputs: &[(&str, Modality, Value, Value)]) -> ronghe::Result<ModelConfig> {
    let mut config = ModelConfig { seed: 7, ..ModelConfig::default() };
    config.target.column = "label".into();
    config.training.epochs = Some(4);
    config.training.batch_size = 32;
    config.training.soup = 1;
    for (column, modality, encoder, transfer) in inputs {
        config.inputs.push(InputConfig {
            name: (*column).into(),
            modality: Some(*modality),
            columns: vec![(*column).into()],
            encoder: named(encoder.clone()),
            transfer: named(transfer.clone()),
        });
    }
    resolve(&config, table, &|_| true)
}

fn bert(transfer: Value) -> (&'static str, Modality, Value, Value) {
    ("sentence", Modality::Text, json!({"type": "pretrained", "weights": "bert", "max_tokens": 12}), transfer)
}

fn picture(weights: &str, transfer: Value) -> (&'static str, Modality, Value, Value) {
    let encoder = json!({"type": "pretrained", "weights": weights, "size": 32, "hidden": [4]});
    ("picture", Modality::Image, encoder, transfer)
}

#[derive(Default)]
struct How<'a> {
    threads: usize,
    vectors: Option<&'a Path>,
    checkpoint: Option<&'a Path>,
    resume: bool,
    stop_after: usize,
}

/// Counts rows found on disk, and stops where asked.
struct Watch<'a> {
    left: usize,
    stop: &'a AtomicBool,
    notes: Vec<String>,
}

impl Observer for Watch<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Note(text) | Event::Warning(text) => self.notes.push((*text).to_owned()),
            Event::Batch { .. } if self.left > 0 => {
                self.left -= 1;
                self.stop.store(self.left == 0, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

fn train(config: &ModelConfig, table: &Table, how: &How<'_>) -> ronghe::Result<(Fitted, Vec<String>)> {
    let stop = AtomicBool::new(false);
    let options = FitOptions {
        threads: how.threads,
        files: &|name| Ok(fixtures::published(name)),
        vectors: how.vectors.map(Path::to_owned),
        data_hash: "",
        checkpoint: how.checkpoint.map(Path::to_owned),
        resume: how.resume,
        skip_bad_rows: false,
        stop: &stop,
    };
    let mut watch = Watch { left: how.stop_after, stop: &stop, notes: Vec::new() };
    let fitted = fit(config, table, split(config, table)?, &options, &mut watch)?;
    Ok((fitted, watch.notes))
}

fn hashes(fitted: &Fitted) -> Result<BTreeMap<String, String>, Box<dyn std::error::Error>> {
    Ok(save(fitted, "", &RunFacts::new(), tempfile::tempdir()?.path())?)
}

/// Names of the trunk's weights that differ from the published ones.
fn changed(fitted: &Fitted, input: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let at = fitted.parts.config.inputs.iter().position(|i| i.name == input).ok_or("an input")?;
    let encoder = &fitted.parts.encoders[at];
    let name = fitted.parts.config.inputs[at].encoder.params["weights"].as_str().unwrap_or_default();
    let published = encoder.published(&fixtures::published(name))?;
    let same =
        |name: &str, tensor| fitted.parts.weights.get(&format!("encode.{input}.{name}")) == Some(tensor);
    let differ = published.iter().filter(|(name, p)| !same(name, &p.tensor));
    Ok(differ.map(|(name, _)| name.to_owned()).collect())
}

#[test]
fn each_strategy_changes_what_it_says() -> Outcome {
    let table = fixtures::table(96)?;
    let run = |input, column: &str| -> Result<_, Box<dyn std::error::Error>> {
        let (fitted, _) = train(&config(&table, &[input])?, &table, &How::default())?;
        let changed = changed(&fitted, column)?;
        Ok((fitted, changed))
    };
    let (fitted, none) = run(bert(json!("frozen")), "sentence")?;
    assert!(none.is_empty() && fitted.adapter.is_none(), "{none:?}");
    assert_eq!(fitted.history.len(), 4);

    let (_, biases) = run(bert(json!("norm+bias")), "sentence")?;
    assert!(
        biases.len() > 10 && biases.iter().all(|n| n.ends_with(".bias") || n.contains("LayerNorm")),
        "{biases:?}"
    );

    let (_, all) = run(bert(json!("full")), "sentence")?;
    assert!(all.iter().any(|n| n.contains("word_embeddings")) && all.iter().any(|n| n.contains("layer.1")));

    // Two epochs of the head, two of the last group: the rest stays.
    let last = json!({"type": "gradual", "head_epochs": 2, "block_epochs": 9, "blocks": 1});
    let (_, end) = run(bert(last.clone()), "sentence")?;
    assert!(!end.is_empty() && end.iter().all(|n| n.starts_with("trunk.encoder.layer.1.")), "{end:?}");
    let (_, end) = run(picture("squeezenet.safetensors", last), "picture")?;
    assert!(!end.is_empty() && end.iter().all(|n| n.starts_with("trunk.features.12.")), "{end:?}");
    let (_, all) = run(picture("squeezenet.safetensors", json!("gradual")), "picture")?;
    assert!(all.iter().any(|n| n.starts_with("trunk.features.0.")), "{all:?}");

    let lora = json!({"type": "lora", "rank": 2, "targets": ["query", "contract"]});
    for (input, column) in [(bert(lora.clone()), "sentence"), (picture("vit", lora), "picture")] {
        let (fitted, dense) = run(input, column)?;
        assert_eq!(dense.len(), 4, "{dense:?}");
        assert!(dense.iter().all(|n| n.ends_with("query.weight") || n.ends_with(".output.dense.weight")));
        let adapter = fitted.adapter.as_ref().ok_or("an adapter")?;
        assert_eq!(adapter.iter().filter(|(n, _)| n.contains(".lora_")).count(), 8);
        assert!(adapter.iter().all(|(n, _)| n.contains(".lora_") || !n.contains(".trunk.")));
        assert!(fitted.parts.weights.iter().all(|(n, _)| !n.contains("lora")));
    }
    Ok(())
}

#[test]
fn a_model_is_put_together_from_its_adapter() -> Outcome {
    let table = fixtures::table(96)?;
    let lora = json!({"type": "lora", "rank": 2});
    let config = config(&table, &[bert(lora), picture("vit", json!("frozen"))])?;
    let (fitted, _) = train(&config, &table, &How::default())?;
    let folder = tempfile::tempdir()?;
    save(&fitted, "", &RunFacts::new(), folder.path())?;
    let whole = Model::new(artifact::load(folder.path())?, 1)?.predict_detailed(&table)?;
    std::fs::remove_file(folder.path().join("model.safetensors"))?;
    assert!(matches!(artifact::load(folder.path()), Err(Error::Artifact { .. })));
    let published = |name: &str| -> ronghe::Result<PathBuf> { Ok(fixtures::published(name)) };
    let parts = artifact::load_from(folder.path(), &published)?;
    assert_eq!(parts.weights.len(), fitted.parts.weights.len());
    assert_eq!(Model::new(parts, 1)?.predict_detailed(&table)?, whole);

    // Beside other weights it is none.
    let other = tempfile::tempdir()?;
    for name in ["config.json", "tokenizer.json"] {
        std::fs::copy(fixtures::published("bert").join(name), other.path().join(name))?;
    }
    let mut weights = Weights::load(&fixtures::published("bert").join("model.safetensors"))?;
    if let Some(tensor) = weights.get_mut("embeddings.word_embeddings.weight") {
        tensor.as_f32_mut()[0] += 1.0;
    }
    weights.save(&other.path().join("model.safetensors"), &BTreeMap::new())?;
    let published = |name: &str| -> ronghe::Result<PathBuf> {
        Ok(if name == "bert" { other.path().to_owned() } else { fixtures::published(name) })
    };
    let message =
        artifact::load_from(folder.path(), &published).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(message.contains("published weights"), "{message}");
    Ok(())
}

#[test]
fn vectors_from_disk_threads_and_interruptions_change_nothing() -> Outcome {
    let table = fixtures::table(96)?;
    let gradual = json!({"type": "gradual", "blocks": 1});
    let both = [bert(json!("frozen")), picture("squeezenet.safetensors", gradual)];
    let config = config(&table, &both)?;
    let folder = tempfile::tempdir()?;
    let (first, notes) = train(&config, &table, &How { threads: 1, ..How::default() })?;
    assert!(notes.iter().any(|n| n.contains("trained from now on")), "{notes:?}");
    let expected = hashes(&first)?;
    for kept in [0, 2] {
        let how = How { threads: 2, vectors: Some(folder.path()), ..How::default() };
        let (again, notes) = train(&config, &table, &how)?;
        assert_eq!(hashes(&again)?, expected);
        assert_eq!(notes.iter().filter(|n| n.contains("kept from before")).count(), kept, "{notes:?}");
    }
    let batches = first.split.train.len().div_ceil(config.training.batch_size);
    // In each phase, and at its end.
    for steps in [1, batches, batches + 1, 2 * batches, 3 * batches + 1] {
        let path = folder.path().join(format!("stopped{steps}"));
        let how = How { checkpoint: Some(&path), stop_after: steps, ..How::default() };
        assert!(matches!(train(&config, &table, &how), Err(Error::Stopped)));
        let how = How { checkpoint: Some(&path), resume: true, ..How::default() };
        assert_eq!(hashes(&train(&config, &table, &how)?.0)?, expected, "stopped after {steps} steps");
    }
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_written_only_warns() -> Outcome {
    let table = fixtures::table(48)?;
    let config = config(&table, &[bert(json!("frozen"))])?;
    let folder = tempfile::tempdir()?;
    // A file where the folder should be: no one, not even root, can write below it.
    let blocked = folder.path().join("vectors");
    std::fs::write(&blocked, "")?;
    let (fitted, notes) = train(&config, &table, &How { vectors: Some(&blocked), ..How::default() })?;
    assert!(notes.iter().any(|n| n.contains("not kept") && n.contains("vectors")), "{notes:?}");
    assert_eq!(hashes(&fitted)?, hashes(&train(&config, &table, &How::default())?.0)?);
    Ok(())
}

#[test]
fn settings_that_do_not_fit_are_refused() -> Outcome {
    let table = fixtures::table(48)?;
    let message = |inputs| {
        let made = config(&table, &[inputs]).and_then(|c| train(&c, &table, &How::default()).map(drop));
        made.err().map(|e| e.to_string()).unwrap_or_default()
    };
    let cnn = ("picture", Modality::Image, json!("cnn"), json!("frozen"));
    assert!(message(cnn).contains("published network"));
    let random = json!({"type": "mobilenet_v2", "pretrained": false});
    assert!(message(("picture", Modality::Image, random, json!("frozen"))).contains("starts at random"));
    assert!(message(picture("squeezenet.safetensors", json!("lora"))).contains("transformer"));
    assert!(message(bert(json!("thaw"))).contains("norm+bias"));
    assert!(message(bert(json!({"type": "lora", "ranks": 3}))).contains("rank"));
    // Few rows are left frozen without being told.
    let chosen = config(&table, &[bert(Value::Null)])?;
    assert_eq!(chosen.inputs[0].transfer.kind, "frozen");
    Ok(())
}

#[test]
fn mixup_is_for_pictures_and_sounds() -> Outcome {
    let table = fixtures::table(96)?;
    let mut blended = config(&table, &[("picture", Modality::Image, json!("cnn"), Value::Null)])?;
    let (plain, _) = train(&blended, &table, &How::default())?;
    blended.training.mixup = 0.4;
    let blended = resolve(&blended, &table, &|_| true)?;
    let (first, _) = train(&blended, &table, &How { threads: 1, ..How::default() })?;
    assert_ne!(first.parts.weights, plain.parts.weights);
    assert_eq!(hashes(&first)?, hashes(&train(&blended, &table, &How { threads: 2, ..How::default() })?.0)?);
    let mut texts = config(&table, &[bert(json!("frozen"))])?;
    texts.training.mixup = 0.4;
    let message = resolve(&texts, &table, &|_| true).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(message.contains("sentence"), "{message}");
    Ok(())
}
