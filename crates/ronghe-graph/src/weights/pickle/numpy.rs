//! NumPy's arrays: `_reconstruct(ndarray, (0,), b"b")`, then the state `(1, shape, dtype, fortran, bytes)`; and their
//! types: `dtype("f4", align, copy)`, then the state `(3, "<", ...)`.

use super::super::element::{Element, MAX_RANK};
use super::machine::Machine;
use super::torch::size;
use super::{Array, Object, Value};
use crate::Result;

impl Machine<'_, '_> {
    /// `(name, align, copy)`
    pub(super) fn dtype(&self, arguments: &[Value]) -> Option<Object> {
        let Some(Value::Text(name)) = arguments.first() else { return None };
        Some(Object::Dtype(match &**name {
            "f8" => Some(Element::F64),
            "f4" => Some(Element::F32),
            "f2" => Some(Element::F16),
            "i8" => Some(Element::I64),
            "i4" => Some(Element::I32),
            "i2" => Some(Element::I16),
            "i1" => Some(Element::I8),
            "u1" => Some(Element::U8),
            "b1" => Some(Element::Bool),
            _ => None,
        }))
    }

    /// The state of the array or type on top of the stack.
    pub(super) fn numpy_state(&mut self, state: &Value) -> Result<()> {
        let Some(Object::Tuple(items)) = self.object(Some(state)) else {
            return self.cursor.fail("an array's state that is not a tuple");
        };
        if let [Value::Int(_), Value::Text(order), ..] = items.as_slice() {
            // Big-endian numbers are not read; `|` is for single bytes.
            let known = matches!(&**order, "<" | "|");
            return self.top_object("a type", |o| match o {
                Object::Dtype(element) => {
                    *element = element.filter(|_| known);
                    Some(())
                }
                _ => None,
            });
        }
        let made = match items.as_slice() {
            [Value::Int(_), shape, dtype, Value::Bool(false), Value::Bytes(at, len)] => {
                match (self.object(Some(shape)), self.object(Some(dtype))) {
                    (Some(Object::Tuple(sizes)), Some(Object::Dtype(element))) if sizes.len() <= MAX_RANK => {
                        let sizes = sizes.iter().map(size).collect::<Option<Vec<usize>>>();
                        sizes.map(|sizes| Array { sizes, element: *element, bytes: (*at, *len) })
                    }
                    _ => None,
                }
            }
            [_, _, _, Value::Bool(true), _] => {
                return self.cursor.fail("an array in Fortran's order; save it with numpy.ascontiguousarray");
            }
            _ => None,
        };
        let Some(made) = made else { return self.cursor.fail("an array's state that is not understood") };
        self.top_object("an array", |o| match o {
            Object::Array(array) => {
                *array = Some(made);
                Some(())
            }
            _ => None,
        })
    }
}
