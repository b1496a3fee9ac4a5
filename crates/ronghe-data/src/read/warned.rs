//! A reader with more warnings.

use super::{Reader, Skipped, Warning};
use crate::{Result, Schema, Table};

/// `inner` with `warnings` before its own.
pub(super) fn with(inner: Box<dyn Reader>, mut warnings: Vec<Warning>) -> Box<dyn Reader> {
    if warnings.is_empty() {
        return inner;
    }
    warnings.extend_from_slice(inner.warnings());
    Box::new(Warned { inner, warnings })
}

struct Warned {
    inner: Box<dyn Reader>,
    warnings: Vec<Warning>,
}

impl Reader for Warned {
    fn schema(&self) -> &Schema {
        self.inner.schema()
    }

    fn rows(&self) -> Option<usize> {
        self.inner.rows()
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        self.inner.next_batch()
    }

    fn skipped(&self) -> &Skipped {
        self.inner.skipped()
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
