//! What of a user's own history speaks for an item.

use crate::serve::Serving;
use crate::{Contribution, Query};
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
        let known = user.map_or(&[][..], |user| self.history(user));
        let query = match history.is_empty() {
            true => Query { user: user.filter(|&u| self.fitted_with(u)), history: known },
            false => Query { user: None, history },
        };
        if query.history.is_empty() || item as usize >= self.model().items() {
            return None;
        }
        let (mut because, constant) = self.model().contributions(query, item)?;
        let score = constant + because.iter().map(|c| c.value).sum::<f32>();
        because.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then(a.item.cmp(&b.item)));
        let rest = because.iter().skip(most).map(|c| c.value).sum();
        because.truncate(most);
        because.retain(|c| c.value != 0.0);
        Some(Reasons { score, because, rest, constant })
    }
}
