//! Labels of IDX files and their names.
//!
//! Labels are bytes `[rows]` (MNIST) or 32-bit integers `[rows]` or `[rows, n]` (QMNIST, `n` = 8), whose first column is
//! the class. Names are in `classes.txt` (a name a line, from 0) or, for EMNIST, in `SET-mapping.txt` (the label, then
//! the codes of the characters that it stands for). Sources: the pages of QMNIST (Yadav and Bottou 2019) and EMNIST
//! (Cohen et al. 2017).

use super::bytes;
use super::idx_sets::Pair;
use crate::{Error, Result, plain};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

/// Codes of the type of an IDX file.
const BYTE: u8 = 8;
const INT: u8 = 12;

/// Whether a file begins like pictures or labels in IDX.
pub(super) fn begins_like_idx(head: &[u8]) -> bool {
    matches!(head, [0, 0, BYTE, 1 | 3 | 4, ..] | [0, 0, INT, 1 | 2, ..])
}

/// Reads the header of an IDX file: the type and the sizes.
pub(super) fn header(file: &mut dyn BufRead, path: &Path) -> Result<(u8, Vec<usize>)> {
    let wrong = |found: String| {
        let mend = "give the published file, plain or as .gz";
        let expected = "an IDX file of bytes or 32-bit integers (00 00 08 or 00 00 0c, and a number of sizes from 1 to 4)";
        Error::file(path, expected, found, mend)
    };
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(|e| wrong(plain::io(&e)))?;
    let [0, 0, kind @ (BYTE | INT), count @ 1..=4] = magic else {
        return Err(wrong(format!("{magic:02x?}")));
    };
    let sizes = (0..count).map(|_| {
        let mut size = [0; 4];
        file.read_exact(&mut size).map_err(|e| wrong(plain::io(&e)))?;
        Ok(u32::from_be_bytes(size) as usize)
    });
    Ok((kind, sizes.collect::<Result<_>>()?))
}

/// Reads the sizes of a file of pictures.
pub(super) fn picture_sizes(file: &mut dyn BufRead, path: &Path) -> Result<Vec<usize>> {
    match header(file, path)? {
        (BYTE, sizes) => Ok(sizes),
        (_, sizes) => Err(Error::file(
            path,
            "pictures of bytes",
            format!("32-bit integers, sizes {sizes:?}"),
            "give the file of pictures under a name with `images`",
        )),
    }
}

/// The labels of `rows` pictures.
pub(super) fn labels(path: &Path, rows: usize, limit: usize) -> Result<Vec<i64>> {
    let all = bytes::whole(path, limit)?;
    let mut content = &all[..];
    let (kind, sizes) = header(&mut content, path)?;
    let wrong = || {
        Error::file(
            path,
            format!("{rows} labels, one for each picture"),
            format!("sizes {sizes:?} and {} bytes", content.len()),
            "the two files do not belong together, or one is cut off: download them again",
        )
    };
    let width = match sizes[..] {
        [n] if n == rows => 1,
        [n, width] if n == rows && kind == INT && width > 0 => width,
        _ => return Err(wrong()),
    };
    let bytes_each = if kind == INT { 4 } else { 1 };
    let need = rows.checked_mul(width).and_then(|n| n.checked_mul(bytes_each));
    if need != Some(content.len()) {
        return Err(wrong());
    }
    Ok(match kind {
        INT => content
            .chunks_exact(4 * width)
            .filter_map(|row| row.first_chunk::<4>())
            .map(|label| i64::from(i32::from_be_bytes(*label)))
            .collect(),
        _ => content.iter().map(|&label| i64::from(label)).collect(),
    })
}

/// The names of labels beside the files of a pair; none if there is no such file.
pub(super) fn names(pair: &Pair) -> Result<BTreeMap<i64, String>> {
    let mapping = pair.labels.with_file_name(format!("{}-mapping.txt", pair.set));
    if mapping.is_file() {
        return mapped(&mapping);
    }
    let path = pair.labels.with_file_name("classes.txt");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let text = bytes::whole(&path, 1 << 20)?;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    Ok((0..).zip(lines.map(str::to_owned)).collect())
}

/// `1 65 97` is `1: A/a`.
fn mapped(path: &Path) -> Result<BTreeMap<i64, String>> {
    let text = bytes::whole(path, 1 << 20)?;
    let text = String::from_utf8_lossy(&text);
    let line = |line: &str| -> Option<(i64, String)> {
        let mut numbers = line.split_whitespace();
        let label = numbers.next()?.parse().ok()?;
        let characters: Option<Vec<String>> =
            numbers.map(|n| n.parse().ok().and_then(char::from_u32).map(String::from)).collect();
        let characters = characters.filter(|c| !c.is_empty())?;
        Some((label, characters.join("/")))
    };
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    lines
        .map(|l| {
            line(l).ok_or_else(|| {
                let expected = "a label and the codes of its characters in each line, such as `1 65 97`";
                Error::file(path, expected, format!("{l:?}"), "give the published file, or remove it")
            })
        })
        .collect()
}
