//! HDF5 files as Keras writes them: the first version of the format's groups and object headers, with datasets stored in
//! one piece and uncompressed. Anything else is refused with what it is.
//!
//! The file is a tree of objects. A group's header points to a B-tree, whose leaves (symbol tables) list names (kept in
//! a local heap) and the headers of members; a dataset's header holds its shape, element type and place.

use super::cursor::{Cursor, Room};
use super::element::{Element, MAX_RANK, elements};
use crate::{Result, Weights};
use std::collections::BTreeSet;

/// First bytes of such a file.
pub(super) const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

const MAX_OBJECTS: usize = 1 << 16;
const MAX_DEPTH: usize = 32;
const MAX_NAME: usize = 1024;
const MAX_MESSAGES: usize = 4096;

// Kinds of header messages.
const DATASPACE: u16 = 0x01;
const DATATYPE: u16 = 0x03;
const LAYOUT: u16 = 0x08;
const CONTINUATION: u16 = 0x10;
const SYMBOL_TABLE: u16 = 0x11;

/// All float and integer datasets of an HDF5 file, named `path` in errors. A weight's name is its path in the file, as in
/// `model_weights/dense/dense/kernel`; layouts stay as they are (see [`super::layout`]).
pub fn read(path: &str, bytes: &[u8]) -> Result<Weights> {
    let mut file = Cursor::new(path, "HDF5", bytes);
    if file.take(8)? != MAGIC {
        return file.fail("not an HDF5 file");
    }
    let version = file.u8()?;
    if version != 0 {
        return file
            .fail(format!("superblock version {version}; only version 0, which Keras writes, is read"));
    }
    file.take(4)?;
    let sizes = (file.u8()?, file.u8()?);
    if sizes != (8, 8) {
        return file.fail(format!("places and lengths of {sizes:?} bytes; only 8 are read"));
    }
    // Reserved byte, sizes of groups, flags, then base, free space, end and driver.
    file.take(1 + 2 + 2 + 4)?;
    if file.long()? != 0 {
        return file.fail("a file inside another file");
    }
    file.take(24 + 8)?;
    let root = file.long()?;
    let mut walk = Walk { room: Room::new(&file), file, seen: BTreeSet::new(), weights: Weights::new() };
    walk.object(root, "", 0)?;
    Ok(walk.weights)
}

struct Walk<'a> {
    file: Cursor<'a>,
    room: Room,
    /// Places of headers and tree nodes already visited: none is visited twice, so the walk ends.
    seen: BTreeSet<usize>,
    weights: Weights,
}

/// What a header says of its object.
#[derive(Default)]
struct Header<'a> {
    /// B-tree and local heap of a group.
    group: Option<(usize, usize)>,
    shape: Option<Vec<usize>>,
    element: Option<Element>,
    /// Elements of a dataset, or why they cannot be read.
    data: Option<std::result::Result<&'a [u8], String>>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, at: usize) -> Result<Cursor<'a>> {
        let cursor = self.file.seek(at)?;
        if !self.seen.insert(at) {
            return cursor.fail("two names for one object, or an object inside itself");
        }
        if self.seen.len() > MAX_OBJECTS {
            return cursor.fail(format!("more than {MAX_OBJECTS} objects"));
        }
        Ok(cursor)
    }

    fn object(&mut self, at: usize, name: &str, depth: usize) -> Result<()> {
        let cursor = self.visit(at)?;
        if depth > MAX_DEPTH || name.len() > MAX_NAME {
            return cursor.fail(format!(
                "groups nested more than {MAX_DEPTH} deep, or a name of more than {MAX_NAME} bytes"
            ));
        }
        let header = read_header(cursor.clone())?;
        if let Some((tree, heap)) = header.group {
            let names = read_heap(self.file.seek(heap)?)?;
            return self.tree(tree, &names, name, depth);
        }
        // A dataset of text or compounds is no weight.
        let (Some(shape), Some(element), Some(data)) = (header.shape, header.element, header.data) else {
            return Ok(());
        };
        self.room.take(&cursor, name, elements(&shape).unwrap_or(usize::MAX))?;
        let made = data.and_then(|bytes| element.tensor(&shape, bytes));
        let tensor = made.map_err(|what| cursor.error(format!("dataset `{name}`: {what}")))?;
        self.weights.insert(name, tensor, element.is_float());
        Ok(())
    }

    /// Members of a group, from a node of its B-tree.
    fn tree(&mut self, at: usize, names: &Cursor<'a>, group: &str, depth: usize) -> Result<()> {
        let mut cursor = self.visit(at)?;
        match cursor.take(4)? {
            b"TREE" => {
                let (kind, _level) = (cursor.u8()?, cursor.u8()?);
                if kind != 0 {
                    return cursor.fail("a tree of another kind in a group");
                }
                let count = cursor.u16()?;
                cursor.take(16 + 8)?;
                for _ in 0..count {
                    let child = cursor.long()?;
                    cursor.take(8)?;
                    // A level is a step down, so that a damaged tree ends too.
                    if depth > MAX_DEPTH {
                        return cursor.fail("a tree that is too deep");
                    }
                    self.tree(child, names, group, depth + 1)?;
                }
                Ok(())
            }
            b"SNOD" => {
                cursor.take(2)?;
                let count = cursor.u16()?;
                for _ in 0..count {
                    let (name, header) = (cursor.long()?, cursor.long()?);
                    let cached = cursor.u32()?;
                    cursor.take(20)?;
                    // A symbolic link points to an object that has its own name.
                    if cached == 2 {
                        continue;
                    }
                    let name = heap_text(names, name)?;
                    let full = if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
                    self.object(header, &full, depth + 1)?;
                }
                Ok(())
            }
            _ => cursor.fail("expected a node of a group"),
        }
    }
}

/// A cursor over the names of a group.
fn read_heap(mut cursor: Cursor<'_>) -> Result<Cursor<'_>> {
    if cursor.take(4)? != b"HEAP" {
        return cursor.fail("expected the names of a group");
    }
    cursor.take(4 + 16)?;
    let data = cursor.long()?;
    cursor.seek(data)
}

fn heap_text<'a>(names: &Cursor<'a>, offset: usize) -> Result<&'a str> {
    let Some(at) = names.at().checked_add(offset) else { return names.fail("a name outside the file") };
    let start = names.seek(at)?;
    let mut end = start.clone();
    let mut len = 0;
    while end.u8()? != 0 {
        len += 1;
        if len > MAX_NAME {
            return start.fail(format!("a name of more than {MAX_NAME} bytes"));
        }
    }
    start.clone().text(len)
}

fn read_header(mut cursor: Cursor<'_>) -> Result<Header<'_>> {
    let version = cursor.u8()?;
    if version != 1 {
        return cursor
            .fail(format!("object header of version {version}; only 1, which Keras writes, is read"));
    }
    cursor.take(1)?;
    let mut left = usize::from(cursor.u16()?);
    cursor.take(4)?;
    let size = cursor.size()?;
    cursor.take(4)?;
    if left > MAX_MESSAGES {
        return cursor.fail(format!("more than {MAX_MESSAGES} messages"));
    }
    let mut header = Header::default();
    // Pieces of the header: place and length.
    let mut pieces = vec![(cursor.at(), size)];
    while let Some((at, size)) = pieces.pop() {
        let mut cursor = cursor.seek(at)?;
        let Some(end) = at.checked_add(size) else { return cursor.fail("a header outside the file") };
        while left > 0 && cursor.at() + 8 <= end {
            left -= 1;
            let (kind, size) = (cursor.u16()?, usize::from(cursor.u16()?));
            let shared = cursor.u8()? & 2 != 0;
            cursor.take(3)?;
            let next = cursor.at() + size;
            match kind {
                DATASPACE => header.shape = Some(read_shape(&mut cursor)?),
                // A committed type is kept elsewhere: such a dataset is none of Keras' weights.
                DATATYPE if !shared => header.element = read_element(&mut cursor)?,
                LAYOUT => header.data = Some(read_layout(&mut cursor)?),
                SYMBOL_TABLE => header.group = Some((cursor.long()?, cursor.long()?)),
                CONTINUATION => pieces.push((cursor.long()?, cursor.long()?)),
                _ => {}
            }
            cursor = cursor.seek(next)?;
        }
    }
    Ok(header)
}

fn read_shape(cursor: &mut Cursor<'_>) -> Result<Vec<usize>> {
    let version = cursor.u8()?;
    let rank = usize::from(cursor.u8()?);
    if !(1..=2).contains(&version) || rank > MAX_RANK {
        return cursor.fail(format!("dataspace of version {version} with {rank} dimensions"));
    }
    cursor.take(if version == 1 { 6 } else { 2 })?;
    (0..rank).map(|_| cursor.long()).collect()
}

/// The element type, if it is a little-endian number that we know.
fn read_element(cursor: &mut Cursor<'_>) -> Result<Option<Element>> {
    let class = cursor.u8()? & 15;
    let bits = cursor.u8()?;
    cursor.take(2)?;
    let size = cursor.u32()?;
    let (big_endian, signed) = (bits & 1 != 0, bits & 8 != 0);
    Ok(match (class, size) {
        _ if big_endian => None,
        (1, 8) => Some(Element::F64),
        (1, 4) => Some(Element::F32),
        (1, 2) => Some(Element::F16),
        (0, 8) if signed => Some(Element::I64),
        (0, 4) if signed => Some(Element::I32),
        (0, 2) if signed => Some(Element::I16),
        (0, 1) => Some(if signed { Element::I8 } else { Element::U8 }),
        _ => None,
    })
}

fn read_layout<'a>(cursor: &mut Cursor<'a>) -> Result<std::result::Result<&'a [u8], String>> {
    let version = cursor.u8()?;
    if version != 3 && version != 4 {
        return Ok(Err(format!("data layout of version {version}")));
    }
    match cursor.u8()? {
        0 => {
            let size = usize::from(cursor.u16()?);
            Ok(Ok(cursor.take(size)?))
        }
        1 => {
            let (at, size) = (cursor.long()?, cursor.long()?);
            // An all-ones place stands for a dataset that was never written.
            if at == usize::MAX { Ok(Ok(&[])) } else { Ok(Ok(cursor.seek(at)?.take(size)?)) }
        }
        _ => Ok(Err("stored in chunks; save it uncompressed".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn longs(out: &mut Vec<u8>, values: &[u64]) {
        values.iter().for_each(|v| out.extend(v.to_le_bytes()));
    }

    fn message(out: &mut Vec<u8>, kind: u16, body: &[u8]) {
        out.extend(kind.to_le_bytes());
        out.extend((body.len() as u16).to_le_bytes());
        out.extend([0; 4]);
        out.extend(body);
    }

    fn header(messages: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut body = Vec::new();
        messages.iter().for_each(|(kind, bytes)| message(&mut body, *kind, bytes));
        let mut out = vec![1, 0];
        out.extend((messages.len() as u16).to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend((body.len() as u32).to_le_bytes());
        out.extend([0; 4]);
        [out, body].concat()
    }

    /// Places: superblock 0, root 96, tree 160, node 224, heap 320, names 352, dataset 400, data 600.
    fn tiny(chunked: bool) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
        longs(&mut file, &[0, u64::MAX, 616, u64::MAX, 0, 96]);
        let mut put = |at: usize, bytes: &[u8]| {
            file.resize(at.max(file.len()), 0);
            file.truncate(at);
            file.extend(bytes);
        };
        let mut group = Vec::new();
        longs(&mut group, &[160, 320]);
        put(96, &header(&[(SYMBOL_TABLE, group)]));
        let mut tree = b"TREE\0\0\x01\0".to_vec();
        longs(&mut tree, &[u64::MAX, u64::MAX, 0, 224, 8]);
        put(160, &tree);
        let mut node = b"SNOD\x01\0\x01\0".to_vec();
        longs(&mut node, &[8, 400, 0, 0, 0]);
        put(224, &node);
        let mut heap = b"HEAP\0\0\0\0".to_vec();
        longs(&mut heap, &[32, u64::MAX, 352]);
        put(320, &heap);
        put(352, b"\0\0\0\0\0\0\0\0kernel\0");
        let mut shape = vec![1, 2, 0, 0, 0, 0, 0, 0];
        longs(&mut shape, &[2, 2]);
        let float = [0x11, 0x20, 31, 0, 4, 0, 0, 0].to_vec();
        let mut layout = vec![3, if chunked { 2 } else { 1 }];
        longs(&mut layout, &[600, 16]);
        put(400, &header(&[(DATASPACE, shape), (DATATYPE, float), (LAYOUT, layout)]));
        let data: Vec<u8> = (0..4).flat_map(|i| (i as f32).to_le_bytes()).collect();
        put(600, &data);
        file
    }

    #[test]
    fn a_dataset_is_found_by_its_path() -> Result<()> {
        let weights = read("tiny.h5", &tiny(false))?;
        assert_eq!(weights.len(), 1);
        assert_eq!(weights.get("kernel").map(|t| t.as_f32().to_vec()), Some(vec![0.0, 1.0, 2.0, 3.0]));
        Ok(())
    }

    #[test]
    fn chunks_are_refused_by_name() {
        let message = read("tiny.h5", &tiny(true)).map_err(|e| e.to_string());
        assert!(message.as_ref().is_err_and(|m| m.contains("`kernel`: stored in chunks")), "{message:?}");
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let whole = tiny(false);
        for len in 0..whole.len() {
            assert!(matches!(read("cut", &whole[..len]), Err(Error::WeightFile { .. })), "{len}");
        }
        for i in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[i] ^= flip;
                let _ = read("flipped", &bytes);
            }
        }
    }
}
