//! The pickle instructions, of protocols 0 to 5 those that dictionaries of tensors need.

use super::super::cursor::Cursor;
use super::{Object, Value};
use crate::Result;
use std::collections::BTreeMap;

pub(super) struct Machine<'c, 'a> {
    pub(super) cursor: &'c mut Cursor<'a>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Value>,
    pub(super) objects: Vec<Object>,
}

impl<'c, 'a> Machine<'c, 'a> {
    pub(super) fn new(cursor: &'c mut Cursor<'a>) -> Machine<'c, 'a> {
        Machine { cursor, stack: Vec::new(), marks: Vec::new(), memo: BTreeMap::new(), objects: Vec::new() }
    }

    /// One instruction; the result at the end.
    pub(super) fn step(&mut self) -> Result<Option<Value>> {
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
            b'B' => {
                let len = self.cursor.size()?;
                self.bytes(len)?;
            }
            b'C' => {
                let len = self.cursor.u8()?;
                self.bytes(len.into())?;
            }
            0x8e => {
                let len = self.cursor.long()?;
                self.bytes(len)?;
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
            b'b' => self.build()?,
            code => return self.cursor.fail(format!("pickle instruction {code:#04x} is not for tensors")),
        }
        Ok(None)
    }

    pub(super) fn pop(&mut self) -> Result<Value> {
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

    /// The state of the object below it. The attributes that PyTorch hangs on its dictionaries (`_metadata`) are not
    /// weights.
    fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        let kept = self.top_object("a dictionary or an array", |o| match o {
            Object::Dict(_) => Some(false),
            Object::Dtype(_) | Object::Array(_) => Some(true),
            _ => None,
        })?;
        if kept { self.numpy_state(&state) } else { Ok(()) }
    }

    pub(super) fn make(&mut self, object: Object) {
        self.objects.push(object);
        self.stack.push(Value::Ref(self.objects.len() - 1));
    }

    fn text(&mut self, len: usize) -> Result<()> {
        let text = self.cursor.text(len)?;
        self.stack.push(Value::Text(text.into()));
        Ok(())
    }

    fn bytes(&mut self, len: usize) -> Result<()> {
        let at = self.cursor.at();
        self.cursor.take(len)?;
        self.stack.push(Value::Bytes(at, len));
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
    pub(super) fn top_object<T>(
        &mut self,
        expected: &str,
        pick: impl FnOnce(&mut Object) -> Option<T>,
    ) -> Result<T> {
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
}
