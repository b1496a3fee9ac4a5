//! A model whose lists hold some of the items only.

use crate::{Contribution, Query, Recommender};
use std::collections::BTreeMap;

/// A model that says nothing of the items that are not `among`.
pub(crate) struct Only<'a> {
    pub inner: &'a dyn Recommender,
    /// Of each item, whether it may be listed.
    pub among: &'a [bool],
}

impl Recommender for Only<'_> {
    fn items(&self) -> usize {
        self.inner.items()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        self.inner.scores(query, out);
        let outside = out.iter_mut().zip(self.among).filter(|(_, among)| !**among);
        outside.for_each(|(score, _)| *score = f32::NEG_INFINITY);
    }

    fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        self.inner.contributions(query, item)
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        self.inner.tensors()
    }
}
