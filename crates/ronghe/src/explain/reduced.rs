//! A game without the players who change nothing.

use super::gradual::Gathered;
use super::{Coalition, Game, Gradual, Options, Shapley, Values};
use crate::Result;

/// The game of some players, the others being absent throughout.
struct Reduced<'a> {
    game: &'a dyn Game,
    players: Vec<usize>,
}

impl Reduced<'_> {
    fn below(&self, coalition: &Coalition) -> Coalition {
        let mut below = Coalition::empty(self.game.players());
        coalition.iter().for_each(|p| below.insert(self.players[p]));
        below
    }
}

impl Game for Reduced<'_> {
    fn players(&self) -> usize {
        self.players.len()
    }

    fn outputs(&self) -> usize {
        self.game.outputs()
    }

    fn gradual(&self) -> Option<Box<dyn Gradual + '_>> {
        let (players, outputs) = (self.game.players(), self.outputs());
        let groups = self.players.iter().map(|&p| vec![p]).collect();
        self.game
            .gradual()
            .map(|game| Box::new(Gathered { game, groups, players, outputs }) as Box<dyn Gradual>)
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        self.game.values(&coalitions.iter().map(|c| self.below(c)).collect::<Vec<_>>())
    }
}

/// The shares by the explainer that `options` name, and its name; a player who changes nothing ([`Game::idle`]) gets 0 and costs
/// no evaluation.
pub(super) fn shares(game: &dyn Game, options: &Options) -> Result<(Shapley, &'static str)> {
    let idle = game.idle();
    let players: Vec<usize> = (0..game.players()).filter(|p| !idle.contains(p)).collect();
    if idle.is_empty() || players.is_empty() {
        let explainer = options.explainer(game.players())?;
        return Ok((explainer.explain(game, options)?, explainer.name()));
    }
    let explainer = options.explainer(players.len())?;
    let mut found = explainer.explain(&Reduced { game, players: players.clone() }, options)?;
    let spread = |few: Vec<Vec<f64>>| {
        let mut all = vec![vec![0.0; game.outputs()]; game.players()];
        players.iter().zip(few).for_each(|(&p, share)| all[p] = share);
        all
    };
    found.attributions = spread(found.attributions);
    found.standard_error = spread(found.standard_error);
    Ok((found, explainer.name()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Table;
    use super::*;

    /// Player 1 of a table changes nothing.
    struct Idle(Table);

    impl Game for Idle {
        fn players(&self) -> usize {
            self.0.players()
        }

        fn outputs(&self) -> usize {
            1
        }

        fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
            self.0.values(coalitions)
        }

        fn idle(&self) -> Vec<usize> {
            vec![1]
        }
    }

    #[test]
    fn who_changes_nothing_gets_nothing() {
        let game = Idle(Table::of(3, |s| 2.0 * (s & 1) as f64 + 5.0 * (s >> 2 & 1) as f64));
        let (found, name) = shares(&game, &Options::default()).unwrap();
        let phi: Vec<f64> = found.attributions.iter().map(|a| a[0]).collect();
        assert_eq!((phi, found.evaluations, name), (vec![2.0, 0.0, 5.0], 4, "exact"));
        let nobody = Idle(Table::of(2, |s| (s & 1) as f64));
        assert_eq!(shares(&nobody, &Options::default()).unwrap().0.attributions, [[1.0], [0.0]]);
    }
}
