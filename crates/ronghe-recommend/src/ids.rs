//! Names of users, items and domains, and their numbers.

use std::cmp::Ordering;
use std::collections::HashMap;

/// Different names, numbered from 0 in the order in which they were met. A name keeps every character.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Ids {
    /// The number of `name`, a new one if it was not met before.
    pub fn add(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// A number of its own for `name`, although it may have been met before: items of two domains may be called the same.
    /// [`Ids::number`] gives the first.
    pub fn push(&mut self, name: &str) -> u32 {
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.entry(name.to_owned()).or_insert(number);
        number
    }

    /// The number of `name`, if it was met.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name of a number; empty for one that was not given.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }

    /// All names in the order of their numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The order of names: whole numbers first, by their value (`2` before `10`, `1` before `01`), then all others by their
/// characters. It depends on no order of rows.
pub fn name_order(a: &str, b: &str) -> Ordering {
    let whole = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    match (whole(a), whole(b)) {
        (true, true) => {
            let (x, y) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            x.len().cmp(&y.len()).then(x.cmp(y)).then(a.len().cmp(&b.len()))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

impl<S: AsRef<str>> FromIterator<S> for Ids {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Ids {
        let mut ids = Ids::default();
        for name in names {
            ids.add(name.as_ref());
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_characters_and_have_one_order() {
        let mut ids = Ids::default();
        assert_eq!(["1", "01", "1 ", "用户", "1"].map(|name| ids.add(name)), [0, 1, 2, 3, 0]);
        assert_eq!((ids.push("1"), ids.number("1"), ids.name(4)), (4, Some(0), "1"));
        let mut names = ["b", "10", "甲", "2", "01", "1", "", "1a", "100000000000000000000000"];
        names.sort_by(|a, b| name_order(a, b));
        assert_eq!(names, ["1", "01", "2", "10", "100000000000000000000000", "", "1a", "b", "甲"]);
    }
}
