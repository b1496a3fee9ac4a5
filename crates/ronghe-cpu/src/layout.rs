//! Sizes of all values under one binding of the symbolic dimensions, and the slot that each lives in.

use crate::plan::{Place, Program};
use ronghe_graph::{Error, Result, Symbol, ValueId};
use std::collections::BTreeMap;

/// Sizes and slots.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Elements that each slot must hold.
    pub(crate) slots: Vec<usize>,
    shapes: Vec<Vec<usize>>,
    homes: Vec<(usize, usize)>,
}

impl Layout {
    /// Gives each value that a step writes the free slot that fits best.
    pub(crate) fn new(program: &Program, symbols: &BTreeMap<Symbol, usize>) -> Result<Layout> {
        let sizes = |i: usize| {
            let shape = &program.values[i].shape;
            let resolved = shape.resolve(&|s| symbols.get(&s).copied());
            resolved.ok_or_else(|| Error::MissingInput { name: shape.to_string() })
        };
        let mut shapes = vec![Vec::new(); program.values.len()];
        for i in 0..shapes.len() {
            if program.places[i].is_some() {
                shapes[i] = sizes(i)?;
            }
        }
        let dies = last_uses(program);
        let mut layout = Layout { slots: Vec::new(), homes: vec![(0, 0); shapes.len()], shapes };
        let mut free: Vec<usize> = Vec::new();
        for (i, step) in program.steps.iter().enumerate() {
            for &v in &step.outputs {
                let len = elements(layout.shape(v))?;
                let slot = layout.take(&mut free, len);
                layout.homes[v.0 as usize] = (slot, len);
            }
            free.extend(dies[i].iter().map(|v| layout.homes[v.0 as usize].0));
        }
        Ok(layout)
    }

    /// Sizes of a value.
    pub(crate) fn shape(&self, value: ValueId) -> &[usize] {
        &self.shapes[value.0 as usize]
    }

    /// Slot of a value that a step writes, and its number of elements.
    pub(crate) fn slot(&self, value: ValueId) -> (usize, usize) {
        self.homes[value.0 as usize]
    }

    /// The smallest free slot that is large enough; else the largest, enlarged; else a new one.
    fn take(&mut self, free: &mut Vec<usize>, len: usize) -> usize {
        let size = |slot: usize| self.slots[slot];
        let fits = free.iter().enumerate().filter(|(_, s)| size(**s) >= len).min_by_key(|(_, s)| size(**s));
        let found = fits.or_else(|| free.iter().enumerate().max_by_key(|(_, s)| size(**s))).map(|(i, _)| i);
        let slot = match found {
            Some(i) => free.swap_remove(i),
            None => {
                self.slots.push(0);
                self.slots.len() - 1
            }
        };
        self.slots[slot] = self.slots[slot].max(len);
        slot
    }
}

/// By step: values that no later step reads and that nobody asked for.
fn last_uses(program: &Program) -> Vec<Vec<ValueId>> {
    let mut last: BTreeMap<ValueId, usize> = BTreeMap::new();
    for (i, step) in program.steps.iter().enumerate() {
        last.extend(step.outputs.iter().map(|&v| (v, i)));
        last.extend(step.inputs.iter().filter_map(|&v| match program.place(v) {
            Some(Place::Made(made)) => Some((made, i)),
            _ => None,
        }));
    }
    for &v in &program.outputs {
        if let Some(Place::Made(made)) = program.place(v) {
            last.remove(&made);
        }
    }
    let mut dies = vec![Vec::new(); program.steps.len()];
    last.into_iter().for_each(|(v, i)| dies[i].push(v));
    dies
}

/// Product of the sizes.
fn elements(shape: &[usize]) -> Result<usize> {
    let product = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    product.filter(|&n| n < usize::MAX / 8).ok_or_else(|| Error::Elements {
        shape: shape.to_vec(),
        expected: usize::MAX,
        found: 0,
    })
}
