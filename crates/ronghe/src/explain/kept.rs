//! Evaluations of coalitions kept on disk, so that a tighter tolerance or a larger budget costs only what is new.
//!
//! ```text
//! FOLDER/ROW.bin    "RONGEVA1", length of the header (u32), header (JSON: what the evaluations are of),
//!                   number of evaluations (u64), then for each: players present (a bit each, in words of 64),
//!                   a payment an output (f64), predictions held at the edge of the link (u32);
//!                   SHA-256 of all before it
//! ```
//! All little-endian, coalitions in ascending order. Explainers draw the same sequence of coalitions by the same seed, so an
//! explanation that takes evaluations over is the one that computes them all. A file is written whole or not at all, after
//! each row: a run that is stopped keeps the rows it was done with.

use super::{Coalition, Link};
use crate::{Error, Predictor, Result};
use ronghe_data::Table;
use ronghe_graph::weights::write_atomic;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"RONGEVA1";
/// Largest file that is kept of a row.
const MOST_BYTES: usize = 64 << 20;
/// Largest header.
const MOST_HEADER: usize = 1 << 20;
const HASH: usize = 32;

/// A folder of evaluations of one model's rows.
#[derive(Debug, Clone)]
pub struct Evaluations {
    folder: PathBuf,
    model: String,
    resume: bool,
}

/// What an explanation took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// Evaluations that the explanation needed and that were there.
    pub taken: usize,
    /// Those it computed.
    pub new: usize,
    /// Whether they are kept; not where they would take more than 64 MiB.
    pub kept: bool,
}

/// What evaluations are of: they can be taken over where all of it is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    /// Version of Ronghe.
    pub(super) ronghe: String,
    /// Hash that tells the model from others.
    pub(super) model: String,
    /// Hash of the explained row's cells.
    pub(super) row: String,
    pub(super) background: String,
    pub(super) masks: BTreeMap<String, String>,
    /// How many parts the row is divided into, at the level asked for.
    pub(super) players: usize,
    pub(super) outputs: usize,
    pub(super) link: Link,
    pub(super) seed: u64,
}

/// What a coalition is paid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paid {
    pub(super) values: Vec<f64>,
    /// Predictions among them that the link held at its edge.
    pub(super) clamped: u32,
}

/// Evaluations by coalition.
pub(super) type Known = HashMap<Coalition, Paid>;

impl Evaluations {
    /// Keeps evaluations in `folder`; `model` tells the model from others ([`fingerprint`]). With `resume`, those that are
    /// there are taken over, and it is an error if they are of something else.
    pub fn new(folder: &Path, model: &str, resume: bool) -> Evaluations {
        Evaluations { folder: folder.to_owned(), model: model.to_owned(), resume }
    }

    pub(super) fn model(&self) -> &str {
        &self.model
    }

    fn path(&self, row: usize) -> PathBuf {
        self.folder.join(format!("{row}.bin"))
    }

    /// What is known of row `row`.
    pub(super) fn read(&self, row: usize, of: &Of) -> Result<Known> {
        let path = self.path(row);
        if !self.resume || !path.exists() {
            return Ok(Known::new());
        }
        let io = |source| Error::Io { path: path.clone(), source };
        let bytes = fs::metadata(&path).map_err(io)?.len();
        if bytes > MOST_BYTES as u64 {
            return Err(refused(
                &path,
                format!("at most {MOST_BYTES} bytes of evaluations"),
                format!("{bytes}"),
            ));
        }
        let bytes = fs::read(&path).map_err(io)?;
        let damaged = || {
            refused(&path, "evaluations that `ronghe explain --out` wrote".into(), "a damaged file".into())
        };
        let (kept, known) = parse(&bytes).ok_or_else(damaged)?;
        if let Some((what, expected, found)) = kept.difference(of) {
            return Err(refused(
                &path,
                format!("evaluations of {what} {expected}"),
                format!("those of {what} {found}"),
            ));
        }
        Ok(known)
    }

    /// Keeps what is known of row `row`; says whether it did.
    pub(super) fn write(&self, row: usize, of: &Of, known: &Known) -> Result<bool> {
        let each = 8 * of.players.div_ceil(64) + 8 * of.outputs + 4;
        let path = self.path(row);
        if known.len().saturating_mul(each) > MOST_BYTES - MOST_HEADER - 64 {
            return Ok(false);
        }
        let header = serde_json::to_vec(of).unwrap_or_default();
        if header.is_empty() || header.len() > MOST_HEADER {
            return Ok(false);
        }
        fs::create_dir_all(&self.folder).map_err(|source| Error::Io { path: self.folder.clone(), source })?;
        write_atomic(&path, &written(&header, known))?;
        Ok(true)
    }
}

impl Of {
    /// What is another, and how the two are called: as asked for, as kept.
    fn difference(&self, asked: &Of) -> Option<(&'static str, String, String)> {
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        let masks = |of: &Of| {
            let each = of.masks.iter().map(|(column, mask)| format!("{column}={mask}"));
            format!("`{}` ({} players)", each.collect::<Vec<_>>().join(" "), of.players)
        };
        let pairs = [
            ("ronghe", asked.ronghe.clone(), self.ronghe.clone()),
            ("model", short(&asked.model), short(&self.model)),
            ("row", short(&asked.row), short(&self.row)),
            ("background", asked.background.clone(), self.background.clone()),
            ("masks", masks(asked), masks(self)),
            ("outputs", asked.outputs.to_string(), self.outputs.to_string()),
            ("link", format!("{:?}", asked.link), format!("{:?}", self.link)),
            ("seed", asked.seed.to_string(), self.seed.to_string()),
        ];
        // Of hashes that begin alike, the whole tells.
        let whole = || (self != asked).then(|| ("model or row", asked.model.clone(), self.model.clone()));
        pairs.into_iter().find(|(_, expected, found)| expected != found).or_else(whole)
    }
}

fn refused(path: &Path, expected: String, found: String) -> Error {
    Error::Artifact {
        path: path.to_owned(),
        expected,
        found,
        mend: "explain as before, or leave out --resume".into(),
    }
}

fn written(header: &[u8], known: &Known) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend((header.len() as u32).to_le_bytes());
    out.extend(header);
    out.extend((known.len() as u64).to_le_bytes());
    let mut all: Vec<(&Coalition, &Paid)> = known.iter().collect();
    all.sort_unstable_by_key(|(coalition, _)| *coalition);
    for (coalition, paid) in all {
        coalition.words().iter().for_each(|w| out.extend(w.to_le_bytes()));
        paid.values.iter().for_each(|v| out.extend(v.to_le_bytes()));
        out.extend(paid.clamped.to_le_bytes());
    }
    let hash = Sha256::digest(&out);
    out.extend_from_slice(&hash);
    out
}

/// None where the bytes are none of ours, or not all of them.
fn parse(bytes: &[u8]) -> Option<(Of, Known)> {
    let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    if Sha256::digest(body).as_slice() != hash {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MOST_HEADER {
        return None;
    }
    let (header, rest) = rest.split_at_checked(length)?;
    let of: Of = serde_json::from_slice(header).ok()?;
    let (count, rest) = rest.split_first_chunk::<8>()?;
    let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
    let words = of.players.div_ceil(64);
    let each = words.checked_add(of.outputs)?.checked_mul(8)?.checked_add(4)?;
    if count.checked_mul(each)? != rest.len() {
        return None;
    }
    let mut known = Known::with_capacity(count);
    for record in rest.chunks_exact(each) {
        let (numbers, clamped) = record.split_at(each - 4);
        let mut numbers = numbers
            .chunks_exact(8)
            .map(|b| u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]));
        let coalition = Coalition::from_words(numbers.by_ref().take(words).collect(), of.players)?;
        let values: Vec<f64> = numbers.map(f64::from_bits).collect();
        if values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let clamped = u32::from_le_bytes([clamped[0], clamped[1], clamped[2], clamped[3]]);
        known.insert(coalition, Paid { values, clamped });
    }
    Some((of, known))
}

/// What tells a predictor from others whose files are not at hand: a hash of what it reads and predicts, and of its
/// predictions for some rows.
pub fn fingerprint(predictor: &dyn Predictor, rows: &Table) -> Result<String> {
    let mut state = Sha256::new();
    for input in predictor.inputs() {
        state.update(format!("{input:?}\n").as_bytes());
    }
    state.update(format!("{:?}\n", predictor.task()).as_bytes());
    predictor.predict(rows)?.values.iter().for_each(|v| state.update(v.to_le_bytes()));
    Ok(hex(&state.finalize()))
}

/// As text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of() -> Of {
        Of {
            ronghe: "0.1.0".into(),
            model: "m".repeat(64),
            row: "r".repeat(64),
            background: "0123456789ab".into(),
            masks: BTreeMap::from([("文".to_owned(), "words:40/delete".to_owned())]),
            players: 70,
            outputs: 2,
            link: Link::LogOdds,
            seed: 3,
        }
    }

    fn known() -> Known {
        let paid = |i: usize| Paid { values: vec![i as f64 / 3.0, -1.5], clamped: i as u32 };
        (0..5).map(|i| (Coalition::of(70, &[i, 64 + i]), paid(i))).collect()
    }

    #[test]
    fn what_is_written_is_read_and_what_is_another_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Evaluations::new(folder.path(), "m", true);
        assert!(kept.read(7, &of()).unwrap().is_empty());
        assert!(kept.write(7, &of(), &known()).unwrap());
        assert_eq!(kept.read(7, &of()).unwrap(), known());
        assert!(Evaluations::new(folder.path(), "m", false).read(7, &of()).unwrap().is_empty());
        let said = |change: &dyn Fn(&mut Of)| {
            let mut other = of();
            change(&mut other);
            kept.read(7, &other).unwrap_err().to_string()
        };
        assert!(said(&|o| o.model = "x".into()).contains("of model x, found those of model mmmm"));
        assert!(said(&|o| o.row = "x".into()).contains("of row x"));
        assert!(
            said(&|o| o.background = "x".into())
                .contains("of background x, found those of background 0123456789ab")
        );
        let masks = said(&|o| o.masks.clear());
        assert!(masks.contains("文=words:40/delete") && masks.contains("leave out --resume"), "{masks}");
        assert!(said(&|o| o.link = Link::Identity).contains("of link Identity"));
        assert!(said(&|o| o.seed = 4).contains("of seed 4"));
        assert!(said(&|o| o.model = "m".repeat(63)).contains("of model or row"));
    }

    #[test]
    fn damage_is_seen_and_sizes_are_checked() {
        let header = serde_json::to_vec(&of()).unwrap();
        let whole = written(&header, &known());
        assert_eq!(parse(&whole), Some((of(), known())));
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_none());
        }
        for at in (0..whole.len()).step_by(7) {
            let mut other = whole.clone();
            other[at] ^= 1;
            assert!(parse(&other).is_none());
        }
        // A right hash over wrong sizes, a coalition of more players than there are, a payment that is no number.
        let signed = |mut body: Vec<u8>| {
            let hash = Sha256::digest(&body);
            body.extend_from_slice(&hash);
            parse(&body)
        };
        let body = &whole[..whole.len() - HASH];
        assert!(signed(body.to_vec()).is_some());
        assert!(signed(body[..body.len() - 1].to_vec()).is_none());
        let first = MAGIC.len() + 4 + header.len() + 8;
        let mut wild = body.to_vec();
        wild[first + 15] = 0x80;
        assert!(signed(wild).is_none());
        let mut nan = body.to_vec();
        nan[first + 16..first + 24].copy_from_slice(&f64::NAN.to_le_bytes());
        assert!(signed(nan).is_none());
        let huge = Of { players: usize::MAX, ..of() };
        assert!(parse(&written(&serde_json::to_vec(&huge).unwrap(), &Known::new())).is_some());
        let mut many = written(&serde_json::to_vec(&huge).unwrap(), &Known::new());
        many.truncate(many.len() - HASH);
        let at = many.len() - 8;
        many[at..].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(signed(many).is_none());
    }
}
