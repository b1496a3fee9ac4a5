//! A game whose players are groups of another game's players.

use super::gradual::Gathered;
use super::{Coalition, Game, Gradual, Values};
use crate::Result;

/// Plays groups: a group is present or absent as a whole. Each coalition of groups is a coalition of the game below,
/// so with [`Cached`](super::Cached) below it the values are shared.
pub struct Grouped<'a> {
    game: &'a dyn Game,
    groups: Vec<Vec<usize>>,
}

impl<'a> Grouped<'a> {
    /// Groups of players of `game`; together they must hold every player once.
    pub fn new(game: &'a dyn Game, groups: Vec<Vec<usize>>) -> Grouped<'a> {
        Grouped { game, groups }
    }
}

impl Game for Grouped<'_> {
    fn players(&self) -> usize {
        self.groups.len()
    }

    fn outputs(&self) -> usize {
        self.game.outputs()
    }

    fn idle(&self) -> Vec<usize> {
        let idle = self.game.idle();
        (0..self.groups.len()).filter(|&g| self.groups[g].iter().all(|p| idle.contains(p))).collect()
    }

    fn gradual(&self) -> Option<Box<dyn Gradual + '_>> {
        let (players, outputs) = (self.game.players(), self.outputs());
        let groups = self.groups.clone();
        self.game
            .gradual()
            .map(|game| Box::new(Gathered { game, groups, players, outputs }) as Box<dyn Gradual>)
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let below: Vec<Coalition> = coalitions
            .iter()
            .map(|groups| {
                let mut members = Coalition::empty(self.game.players());
                groups.iter().flat_map(|g| &self.groups[g]).for_each(|&p| members.insert(p));
                members
            })
            .collect();
        self.game.values(&below)
    }
}
