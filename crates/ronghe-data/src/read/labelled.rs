//! Batches of pictures held as raw pixels: what IDX and CIFAR have in common.

use super::ReadOptions;
use crate::{ColumnSchema, Error, Kind, Result, Schema, Table};
use arrow_array::builder::{LargeBinaryBuilder, StringBuilder};
use arrow_array::{Array, ArrayRef};
use std::path::Path;
use std::sync::Arc;

/// The columns of such a set: `image`, then the label columns, then `split`; and which of them to give.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    schema: Arc<Schema>,
    chosen: Vec<usize>,
}

impl Columns {
    /// `labels` are the names of the label columns.
    pub(crate) fn new(path: &Path, labels: &[&str], options: &ReadOptions) -> Result<Columns> {
        let names: Vec<String> =
            ["image"].iter().chain(labels).chain(&["split"]).map(|n| (*n).to_owned()).collect();
        let chosen = options.choose(path, &names)?;
        let kind = |name: &str| if name == "image" { Kind::Image } else { Kind::Category };
        if let Some((name, wanted)) = options.kinds.iter().find(|(name, k)| kind(name) != **k) {
            return Err(Error::file(
                path,
                "the kinds that such a set has",
                format!("`{name}` as {wanted}"),
                "leave its kind out of the options",
            ));
        }
        let columns = chosen.iter().map(|&i| ColumnSchema::new(names[i].clone(), kind(&names[i]))).collect();
        Ok(Columns { schema: Arc::new(Schema { columns }), chosen })
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Starts a batch.
    pub(crate) fn batch(&self) -> Batch {
        Batch { images: LargeBinaryBuilder::new(), labels: Vec::new(), splits: StringBuilder::new() }
    }

    /// The rows of `batch` as a table whose first row has the number `first_row`.
    pub(crate) fn table(&self, mut batch: Batch, path: &Path, first_row: usize) -> Result<Option<Table>> {
        let mut all: Vec<ArrayRef> = vec![Arc::new(batch.images.finish())];
        all.extend(batch.labels.iter_mut().map(|l| Arc::new(l.finish()) as ArrayRef));
        all.push(Arc::new(batch.splits.finish()));
        if all[0].is_empty() {
            return Ok(None);
        }
        let cells = self.chosen.iter().map(|&i| all[i].clone()).collect();
        Table::new(self.schema.clone(), cells, path, path, first_row).map(Some)
    }
}

/// Rows being collected.
#[derive(Debug)]
pub(crate) struct Batch {
    images: LargeBinaryBuilder,
    labels: Vec<StringBuilder>,
    splits: StringBuilder,
}

impl Batch {
    /// Appends a row: a picture as the bytes of a PNM file, its labels, its part of the split.
    pub(crate) fn push(&mut self, picture: &[u8], labels: &[&str], split: &str) {
        self.images.append_value(picture);
        self.labels.resize_with(labels.len(), StringBuilder::new);
        self.labels.iter_mut().zip(labels).for_each(|(column, label)| column.append_value(label));
        self.splits.append_value(split);
    }
}

/// Writes the header of a binary PNM picture of 1 (`P5`) or 3 (`P6`) channels; the pixels follow it, rows first.
pub(crate) fn pnm_header(width: usize, height: usize, channels: usize) -> Vec<u8> {
    let magic = if channels == 3 { "P6" } else { "P5" };
    format!("{magic} {width} {height} 255\n").into_bytes()
}
