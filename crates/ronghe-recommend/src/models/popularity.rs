//! How often an item was liked: by everybody, in all events or in the last share of them, in each domain for itself if wanted.

use crate::model::take;
use crate::{Contribution, Error, Query, Recommender, Result, Training};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The last share of the events, by time, that is counted; above 0, at most 1.
    pub recent: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { recent: 1.0 }
    }
}

/// Windows that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    [1.0, 0.5, 0.2, 0.1, 0.05].into_iter().map(|recent| Settings { recent }).collect()
}

/// Number of events of each item.
#[derive(Debug, Clone)]
pub struct Popularity {
    counts: Vec<f32>,
}

/// Counts the events.
pub fn fit(settings: &Settings, data: &Training<'_>) -> Result<Popularity> {
    if !(settings.recent > 0.0 && settings.recent <= 1.0) {
        let found = settings.recent.to_string();
        return Err(Error::input(
            "`recent` of popularity",
            "a share above 0, at most 1",
            found,
            "give 1 for all events",
        ));
    }
    let skip = (data.events.len() as f64 * (1.0 - settings.recent)) as usize;
    let mut counts = vec![0.0; data.liked.cols()];
    for event in data.events.iter().skip(skip).filter(|e| e.weight > 0.0) {
        counts[event.item as usize] += 1.0;
    }
    Ok(Popularity { counts })
}

impl Popularity {
    /// Of the tensors that it was saved as.
    pub fn restore(tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>) -> Result<Popularity> {
        Ok(Popularity { counts: take(tensors, "counts")?.1 })
    }
}

impl Recommender for Popularity {
    fn items(&self) -> usize {
        self.counts.len()
    }

    fn scores(&self, _: Query<'_>, out: &mut [f32]) {
        out.copy_from_slice(&self.counts);
    }

    fn contributions(&self, _: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        Some((Vec::new(), *self.counts.get(item as usize)?))
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        BTreeMap::from([("counts".into(), (vec![self.counts.len()], self.counts.clone()))])
    }
}
