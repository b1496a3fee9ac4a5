//! Reads Python pickles of tensors, and nothing else: a small stack machine that knows dictionaries, tuples, lists,
//! numbers, text, and the handful of PyTorch constructors of [`Global`]. Any other name is refused by name, so that no
//! code that a file brings can run. Memory stays in proportion to the bytes read.

use super::cursor::Cursor;
use super::element::Element;
use crate::Result;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A Python value; containers live in [`Heap`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Text(Rc<str>),
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
}

/// What a pickle may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Element),
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
    let mut machine =
        Machine { cursor, stack: Vec::new(), marks: Vec::new(), memo: BTreeMap::new(), objects: Vec::new() };
    let root = loop {
        if let Some(root) = machine.step()? {
            break root;
        }
    };
    Ok(Heap { objects: machine.objects, root })
}

struct Machine<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Value>,
    objects: Vec<Object>,
}

impl Machine<'_, '_> {
    /// One instruction; the result at the end.
    fn step(&mut self) -> Result<Option<Value>> {
        match self.cursor.u8()? {
            // PROTO, FRAME
            0x80 => {
                let version = self.cursor.u8()?;
                if version > 5 {
                    return self.cursor.fail(format!("pickle protocol {version}"));
                }
            }
            0x95 => {
                self.cursor.take(8)?;
            }
            b'.' => return Ok(Some(self.pop()?)),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                self.pop()?;
            }
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'K' => {
                let n = self.cursor.u8()?;
                self.stack.push(Value::Int(n.into()));
            }
            b'M' => {
                let n = self.cursor.u16()?;
                self.stack.push(Value::Int(n.into()));
            }
            b'J' => {
                let n = i32::from_le_bytes(self.cursor.array()?);
                self.stack.push(Value::Int(n.into()));
            }
            0x8a => self.long()?,
            // BINFLOAT: no tensor needs one, so its value is not kept.
            b'G' => {
                self.cursor.take(8)?;
                self.stack.push(Value::None);
            }
            b'X' => {
                let len = self.cursor.size()?;
                self.text(len)?;
            }
            0x8c | b'U' => {
                let len = self.cursor.u8()?;
                self.text(len.into())?;
            }
            b')' => self.make(Object::Tuple(Vec::new())),
            b']' => self.make(Object::List(Vec::new())),
            b'}' => self.make(Object::Dict(Vec::new())),
            b't' => {
                let items = self.marked()?;
                self.make(Object::Tuple(items));
            }
            code @ 0x85..=0x87 => {
                let len = usize::from(code - 0x84);
                let Some(start) = self.stack.len().checked_sub(len) else {
                    return self.cursor.fail("a tuple of more than the stack holds");
                };
                let items = self.stack.split_off(start);
                self.make(Object::Tuple(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' => {
                let items = self.marked()?;
                self.extend(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set(vec![key, value])?;
            }
            b'u' => {
                let items = self.marked()?;
                self.set(items)?;
            }
            b'q' => {
                let at = self.cursor.u8()?;
                self.remember(at.into())?;
            }
            b'r' => {
                let at = self.cursor.u32()?;
                self.remember(at)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let at = self.cursor.u8()?;
                self.recall(at.into())?;
            }
            b'j' => {
                let at = self.cursor.u32()?;
                self.recall(at)?;
            }
            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (module, name) {
                    (Value::Text(module), Value::Text(name)) => self.global(&module, &name)?,
                    _ => return self.cursor.fail("a global whose name is not text"),
                }
            }
            b'Q' => self.storage()?,
            b'R' => self.call()?,
            // BUILD: the attributes that PyTorch hangs on its dictionaries (`_metadata`) are not weights.
            b'b' => {
                self.pop()?;
                self.top_object("a dictionary", |o| matches!(o, Object::Dict(_)).then_some(()))?;
            }
            code => return self.cursor.fail(format!("pickle instruction {code:#04x} is not for tensors")),
        }
        Ok(None)
    }

    fn pop(&mut self) -> Result<Value> {
        // What lies below a mark belongs to the collection that the mark began after.
        if self.marks.last().is_some_and(|&m| m >= self.stack.len()) {
            return self.cursor.fail("an empty stack");
        }
        self.stack.pop().ok_or_else(|| self.cursor.error("an empty stack"))
    }

    fn marked(&mut self) -> Result<Vec<Value>> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => self.cursor.fail("no mark"),
        }
    }

    fn make(&mut self, object: Object) {
        self.objects.push(object);
        self.stack.push(Value::Ref(self.objects.len() - 1));
    }

    fn text(&mut self, len: usize) -> Result<()> {
        let text = self.cursor.text(len)?;
        self.stack.push(Value::Text(text.into()));
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        loop {
            match self.cursor.u8()? {
                b'\n' => break,
                _ if bytes.len() == 256 => return self.cursor.fail("a name of more than 256 bytes"),
                b => bytes.push(b),
            }
        }
        String::from_utf8(bytes).map_err(|_| self.cursor.error("a name is not UTF-8"))
    }

    fn long(&mut self) -> Result<()> {
        let len = usize::from(self.cursor.u8()?);
        let bytes = self.cursor.take(len)?;
        if len > 16 {
            return self.cursor.fail("an integer of more than 128 bits");
        }
        let negative = bytes.last().is_some_and(|&b| b & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        wide[..len].copy_from_slice(bytes);
        self.stack.push(Value::Int(i128::from_le_bytes(wide)));
        Ok(())
    }

    fn remember(&mut self, at: u32) -> Result<()> {
        let Some(top) = self.stack.last() else { return self.cursor.fail("an empty stack") };
        self.memo.insert(at, top.clone());
        Ok(())
    }

    fn recall(&mut self, at: u32) -> Result<()> {
        let Some(value) = self.memo.get(&at) else {
            return self.cursor.fail(format!("memo {at} was never set"));
        };
        self.stack.push(value.clone());
        Ok(())
    }

    /// Reads what `pick` takes from the object on top of the stack.
    fn top_object<T>(&mut self, expected: &str, pick: impl FnOnce(&mut Object) -> Option<T>) -> Result<T> {
        let object = match self.stack.last() {
            Some(Value::Ref(i)) => self.objects.get_mut(*i),
            _ => None,
        };
        match object.and_then(pick) {
            Some(found) => Ok(found),
            None => self.cursor.fail(format!("expected {expected}")),
        }
    }

    fn extend(&mut self, items: Vec<Value>) -> Result<()> {
        self.top_object("a list", |o| match o {
            Object::List(list) => {
                list.extend(items);
                Some(())
            }
            _ => None,
        })
    }

    fn set(&mut self, items: Vec<Value>) -> Result<()> {
        if !items.len().is_multiple_of(2) {
            return self.cursor.fail("a key without a value");
        }
        self.top_object("a dictionary", |o| match o {
            Object::Dict(pairs) => {
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Some(())
            }
            _ => None,
        })
    }

    fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let global = match (module, name) {
            ("collections", "OrderedDict") => Global::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
            ("torch", "DoubleStorage") => Global::Storage(Element::F64),
            ("torch", "FloatStorage") => Global::Storage(Element::F32),
            ("torch", "HalfStorage") => Global::Storage(Element::F16),
            ("torch", "BFloat16Storage") => Global::Storage(Element::Bf16),
            ("torch", "LongStorage") => Global::Storage(Element::I64),
            ("torch", "IntStorage") => Global::Storage(Element::I32),
            ("torch", "ShortStorage") => Global::Storage(Element::I16),
            ("torch", "CharStorage") => Global::Storage(Element::I8),
            ("torch", "ByteStorage") => Global::Storage(Element::U8),
            ("torch", "BoolStorage") => Global::Storage(Element::Bool),
            _ => {
                return self.cursor.fail(format!(
                    "the file wants to call `{module}.{name}`; only dictionaries of tensors are read (save a state_dict, \
                     or safetensors)"
                ));
            }
        };
        self.make(Object::Global(global));
        Ok(())
    }

    fn tuple(&mut self, expected: &str) -> Result<Vec<Value>> {
        let made = self.top_object(expected, |o| match o {
            Object::Tuple(items) => Some(items.clone()),
            _ => None,
        })?;
        self.pop()?;
        Ok(made)
    }

    fn object(&self, value: Option<&Value>) -> Option<&Object> {
        match value {
            Some(Value::Ref(i)) => self.objects.get(*i),
            _ => None,
        }
    }

    /// `('storage', type, key, device, elements, (view))`
    fn storage(&mut self) -> Result<()> {
        let items = self.tuple("a description of a storage")?;
        let storage = match (items.as_slice(), self.object(items.get(1))) {
            (
                [Value::Text(kind), _, Value::Text(key), Value::Text(_), Value::Int(len), rest @ ..],
                Some(Object::Global(Global::Storage(element))),
            ) if &**kind == "storage" && matches!(rest, [] | [Value::None]) => {
                let len =
                    usize::try_from(*len).map_err(|_| self.cursor.error("a storage of negative size"))?;
                Storage { element: *element, key: key.clone(), len }
            }
            _ => return self.cursor.fail("a description of a storage that is not understood"),
        };
        self.make(Object::Storage(storage));
        Ok(())
    }

    fn call(&mut self) -> Result<()> {
        let arguments = self.tuple("a tuple of arguments")?;
        let global = self.top_object("something to call", |o| match o {
            Object::Global(global) => Some(*global),
            _ => None,
        })?;
        self.pop()?;
        let made = match global {
            Global::OrderedDict => self.ordered(&arguments),
            Global::RebuildTensor => self.strided(&arguments).map(Object::Tensor),
            Global::RebuildParameter => match self.object(arguments.first()) {
                Some(Object::Tensor(tensor)) => Some(Object::Tensor(tensor.clone())),
                _ => None,
            },
            Global::Storage(_) => None,
        };
        match made {
            Some(object) => {
                self.make(object);
                Ok(())
            }
            None => self.cursor.fail(format!("{global:?} is called with arguments that are not understood")),
        }
    }

    /// `()` or `([(key, value), ...])`
    fn ordered(&self, arguments: &[Value]) -> Option<Object> {
        if arguments.is_empty() {
            return Some(Object::Dict(Vec::new()));
        }
        let Some(Object::List(items)) = self.object(arguments.first()) else { return None };
        let pair = |item: &Value| match self.object(Some(item)) {
            Some(Object::Tuple(pair) | Object::List(pair)) => match pair.as_slice() {
                [key, value] => Some((key.clone(), value.clone())),
                _ => None,
            },
            _ => None,
        };
        items.iter().map(pair).collect::<Option<Vec<_>>>().map(Object::Dict)
    }

    /// `(storage, offset, sizes, strides, requires_grad, hooks, ...)`
    fn strided(&self, arguments: &[Value]) -> Option<Strided> {
        let sizes = |value: Option<&Value>| match self.object(value) {
            Some(Object::Tuple(items)) => items.iter().map(size).collect::<Option<Vec<usize>>>(),
            _ => None,
        };
        let Some(Object::Storage(storage)) = self.object(arguments.first()) else { return None };
        Some(Strided {
            storage: storage.clone(),
            offset: size(arguments.get(1)?)?,
            sizes: sizes(arguments.get(2))?,
            steps: sizes(arguments.get(3))?,
        })
    }
}

fn size(value: &Value) -> Option<usize> {
    match value {
        Value::Int(n) => usize::try_from(*n).ok(),
        _ => None,
    }
}
