//! BERT (Devlin et al. 2019), the encoder inside MiniLM, E5 and their like: word, position and type embeddings, then
//! post-norm transformer blocks. `ids[N, T], positions, mask[N, T] -> tokens[N, T, D]`; about
//! `layers T (8 D^2 + 4 D hidden + 4 T D)` flops a row. The dropout on attention weights is left out.

use super::hugging_face::{self, beside, weight_file};
use ronghe_graph::layers::{
    BlockNames, NormOrder, TransformerBlock, embedding, first_embedding, layer_norm, linear,
    transformer_block,
};
use ronghe_graph::weights::{e5s1, read_file, rename};
use ronghe_graph::{Act, Builder, Error, Init, Op, Result, ValueId, Weights};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;

/// Shape of a BERT encoder; reads and writes Hugging Face's config.json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BertConfig {
    /// Rows of the word table.
    #[serde(rename = "vocab_size")]
    pub vocabulary: usize,
    /// Width of a token.
    #[serde(rename = "hidden_size")]
    pub width: usize,
    /// Number of blocks.
    #[serde(rename = "num_hidden_layers")]
    pub layers: usize,
    /// Heads of each.
    #[serde(rename = "num_attention_heads")]
    pub heads: usize,
    /// Width inside the feed-forward layers.
    #[serde(rename = "intermediate_size")]
    pub hidden: usize,
    /// Largest number of tokens.
    #[serde(rename = "max_position_embeddings")]
    pub positions: usize,
    /// Number of token types; only the first is used.
    #[serde(rename = "type_vocab_size", default = "two")]
    pub types: usize,
    /// Added to the variance in the norms.
    #[serde(rename = "layer_norm_eps", default = "tiny")]
    pub eps: f32,
    /// Activation inside the feed-forward layers.
    #[serde(rename = "hidden_act", default = "gelu")]
    pub act: Act,
    /// Dropout in training.
    #[serde(rename = "hidden_dropout_prob", default)]
    pub dropout: f32,
}

fn two() -> usize {
    2
}

fn tiny() -> f32 {
    1e-12
}

fn gelu() -> Act {
    Act::Gelu
}

impl BertConfig {
    /// Reads a config.json, named `path` in errors.
    pub fn from_json(path: &str, text: &[u8]) -> Result<BertConfig> {
        let expected = [("model_type", json!("bert")), ("position_embedding_type", json!("absolute"))];
        let config: BertConfig = hugging_face::config(path, text, &expected)?;
        config.check(path)?;
        Ok(config)
    }

    /// Whether the sizes are such as a network can have.
    fn check(&self, path: &str) -> Result<()> {
        let sizes = [
            ("vocab_size", self.vocabulary, 4_000_000),
            ("hidden_size", self.width, 16_384),
            ("num_hidden_layers", self.layers, 256),
            ("num_attention_heads", self.heads, 1024),
            ("intermediate_size", self.hidden, 65_536),
            ("max_position_embeddings", self.positions, 1 << 20),
            ("type_vocab_size", self.types, 1024),
        ];
        hugging_face::sizes(path, &sizes)?;
        let wrong = |what: String| Err(hugging_face::wrong(path, what));
        if !self.width.is_multiple_of(self.heads) {
            let (width, heads) = (self.width, self.heads);
            return wrong(format!("hidden_size {width} is not divisible by {heads} attention heads"));
        }
        if !(0.0..1.0).contains(&self.dropout) || !(0.0..1.0).contains(&self.eps) {
            return wrong("hidden_dropout_prob and layer_norm_eps must be in 0..1".into());
        }
        Ok(())
    }
}

/// Tokens `[N, T, D]` from `ids[N, T]`, `positions[T]` or `[N, T]` (0, 1, ...), and `mask[N, T]` (1: a token, 0: padding).
pub fn bert(
    b: &mut Builder<'_>,
    ids: ValueId,
    positions: ValueId,
    mask: ValueId,
    config: &BertConfig,
) -> Result<ValueId> {
    let (width, init) = (config.width, Init::Normal(0.02));
    let mut x = b.scoped("embeddings", |b| {
        let words = embedding(b, "word_embeddings", ids, config.vocabulary, width, init)?;
        let places = embedding(b, "position_embeddings", positions, config.positions, width, init)?;
        let kind = first_embedding(b, "token_type_embeddings", config.types, width, init)?;
        let sum = b.op(Op::Add, &[words, places])?;
        let sum = b.op(Op::Add, &[sum, kind])?;
        let normed = layer_norm(b, "LayerNorm", sum, config.eps)?;
        b.dropout(config.dropout, normed)
    })?;
    let block = TransformerBlock {
        heads: config.heads,
        causal: false,
        hidden: config.hidden,
        act: config.act,
        eps: config.eps,
        dropout: config.dropout,
        order: NormOrder::Post,
        names: BlockNames::BERT,
    };
    for i in 0..config.layers {
        x = transformer_block(b, &format!("encoder.layer.{i}"), x, Some(mask), &block)?;
    }
    Ok(x)
}

/// BERT's own summary of a text: `tanh` of a dense layer over the first token, `[N, D]`.
pub fn bert_pooler(b: &mut Builder<'_>, tokens: ValueId) -> Result<ValueId> {
    let width = b.width(tokens)?;
    let first = b.op(Op::SelectToken { index: 0 }, &[tokens])?;
    let dense = linear(b, "pooler.dense", first, width, true, Init::Normal(0.02))?;
    b.act(Act::Tanh, dense)
}

/// A BERT encoder's shape and weights, named as [`bert`] names them: from a folder with config.json and
/// model.safetensors (or pytorch_model.bin), from such a weight file with config.json beside it, or from an E5S1 file,
/// which carries its own shape.
pub fn load_bert(path: &Path) -> Result<(BertConfig, Weights)> {
    let file = weight_file(path);
    let Some((place, text)) = beside(&file, "config.json")? else { return from_e5s1(&file) };
    let config = BertConfig::from_json(&place, &text)?;
    let mut weights = rename(
        Weights::load(&file)?,
        &[
            ("^bert.", ""),
            (".LayerNorm.gamma$", ".LayerNorm.weight"),
            (".LayerNorm.beta$", ".LayerNorm.bias"),
        ],
    )?;
    // Counters and the heads of other tasks are not part of the encoder.
    let kept = ["embeddings.", "encoder.", "pooler."];
    weights.retain(|name| kept.iter().any(|p| name.starts_with(p)) && name != "embeddings.position_ids");
    Ok((config, weights))
}

fn from_e5s1(path: &Path) -> Result<(BertConfig, Weights)> {
    let bytes = read_file(path)?;
    let name = path.display().to_string();
    if !bytes.starts_with(b"E5S1") {
        return Err(Error::WeightFile {
            path: name,
            format: "BERT",
            what: "expected config.json beside the weights".into(),
        });
    }
    let file = e5s1::read(&name, &bytes)?;
    let config = BertConfig {
        vocabulary: file.vocabulary,
        width: file.width,
        layers: file.layers,
        heads: file.heads,
        hidden: file.hidden,
        positions: file.positions,
        types: file.types,
        eps: file.eps,
        act: Act::Gelu,
        dropout: 0.1,
    };
    config.check(&name)?;
    Ok((config, file.weights))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::weights::{check, rename};
    use ronghe_graph::{DType, Dim, Graph, Mode, Shape, Tensor};
    use std::collections::BTreeMap;

    const MINILM: &str = r#"{"model_type": "bert", "vocab_size": 30522, "hidden_size": 384,
        "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536,
        "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "position_embedding_type": "absolute", "use_cache": true}"#;

    const SMALL: &str = r#"{"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 12}"#;

    fn network(config: &BertConfig, weights: &mut Weights, mode: Mode) -> Result<Graph> {
        let mut b = Builder::new(weights, mode, 1);
        let tokens = b.symbol();
        let rows = Shape(vec![Dim::BATCH, tokens]);
        let ids = b.input("ids", &rows, DType::I32)?;
        let positions = b.input("positions", &Shape(vec![tokens]), DType::I32)?;
        let mask = b.input("mask", &rows, DType::F32)?;
        let x = bert(&mut b, ids, positions, mask, config)?;
        assert_eq!(b.shape(x), &Shape(vec![Dim::BATCH, tokens, Dim::Fixed(config.width)]));
        let pooled = bert_pooler(&mut b, x)?;
        b.graph.set_output("pooled", pooled);
        Ok(b.finish())
    }

    #[test]
    fn minilm_has_its_published_size() -> Result<()> {
        let config = BertConfig::from_json("config.json", MINILM.as_bytes())?;
        let mut weights = Weights::new();
        network(&config, &mut weights, Mode::Infer)?;
        assert_eq!(weights.elements(), (22_713_216, 22_713_216));
        Ok(())
    }

    #[test]
    fn a_saved_folder_loads_with_and_without_the_prefix() -> Result<()> {
        let config = BertConfig::from_json("config.json", SMALL.as_bytes())?;
        let mut weights = Weights::new();
        let graph = network(&config, &mut weights, Mode::Infer)?;
        let io = |source| Error::Io { path: "temporary".into(), source };
        let folder = tempfile::tempdir().map_err(io)?;
        std::fs::write(folder.path().join("config.json"), SMALL).map_err(io)?;
        let mut old = rename(weights.clone(), &[("^", "bert."), ("LayerNorm.weight", "LayerNorm.gamma")])?;
        old.insert("bert.embeddings.position_ids", Tensor::i32(&[1, 2], vec![0, 1])?, false);
        old.insert("cls.predictions.bias", Tensor::zeros(&[20]), true);
        for file in [&weights, &old] {
            file.save(&folder.path().join("model.safetensors"), &BTreeMap::new())?;
            let (found, loaded) = load_bert(folder.path())?;
            assert_eq!(found, config);
            assert_eq!(loaded, weights);
            check(&graph, &loaded)?;
        }
        Ok(())
    }

    #[test]
    fn other_networks_and_odd_sizes_are_refused() {
        let other = SMALL.replace('{', r#"{"model_type": "roberta","#);
        let message = BertConfig::from_json("c", other.as_bytes()).map_err(|e| e.to_string());
        assert!(message.is_err_and(|m| m.contains("expected \"bert\", found \"roberta\"")));
        let odd = SMALL.replace("\"num_attention_heads\": 2", "\"num_attention_heads\": 3");
        assert!(BertConfig::from_json("c", odd.as_bytes()).is_err());
        assert!(BertConfig::from_json("c", b"[]").is_err());
    }
}
