//! Rows of a table by id, and sums of such rows. Forward `O(ids D)`; a gradient fills the whole table, `O(V D + ids D)`.
//!
//! A gradient is cut into stretches of the table. Each goes through all ids in order and adds those that fall into it,
//! so the order of additions never depends on the threads.

use crate::call::{Call, Data};
use crate::kernels::tokens::add_scaled;
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Id that stands for no row in a bag.
const PADDING: i32 = -1;

/// Computes one operation on embeddings.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    let op = call.op;
    let d = call.outputs[0].shape.last().copied().unwrap_or(1);
    let out = &mut *call.outputs[0].data;
    match (op, call.inputs) {
        (Op::Embedding, [ids, w]) => {
            let (ids, table) = (ids.i32(), w.f32());
            check(op, ids, w.shape[0], false)?;
            threads::rows(out, d, d, |first, out| {
                for (row, &id) in out.chunks_exact_mut(d).zip(&ids[first..]) {
                    match w.data {
                        Data::Blocks(blocks) => blocks.row(id as usize, row),
                        _ => row.copy_from_slice(&table[id as usize * d..][..d]),
                    }
                }
            });
        }
        (Op::EmbeddingGrad { vocabulary }, [ids, dy]) => {
            let (ids, dy) = (ids.i32(), dy.f32());
            check(op, ids, *vocabulary, false)?;
            scatter(out, d, ids, |i| (1.0, &dy[i * d..][..d]));
        }
        (Op::EmbeddingBag, [ids, scales, w]) => {
            let (s, ids, scales, table) = (ids.last(), ids.i32(), scales.f32(), w.f32());
            check(op, ids, w.shape[0], true)?;
            threads::rows(out, d, s * d, |first, out| {
                for (n, row) in out.chunks_exact_mut(d).enumerate() {
                    let bag = (first + n) * s..(first + n + 1) * s;
                    row.fill(0.0);
                    for (&id, &scale) in ids[bag.clone()].iter().zip(&scales[bag]) {
                        if id != PADDING {
                            add_scaled(scale, &table[id as usize * d..][..d], row);
                        }
                    }
                }
            });
        }
        (Op::EmbeddingBagGrad { vocabulary }, [ids, scales, dy]) => {
            let (s, ids, scales, dy) = (ids.last(), ids.i32(), scales.f32(), dy.f32());
            check(op, ids, *vocabulary, true)?;
            scatter(out, d, ids, |i| (scales[i], &dy[i / s * d..][..d]));
        }
        (op, inputs) => return Err(Error::Arity { op: op.name(), expected: 2, found: inputs.len() }),
    }
    Ok(())
}

fn check(op: &Op, ids: &[i32], size: usize, padded: bool) -> Result<()> {
    let known = |id: i32| usize::try_from(id).is_ok_and(|id| id < size) || (padded && id == PADDING);
    match ids.iter().find(|&&id| !known(id)) {
        None => Ok(()),
        Some(&id) => Err(Error::Index { op: op.name(), index: i64::from(id), size }),
    }
}

/// `table[id] = sum of scale * row` over the positions `i` with `ids[i] = id`, where `(scale, row) = part(i)`.
fn scatter<'a>(table: &mut [f32], d: usize, ids: &[i32], part: impl Fn(usize) -> (f32, &'a [f32]) + Sync) {
    let vocabulary = table.len() / d.max(1);
    let cost = d * (1 + ids.len() / vocabulary.max(1));
    threads::rows(table, d, cost, |first, rows| {
        rows.fill(0.0);
        let stretch = first..first + rows.len() / d;
        for (i, &id) in ids.iter().enumerate() {
            // Padding, -1, is outside every stretch.
            if stretch.contains(&(id as usize)) {
                let (scale, row) = part(i);
                add_scaled(scale, row, &mut rows[(id as usize - first) * d..][..d]);
            }
        }
    });
}
