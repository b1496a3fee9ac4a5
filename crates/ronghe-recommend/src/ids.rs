//! Names of users, items and domains, and their numbers.

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

    /// These names in their order; of two that are equal the first is found.
    pub fn numbered(names: Vec<String>) -> Ids {
        let mut numbers = HashMap::with_capacity(names.len());
        for (number, name) in names.iter().enumerate() {
            numbers.entry(name.clone()).or_insert(number as u32);
        }
        Ids { names, numbers }
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

impl<S: AsRef<str>> FromIterator<S> for Ids {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Ids {
        let mut ids = Ids::default();
        for name in names {
            ids.add(name.as_ref());
        }
        ids
    }
}
