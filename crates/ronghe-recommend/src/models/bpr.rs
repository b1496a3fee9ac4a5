//! Factors by Bayesian personalised ranking (BPR; Rendle et al. 2009): what a user liked before what the user did not.
//!
//! ```text
//! maximise sum of ln sigma(s_ui - s_uj) - lambda / 2 (|u|^2 + |v|^2 + b^2)        s_ui = u.v_i + b_i
//! ```
//!
//! Stochastic gradient steps, one for each event an iteration in a random order; j is the item of a random event (the often liked are
//! passed more often), or any item with events. Where the user liked j, any item is drawn anew; with items of events the step is left
//! out, as in implicit, since who likes what is popular would pass the rare alone. The steps follow one order on one thread, so a seed
//! gives the same bits for any number of threads. `E F` operations an iteration; beside the vectors 8 bytes an event.
//!
//! A user of the fit has a vector. For another one, or one without events, it is made from the history by the same steps, of the
//! user's vector alone, from zeros and with draws that are always the same; weights above 0 count as 1. Without a history the score
//! is the bias. The likeness of items leaves the bias out: how often both are liked says nothing of it.

use crate::model::{Products, take};
use crate::models::factors::Events;
use crate::models::vectors::Vectors;
use crate::{Error, Progress, Query, Recommender, Result, Training};
use ronghe_cpu::dots;
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Draws of any item, after which the step is left out.
const DRAWS: usize = 32;
/// Times that the steps of a new user go through the history.
const FOLDS: usize = 30;
/// Vectors can have as many numbers at most.
const MOST: usize = 2048;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Numbers in a vector.
    pub factors: usize,
    /// How often every event is gone through.
    pub iterations: usize,
    /// Length of a step; above 0, at most 1.
    pub learning_rate: f64,
    /// Regularisation; 0 or more.
    pub lambda: f64,
    /// What is passed.
    pub passed: Passed,
}

/// How the item that a user did not like is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Passed {
    /// In proportion to the users who like it.
    Popular,
    /// Every item with events as often.
    Any,
}

impl Passed {
    fn draws(self) -> usize {
        match self {
            Passed::Popular => 1,
            Passed::Any => DRAWS,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { factors: 64, iterations: 50, learning_rate: 0.02, lambda: 0.01, passed: Passed::Popular }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    use Passed::{Any, Popular};
    [(64, 50, Popular), (64, 50, Any), (32, 50, Popular), (32, 50, Any), (32, 150, Popular), (32, 150, Any)]
        .into_iter()
        .map(|(factors, iterations, passed)| Settings { factors, iterations, passed, ..Settings::default() })
        .collect()
}

impl Settings {
    fn check(&self) -> Result<()> {
        for (name, value, most) in [("factors", self.factors, MOST), ("iterations", self.iterations, 10_000)]
        {
            if value == 0 || value > most {
                let (what, expected) = (format!("`{name}` of bpr"), format!("a number from 1 to {most}"));
                return Err(Error::input(what, expected, value.to_string(), "64 and 50 are usual"));
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            let found = self.learning_rate.to_string();
            return Err(Error::input(
                "`learning_rate` of bpr",
                "a number above 0, at most 1",
                found,
                "0.02 is usual",
            ));
        }
        if !(0.0..=1.0).contains(&self.lambda) {
            let found = self.lambda.to_string();
            return Err(Error::input("`lambda` of bpr", "a number from 0 to 1", found, "0.01 is usual"));
        }
        Ok(())
    }
}

/// Vectors of users and items, and biases.
#[derive(Debug)]
pub struct Bpr {
    settings: Settings,
    users: Vectors,
    items: Vectors,
    biases: Vec<f32>,
    /// Users who like each item.
    counts: Vec<f32>,
    /// Items with events, ascending, and how many events they and those before them have.
    known: Vec<u32>,
    ends: Vec<f64>,
}

/// Fits it.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<Bpr> {
    settings.check()?;
    let width = settings.factors;
    let by_user = Events::rows(data.liked);
    let mut counts = vec![0.0f32; data.liked.cols()];
    data.liked.indices().iter().for_each(|item| counts[*item as usize] += 1.0);
    let known = known(&counts);
    let all = match settings.passed {
        Passed::Popular => data.liked.indices(),
        Passed::Any => &known,
    };
    let mut users = start(by_user.count(), width, data.seed, |user| !by_user.row(user).is_empty());
    let mut items = start(counts.len(), width, data.seed ^ u64::MAX, |item| counts[item] > 0.0);
    let mut biases = vec![0.0; counts.len()];
    let mut order: Vec<(u32, u32)> = (0..by_user.count())
        .flat_map(|user| by_user.row(user).iter().map(move |item| (user as u32, *item)))
        .collect();
    for done in 0..settings.iterations {
        if !progress(done, settings.iterations) {
            return Err(Error::Stopped);
        }
        let mut random = SplitMix64::numbered(data.seed, done as u64);
        random.shuffle(&mut order);
        for (user, item) in &order {
            let liked = by_user.row(*user as usize);
            let pick = || all[random.below(all.len())];
            let Some(other) = draw(liked, known.len(), settings.passed.draws(), pick) else { continue };
            let user = &mut users[*user as usize * width..][..width];
            let (i, j) = (*item as usize * width, other as usize * width);
            let Ok([liked, passed]) = items.get_disjoint_mut([i..i + width, j..j + width]) else { continue };
            let difference = biases[*item as usize] - biases[other as usize];
            let step = Step::new(settings, user, liked, passed, difference);
            step.pair(user, liked, passed);
            step.biases(&mut biases, *item as usize, other as usize);
        }
    }
    Ok(Bpr::new(*settings, users, items, biases, counts))
}

/// Items with events.
fn known(counts: &[f32]) -> Vec<u32> {
    (0..).zip(counts).filter(|(_, count)| **count > 0.0).map(|(item, _)| item).collect()
}

/// Numbers to start from, zeros for rows without events.
fn start(rows: usize, width: usize, seed: u64, has_events: impl Fn(usize) -> bool) -> Vec<f32> {
    let mut random = SplitMix64::new(seed);
    let mut all = vec![0.0; rows * width];
    for (_, values) in all.chunks_exact_mut(width).enumerate().filter(|(row, _)| has_events(*row)) {
        values.iter_mut().for_each(|x| *x = ((random.unit() - 0.5) / width as f64) as f32);
    }
    all
}

/// An item of those picked, up to `draws`, that is not in the ascending `liked`; `known` is the number of all items.
fn draw(liked: &[u32], known: usize, draws: usize, mut pick: impl FnMut() -> u32) -> Option<u32> {
    if liked.len() >= known {
        return None;
    }
    (0..draws).map(|_| pick()).find(|item| liked.binary_search(item).is_err())
}

/// One gradient step.
struct Step {
    /// What the gradient of the difference is multiplied with.
    along: f32,
    /// What is left of each number.
    keep: f32,
}

impl Step {
    fn new(settings: &Settings, user: &[f32], liked: &[f32], passed: &[f32], biases: f32) -> Step {
        let (mut own, mut other) = ([0.0], [0.0]);
        dots(liked, user, &mut own);
        dots(passed, user, &mut other);
        let wrong = 1.0 / (1.0 + (own[0] - other[0] + biases).exp());
        let rate = settings.learning_rate as f32;
        Step { along: rate * wrong, keep: 1.0 - rate * settings.lambda as f32 }
    }

    fn pair(&self, user: &mut [f32], liked: &mut [f32], passed: &mut [f32]) {
        for ((u, v), w) in user.iter_mut().zip(liked).zip(passed) {
            let (old, more) = (*u, self.along * (*v - *w));
            *u = self.keep * old + more;
            *v = self.keep * *v + self.along * old;
            *w = self.keep * *w - self.along * old;
        }
    }

    fn user(&self, user: &mut [f32], liked: &[f32], passed: &[f32]) {
        for ((u, v), w) in user.iter_mut().zip(liked).zip(passed) {
            *u = self.keep * *u + self.along * (v - w);
        }
    }

    fn biases(&self, biases: &mut [f32], liked: usize, passed: usize) {
        biases[liked] = self.keep * biases[liked] + self.along;
        biases[passed] = self.keep * biases[passed] - self.along;
    }
}

impl Bpr {
    fn new(settings: Settings, users: Vec<f32>, items: Vec<f32>, biases: Vec<f32>, counts: Vec<f32>) -> Bpr {
        let (users, items) = (Vectors::new(users, settings.factors), Vectors::new(items, settings.factors));
        let known = known(&counts);
        let mut sum = 0.0;
        let ends = known.iter().map(|item| {
            sum += f64::from(counts[*item as usize]);
            sum
        });
        let ends = ends.collect();
        Bpr { settings, users, items, biases, counts, known, ends }
    }

    /// Of the tensors that it was saved as.
    pub fn restore(
        settings: &Settings,
        tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Bpr> {
        settings.check()?;
        let ((_, users), (_, items)) = (take(tensors, "users")?, take(tensors, "items")?);
        let (biases, counts) = (take(tensors, "biases")?.1, take(tensors, "counts")?.1);
        let shapes = items.len() == biases.len() * settings.factors && counts.len() == biases.len();
        if !shapes || !users.len().is_multiple_of(settings.factors) {
            let expected =
                format!("vectors of {} numbers, a bias and a count for each item", settings.factors);
            let found = format!(
                "{} numbers of users, {} of items, {} biases, {} counts",
                users.len(),
                items.len(),
                biases.len(),
                counts.len()
            );
            return Err(Error::input("a fitted recommender", expected, found, "fit it again"));
        }
        Ok(Bpr::new(*settings, users, items, biases, counts))
    }

    /// An item with events, as often as the settings say.
    fn pick(&self, random: &mut SplitMix64) -> u32 {
        let place = match self.settings.passed {
            Passed::Popular => {
                let at = random.unit() * self.ends.last().copied().unwrap_or(0.0);
                self.ends.partition_point(|end| *end <= at).min(self.known.len() - 1)
            }
            Passed::Any => random.below(self.known.len()),
        };
        self.known[place]
    }

    /// The vector of a user of the fit, or one for the history.
    fn user(&self, query: Query<'_>) -> Vec<f32> {
        if let Some(vector) = query.user.and_then(|user| self.users.get(user)) {
            return vector.to_vec();
        }
        let mut user = vec![0.0; self.settings.factors];
        let mut liked = self.items.history(query).0;
        liked.sort_unstable();
        for fold in 0..FOLDS {
            let mut random = SplitMix64::numbered(0, fold as u64);
            for item in &liked {
                let pick = || self.pick(&mut random);
                let Some(other) = draw(&liked, self.known.len(), self.settings.passed.draws(), pick) else {
                    continue;
                };
                let (Some(v), Some(w)) = (self.items.get(*item), self.items.get(other)) else { continue };
                let difference = self.biases[*item as usize] - self.biases[other as usize];
                Step::new(&self.settings, &user, v, w, difference).user(&mut user, v, w);
            }
        }
        user
    }
}

impl Recommender for Bpr {
    fn items(&self) -> usize {
        self.biases.len()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        self.items.products(&self.user(query), out);
        out.iter_mut().zip(&self.biases).for_each(|(score, bias)| *score += bias);
    }

    fn products(&self, queries: &[Query<'_>]) -> Option<Products<'_>> {
        let vectors = queries.iter().flat_map(|query| self.user(*query)).collect();
        Some(self.items.of(vectors, &self.biases))
    }

    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        self.items.similar(item, out)
    }

    fn similar_among(&self, item: u32, others: &[u32], out: &mut [f32]) -> bool {
        self.items.similar_among(item, others, out)
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let rows = |of: &Vectors| (vec![of.lengths.len(), of.width], of.rows.clone());
        BTreeMap::from([
            ("users".into(), rows(&self.users)),
            ("items".into(), rows(&self.items)),
            ("biases".into(), (vec![self.biases.len()], self.biases.clone())),
            ("counts".into(), (vec![self.counts.len()], self.counts.clone())),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::planted::{history, matrix, on_threads, random, six, with};
    use crate::{Model, Sparse};

    const SMALL: Settings =
        Settings { factors: 8, iterations: 200, learning_rate: 0.1, lambda: 0.001, passed: Passed::Popular };

    fn fitted(settings: &Settings, liked: &Sparse) -> Bpr {
        with(liked, None, |data| fit(settings, data, &|_, _| true).unwrap())
    }

    fn scores(model: &dyn Recommender, user: Option<u32>, history: &[(u32, f32)]) -> Vec<f32> {
        let mut out = vec![0.0; model.items()];
        model.scores(Query { user, history }, &mut out);
        out
    }

    #[test]
    fn what_was_liked_comes_first_for_known_and_new_users() {
        let liked = six();
        let model = fitted(&SMALL, &liked);
        for user in 0..6 {
            let own = history(&liked, user);
            for query in [Some(user as u32), None] {
                let all = scores(&model, query, &own);
                let least = own.iter().map(|(i, _)| all[*i as usize]).fold(f32::INFINITY, f32::min);
                let others = (0..5).filter(|i| own.iter().all(|(j, _)| i != j));
                assert!(others.clone().all(|i| all[i as usize] < least), "{user} {query:?}: {all:?}");
            }
        }
    }

    #[test]
    fn likeness_leaves_out_the_bias() {
        let mut model = fitted(&SMALL, &six());
        let (mut before, mut after) = ([0.0; 5], [0.0; 5]);
        assert!(model.similar(0, &mut before) && !model.similar(5, &mut after));
        model.biases.fill(9.0);
        model.similar(0, &mut after);
        assert!(before == after && before[1] > before[3] && (before[0] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn bits_do_not_depend_on_threads_nor_on_a_file() {
        let liked = random(50, 30, 0.2, 2);
        let settings = Settings { iterations: 3, ..SMALL };
        assert!(on_threads(|| fitted(&settings, &liked).tensors()));
        let model = Model::Bpr(settings);
        let fitted = with(&liked, None, |data| model.fit(data, &|_, _| true).unwrap());
        let back = model.restore(&mut fitted.tensors()).unwrap();
        for (user, history) in [(Some(3), &[][..]), (None, &[(4, 1.0), (9, 1.0)])] {
            assert_eq!(scores(&*fitted, user, history), scores(&*back, user, history));
        }
    }

    #[test]
    fn users_and_items_without_events() {
        let liked = matrix(&[&[0, 1, 2][..], &[], &[0]], 4);
        let model = fitted(&SMALL, &liked);
        // The first user liked all there is, so nothing is drawn; the second gets the biases, as anybody without a history.
        let all = scores(&model, Some(1), &[]);
        assert_eq!(all, scores(&model, None, &[]));
        assert_eq!(all, scores(&model, Some(77), &[(3, 1.0), (99, 1.0), (0, -1.0), (1, f32::NAN)]));
        assert!(all[0] > all[1] && all[3] == f32::NEG_INFINITY, "{all:?}");
        assert!(model.contributions(Query::default(), 0).is_none());
        assert_eq!(scores(&fitted(&SMALL, &matrix(&[[]], 1)), Some(0), &[(0, 1.0)]), [f32::NEG_INFINITY]);
    }

    #[test]
    fn what_cannot_be_used_is_an_error() {
        let liked = six();
        let fails =
            |s: Settings| with(&liked, None, |data| fit(&s, data, &|_, _| true).unwrap_err().to_string());
        assert_eq!(
            fails(Settings { learning_rate: 0.0, ..SMALL }),
            "`learning_rate` of bpr: expected a number above 0, at most 1, found 0; 0.02 is usual"
        );
        for s in [
            Settings { factors: 0, ..SMALL },
            Settings { iterations: 0, ..SMALL },
            Settings { lambda: f64::NAN, ..SMALL },
            Settings { lambda: -0.1, ..SMALL },
        ] {
            assert!(fails(s).contains("of bpr: expected"));
        }
        let stopped = with(&liked, None, |data| fit(&SMALL, data, &|_, _| false).unwrap_err());
        assert!(matches!(stopped, Error::Stopped));
        assert!(Bpr::restore(&Settings::default(), &mut fitted(&SMALL, &liked).tensors()).is_err());
    }
}
