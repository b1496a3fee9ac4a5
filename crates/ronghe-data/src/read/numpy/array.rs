//! Arrays as NumPy keeps them.
//!
//! `93 NUMPY`, version (two bytes), length of the header (16 bits, from version 2 on 32), then a Python dictionary
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` padded with spaces, then the elements. Source: NumPy,
//! "NEP 1, a simple file format".

use crate::read::ReadOptions;
use crate::read::zipped::Member;
use crate::{Error, Result};
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Bytes of a header, at most.
const HEADER: usize = 1 << 20;

/// An array in a file or an archive.
#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) name: String,
    pub(super) element: Element,
    pub(super) shape: Vec<usize>,
    fortran: bool,
    path: PathBuf,
    member: Option<Member>,
}

/// What the elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) class: Class,
    /// Bytes of one.
    pub(super) bytes: usize,
    pub(super) big_endian: bool,
}

/// Kinds of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Signed,
    Unsigned,
    Float,
    /// Characters of 32 bits.
    Text,
    /// Characters of 8 bits.
    Bytes,
    /// Time since 1970, so many of the unit in a second; a negative number says seconds in the unit.
    Date(i64),
}

impl Array {
    /// Reads the header of the array in a file, or in a member of an archive.
    pub(super) fn open(path: &Path, member: Option<Member>, options: &ReadOptions) -> Result<Array> {
        let name = match &member {
            Some(member) => member.name.trim_end_matches(".npy").to_owned(),
            None => path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        };
        let mut array = Array {
            name,
            element: Element { class: Class::Bool, bytes: 1, big_endian: false },
            shape: Vec::new(),
            fortran: false,
            path: path.to_owned(),
            member,
        };
        let mut input = array.raw()?;
        let (header, before) = header(&mut input).map_err(|found| array.damaged(&found))?;
        let (element, fortran, shape) = array.parse(&header)?;
        (array.element, array.fortran, array.shape) = (element, fortran, shape);
        let size = array.shape.iter().try_fold(array.element.bytes, |n, &s| n.checked_mul(s));
        let there = match &array.member {
            Some(member) => member.size(),
            None => std::fs::metadata(path).map_err(|e| Error::io(path, e))?.len(),
        };
        let size = size.filter(|&s| s as u64 <= there.saturating_sub(before));
        let size = size.ok_or_else(|| array.damaged(&format!("{} in {there} bytes", array.shown())))?;
        let row = array.row_elements().saturating_mul(array.element.bytes);
        for (what, found, limit) in [
            ("the size of a row in bytes", row, options.limits.row_bytes),
            (
                "the size of an array in Fortran's order",
                if array.fortran { size } else { 0 },
                options.limits.part_bytes,
            ),
        ] {
            if found > limit {
                return Err(Error::Limit {
                    path: array.place(),
                    what: what.into(),
                    found: found.to_string(),
                    limit: limit.to_string(),
                    mend: "the file asks for more than can be read here: make it smaller".into(),
                });
            }
        }
        Ok(array)
    }

    /// Number of rows; none for an array without dimensions.
    pub(super) fn rows(&self) -> Option<usize> {
        self.shape.first().copied()
    }

    /// Elements of a row.
    pub(super) fn row_elements(&self) -> usize {
        self.shape.iter().skip(1).fold(1usize, |n, &s| n.saturating_mul(s))
    }

    /// Type and shape, for messages.
    pub(super) fn shown(&self) -> String {
        let class = match self.element.class {
            Class::Bool => "bool".to_owned(),
            Class::Signed => format!("int{}", 8 * self.element.bytes),
            Class::Unsigned => format!("uint{}", 8 * self.element.bytes),
            Class::Float => format!("float{}", 8 * self.element.bytes),
            Class::Text => "str".to_owned(),
            Class::Bytes => "bytes".to_owned(),
            Class::Date(_) => "datetime64".to_owned(),
        };
        format!("`{}` {class} {:?}", self.name, self.shape)
    }

    /// The elements, rows one after another.
    pub(super) fn elements(&self) -> Result<Box<dyn Read + Send>> {
        let mut input = self.raw()?;
        header(&mut input).map_err(|found| self.damaged(&found))?;
        if !self.fortran || self.shape.len() < 2 {
            return Ok(input);
        }
        let count = self.shape.iter().product::<usize>();
        let mut all = vec![0; count * self.element.bytes];
        input.read_exact(&mut all).map_err(|e| self.damaged(&e.to_string()))?;
        Ok(Box::new(Cursor::new(rows_first(&all, &self.shape, self.element.bytes))))
    }

    fn raw(&self) -> Result<Box<dyn Read + Send>> {
        match &self.member {
            Some(member) => member.open(&self.path),
            None => {
                let file = File::open(&self.path).map_err(|e| Error::io(&self.path, e))?;
                Ok(Box::new(BufReader::with_capacity(64 << 10, file)))
            }
        }
    }

    /// The place of the array, for messages.
    pub(super) fn place(&self) -> PathBuf {
        self.member.as_ref().map_or_else(|| self.path.clone(), |m| self.path.join(&m.name))
    }

    pub(super) fn damaged(&self, found: &str) -> Error {
        let mend = "the file is cut off or damaged: copy, download or write it again";
        Error::file(&self.place(), "a complete NumPy array", found, mend)
    }

    fn parse(&self, header: &str) -> Result<(Element, bool, Vec<usize>)> {
        let wrong = || self.damaged(&format!("the header {:?}", header.chars().take(80).collect::<String>()));
        let after = |key: &str| {
            let (_, rest) = header.split_once(key)?;
            rest.trim_start().strip_prefix(':').map(str::trim_start)
        };
        let descr = after("'descr'").ok_or_else(wrong)?;
        let refused = |found: &str, mend: &str| {
            Err(Error::file(&self.place(), "an array of plain numbers or strings", found, mend))
        };
        if descr.starts_with('[') {
            return refused(
                "records of several fields",
                "save each field as an array of its own, or write a table (Parquet, CSV)",
            );
        }
        let quote = descr.chars().next().filter(|q| matches!(q, '\'' | '"')).ok_or_else(wrong)?;
        let descr = descr[1..].split(quote).next().ok_or_else(wrong)?;
        if descr.contains('O') {
            return refused(
                "Python objects (a pickle)",
                "save it with a plain dtype, such as `astype(str)` or `astype(float)`: pickles can run programs and are not read",
            );
        }
        let Some(element) = element(descr) else {
            return refused(
                &format!("elements of type `{descr}`"),
                "convert it with `astype(float)` or `astype(str)`",
            );
        };
        let fortran = match after("'fortran_order'").ok_or_else(wrong)? {
            rest if rest.starts_with("True") => true,
            rest if rest.starts_with("False") => false,
            _ => return Err(wrong()),
        };
        let shape = after("'shape'").and_then(|s| s.strip_prefix('(')?.split_once(')')).ok_or_else(wrong)?.0;
        let sizes = shape.split(',').map(str::trim).filter(|s| !s.is_empty());
        let shape: Option<Vec<usize>> = sizes.map(|s| s.trim_end_matches('L').parse().ok()).collect();
        let shape = shape.filter(|s| s.len() <= 32).ok_or_else(wrong)?;
        Ok((element, fortran, shape))
    }
}

fn element(descr: &str) -> Option<Element> {
    let (order, rest) = match descr.chars().next()? {
        c @ ('<' | '>' | '|' | '=') => (c, &descr[1..]),
        _ => ('<', descr),
    };
    let big_endian = order == '>';
    let class = rest.chars().next()?;
    let rest = rest.get(1..)?;
    if class == 'M' {
        let unit = rest.strip_prefix("8[")?.strip_suffix(']')?;
        let seconds = match unit {
            "D" => -86_400,
            "h" => -3_600,
            "m" => -60,
            "s" => 1,
            "ms" => 1_000,
            "us" => 1_000_000,
            "ns" => 1_000_000_000,
            _ => return None,
        };
        return Some(Element { class: Class::Date(seconds), bytes: 8, big_endian });
    }
    let size: usize = rest.parse().ok().filter(|&n| n > 0 && n < 1 << 24)?;
    let (class, bytes) = match (class, size) {
        ('b', 1) => (Class::Bool, 1),
        ('i', 1 | 2 | 4 | 8) => (Class::Signed, size),
        ('u', 1 | 2 | 4 | 8) => (Class::Unsigned, size),
        ('f', 2 | 4 | 8) => (Class::Float, size),
        ('U', _) => (Class::Text, 4 * size),
        ('S' | 'a', _) => (Class::Bytes, size),
        _ => return None,
    };
    Some(Element { class, bytes, big_endian })
}

/// Reads up to the first element: the header's text and the number of bytes read.
fn header(input: &mut dyn Read) -> std::result::Result<(String, u64), String> {
    let mut start = [0; 8];
    input.read_exact(&mut start).map_err(|e| e.to_string())?;
    if !start.starts_with(MAGIC) {
        return Err("other bytes".into());
    }
    let mut size = [0; 4];
    let wide = if start[6] >= 2 { 4 } else { 2 };
    input.read_exact(&mut size[..wide]).map_err(|e| e.to_string())?;
    let size = u32::from_le_bytes(size) as usize;
    if size > HEADER {
        return Err(format!("a header of {size} bytes"));
    }
    let mut header = vec![0; size];
    input.read_exact(&mut header).map_err(|e| e.to_string())?;
    Ok((String::from_utf8_lossy(&header).into_owned(), 8 + wide as u64 + size as u64))
}

/// Elements in Fortran's order (the first index runs fastest) with the last index fastest.
fn rows_first(all: &[u8], shape: &[usize], bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(all.len());
    let mut index = vec![0; shape.len()];
    let mut strides = vec![1; shape.len()];
    for i in 1..shape.len() {
        strides[i] = strides[i - 1] * shape[i - 1];
    }
    for _ in 0..all.len() / bytes {
        let at: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        out.extend_from_slice(&all[at * bytes..][..bytes]);
        for (i, &size) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < size {
                break;
            }
            *i = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_by_their_names() {
        let of = |descr| element(descr).map(|e| (e.class, e.bytes, e.big_endian));
        assert_eq!(of("<f4"), Some((Class::Float, 4, false)));
        assert_eq!(of(">i8"), Some((Class::Signed, 8, true)));
        assert_eq!(of("|u1"), Some((Class::Unsigned, 1, false)));
        assert_eq!(of("<U5"), Some((Class::Text, 20, false)));
        assert_eq!(of("<M8[D]"), Some((Class::Date(-86_400), 8, false)));
        for descr in ["", "<", "<c8", "<f16", "<U0", "|V3", "<M8[Y]", "<f"] {
            assert_eq!(of(descr), None, "{descr}");
        }
    }

    #[test]
    fn fortran_order_is_turned() {
        assert_eq!(rows_first(&[1, 4, 2, 5, 3, 6], &[2, 3], 1), [1, 2, 3, 4, 5, 6]);
        assert_eq!(rows_first(&[0, 0, 1, 0, 2, 0, 3, 0], &[2, 2], 2), [0, 0, 2, 0, 1, 0, 3, 0]);
    }
}
