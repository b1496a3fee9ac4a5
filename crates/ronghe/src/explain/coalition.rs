//! A set of players, one bit each.

/// The players that are present, out of any number of players.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Coalition {
    words: Box<[u64]>,
    players: usize,
}

impl Coalition {
    /// Nobody, of `players`.
    pub fn empty(players: usize) -> Coalition {
        Coalition { words: vec![0; players.div_ceil(64)].into(), players }
    }

    /// Everybody, of `players`.
    pub fn full(players: usize) -> Coalition {
        let mut all = Coalition::empty(players);
        (0..players).for_each(|p| all.insert(p));
        all
    }

    /// These, of `players`.
    pub fn of(players: usize, present: &[usize]) -> Coalition {
        let mut some = Coalition::empty(players);
        present.iter().for_each(|&p| some.insert(p));
        some
    }

    /// All coalitions of `size` of `players`, in the order of their members.
    pub(super) fn of_size(players: usize, size: usize) -> impl Iterator<Item = Coalition> {
        let mut next = (size <= players).then(|| (0..size).collect::<Vec<usize>>());
        std::iter::from_fn(move || {
            let members = next.as_mut()?;
            let some = Coalition::of(players, members);
            // The last member that can move up does, and the ones behind it follow closely.
            match (0..size).rev().find(|&k| members[k] < players - size + k) {
                Some(k) => {
                    let at = members[k] + 1;
                    (k..size).for_each(|i| members[i] = at + i - k);
                }
                None => next = None,
            }
            Some(some)
        })
    }

    /// The players whose bits are set in `bits`, of at most 64.
    pub fn from_bits(bits: u64, players: usize) -> Coalition {
        let mut some = Coalition::empty(players);
        (0..players.min(64)).filter(|p| bits >> p & 1 == 1).for_each(|p| some.insert(p));
        some
    }

    /// A bit for each player, in words of 64; none where a player is present who does not exist.
    pub(super) fn from_words(words: Vec<u64>, players: usize) -> Option<Coalition> {
        let beyond = match players % 64 {
            0 => 0,
            used => words.last()? >> used,
        };
        (words.len() == players.div_ceil(64) && beyond == 0)
            .then(|| Coalition { words: words.into(), players })
    }

    /// The bits as [`Coalition::from_words`] takes them.
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// How many players there are, present or not.
    pub fn players(&self) -> usize {
        self.players
    }

    /// How many players are present.
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether everybody is present.
    pub fn is_full(&self) -> bool {
        self.count() == self.players
    }

    /// Whether the player is present. A player that does not exist is not.
    pub fn contains(&self, player: usize) -> bool {
        player < self.players && self.words[player / 64] >> (player % 64) & 1 == 1
    }

    /// Lets a player in. A player that does not exist is ignored.
    pub fn insert(&mut self, player: usize) {
        if player < self.players {
            self.words[player / 64] |= 1 << (player % 64);
        }
    }

    /// Sends a player away. A player that does not exist is ignored.
    pub fn remove(&mut self, player: usize) {
        if player < self.players {
            self.words[player / 64] &= !(1 << (player % 64));
        }
    }

    /// Those who are absent here.
    pub fn complement(&self) -> Coalition {
        let words = self.words.iter().enumerate().map(|(i, w)| !w & self.everybody(i)).collect();
        Coalition { words, players: self.players }
    }

    /// The bits of a word that stand for players.
    fn everybody(&self, word: usize) -> u64 {
        let players = (self.players - 64 * word).min(64);
        u64::MAX >> (64 - players)
    }

    /// Whether those present here are those absent there, whatever the `idle` do.
    pub fn is_complement(&self, other: &Coalition, idle: &Coalition) -> bool {
        self.players == other.players
            && self.players == idle.players
            && (0..self.words.len())
                .all(|i| (self.words[i] ^ other.words[i]) | idle.words[i] == self.everybody(i))
    }

    /// The players present, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(64 * i + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_more_players_than_a_word_has_bits() {
        let mut some = Coalition::empty(130);
        [0, 63, 64, 129, 130].into_iter().for_each(|p| some.insert(p));
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert_eq!(some.complement().count(), 126);
        assert!(!some.contains(130));
        let nobody = Coalition::empty(130);
        assert!(some.is_complement(&some.complement(), &nobody) && !some.is_complement(&some, &nobody));
        assert!(some.is_complement(&some, &Coalition::full(130)));
        some.remove(64);
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 63, 129]);
        some.insert(64);
        assert!(Coalition::full(130).is_full() && !some.is_full());
        assert_eq!(Coalition::empty(130).complement(), Coalition::full(130));
    }

    #[test]
    fn coalitions_of_a_size_come_in_order() {
        let found: Vec<Vec<usize>> = Coalition::of_size(4, 2).map(|c| c.iter().collect()).collect();
        assert_eq!(found, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!((Coalition::of_size(3, 0).count(), Coalition::of_size(3, 4).count()), (1, 0));
    }

    #[test]
    fn bits_name_players() {
        assert_eq!(Coalition::from_bits(0b1010, 4).iter().collect::<Vec<_>>(), [1, 3]);
    }
}
