//! Files that mean harm, in every format: an error that names the file, or weights in proportion to its bytes.

use super::{Weights, h5, keras, pkl, pth, safetensors, zip};
use crate::{Error, Result, Tensor};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Reader = fn(&str, &[u8]) -> Result<Weights>;

/// Written by PyTorch 2.15 (`versus/golden/torch_files.py`) and Keras 3.15 (`keras_files.py`).
const PTH: &[u8] = include_bytes!("../../tests/golden/tiny.pth");
const LEGACY: &[u8] = include_bytes!("../../tests/golden/tiny_legacy.pth");
const KERAS: &[u8] = include_bytes!("../../tests/golden/tiny.keras");
const H5: &[u8] = include_bytes!("../../tests/golden/tiny.h5");

/// A good file of each format.
fn files() -> Vec<(&'static str, Vec<u8>, Reader)> {
    let mut weights = Weights::new();
    weights.insert("layer.weight", Tensor::full(&[3, 4], 0.5), true);
    weights.insert("layer.bias", Tensor::full(&[3], 0.5), true);
    vec![
        ("a.safetensors", safetensors::write(&weights, &BTreeMap::new()), safetensors::read),
        ("a.pth", PTH.to_vec(), pth::read),
        ("legacy.pth", LEGACY.to_vec(), pth::read),
        ("a.keras", KERAS.to_vec(), keras::read),
        ("a.h5", H5.to_vec(), h5::read),
        ("a.pkl", pkl::tests::pickled(&[2, 3], "f4", "<", false, &[1; 24]), pkl::read),
    ]
}

/// Reads bytes and holds the outcome against what was promised.
fn read(name: &str, bytes: &[u8], reader: Reader) -> bool {
    match reader(name, bytes) {
        Ok(weights) => {
            assert!(weights.elements().0 <= 4 * bytes.len(), "{name}: more than the file can hold");
            true
        }
        Err(Error::WeightFile { path, what, .. }) => {
            assert!(path == name && !what.is_empty() && what.len() < 4096, "{name}: {what}");
            false
        }
        Err(other) => panic!("{name}: {other}"),
    }
}

/// One change to a file.
#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    /// A count or place becomes huge, zero, or that of something else.
    Number(usize, usize, u64),
    /// A piece is written over another place.
    Copy(usize, usize, usize),
    Remove(usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0usize..1 << 20;
    let number = prop_oneof![
        Just(u64::MAX),
        Just(u64::MAX / 2),
        Just(1 << 40),
        Just(1 << 31),
        Just(0xffff_ffff),
        Just(0),
        0u64..4096
    ];
    prop_oneof![
        (at.clone(), 1u8..=255).prop_map(|(at, mask)| Change::Flip(at, mask)),
        (at.clone(), prop_oneof![Just(1usize), Just(2), Just(4), Just(8)], number)
            .prop_map(|(at, width, value)| Change::Number(at, width, value)),
        (at.clone(), at.clone(), 1usize..64).prop_map(|(from, to, len)| Change::Copy(from, to, len)),
        (at.clone(), 1usize..64).prop_map(|(at, len)| Change::Remove(at, len)),
        at.prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let len = bytes.len();
    if len == 0 {
        return;
    }
    match *change {
        Change::Flip(at, mask) => bytes[at % len] ^= mask,
        Change::Number(at, width, value) => {
            let at = at % len;
            let width = width.min(len - at);
            bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        Change::Copy(from, to, size) => {
            let (from, to) = (from % len, to % len);
            let size = size.min(len - from).min(len - to);
            bytes.copy_within(from..from + size, to);
        }
        Change::Remove(at, size) => drop(bytes.drain(at % len..(at % len + size).min(len))),
        Change::Cut(at) => bytes.truncate(at % len),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn changed_files_are_refused_or_read_within_bounds(
        which in 0usize..6,
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let (name, mut bytes, reader) = files().swap_remove(which);
        changes.iter().for_each(|c| apply(&mut bytes, c));
        read(name, &bytes, reader);
    }
}

#[test]
fn every_cut_and_every_flipped_byte_of_every_format_ends() {
    for (name, whole, reader) in files() {
        assert!(read(name, &whole, reader), "{name}");
        let step = (whole.len() / 700).max(1);
        for at in (0..whole.len()).step_by(step) {
            read(name, &whole[..at], reader);
            for mask in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= mask;
                read(name, &bytes, reader);
            }
        }
    }
}

#[test]
fn what_pytorch_wrote_is_read() -> Result<()> {
    let weights = pth::read("tiny.pth", PTH)?;
    assert_eq!(weights, pth::read("tiny_legacy.pth", LEGACY)?);
    let get = |name: &str| {
        let tensor = weights.get(&format!("state_dict.{name}"));
        tensor.map(|t| (t.shape().to_vec(), t.as_f32().to_vec())).unwrap_or_default()
    };
    assert_eq!(get("weight"), (vec![3, 4], (0..12).map(|i| i as f32).collect()));
    assert_eq!(get("turned").1[..4], [0.0, 4.0, 8.0, 1.0]);
    assert_eq!(get("part"), (vec![2], vec![4.0, 5.0]));
    assert_eq!(get("half").1, [0.0, 1.0, 2.0]);
    assert_eq!(get("scale"), (vec![], vec![0.5]));
    assert_eq!(weights.get("state_dict.counter").map(|t| t.as_i32().to_vec()), Some(vec![7]));
    assert_eq!(weights.len(), 6);
    Ok(())
}

/// A safetensors file of this header and so many bytes of elements.
fn with_header(header: &str, bytes: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat()
}

#[test]
fn headers_of_safetensors_that_lie_are_refused() {
    let tensor =
        |shape: &str, places: &str| format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":{places}}}"#);
    let two = |a: String, b: String| format!(r#"{{"a":{a},"b":{b}}}"#);
    let deep = format!(r#"{{"a":{}}}"#, "[".repeat(100_000));
    for (what, header, bytes) in [
        ("overlap", two(tensor("[2]", "[0,8]"), tensor("[2]", "[4,12]")), 12),
        ("one place twice", two(tensor("[2]", "[0,8]"), tensor("[2]", "[0,8]")), 8),
        ("a gap", two(tensor("[1]", "[0,4]"), tensor("[1]", "[8,12]")), 12),
        ("more bytes than said", two(tensor("[1]", "[0,4]"), tensor("[1]", "[4,8]")), 12),
        ("beyond the end", format!(r#"{{"a":{}}}"#, tensor("[1000000000]", "[0,4000000000]")), 8),
        ("a product that overflows", format!(r#"{{"a":{}}}"#, tensor("[4294967296,4294967296]", "[0,0]")), 0),
        ("a size below zero", format!(r#"{{"a":{}}}"#, tensor("[-1]", "[0,4]")), 4),
        ("backwards", format!(r#"{{"a":{}}}"#, tensor("[1]", "[4,0]")), 4),
        ("many dimensions", format!(r#"{{"a":{}}}"#, tensor(&format!("[{}1]", "1,".repeat(40)), "[0,4]")), 4),
        ("nested", deep, 0),
        ("no object", "[]".into(), 0),
    ] {
        assert!(!read("evil.safetensors", &with_header(&header, bytes), safetensors::read), "{what}");
    }
    let mut long = u64::MAX.to_le_bytes().to_vec();
    long.extend(b"{}");
    assert!(!read("evil.safetensors", &long, safetensors::read));
}

#[test]
fn pickles_that_call_anything_are_refused_by_name() {
    for (pickle, name) in [
        (&b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."[..], "`os.system`"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", "`builtins.eval`"),
        (b"\x80\x02c__builtin__\ngetattr\n(tR.", "`__builtin__.getattr`"),
        (b"\x80\x02cnumpy\nload\n(tR.", "`numpy.load`"),
        (b"\x80\x02(ios\nsystem\n.", "instruction 0x69"),
        (b"\x80\x02\x82\x01.", "instruction 0x82"),
        (b"\x80\x02P1\n.", "instruction 0x50"),
        (b"\x80\x02}(\x81.", "instruction 0x81"),
    ] {
        let zipped = zip::tests::pack(&[("m/data.pkl", pickle)]);
        for (bytes, reader) in [(&zipped, pth::read as Reader), (&pickle.to_vec(), pkl::read)] {
            let message = reader("evil", bytes).map_err(|e| e.to_string()).err().unwrap_or_default();
            assert!(message.contains(name), "{name}: {message}");
        }
    }
}

#[test]
fn pickles_that_nest_or_count_without_end_stop() {
    let nested = |open: &[u8], close: &[u8]| {
        let levels = 200_000;
        [b"\x80\x02", open.repeat(levels).as_slice(), &close.repeat(levels), b"."].concat()
    };
    // 200,000 lists each in the next; tuples; marks; a memo of one list put into itself.
    let lists = nested(b"]", b"a");
    for pickle in [
        [&lists[..lists.len() - 2], b"."].concat(),
        nested(b"(", b"t"),
        [&b"\x80\x02]q\x00"[..], &b"h\x00a".repeat(200_000), b"."].concat(),
        [&b"\x80\x02"[..], &b"(".repeat(500_000), b"."].concat(),
        b"\x80\x02X\xff\xff\xff\xffab.".to_vec(),
        b"\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\xffab.".to_vec(),
        b"\x80\x02\x8a\xff".to_vec(),
    ] {
        let zipped = zip::tests::pack(&[("m/data.pkl", &pickle)]);
        assert!(!read("evil.pth", &zipped, pth::read));
        assert!(!read("evil.pkl", &pickle, pkl::read));
    }
}

/// A dictionary of many turned views of one storage: each is read by itself, so the time is that of what they show.
#[test]
fn many_small_views_of_a_large_storage_take_no_long_time() -> Result<()> {
    let floats = 1usize << 20;
    let mut pickle = b"\x80\x02}(".to_vec();
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    for i in 0..2000 {
        pickle.extend(text(&format!("w{i}")));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend(text("storage"));
        pickle.extend(b"ctorch\nFloatStorage\n");
        pickle.extend([text("0"), text("cpu")].concat());
        pickle.push(b'J');
        pickle.extend((floats as i32).to_le_bytes());
        pickle.extend(b"tQK\x00K\x02K\x02\x86K\x01K\x02\x86\x89}tR");
    }
    pickle.extend(b"u.");
    let zipped = zip::tests::pack(&[("m/data.pkl", &pickle), ("m/data/0", &vec![0; 4 * floats])]);
    let started = std::time::Instant::now();
    assert_eq!(pth::read("views.pth", &zipped)?.len(), 2000);
    // Reading the whole storage for each would move sixteen gigabytes.
    assert!(started.elapsed().as_secs() < 30);
    Ok(())
}
