//! Categories to embedding rows.
//!
//! Row 0 stands for every name that training did not know or saw too rarely, row 1 for a missing cell, further rows for
//! the known names, most frequent first. A row that no training cell used would never be learned, so cells that need it
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
    #[serde(skip)]
    ids: HashMap<String, i32>,
}

#[derive(Deserialize)]
struct Saved {
    names: Vec<String>,
    learned_unknown: bool,
    learned_missing: bool,
}

/// Names kept at most.
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
        let all = counts.len();
        let mut frequent: Vec<(&str, usize)> = counts.into_iter().filter(|(_, n)| *n >= min_count).collect();
        frequent.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        frequent.truncate(MOST_NAMES);
        let names: Vec<String> = frequent.into_iter().map(|(name, _)| name.to_owned()).collect();
        Saved { learned_unknown: names.len() < all, names, learned_missing }.into()
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
        let Saved { names, learned_unknown, learned_missing } = saved;
        let ids = names.iter().enumerate().map(|(i, name)| (name.clone(), i as i32 + 2)).collect();
        Vocabulary { names, learned_unknown, learned_missing, ids }
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
    fn a_saved_vocabulary_is_the_same() -> Result<(), serde_json::Error> {
        let fitted = Vocabulary::fit(["鞋", "帽", "鞋"].map(Some).into_iter(), 1);
        let text = serde_json::to_string(&fitted)?;
        assert_eq!(serde_json::from_str::<Vocabulary>(&text)?, fitted);
        Ok(())
    }
}
