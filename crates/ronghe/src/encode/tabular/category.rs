//! Categories to embedding rows.
//!
//! Row 0 stands for every name that training did not know or saw too rarely, row 1 for a missing cell, further rows for
//! the known names, most frequent first. The names that were too rare are remembered beside them, so that it can be said
//! which names training did not have at all. A row that no training cell used would never be learned, so cells that need it
//! get id -1 instead, which the network takes for a vector of zeros: no information.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The names of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub(super) struct Vocabulary {
    names: Vec<String>,
    learned_unknown: bool,
    learned_missing: bool,
    /// Names of training cells that have no row of their own, in order; none where they were too many to be kept, or where
    /// a model was saved before they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    rare: Option<Vec<String>>,
    #[serde(skip)]
    ids: HashMap<String, i32>,
}

#[derive(Deserialize)]
struct Saved {
    names: Vec<String>,
    learned_unknown: bool,
    learned_missing: bool,
    #[serde(default)]
    rare: Option<Vec<String>>,
}

/// Names kept at most, and of rare ones as many again.
const MOST_NAMES: usize = 10_000;
const WIDEST: usize = 50;

impl Vocabulary {
    /// Learns the names that stand in at least `min_count` of the training cells.
    pub(super) fn fit<'a>(cells: impl Iterator<Item = Option<&'a str>>, min_count: usize) -> Vocabulary {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut learned_missing = false;
        for cell in cells {
            match cell {
                Some(name) => *counts.entry(name).or_default() += 1,
                None => learned_missing = true,
            }
        }
        let (mut frequent, rare): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(_, n)| *n >= min_count);
        frequent.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let over = frequent.split_off(frequent.len().min(MOST_NAMES));
        let owned = |names: Vec<(&str, usize)>| -> Vec<String> {
            names.into_iter().map(|(name, _)| name.to_owned()).collect()
        };
        let mut rare = owned([rare, over].concat());
        rare.sort_unstable();
        Saved {
            learned_unknown: !rare.is_empty(),
            names: owned(frequent),
            learned_missing,
            rare: (rare.len() <= MOST_NAMES).then_some(rare),
        }
        .into()
    }

    /// Whether no training cell had this name, as far as that is known.
    pub(super) fn is_new(&self, name: &str) -> bool {
        let rare = |known: &Vec<String>| known.binary_search_by(|k| k.as_str().cmp(name)).is_ok();
        // Without a list of rare names a name may have been one of them, unless there were none.
        let may_be_rare = self.rare.as_ref().map_or(self.learned_unknown, rare);
        !self.ids.contains_key(name) && !may_be_rare
    }

    /// The embedding row of a cell, or -1.
    pub(super) fn id(&self, cell: Option<&str>) -> i32 {
        match cell {
            None if self.learned_missing => 1,
            None => -1,
            Some(name) => match self.ids.get(name) {
                Some(&id) => id,
                None if self.learned_unknown => 0,
                None => -1,
            },
        }
    }

    /// Rows of the embedding.
    pub(super) fn rows(&self) -> usize {
        self.names.len() + 2
    }

    /// Width of the embedding: `min(50, ceil(1.6 n^0.56))` for n names, the rule of thumb of fastai.
    pub(super) fn width(&self) -> usize {
        let rule = 1.6 * (self.names.len().max(1) as f64).powf(0.56);
        (rule.ceil() as usize).min(WIDEST)
    }
}

impl From<Saved> for Vocabulary {
    fn from(saved: Saved) -> Vocabulary {
        let Saved { names, learned_unknown, learned_missing, rare } = saved;
        let ids = names.iter().enumerate().map(|(i, name)| (name.clone(), i as i32 + 2)).collect();
        Vocabulary { names, learned_unknown, learned_missing, rare, ids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_names_share_a_row_and_unlearned_rows_are_not_used() {
        let cells = ["b", "a", "b", "rare", "a", "b"].map(Some);
        let vocabulary = Vocabulary::fit(cells.into_iter(), 2);
        assert_eq!(
            [Some("b"), Some("a"), Some("rare"), Some("new"), None].map(|c| vocabulary.id(c)),
            [2, 3, 0, 0, -1]
        );
        assert_eq!((vocabulary.rows(), vocabulary.width()), (4, 3));
        let all_known = Vocabulary::fit(["a", "a"].map(Some).into_iter().chain([None]), 2);
        assert_eq!([Some("new"), None].map(|c| all_known.id(c)), [-1, 1]);
    }

    #[test]
    fn rare_names_are_not_new() {
        let vocabulary = Vocabulary::fit(["罗马", "b", "b", "rare"].map(Some).into_iter(), 2);
        assert_eq!(["b", "rare", "罗马", "巴黎"].map(|n| vocabulary.is_new(n)), [false, false, false, true]);
        // A model saved before rare names were kept does not call them new.
        let before = r#"{"names": ["b"], "learned_unknown": true, "learned_missing": false}"#;
        let before: Vocabulary = serde_json::from_str(before).unwrap();
        assert_eq!(["b", "rare"].map(|n| before.is_new(n)), [false, false]);
        let all_known = r#"{"names": ["b"], "learned_unknown": false, "learned_missing": false}"#;
        let all_known: Vocabulary = serde_json::from_str(all_known).unwrap();
        assert_eq!(["b", "rare"].map(|n| all_known.is_new(n)), [false, true]);
        let many: Vec<String> = (0..=MOST_NAMES).map(|i| format!("n{i}")).collect();
        let many = Vocabulary::fit(many.iter().map(|n| Some(n.as_str())), 2);
        assert!(!many.is_new("n1") && !many.is_new("another"));
    }

    #[test]
    fn a_saved_vocabulary_is_the_same() -> Result<(), serde_json::Error> {
        let fitted = Vocabulary::fit(["鞋", "帽", "鞋"].map(Some).into_iter(), 1);
        let text = serde_json::to_string(&fitted)?;
        assert_eq!(serde_json::from_str::<Vocabulary>(&text)?, fitted);
        Ok(())
    }
}
