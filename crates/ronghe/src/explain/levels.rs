//! One game at three levels: modalities, their columns, the parts of their cells.
//!
//! Modalities play their own game; columns the game inside their modality, parts that inside their column inside its modality
//! ([`Within`]), as long as the cell is there; the rest of the cell gets what they leave ([`Held`]). So the parts of a column sum to it and the columns of a modality to that: Owen values. All are games of
//! the same leaves, whose coalitions are evaluated once. What needs no game gets none: the only column of a modality is
//! worth what the modality is.

use super::masker::Leaves;
use super::rest::Held;
use super::{
    Cached, Coalition, Game, Grouped, Options, Pair, Player, Shapley, Within, interactions, reduced,
};
use crate::Result;

/// Shares at one level.
pub(super) struct Shares {
    pub(super) found: Shapley,
    pub(super) method: &'static str,
    pub(super) players: Vec<Player>,
}

/// What is played.
pub(super) struct Levels<'a> {
    game: &'a Cached<'a>,
    options: &'a Options,
    fields: &'a [Player],
    leaves: &'a Leaves,
    modalities: Vec<Player>,
    /// The columns of each modality.
    fields_of: Vec<Vec<usize>>,
    base: Vec<f64>,
    prediction: Vec<f64>,
    /// Span of the attributions of modalities.
    span: f64,
    /// Shares of the leaves, where the shares of groups are sums of them.
    leaves_shares: Option<(Shapley, &'static str)>,
}

impl<'a> Levels<'a> {
    pub(super) fn new(
        game: &'a Cached<'a>,
        options: &'a Options,
        fields: &'a [Player],
        leaves: &'a Leaves,
    ) -> Result<Levels<'a>> {
        let (modalities, fields_of) = Player::modalities(fields);
        let n = leaves.players.len();
        let ends = game.values(&[Coalition::empty(n), Coalition::full(n)])?;
        let (base, prediction) = (ends.row(0).to_vec(), ends.row(1).to_vec());
        let leaves_shares = None;
        let span = 0.0;
        Ok(Levels {
            game,
            options,
            fields,
            leaves,
            modalities,
            fields_of,
            base,
            prediction,
            span,
            leaves_shares,
        })
    }

    /// Shares of groups of leaves, each in its place, where these are sums of what the leaves get.
    fn sums(&self, players: &[Player], groups: &[(usize, Vec<usize>)]) -> Option<Shares> {
        let (leaves, method) = self.leaves_shares.as_ref()?;
        let mut shares = self.nothing(players.to_vec());
        for (place, members) in groups {
            for k in 0..self.base.len() {
                let sum = |of: &[Vec<f64>]| members.iter().map(|&p| of[p][k]).sum();
                shares.found.attributions[*place][k] = sum(&leaves.attributions);
                // What quadrature gets wrong of one part it may get wrong of the next.
                shares.found.standard_error[*place][k] = sum(&leaves.standard_error);
            }
        }
        shares.method = method;
        shares.found.evaluations = leaves.evaluations.max(self.game.evaluated());
        shares.found.converged = leaves.converged;
        Some(shares)
    }

    /// Columns whose cell is there.
    fn active(&self, modality: usize) -> Vec<usize> {
        self.fields_of[modality].iter().copied().filter(|&f| !self.leaves.of_field[f].is_empty()).collect()
    }

    /// Modalities that have one.
    fn active_modalities(&self) -> Vec<usize> {
        (0..self.modalities.len()).filter(|&m| !self.active(m).is_empty()).collect()
    }

    /// The leaves of each modality that has any.
    fn leaves_of_modalities(&self) -> Vec<Vec<usize>> {
        let of =
            |m: usize| self.active(m).into_iter().flat_map(|f| self.leaves.of_field[f].clone()).collect();
        self.active_modalities().into_iter().map(of).collect()
    }

    fn nothing(&self, players: Vec<Player>) -> Shares {
        let zeros = vec![vec![0.0; self.base.len()]; players.len()];
        let found = Shapley {
            base: self.base.clone(),
            prediction: self.prediction.clone(),
            attributions: zeros.clone(),
            standard_error: zeros,
            evaluations: 0,
            converged: true,
        };
        Shares { found, method: "exact", players }
    }

    /// How finely the explainer of a group has to look.
    fn group(&self, players: usize) -> Options {
        self.options.within(players, self.span)
    }

    /// What each modality added. To be asked for first: its span is what the errors of the other levels are measured by.
    pub(super) fn modalities(&mut self) -> Result<Shares> {
        let active = self.active_modalities();
        let n = self.leaves.players.len();
        if n > 0 && self.options.explainer(n)?.sums() {
            self.leaves_shares = Some(reduced::shares(self.game, &self.group(n))?);
        }
        let groups: Vec<_> = active.iter().copied().zip(self.leaves_of_modalities()).collect();
        if let Some(shares) = self.sums(&self.modalities, &groups) {
            self.span = shares.found.span();
            return Ok(shares);
        }
        let mut shares = self.nothing(self.modalities.clone());
        if !active.is_empty() {
            let grouped = Grouped::new(self.game, self.leaves_of_modalities());
            shares.put(&active, reduced::shares(&grouped, &self.group(active.len()))?);
        }
        shares.found.evaluations = self.game.evaluated();
        self.span = shares.found.span();
        Ok(shares)
    }

    /// What each column added.
    pub(super) fn fields(&self, modalities: &Shares) -> Result<Shares> {
        let groups: Vec<_> =
            self.leaves.of_field.iter().map(|leaves| leaves.clone().collect()).enumerate().collect();
        if let Some(shares) = self.sums(self.fields, &groups) {
            return Ok(shares);
        }
        let mut shares = self.nothing(self.fields.to_vec());
        let active = self.active_modalities();
        let all: Vec<usize> = active.iter().flat_map(|&m| self.active(m)).collect();
        let leaves = all.iter().map(|&f| self.leaves.of_field[f].clone().collect()).collect();
        let grouped = Grouped::new(self.game, leaves);
        let mut start = 0;
        let groups: Vec<Vec<usize>> = active
            .iter()
            .map(|&m| {
                let group = start..start + self.active(m).len();
                start = group.end;
                group.collect()
            })
            .collect();
        for (g, &m) in active.iter().enumerate() {
            let members = self.active(m);
            if let [only] = members[..] {
                shares.copy(only, modalities, m);
                continue;
            }
            let within = Within::new(&grouped, &groups, g)?;
            let mut options = self.group(members.len());
            if members.iter().any(|&f| self.leaves.of_field[f].len() > 1) {
                // Parts sum to what their column gets when it is counted whole.
                options.method = "exact".into();
            }
            shares.put(&members, reduced::shares(&within, &options)?);
        }
        self.finish(&mut shares, modalities);
        Ok(shares)
    }

    /// What each part added, and each column that is not divided. None where none is.
    pub(super) fn parts(&self, fields: &Shares) -> Result<Option<Shares>> {
        if self.leaves.players.iter().all(|p| p.part.is_none()) {
            return Ok(None);
        }
        // A column whose cell is missing is listed with the 0 it gets.
        let of = |f: usize| self.leaves.players[self.leaves.of_field[f].clone()].to_vec();
        let lists = (0..self.fields.len()).map(|f| match self.leaves.of_field[f].is_empty() {
            true => vec![self.fields[f].clone()],
            false => of(f),
        });
        let lists: Vec<Vec<Player>> = lists.collect();
        let first = |f: usize| lists[..f].iter().map(Vec::len).sum::<usize>();
        let leaves = (0..self.fields.len())
            .flat_map(|f| self.leaves.of_field[f].clone().enumerate().map(move |(i, p)| (f, i, p)));
        let groups: Vec<_> = leaves.map(|(f, i, p)| (first(f) + i, vec![p])).collect();
        if let Some(shares) = self.sums(&lists.concat(), &groups) {
            return Ok(Some(shares));
        }
        let mut shares = self.nothing(lists.concat());
        let groups = self.leaves_of_modalities();
        for (g, m) in self.active_modalities().into_iter().enumerate() {
            let modality = Within::new(self.game, &groups, g)?;
            let members = self.active(m);
            let mut start = 0;
            let columns: Vec<Vec<usize>> = members
                .iter()
                .map(|&f| {
                    let column = start..start + self.leaves.of_field[f].len();
                    start = column.end;
                    column.collect()
                })
                .collect();
            for (c, &f) in members.iter().enumerate() {
                if columns[c].len() == 1 {
                    shares.copy(first(f), fields, f);
                    continue;
                }
                let column;
                let game: &dyn Game = match members.len() {
                    1 => &modality,
                    _ => {
                        column = Within::new(&modality, &columns, c)?;
                        &column
                    }
                };
                let held = Held(game);
                let rest = self.leaves.has_rest(f);
                let (game, count): (&dyn Game, usize) =
                    if rest { (&held, columns[c].len() - 1) } else { (game, columns[c].len()) };
                let places: Vec<usize> = (first(f)..first(f) + count).collect();
                shares.put(&places, reduced::shares(game, &self.group(count))?);
                if rest {
                    shares.left(first(f) + count, &places, fields, f);
                }
            }
        }
        self.finish(&mut shares, fields);
        Ok(Some(shares))
    }

    /// Counts what a level rests on, and looks at its errors beside the whole explanation.
    fn finish(&self, shares: &mut Shares, coarser: &Shares) {
        shares.found.evaluations = self.game.evaluated();
        shares.found.converged &= coarser.found.converged;
        shares.found.converged |= shares.found.ratio_beside(self.span) <= self.options.tolerance;
    }

    /// Span of the attributions of modalities.
    pub(super) fn span(&self) -> f64 {
        self.span
    }

    /// What pairs of modalities add together beyond what each adds alone. Every coalition of modalities has been evaluated
    /// already.
    pub(super) fn synergy(&self) -> Result<Vec<Pair>> {
        let active = self.active_modalities();
        let mut pairs = interactions(&Grouped::new(self.game, self.leaves_of_modalities()), self.options)?;
        pairs.iter_mut().for_each(|p| p.players = (active[p.players.0], active[p.players.1]));
        Ok(pairs)
    }
}

impl Shares {
    /// Puts what an explainer found for some players in their places.
    fn put(&mut self, places: &[usize], (found, method): (Shapley, &'static str)) {
        for (&at, (phi, error)) in places.iter().zip(found.attributions.into_iter().zip(found.standard_error))
        {
            self.found.attributions[at] = phi;
            self.found.standard_error[at] = error;
        }
        self.found.converged &= found.converged;
        if method != "exact" {
            self.method = method;
        }
    }

    /// Gives a player what is left of a coarser player's share beside the others.
    fn left(&mut self, to: usize, others: &[usize], from: &Shares, player: usize) {
        self.copy(to, from, player);
        for k in 0..self.found.base.len() {
            let taken: f64 = others.iter().map(|&p| self.found.attributions[p][k]).sum();
            self.found.attributions[to][k] -= taken;
        }
    }

    /// Takes over what the one player of a coarser level got.
    fn copy(&mut self, to: usize, from: &Shares, player: usize) {
        self.found.attributions[to] = from.found.attributions[player].clone();
        self.found.standard_error[to] = from.found.standard_error[player].clone();
    }
}
