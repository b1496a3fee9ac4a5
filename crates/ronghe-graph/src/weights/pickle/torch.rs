//! What a pickle may call: PyTorch's constructors of tensors and storages, ordered dictionaries, and NumPy's (`numpy`).

use super::super::element::{Element, MAX_RANK};
use super::machine::Machine;
use super::{Global, Object, Storage, Strided, Value};
use crate::Result;

/// No constructor takes more arguments.
const MAX_ARGUMENTS: usize = 16;

impl Machine<'_, '_> {
    pub(super) fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let global = match (module, name) {
            ("collections", "OrderedDict") => Global::OrderedDict,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Global::Reconstruct,
            ("numpy", "ndarray") => Global::Ndarray,
            ("numpy", "dtype") => Global::Dtype,
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
                    "the file wants to call `{module}.{name}`; only dictionaries of tensors or arrays are read (save a \
                     state_dict, or safetensors)"
                ));
            }
        };
        self.make(Object::Global(global));
        Ok(())
    }

    fn tuple(&mut self, expected: &str) -> Result<Vec<Value>> {
        let made = self.top_object(expected, |o| match o {
            Object::Tuple(items) if items.len() <= MAX_ARGUMENTS => Some(items.clone()),
            _ => None,
        })?;
        self.pop()?;
        Ok(made)
    }

    pub(super) fn object(&self, value: Option<&Value>) -> Option<&Object> {
        match value {
            Some(Value::Ref(i)) => self.objects.get(*i),
            _ => None,
        }
    }

    /// `('storage', type, key, device, elements, (view))`
    pub(super) fn storage(&mut self) -> Result<()> {
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

    pub(super) fn call(&mut self) -> Result<()> {
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
            // Every dtype is told in full by the state that follows.
            Global::Dtype => self.dtype(&arguments),
            Global::Reconstruct => match self.object(arguments.first()) {
                Some(Object::Global(Global::Ndarray)) => Some(Object::Array(None)),
                _ => None,
            },
            Global::Storage(_) | Global::Ndarray => None,
        };
        match made {
            Some(object) => {
                self.make(object);
                Ok(())
            }
            None => self.cursor.fail(format!("{global:?} is called with arguments that are not understood")),
        }
    }

    /// `()` or `([(key, value), ...])`, as Python 2 wrote it. The list is moved, so that calling again and again with one
    /// list makes nothing large.
    fn ordered(&mut self, arguments: &[Value]) -> Option<Object> {
        let Some(first) = arguments.first() else { return Some(Object::Dict(Vec::new())) };
        let items = match first {
            Value::Ref(i) => match self.objects.get_mut(*i)? {
                Object::List(items) => std::mem::take(items),
                _ => return None,
            },
            _ => return None,
        };
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
            Some(Object::Tuple(items)) if items.len() <= MAX_RANK => {
                items.iter().map(size).collect::<Option<Vec<usize>>>()
            }
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

pub(super) fn size(value: &Value) -> Option<usize> {
    match value {
        Value::Int(n) => usize::try_from(*n).ok(),
        _ => None,
    }
}
