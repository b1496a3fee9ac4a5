//! Lists for many users at once, for models whose scores are products of vectors.
//!
//! A block of users times a stretch of items is one matrix product; what reaches a user's bar goes on. Such a product adds up in another
//! order than the scores of one user, and two sums of F products that differ only in that are apart by `2 F 2^-24 |u| |v|` at most. So
//! all items within twice that of the k-th best are kept, and of these few the scores are computed as for one user:
//! **the lists are equal to those of one user after the other, bit for bit**. `2 U I F` operations for U users and I items.

use crate::request::{Answer, Ranked, Request};
use crate::serve::Serving;
use crate::{Products, Query, Result};
use rayon::prelude::*;
use ronghe_cpu::{at_least, dots, inner};
use std::cmp::Reverse;

/// Users of a block.
const USERS: usize = 128;
/// Items of a stretch: its scores stay in the second cache.
const ITEMS: usize = 512;

impl Serving<'_> {
    /// The lists of `users`, each as [`answer`](Serving::answer) gives it for the request with that user. `None` is
    /// somebody without a past.
    pub fn answers(&self, users: &[Option<u32>], request: Request<'_>) -> Result<Vec<Answer>> {
        let of = |user: &Option<u32>| Request { user: *user, ..request };
        let plain = request.history.is_empty() && request.quotas.is_empty() && request.diversity == 0.0;
        let Some(catalogue) = self.model.products(&[]).filter(|_| plain) else {
            return users.par_iter().map(|user| self.answer(of(user))).collect();
        };
        self.check(request)?;
        let open = self.open(request, &catalogue);
        let longest = longest(&catalogue);
        let blocks: Vec<Vec<Answer>> = users
            .par_chunks(USERS)
            .map(|users| {
                // Only who has a past has a vector.
                let past = |user: &u32| !self.known.liked(*user).is_empty();
                let with: Vec<u32> = users.iter().flatten().copied().filter(past).collect();
                let mut found = self.block(&with, request, &open, longest).into_iter().flatten();
                let listed = |user: &Option<u32>| match user.filter(past) {
                    Some(_) => found.next().flatten().map_or_else(|| self.answer(of(user)), Ok),
                    None => self.answer(of(user)),
                };
                users.iter().map(listed).collect()
            })
            .collect::<Result<_>>()?;
        Ok(blocks.into_iter().flatten().collect())
    }

    /// Which items anybody may be shown.
    fn open(&self, request: Request<'_>, catalogue: &Products<'_>) -> Vec<bool> {
        let mut open: Vec<bool> = catalogue.known.iter().map(|known| *known != 0.0).collect();
        if let Some(allow) = request.allow {
            let known = std::mem::replace(&mut open, vec![false; catalogue.known.len()]);
            for &item in allow.iter().filter(|&&item| (item as usize) < known.len()) {
                open[item as usize] = known[item as usize];
            }
        }
        for &item in request.deny {
            open.get_mut(item as usize).into_iter().for_each(|open| *open = false);
        }
        if let Some(filter) = request.filter {
            (0..).zip(&mut open).for_each(|(item, open)| *open = *open && filter(item));
        }
        open
    }

    /// The lists of users with a past; nothing of one whose scores are beyond what a float holds, or of none if a state cannot be had.
    fn block(
        &self,
        users: &[u32],
        request: Request<'_>,
        open: &[bool],
        longest: (f32, f32),
    ) -> Option<Vec<Option<Answer>>> {
        let query = |&user: &u32| Query {
            user: Some(user).filter(|user| self.fitted_with(*user)),
            history: self.known.liked(user),
        };
        let queries: Vec<Query<'_>> = users.iter().map(query).collect();
        let products = self.model.products(&queries)?;
        let Products { width, vectors, items, biases, .. } = &products;
        let margins = vectors.chunks_exact(*width).map(|vector| margin(vector, longest));
        let mut best: Vec<Near> = margins.map(|margin| Near::new(request.k, margin)).collect();
        let (mut scores, mut high) = (vec![0.0; users.len() * ITEMS], Vec::new());
        for (stretch, items) in items.chunks(ITEMS * width).enumerate() {
            let (first, count) = (stretch * ITEMS, items.len() / width);
            let scores = &mut scores[..users.len() * count];
            inner(vectors, *width, items, biases.get(first..first + count), scores);
            for ((user, best), scores) in users.iter().zip(&mut best).zip(scores.chunks_exact(count)) {
                let seen = if request.seen { &[] } else { self.known.seen(*user) };
                high.clear();
                at_least(scores, best.bar, &mut high);
                for &place in &high {
                    let item = first as u32 + place;
                    if open[item as usize] && seen.binary_search(&item).is_err() {
                        best.push(item, scores[place as usize]);
                    }
                }
            }
        }
        let vectors = vectors.chunks_exact(*width);
        Some(best.into_iter().zip(vectors).map(|(near, vector)| near.finish(&products, vector)).collect())
    }
}

/// The greatest length of an item's vector and the greatest bias, without sign.
fn longest(catalogue: &Products<'_>) -> (f32, f32) {
    let square = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>();
    let length =
        catalogue.items.par_chunks(catalogue.width.max(1)).map(square).reduce(|| 0.0, f32::max).sqrt();
    (length, catalogue.biases.iter().fold(0.0, |most: f32, bias| most.max(bias.abs())))
}

/// How far from the k-th best score as the block has it one of the k best can be at most, with room to spare.
fn margin(vector: &[f32], (length, bias): (f32, f32)) -> f32 {
    let own = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    let apart = 2.0 * (vector.len() as f32 + 4.0) * f32::EPSILON * (own * length * 1.01 + bias);
    2.0 * apart + f32::MIN_POSITIVE
}

/// The k best scores and those that are not far below.
struct Near {
    k: usize,
    margin: f32,
    kept: Vec<(u32, f32)>,
    /// What is lower does not matter.
    bar: f32,
    /// As many as are kept before the next cut.
    room: usize,
}

impl Near {
    fn new(k: usize, margin: f32) -> Near {
        Near { k, margin, kept: Vec::new(), bar: f32::NEG_INFINITY, room: k.saturating_mul(4).max(64) }
    }

    fn push(&mut self, item: u32, score: f32) {
        if score < self.bar {
            return;
        }
        self.kept.push((item, score));
        if self.kept.len() >= self.room {
            self.cut();
            self.room = self.room.max(2 * self.kept.len());
        }
    }

    fn cut(&mut self) {
        if self.kept.len() > self.k {
            let (_, last, _) = self.kept.select_nth_unstable_by(self.k - 1, |a, b| b.1.total_cmp(&a.1));
            self.bar = last.1 - self.margin;
            let bar = self.bar;
            self.kept.retain(|(_, score)| *score >= bar);
        }
    }

    /// The k best by the scores that one user gets; none if these may be beyond what a float holds.
    fn finish(mut self, products: &Products<'_>, vector: &[f32]) -> Option<Answer> {
        if !self.margin.is_finite() {
            return None;
        }
        self.cut();
        let mut items: Vec<Ranked> = self
            .kept
            .iter()
            .map(|&(item, _)| {
                let mut score = [0.0];
                dots(&products.items[item as usize * products.width..], vector, &mut score);
                let bias = products.biases.get(item as usize);
                Ranked { item, score: bias.map_or(score[0], |bias| score[0] + bias) }
            })
            .collect();
        items.sort_unstable_by_key(|ranked| (Reverse(order(ranked.score)), ranked.item));
        items.truncate(self.k);
        Some(Answer { items, popular: false, trade_off: None })
    }
}

/// A number in the order of scores; both zeros are one.
fn order(score: f32) -> i64 {
    let bits = i64::from((score + 0.0).to_bits() as i32);
    if bits < 0 { i64::from(i32::MIN) - bits } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::planted::{random, with};
    use crate::{Event, Interactions, Model, Sparse};

    fn setting(liked: &Sparse) -> Interactions {
        let event = |user, item, liked| Event { user, item, weight: if liked { 1.0 } else { -1.0 }, time: 0 };
        let rows = (0..).zip(liked.outer_iterator());
        let events = rows.flat_map(|(user, row)| {
            row.indices().to_vec().into_iter().map(move |i| event(user, i, i % 7 != 3))
        });
        Interactions {
            users: (0..liked.rows()).map(|n| n.to_string()).collect(),
            items: (0..liked.cols()).map(|n| n.to_string()).collect(),
            domains: [""].into_iter().collect(),
            domain_of: vec![0; liked.cols()],
            events: events.collect(),
            ..Interactions::default()
        }
    }

    #[test]
    fn lists_are_those_of_one_user_after_the_other() {
        let liked = random(300, 1300, 0.1, 5);
        let of = setting(&liked);
        for model in [
            r#"{"model":"ials","factors":20,"iterations":2}"#,
            r#"{"model":"bpr","factors":9,"iterations":2}"#,
            r#"{"model":"item-knn"}"#,
        ] {
            let model: Model = serde_json::from_str(model).unwrap();
            let fitted = with(&liked, None, |data| model.fit(data, &|_, _| true)).unwrap();
            let serving = Serving::new(&*fitted, &of, &of.events).unwrap();
            let mut users: Vec<Option<u32>> = (0..300).rev().map(Some).collect();
            users.extend([None, Some(0), Some(77), Some(1000)]);
            let odd = |item: u32| item % 2 == 1;
            let allow: Vec<u32> = (0..900).collect();
            let base = Request::default();
            for request in [
                base,
                Request { k: 1300, ..base },
                Request { seen: true, k: 3, ..base },
                Request { filter: Some(&odd), deny: &[1, 3, 5000], allow: Some(&allow), k: 40, ..base },
                Request { diversity: if model.name() == "item-knn" { 0.0 } else { 0.3 }, k: 4, ..base },
            ] {
                let one: Vec<Answer> =
                    users.iter().map(|&user| serving.answer(Request { user, ..request }).unwrap()).collect();
                assert_eq!(serving.answers(&users, request).unwrap(), one, "{}", model.name());
            }
            assert!(serving.answers(&users, Request { k: 0, ..base }).is_err());
        }
    }

    #[test]
    fn scores_are_in_their_order() {
        let scores = [f32::NEG_INFINITY, -3.5, -1e-40, -0.0, 1e-40, 2.0, f32::INFINITY];
        assert!(scores.windows(2).all(|w| order(w[0]) < order(w[1])));
        assert_eq!(order(0.0), order(-0.0));
    }

    #[test]
    fn equal_scores_are_all_kept_until_the_end() {
        let mut near = Near::new(2, 0.5);
        (0..1000).for_each(|item| near.push(item, if item % 10 == 9 { 1.0 } else { 0.6 }));
        (0..1000).for_each(|item| near.push(item, 0.4));
        near.cut();
        assert_eq!((near.kept.len(), near.bar), (1000, 0.5));
    }
}
