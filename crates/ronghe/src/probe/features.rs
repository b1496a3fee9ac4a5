//! What a probe sees of each row: a vector of fixed width, dense or mostly zero.

use crate::encode::{Field, Prepared};

/// Vectors of rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Features {
    /// Every entry is kept: `[rows, width]`, row-major.
    Dense {
        /// Width of a vector.
        width: usize,
        /// The entries.
        values: Vec<f32>,
    },
    /// Entries that are not zero: columns and values of each row, columns in order.
    Sparse {
        /// Width of a vector.
        width: usize,
        /// The entries of each row.
        rows: Vec<Vec<(u32, f32)>>,
    },
}

impl Features {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Features::Dense { width, values } => values.len() / (*width).max(1),
            Features::Sparse { rows, .. } => rows.len(),
        }
    }

    /// Width of a vector.
    pub fn width(&self) -> usize {
        match self {
            Features::Dense { width, .. } | Features::Sparse { width, .. } => *width,
        }
    }

    /// The bags of an encoder whose fields are `ids` and `scales`; empty without them.
    pub(super) fn of_bags(prepared: &Prepared) -> Features {
        let (Some(Field::Ids { rows: ids, .. }), Some(Field::Scales { rows: scales })) =
            (prepared.fields.get("ids"), prepared.fields.get("scales"))
        else {
            return Features::Sparse { width: 0, rows: vec![Vec::new(); prepared.rows()] };
        };
        let entry = |(&id, &scale): (&i32, &f32)| Some((u32::try_from(id).ok()?, scale));
        let rows: Vec<Vec<(u32, f32)>> = ids
            .iter()
            .zip(scales)
            .map(|(ids, scales)| ids.iter().zip(scales).filter_map(entry).collect())
            .collect();
        let last = rows.iter().flatten().map(|e| e.0).max();
        Features::Sparse { width: last.map_or(0, |id| id as usize + 1), rows }
    }

    /// The vector of one row written into `out`, which is as wide.
    #[cfg(test)]
    pub(super) fn write(&self, row: usize, out: &mut [f32]) {
        match self {
            Features::Dense { width, values } => out.copy_from_slice(&values[row * width..][..*width]),
            Features::Sparse { rows, .. } => {
                out.fill(0.0);
                rows[row].iter().for_each(|&(column, value)| out[column as usize] = value);
            }
        }
    }
}
