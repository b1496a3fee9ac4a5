//! Real weights against their reference: MiniLM's sentence vectors against sentence-transformers (cosine), and
//! the first choice of EfficientNet-Lite0 and SqueezeNet on 20 labelled photographs. Needs what `ronghe pull minilm
//! efficientnet-lite0 squeezenet foolbox-images` puts into the cache folder, the only argument:
//!
//! ```text
//! cargo run --release -p ronghe --example parity -- ~/.cache/ronghe
//! ```

#![allow(clippy::print_stdout)]

use arrow_array::{ArrayRef, StringArray};
use ronghe::catalogue::{self, Cache};
use ronghe::encode::backbone::{PictureFeatures, Pixels};
use ronghe::encode::{self, FitInput, backbone};
use ronghe_cpu::CpuExecutor;
use ronghe_data::decode::{Filter, Fit, PictureOptions, decode_images};
use ronghe_data::{ColumnSchema, Kind, Modality, Schema, Table, read};
use ronghe_graph::{Builder, DType, Executor, Feed, Mode, Shape, Tensor, ValueId, Weights};
use serde_json::Value;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let folder = std::env::args().nth(1).ok_or("name the cache folder")?;
    let cache = Cache::open(Path::new(&folder));
    minilm(&cache)?;
    classes(&cache, "efficientnet-lite0", |b, found| {
        backbone::efficientnet_lite0_classifier(b, found.pooled, 1000)
    })?;
    classes(&cache, "squeezenet", |b, found| backbone::squeezenet_classifier(b, found.map, 1000))
}

fn minilm(cache: &Cache) -> Outcome {
    let golden: Value = serde_json::from_str(include_str!("../tests/golden/minilm.json"))?;
    let sentences = golden["sentences"].as_array().ok_or("no sentences")?;
    let texts: Vec<&str> = sentences.iter().filter_map(|s| s["text"].as_str()).collect();
    let cells: ArrayRef = Arc::new(StringArray::from(texts.clone()));
    let schema = Schema { columns: vec![ColumnSchema::new("text", Kind::Text)] };
    let here = Path::new("golden");
    let table = Table::new(Arc::new(schema), vec![cells], here, here, 1)?;
    let spec = encode::find("minilm", Modality::Text, "parity")?;
    let files = |name: &str| cache.find(name);
    let encoder =
        (spec.fit)(&FitInput { table: &table, params: &(spec.defaults)(), files: &files, seed: 0 })?;
    let mut weights = Weights::new();
    if let Some(pretrained) = encoder.pretrained()? {
        weights.absorb("x", pretrained);
    }
    let mut b = Builder::new(&mut weights, Mode::Infer, 0);
    let vector = b.scoped("x", |b| encoder.write(b))?;
    let graph = b.finish();
    let mut feed = Feed::default();
    let rows: Vec<usize> = (0..texts.len()).collect();
    encoder.prepare(&table)?.feed(&rows, "x", &mut feed)?;
    let mut plan = CpuExecutor::new(0).compile(&graph, &[vector])?;
    let found = plan.run(&weights, &feed)?;
    let width = found.shape(0)[1];
    let mut least = f64::INFINITY;
    for (sentence, ours) in sentences.iter().zip(found.get(0).chunks_exact(width)) {
        let theirs: Vec<f64> =
            sentence["vector"].as_array().ok_or("no vector")?.iter().filter_map(Value::as_f64).collect();
        let dot: f64 = ours.iter().zip(&theirs).map(|(&a, b)| f64::from(a) * b).sum();
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
        let lengths = norm(&mut ours.iter().map(|&v| f64::from(v))) * norm(&mut theirs.iter().copied());
        least = least.min(dot / lengths);
    }
    println!("minilm: least cosine to sentence-transformers over {} sentences {least:.7}", texts.len());
    Ok(())
}

/// The classifier over a trunk's features.
type Classify = fn(&mut Builder<'_>, PictureFeatures) -> ronghe_graph::Result<ValueId>;

fn classes(cache: &Cache, name: &str, classify: Classify) -> Outcome {
    catalogue::prepare("foolbox-images", cache)?;
    let table =
        read::read(&cache.find("foolbox-images")?.join("imagenet.csv"), &read::ReadOptions::default())?;
    let (column, _) = table.find("image")?;
    let (labels, _) = table.find("label")?;
    let published = backbone::Published::open(&cache.find(name)?, None)?;
    let network = published.architecture()?;
    let write = |b: &mut Builder<'_>| {
        let x = b.input("x", &Shape::batch(&[224, 224, 3]), DType::F32)?;
        let features = network.write(b, x, true)?;
        classify(b, features)
    };
    let mut weights = published.weights(|b| write(b).map(drop))?;
    let mut b = Builder::new(&mut weights, Mode::Infer, 0);
    let logits = write(&mut b)?;
    let graph = b.finish();
    let options = PictureOptions {
        channels: Some(3),
        size: Some((224, 224, Fit::Stretch, Filter::Bilinear)),
        ..PictureOptions::default()
    };
    let rows: Vec<usize> = (0..table.rows()).collect();
    let Pixels { mean, std } = network.pixels();
    let mut pixels = Vec::new();
    for picture in decode_images(&table, column, &rows, &options) {
        let picture = picture?.ok_or("a missing picture")?;
        pixels.extend(
            picture.pixels.iter().zip((0..3).cycle()).map(|(&v, c)| (f32::from(v) - mean[c]) / std[c]),
        );
    }
    let feed = Feed::default().with("x", Tensor::f32(&[rows.len(), 224, 224, 3], pixels)?);
    let mut plan = CpuExecutor::new(0).compile(&graph, &[logits])?;
    let found = plan.run(&weights, &feed)?;
    let (mut first, mut five) = (0, 0);
    for (&row, scores) in rows.iter().zip(found.get(0).chunks_exact(1000)) {
        let truth: usize = table.display(labels, row).trim_start_matches("class_").parse()?;
        let rank = scores.iter().filter(|&&s| s > scores[truth]).count();
        first += usize::from(rank == 0);
        five += usize::from(rank < 5);
    }
    println!("{name}: top-1 {first}/{0}, top-5 {five}/{0} photographs", rows.len());
    Ok(())
}
