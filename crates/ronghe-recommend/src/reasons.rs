//! What of a user's own history speaks for an item.

use crate::serve::Serving;
use crate::{Contribution, Features, Query};
use serde::{Deserialize, Serialize};

/// What speaks for an item, exactly: all of it sums to the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reasons {
    /// The score.
    pub score: f32,
    /// What the items of the history add, the largest first, by their size.
    pub because: Vec<Contribution>,
    /// What those of the history add that are not named.
    pub rest: f32,
    /// What is there without any history.
    pub constant: f32,
}

impl Serving<'_> {
    /// Why `item` has its score for a user or a history, at most `most` reasons; `None` for a model whose scores are no such sum, and
    /// where nothing is known of the user.
    pub fn reasons(
        &self,
        user: Option<u32>,
        history: &[(u32, f32)],
        item: u32,
        most: usize,
    ) -> Option<Reasons> {
        let query = self.query(user, history, item)?;
        let (mut because, constant) = self.model().contributions(query, item)?;
        let score = constant + because.iter().map(|c| c.value).sum::<f32>();
        because.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then(a.item.cmp(&b.item)));
        let rest = because.iter().skip(most).map(|c| c.value).sum();
        because.truncate(most);
        because.retain(|c| c.value != 0.0);
        Some(Reasons { score, because, rest, constant })
    }

    /// What of the features of `item` speaks for it, by their numbers, the largest first, by their size, at most `most`; `None` where its
    /// score is not that of its features.
    pub fn aspects(
        &self,
        user: Option<u32>,
        history: &[(u32, f32)],
        item: u32,
        features: &Features,
        most: usize,
    ) -> Option<Vec<(usize, f32)>> {
        let query = self.query(user, history, item)?;
        let mut each: Vec<(usize, f32)> =
            self.model().aspects(query, item, features)?.into_iter().enumerate().collect();
        each.retain(|(_, value)| *value != 0.0);
        each.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        each.truncate(most);
        Some(each)
    }

    /// What the model is asked; `None` where nothing is known of the user.
    fn query<'q>(&'q self, user: Option<u32>, history: &'q [(u32, f32)], item: u32) -> Option<Query<'q>> {
        let known = user.map_or(&[][..], |user| self.history(user));
        let query = match history.is_empty() {
            true => Query { user: user.filter(|&u| self.fitted_with(u)), history: known },
            false => Query { user: None, history },
        };
        (!query.history.is_empty() && (item as usize) < self.model().items()).then_some(query)
    }
}
