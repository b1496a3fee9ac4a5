//! The game of a predictor with slopes, in which players take part to a degree.
//!
//! ```text
//! u_w(a) = link(f(z_w(a))),  z_w(a)_f = b_wf + a_i (x_f - b_wf) for each feature f of player i
//! du_w / da_i at (t, ..., t) = link'(f) * sum over f of i of (x_f - b_wf) df / dz_f
//! ```
//!
//! x the features of the explained row, `b_w` those of the w-th row with everything hidden, f one prediction. With nobody and with
//! everybody these are the masked rows themselves. In between, and with some players only, they are rows that no cell might
//! become: half of a category, half of a dark pixel. A picture that the network sees smaller or larger than it is has features
//! that belong to several parts along their borders; each goes to the part under its centre.

use super::{Coalition, Game, Gradual, Link, Part, Player, Values};
use crate::slopes::{Pixels, Place, Slopes};
use crate::{Error, Result};
use ronghe_data::Table;
use ronghe_data::decode::{Limits, decode_image};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Features of blended rows at hand at once.
const MOST_NUMBERS: usize = 4 << 20;
/// Blended rows at hand at once.
const MOST_ROWS: usize = 1024;

/// A game, with its slopes.
pub(super) struct Blended<'a> {
    game: &'a dyn Game,
    slopes: Box<dyn Slopes + 'a>,
    row: Vec<f32>,
    /// `[ways, F]`
    fillers: Vec<f32>,
    present: Vec<bool>,
    /// Of each player.
    features: Vec<Vec<usize>>,
    link: Link,
    predicted: AtomicUsize,
}

impl<'a> Blended<'a> {
    /// The game of `players`, with slopes between `ends`: `row` (a table of one) and the rows with all of them hidden.
    pub(super) fn new(
        game: &'a dyn Game,
        slopes: Box<dyn Slopes + 'a>,
        players: &[Player],
        (row, hidden): (&Table, &Table),
        link: Link,
    ) -> Result<Blended<'a>> {
        let (shown, fillers) = (slopes.features(row)?, slopes.features(hidden)?);
        let present = shown.present.first().cloned().unwrap_or_default();
        if fillers.present.iter().any(|p| *p != present) {
            let found = "rows that have different inputs, with nothing between them";
            return Err(refused("a row and background rows with the same inputs", found.into()));
        }
        let features = owned(slopes.places(), players, row)?;
        let mut unowned = vec![true; shown.values.len()];
        features.iter().flatten().for_each(|&f| unowned[f] = false);
        let differs = |filler: &[f32]| (0..unowned.len()).any(|f| unowned[f] && filler[f] != shown.values[f]);
        if fillers.values.chunks_exact(shown.values.len().max(1)).any(differs) {
            let found = "a feature that changes and is no player's";
            return Err(refused("features that belong to players", found.into()));
        }
        Ok(Blended {
            game,
            slopes,
            row: shown.values,
            fillers: fillers.values,
            present,
            features,
            link,
            predicted: AtomicUsize::new(0),
        })
    }

    /// Blended rows predicted so far.
    pub(super) fn rows_predicted(&self) -> usize {
        self.predicted.load(Ordering::Relaxed)
    }

    fn filler(&self, way: usize) -> &[f32] {
        &self.fillers[way * self.row.len()..(way + 1) * self.row.len()]
    }

    /// Predictions at some points, and the slopes of the prediction named for each.
    fn at(&self, points: &[(usize, f64)], of: &[usize]) -> Result<(Vec<f32>, Vec<f32>)> {
        let blend = |&(way, t): &(usize, f64)| {
            let pairs = self.filler(way).iter().zip(&self.row);
            pairs.map(move |(&b, &x)| (f64::from(b) + t * (f64::from(x) - f64::from(b))) as f32)
        };
        let features: Vec<f32> = points.iter().flat_map(blend).collect();
        self.predicted.fetch_add(points.len(), Ordering::Relaxed);
        self.slopes.slopes(&features, &self.present, of)
    }

    fn rows_at_once(&self) -> usize {
        (MOST_NUMBERS / self.row.len().max(1)).clamp(1, MOST_ROWS)
    }
}

impl Gradual for Blended<'_> {
    fn ways(&self) -> usize {
        self.fillers.len() / self.row.len().max(1)
    }

    fn rises(&self) -> Result<Vec<f64>> {
        let outputs = self.game.outputs();
        let linked = |predictions: &[f32]| -> Vec<f64> {
            predictions.iter().map(|&p| self.link.apply(f64::from(p))).collect()
        };
        let last = linked(&self.at(&[(0, 1.0)], &[0])?.0);
        let mut rises = Vec::with_capacity(self.ways() * outputs);
        for ways in (0..self.ways()).collect::<Vec<_>>().chunks(self.rows_at_once()) {
            let points: Vec<(usize, f64)> = ways.iter().map(|&w| (w, 0.0)).collect();
            let first = linked(&self.at(&points, &vec![0; points.len()])?.0);
            rises.extend(first.chunks_exact(outputs).flat_map(|f| last.iter().zip(f).map(|(l, f)| l - f)));
        }
        Ok(rises)
    }

    fn slopes(&self, points: &[(usize, f64)]) -> Result<Vec<f64>> {
        let (players, outputs) = (self.features.len(), self.game.outputs());
        let mut found = vec![0.0; points.len() * players * outputs];
        let asked: Vec<(usize, usize)> =
            (0..points.len()).flat_map(|p| (0..outputs).map(move |k| (p, k))).collect();
        for some in asked.chunks(self.rows_at_once()) {
            let at: Vec<(usize, f64)> = some.iter().map(|&(p, _)| points[p]).collect();
            let of: Vec<usize> = some.iter().map(|&(_, k)| k).collect();
            let (predictions, slopes) = self.at(&at, &of)?;
            let rows = predictions.chunks_exact(outputs).zip(slopes.chunks_exact(self.row.len().max(1)));
            for (&(p, k), (predictions, slopes)) in some.iter().zip(rows) {
                let (filler, steep) = (self.filler(points[p].0), self.link.slope(f64::from(predictions[k])));
                for (player, features) in self.features.iter().enumerate() {
                    let change = |f: usize| f64::from(self.row[f]) - f64::from(filler[f]);
                    let sum: f64 = features.iter().map(|&f| change(f) * f64::from(slopes[f])).sum();
                    found[(p * players + player) * outputs + k] = steep * sum;
                }
            }
        }
        if let Some(bad) = found.iter().find(|s| !s.is_finite()) {
            return Err(Error::Explain {
                what: "slope of a prediction".into(),
                expected: "a finite number".into(),
                found: bad.to_string(),
                mend: "take `auto`, or train again with a smaller learning rate".into(),
            });
        }
        Ok(found)
    }
}

impl Game for Blended<'_> {
    fn players(&self) -> usize {
        self.game.players()
    }

    fn outputs(&self) -> usize {
        self.game.outputs()
    }

    fn idle(&self) -> Vec<usize> {
        self.game.idle()
    }

    fn gradual(&self) -> Option<Box<dyn Gradual + '_>> {
        Some(Box::new(Lent(self)))
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        self.game.values(coalitions)
    }
}

/// The same, borrowed.
struct Lent<'a>(&'a Blended<'a>);

impl Gradual for Lent<'_> {
    fn ways(&self) -> usize {
        self.0.ways()
    }

    fn rises(&self) -> Result<Vec<f64>> {
        self.0.rises()
    }

    fn slopes(&self, points: &[(usize, f64)]) -> Result<Vec<f64>> {
        Gradual::slopes(self.0, points)
    }
}

/// The features of each player.
fn owned(places: &[Place], players: &[Player], row: &Table) -> Result<Vec<Vec<usize>>> {
    let mut owned = vec![Vec::new(); players.len()];
    for place in places {
        let of: Vec<usize> =
            (0..players.len()).filter(|&p| players[p].columns.contains(&place.column)).collect();
        match (of.as_slice(), place.pixels) {
            ([], _) => {}
            (&[only], _) if players[only].part.is_none() => owned[only].extend(place.features.clone()),
            (_, Some(pixels)) => share(place, pixels, &of, players, row, &mut owned)?,
            (_, None) => {
                let found = format!("parts of `{}`, whose features are of the whole", place.column);
                return Err(refused("players with features of their own", found));
            }
        }
    }
    Ok(owned)
}

/// Gives the pixels of a picture to the parts that lie under them.
fn share(
    place: &Place,
    pixels: Pixels,
    of: &[usize],
    players: &[Player],
    row: &Table,
    owned: &mut [Vec<usize>],
) -> Result<()> {
    let (at, _) = row.find(&place.column)?;
    let Some(cell) = row.media(at, 0) else { return Ok(()) };
    let picture = decode_image(&cell, &Limits::default()).map_err(|e| Error::from(e.at(row, at, 0)))?;
    let (height, width) = (picture.height, picture.width);
    let mut owner = vec![None; height * width];
    for &p in of {
        for run in runs(players[p].part.as_ref(), height, width) {
            owner.get_mut(run).into_iter().flatten().for_each(|o| *o = Some(p));
        }
    }
    for y in 0..pixels.height {
        for x in 0..pixels.width {
            let Some((under_y, under_x)) = pixels.under(y, x, height, width) else { continue };
            if let Some(p) = owner[under_y * width + under_x] {
                let first = place.features.start + (y * pixels.width + x) * pixels.channels;
                owned[p].extend(first..first + pixels.channels);
            }
        }
    }
    Ok(())
}

/// Runs of a picture's pixels that a part is.
fn runs(part: Option<&Part>, height: usize, width: usize) -> Vec<Range<usize>> {
    match part {
        Some(&Part::Patch { x, y, width: w, height: h }) => {
            let right = (x + w).min(width);
            (y..(y + h).min(height)).map(|row| row * width + x.min(right)..row * width + right).collect()
        }
        Some(Part::Region { runs }) => runs.iter().map(|&(from, len)| from..from + len).collect(),
        _ => Vec::new(),
    }
}

fn refused(expected: &str, found: String) -> Error {
    Error::Unsuited {
        explainer: "expected_gradients",
        expected: expected.into(),
        found,
        mend: "take `auto`".into(),
    }
}
