//! Python pickles as plain data: nothing is ever executed.
//!
//! A pickle is a program for a small stack machine. This one knows the instructions of protocols 0 to 4 that make
//! `None`, booleans, numbers, strings, bytes, lists, tuples and dictionaries, and numpy arrays through the very names
//! that numpy writes (`machine`). Any other name is refused. An instruction makes at most one object out of bytes of its
//! own, so memory is bounded by the size of the input; what is copied out of other objects is counted against it.
//! Source: CPython `Lib/pickletools.py` (the list of instructions and their arguments).

mod machine;

use machine::Machine;
use std::fmt;

/// Position of an object.
pub(crate) type Id = usize;

/// A plain object; the parts of containers are [`Id`]s, which may form circles.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Bytes; also a string of Python 2.
    Bytes(Vec<u8>),
    Str(String),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A name that stands for a function or class; only those that `machine` knows.
    Global(&'static str),
    /// A numpy element type such as `u1` or `i8`.
    DType(String),
    /// A numpy array: sizes, element type and elements in C order.
    Array {
        shape: Vec<usize>,
        dtype: String,
        data: Id,
    },
    /// A numpy array that has not been filled in.
    EmptyArray,
}

/// What is wrong with a pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PickleError(String);

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Step<T> = Result<T, PickleError>;

fn fail<T>(message: impl Into<String>) -> Step<T> {
    Err(PickleError(message.into()))
}

/// The objects of a pickle.
#[derive(Debug)]
pub(crate) struct Pickle {
    objects: Vec<Object>,
    root: Id,
}

impl Pickle {
    /// Reads a pickle.
    pub(crate) fn parse(input: &[u8]) -> Step<Pickle> {
        let mut machine = Machine::new(input);
        let root = machine.run()?;
        Ok(Pickle { objects: machine.objects, root })
    }

    /// The object that the pickle is.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    /// The object at `id`.
    pub(crate) fn get(&self, id: Id) -> &Object {
        &self.objects[id]
    }

    /// The value of a text key of the dictionary `dict`; Python 2's strings count as text.
    pub(crate) fn entry(&self, dict: Id, key: &str) -> Option<Id> {
        let Object::Dict(entries) = self.get(dict) else { return None };
        entries.iter().rev().find(|(k, _)| self.text(*k) == Some(key)).map(|(_, v)| *v)
    }

    /// The text of a string.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Object::Str(text) => Some(text),
            Object::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The parts of a list or tuple.
    pub(crate) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Object::List(items) | Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Sizes, element type and bytes of a numpy array.
    pub(crate) fn array(&self, id: Id) -> Option<(&[usize], &str, &[u8])> {
        let Object::Array { shape, dtype, data } = self.get(id) else { return None };
        let Object::Bytes(bytes) = self.get(*data) else { return None };
        Some((shape, dtype, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(input: &[u8]) -> Pickle {
        Pickle::parse(input).unwrap()
    }

    #[test]
    fn every_protocol_gives_the_same_data() {
        // {'a': [1, -2], 'b': 'x'} written by hand in the instructions of protocols 0, 2 and 4.
        let cases: [&[u8]; 3] = [
            b"(dp0\nVa\np1\n(lp2\nI1\naI-2\nasVb\np3\nVx\np4\ns.",
            b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffeX\x01\x00\x00\x00bq\x03X\x01\x00\x00\x00xq\x04u.",
            b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffe\x8c\x01b\x94\x8c\x01x\x94u.",
        ];
        for input in cases {
            let pickle = parse(input);
            let list = pickle.items(pickle.entry(pickle.root(), "a").unwrap()).unwrap();
            let numbers: Vec<&Object> = list.iter().map(|&id| pickle.get(id)).collect();
            assert_eq!(numbers, [&Object::Int(1), &Object::Int(-2)]);
            assert_eq!(pickle.text(pickle.entry(pickle.root(), "b").unwrap()), Some("x"));
        }
    }

    #[test]
    fn bytes_strings_and_long_numbers() {
        let pickle = parse(b"(S'a\\x00\\'b'\nL-12345678901L\n\x8a\x02\x00\x80F2.5\nI01\nN\x8e\x02\x00\x00\x00\x00\x00\x00\x00\xff\x00t.");
        let objects: Vec<Object> =
            pickle.items(pickle.root()).unwrap().iter().map(|&id| pickle.get(id).clone()).collect();
        let expected = [
            Object::Bytes(b"a\0'b".to_vec()),
            Object::Int(-12_345_678_901),
            Object::Int(-32_768),
            Object::Float(2.5),
            Object::Bool(true),
            Object::None,
            Object::Bytes(vec![0xff, 0]),
        ];
        assert_eq!(objects, expected);
    }

    #[test]
    fn arrays_in_protocol_2_of_python_3() {
        let input = b"\x80\x02cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85c_codecs\nencode\nX\x01\x00\x00\x00bX\x06\x00\x00\x00latin1\x86R\x87R(K\x01K\x03\x85cnumpy\ndtype\nX\x02\x00\x00\x00u1\x89\x88\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89c_codecs\nencode\nX\x04\x00\x00\x00\x01\x02\xc3\xbfX\x06\x00\x00\x00latin1\x86Rtb.";
        let pickle = parse(input);
        assert_eq!(pickle.array(pickle.root()), Some((&[3][..], "u1", &[1, 2, 255][..])));
    }

    #[test]
    fn what_is_no_data_is_refused_by_name() {
        let cases: [(&[u8], &str); 4] = [
            (b"cos\nsystem\n(S'ls'\ntR.", "the name `os.system`, which is not plain data and is refused"),
            (b"\x80\x05N.", "pickle protocol 5, above 4"),
            (b"(lp0\ng1\n.", "a memo key that was never set"),
            (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "the end of the file in the middle of a pickle"),
        ];
        for (input, said) in cases {
            assert_eq!(Pickle::parse(input).unwrap_err().to_string(), said);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(input in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Pickle::parse(&input);
        }

        #[test]
        fn any_instructions_are_safe(input in "[\\(\\)\\]\\}\\.012NKaesutdlpqghRbI\n]{0,100}") {
            if let Ok(pickle) = Pickle::parse(input.as_bytes()) {
                prop_assert!(pickle.objects.len() <= input.len());
            }
        }
    }
}
