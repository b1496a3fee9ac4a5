//! Sentence transformers: a BERT over word pieces, averaged over a text's tokens.
//!
//! ```text
//! text -> tokens (at most `max_tokens`) -> BERT [N, T, D] -> mean over tokens -> L2 norm 1 -> [N, D]
//!      -> (linear, relu, dropout) a hidden layer
//! ```
//! MiniLM (all-MiniLM-L6-v2, English, 384 wide) and E5 (multilingual-e5-small, 384 wide; a text stands behind `query: ` or
//! `passage: `). The texts of several columns are read as one, a line each. Source: Reimers and
//! Gurevych 2019 (mean pooling), Wang et al. 2024 (E5).

use super::token_dropout::{self, Marks};
use crate::artifact::sha256;
use crate::encode::backbone::{BertConfig, bert, load_bert};
use crate::encode::{Encoder, EncoderSpec, Field, FitInput, Prepared, State, network, params, trunk};
use crate::{Error, Result};
use rayon::prelude::*;
use ronghe_data::{Modality, Table};
use ronghe_graph::{Builder, DType, Dim, Op, Shape, SplitMix, ValueId, Weights};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokenizers::{Tokenizer, TruncationParams};

pub(in crate::encode) static MINILM: EncoderSpec = EncoderSpec {
    name: "minilm",
    modality: Modality::Text,
    summary: "all-MiniLM-L6-v2, a sentence transformer for English",
    published: true,
    needs: &["minilm"],
    defaults: || params::object(&Params::default()),
    fit: |input| {
        let path = (input.files)("minilm")?;
        let tokenizer = beside(&path, TOKENIZER_FILE);
        fit(&MINILM, input, params::parse(&MINILM, input.params)?, path, &tokenizer)
    },
    load: |state| load(&MINILM, state),
};

pub(in crate::encode) static E5: EncoderSpec = EncoderSpec {
    name: "e5",
    modality: Modality::Text,
    summary: "multilingual-e5-small, a sentence transformer for a hundred languages, Chinese among them",
    published: true,
    needs: &["e5-small", "e5-small-tokenizer"],
    defaults: || params::object(&Params { prefix: "query: ".into(), ..Params::default() }),
    fit: |input| {
        let tokenizer = (input.files)("e5-small-tokenizer")?;
        let tokenizer = if tokenizer.is_dir() { tokenizer.join(TOKENIZER_FILE) } else { tokenizer };
        fit(&E5, input, params::parse(&E5, input.params)?, (input.files)("e5-small")?, &tokenizer)
    },
    load: |state| load(&E5, state),
};

pub(in crate::encode) static PRETRAINED: EncoderSpec = EncoderSpec {
    name: "pretrained",
    modality: Modality::Text,
    summary: "a BERT of your own folder: config.json, weights and tokenizer.json, averaged over tokens",
    published: true,
    needs: &[],
    defaults: || {
        let mut defaults = params::object(&Params::default());
        defaults["weights"] = Value::Null;
        defaults
    },
    fit: |input| {
        let mut params: Params = params::parse(&PRETRAINED, input.params)?;
        params::layers(&PRETRAINED, "hidden", &params.hidden, params.dropout)?;
        let expected =
            "a folder with config.json, model.safetensors and tokenizer.json, or a name of the catalogue";
        // A place on this machine is none of the model's.
        let path =
            (input.files)(&params::required(&PRETRAINED, "weights", params.weights.take(), expected)?)?;
        let tokenizer = beside(&path, TOKENIZER_FILE);
        fit(&PRETRAINED, input, params, path, &tokenizer)
    },
    load: |state| load(&PRETRAINED, state),
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Of `pretrained` only: a folder as Hugging Face publishes it, or a name of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<String>,
    /// Tokens of a text that are read, the marks of its ends counted.
    max_tokens: usize,
    /// Put before each text.
    prefix: String,
    hidden: Vec<usize>,
    dropout: f64,
    /// Chance of each token of a training text to be left out or masked; with any, the network is computed anew in
    /// each epoch, trained or not.
    #[serde(default)]
    token_dropout: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            weights: None,
            max_tokens: 128,
            prefix: String::new(),
            hidden: Vec::new(),
            dropout: 0.1,
            token_dropout: 0.0,
        }
    }
}

/// What is saved beside the tokenizer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Saved {
    params: Params,
    columns: Vec<String>,
    bert: BertConfig,
}

struct Transformer {
    spec: &'static EncoderSpec,
    saved: Saved,
    tokenizer: Tokenizer,
    marks: Marks,
    tokenizer_json: Vec<u8>,
    /// Where the published weights are; only while training.
    weights: Option<PathBuf>,
}

const TOKENIZER_FILE: &str = "tokenizer.json";
/// Larger than any published tokenizer.
const MAX_TOKENIZER_BYTES: u64 = 256 << 20;
/// No token is longer, but for words that a tokenizer does not know anyway; the rest of a long text is not looked at.
const BYTES_A_TOKEN: usize = 64;

/// The file `name` in the folder `path`, or in the folder of the file `path`.
fn beside(path: &Path, name: &str) -> PathBuf {
    if path.is_dir() { path.join(name) } else { path.with_file_name(name) }
}

fn fit(
    spec: &'static EncoderSpec,
    input: &FitInput<'_>,
    params: Params,
    weights: PathBuf,
    tokenizer: &Path,
) -> Result<Box<dyn Encoder>> {
    params::layers(spec, "hidden", &params.hidden, params.dropout)?;
    token_dropout::check(spec, params.token_dropout)?;
    let io = |source| Error::Io { path: tokenizer.to_owned(), source };
    let bytes = std::fs::metadata(tokenizer).map_err(io)?.len();
    if bytes > MAX_TOKENIZER_BYTES {
        return Err(Error::Artifact {
            path: tokenizer.to_owned(),
            expected: format!("a tokenizer of at most {MAX_TOKENIZER_BYTES} bytes"),
            found: format!("{bytes} bytes"),
            mend: "fetch the weights again".into(),
        });
    }
    let tokenizer_json = std::fs::read(tokenizer).map_err(io)?;
    let (bert, _) = load_bert(&weights)?;
    params::within(spec, "max_tokens", params.max_tokens, 4..=bert.positions)?;
    let columns = input.table.schema().names();
    let saved = Saved { params, columns, bert };
    Ok(Box::new(Transformer::new(spec, saved, tokenizer_json, Some(weights))?))
}

fn load(spec: &'static EncoderSpec, state: &State) -> Result<Box<dyn Encoder>> {
    let saved: Saved = params::restore(spec, state)?;
    let json = params::file(spec, state, TOKENIZER_FILE)?.to_vec();
    Ok(Box::new(Transformer::new(spec, saved, json, None)?))
}

impl Transformer {
    fn new(
        spec: &'static EncoderSpec,
        saved: Saved,
        tokenizer_json: Vec<u8>,
        weights: Option<PathBuf>,
    ) -> Result<Transformer> {
        let damaged = |found: String| params::damaged(spec, "a tokenizer in Hugging Face's JSON", &found);
        let mut tokenizer = Tokenizer::from_bytes(&tokenizer_json).map_err(|e| damaged(e.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| damaged(e.to_string()))?;
        let marks = tokenizer.encode_fast("", true).map_err(|e| damaged(e.to_string()))?.len();
        // The truncation of the crate subtracts the marks from the limit.
        params::within(spec, "max_tokens", saved.params.max_tokens, marks + 1..=saved.bert.positions)?;
        let truncation =
            TruncationParams { max_length: saved.params.max_tokens, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|e| damaged(e.to_string()))?;
        let marks = Marks::of(&tokenizer, saved.bert.vocabulary).map_err(|e| damaged(e.to_string()))?;
        Ok(Transformer { spec, saved, tokenizer, marks, tokenizer_json, weights })
    }

    /// Token ids of a row; those of the empty text for a row without any, so that no row is without tokens.
    fn tokens(&self, table: &Table, columns: &[usize], row: usize) -> Result<(bool, Vec<i32>)> {
        let mut text = self.saved.params.prefix.clone();
        let start = text.len();
        let mut present = false;
        for cell in columns.iter().filter_map(|&c| table.text(c, row)) {
            if present {
                text.push('\n');
            }
            present = true;
            text.push_str(cell);
        }
        let most = start + self.saved.params.max_tokens * BYTES_A_TOKEN;
        if let Some((cut, _)) = text.char_indices().find(|&(at, _)| at >= most) {
            text.truncate(cut);
        }
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|e| Error::Cell {
            path: table.path().to_owned(),
            row: table.row_number(row),
            column: self.saved.columns.join(", "),
            expected: "a text that the tokenizer can cut".into(),
            found: e.to_string(),
            mend: "correct the cell or leave it empty".into(),
        })?;
        let id = |&id: &u32| {
            let known = i32::try_from(id).ok().filter(|_| (id as usize) < self.saved.bert.vocabulary);
            known.ok_or_else(|| {
                let expected =
                    format!("token ids below {}, the rows of the word table", self.saved.bert.vocabulary);
                params::damaged(
                    self.spec,
                    &expected,
                    &format!("id {id}: tokenizer and weights do not belong together"),
                )
            })
        };
        Ok((present, encoding.get_ids().iter().map(id).collect::<Result<_>>()?))
    }
}

impl Encoder for Transformer {
    fn spec(&self) -> &'static EncoderSpec {
        self.spec
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        let columns: Vec<usize> = self
            .saved
            .columns
            .iter()
            .map(|c| table.find(c).map(|(column, _)| column))
            .collect::<ronghe_data::Result<_>>()?;
        let tokens = |row| self.tokens(table, &columns, row);
        let rows: Vec<(bool, Vec<i32>)> =
            (0..table.rows()).into_par_iter().map(tokens).collect::<Result<_>>()?;
        let (present, ids): (Vec<bool>, Vec<Vec<i32>>) = rows.into_iter().unzip();
        let positions = ids.iter().map(|row| (0..row.len() as i32).collect()).collect();
        let mask = ids.iter().map(|row| vec![1.0; row.len()]).collect();
        let fields = BTreeMap::from([
            ("ids".to_owned(), Field::Ids { rows: ids, pad: 0 }),
            ("positions".to_owned(), Field::Ids { rows: positions, pad: 0 }),
            ("mask".to_owned(), Field::Scales { rows: mask }),
        ]);
        Ok(Prepared { present, fields, bad: Vec::new() })
    }

    fn preparation(&self) -> Value {
        let Saved { params, columns, bert } = &self.saved;
        json!({
            "max_tokens": params.max_tokens,
            "prefix": params.prefix,
            "columns": columns,
            "vocabulary": bert.vocabulary,
            "tokenizer": sha256(&self.tokenizer_json),
        })
    }

    fn trunk(&self, b: &mut Builder<'_>) -> Result<Option<ValueId>> {
        let shape = Shape(vec![Dim::BATCH, b.symbol()]);
        let ids = b.input("ids", &shape, DType::I32)?;
        let positions = b.input("positions", &shape, DType::I32)?;
        let mask = b.input("mask", &shape, DType::F32)?;
        let tokens = trunk::write(b, |b| bert(b, ids, positions, mask, &self.saved.bert))?;
        let mean = b.op(Op::MeanTokens, &[tokens, mask])?;
        Ok(Some(b.op(Op::L2Normalize, &[mean])?))
    }

    fn build(&self, b: &mut Builder<'_>, trunk: Option<ValueId>) -> Result<ValueId> {
        let x = params::trunk(self.spec, trunk)?;
        network::dense(b, x, &self.saved.params.hidden, self.saved.params.dropout)
    }

    fn augments(&self) -> bool {
        self.saved.params.token_dropout > 0.0
    }

    fn augment(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        self.marks.drop_tokens(self.saved.params.token_dropout, rows, stream);
    }

    fn pretrained(&self) -> Result<Option<Weights>> {
        self.weights.as_ref().map(|path| self.published(path)).transpose()
    }

    fn published(&self, path: &Path) -> Result<Weights> {
        trunk::pretrained(load_bert(path)?.1, |b| self.trunk(b))
    }

    fn state(&self) -> State {
        let files = BTreeMap::from([(TOKENIZER_FILE.to_owned(), self.tokenizer_json.clone())]);
        State { json: params::object(&self.saved), files }
    }
}
