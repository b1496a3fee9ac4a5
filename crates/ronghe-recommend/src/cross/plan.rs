//! What is compared.

use crate::{Error, Model, RECOMMENDERS, Result};
use serde::{Deserialize, Serialize};

/// Settings that are tried of each kind of model, on either side.
const TRIED: usize = 8;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Domain to learn from.
    pub source: String,
    /// Domain to recommend in.
    pub target: String,
    /// Events in the target domain that judged users keep.
    pub kept: usize,
    /// Least events that each of them must be found by.
    pub to_find: usize,
    /// Length of the lists.
    pub k: usize,
    /// Share of the other users who keep both sides, drawn by the seed; the source side of the rest is left out. Judged users keep both.
    pub overlap: f64,
    /// Kinds of models that know the target domain alone, each with the settings that are tried.
    pub alone: Vec<Vec<Model>>,
    /// Kinds of models that are fitted on both.
    pub across: Vec<Vec<Model>>,
    /// Decides who is judged, what they keep, whose sides are taken apart, and the shuffled source.
    pub seed: u64,
    /// Threads; 0 = all cores. Results do not depend on it.
    pub threads: usize,
}

impl Plan {
    /// The usual models, lists of ten, five events kept, all users in both domains who are there. `features`: whether anything is known of the items.
    pub fn usual(source: &str, target: &str, features: bool) -> Plan {
        let grids = |names: &[&str]| {
            let named = names.iter().filter_map(|name| RECOMMENDERS.iter().find(|e| e.name == *name));
            named.map(|e| (e.grid)().into_iter().take(TRIED).collect()).collect::<Vec<Vec<Model>>>()
        };
        let content: &[&str] = if features { &["content"] } else { &[] };
        Plan {
            source: source.to_owned(),
            target: target.to_owned(),
            kept: 5,
            to_find: 5,
            k: 10,
            overlap: 1.0,
            alone: grids(&[&["popularity", "item-knn", "ease", "ials"], content].concat()),
            across: grids(&[&["item-knn", "ease", "ials"], content, &["emcdr"]].concat()),
            seed: 0,
            threads: 0,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let wrong = |expected: &str, found: String, help: &str| {
            Err(Error::input("a comparison of domains", expected, found, help))
        };
        if self.source == self.target {
            return wrong("two domains", format!("`{}` twice", self.source), "name another domain");
        }
        if self.alone.iter().chain(&self.across).any(Vec::is_empty)
            || self.alone.is_empty()
            || self.across.is_empty()
        {
            return wrong("models with settings for both sides", "none".into(), "name some");
        }
        if !(0.0..=1.0).contains(&self.overlap) {
            let found = format!("an overlap of {}", self.overlap);
            return wrong("a share from 0 to 1", found, "1 keeps everybody as they are");
        }
        if self.k == 0 || self.to_find == 0 {
            let found = format!("lists of {} and {} to find", self.k, self.to_find);
            return wrong("at least 1 of each", found, "raise them");
        }
        Ok(())
    }
}
