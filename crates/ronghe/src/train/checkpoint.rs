//! What a killed training needs to go on, bit for bit.
//!
//! One file: `RONGHECK`, version (u32), sha256 of all that follows (32 bytes), length of a JSON header (u64), the header
//! (state of the run; name, type and shape of each tensor), the tensors one after another, little-endian. It is written
//! beside its place, synced and renamed, so that a kill at any moment leaves the old or the new one whole.

use super::best::Entry;
use super::observe::EpochReport;
use crate::{Error, Result};
use ronghe_data::plain;
use ronghe_graph::weights::write_atomic;
use ronghe_graph::{DType, Tensor};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

const MAGIC: &[u8; 8] = b"RONGHECK";
const VERSION: u32 = 1;

/// Where a training stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// Hash of configuration and data; another training does not go on from here.
    pub(super) identity: String,
    /// Finished epochs.
    pub(super) epoch: usize,
    /// Steps taken in the present epoch.
    pub(super) batch: usize,
    /// Sum of the batch losses, weighted by rows, and of right rows in the present epoch.
    pub(super) loss_sum: f64,
    pub(super) right: usize,
    pub(super) seen: usize,
    /// Finished epochs' figures.
    pub(super) history: Vec<EpochReport>,
    /// Epoch and metric of each kept entry.
    pub(super) best: Vec<(usize, f64)>,
}

/// State and tensors.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Checkpoint {
    pub(super) state: State,
    pub(super) weights: Vec<(String, Tensor)>,
    pub(super) optimizer: Vec<(String, Tensor)>,
    pub(super) best: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    state: State,
    tensors: Vec<Entered>,
}

#[derive(Serialize, Deserialize)]
struct Entered {
    name: String,
    integer: bool,
    shape: Vec<usize>,
}

impl Checkpoint {
    /// Writes the file, whole or not at all.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let tensors = self.tensors();
        let header = Header {
            state: State {
                best: self.best.iter().map(|e| (e.epoch, e.value)).collect(),
                ..self.state.clone()
            },
            tensors: tensors
                .iter()
                .map(|(name, t)| Entered {
                    name: name.clone(),
                    integer: t.dtype() == DType::I32,
                    shape: t.shape().to_vec(),
                })
                .collect(),
        };
        let header = serde_json::to_vec(&header).map_err(|e| damaged(path, &e.to_string()))?;
        let mut body = (header.len() as u64).to_le_bytes().to_vec();
        body.extend(header);
        for (_, tensor) in &tensors {
            match tensor.dtype() {
                DType::F32 => tensor.as_f32().iter().for_each(|v| body.extend(v.to_le_bytes())),
                DType::I32 => tensor.as_i32().iter().for_each(|v| body.extend(v.to_le_bytes())),
            }
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(Sha256::digest(&body));
        bytes.extend(body);
        Ok(write_atomic(path, &bytes)?)
    }

    /// Reads the file; `None` where there is none.
    pub(super) fn load(path: &Path) -> Result<Option<Checkpoint>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
        };
        let body = verified(path, &bytes)?;
        let length = body.get(..8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        let (header, mut rest) = length
            .and_then(|n| usize::try_from(n).ok())
            .and_then(|n| body[8..].split_at_checked(n))
            .ok_or_else(|| damaged(path, "a header longer than the file"))?;
        let header: Header = serde_json::from_slice(header).map_err(|e| damaged(path, &plain::json(&e)))?;
        let entry = |&(epoch, value): &(usize, f64)| Entry { epoch, value, weights: Vec::new() };
        let mut checkpoint = Checkpoint {
            best: header.state.best.iter().map(entry).collect(),
            state: header.state,
            ..Checkpoint::default()
        };
        for entry in header.tensors {
            let count: usize = entry.shape.iter().product();
            let (raw, after) =
                rest.split_at_checked(count * 4).ok_or_else(|| damaged(path, "fewer numbers than named"))?;
            rest = after;
            let words = raw.chunks_exact(4).map(|w| [w[0], w[1], w[2], w[3]]);
            let tensor = if entry.integer {
                Tensor::i32(&entry.shape, words.map(i32::from_le_bytes).collect())?
            } else {
                Tensor::f32(&entry.shape, words.map(f32::from_le_bytes).collect())?
            };
            let place = match entry.name.split_once('/') {
                Some(("weight", name)) => Some((&mut checkpoint.weights, name)),
                Some(("optimizer", name)) => Some((&mut checkpoint.optimizer, name)),
                Some(("best", name)) => name.split_once('/').and_then(|(rank, name)| {
                    Some((&mut checkpoint.best.get_mut(rank.parse::<usize>().ok()?)?.weights, name))
                }),
                _ => None,
            };
            let (list, name) = place.ok_or_else(|| damaged(path, "a tensor of no known use"))?;
            list.push((name.to_owned(), tensor));
        }
        Ok(Some(checkpoint))
    }

    fn tensors(&self) -> Vec<(String, &Tensor)> {
        let mut all: Vec<(String, &Tensor)> = Vec::new();
        all.extend(self.weights.iter().map(|(n, t)| (format!("weight/{n}"), t)));
        all.extend(self.optimizer.iter().map(|(n, t)| (format!("optimizer/{n}"), t)));
        for (rank, entry) in self.best.iter().enumerate() {
            all.extend(entry.weights.iter().map(|(n, t)| (format!("best/{rank}/{n}"), t)));
        }
        all
    }
}

/// What follows the hash, if magic, version and hash are right.
fn verified<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a [u8]> {
    let body = bytes.get(44..).filter(|_| bytes.starts_with(MAGIC));
    let body = body.ok_or_else(|| damaged(path, "another kind of file"))?;
    let version = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    if version != VERSION {
        return Err(damaged(path, &format!("version {version}, this program reads {VERSION}")));
    }
    if Sha256::digest(body).as_slice() != &bytes[12..44] {
        return Err(damaged(path, "content that does not match its hash"));
    }
    Ok(body)
}

fn damaged(path: &Path, found: &str) -> Error {
    Error::Artifact {
        path: path.to_owned(),
        expected: "a checkpoint".into(),
        found: found.to_owned(),
        mend: "delete it and train again without --resume".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Checkpoint {
        let tensor = |v: f32| Tensor::full(&[2, 3], v);
        Checkpoint {
            state: State {
                identity: "x".into(),
                epoch: 2,
                batch: 5,
                best: vec![(2, 0.25)],
                ..State::default()
            },
            weights: vec![("a.b".into(), tensor(1.5)), ("c/d".into(), tensor(-2.0))],
            optimizer: vec![("a.b/step".into(), Tensor::i32(&[1], vec![7]).unwrap())],
            best: vec![Entry { epoch: 2, value: 0.25, weights: vec![("a.b".into(), tensor(3.0))] }],
        }
    }

    #[test]
    fn comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        assert_eq!(Checkpoint::load(&path).unwrap(), None);
        sample().save(&path).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(sample()));
    }

    #[test]
    fn any_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        sample().save(&path).unwrap();
        let good = std::fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(matches!(Checkpoint::load(&path), Err(Error::Artifact { .. })), "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert!(matches!(Checkpoint::load(&path), Err(Error::Artifact { .. })), "cut at {at}");
        }
    }
}
