//! Which rows a model learns from, is tuned on and is tested on.
//!
//! Rows (or groups) are put into the order of a hash of their number (or name) keyed by the seed, which is a shuffle
//! that depends on nothing else, and that order is cut. With shares `v` of validation and `t` of test, a part of `n`
//! rows has `n v` or `n t` of them, rounded so that the sum is `n` (largest remainder) and no part asked for is
//! empty. Time O(n log n).

use crate::distinct::{hash, mix};
use crate::read::{PART_NAMES, Parts as Names};
use crate::{Error, Kind, Result, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Row numbers of each part, ascending within a part; no row is in two parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to choose and calibrate by.
    pub validation: Vec<usize>,
    /// Rows to measure on, once.
    pub test: Vec<usize>,
}

/// What decides about the part of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SplitBy {
    /// Chance.
    Random,
    /// Chance, each class of `column` in the same shares; a missing class is a class.
    Stratified {
        /// Column of classes.
        column: String,
    },
    /// Chance, rows of one value of `column` together; each row without a value is alone.
    Group {
        /// Column of groups.
        column: String,
    },
    /// Time: the oldest rows train, the newest test; rows of the same time stay together.
    Time {
        /// Column of dates or numbers.
        column: String,
    },
    /// A column that names the part. Where it names no validation rows, they are taken from the training rows.
    Column {
        /// Column of `train`, `validation`, `test` (also `val`, `dev`, `训练`, `验证`, `测试` ...).
        column: String,
        /// Column of classes in whose shares validation rows are taken.
        stratify: Option<String>,
    },
}

/// Shares of the parts; training has the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Share of validation rows.
    pub validation: f64,
    /// Share of test rows.
    pub test: f64,
}

impl Default for Shares {
    fn default() -> Shares {
        Shares { validation: 0.1, test: 0.2 }
    }
}

/// Splits the rows of `table`. The same table, rule, shares and seed give the same split.
pub fn split(table: &Table, by: &SplitBy, shares: Shares, seed: u64) -> Result<Split> {
    let wrong = !(shares.validation >= 0.0 && shares.test >= 0.0 && shares.validation + shares.test < 1.0);
    if wrong {
        return Err(Error::file(
            table.path(),
            "shares of validation and test from 0 to below 1 together",
            format!("{} and {}", shares.validation, shares.test),
            "lower them",
        ));
    }
    let splitter = Splitter {
        table,
        shares: [1.0 - shares.validation - shares.test, shares.validation, shares.test],
        seed,
    };
    let parts = match by {
        SplitBy::Random => splitter.random((0..table.rows()).collect())?,
        SplitBy::Stratified { column } => {
            splitter.stratified(&(0..table.rows()).collect::<Vec<_>>(), column)?
        }
        SplitBy::Group { column } => splitter.grouped(column)?,
        SplitBy::Time { column } => splitter.timed(column)?,
        SplitBy::Column { column, stratify } => splitter.named(column, stratify.as_deref())?,
    };
    let [mut train, mut validation, mut test] = parts;
    train.sort_unstable();
    validation.sort_unstable();
    test.sort_unstable();
    Ok(Split { train, validation, test })
}

type Parts = [Vec<usize>; 3];

struct Splitter<'a> {
    table: &'a Table,
    /// Of training, validation, test.
    shares: [f64; 3],
    seed: u64,
}

impl Splitter<'_> {
    /// The place of something in the shuffled order. A bijection of `number`, so that places differ.
    fn place(&self, number: u64) -> u64 {
        mix(number ^ mix(self.seed))
    }

    fn shuffled(&self, mut rows: Vec<usize>) -> Vec<usize> {
        rows.sort_unstable_by_key(|&row| self.place(row as u64));
        rows
    }

    fn random(&self, rows: Vec<usize>) -> Result<Parts> {
        let sizes = self.sizes(rows.len())?;
        let mut rows = self.shuffled(rows).into_iter();
        Ok(sizes.map(|size| rows.by_ref().take(size).collect()))
    }

    /// Sizes of the parts of `n` rows, none empty that was asked for.
    fn sizes(&self, n: usize) -> Result<[usize; 3]> {
        let ideal = self.shares.map(|share| share * n as f64);
        // A share of 0.3 of 10 is 3, not 2.9999999999999996.
        let mut sizes = ideal.map(|x| (x + 1e-9).floor() as usize);
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| (ideal[b].fract()).total_cmp(&ideal[a].fract()));
        for part in order.into_iter().cycle().take(n - sizes.iter().sum::<usize>().min(n)) {
            sizes[part] += 1;
        }
        for part in 0..3 {
            if sizes[part] == 0 && self.shares[part] > 0.0 {
                let largest = (0..3).max_by_key(|&p| sizes[p]).unwrap_or(0);
                if sizes[largest] < 2 {
                    return Err(self.too_few(format!("{n} rows")));
                }
                sizes[largest] -= 1;
                sizes[part] += 1;
            }
        }
        Ok(sizes)
    }

    fn too_few(&self, found: String) -> Error {
        let [train, validation, test] = self.shares;
        Error::file(
            self.table.path(),
            format!("rows for training {train:.2}, validation {validation:.2} and test {test:.2}"),
            found,
            "give more rows, or set a share to 0",
        )
    }

    /// Rows by the value of `column`, in the order of the values; missing ones under `None`.
    fn classes(&self, rows: &[usize], column: &str) -> Result<BTreeMap<Option<String>, Vec<usize>>> {
        let (index, _) = self.table.find(column)?;
        let mut classes: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for &row in rows {
            let value =
                (!self.table.is_missing(index, row)).then(|| self.table.display(index, row).into_owned());
            classes.entry(value).or_default().push(row);
        }
        Ok(classes)
    }

    fn stratified(&self, rows: &[usize], column: &str) -> Result<Parts> {
        let mut parts = Parts::default();
        let sizes = self.sizes(rows.len())?;
        let total = rows.len() as f64;
        let mut owed = [0.0; 3];
        for rows in self.classes(rows, column)?.into_values() {
            let n = rows.len();
            // What rounding kept back from a part in earlier classes is owed to it here.
            (0..3).for_each(|p| owed[p] += sizes[p] as f64 / total * n as f64);
            let mut counts = owed.map(|o| (o + 1e-9).max(0.0).floor() as usize);
            while counts.iter().sum::<usize>() > n {
                let most = (0..3).max_by_key(|&p| counts[p]).unwrap_or(0);
                counts[most] -= 1;
            }
            while counts.iter().sum::<usize>() < n {
                let neediest = (0..3)
                    .filter(|&p| self.shares[p] > 0.0)
                    .max_by(|&a, &b| {
                        (owed[a] - counts[a] as f64).total_cmp(&(owed[b] - counts[b] as f64)).then(b.cmp(&a))
                    })
                    .unwrap_or(0);
                counts[neediest] += 1;
            }
            // A class that training never sees cannot be learnt.
            if counts[0] == 0 && n > 0 {
                let other = if counts[1] >= counts[2] { 1 } else { 2 };
                counts[other] -= 1;
                counts[0] += 1;
            }
            (0..3).for_each(|p| owed[p] -= counts[p] as f64);
            let mut rows = self.shuffled(rows).into_iter();
            for (part, count) in parts.iter_mut().zip(counts) {
                part.extend(rows.by_ref().take(count));
            }
        }
        self.none_empty(parts, || format!("classes of `{column}` with too few rows"))
    }

    fn none_empty(&self, parts: Parts, found: impl Fn() -> String) -> Result<Parts> {
        if (0..3).any(|p| self.shares[p] > 0.0 && parts[p].is_empty()) {
            return Err(self.too_few(found()));
        }
        Ok(parts)
    }

    fn grouped(&self, column: &str) -> Result<Parts> {
        let rows: Vec<usize> = (0..self.table.rows()).collect();
        let mut groups: Vec<(u64, Vec<usize>)> = Vec::new();
        for (value, rows) in self.classes(&rows, column)? {
            match value {
                Some(value) => groups.push((self.place(hash(value.as_bytes())), rows)),
                None => groups.extend(rows.into_iter().map(|row| (self.place(row as u64), vec![row]))),
            }
        }
        groups.sort_by_key(|(place, _)| *place);
        let count = groups.len();
        let mut parts = Parts::default();
        let n = self.table.rows() as f64;
        for (_, rows) in groups {
            // The part that lacks most of what it should have; first one that has nothing.
            let lack = |p: usize| (parts[p].is_empty(), self.shares[p] * n - parts[p].len() as f64);
            let part = (0..3)
                .filter(|&p| self.shares[p] > 0.0)
                .max_by(|&a, &b| {
                    let (a_lacks, b_lacks) = (lack(a), lack(b));
                    a_lacks.0.cmp(&b_lacks.0).then(a_lacks.1.total_cmp(&b_lacks.1)).then(b.cmp(&a))
                })
                .unwrap_or(0);
            parts[part].extend(rows);
        }
        self.none_empty(parts, || format!("{count} groups of `{column}`"))
    }

    fn timed(&self, column: &str) -> Result<Parts> {
        let (index, kind) = self.table.find(column)?;
        let cells = self.table.column(index);
        let time = |row: usize| match kind {
            Kind::Date => Ok(cells.as_primitive::<TimestampMillisecondType>().value(row) as f64),
            Kind::Number => Ok(cells.as_primitive::<Float64Type>().value(row)),
            _ => Err(Error::file(
                self.table.path(),
                format!("dates or numbers in the column `{column}` to split by time"),
                format!("kind {kind}"),
                "give the column the kind date, or split by another column",
            )),
        };
        let mut rows = Vec::with_capacity(self.table.rows());
        for row in 0..self.table.rows() {
            if self.table.is_missing(index, row) {
                return Err(Error::Cell {
                    path: self.table.path().to_owned(),
                    row: self.table.row_number(row),
                    column: column.to_owned(),
                    expected: "a time to split by".into(),
                    found: "a missing cell".into(),
                    mend: "fill the cell, drop the row, or split in another way".into(),
                });
            }
            rows.push((time(row)?, row));
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let sizes = self.sizes(rows.len())?;
        let ends = [sizes[0], sizes[0] + sizes[1]].map(|end| {
            // Up to the end of rows of the same time, or before them if nothing would be left.
            let same = |at: usize| at > 0 && at < rows.len() && rows[at - 1].0 == rows[at].0;
            let up = (end..=rows.len()).find(|&at| !same(at)).unwrap_or(end);
            let down = (0..=end).rev().find(|&at| !same(at)).unwrap_or(end);
            if up < rows.len() || end == rows.len() { up } else { down }
        });
        let rows: Vec<usize> = rows.into_iter().map(|(_, row)| row).collect();
        let parts = [rows[..ends[0]].to_vec(), rows[ends[0]..ends[1]].to_vec(), rows[ends[1]..].to_vec()];
        self.none_empty(parts, || format!("too few different times in `{column}`"))
    }

    fn named(&self, column: &str, stratify: Option<&str>) -> Result<Parts> {
        let (index, _) = self.table.find(column)?;
        let mut parts = Parts::default();
        let all: BTreeSet<_> = (0..self.table.rows()).map(|row| self.table.display(index, row)).collect();
        let names = Names::among(all.iter().map(|name| name.as_ref()));
        for row in 0..self.table.rows() {
            let said = self.table.display(index, row);
            let place = match names.part(&said) {
                Some("train") => 0,
                Some("validation") => 1,
                Some(_) => 2,
                None => {
                    return Err(Error::Cell {
                        path: self.table.path().to_owned(),
                        row: self.table.row_number(row),
                        column: column.to_owned(),
                        expected: format!("a part: {}", PART_NAMES.join(", ")),
                        found: format!("{said:?}"),
                        mend: "mend the cell, or split in another way".into(),
                    });
                }
            };
            parts[place].push(row);
        }
        if parts[0].is_empty() {
            return Err(self.too_few(format!("no row whose `{column}` is train")));
        }
        if parts[1].is_empty() && self.shares[1] > 0.0 {
            let within = Splitter { shares: [1.0 - self.shares[1], self.shares[1], 0.0], ..*self };
            let train = std::mem::take(&mut parts[0]);
            let [train, validation, _] = match stratify {
                Some(column) => within.stratified(&train, column)?,
                None => within.random(train)?,
            };
            parts[0] = train;
            parts[1] = validation;
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnSchema, Schema};
    use arrow_array::{ArrayRef, Float64Array, StringArray};
    use proptest::prelude::*;
    use std::path::Path;
    use std::sync::Arc;

    fn table(names: &[Option<&str>], times: &[f64]) -> Table {
        let spec = |name: &str, kind| ColumnSchema::new(name, kind);
        let schema = Schema { columns: vec![spec("name", Kind::Category), spec("time", Kind::Number)] };
        let columns: Vec<ArrayRef> =
            vec![Arc::new(StringArray::from(names.to_vec())), Arc::new(Float64Array::from(times.to_vec()))];
        Table::new(Arc::new(schema), columns, Path::new("t.csv"), Path::new(""), 1).unwrap()
    }

    fn by(kind: usize) -> SplitBy {
        let column = || "name".to_owned();
        match kind {
            0 => SplitBy::Random,
            1 => SplitBy::Stratified { column: column() },
            2 => SplitBy::Group { column: column() },
            _ => SplitBy::Time { column: "time".into() },
        }
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_part(
            rows in prop::collection::vec((0u8..6, 0u8..20), 0..200), kind in 0usize..4, seed: u64,
        ) {
            let names: Vec<String> = rows.iter().map(|(n, _)| n.to_string()).collect();
            let names: Vec<Option<&str>> = names.iter().map(|n| (n != "5").then_some(n.as_str())).collect();
            let times: Vec<f64> = rows.iter().map(|(_, t)| f64::from(*t)).collect();
            let table = table(&names, &times);
            if let Ok(found) = split(&table, &by(kind), Shares::default(), seed) {
                let mut all = [found.train.clone(), found.validation.clone(), found.test.clone()].concat();
                all.sort_unstable();
                prop_assert_eq!(all, (0..rows.len()).collect::<Vec<_>>());
                prop_assert!(!found.train.is_empty() && !found.validation.is_empty() && !found.test.is_empty());
                prop_assert_eq!(&found, &split(&table, &by(kind), Shares::default(), seed).unwrap());
                if kind == 2 {
                    for row in &found.test {
                        prop_assert!(names[*row].is_none() || found.train.iter().all(|t| names[*t] != names[*row]));
                    }
                }
                if kind == 3 {
                    let oldest = found.test.iter().map(|&r| times[r]).fold(f64::INFINITY, f64::min);
                    prop_assert!(found.train.iter().chain(&found.validation).all(|&r| times[r] < oldest));
                }
                if kind == 1 {
                    for name in &names {
                        prop_assert!(found.train.iter().any(|t| names[*t] == *name));
                    }
                }
            } else {
                prop_assert!(rows.len() < 3 || kind > 0);
            }
        }
    }

    #[test]
    fn shares_are_kept() {
        let names: Vec<Option<&str>> =
            (0..1000).map(|i| Some(if i % 10 == 0 { "rare" } else { "often" })).collect();
        let table = table(&names, &vec![0.0; 1000]);
        for kind in 0..2 {
            let found = split(&table, &by(kind), Shares::default(), 7).unwrap();
            assert_eq!((found.train.len(), found.validation.len(), found.test.len()), (700, 100, 200));
            let rare = found.test.iter().filter(|&&r| r % 10 == 0).count();
            assert!(kind == 0 || rare == 20, "{rare}");
        }
        let other = split(&table, &SplitBy::Random, Shares::default(), 8).unwrap();
        assert_ne!(other, split(&table, &SplitBy::Random, Shares::default(), 7).unwrap());
    }

    #[test]
    fn named_parts_and_validation_out_of_training() {
        let names: Vec<Option<&str>> = (0..20).map(|i| Some(if i < 15 { "Train" } else { "测试" })).collect();
        let table = table(&names, &[0.0; 20]);
        let by = SplitBy::Column { column: "name".into(), stratify: None };
        let found = split(&table, &by, Shares { validation: 0.2, test: 0.0 }, 1).unwrap();
        assert_eq!((found.train.len(), found.validation.len()), (12, 3));
        assert_eq!(found.test, (15..20).collect::<Vec<_>>());
    }

    #[test]
    fn messages() {
        let table = table(&[Some("a"), Some("b")], &[0.0; 2]);
        let say = |by| split(&table, &by, Shares::default(), 0).unwrap_err().to_string();
        assert_eq!(
            say(SplitBy::Random),
            "t.csv: expected rows for training 0.70, validation 0.10 and test 0.20, found 2 rows; give more rows, or \
             set a share to 0"
        );
        assert_eq!(
            say(SplitBy::Group { column: "shop".into() }),
            "t.csv: no column `shop`; the columns are name, time"
        );
        assert_eq!(
            say(SplitBy::Column { column: "name".into(), stratify: None }),
            "t.csv: row 1, column `name`: expected a part: train, validation, test, found \"a\"; mend the cell, or \
             split in another way"
        );
        assert_eq!(
            say(SplitBy::Time { column: "name".into() }),
            "t.csv: expected dates or numbers in the column `name` to split by time, found kind category; give the \
             column the kind date, or split by another column"
        );
    }
}
