//! A table read under other column names.

use super::{Reader, Skipped, Warning};
use crate::{Result, Schema, Table};
use std::collections::BTreeMap;

/// `reader` with other names for some of its columns, by the names that they have.
pub fn renamed(reader: Box<dyn Reader>, names: BTreeMap<String, String>) -> Box<dyn Reader> {
    let schema = reader.schema().renamed(&names);
    Box::new(Renamed { reader, schema, names })
}

struct Renamed {
    reader: Box<dyn Reader>,
    schema: Schema,
    names: BTreeMap<String, String>,
}

impl Reader for Renamed {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn rows(&self) -> Option<usize> {
        self.reader.rows()
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        Ok(self.reader.next_batch()?.map(|table| table.renamed(&self.names)))
    }

    fn skipped(&self) -> &Skipped {
        self.reader.skipped()
    }

    fn warnings(&self) -> &[Warning] {
        self.reader.warnings()
    }
}
