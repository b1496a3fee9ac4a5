//! A map between the factors of domains (EMCDR; Man et al. 2017), from which a user's own events pull away.
//!
//! Each domain has factors of its own: iALS over its events alone gives vectors `v` of its items and `u_d` of a user.
//!
//! ```text
//! W_t = (X'X + lambda_map I)^-1 X'U_t      X: rows [u_s of every domain s but t, 0 without events], U_t: u_t of the same users
//! m = [u_s] W_t                                                          what the other domains say of a user in t
//! (prior (w0 V'V + r I) + alpha sum over j of v_j v_j') d = c sum over j of (1 - m.v_j) v_j      j: the n own events in t
//! score of item i of t = (m + d).v_i
//! ```
//!
//! `w0` (`alpha0`), `alpha`, `c = w0 + alpha` and `r = lambda (1 + n)^nu` as in [`crate::models::ials`]. The users of X have `least_target` events in t
//! and `least_source` elsewhere. So `m` is the mean of a fold-in whose cells without an event are expected to be as `m` says, not to be 0: without events in t the answer is
//! `m`; each event pulls away from it, the more the smaller `prior`. Without events elsewhere the answer is that of iALS over t. Everything is linear
//! in the events of all domains, so what each adds to a score is exact.
//!
//! The vectors of known and of new users are solved from their histories, as in iALS. Scores of all domains are in one unit, that of a like. A domain to which nothing
//! maps is iALS by itself; that no two domains share users is an error. For D domains of factors F: D fits of iALS, and
//! `D^2 F^2` numbers for the maps, a system of `(D - 1) F` unknowns each.

use crate::model::take;
use crate::models::factors;
use crate::models::ials;
use crate::models::ridge::Ridge;
use crate::models::settings;
use crate::models::vectors::Vectors;
use crate::{Contribution, Error, Features, Progress, Query, Recommender, Result, Sparse, Training};
use rayon::prelude::*;
use ronghe_cpu::{Normal, System, combine, dots};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Factors of all domains together at most: the maps hold the square of them.
const MOST: usize = 4096;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The factors of each domain.
    pub ials: ials::Settings,
    /// Regularisation of the maps; above 0.
    pub lambda_map: f64,
    /// Weight of what the other domains say beside the user's own events; above 0.
    pub prior: f64,
    /// Events in the domain mapped to that a user needs to teach a map; 1 or more.
    pub least_target: usize,
    /// Events in the other domains that such a user needs; 1 or more.
    pub least_source: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        let ials = ials::Settings {
            factors: 16,
            iterations: 8,
            alpha: 5.0,
            lambda: 3.0,
            ..ials::Settings::default()
        };
        Settings { ials, lambda_map: 10.0, prior: 3.0, least_target: 5, least_source: 5 }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let usual = Settings::default();
    let with = |factors, lambda, lambda_map, prior| Settings {
        ials: ials::Settings { factors, lambda, ..usual.ials },
        lambda_map,
        prior,
        ..usual
    };
    vec![
        usual,
        with(16, 3.0, 30.0, 3.0),
        with(16, 10.0, 10.0, 3.0),
        with(32, 3.0, 10.0, 3.0),
        with(16, 3.0, 10.0, 1.0),
        with(16, 3.0, 10.0, 10.0),
        with(16, 3.0, 3.0, 3.0),
        with(8, 3.0, 10.0, 3.0),
    ]
}

impl Settings {
    fn check(&self) -> Result<()> {
        self.ials.check()?;
        settings::above_zero("`lambda_map` of emcdr", self.lambda_map)?;
        settings::above_zero("`prior` of emcdr", self.prior)?;
        settings::count("`least_target` of emcdr", self.least_target)?;
        settings::count("`least_source` of emcdr", self.least_source)
    }
}

/// Vectors of the items of every domain, and the maps between domains.
#[derive(Debug)]
pub struct Emcdr {
    settings: Settings,
    /// Those of each domain turned so that their Gram matrix is diagonal.
    items: Vectors,
    domain_of: Vec<u32>,
    /// Those diagonals, `[D, F]`.
    squares: Vec<f32>,
    /// W of each domain, `[D, (D - 1) F, F]`.
    maps: Vec<f32>,
}

/// The events of a query in one domain.
#[derive(Debug, Default)]
struct Side {
    rows: Vec<u32>,
    /// What each adds to alpha0.
    weights: Vec<f32>,
    /// The weight of its cell.
    targets: Vec<f32>,
}

/// Fits it.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<Emcdr> {
    settings.check()?;
    let (domains, width) = (data.of.domains.len(), settings.ials.factors);
    if domains < 2 {
        let help = "name the column of domains, or take `ials`";
        return Err(Error::input(
            "a map between domains",
            "events of two domains",
            domains.to_string(),
            help,
        ));
    }
    if domains * width > MOST {
        let (expected, found) = (format!("at most {MOST} in all domains"), format!("{domains} x {width}"));
        return Err(Error::input("`factors` of emcdr", expected, found, "lower them"));
    }
    let mut fitted = Emcdr {
        settings: *settings,
        items: Vectors::new(vec![0.0; data.liked.cols() * width], width),
        domain_of: data.of.domain_of.clone(),
        squares: Vec::new(),
        maps: vec![0.0; domains * (domains - 1) * width * width],
    };
    let mut rows = vec![0.0; data.liked.cols() * width];
    for domain in 0..domains {
        let liked = within(data.liked, &fitted.domain_of, domain as u32);
        let own = Training { liked: &liked, ..*data };
        let steps = settings.ials.iterations;
        let told =
            |done: usize, of: usize| progress(domain * steps + steps * done / of.max(1), domains * steps);
        let (vectors, squares) = factors::fit(&settings.ials, &own, &told)?.finish().into_parts();
        for (item, row) in rows.chunks_exact_mut(width).enumerate() {
            if fitted.domain_of[item] == domain as u32 {
                row.copy_from_slice(&vectors[item * width..(item + 1) * width]);
            }
        }
        fitted.squares.extend(squares);
    }
    fitted.items = Vectors::new(rows, width);
    fitted.learn(data)?;
    Ok(fitted)
}

/// The events of one domain.
fn within(liked: &Sparse, domain_of: &[u32], domain: u32) -> Sparse {
    let (mut starts, mut items) = (vec![0], Vec::new());
    for row in liked.outer_iterator() {
        items.extend(row.indices().iter().filter(|item| domain_of[**item as usize] == domain));
        starts.push(items.len());
    }
    let ones = vec![1.0; items.len()];
    Sparse::new(liked.shape(), starts, items, ones)
}

impl Emcdr {
    /// Of the tensors that it was saved as.
    pub fn restore(
        settings: &Settings,
        tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Emcdr> {
        settings.check()?;
        let width = settings.ials.factors;
        let (shape, rows) = take(tensors, "items")?;
        let domain_of = take(tensors, "domain_of")?.1;
        let (sizes, squares) = take(tensors, "squares")?;
        let maps = take(tensors, "maps")?.1;
        let domains = sizes.first().copied().unwrap_or(0);
        let whole = shape == [domain_of.len(), width]
            && sizes == [domains, width]
            && domains > 1
            && maps.len() == domains * (domains - 1) * width * width
            && domain_of.iter().all(|d| *d >= 0.0 && d.fract() == 0.0 && (*d as usize) < domains);
        if !whole {
            let expected = format!("`items`, `squares` and `maps` of domains with {width} numbers a row");
            let found = format!("{shape:?}, {sizes:?} and {} numbers", maps.len());
            return Err(Error::input("a fitted recommender", expected, found, "fit it again"));
        }
        Ok(Emcdr {
            settings: *settings,
            items: Vectors::new(rows, width),
            domain_of: domain_of.into_iter().map(|d| d as u32).collect(),
            squares,
            maps,
        })
    }

    fn domains(&self) -> usize {
        self.squares.len() / self.items.width
    }

    /// Learns the map to each domain from the users of both sides.
    fn learn(&mut self, data: &Training<'_>) -> Result<()> {
        let (domains, width) = (self.domains(), self.items.width);
        let history = |user: usize| -> Vec<(u32, f32)> {
            data.liked
                .outer_view(user)
                .iter()
                .flat_map(|row| row.indices())
                .map(|item| (*item, 1.0))
                .collect()
        };
        // Users with events in two domains, their vectors in all of them, and their events there.
        let both: Vec<(Vec<Vec<f32>>, Vec<usize>)> = (0..data.liked.rows())
            .into_par_iter()
            .filter_map(|user| {
                let sides = self.sides(Query { user: None, history: &history(user) });
                let counts: Vec<usize> = sides.iter().map(|side| side.rows.len()).collect();
                let several = counts.iter().filter(|count| **count > 0).count() > 1;
                several.then(|| (self.own(&sides), counts))
            })
            .collect();
        let Settings { least_target, least_source, lambda_map, .. } = self.settings;
        let mut mapped = false;
        for target in 0..domains {
            let teaches = |counts: &[usize]| {
                let elsewhere = counts.iter().sum::<usize>() - counts[target];
                counts[target] >= least_target && elsewhere >= least_source
            };
            let seen: Vec<bool> = both.iter().map(|(_, counts)| teaches(counts)).collect();
            if !seen.contains(&true) {
                continue;
            }
            mapped = true;
            let others = |own: &[Vec<f32>]| -> Vec<f32> {
                (0..domains).filter(|d| *d != target).flat_map(|d| own[d].clone()).collect()
            };
            let values: Vec<f32> = both.iter().flat_map(|(own, _)| others(own)).collect();
            let sources = Features { width: (domains - 1) * width, values, names: Vec::new() };
            let targets: Vec<f32> = both.iter().flat_map(|(own, _)| own[target].clone()).collect();
            let mut ridge = Ridge::new(&sources, seen, width, lambda_map)?;
            ridge.refit(&targets);
            let len = ridge.map.len();
            self.maps[target * len..(target + 1) * len].copy_from_slice(&ridge.map);
        }
        if !mapped {
            let expected =
                format!("users with {least_source} events in one domain and {least_target} in another");
            let help = "there is nothing to map: take `content`, or `ials` with a table of items";
            return Err(Error::input("a map between domains", expected, "none", help));
        }
        Ok(())
    }

    /// The events of a query by domain.
    fn sides(&self, query: Query<'_>) -> Vec<Side> {
        let mut sides: Vec<Side> = (0..self.domains()).map(|_| Side::default()).collect();
        let (items, weights) = self.items.history(query);
        let (weights, targets) = self.settings.ials.cells(weights);
        for ((item, weight), target) in items.into_iter().zip(weights).zip(targets) {
            let side = &mut sides[self.domain_of[item as usize] as usize];
            side.rows.push(item);
            side.weights.push(weight);
            side.targets.push(target);
        }
        sides
    }

    /// Solves a system of a domain; the part of it that is there without events counts `prior` times.
    fn solve(
        &self,
        domain: usize,
        side: &Side,
        targets: &[f32],
        extra: Option<&[f32]>,
        prior: f32,
    ) -> Vec<f32> {
        let width = self.items.width;
        let mut diagonal = vec![0.0; width];
        let squares = &self.squares[domain * width..(domain + 1) * width];
        self.settings.ials.diagonal(squares, side.rows.len(), &mut diagonal);
        diagonal.iter_mut().for_each(|d| *d *= prior);
        let mut answer = vec![0.0; width];
        let system = System {
            diagonal: &diagonal,
            vectors: &self.items.rows,
            rows: &side.rows,
            weights: &side.weights,
            targets,
            extra,
            next: &[],
        };
        Normal::default().solve(&system, &mut answer);
        answer
    }

    /// The vector in each domain by the events there alone.
    fn own(&self, sides: &[Side]) -> Vec<Vec<f32>> {
        let one = |(domain, side): (usize, &Side)| match side.rows.is_empty() {
            true => vec![0.0; self.items.width],
            false => self.solve(domain, side, &side.targets, None, 1.0),
        };
        sides.iter().enumerate().map(one).collect()
    }

    /// The block of the map from one domain to another.
    fn map(&self, from: usize, to: usize) -> &[f32] {
        let block = self.items.width * self.items.width;
        let place = to * (self.domains() - 1) + from - usize::from(from > to);
        &self.maps[place * block..(place + 1) * block]
    }

    /// Domains other than `target` in which there are events.
    fn elsewhere(sides: &[Side], target: usize) -> impl Iterator<Item = usize> {
        (0..sides.len()).filter(move |d| *d != target && !sides[*d].rows.is_empty())
    }

    /// What the other domains say of the user in `target`.
    fn mean(&self, sides: &[Side], own: &[Vec<f32>], target: usize) -> Vec<f32> {
        let mut mean = vec![0.0; self.items.width];
        for source in Self::elsewhere(sides, target) {
            combine(self.map(source, target), &own[source], &mut mean);
        }
        mean
    }

    /// Weight of the part without events in `target`.
    fn prior(&self, sides: &[Side], target: usize) -> f32 {
        match Self::elsewhere(sides, target).next() {
            Some(_) => self.settings.prior as f32,
            None => 1.0,
        }
    }

    /// The vector of the user in `target`.
    fn user(&self, sides: &[Side], own: &[Vec<f32>], target: usize) -> Vec<f32> {
        let side = &sides[target];
        let prior = self.prior(sides, target);
        let mut user = self.mean(sides, own, target);
        let left: Vec<f32> = side
            .rows
            .iter()
            .zip(&side.targets)
            .map(|(item, c)| c * (1.0 - product(self.items.get(*item).unwrap_or_default(), &user)))
            .collect();
        let step = self.solve(target, side, &left, None, prior);
        user.iter_mut().zip(step).for_each(|(u, d)| *u += d);
        user
    }
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut out = [0.0];
    dots(a, b, &mut out);
    out[0]
}

impl Recommender for Emcdr {
    fn items(&self) -> usize {
        self.items.lengths.len()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        let sides = self.sides(query);
        let own = self.own(&sides);
        let users: Vec<Vec<f32>> = (0..sides.len()).map(|t| self.user(&sides, &own, t)).collect();
        let width = self.items.width;
        let mut start = 0;
        // Items of one domain follow one another as a rule.
        for run in self.domain_of.chunk_by(|a, b| a == b) {
            let rows = &self.items.rows[start * width..(start + run.len()) * width];
            dots(rows, &users[run[0] as usize], &mut out[start..start + run.len()]);
            start += run.len();
        }
        for (score, length) in out.iter_mut().zip(&self.items.lengths) {
            if *length == 0.0 {
                *score = f32::NEG_INFINITY;
            }
        }
    }

    fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        let vector = self.items.get(item)?;
        let target = self.domain_of[item as usize] as usize;
        let sides = self.sides(query);
        let side = &sides[target];
        let each = |side: &Side, solved: &[f32]| -> Vec<Contribution> {
            let values = side.rows.iter().zip(&side.targets);
            let value = |(item, c): (&u32, &f32)| {
                let value = c * product(self.items.get(*item).unwrap_or_default(), solved);
                Contribution { item: *item, value }
            };
            values.map(value).collect()
        };
        // Systems are symmetric: one answers for all events of a domain.
        let nothing = |side: &Side| vec![0.0; side.rows.len()];
        let solved = self.solve(target, side, &nothing(side), Some(vector), self.prior(&sides, target));
        let mut all = each(side, &solved);
        // What the mean gives, less what the events of the target take of it.
        let mut left = vector.to_vec();
        for own in &all {
            combine(self.items.get(own.item).unwrap_or_default(), &[-own.value], &mut left);
        }
        for source in Self::elsewhere(&sides, target) {
            let mut back = vec![0.0; self.items.width];
            dots(self.map(source, target), &left, &mut back);
            let side = &sides[source];
            let solved = self.solve(source, side, &nothing(side), Some(&back), 1.0);
            all.extend(each(side, &solved));
        }
        Some((all, 0.0))
    }

    /// By cosine: with the item itself in its domain, with the mapped vector of a user of that one item in others.
    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        let Some(vector) = self.items.get(item) else { return false };
        let domain = self.domain_of[item as usize] as usize;
        let sides = self.sides(Query { user: None, history: &[(item, 1.0)] });
        let own = self.own(&sides);
        let vectors: Vec<Vec<f32>> = (0..sides.len())
            .map(|t| if t == domain { vector.to_vec() } else { self.mean(&sides, &own, t) })
            .collect();
        let lengths: Vec<f32> = vectors.iter().map(|v| product(v, v).sqrt()).collect();
        for (other, score) in (0_u32..).zip(out) {
            let there = self.domain_of.get(other as usize).map_or(0, |d| *d as usize);
            let known = self.items.get(other).filter(|_| lengths[there] > 0.0);
            *score = known.map_or(f32::NEG_INFINITY, |row| {
                product(row, &vectors[there]) / (lengths[there] * self.items.lengths[other as usize])
            });
        }
        true
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let (domains, width) = (self.domains(), self.items.width);
        let domain_of: Vec<f32> = self.domain_of.iter().map(|d| *d as f32).collect();
        BTreeMap::from([
            ("items".into(), (vec![domain_of.len(), width], self.items.rows.clone())),
            ("domain_of".into(), (vec![domain_of.len()], domain_of)),
            ("squares".into(), (vec![domains, width], self.squares.clone())),
            ("maps".into(), (vec![domains, (domains - 1) * width, width], self.maps.clone())),
        ])
    }
}

#[cfg(test)]
mod tests;
