//! Bag of n-grams: TF-IDF weights over hashed n-grams, summed through a learned table.
//!
//! For a row with n-gram counts `tf_g` (words and pairs of words, 3 to 5 characters inside words, Chinese words and
//! bigrams), hashed into `2^bits` buckets with a salt a column:
//! ```text
//! scale_g = (1 + ln tf_g) idf_g, then the row's scales are divided by their L2 norm
//! idf_g   = 1 + ln((1 + n) / (1 + df_g)), df_g = training rows with g, n = training rows with text
//! vector  = relu(sum_g scale_g E_g + b) [N, W]
//! ```
//! Only buckets that at least `min_df` training rows have are kept and numbered anew, so the table `E` has a row for each
//! of them and no more. An empty text is the zero bag. `O(characters)` to prepare, `O(distinct n-grams * W)` to encode.
//! Source: sublinear TF-IDF after Salton and Buckley 1988, hashing after Weinberger et al. 2009.

use super::token_dropout;
use crate::Result;
use crate::encode::{Encoder, EncoderSpec, Field, FitInput, Prepared, State, params};
use rayon::prelude::*;
use ronghe_data::segment::{NgramConfig, features, ngram_hash};
use ronghe_data::{Modality, Table};
use ronghe_graph::{Act, Builder, DType, Dim, Init, Op, Shape, SplitMix, ValueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

pub(in crate::encode) static TFIDF: EncoderSpec = EncoderSpec {
    name: "tfidf",
    modality: Modality::Text,
    summary: "hashed words and character n-grams weighted by rarity; any language, no pretrained file",
    published: false,
    needs: &[],
    defaults: || params::object(&Params::default()),
    fit,
    load,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Longest run of words.
    words: usize,
    /// Shortest and longest run of characters inside a word; none if the first is 0.
    characters: [usize; 2],
    /// Buckets are 2^bits.
    bits: u32,
    /// Training rows that a kept n-gram must stand in; 1 for fewer than 1,000 rows and 2 otherwise where not given.
    min_df: Option<u32>,
    width: usize,
    dropout: f64,
    /// Chance of each n-gram of a training text to be left out.
    #[serde(default)]
    token_dropout: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            words: 2,
            characters: [3, 5],
            bits: 16,
            min_df: None,
            width: 64,
            dropout: 0.1,
            token_dropout: 0.0,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Tfidf {
    params: Params,
    columns: Vec<String>,
    /// Of each kept bucket, in order: its number and its inverse document frequency.
    #[serde(skip)]
    kept: Vec<(u32, f32)>,
    /// By bucket: position in `kept`, or -1.
    #[serde(skip)]
    ids: Vec<i32>,
}

const KEPT_FILE: &str = "idf.bin";
const SMALL_TABLE: usize = 1000;

fn fit(input: &FitInput<'_>) -> Result<Box<dyn Encoder>> {
    let params: Params = params::parse(&TFIDF, input.params)?;
    params::within(&TFIDF, "words", params.words, 0..=5)?;
    params::within(&TFIDF, "characters", params.characters[1], 0..=10)?;
    params::within(&TFIDF, "bits", params.bits, 8..=22)?;
    params::layers(&TFIDF, "width", &[params.width], params.dropout)?;
    token_dropout::check(&TFIDF, params.token_dropout)?;
    let columns = input.table.schema().names();
    let mut encoder = Tfidf { params, columns, kept: Vec::new(), ids: Vec::new() };

    let found = encoder.find(input.table)?;
    let rows = input.table.rows();
    // Counts are whole numbers, so their sum does not depend on how rows fall to threads.
    let (frequency, documents) = (0..rows)
        .into_par_iter()
        .fold(
            || (vec![0u32; 1 << encoder.params.bits], 0u32),
            |(mut frequency, documents), row| match encoder.buckets(input.table, &found, row) {
                Some(mut buckets) => {
                    buckets.dedup();
                    buckets.iter().for_each(|&b| frequency[b as usize] += 1);
                    (frequency, documents + 1)
                }
                None => (frequency, documents),
            },
        )
        .reduce(
            || (vec![0u32; 1 << encoder.params.bits], 0u32),
            |(mut a, n), (b, m)| {
                a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                (a, n + m)
            },
        );
    let least = encoder.params.min_df.unwrap_or(if rows < SMALL_TABLE { 1 } else { 2 }).max(1);
    let idf = |df: u32| (1.0 + ((1.0 + f64::from(documents)) / (1.0 + f64::from(df))).ln()) as f32;
    encoder.kept =
        (0u32..).zip(frequency).filter(|&(_, df)| df >= least).map(|(b, df)| (b, idf(df))).collect();
    encoder.number();
    Ok(Box::new(encoder))
}

fn load(state: &State) -> Result<Box<dyn Encoder>> {
    let mut encoder: Tfidf = params::restore(&TFIDF, state)?;
    params::within(&TFIDF, "bits", encoder.params.bits, 8..=22)?;
    let bytes = params::file(&TFIDF, state, KEPT_FILE)?;
    let word = |at: &[u8]| [at[0], at[1], at[2], at[3]];
    encoder.kept = bytes
        .chunks_exact(8)
        .map(|entry| (u32::from_le_bytes(word(entry)), f32::from_le_bytes(word(&entry[4..]))))
        .collect();
    let in_order = encoder.kept.is_sorted_by(|a, b| a.0 < b.0);
    let in_range = encoder.kept.last().is_none_or(|&(bucket, _)| bucket < 1 << encoder.params.bits);
    if bytes.len() % 8 != 0 || !in_order || !in_range {
        return Err(params::damaged(&TFIDF, "`idf.bin` with buckets in order", "something else"));
    }
    encoder.number();
    Ok(Box::new(encoder))
}

impl Tfidf {
    fn find(&self, table: &Table) -> ronghe_data::Result<Vec<usize>> {
        self.columns.iter().map(|c| table.find(c).map(|(column, _)| column)).collect()
    }

    fn number(&mut self) {
        self.ids = vec![-1; 1 << self.params.bits];
        for (id, &(bucket, _)) in self.kept.iter().enumerate() {
            self.ids[bucket as usize] = id as i32;
        }
    }

    /// Buckets of a row's n-grams, sorted, with repetitions; `None` if the row has no text at all.
    fn buckets(&self, table: &Table, columns: &[usize], row: usize) -> Option<Vec<u32>> {
        let [shortest, longest] = self.params.characters;
        let characters = RangeInclusive::new(shortest.max(1), if shortest == 0 { 0 } else { longest });
        let config = NgramConfig { words: 1..=self.params.words, characters, han_bigrams: true };
        let mask = (1u64 << self.params.bits) - 1;
        let mut found = Vec::new();
        let mut present = false;
        for (i, &column) in columns.iter().enumerate() {
            let Some(text) = table.text(column, row) else { continue };
            present = true;
            // An odd factor gives each column other low bits.
            let salt = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            features(text, &config, |kind, ngram| {
                found.push(((ngram_hash(kind, ngram) ^ salt) & mask) as u32);
            });
        }
        found.sort_unstable();
        present.then_some(found)
    }

    /// Ids and scales of a row.
    fn bag(&self, buckets: &[u32]) -> (Vec<i32>, Vec<f32>) {
        let mut ids = Vec::new();
        let mut scales = Vec::new();
        for run in buckets.chunk_by(|a, b| a == b) {
            let id = self.ids[run[0] as usize];
            if let Some(&(_, idf)) = usize::try_from(id).ok().and_then(|id| self.kept.get(id)) {
                ids.push(id);
                scales.push((1.0 + (run.len() as f32).ln()) * idf);
            }
        }
        let norm = scales.iter().map(|s| s * s).sum::<f32>().sqrt();
        scales.iter_mut().for_each(|s| *s /= norm);
        (ids, scales)
    }
}

impl Encoder for Tfidf {
    fn spec(&self) -> &'static EncoderSpec {
        &TFIDF
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        let found = self.find(table)?;
        let bag = |row| self.buckets(table, &found, row).map(|buckets| self.bag(&buckets));
        let bags: Vec<Option<(Vec<i32>, Vec<f32>)>> = (0..table.rows()).into_par_iter().map(bag).collect();
        let present = bags.iter().map(Option::is_some).collect();
        let (ids, scales) = bags.into_iter().map(Option::unwrap_or_default).unzip();
        let fields = BTreeMap::from([
            ("ids".to_owned(), Field::Ids { rows: ids, pad: -1 }),
            ("scales".to_owned(), Field::Scales { rows: scales }),
        ]);
        Ok(Prepared { present, fields, bad: Vec::new() })
    }

    fn build(&self, b: &mut Builder<'_>, _trunk: Option<ValueId>) -> Result<ValueId> {
        let shape = Shape(vec![Dim::BATCH, b.symbol()]);
        let ids = b.input("ids", &shape, DType::I32)?;
        let scales = b.input("scales", &shape, DType::F32)?;
        let table = b.weight("weight", &[self.kept.len().max(1), self.params.width], Init::Normal(0.1))?;
        let bag = b.op(Op::EmbeddingBag, &[ids, scales, table])?;
        let bias = b.weight("bias", &[self.params.width], Init::Constant(0.0))?;
        let sum = b.op(Op::Add, &[bag, bias])?;
        let vector = b.act(Act::Relu, sum)?;
        Ok(b.dropout(self.params.dropout as f32, vector)?)
    }

    fn augments(&self) -> bool {
        self.params.token_dropout > 0.0
    }

    fn augment(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        token_dropout::drop_terms(self.params.token_dropout, rows, stream);
    }

    fn state(&self) -> State {
        let bytes =
            self.kept.iter().flat_map(|(bucket, idf)| [bucket.to_le_bytes(), idf.to_le_bytes()]).flatten();
        State { json: params::object(self), files: BTreeMap::from([(KEPT_FILE.to_owned(), bytes.collect())]) }
    }
}
