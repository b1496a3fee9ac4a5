//! Games in which players can take part to a degree.
//!
//! A way is what one background row makes of the game: degrees `a_i` from 0 (hidden behind that row) to 1 (shown) blend the
//! two, and the payment is a differentiable function `u_w(a)`. The payment of the game is the mean of `u_w` over the ways, at
//! least with nobody and with everybody.

use crate::Result;

/// What a game pays along the diagonal, on which the degrees of all players are equal.
pub trait Gradual: Send + Sync {
    /// Number of ways, one a background row.
    fn ways(&self) -> usize;

    /// By how much each way rises from nobody to everybody, `[ways, outputs]`.
    fn rises(&self) -> Result<Vec<f64>>;

    /// `du_w / da_i` with all degrees at t, for each (w, t): `[points, players, outputs]`.
    fn slopes(&self, points: &[(usize, f64)]) -> Result<Vec<f64>>;
}

/// The same with groups for players: the degree of a group is that of its members. Players in no group stay hidden.
pub(super) struct Gathered<'a> {
    pub(super) game: Box<dyn Gradual + 'a>,
    pub(super) groups: Vec<Vec<usize>>,
    /// Of the game below.
    pub(super) players: usize,
    pub(super) outputs: usize,
}

impl Gradual for Gathered<'_> {
    fn ways(&self) -> usize {
        self.game.ways()
    }

    fn rises(&self) -> Result<Vec<f64>> {
        self.game.rises()
    }

    fn slopes(&self, points: &[(usize, f64)]) -> Result<Vec<f64>> {
        let below = self.game.slopes(points)?;
        let mut slopes = Vec::with_capacity(points.len() * self.groups.len() * self.outputs);
        for point in below.chunks_exact((self.players * self.outputs).max(1)) {
            for group in &self.groups {
                let of = |k: usize| group.iter().map(|&p| point[p * self.outputs + k]).sum::<f64>();
                slopes.extend((0..self.outputs).map(of));
            }
        }
        Ok(slopes)
    }
}
