//! Ranked items for one query, and why an item is not among them.
//!
//! An item is a candidate unless the model knows nothing of it, the user saw it, it is denied, not allowed, or filtered. Candidates are
//! taken in the order of their scores, of equal scores the lower number first. A quota bounds the items of a domain: above `most` no more
//! are taken, and places are kept for `least` as long as the domain has candidates. Diversity `d` takes, one at a time, the candidate with the
//! largest `(1 - d) score - d alike` (maximal marginal relevance, Carbonell & Goldstein 1998): scores of the candidates scaled to 0..1,
//! `alike` the largest similarity with an item taken, by the model, divided by that of the taken item's nearest candidate. It looks at the
//! `max(5 k, 50)` best (of each domain, with quotas). A user without a past gets the items by their number of users, and the answer says so.
//! `O(items)` and the model's scores; diversity adds a call of `similar_among` a place.

pub use crate::request::{Answer, Filter, Quota, Ranked, Request, TradeOff, Why};
use crate::{Error, Event, Histories, Interactions, Query, Recommender, Result};
use ronghe_vector::{Marginal, Top, top_k};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// The items most like `item`, the most alike first, without itself and those that are not alike at all; `None` if the model cannot say.
pub fn top_similar(model: &dyn Recommender, item: u32, most: usize) -> Option<Vec<(u32, f32)>> {
    let mut alike = vec![0.0; model.items()];
    if item as usize >= alike.len() || !model.similar(item, &mut alike) {
        return None;
    }
    let others = (0_u32..).zip(alike).filter(|&(other, score)| other != item && score > 0.0);
    Some(top_k(others, most))
}

/// A fitted model with what it must not show again.
pub struct Serving<'a> {
    pub(crate) model: &'a dyn Recommender,
    pub(crate) of: &'a Interactions,
    pub(crate) known: Histories,
    fitted: Vec<bool>,
    popular: Vec<f32>,
}

/// Scores of all items, and what stands against them.
struct Scored {
    scores: Vec<f32>,
    popular: bool,
    /// Of each item: [`SEEN`], [`DENIED`], [`NOT_ALLOWED`] or several of them.
    marks: Vec<u8>,
}

const SEEN: u8 = 1;
const DENIED: u8 = 2;
const NOT_ALLOWED: u8 = 4;

impl<'a> Serving<'a> {
    /// Of a model that was fitted on `events`, which are in the order of time.
    pub fn new(model: &'a dyn Recommender, of: &'a Interactions, events: &[Event]) -> Result<Serving<'a>> {
        if model.items() != of.items.len() {
            return Err(Error::input(
                "a model to serve",
                format!("{} items, as in the events", of.items.len()),
                model.items().to_string(),
                "fit it on these events",
            ));
        }
        let (fitted, popular) = (of.users_with_events(events), of.users_of_items(events));
        Ok(Serving { model, of, known: Histories::new(of.users.len(), events), fitted, popular })
    }

    /// What a user liked, the oldest first.
    pub fn history(&self, user: u32) -> &[(u32, f32)] {
        self.known.liked(user)
    }

    pub(crate) fn fitted_with(&self, user: u32) -> bool {
        self.fitted.get(user as usize).copied().unwrap_or(false)
    }

    pub(crate) fn model(&self) -> &dyn Recommender {
        self.model
    }

    /// The list.
    pub fn answer(&self, request: Request<'_>) -> Result<Answer> {
        let scored = self.scored(request)?;
        self.listed(request, &scored)
    }

    /// Why an item is listed or not.
    pub fn why(&self, request: Request<'_>, item: u32) -> Result<Why> {
        let scored = self.scored(request)?;
        self.known_item(item, "the item asked about")?;
        if let Some(why) = self.against(request, &scored, item) {
            return Ok(why);
        }
        let answer = self.listed(request, &scored)?;
        if let Some(place) = answer.items.iter().position(|r| r.item == item) {
            return Ok(Why::Listed { rank: place + 1 });
        }
        let score = scored.scores[item as usize];
        let better = |other: &u32| {
            let theirs = scored.scores[*other as usize];
            (theirs > score || theirs == score && *other < item)
                && self.against(request, &scored, *other).is_none()
        };
        let rank = 1 + (0..self.of.items.len() as u32).filter(better).count();
        let plain = self.listed(Request { diversity: 0.0, ..request }, &scored)?.items;
        if request.diversity > 0.0 && plain.iter().any(|r| r.item == item) {
            return Ok(Why::Alike { rank, score });
        }
        let worse = |r: &Ranked| r.score < score || r.score == score && r.item > item;
        if !request.quotas.is_empty() && (plain.len() < request.k || plain.iter().any(worse)) {
            return Ok(Why::Quota { rank, score });
        }
        let least = answer.items.iter().map(|r| r.score).reduce(f32::min);
        Ok(Why::Score { rank, score, least })
    }

    fn known_item(&self, item: u32, what: &str) -> Result<()> {
        if (item as usize) < self.of.items.len() {
            return Ok(());
        }
        let expected = format!("a number below {}", self.of.items.len());
        Err(Error::input(what, expected, item.to_string(), "give the number of an item of the events"))
    }

    pub(crate) fn check(&self, request: Request<'_>) -> Result<()> {
        let wrong = |what: &str, expected: &str, found: String| {
            Err(Error::input(what, expected, found, "mend the request"))
        };
        if request.k == 0 {
            return wrong("`k` of a request", "at least 1", "0".into());
        }
        if !(0.0..1.0).contains(&request.diversity) {
            return wrong("`diversity` of a request", "0 to below 1", request.diversity.to_string());
        }
        let mut domains = HashSet::new();
        for quota in request.quotas {
            let there = (quota.domain as usize) < self.of.domains.len();
            if !there || quota.least > quota.most || !domains.insert(quota.domain) {
                return wrong(
                    "a quota",
                    "a domain of the events, each once, with `least` up to `most`",
                    format!("{quota:?}"),
                );
            }
        }
        let least = request.quotas.iter().fold(0, |sum: usize, q| sum.saturating_add(q.least));
        if least > request.k {
            return wrong("`least` of all quotas", "`k` together at most", least.to_string());
        }
        request.history.iter().try_for_each(|&(item, _)| self.known_item(item, "an item of the history"))
    }

    fn scored(&self, request: Request<'_>) -> Result<Scored> {
        self.check(request)?;
        let user = request.user.filter(|&u| (u as usize) < self.fitted.len());
        let known = user.map_or(&[][..], |u| self.known.liked(u));
        let history = if request.history.is_empty() { known } else { request.history };
        let mut scores = vec![0.0; self.of.items.len()];
        if history.is_empty() {
            scores.copy_from_slice(&self.popular);
        } else {
            // What is said to have been liked goes before what was learnt of the user.
            let user = user.filter(|&u| self.fitted[u as usize] && request.history.is_empty());
            self.model.scores(Query { user, history }, &mut scores);
        }
        // Numbers that are no items stand for nothing in a list of allowed or denied ones.
        let mut marks = vec![if request.allow.is_some() { NOT_ALLOWED } else { 0 }; scores.len()];
        let mut mark = |item: u32, change: fn(u8) -> u8| {
            marks.get_mut(item as usize).into_iter().for_each(|m| *m = change(*m));
        };
        request.allow.unwrap_or_default().iter().for_each(|&item| mark(item, |m| m & !NOT_ALLOWED));
        request.deny.iter().for_each(|&item| mark(item, |m| m | DENIED));
        if !request.seen {
            history.iter().for_each(|&(item, _)| mark(item, |m| m | SEEN));
            user.map_or(&[][..], |u| self.known.seen(u)).iter().for_each(|&item| mark(item, |m| m | SEEN));
        }
        Ok(Scored { scores, popular: history.is_empty(), marks })
    }

    /// What keeps an item from being a candidate.
    fn against(&self, request: Request<'_>, scored: &Scored, item: u32) -> Option<Why> {
        let score = scored.scores[item as usize];
        if score.is_nan() || score == f32::NEG_INFINITY {
            return Some(Why::Unknown);
        }
        match scored.marks[item as usize] {
            0 => {}
            m if m & SEEN > 0 => return Some(Why::Seen),
            m if m & DENIED > 0 => return Some(Why::Denied),
            _ => return Some(Why::NotAllowed),
        }
        request.filter.is_some_and(|filter| !filter(item)).then_some(Why::Filtered)
    }

    /// The best candidates, best first: as many as may be listed or looked at, of each domain where there are quotas.
    fn candidates(&self, request: Request<'_>, scored: &Scored) -> Vec<(u32, f32)> {
        let depth = match request.diversity > 0.0 {
            true => request.k.saturating_mul(5).max(50),
            false => request.k,
        };
        let apart = !request.quotas.is_empty();
        let mut tops = vec![Top::new(depth); if apart { self.of.domains.len() } else { 1 }];
        for (item, &score) in (0_u32..).zip(&scored.scores) {
            if self.against(request, scored, item).is_none() {
                let domain = if apart { self.of.domain_of[item as usize] } else { 0 };
                tops[domain as usize].push(item, score);
            }
        }
        let mut all: Vec<(u32, f32)> = tops.into_iter().flat_map(Top::into_sorted).collect();
        // Both zeros are one score; NaN is no candidate's.
        all.sort_unstable_by(|a, b| b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal).then(a.0.cmp(&b.0)));
        all
    }

    fn listed(&self, request: Request<'_>, scored: &Scored) -> Result<Answer> {
        let candidates = self.candidates(request, scored);
        let (least, most) = candidates.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), c| {
            (low.min(f64::from(c.1)), high.max(f64::from(c.1)))
        });
        let scale = |score: f32| if most > least { (f64::from(score) - least) / (most - least) } else { 1.0 };
        let scaled: Vec<f64> = candidates.iter().map(|c| scale(c.1)).collect();
        let alike = Alike { model: self.model, candidates: &candidates, rows: RefCell::default() };
        if request.diversity > 0.0 && !candidates.is_empty() {
            alike.row(0)?;
        }
        let places = self.choose(request, &candidates, &scaled, &alike);
        let trade_off = (request.diversity > 0.0).then(|| {
            let plain = self.choose(Request { diversity: 0.0, ..request }, &candidates, &scaled, &alike);
            let score = |places: &[usize]| {
                places.iter().map(|&p| scaled[p]).sum::<f64>() / places.len().max(1) as f64
            };
            TradeOff {
                score: score(&places),
                score_before: score(&plain),
                alike: alike.mean(&places),
                alike_before: alike.mean(&plain),
            }
        });
        let ranked = |&place: &usize| Ranked { item: candidates[place].0, score: candidates[place].1 };
        Ok(Answer { items: places.iter().map(ranked).collect(), popular: scored.popular, trade_off })
    }

    /// Places of the candidates that are listed, in their order.
    fn choose(
        &self,
        request: Request<'_>,
        candidates: &[(u32, f32)],
        scaled: &[f64],
        alike: &Alike<'_>,
    ) -> Vec<usize> {
        let domain = |place: usize| self.of.domain_of[candidates[place].0 as usize];
        let quota: HashMap<u32, Quota> = request.quotas.iter().map(|q| (q.domain, *q)).collect();
        let mut there: HashMap<u32, usize> = HashMap::new();
        (0..candidates.len()).for_each(|place| *there.entry(domain(place)).or_default() += 1);
        let mut taken: HashMap<u32, usize> = HashMap::new();
        let mut marginal = Marginal::new(scaled, f64::from(1.0 - request.diversity));
        marginal.open(|_| true);
        while marginal.taken().len() < request.k {
            let left = request.k - marginal.taken().len();
            let owed = |domain: u32| {
                let want =
                    quota.get(&domain).map_or(0, |q| q.least.min(there.get(&domain).copied().unwrap_or(0)));
                want.saturating_sub(taken.get(&domain).copied().unwrap_or(0))
            };
            let reserved: usize = quota.keys().map(|&d| owed(d)).sum();
            let admit = |place: usize| {
                let domain = domain(place);
                let full =
                    quota.get(&domain).is_some_and(|q| taken.get(&domain).copied().unwrap_or(0) >= q.most);
                // Once all places left are kept for some domains they stay so, and who is refused stays refused.
                !full && (left > reserved || owed(domain) > 0)
            };
            let similarity = |a: usize, b: usize| match request.diversity > 0.0 {
                true => alike.pair(a, b),
                false => 0.0,
            };
            let Some(place) = marginal.take(similarity, admit) else { break };
            *taken.entry(domain(place)).or_default() += 1;
        }
        marginal.taken().to_vec()
    }
}

/// How alike candidates are, asked of the model once a candidate.
struct Alike<'a> {
    model: &'a dyn Recommender,
    candidates: &'a [(u32, f32)],
    rows: RefCell<HashMap<usize, Vec<f64>>>,
}

impl Alike<'_> {
    /// Asks the model about a candidate, scaled so that the nearest of the others has 1.
    fn row(&self, place: usize) -> Result<()> {
        if self.rows.borrow().contains_key(&place) {
            return Ok(());
        }
        let others: Vec<u32> = self.candidates.iter().map(|c| c.0).collect();
        let mut alike = vec![0.0; others.len()];
        if !self.model.similar_among(others[place], &others, &mut alike) {
            return Err(Error::input(
                "`diversity` of a request",
                "a model that can say how alike items are",
                "one that cannot",
                "leave it at 0, or take another model",
            ));
        }
        let finite = |x: f32| if x.is_finite() { f64::from(x) } else { 0.0 };
        let mut row: Vec<f64> = alike.into_iter().map(|alike| finite(alike).max(0.0)).collect();
        row[place] = 0.0;
        let most = row.iter().copied().fold(0.0, f64::max);
        if most > 0.0 {
            row.iter_mut().for_each(|x| *x /= most);
        }
        self.rows.borrow_mut().insert(place, row);
        Ok(())
    }

    /// How alike candidate `a` is to `b`, which is taken; 0 where the model cannot say.
    fn pair(&self, a: usize, b: usize) -> f64 {
        if self.row(b).is_err() {
            return 0.0;
        }
        self.rows.borrow().get(&b).and_then(|row| row.get(a)).copied().unwrap_or(0.0)
    }

    /// Mean over the pairs of a list, both ways.
    fn mean(&self, places: &[usize]) -> f64 {
        let pairs =
            places.iter().flat_map(|&a| places.iter().filter(move |&&b| b != a).map(move |&b| (a, b)));
        let (sum, n) = pairs.fold((0.0, 0), |(sum, n), (a, b)| (sum + self.pair(a, b), n + 1));
        if n == 0 { 0.0 } else { sum / f64::from(n) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ids;
    use std::collections::BTreeMap;

    /// Items on a line: scores given, alike where near.
    struct Line(Vec<f32>, bool);

    impl Recommender for Line {
        fn items(&self) -> usize {
            self.0.len()
        }

        fn scores(&self, _: Query<'_>, out: &mut [f32]) {
            out.copy_from_slice(&self.0);
        }

        fn similar(&self, item: u32, out: &mut [f32]) -> bool {
            let near = |i: usize| 1.0 / (1.0 + (i as f32 - item as f32).abs());
            out.iter_mut().enumerate().for_each(|(i, o)| *o = near(i));
            self.1
        }

        fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
            BTreeMap::new()
        }
    }

    /// Ten items, the even ones of domain 0; user 0 liked item 0 and saw 1, user 1 is new, three others liked item 7.
    fn setting() -> (Line, Interactions, Vec<Event>) {
        let of = Interactions {
            users: ["a", "b", "c", "d", "e"].into_iter().collect(),
            items: (0..10).map(|i| i.to_string()).collect::<Ids>(),
            domains: ["even", "odd"].into_iter().collect(),
            domain_of: (0..10).map(|i| i % 2).collect(),
            ..Interactions::default()
        };
        let event = |user, item, weight| Event { user, item, weight, time: 0 };
        let events = vec![
            event(0, 0, 1.0),
            event(0, 1, -1.0),
            event(2, 7, 1.0),
            event(3, 7, 1.0),
            event(4, 7, 1.0),
            event(4, 5, 1.0),
        ];
        let scores = vec![10.0, 9.0, 8.0, 8.0, 6.0, 5.0, 4.0, 3.0, f32::NEG_INFINITY, f32::NAN];
        (Line(scores, true), of, events)
    }

    fn listed(serving: &Serving<'_>, request: Request<'_>) -> Vec<u32> {
        serving.answer(request).unwrap().items.iter().map(|r| r.item).collect()
    }

    #[test]
    fn seen_denied_filtered_and_why() {
        let (model, of, events) = setting();
        let serving = Serving::new(&model, &of, &events).unwrap();
        let request = Request { user: Some(0), k: 3, ..Request::default() };
        assert_eq!(listed(&serving, request), [2, 3, 4]);
        assert_eq!(listed(&serving, Request { seen: true, ..request }), [0, 1, 2]);
        assert_eq!(listed(&serving, Request { k: 100, ..request }), [2, 3, 4, 5, 6, 7]);
        let odd = |item: u32| item % 2 == 1;
        let strict = Request { deny: &[3], filter: Some(&odd), allow: Some(&[0, 1, 3, 4, 5, 9]), ..request };
        assert_eq!(listed(&serving, strict), [5]);
        let why = |request, item| serving.why(request, item).unwrap();
        assert_eq!(
            [0, 1, 3, 4, 5].map(|i| why(strict, i)),
            [Why::Seen, Why::Seen, Why::Denied, Why::Filtered, Why::Listed { rank: 1 }]
        );
        assert_eq!([7, 8, 9].map(|i| why(strict, i)), [Why::NotAllowed, Why::Unknown, Why::Unknown]);
        assert_eq!(why(request, 6), Why::Score { rank: 5, score: 4.0, least: Some(6.0) });
        let error = serving.why(request, 10).unwrap_err().to_string();
        assert_eq!(
            error,
            "the item asked about: expected a number below 10, found 10; give the number of an item of the events"
        );
    }

    #[test]
    fn who_has_no_past_gets_what_is_popular_and_is_told() {
        let (model, of, events) = setting();
        let serving = Serving::new(&model, &of, &events).unwrap();
        for user in [Some(1), None, Some(99)] {
            let answer = serving.answer(Request { user, k: 3, ..Request::default() }).unwrap();
            assert!(answer.popular);
            let items: Vec<(u32, f32)> = answer.items.iter().map(|r| (r.item, r.score)).collect();
            // Items that nobody liked tie at 0; the lower number first.
            assert_eq!(items, [(7, 3.0), (0, 1.0), (5, 1.0)]);
        }
        let told = Request { history: &[(2, 1.0)], k: 2, ..Request::default() };
        let answer = serving.answer(told).unwrap();
        assert!(!answer.popular);
        assert_eq!(listed(&serving, told), [0, 1]);
    }

    #[test]
    fn quotas_of_domains() {
        let (model, of, events) = setting();
        let serving = Serving::new(&model, &of, &events).unwrap();
        let quota = |domain, least, most| Quota { domain, least, most };
        let base = Request { user: Some(0), k: 4, ..Request::default() };
        let with = |quotas: &[Quota]| listed(&serving, Request { quotas, ..base });
        assert_eq!(with(&[]), [2, 3, 4, 5]);
        assert_eq!(with(&[quota(0, 0, 1)]), [2, 3, 5, 7]);
        assert_eq!(with(&[quota(1, 3, 9)]), [2, 3, 5, 7]);
        assert_eq!(with(&[quota(0, 3, 3)]), [2, 3, 4, 6]);
        // There are but three candidates of each.
        assert_eq!(with(&[quota(0, 4, 4)]), [2, 3, 4, 6]);
        assert_eq!(with(&[quota(0, 0, 0), quota(1, 0, 1)]), [3]);
        let quotas = [quota(0, 0, 1)];
        let request = Request { quotas: &quotas, ..base };
        assert_eq!(serving.why(request, 4).unwrap(), Why::Quota { rank: 3, score: 6.0 });
        assert_eq!(serving.why(request, 6).unwrap(), Why::Quota { rank: 5, score: 4.0 });
        let request = Request { k: 2, ..request };
        assert_eq!(serving.why(request, 5).unwrap(), Why::Score { rank: 4, score: 5.0, least: Some(8.0) });
        for bad in
            [&[quota(2, 0, 1)][..], &[quota(0, 2, 1)], &[quota(0, 0, 1), quota(0, 0, 1)], &[quota(0, 5, 5)]]
        {
            assert!(serving.answer(Request { quotas: bad, ..base }).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn diversity_and_what_it_costs() {
        let (model, of, events) = setting();
        let serving = Serving::new(&model, &of, &events).unwrap();
        let request = Request { user: Some(0), k: 3, ..Request::default() };
        let diverse = Request { diversity: 0.6, ..request };
        let answer = serving.answer(diverse).unwrap();
        let traded = answer.trade_off.unwrap();
        assert_eq!(answer.items[0].item, 2);
        assert!(traded.score < traded.score_before && traded.alike < traded.alike_before, "{traded:?}");
        assert_eq!(serving.why(diverse, 4).unwrap(), Why::Alike { rank: 3, score: 6.0 });
        assert_eq!(serving.answer(request).unwrap().trade_off, None);
        let mute = Line(model.0.clone(), false);
        let serving = Serving::new(&mute, &of, &events).unwrap();
        assert_eq!(
            serving.answer(diverse).unwrap_err().to_string(),
            "`diversity` of a request: expected a model that can say how alike items are, found one that cannot; leave it at 0, or take another \
             model"
        );
        for diversity in [-0.1, 1.0, f32::NAN] {
            assert!(serving.answer(Request { diversity, ..request }).is_err());
        }
        assert!(serving.answer(Request { k: 0, ..request }).is_err());
        assert!(serving.answer(Request { history: &[(10, 1.0)], ..request }).is_err());
    }
}
