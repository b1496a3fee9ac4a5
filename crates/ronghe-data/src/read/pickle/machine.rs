//! The stack machine that a pickle is a program for.

use super::{Id, Object, PickleError, Step, fail};
use std::collections::HashMap;

/// The names that are known: module, name, and what they are here.
const GLOBALS: [(&str, &str, &str); 6] = [
    ("numpy.core.multiarray", "_reconstruct", "reconstruct"),
    ("numpy._core.multiarray", "_reconstruct", "reconstruct"),
    ("numpy", "ndarray", "ndarray"),
    ("numpy", "dtype", "dtype"),
    ("_codecs", "encode", "encode"),
    ("collections", "OrderedDict", "dict"),
];

/// Follows the instructions of a pickle.
pub(super) struct Machine<'a> {
    input: &'a [u8],
    at: usize,
    pub(super) objects: Vec<Object>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    /// Bytes copied out of other objects.
    copied: usize,
}

/// Dimensions of an array, and characters of the name of an element type.
const MOST: usize = 32;

impl<'a> Machine<'a> {
    pub(super) fn new(input: &'a [u8]) -> Machine<'a> {
        Machine {
            input,
            at: 0,
            objects: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            copied: 0,
        }
    }

    /// Follows the instructions to their end and gives the object on top.
    pub(super) fn run(&mut self) -> Step<Id> {
        loop {
            match self.byte()? {
                b'.' => return self.pop(),
                0x80 => match self.byte()? {
                    0..=4 => {}
                    other => return fail(format!("pickle protocol {other}, above 4")),
                },
                0x95 => drop(self.take(8)?),
                b'(' => self.marks.push(self.stack.len()),
                b'0' => drop(self.pop()?),
                b'1' => drop(self.since_mark()?),
                b'2' => {
                    let top = self.top()?;
                    self.stack.push(top);
                }
                b'N' => self.push(Object::None),
                0x88 => self.push(Object::Bool(true)),
                0x89 => self.push(Object::Bool(false)),
                b'I' => match self.line()? {
                    "00" => self.push(Object::Bool(false)),
                    "01" => self.push(Object::Bool(true)),
                    text => self.push_int(text)?,
                },
                b'L' => {
                    let text = self.line()?;
                    self.push_int(text.trim_end_matches('L'))?;
                }
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.push(Object::Int(value.into()));
                }
                b'K' => {
                    let value = self.byte()?;
                    self.push(Object::Int(value.into()));
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.push(Object::Int(value.into()));
                }
                0x8a => {
                    let len = self.byte()?.into();
                    self.long(len)?;
                }
                b'F' => match self.line()?.parse() {
                    Ok(value) => self.push(Object::Float(value)),
                    Err(_) => return fail("a number that is none"),
                },
                b'G' => {
                    let value = f64::from_be_bytes(self.array()?);
                    self.push(Object::Float(value));
                }
                b'S' => {
                    let bytes = unquote(self.line()?)?;
                    self.push(Object::Bytes(bytes));
                }
                b'V' => {
                    let text = self.line()?.to_owned();
                    self.push(Object::Str(text));
                }
                b'U' | b'C' => {
                    let len = self.byte()?.into();
                    self.bytes(len)?;
                }
                b'T' | b'B' => {
                    let len = u32::from_le_bytes(self.array()?) as usize;
                    self.bytes(len)?;
                }
                0x8e => {
                    let len = usize::try_from(u64::from_le_bytes(self.array()?)).unwrap_or(usize::MAX);
                    self.bytes(len)?;
                }
                0x8c => {
                    let len = self.byte()?.into();
                    self.text(len)?;
                }
                b'X' => {
                    let len = u32::from_le_bytes(self.array()?) as usize;
                    self.text(len)?;
                }
                0x8d => {
                    let len = usize::try_from(u64::from_le_bytes(self.array()?)).unwrap_or(usize::MAX);
                    self.text(len)?;
                }
                b']' => self.push(Object::List(Vec::new())),
                b')' => self.push(Object::Tuple(Vec::new())),
                b'}' => self.push(Object::Dict(Vec::new())),
                b'l' => {
                    let items = self.since_mark()?;
                    self.push(Object::List(items));
                }
                b't' => {
                    let items = self.since_mark()?;
                    self.push(Object::Tuple(items));
                }
                n @ 0x85..=0x87 => {
                    let len = usize::from(n - 0x84);
                    let from = self.stack.len().checked_sub(len).ok_or_else(too_short)?;
                    let items = self.stack.split_off(from.max(self.floor()));
                    self.push(Object::Tuple(items));
                }
                b'd' => {
                    let items = self.since_mark()?;
                    self.push(Object::Dict(Vec::new()));
                    self.extend_dict(&items)?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.extend_list(&[item])?;
                }
                b'e' => {
                    let items = self.since_mark()?;
                    self.extend_list(&items)?;
                }
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    self.extend_dict(&[key, value])?;
                }
                b'u' => {
                    let items = self.since_mark()?;
                    self.extend_dict(&items)?;
                }
                b'p' => {
                    let key = self
                        .line()?
                        .parse()
                        .map_err(|_| PickleError("a memo key that is no number".into()))?;
                    self.remember(key)?;
                }
                b'q' => {
                    let key = self.byte()?.into();
                    self.remember(key)?;
                }
                b'r' => {
                    let key = u32::from_le_bytes(self.array()?).into();
                    self.remember(key)?;
                }
                0x94 => self.remember(self.memo.len() as u64)?,
                b'g' => {
                    let key = self
                        .line()?
                        .parse()
                        .map_err(|_| PickleError("a memo key that is no number".into()))?;
                    self.recall(key)?;
                }
                b'h' => {
                    let key = self.byte()?.into();
                    self.recall(key)?;
                }
                b'j' => {
                    let key = u32::from_le_bytes(self.array()?).into();
                    self.recall(key)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?.to_owned(), self.line()?.to_owned());
                    self.global(&module, &name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    match (&self.objects[module], &self.objects[name]) {
                        (Object::Str(module), Object::Str(name)) => {
                            let (module, name) = (module.clone(), name.clone());
                            self.global(&module, &name)?;
                        }
                        _ => return fail("a global whose name is no text"),
                    }
                }
                b'R' => self.reduce()?,
                b'b' => self.build()?,
                other => {
                    return fail(format!("the instruction 0x{other:02x}, which plain data does not need"));
                }
            }
        }
    }

    fn take(&mut self, len: usize) -> Step<&'a [u8]> {
        let end = self.at.checked_add(len).filter(|&end| end <= self.input.len());
        let Some(end) = end else { return fail("the end of the file in the middle of a pickle") };
        let bytes = &self.input[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    fn byte(&mut self) -> Step<u8> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn line(&mut self) -> Step<&'a str> {
        let rest = &self.input[self.at..];
        let Some(len) = rest.iter().position(|&b| b == b'\n') else {
            return fail("the end of the file in the middle of a line");
        };
        self.at += len + 1;
        std::str::from_utf8(&rest[..len]).map_err(|_| PickleError("a line that is no text".into()))
    }

    fn push(&mut self, object: Object) {
        self.stack.push(self.objects.len());
        self.objects.push(object);
    }

    fn push_int(&mut self, text: &str) -> Step<()> {
        match text.trim().parse() {
            Ok(value) => {
                self.push(Object::Int(value));
                Ok(())
            }
            Err(_) => fail("a whole number that is none, or beyond 64 bits"),
        }
    }

    fn bytes(&mut self, len: usize) -> Step<()> {
        let bytes = self.take(len)?.to_vec();
        self.push(Object::Bytes(bytes));
        Ok(())
    }

    fn text(&mut self, len: usize) -> Step<()> {
        match std::str::from_utf8(self.take(len)?) {
            Ok(text) => {
                self.push(Object::Str(text.to_owned()));
                Ok(())
            }
            Err(_) => fail("a string that is not UTF-8"),
        }
    }

    fn long(&mut self, len: usize) -> Step<()> {
        let bytes = self.take(len)?;
        if len > 8 {
            return fail("a whole number beyond 64 bits");
        }
        let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        let mut word = [fill; 8];
        word[..len].copy_from_slice(bytes);
        self.push(Object::Int(i64::from_le_bytes(word)));
        Ok(())
    }

    /// The height of the stack at the last mark: what is below it cannot be taken.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Step<Id> {
        if self.stack.len() <= self.floor() {
            return Err(too_short());
        }
        self.stack.pop().ok_or_else(too_short)
    }

    fn top(&self) -> Step<Id> {
        self.stack.last().copied().ok_or_else(too_short)
    }

    fn since_mark(&mut self) -> Step<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| PickleError("no mark where one is needed".into()))?;
        if mark > self.stack.len() {
            return Err(too_short());
        }
        Ok(self.stack.split_off(mark))
    }

    fn extend_list(&mut self, items: &[Id]) -> Step<()> {
        let top = self.top()?;
        match &mut self.objects[top] {
            Object::List(list) => list.extend_from_slice(items),
            _ => return fail("appending to something that is no list"),
        }
        Ok(())
    }

    fn extend_dict(&mut self, items: &[Id]) -> Step<()> {
        let top = self.top()?;
        match &mut self.objects[top] {
            Object::Dict(entries) if items.len().is_multiple_of(2) => {
                entries.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
            _ => return fail("setting entries of something that is no dictionary"),
        }
        Ok(())
    }

    fn remember(&mut self, key: u64) -> Step<()> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Step<()> {
        match self.memo.get(&key) {
            Some(&id) => {
                self.stack.push(id);
                Ok(())
            }
            None => fail("a memo key that was never set"),
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Step<()> {
        match GLOBALS.iter().find(|(m, n, _)| *m == module && *n == name) {
            Some((_, _, known)) => {
                self.push(Object::Global(known));
                Ok(())
            }
            None => fail(format!("the name `{module}.{name}`, which is not plain data and is refused")),
        }
    }

    /// What a known name gives for its arguments.
    fn reduce(&mut self) -> Step<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let Object::Tuple(arguments) = &self.objects[arguments] else {
            return fail("a call whose arguments are no tuple");
        };
        let Object::Global(function) = self.objects[function] else {
            return fail("a call of something that is no known name");
        };
        let first = arguments.first().map(|&id| &self.objects[id]);
        self.copied += match first {
            Some(Object::Str(text)) => text.len(),
            _ => 0,
        };
        if self.copied > self.input.len() {
            return fail("the same string used over and over");
        }
        let made = match (function, first) {
            ("reconstruct", Some(Object::Global("ndarray"))) => Object::EmptyArray,
            ("dtype", Some(Object::Str(name))) if name.len() <= MOST => Object::DType(name.clone()),
            ("dtype", Some(Object::Bytes(name))) if name.len() <= MOST => {
                Object::DType(String::from_utf8_lossy(name).into_owned())
            }
            // Bytes in protocols 0 to 2: text whose characters are the bytes.
            ("encode", Some(Object::Str(text))) => {
                let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
                match bytes {
                    Ok(bytes) => Object::Bytes(bytes),
                    Err(_) => return fail("encoded bytes above 255"),
                }
            }
            ("dict", None) => Object::Dict(Vec::new()),
            _ => return fail(format!("arguments of `{function}` that are not known")),
        };
        self.push(made);
        Ok(())
    }

    /// Fills in an array or an element type.
    fn build(&mut self) -> Step<()> {
        let state = self.pop()?;
        let target = self.top()?;
        match &self.objects[target] {
            // Byte order and the like: elements of one byte have none, and others are refused where they are used.
            Object::DType(_) => Ok(()),
            Object::EmptyArray => {
                let Object::Tuple(parts) = &self.objects[state] else {
                    return fail("an array whose state is no tuple");
                };
                let &[_, shape, dtype, order, data] = &parts[..] else {
                    return fail("an array whose state has not five parts");
                };
                let (Object::Tuple(sizes), Object::DType(dtype)) =
                    (&self.objects[shape], &self.objects[dtype])
                else {
                    return fail("an array without sizes or element type");
                };
                if sizes.len() > MOST {
                    return fail(format!("an array of {} dimensions", sizes.len()));
                }
                if !matches!(self.objects[order], Object::Bool(false) | Object::Int(0)) {
                    return fail("an array in Fortran order");
                }
                let shape = sizes.iter().map(|&id| match self.objects[id] {
                    Object::Int(size) => usize::try_from(size).ok(),
                    _ => None,
                });
                let Some(shape) = shape.collect::<Option<Vec<usize>>>() else {
                    return fail("an array with a size that is no whole number");
                };
                if !matches!(self.objects[data], Object::Bytes(_)) {
                    return fail("an array whose elements are no bytes");
                }
                self.objects[target] = Object::Array { shape, dtype: dtype.clone(), data };
                Ok(())
            }
            _ => fail("a state for something that has none"),
        }
    }
}

fn too_short() -> PickleError {
    PickleError("too few objects on the stack".into())
}

/// The bytes of a quoted string of Python 2, as `repr` writes it.
fn unquote(text: &str) -> Step<Vec<u8>> {
    let text = text.trim_end_matches('\r');
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let inner = quote.and_then(|q| text[1..].strip_suffix(q));
    let Some(inner) = inner else { return fail("a string without quotes") };
    let (mut out, mut rest) = (Vec::new(), inner.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(same @ (b'\\' | b'\'' | b'"')) => same,
            Some(b'x') => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return fail("an escape of a byte that is none"),
                }
            }
            _ => return fail("an unknown escape in a string"),
        });
    }
    Ok(out)
}
