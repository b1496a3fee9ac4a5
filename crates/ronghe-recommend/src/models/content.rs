//! Features of the items, the vectors of any encoder: items without events get scores as others do.
//!
//! - `knn`: `score = sum over history j of w_j cos(i, j) / sum of w`, the product with the mean of the history's unit vectors, from which
//!   the mean of all items was taken first: what all share makes none of them alike. No fit but that, `I M` a query for M features.
//! - `map`: iALS without features; then W, the ridge regression of its vectors of the items with events on their features, gives
//!   the items without events theirs: features @ W (`lambda_w` of `ials`; Gantner et al. 2010). Items with events keep
//!   their own. Everything else is as in [`crate::models::ials`].
//!
//! An item whose features are all zero is one that nothing is known of. Without a history all scores are 0.

use crate::content::{centre, unit};
use crate::model::take;
use crate::models::factors;
use crate::models::ials::{self, Ials};
use crate::models::ridge::{self, Ridge};
use crate::models::vectors::Vectors;
use crate::{Contribution, Error, Features, Progress, Query, Recommender, Result, Training};
use ronghe_cpu::{combine, dots};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How features make scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Likeness to the mean of the history.
    Knn,
    /// A map to the factors of iALS.
    Map,
}

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How features make scores.
    pub method: Method,
    /// The factors that `map` maps to; its `features` is not looked at.
    pub ials: ials::Settings,
}

impl Default for Settings {
    fn default() -> Settings {
        let ials = ials::Settings {
            factors: 24,
            iterations: 4,
            alpha: 5.0,
            lambda: 0.3,
            nu: 1.0,
            lambda_w: 10.0,
            ..ials::Settings::default()
        };
        Settings { method: Method::Map, ials }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let usual = Settings::default();
    let map = |alpha, lambda_w| Settings { ials: ials::Settings { alpha, lambda_w, ..usual.ials }, ..usual };
    vec![
        map(5.0, 10.0),
        map(20.0, 10.0),
        map(5.0, 1.0),
        map(20.0, 1.0),
        Settings { method: Method::Knn, ..usual },
    ]
}

/// Fits it.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<Box<dyn Recommender>> {
    let features = data.features.ok_or_else(|| {
        let help = "give a table of items with text, pictures, sounds or columns";
        Error::input("a content model", "features of the items", "none", help)
    })?;
    ridge::check(features, data.liked.cols())?;
    if settings.method == Method::Knn {
        return Ok(Box::new(Knn::new(features)));
    }
    let bare = ials::Settings { features: false, ..settings.ials };
    bare.check()?;
    let fitted = factors::fit(&bare, data, progress)?;
    let seen = fitted.seen();
    let mut ials = fitted.finish();
    let mut map = Ridge::new(features, seen, bare.factors, bare.lambda_w)?;
    map.refit(ials.vectors());
    ials.change(|items| map.fill_unseen(items));
    Ok(Box::new(ials.mapped(map.map)))
}

/// Of the tensors that it was saved as.
pub fn restore(
    settings: &Settings,
    tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
) -> Result<Box<dyn Recommender>> {
    if settings.method == Method::Map {
        return Ok(Box::new(Ials::restore(&settings.ials, tensors)?));
    }
    let (shape, units) = take(tensors, "units")?;
    let Some(width) = shape.get(1).copied().filter(|w| *w > 0) else {
        let expected = "`units` with a row for each item";
        return Err(Error::input("a fitted recommender", expected, format!("{shape:?}"), "fit it again"));
    };
    Ok(Box::new(Knn { units: Vectors::new(units, width) }))
}

/// Unit vectors of the items.
#[derive(Debug)]
struct Knn {
    units: Vectors,
}

impl Knn {
    fn new(features: &Features) -> Knn {
        let mut units = features.values.clone();
        centre(&mut units, features.width);
        Knn { units: Vectors::new(unit(units, features.width), features.width) }
    }

    /// Items of the history and their shares.
    fn shares(&self, query: Query<'_>) -> (Vec<u32>, Vec<f32>) {
        let (items, mut weights) = self.units.history(query);
        let sum: f64 = weights.iter().map(|w| f64::from(*w)).sum();
        weights.iter_mut().for_each(|w| *w = (f64::from(*w) / sum) as f32);
        (items, weights)
    }

    /// The mean of their vectors.
    fn mean(&self, query: Query<'_>) -> Vec<f32> {
        let mut mean = vec![0.0; self.units.width];
        let (items, shares) = self.shares(query);
        for (item, share) in items.iter().zip(shares) {
            combine(self.units.get(*item).unwrap_or_default(), &[share], &mut mean);
        }
        mean
    }
}

impl Recommender for Knn {
    fn items(&self) -> usize {
        self.units.lengths.len()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        self.units.products(&self.mean(query), out);
    }

    fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        let unit = self.units.get(item)?;
        let (items, shares) = self.shares(query);
        let each = items.iter().zip(shares).filter_map(|(item, share)| {
            let mut cosine = [0.0];
            dots(self.units.get(*item)?, unit, &mut cosine);
            Some(Contribution { item: *item, value: share * cosine[0] })
        });
        Some((each.collect(), 0.0))
    }

    fn aspects(&self, query: Query<'_>, item: u32, features: &Features) -> Option<Vec<f32>> {
        let mean = self.mean(query);
        let each = mean.iter().zip(self.units.get(item)?).map(|(m, x)| m * x);
        (features.width == self.units.width).then(|| each.collect())
    }

    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        self.units.similar(item, out)
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let shape = vec![self.units.lengths.len(), self.units.width];
        BTreeMap::from([("units".into(), (shape, self.units.rows.clone()))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;
    use crate::models::planted::{history, matrix, on_threads, six, two_features, with};

    const KNN: Model = Model::Content(Settings {
        method: Method::Knn,
        ials: ials::Settings {
            factors: 3,
            iterations: 3,
            alpha: 5.0,
            alpha0: 1.0,
            lambda: 0.3,
            nu: 1.0,
            solver: ials::Solver::Cholesky,
            features: true,
            lambda_w: 0.5,
        },
    });

    fn scores(model: &dyn Recommender, history: &[(u32, f32)]) -> Vec<f32> {
        let mut out = vec![0.0; model.items()];
        model.scores(Query { user: None, history }, &mut out);
        out
    }

    #[test]
    fn likeness_is_to_the_mean_of_unit_vectors() {
        // Their mean is 0; nothing is known of the last.
        let values = vec![2.0, 0.0, 0.0, 3.0, 3.0, 4.0, -5.0, -7.0, 0.0, 0.0];
        let features = Features { width: 2, values, names: Vec::new() };
        let liked = matrix(&[[0]], 5);
        let model = with(&liked, Some(&features), |data| KNN.fit(data, &|_, _| true).unwrap());
        let own = [(0, 1.0), (1, 3.0), (4, 1.0), (8, 1.0)];
        let found = scores(&*model, &own);
        for (found, expected) in found.iter().zip([0.25, 0.75, 0.25 * 0.6 + 0.75 * 0.8]) {
            assert!((found - expected).abs() < 1e-6);
        }
        assert!(found[3] < 0.0 && found[4] == f32::NEG_INFINITY);
        let (each, constant) = model.contributions(Query { user: None, history: &own }, 2).unwrap();
        let values: Vec<(u32, f32)> = each.iter().map(|c| (c.item, (c.value * 1e5).round() / 1e5)).collect();
        assert_eq!((values, constant), (vec![(0, 0.15), (1, 0.6)], 0.0));
        assert_eq!(scores(&*model, &[]), [0.0, 0.0, 0.0, 0.0, f32::NEG_INFINITY]);
        let mut alike = [0.0; 5];
        assert!(
            model.similar(2, &mut alike) && (alike[1] - 0.8).abs() < 1e-6 && !model.similar(4, &mut alike)
        );
        let back = KNN.restore(&mut model.tensors()).unwrap();
        assert_eq!(scores(&*back, &own), found);
        // What all items share changes nothing.
        let rows = features.values.chunks_exact(2);
        let shifted = rows.flat_map(|r| [r[0] + if r == [0.0; 2] { 0.0 } else { 10.0 }, r[1]]).collect();
        let shifted = Features { values: shifted, ..features.clone() };
        let model = with(&liked, Some(&shifted), |data| KNN.fit(data, &|_, _| true).unwrap());
        assert!(scores(&*model, &own)[..4].iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn cold_items_get_the_map_and_warm_ones_keep_their_vectors() {
        // The six users, and item 5 with the content of item 3.
        let liked = matrix(&[&[0, 1][..], &[0, 1, 2], &[1, 2], &[3, 4], &[2, 3, 4], &[0, 4]], 6);
        let mut features = two_features();
        features.values.extend([0.1, 1.0]);
        let Model::Content(knn) = KNN else { unreachable!() };
        let model = Model::Content(Settings { method: Method::Map, ..knn });
        let fit = || with(&liked, Some(&features), |data| model.fit(data, &|_, _| true).unwrap());
        let fitted = fit();
        let bare = with(&six(), None, |data| ials::fit(&knn.ials, data, &|_, _| true).unwrap());
        for user in 0..6 {
            let own = history(&liked, user);
            let (found, plain) = (scores(&*fitted, &own), scores(&bare, &own));
            assert!(found.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {plain:?}");
            assert!((found[5] > 0.4) == own.contains(&(4, 1.0)), "{user}: {found:?}");
        }
        assert!(on_threads(|| fit().tensors()));
        let back = model.restore(&mut fitted.tensors()).unwrap();
        assert_eq!(scores(&*back, &[(0, 1.0)]), scores(&*fitted, &[(0, 1.0)]));
    }

    #[test]
    fn without_features_there_is_no_content_model() {
        let liked = six();
        let error = with(&liked, None, |data| KNN.fit(data, &|_, _| true).err().unwrap().to_string());
        assert_eq!(
            error,
            "a content model: expected features of the items, found none; give a table of items with text, pictures, sounds or columns"
        );
        let mut tensors = BTreeMap::from([("units".into(), (vec![4], vec![1.0; 4]))]);
        assert!(KNN.restore(&mut tensors).is_err());
    }
}
