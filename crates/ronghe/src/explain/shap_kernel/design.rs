//! Which coalitions shap's kernel evaluates, and their weights.

use super::super::Coalition;
use ronghe_stats::random::SplitMix64;
use std::collections::HashMap;

/// The coalitions and their weights.
pub(super) struct Design {
    pub(super) rows: Vec<Drawn>,
}

/// A coalition of the sample.
pub(super) struct Drawn {
    pub(super) coalition: Coalition,
    pub(super) weight: f64,
    /// Drawn at random, not listed.
    pub(super) random: bool,
}

impl Design {
    pub(super) fn new(n: usize, samples: usize, seed: u64) -> Design {
        let (sizes, paired) = (n / 2, (n - 1) / 2);
        let mut shares: Vec<f64> = (1..=sizes)
            .map(|s| (n as f64 - 1.0) / (s * (n - s)) as f64 * if s <= paired { 2.0 } else { 1.0 })
            .collect();
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|s| *s /= sum);

        let mut rows: Vec<Drawn> = Vec::new();
        let (mut left, mut listed, mut count) = (samples as f64, 0, 1.0);
        for s in 1..=sizes {
            count *= (n - s + 1) as f64 / s as f64;
            let both = if s <= paired { 2.0 * count } else { count };
            let share = shares[s - 1] / shares[listed..].iter().sum::<f64>();
            if left * share / both < 1.0 - 1e-8 {
                break;
            }
            listed += 1;
            left -= both;
            for coalition in Coalition::of_size(n, s) {
                let weight = shares[s - 1] / both;
                if s <= paired {
                    rows.push(Drawn { coalition: coalition.complement(), weight, random: false });
                }
                rows.push(Drawn { coalition, weight, random: false });
            }
        }
        if listed < sizes {
            Design::draw(&mut rows, n, samples, &shares, listed, paired, seed);
        }
        Design { rows }
    }

    /// Fills up with random coalitions, at most four draws for each that is missing.
    fn draw(
        rows: &mut Vec<Drawn>,
        n: usize,
        samples: usize,
        shares: &[f64],
        listed: usize,
        paired: usize,
        seed: u64,
    ) {
        let fixed = rows.len();
        // Two coalitions come of a draw of a paired size.
        let chances: Vec<f64> =
            (listed..shares.len()).map(|s| shares[s] / if s < paired { 2.0 } else { 1.0 }).collect();
        let total: f64 = chances.iter().sum();
        let (mut draw, mut known) = (SplitMix64::new(seed), HashMap::<Coalition, usize>::new());
        for _ in 0..4 * (samples - fixed) {
            if rows.len() == samples {
                break;
            }
            let mut at = draw.unit() * total;
            let past = chances.iter().position(|c| {
                at -= c;
                at < 0.0
            });
            let size = listed + 1 + past.unwrap_or(chances.len() - 1);
            let coalition = Coalition::of(n, &draw.some(n, size));
            match known.get(&coalition) {
                Some(&at) => {
                    rows[at].weight += 1.0;
                    if size <= paired && at + 1 < rows.len() {
                        rows[at + 1].weight += 1.0;
                    }
                }
                None => {
                    known.insert(coalition.clone(), rows.len());
                    let complement = coalition.complement();
                    rows.push(Drawn { coalition, weight: 1.0, random: true });
                    if size <= paired && rows.len() < samples {
                        rows.push(Drawn { coalition: complement, weight: 1.0, random: true });
                    }
                }
            }
        }
        let drawn: f64 = rows[fixed..].iter().map(|r| r.weight).sum();
        let scale = shares[listed..].iter().sum::<f64>() / drawn;
        rows[fixed..].iter_mut().for_each(|r| r.weight *= scale);
    }

    /// The rows by the smaller of each coalition and its complement, which says the same of the shares.
    pub(super) fn folded(&self, rise: &[f64], whole: f64) -> Vec<Row> {
        self.rows
            .iter()
            .zip(rise)
            .map(|(row, &rise)| {
                let turned = 2 * row.coalition.count() > row.coalition.players();
                let members = match turned {
                    true => row.coalition.complement().iter().collect(),
                    false => row.coalition.iter().collect(),
                };
                let rise = if turned { whole - rise } else { rise };
                Row { members, rise, weight: row.weight, turned, random: row.random }
            })
            .collect()
    }
}

/// A coalition or its complement, and what it is worth.
pub(super) struct Row {
    pub(super) members: Vec<usize>,
    /// Value above the base.
    pub(super) rise: f64,
    pub(super) weight: f64,
    pub(super) turned: bool,
    pub(super) random: bool,
}
