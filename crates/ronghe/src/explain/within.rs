//! The game that the members of one group play while the other groups come and go whole.
//!
//! `u(T) = sum over Q of |Q|! (g - |Q| - 1)! / g! * v(members of Q, and T)`
//!
//! v the game below, T some members of the group, Q any set of the other groups, g how many groups there are. By
//! linearity the Shapley values of u are the Owen values of the members: they sum to what the group gets in the game
//! of groups, and the rule nests. `2^(g - 1)` evaluations of v for one of u.
//! Source: Owen, "Values of games with a priori unions", 1977.

use super::exact::weights;
use super::{Coalition, Game, Values};
use crate::{Error, Result};

/// Most groups: 64 evaluations of the game below for one of this.
const MOST_GROUPS: usize = 7;
/// Most coalitions of the game below that are asked for at once.
const MOST_ASKED: usize = 8192;

/// The players are the members of one group, in the order given.
pub struct Within<'a> {
    game: &'a dyn Game,
    members: Vec<usize>,
    /// Who is present in each Q, and its weight.
    around: Vec<(Coalition, f64)>,
}

impl<'a> Within<'a> {
    /// The game inside `groups[group]`; together the groups hold every player of `game` once.
    pub fn new(game: &'a dyn Game, groups: &[Vec<usize>], group: usize) -> Result<Within<'a>> {
        let refused = |what: &str, expected: String, found: usize, mend: &str| Error::Explain {
            what: what.into(),
            expected,
            found: found.to_string(),
            mend: mend.into(),
        };
        if groups.len() > MOST_GROUPS {
            let mend = "join groups, or explain the groups as players of their own";
            return Err(refused("groups of players", format!("at most {MOST_GROUPS}"), groups.len(), mend));
        }
        let Some(members) = groups.get(group) else {
            let mend = "ask for a group that exists";
            return Err(refused("number of the group", format!("below {}", groups.len()), group, mend));
        };
        let others: Vec<&Vec<usize>> =
            groups.iter().enumerate().filter(|(g, _)| *g != group).map(|(_, m)| m).collect();
        let weights = weights(groups.len());
        let around = (0..1_usize << others.len())
            .map(|q| {
                let mut present = Coalition::empty(game.players());
                let chosen = others.iter().enumerate().filter(|(g, _)| q >> g & 1 == 1);
                chosen.flat_map(|(_, m)| m.iter()).for_each(|&p| present.insert(p));
                (present, weights[q.count_ones() as usize])
            })
            .collect();
        Ok(Within { game, members: members.clone(), around })
    }
}

impl Game for Within<'_> {
    fn players(&self) -> usize {
        self.members.len()
    }

    fn outputs(&self) -> usize {
        self.game.outputs()
    }

    fn idle(&self) -> Vec<usize> {
        let idle = self.game.idle();
        (0..self.members.len()).filter(|&m| idle.contains(&self.members[m])).collect()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let (outputs, around) = (self.outputs(), self.around.len());
        let mut data = vec![0.0; coalitions.len() * outputs];
        let at_once = (MOST_ASKED / around).max(1);
        for (some, into) in coalitions.chunks(at_once).zip(data.chunks_mut(at_once * outputs)) {
            let below: Vec<Coalition> = some
                .iter()
                .flat_map(|inside| {
                    self.around.iter().map(|(present, _)| {
                        let mut union = present.clone();
                        inside.iter().for_each(|m| union.insert(self.members[m]));
                        union
                    })
                })
                .collect();
            let values = self.game.values(&below)?;
            for (t, row) in into.chunks_mut(outputs).enumerate() {
                for (q, (_, weight)) in self.around.iter().enumerate() {
                    let value = values.row(t * around + q);
                    row.iter_mut().zip(value).for_each(|(sum, v)| *sum += weight * v);
                }
            }
        }
        Values::new(data, coalitions.len(), outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::super::exact::Exact;
    use super::super::testing::{self, Table};
    use super::super::{Explainer, Grouped, Options};
    use super::*;

    fn shares(game: &dyn Game) -> Vec<f64> {
        let found = Exact.explain(game, &Options::default()).unwrap();
        found.attributions.iter().map(|a| a[0]).collect()
    }

    /// Owen values as a mean over the orders in which groups arrive whole and members within them.
    fn by_orders(game: &Table, groups: &[Vec<usize>]) -> Vec<f64> {
        fn orders(of: &[usize]) -> Vec<Vec<usize>> {
            if of.is_empty() {
                return vec![Vec::new()];
            }
            let first = |i: usize| {
                let rest: Vec<usize> = [&of[..i], &of[i + 1..]].concat();
                orders(&rest).into_iter().map(move |tail| [vec![of[i]], tail].concat())
            };
            (0..of.len()).flat_map(first).collect()
        }
        let mut all: Vec<Vec<usize>> = Vec::new();
        for order in orders(&(0..groups.len()).collect::<Vec<_>>()) {
            let mut partial = vec![Vec::new()];
            for g in order {
                let inside = orders(&groups[g]);
                partial = partial
                    .iter()
                    .flat_map(|head: &Vec<usize>| {
                        inside.iter().map(move |o| [head.clone(), o.clone()].concat())
                    })
                    .collect();
            }
            all.extend(partial);
        }
        let mut phi = vec![0.0; game.players()];
        for order in &all {
            let mut present = Coalition::empty(game.players());
            for &p in order {
                let before = game.values(std::slice::from_ref(&present)).unwrap().row(0)[0];
                present.insert(p);
                let after = game.values(std::slice::from_ref(&present)).unwrap().row(0)[0];
                phi[p] += (after - before) / all.len() as f64;
            }
        }
        phi
    }

    #[test]
    fn members_get_their_owen_values_and_sum_to_their_group() {
        for seed in 0..4 {
            let game = Table::of(6, move |s| testing::rough(s, seed));
            let groups = [vec![4, 0], vec![1], vec![5, 2, 3]];
            let expected = by_orders(&game, &groups);
            let of_groups = shares(&Grouped::new(&game, groups.to_vec()));
            for (g, members) in groups.iter().enumerate() {
                let found = shares(&Within::new(&game, &groups, g).unwrap());
                for (phi, &p) in found.iter().zip(members) {
                    assert!((phi - expected[p]).abs() < 1e-12, "{phi} is not {}", expected[p]);
                }
                assert!((found.iter().sum::<f64>() - of_groups[g]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn groups_nest() {
        // Words {0, 1} and {2} of one column beside column {3}, in one modality; {4} and {5} are other modalities.
        let game = Table::of(6, |s| testing::rough(s, 9));
        let modalities = [vec![0, 1, 2, 3], vec![4], vec![5]];
        let modality = Within::new(&game, &modalities, 0).unwrap();
        let columns = [vec![0, 1, 2], vec![3]];
        let column = Within::new(&modality, &columns, 0).unwrap();
        let of_columns = shares(&Grouped::new(&modality, columns.to_vec()));
        assert!((shares(&column).iter().sum::<f64>() - of_columns[0]).abs() < 1e-12);
        let of_modalities = shares(&Grouped::new(&game, modalities.to_vec()));
        assert!((of_columns.iter().sum::<f64>() - of_modalities[0]).abs() < 1e-12);
    }

    #[test]
    fn many_groups_and_wrong_ones_are_refused() {
        let game = Table::of(8, |s| s as f64);
        let groups: Vec<Vec<usize>> = (0..8).map(|p| vec![p]).collect();
        let error = Within::new(&game, &groups, 0).err().unwrap().to_string();
        assert!(error.contains("at most 7") && error.contains("join groups"), "{error}");
        let error = Within::new(&game, &groups[..3], 3).err().unwrap().to_string();
        assert!(error.contains("below 3"), "{error}");
    }
}
