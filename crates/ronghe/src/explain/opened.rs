//! The game of a predictor that begins with a weighted sum (see [`Opening`]), without a prediction of whole rows.
//!
//! With x the features of the explained row, b those of a filler row and `F_p` the features that player p covers, the masked
//! row of coalition S has the sums `W b + bias + sum over p in S of d_p`, `d_p = sum over f in F_p of W_f (x_f - b_f)`. Players
//! whose features are those of the filler have `d_p = 0` and are left out; a coalition and its complement share one sum
//! ([`SubsetSums`]), and coalitions that differ only in such players one row. What a row costs is then `players / 16` additions a unit and the rest of the network.

use super::{Coalition, Game, Link, Part, Player, Values};
use crate::opening::{Layout, Opening};
use crate::{Error, Result};
use ronghe_cpu::SubsetSums;
use ronghe_data::Table;
use ronghe_data::decode::{Limits, decode_image};

/// Bytes of sums that are at hand at once.
const MOST_BYTES: usize = 8 << 20;

/// The value of a coalition is the mean linked prediction over the fillers, as with [`RowGame`](super::RowGame).
pub struct Opened<'a> {
    opening: Box<dyn Opening + 'a>,
    row: Vec<f32>,
    /// `[fillers, F]`
    fillers: Vec<f32>,
    /// Sums of the fillers themselves, `[fillers, U]`.
    starts: Vec<f32>,
    /// By player.
    covered: Vec<Vec<usize>>,
    /// Players whose features are those of every filler.
    idle: Coalition,
    outputs: usize,
    link: Link,
}

impl<'a> Opened<'a> {
    /// The game of `players` who hide parts of `row` (one row) behind the same parts of the `fillers`; none where a player is no
    /// group of features.
    pub fn new(
        opening: Box<dyn Opening + 'a>,
        players: &[Player],
        row: &Table,
        fillers: &Table,
        outputs: usize,
        link: Link,
    ) -> Result<Option<Opened<'a>>> {
        let Some(covered) = covered(opening.layout(), players, row)? else { return Ok(None) };
        let (Some(row), Some(fillers)) = (opening.features(row)?, opening.features(fillers)?) else {
            return Ok(None);
        };
        let mut starts = Vec::with_capacity(fillers.len() / row.len().max(1) * opening.bias().len());
        for filler in fillers.chunks_exact(row.len().max(1)) {
            let at = starts.len();
            starts.extend_from_slice(opening.bias());
            add_products(filler.iter().copied().enumerate(), opening.weights(), &mut starts[at..]);
        }
        let mut idle = Coalition::empty(covered.len());
        let width = row.len().max(1);
        for (player, features) in covered.iter().enumerate() {
            let same = |filler: &[f32]| features.iter().all(|&f| filler[f] == row[f]);
            if fillers.chunks_exact(width).all(same) {
                idle.insert(player);
            }
        }
        Ok(Some(Opened { opening, row, fillers, starts, covered, idle, outputs, link }))
    }

    /// Adds up what the coalitions are paid with each filler; each coalition stands for two where mirrored.
    fn pay(&self, coalitions: &[&Coalition], mirrored: bool) -> Result<Vec<f64>> {
        let units = self.opening.bias().len();
        let each = if mirrored { 2 } else { 1 };
        let rows = coalitions.len() * each;
        let members = members(coalitions, self.covered.len());
        let mut paid = vec![0.0; rows * self.outputs];
        for (filler, start) in self.fillers.chunks_exact(self.row.len()).zip(self.starts.chunks_exact(units))
        {
            let mut vectors = Vec::new();
            let mut active: Vec<&[u64]> = Vec::new();
            for (features, member) in self.covered.iter().zip(&members) {
                let changes =
                    features.iter().map(|&f| (f, self.row[f] - filler[f])).filter(|(_, d)| *d != 0.0);
                let mut changes = changes.peekable();
                if changes.peek().is_some() {
                    let at = vectors.len();
                    vectors.resize(at + units, 0.0);
                    add_products(changes, self.opening.weights(), &mut vectors[at..]);
                    active.push(member);
                }
            }
            // Coalitions that differ from the one before only in players who change nothing are that one again.
            let first = runs(&active, coalitions.len());
            let of = SubsetSums {
                start,
                vectors: &vectors,
                members: &active,
                chosen: &first,
                mirrored,
                act: self.opening.act(),
            };
            let mut sums = vec![0.0; first.len() * each * units];
            self.opening.add_up(&of, &mut sums)?;
            let predictions = self.opening.close(sums)?;
            let width = each * self.outputs;
            let ends = first[1..].iter().copied().chain([coalitions.len() as u32]);
            for ((&from, to), said) in first.iter().zip(ends).zip(predictions.chunks_exact(width)) {
                for paid in paid[from as usize * width..to as usize * width].chunks_exact_mut(width) {
                    match self.link {
                        Link::Identity => {
                            paid.iter_mut().zip(said).for_each(|(paid, &p)| *paid += f64::from(p));
                        }
                        link => {
                            paid.iter_mut()
                                .zip(said)
                                .for_each(|(paid, &p)| *paid += link.apply(f64::from(p)));
                        }
                    }
                }
            }
        }
        let fillers = (self.starts.len() / units) as f64;
        paid.iter_mut().for_each(|p| *p /= fillers);
        Ok(paid)
    }
}

impl Game for Opened<'_> {
    fn players(&self) -> usize {
        self.covered.len()
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn idle(&self) -> Vec<usize> {
        self.idle.iter().collect()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let mut data = vec![0.0; coalitions.len() * self.outputs];
        let (mut single, mut pairs) = (Vec::new(), Vec::new());
        let mut i = 0;
        while i < coalitions.len() {
            match coalitions.get(i + 1).is_some_and(|next| next.is_complement(&coalitions[i], &self.idle)) {
                true => {
                    pairs.push(i);
                    i += 2;
                }
                false => {
                    single.push(i);
                    i += 1;
                }
            }
        }
        let most = (MOST_BYTES / 4 / self.opening.bias().len().max(1)).max(2);
        for (list, mirrored, rows) in [(&single, false, 1), (&pairs, true, 2)] {
            for places in list.chunks(most / rows) {
                let these: Vec<&Coalition> = places.iter().map(|&i| &coalitions[i]).collect();
                let width = rows * self.outputs;
                for (paid, &i) in self.pay(&these, mirrored)?.chunks_exact(width).zip(places) {
                    data[i * self.outputs..][..width].copy_from_slice(paid);
                }
            }
        }
        Values::new(data, coalitions.len(), self.outputs)
    }
}

/// `sums += sum of change * weights[feature]`
fn add_products(changes: impl Iterator<Item = (usize, f32)>, weights: &[f32], sums: &mut [f32]) {
    let units = sums.len();
    for (feature, change) in changes.filter(|(_, change)| *change != 0.0) {
        let weights = &weights[feature * units..(feature + 1) * units];
        sums.iter_mut().zip(weights).for_each(|(s, w)| *s += change * w);
    }
}

/// For each player, a bit a coalition: whether it takes part.
fn members(coalitions: &[&Coalition], players: usize) -> Vec<Vec<u64>> {
    let mut members = vec![vec![0; coalitions.len().div_ceil(64)]; players];
    for (s, coalition) in coalitions.iter().enumerate() {
        coalition.iter().for_each(|p| members[p][s / 64] |= 1 << (s % 64));
    }
    members
}

/// The coalitions that differ from the one before. In walks of players coming in one by one, many do not.
fn runs(members: &[&[u64]], coalitions: usize) -> Vec<u32> {
    let mut changes = vec![0_u64; coalitions.div_ceil(64)];
    for member in members {
        let mut before = 0;
        for (change, &word) in changes.iter_mut().zip(*member) {
            *change |= word ^ (word << 1 | before);
            before = word >> 63;
        }
    }
    let differs = |s: &usize| *s == 0 || changes[s / 64] >> (s % 64) & 1 == 1;
    (0..coalitions).filter(differs).map(|s| s as u32).collect()
}

/// The features of each player; none where the parts of the row's picture are not those of the features.
fn covered(layout: Layout, players: &[Player], row: &Table) -> Result<Option<Vec<Vec<usize>>>> {
    let Layout::Pixels { height, width, channels } = layout;
    let [first, ..] = players else { return Ok(None) };
    let [column] = first.columns.as_slice() else { return Ok(None) };
    if players.iter().any(|p| p.columns != first.columns) {
        return Ok(None);
    }
    let (at, _) = row.find(column)?;
    let Some(cell) = row.media(at, 0) else { return Ok(None) };
    let picture = decode_image(&cell, &Limits::default()).map_err(|e| Error::from(e.at(row, at, 0)))?;
    if (picture.height, picture.width) != (height, width) {
        return Ok(None);
    }
    let pixels = height * width;
    let features = |pixel: usize| pixel * channels..(pixel + 1) * channels;
    let one = |player: &Player| -> Option<Vec<usize>> {
        match &player.part {
            None => Some((0..pixels * channels).collect()),
            Some(Part::Patch { x, y, width: w, height: h }) if x + w <= width && y + h <= height => Some(
                (*y..y + h)
                    .flat_map(|row| (*x..x + w).flat_map(move |column| features(row * width + column)))
                    .collect(),
            ),
            Some(Part::Region { runs }) if runs.iter().all(|(from, len)| from + len <= pixels) => {
                Some(runs.iter().flat_map(|&(from, len)| (from..from + len).flat_map(features)).collect())
            }
            _ => None,
        }
    };
    Ok(players.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_are_one_run() {
        // Coalitions of players 0 and 1: {}, {0}, {0}, {0, 1}, {1}.
        let members: [&[u64]; 2] = [&[0b01110], &[0b11000]];
        assert_eq!(runs(&members, 5), [0, 1, 3, 4]);
        assert_eq!(runs(&[], 70), [0]);
        let long: [&[u64]; 1] = [&[u64::MAX, 1]];
        assert_eq!(runs(&long, 70), [0, 65]);
    }
}
