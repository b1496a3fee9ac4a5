//! Python pickles of NumPy arrays in dictionaries and lists, `{"conv1": [kernel, bias]}`. They are parsed as data: see
//! `pickle` for what is refused.
//!
//! Weights get dotted names, `conv1.0`; what is not an array is left out.

use super::cursor::{Cursor, Room};
use super::element::elements;
use super::pickle::{self, Array, Heap, Object, Value};
use crate::{Result, Weights};

const MAX_DEPTH: usize = 8;
const MAX_ENTRIES: usize = 1 << 16;
const MAX_NAME: usize = 1024;

/// Weights from the bytes of such a file, named `path` in errors. Floats become f32 and trainable, integers i32 and not;
/// layouts stay as they are (see [`super::layout`]).
pub fn read(path: &str, bytes: &[u8]) -> Result<Weights> {
    let file = Cursor::new(path, "NumPy pickle", bytes);
    let heap = pickle::read(&mut file.clone())?;
    let mut walk = Walk { room: Room::new(&file), file, heap: &heap, entries: 0, weights: Weights::new() };
    walk.value(&heap.root, "", 0)?;
    if walk.weights.is_empty() {
        return walk.file.fail("expected a dictionary of arrays, found none");
    }
    Ok(walk.weights)
}

struct Walk<'h, 'a> {
    file: Cursor<'a>,
    heap: &'h Heap,
    room: Room,
    /// Entries seen: the same collection may be inside many others.
    entries: usize,
    weights: Weights,
}

impl Walk<'_, '_> {
    fn value(&mut self, value: &Value, name: &str, depth: usize) -> Result<()> {
        self.entries += 1;
        if depth > MAX_DEPTH || self.entries > MAX_ENTRIES || name.len() > MAX_NAME {
            return self.file.fail(format!(
                "collections more than {MAX_DEPTH} deep, of more than {MAX_ENTRIES} entries or with a name of more than \
                 {MAX_NAME} bytes"
            ));
        }
        let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        match self.heap.object(value) {
            Some(Object::Array(Some(array))) => self.array(array, name)?,
            Some(Object::Dict(pairs)) => {
                for (key, value) in pairs {
                    let Value::Text(key) = key else { continue };
                    self.value(value, &below(key), depth + 1)?;
                }
            }
            Some(Object::List(items) | Object::Tuple(items)) => {
                for (i, value) in items.iter().enumerate() {
                    self.value(value, &below(&i.to_string()), depth + 1)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn array(&mut self, array: &Array, name: &str) -> Result<()> {
        let (at, len) = array.bytes;
        let mut place = self.file.seek(at)?;
        let Some(element) = array.element else {
            return place.fail(format!("array `{name}` is of a type that is not read"));
        };
        self.room.take(&self.file, name, elements(&array.sizes).unwrap_or(usize::MAX))?;
        let made = element.tensor(&array.sizes, place.take(len)?);
        let tensor = made.map_err(|what| self.file.error(format!("array `{name}`: {what}")))?;
        self.weights.insert(name, tensor, element.is_float());
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `{"conv": [array of shape, the same again]}` as NumPy 1 writes it, with the state's type and order.
    pub(in crate::weights) fn pickled(
        shape: &[u8],
        kind: &str,
        order: &str,
        fortran: bool,
        data: &[u8],
    ) -> Vec<u8> {
        let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
        let mut out = b"\x80\x03}".to_vec();
        out.extend(text("conv"));
        out.extend(
            b"]q\x01(cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01(",
        );
        shape.iter().for_each(|&n| out.extend([b'K', n]));
        out.extend(b"tcnumpy\ndtype\n");
        out.extend(text(kind));
        out.extend(b"K\x00K\x01\x87R(K\x03");
        out.extend(text(order));
        out.extend(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb");
        out.push(if fortran { 0x88 } else { 0x89 });
        out.push(b'B');
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.extend(b"tbes.");
        out
    }

    #[test]
    fn arrays_are_named_by_their_places() -> Result<()> {
        let data: Vec<u8> = (0..6).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let weights = read("w.pkl", &pickled(&[2, 3], "f4", "<", false, &data))?;
        let found = weights.get("conv.0").map(|t| (t.shape().to_vec(), t.as_f32().to_vec()));
        assert_eq!(found, Some((vec![2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])));
        assert_eq!(weights.len(), 1);
        Ok(())
    }

    #[test]
    fn what_is_no_plain_array_is_refused_by_name() {
        let message =
            |bytes: &[u8]| read("w.pkl", bytes).map_err(|e| e.to_string()).err().unwrap_or_default();
        let eight = [0; 8];
        assert!(message(&pickled(&[2], "f4", ">", false, &eight)).contains("of a type that is not read"));
        assert!(message(&pickled(&[2], "O8", "|", false, &eight)).contains("`conv.0` is of a type"));
        assert!(message(&pickled(&[2], "f4", "<", true, &eight)).contains("Fortran"));
        assert!(message(&pickled(&[200, 200, 200], "f4", "<", false, &eight)).contains("more elements"));
        assert!(message(&pickled(&[3], "f4", "<", false, &eight)).contains("does not fit 8 bytes"));
        assert!(message(b"\x80\x02cos\nsystem\n.").contains("`os.system`"));
        assert!(message(b"\x80\x02}.").contains("found none"));
        // A list inside itself.
        assert!(message(b"\x80\x02]q\x00h\x00a.").contains("collections more than"));
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let whole = pickled(&[2, 3], "f4", "<", false, &[1; 24]);
        for len in 0..whole.len() {
            assert!(read("cut", &whole[..len]).is_err(), "{len}");
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
