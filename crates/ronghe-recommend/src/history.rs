//! What each user liked and saw.

use crate::Event;

/// What each user liked and saw, of some events.
#[derive(Debug, Clone, Default)]
pub struct Histories {
    liked_starts: Vec<usize>,
    liked: Vec<(u32, f32)>,
    seen_starts: Vec<usize>,
    seen: Vec<u32>,
}

impl Histories {
    /// Of `users` users; the events are in the order of time.
    pub fn new(users: usize, events: &[Event]) -> Histories {
        let (liked, liked_starts) = rows(users, events.iter().filter(|e| e.weight > 0.0));
        let (seen, seen_starts) = rows(users, events.iter());
        let mut found = Histories { liked_starts: vec![0], seen_starts: vec![0], ..Histories::default() };
        for user in 0..users {
            let own = &liked[liked_starts[user]..liked_starts[user + 1]];
            let mut last: Vec<(u32, usize)> = own.iter().enumerate().map(|(i, &item)| (item, i)).collect();
            // Of an item that was liked twice the later time counts.
            last.sort_unstable_by_key(|&(item, i)| (item, std::cmp::Reverse(i)));
            last.dedup_by_key(|(item, _)| *item);
            last.sort_unstable_by_key(|&(_, i)| i);
            found.liked.extend(last.into_iter().map(|(item, _)| (item, 1.0)));
            found.liked_starts.push(found.liked.len());
            let mut all = seen[seen_starts[user]..seen_starts[user + 1]].to_vec();
            all.sort_unstable();
            all.dedup();
            found.seen.extend(all);
            found.seen_starts.push(found.seen.len());
        }
        found
    }

    /// Items that the user liked, each once with weight 1, the oldest first. Nothing of a user that is not there.
    pub fn liked(&self, user: u32) -> &[(u32, f32)] {
        within(&self.liked, &self.liked_starts, user)
    }

    /// Items that the user liked or saw, in the order of their numbers.
    pub fn seen(&self, user: u32) -> &[u32] {
        within(&self.seen, &self.seen_starts, user)
    }
}

fn within<'a, T>(values: &'a [T], starts: &[usize], user: u32) -> &'a [T] {
    match starts.get(user as usize..user as usize + 2) {
        Some(&[start, end]) => &values[start..end],
        _ => &[],
    }
}

/// The items of the events of each user, in the order of the events, and where each user begins.
fn rows<'a>(users: usize, events: impl Iterator<Item = &'a Event> + Clone) -> (Vec<u32>, Vec<usize>) {
    let mut starts = vec![0; users + 1];
    events.clone().for_each(|e| starts[e.user as usize + 1] += 1);
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut next = starts.clone();
    let mut items = vec![0; *starts.last().unwrap_or(&0)];
    for event in events {
        items[next[event.user as usize]] = event.item;
        next[event.user as usize] += 1;
    }
    (items, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liked_once_and_seen() {
        let event = |user, item, weight, time| Event { user, item, weight, time };
        let events = [
            event(0, 5, 1.0, 1),
            event(2, 1, -1.0, 2),
            event(0, 3, 2.0, 3),
            event(0, 5, 1.0, 4),
            event(0, 2, 0.0, 5),
        ];
        let found = Histories::new(3, &events);
        assert_eq!((found.liked(0), found.seen(0)), (&[(3, 1.0), (5, 1.0)][..], &[2, 3, 5][..]));
        assert_eq!((found.liked(1), found.seen(1)), (&[][..], &[][..]));
        assert_eq!((found.liked(2), found.seen(2)), (&[][..], &[1][..]));
        assert_eq!((found.liked(9), found.seen(u32::MAX - 1)), (&[][..], &[][..]));
    }
}
