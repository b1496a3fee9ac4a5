//! What a model is fitted on.

use crate::evaluate::within_threads;
use crate::{Event, Interactions, Model, Progress, Recommender, Result};

/// Users x items, rows compressed, columns in ascending order.
pub type Sparse = sprs::CsMatI<f32, u32, usize>;

/// Vectors of the content of items, a row each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// Numbers a row.
    pub width: usize,
    /// Row after row; an item without content has zeros.
    pub values: Vec<f32>,
    /// What each number says, where that has a name (a word, a genre).
    pub names: Vec<String>,
}

impl Features {
    /// The row of an item.
    pub fn row(&self, item: u32) -> &[f32] {
        let start = item as usize * self.width;
        self.values.get(start..start + self.width).unwrap_or_default()
    }
}

/// What a model is fitted on.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// Users x items, 1 where a user liked an item. Items and users without an event have empty columns and rows.
    pub liked: &'a Sparse,
    /// The events of `liked` in the order of time.
    pub events: &'a [Event],
    /// Names and domains.
    pub of: &'a Interactions,
    /// Content of the items, if there is any.
    pub features: Option<&'a Features>,
    /// Decides everything random.
    pub seed: u64,
    /// Threads; 0 = all cores. Results do not depend on it.
    pub threads: usize,
}

impl<'a> Training<'a> {
    /// With the content of the items.
    pub(crate) fn with(self, features: Option<&'a Features>) -> Training<'a> {
        Training { features, ..self }
    }

    /// Fits a model on its threads.
    pub(crate) fn fit(&self, model: &Model, progress: Progress<'_>) -> Result<Box<dyn Recommender>> {
        within_threads(self.threads, || model.fit(self, progress))
    }
}
