//! Reads Python pickles of tensors, and nothing else: a small stack machine that knows dictionaries, tuples, lists,
//! numbers, text, and the handful of constructors of PyTorch and NumPy in [`Global`]. Any other name is refused by name, so that no
//! code that a file brings can run. Memory stays in proportion to the bytes read.
//!
//! `machine` has the instructions, `torch` and `numpy` the constructors.

mod machine;
mod numpy;
mod torch;

use super::cursor::Cursor;
use super::element::Element;
use crate::Result;
use std::rc::Rc;

/// A Python value; containers live in [`Heap`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Text(Rc<str>),
    /// Place and length of bytes in the file.
    Bytes(usize, usize),
    Ref(usize),
}

/// A container or PyTorch object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Global(Global),
    Storage(Storage),
    Tensor(Strided),
    /// Element type of an array; `None` before it is told, and of a type that is not read.
    Dtype(Option<Element>),
    /// NumPy's; `None` before it is told.
    Array(Option<Array>),
}

/// A dense array of NumPy, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    pub(super) sizes: Vec<usize>,
    /// `None` for a type that is not read.
    pub(super) element: Option<Element>,
    /// Place and length of its bytes in the file.
    pub(super) bytes: (usize, usize),
}

/// What a pickle may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Element),
    /// NumPy's, which makes an empty array that is then filled.
    Reconstruct,
    Ndarray,
    Dtype,
}

/// A piece of memory that the file holds elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub(super) element: Element,
    pub(super) key: Rc<str>,
    /// Number of elements.
    pub(super) len: usize,
}

/// A view of a storage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Strided {
    pub(super) storage: Storage,
    pub(super) offset: usize,
    pub(super) sizes: Vec<usize>,
    pub(super) steps: Vec<usize>,
}

/// Everything that one pickle made, and its result.
#[derive(Debug)]
pub(super) struct Heap {
    objects: Vec<Object>,
    pub(super) root: Value,
}

impl Heap {
    /// The object behind a value, if it is one.
    pub(super) fn object(&self, value: &Value) -> Option<&Object> {
        match value {
            Value::Ref(i) => self.objects.get(*i),
            _ => None,
        }
    }

    /// Every storage that was described.
    pub(super) fn storages(&self) -> impl Iterator<Item = &Storage> {
        self.objects.iter().filter_map(|o| match o {
            Object::Storage(storage) => Some(storage),
            _ => None,
        })
    }
}

/// Reads one pickle and leaves the cursor behind it.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Heap> {
    let mut machine = machine::Machine::new(cursor);
    let root = loop {
        if let Some(root) = machine.step()? {
            break root;
        }
    };
    Ok(Heap { objects: machine.objects, root })
}
