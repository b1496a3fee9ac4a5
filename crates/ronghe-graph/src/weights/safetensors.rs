//! The safetensors format: an 8-byte length, a JSON header (name -> type, shape, place), then the elements.
//!
//! Reading takes any float or integer type. Writing gives the same bytes for the same weights: names in order, no gaps,
//! the header padded with spaces to a multiple of 8.

use super::element::Element;
use crate::{Data, Error, Result, Weights};
use ::safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const FORMAT: &str = "safetensors";

/// Weights from the bytes of a safetensors file, named `path` in errors. Floats become f32 and trainable, integers i32
/// and not trainable.
pub fn read(path: &str, bytes: &[u8]) -> Result<Weights> {
    let fail = |what: String| Error::WeightFile { path: path.to_owned(), format: FORMAT, what };
    let file = SafeTensors::deserialize(bytes).map_err(|e| fail(e.to_string()))?;
    let mut weights = Weights::new();
    for (name, view) in file.iter() {
        let Some(element) = element(view.dtype()) else {
            return Err(fail(format!("tensor `{name}` has elements of type {:?}", view.dtype())));
        };
        let tensor = element
            .tensor(view.shape(), view.data())
            .map_err(|what| fail(format!("tensor `{name}`: {what}")))?;
        weights.insert(name, tensor, element.is_float());
    }
    Ok(weights)
}

/// The free text that a safetensors file carries beside its tensors.
pub fn read_metadata(path: &str, bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let (_, found) = SafeTensors::read_metadata(bytes).map_err(|e| Error::WeightFile {
        path: path.to_owned(),
        format: FORMAT,
        what: e.to_string(),
    })?;
    Ok(found.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// The bytes of a safetensors file.
///
/// ```
/// use ronghe_graph::{Tensor, Weights, weights::safetensors};
/// let mut weights = Weights::new();
/// weights.insert("w", Tensor::full(&[2, 3], 0.5), true);
/// let bytes = safetensors::write(&weights, &Default::default());
/// assert_eq!(safetensors::read("memory", &bytes)?, weights);
/// # Ok::<(), ronghe_graph::Error>(())
/// ```
pub fn write(weights: &Weights, metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert("__metadata__".into(), json!(metadata));
    }
    let mut at = 0;
    for (name, param) in weights.iter() {
        let end = at + 4 * param.tensor.len();
        let dtype = match param.tensor.data() {
            Data::F32(_) => "F32",
            Data::I32(_) => "I32",
        };
        let entry = json!({"dtype": dtype, "shape": param.tensor.shape(), "data_offsets": [at, end]});
        header.insert(name.to_owned(), entry);
        at = end;
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut out = Vec::with_capacity(8 + text.len() + at);
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(&text);
    for (_, param) in weights.iter() {
        match param.tensor.data() {
            Data::F32(v) => v.iter().for_each(|x| out.extend(x.to_le_bytes())),
            Data::I32(v) => v.iter().for_each(|x| out.extend(x.to_le_bytes())),
        }
    }
    out
}

fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::I64 => Element::I64,
        Dtype::I32 => Element::I32,
        Dtype::I16 => Element::I16,
        Dtype::I8 => Element::I8,
        Dtype::U8 => Element::U8,
        Dtype::BOOL => Element::Bool,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn weights_and_metadata_come_back() -> Result<()> {
        let mut weights = Weights::new();
        weights.insert("b.weight", Tensor::f32(&[2, 2], vec![1.0, -2.5, 0.0, 1e-30])?, true);
        weights.insert("a", Tensor::i32(&[3], vec![1, -2, 3])?, false);
        weights.insert("scalar", Tensor::f32(&[], vec![7.0])?, true);
        let metadata = BTreeMap::from([("made by".to_owned(), "融合".to_owned())]);
        let bytes = write(&weights, &metadata);
        assert_eq!(read("memory", &bytes)?, weights);
        assert_eq!(read_metadata("memory", &bytes)?, metadata);
        assert_eq!(bytes, write(&weights.clone(), &metadata));
        let header = u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], 0, 0, 0, 0]);
        assert_eq!(header % 8, 0);
        Ok(())
    }

    #[test]
    fn half_floats_are_widened() -> Result<()> {
        let header = r#"{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0x00, 0x3c, 0x00, 0xc0]);
        assert_eq!(read("memory", &bytes)?.get("h").map(|t| t.as_f32().to_vec()), Some(vec![1.0, -2.0]));
        Ok(())
    }

    #[test]
    fn every_cut_of_a_file_is_an_error() -> Result<()> {
        let mut weights = Weights::new();
        weights.insert("w", Tensor::full(&[4], 1.0), true);
        let bytes = write(&weights, &BTreeMap::new());
        for len in 0..bytes.len() {
            assert!(matches!(read("cut", &bytes[..len]), Err(Error::WeightFile { .. })), "{len}");
        }
        Ok(())
    }
}
