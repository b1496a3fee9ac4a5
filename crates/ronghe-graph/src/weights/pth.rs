//! PyTorch's .pth/.pt/.bin files: a pickle that describes tensors, and their memory beside it.
//!
//! Since 1.6 a ZIP archive with `NAME/data.pkl` and `NAME/data/KEY`; before, five pickles (magic, version, machine,
//! the object, the list of keys) and then each storage as a 64-bit count and its elements.

use super::cursor::{Cursor, Room};
use super::element::{Element, elements};
use super::layout::gather_order;
use super::pickle::{self, Heap, Object, Storage, Strided, Value};
use super::zip::{self, Zip};
use crate::{Result, Tensor, Weights};
use std::collections::BTreeMap;

const LEGACY_MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const LEGACY_VERSION: i128 = 1001;
const MAX_DEPTH: usize = 8;
const MAX_TENSORS: usize = 1 << 16;
const MAX_ENTRIES: usize = 1 << 20;
const MAX_NAME: usize = 1024;

/// Weights from the bytes of a .pth file, named `path` in errors. Dictionaries inside dictionaries give dotted names;
/// what is not a tensor (epoch counters, options) is left out. Floats become f32 and trainable, integers i32 and not.
pub fn read(path: &str, bytes: &[u8]) -> Result<Weights> {
    if bytes.starts_with(zip::MAGIC) { read_zip(path, bytes) } else { read_legacy(path, bytes) }
}

fn read_zip(path: &str, bytes: &[u8]) -> Result<Weights> {
    let zip = Zip::read(path, bytes)?;
    let file = Cursor::new(path, "PyTorch", bytes);
    let Some(folder) = zip.names().find_map(|n| n.strip_suffix("data.pkl")) else {
        return file.fail("no entry `data.pkl`: not a PyTorch file");
    };
    let order = format!("{folder}byteorder");
    if zip.names().any(|n| n == order) && zip.get(&order)? != b"little" {
        return file.fail("tensors of a big-endian machine");
    }
    let heap =
        pickle::read(&mut Cursor::new(path, "PyTorch pickle", zip.get(&format!("{folder}data.pkl"))?))?;
    collect(&file, &heap, |storage| zip.get(&format!("{folder}data/{}", storage.key)))
}

fn read_legacy(path: &str, bytes: &[u8]) -> Result<Weights> {
    let mut file = Cursor::new(path, "PyTorch before 1.6", bytes);
    for (name, expected) in [("magic number", LEGACY_MAGIC), ("version", LEGACY_VERSION)] {
        if pickle::read(&mut file)?.root != Value::Int(expected) {
            return file.fail(format!("not a PyTorch file: another {name}"));
        }
    }
    let machine = pickle::read(&mut file)?;
    let little = match machine.object(&machine.root) {
        Some(Object::Dict(pairs)) => !pairs.iter().any(|(key, value)| {
            matches!(key, Value::Text(k) if &**k == "little_endian") && *value == Value::Bool(false)
        }),
        _ => false,
    };
    if !little {
        return file.fail("tensors of a big-endian machine");
    }
    let heap = pickle::read(&mut file)?;
    let keys = pickle::read(&mut file)?;
    let sizes = storage_sizes(&file, &heap)?;

    let Some(Object::List(keys)) = keys.object(&keys.root) else {
        return file.fail("expected a list of keys");
    };
    let mut places: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for key in keys {
        let Value::Text(key) = key else { return file.fail("a storage key is not text") };
        let len = file.long()?;
        let Some(&(element, expected)) = sizes.get(&**key) else {
            return file.fail(format!("storage `{key}` belongs to no tensor"));
        };
        if len != expected {
            return file.fail(format!("storage `{key}`: expected {expected} elements, found {len}"));
        }
        let Some(size) = len.checked_mul(element.size()) else { return file.fail("a storage is too large") };
        places.insert(key, file.take(size)?);
    }
    collect(&file, &heap, |storage| match places.get(&*storage.key) {
        Some(bytes) => Ok(*bytes),
        None => file.fail(format!("storage `{}` is missing", storage.key)),
    })
}

/// Element type and number of elements of each storage.
fn storage_sizes(file: &Cursor<'_>, heap: &Heap) -> Result<BTreeMap<String, (Element, usize)>> {
    let mut sizes = BTreeMap::new();
    for storage in heap.storages() {
        let size = (storage.element, storage.len);
        if sizes.insert(storage.key.to_string(), size).is_some_and(|before| before != size) {
            return file.fail(format!("storage `{}` has two sizes", storage.key));
        }
    }
    Ok(sizes)
}

/// All tensors under the root, with their memory.
fn collect<'a>(
    file: &Cursor<'_>,
    heap: &Heap,
    memory: impl Fn(&Storage) -> Result<&'a [u8]>,
) -> Result<Weights> {
    let mut walk = Walk { file, heap, entries: 0, found: Vec::new() };
    walk.value(&heap.root, "", 0)?;
    let found = walk.found;
    if found.is_empty() {
        return file.fail("expected a dictionary of tensors, found none");
    }
    let mut room = Room::new(file);
    let mut weights = Weights::new();
    for (name, strided) in found {
        let bytes = memory(&strided.storage)?;
        let count = elements(&strided.sizes).unwrap_or(usize::MAX);
        room.take(file, &name, count)?;
        let tensor = view(strided, bytes).map_err(|what| file.error(format!("tensor `{name}`: {what}")))?;
        weights.insert(&name, tensor, strided.storage.element.is_float());
    }
    Ok(weights)
}

struct Walk<'h> {
    file: &'h Cursor<'h>,
    heap: &'h Heap,
    /// Dictionary entries seen: the same dictionary may be inside many others.
    entries: usize,
    found: Vec<(String, &'h Strided)>,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, name: &str, depth: usize) -> Result<()> {
        match self.heap.object(value) {
            Some(Object::Tensor(tensor)) => self.found.push((name.to_owned(), tensor)),
            Some(Object::Dict(pairs)) => {
                self.entries += pairs.len();
                if depth == MAX_DEPTH || self.entries > MAX_ENTRIES {
                    return self.file.fail(format!(
                        "dictionaries more than {MAX_DEPTH} deep or of more than {MAX_ENTRIES} entries"
                    ));
                }
                for (key, value) in pairs {
                    let Value::Text(key) = key else { continue };
                    if name.len() + key.len() > MAX_NAME {
                        return self.file.fail(format!("a name of more than {MAX_NAME} bytes"));
                    }
                    let full = if name.is_empty() { key.to_string() } else { format!("{name}.{key}") };
                    self.value(value, &full, depth + 1)?;
                }
            }
            _ => {}
        }
        if self.found.len() > MAX_TENSORS {
            return self.file.fail(format!("more than {MAX_TENSORS} tensors"));
        }
        Ok(())
    }
}

/// The elements that a view shows of its storage's bytes.
fn view(strided: &Strided, bytes: &[u8]) -> std::result::Result<Tensor, String> {
    let Strided { storage, offset, sizes, steps } = strided;
    let size = storage.element.size();
    if storage.len.checked_mul(size) != Some(bytes.len()) {
        return Err(format!("{} elements of {:?} in {} bytes", storage.len, storage.element, bytes.len()));
    }
    let Some(count) = elements(sizes).filter(|_| steps.len() == sizes.len()) else {
        return Err(format!("shape {sizes:?} with strides {steps:?}"));
    };
    // The last element must lie inside, and no element may be shown twice.
    let reach = sizes
        .iter()
        .zip(steps)
        .try_fold(*offset, |at, (&n, &step)| at.checked_add(step.checked_mul(n.saturating_sub(1))?));
    let inside = count == 0 || reach.is_some_and(|last| last < storage.len);
    if !inside || count > storage.len {
        return Err(format!(
            "shape {sizes:?} with strides {steps:?} at {offset} does not fit {} elements",
            storage.len
        ));
    }
    if count == 0 {
        return storage.element.tensor(sizes, &[]);
    }
    let mut dense = vec![1; sizes.len()];
    for i in (1..sizes.len()).rev() {
        dense[i - 1] = dense[i] * sizes[i];
    }
    if sizes.iter().zip(steps).zip(&dense).all(|((&n, step), dense)| n == 1 || step == dense) {
        return storage.element.tensor(sizes, &bytes[offset * size..(offset + count) * size]);
    }
    // Only what is shown is read: many small views of one large storage take no long time.
    let mut shown = Vec::with_capacity(count * size);
    for i in gather_order(sizes, steps) {
        shown.extend_from_slice(&bytes[(offset + i) * size..][..size]);
    }
    storage.element.tensor(sizes, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::weights::zip::tests::pack;

    fn text(out: &mut Vec<u8>, text: &str) {
        out.push(b'X');
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
    }

    fn tuple(out: &mut Vec<u8>, numbers: &[u8]) {
        out.push(b'(');
        numbers.iter().for_each(|&n| out.extend([b'K', n]));
        out.push(b't');
    }

    fn tensor(out: &mut Vec<u8>, kind: &str, key: &str, len: u8, offset: u8, sizes: &[u8], steps: &[u8]) {
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(out, "storage");
        out.extend(format!("ctorch\n{kind}\n").as_bytes());
        text(out, key);
        text(out, "cpu");
        out.extend([b'K', len, b't', b'Q', b'K', offset]);
        tuple(out, sizes);
        tuple(out, steps);
        // requires_grad False, hooks OrderedDict()
        out.extend([0x89]);
        out.extend(b"ccollections\nOrderedDict\n)RtR");
    }

    /// `{"state_dict": OrderedDict(a=[2, 3] transposed, b=[2] of a's memory, n=int64), "epoch": 3}`
    fn object() -> Vec<u8> {
        let mut out = vec![0x80, 2, b'}', b'q', 0, b'('];
        text(&mut out, "state_dict");
        out.extend(b"ccollections\nOrderedDict\nq\x01)Rq\x02(");
        text(&mut out, "a");
        tensor(&mut out, "FloatStorage", "7", 6, 0, &[2, 3], &[1, 2]);
        text(&mut out, "b");
        tensor(&mut out, "FloatStorage", "7", 6, 4, &[2], &[1]);
        text(&mut out, "n");
        tensor(&mut out, "LongStorage", "8", 1, 0, &[], &[]);
        out.push(b'u');
        // BUILD with {"_metadata": {}}
        out.push(b'}');
        text(&mut out, "_metadata");
        out.extend(b"}sb");
        text(&mut out, "epoch");
        out.extend(b"K\x03u.");
        out
    }

    fn floats() -> Vec<u8> {
        (0..6).flat_map(|i| (i as f32).to_le_bytes()).collect()
    }

    fn legacy() -> Vec<u8> {
        let mut out = vec![0x80, 2, 0x8a, 10];
        out.extend(&LEGACY_MAGIC.to_le_bytes()[..10]);
        out.extend([b'.', 0x80, 2, b'M', 0xe9, 3, b'.', 0x80, 2, b'}']);
        text(&mut out, "little_endian");
        out.extend([0x88, b's', b'.']);
        out.extend(object());
        out.extend([0x80, 2, b']', b'(']);
        text(&mut out, "7");
        text(&mut out, "8");
        out.extend(b"e.");
        out.extend(6u64.to_le_bytes());
        out.extend(floats());
        out.extend(1u64.to_le_bytes());
        out.extend(41i64.to_le_bytes());
        out
    }

    fn zipped(pickle: &[u8]) -> Vec<u8> {
        pack(&[("m/data.pkl", pickle), ("m/data/7", &floats()), ("m/data/8", &41i64.to_le_bytes())])
    }

    #[test]
    fn both_containers_give_the_same_weights() -> Result<()> {
        let weights = read("legacy", &legacy())?;
        assert_eq!(weights, read("zip", &zipped(&object()))?);
        let get = |name: &str| weights.get(name).map(|t| (t.shape().to_vec(), t.as_f32().to_vec()));
        assert_eq!(get("state_dict.a"), Some((vec![2, 3], vec![0.0, 2.0, 4.0, 1.0, 3.0, 5.0])));
        assert_eq!(get("state_dict.b"), Some((vec![2], vec![4.0, 5.0])));
        assert_eq!(weights.get("state_dict.n").map(|t| t.as_i32().to_vec()), Some(vec![41]));
        assert_eq!(weights.len(), 3);
        assert!(weights.trainable("state_dict.a") && !weights.trainable("state_dict.n"));
        Ok(())
    }

    #[test]
    fn code_is_refused_by_name() {
        let pickle = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.";
        let message = read("evil.pth", &zipped(pickle)).map_err(|e| e.to_string());
        assert!(message.as_ref().is_err_and(|m| m.contains("`posix.system`")), "{message:?}");
    }

    #[test]
    fn views_outside_their_memory_are_refused() {
        for (sizes, steps, offset) in [(&[7u8][..], &[1u8][..], 0), (&[2], &[1], 5), (&[4, 4], &[0, 0], 0)] {
            let mut pickle = vec![0x80, 2, b'}'];
            text(&mut pickle, "w");
            tensor(&mut pickle, "FloatStorage", "7", 6, offset, sizes, steps);
            pickle.extend(b"s.");
            let read = read("view", &zipped(&pickle));
            assert!(matches!(read, Err(Error::WeightFile { .. })), "{sizes:?}");
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        for whole in [legacy(), zipped(&object())] {
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

    #[test]
    fn a_dictionary_inside_itself_ends() {
        for times in [1, 40] {
            let mut pickle = vec![0x80, 2, b'}', b'q', 0];
            for i in 0..times {
                text(&mut pickle, &format!("me{i}"));
                pickle.extend(b"h\x00s");
            }
            pickle.push(b'.');
            assert!(read("cycle", &zipped(&pickle)).is_err());
        }
    }
}
