//! Tables to events.
//!
//! Every format of [`ronghe_data::read`] is read, batch by batch; [`crate::movielens`] adds the forms of MovieLens that are no such
//! table. Users, items and domains are read as identifiers, so they stay as they are written.

use crate::collect::{Clock, Collector, Counts, Meaning};
use crate::roles::{Assigned, Choices, Role, says_rating};
use crate::{Error, Event, Interactions, Progress, Result, movielens};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef};
use ronghe_data::read::{self, ReadOptions, Reader, Warning};
use ronghe_data::{ColumnSchema, Kind, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How a table is taken for events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Which column says what.
    pub columns: Choices,
    /// What a weight means; by its name and values where it is not said.
    pub meaning: Option<Meaning>,
    /// The least weight that is liked. By default 4 of ratings from 1 to 5, 8 of ratings from 1 to 10, else any above 0.
    pub at_least: Option<f32>,
    /// Milliseconds since 1970 after which a time is in the future; without it none is.
    pub now: Option<i64>,
    /// How the file is read.
    pub read: ReadOptions,
}

/// How weights were taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// What they mean.
    pub meaning: Meaning,
    /// The least weight that is liked; none: any above 0.
    pub at_least: Option<f32>,
    /// The highest rating of the scale, where the values look like one.
    pub scale: Option<u8>,
    /// Whether meaning or least weight was guessed.
    pub guessed: bool,
}

/// What was read and how it was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// Which column says what.
    pub columns: Vec<Assigned>,
    /// How weights were taken; none for a table without.
    pub weights: Option<Weights>,
    /// What the rows hold.
    pub counts: Counts,
    /// Rows that could not be read, where they may be left out.
    pub skipped: usize,
    /// What the reader noticed.
    pub warnings: Vec<Warning>,
    /// Numbers of users, items and domains.
    pub users: usize,
    /// Number of items.
    pub items: usize,
    /// Number of domains.
    pub domains: usize,
}

/// Reads the events of a file or folder. `progress` is told the rows read and how many there are (0: not known).
pub fn read(path: &Path, source: &Source, progress: Progress<'_>) -> Result<(Interactions, Loaded)> {
    let form = movielens::form(path)?;
    let path = form.path.as_path();
    if form.double_colons {
        return movielens::read_ratings(path, source, progress);
    }
    let mut options = source.read.clone();
    if let (Some(columns), None) = (form.columns, &options.columns) {
        options.columns = Some(columns.iter().map(|&name| name.to_owned()).collect());
        options.format.get_or_insert_with(|| "csv".into());
    }
    if path.extension().is_some_and(|e| e == "inter") {
        options.format.get_or_insert_with(|| "csv".into());
    }
    let looked = read::open(path, &options)?;
    let columns = source.columns.assign(looked.schema())?;
    let warnings = looked.warnings().to_vec();
    let kinds = columns.iter().map(|a| Ok((a.role, taken(looked.as_ref(), a)?)));
    let kinds = kinds.collect::<Result<BTreeMap<Role, ColumnSchema>>>()?;
    let rows = looked.rows();
    drop(looked);
    let options = options.again(&kinds.values().cloned().collect::<Vec<_>>());
    let mut reader = read::open(path, &options)?;
    let clock = match kinds.get(&Role::Time).map(|c| c.kind) {
        None => Clock::None,
        Some(Kind::Date) => Clock::Millis,
        Some(_) => Clock::Counted,
    };
    let mut collector = Collector::new(clock);
    collector.expect(rows.unwrap_or(0));
    let mut done = 0;
    while let Some(batch) = reader.next_batch()? {
        take(&batch, &kinds, &mut collector)?;
        done += batch.rows();
        if !progress(done, rows.unwrap_or(0)) {
            return Err(Error::Stopped);
        }
    }
    let skipped = reader.skipped().rows;
    let named = kinds.get(&Role::Weight).map(|c| c.name.as_str());
    let (found, mut loaded) = finish(collector, source, named, columns);
    loaded.skipped = skipped;
    loaded.warnings = warnings.into_iter().filter(|w| concerns(w, &options.like)).collect();
    Ok((found, loaded))
}

/// Reads a second table, whose events test what is learnt from the first, `of`, which was read as `loaded` says: weights mean the same
/// and are liked from the same one on. Users, items and domains that only it names are added to `of` ([`Interactions::join`]).
pub fn read_test(
    path: &Path,
    source: &Source,
    of: &mut Interactions,
    loaded: &Loaded,
    progress: Progress<'_>,
) -> Result<(Vec<Event>, Loaded)> {
    let same = Source {
        meaning: loaded.weights.map(|w| w.meaning).or(source.meaning),
        at_least: loaded.weights.map_or(source.at_least, |w| w.at_least),
        ..source.clone()
    };
    let (test, found) = read(path, &same, progress)?;
    if found.domains > 1 && loaded.domains == 1 || found.weights.is_some() != loaded.weights.is_some() {
        let said = |l: &Loaded| l.columns.iter().map(|a| a.column.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::input(
            format!("the test events of {}", path.display()),
            format!("the columns {}, as in the events to learn from", said(loaded)),
            format!("the columns {}", said(&found)),
            "name the same columns in both tables",
        ));
    }
    Ok((of.join(test), found))
}

/// How the column of a role is read.
fn taken(reader: &dyn Reader, assigned: &Assigned) -> Result<ColumnSchema> {
    let name = &assigned.column;
    let found = reader.schema().columns.iter().find(|c| &c.name == name);
    let kind = match (assigned.role, found.map(|c| c.kind)) {
        (Role::User | Role::Item | Role::Domain, _) => Kind::Identifier,
        (Role::Weight, Some(Kind::Boolean)) => Kind::Boolean,
        (Role::Weight, _) => Kind::Number,
        (Role::Time, Some(Kind::Number | Kind::Identifier)) => Kind::Number,
        (Role::Time, _) => Kind::Date,
    };
    Ok(match found {
        Some(found) if found.kind == kind => found.clone(),
        _ => ColumnSchema::new(name, kind),
    })
}

fn concerns(warning: &Warning, columns: &BTreeMap<String, ColumnSchema>) -> bool {
    let of = |name: &String| columns.get(name).is_some_and(|c| c.kind != Kind::Identifier);
    match warning {
        Warning::MixedDates { column, .. }
        | Warning::AmbiguousDates { column }
        | Warning::OddCells { column, .. } => of(column),
        Warning::HeaderOfNumbers { .. } | Warning::SwallowedLines { .. } | Warning::PassedOver { .. } => true,
        _ => false,
    }
}

fn take(batch: &Table, kinds: &BTreeMap<Role, ColumnSchema>, collector: &mut Collector) -> Result<()> {
    let place = |role: Role| kinds.get(&role).map(|c| batch.find(&c.name)).transpose();
    let (user, item) = (place(Role::User)?, place(Role::Item)?);
    let (weight, time, domain) = (place(Role::Weight)?, place(Role::Time)?, place(Role::Domain)?);
    for row in 0..batch.rows() {
        let text = |found: Option<(usize, Kind)>| found.and_then(|(i, _)| batch.text(i, row));
        let number = |found: (usize, Kind)| value(batch.column(found.0), found.1, row);
        let weight = weight.map_or(Some(1.0), number);
        collector.push(
            text(user),
            text(item),
            text(domain).unwrap_or(""),
            weight.map(|w| w as f32),
            time.and_then(number),
        );
    }
    Ok(())
}

fn value(cells: &ArrayRef, kind: Kind, row: usize) -> Option<f64> {
    if cells.is_null(row) {
        return None;
    }
    Some(match kind {
        Kind::Boolean => f64::from(u8::from(cells.as_boolean().value(row))),
        Kind::Date => cells.as_primitive::<TimestampMillisecondType>().value(row) as f64,
        _ => cells.as_primitive::<Float64Type>().value(row),
    })
}

/// The events of all rows, and how their weights were taken.
pub(crate) fn finish(
    collector: Collector,
    source: &Source,
    weight: Option<&str>,
    columns: Vec<Assigned>,
) -> (Interactions, Loaded) {
    let scale = match (weight.is_some_and(says_rating), collector.weights()) {
        (true, Some((least, most))) if least > 0.0 && (4.0..=5.0).contains(&most) => Some(5),
        (true, Some((least, most))) if least > 0.0 && (8.0..=10.0).contains(&most) => Some(10),
        _ => None,
    };
    let rating = weight.is_some_and(says_rating);
    let meaning = source.meaning.unwrap_or(if rating { Meaning::Rating } else { Meaning::Count });
    // A scale of five has its four as the least that is liked, one of ten its eight.
    let usual = scale.filter(|_| meaning == Meaning::Rating).map(|top| f32::from(top) * 0.8);
    let at_least = source.at_least.or(usual);
    let weights = weight.map(|_| Weights {
        meaning,
        at_least,
        scale,
        guessed: source.meaning.is_none() || source.at_least.is_none(),
    });
    let (found, counts) = collector.finish(meaning, at_least, source.now);
    let loaded = Loaded {
        columns,
        weights,
        counts,
        skipped: 0,
        warnings: Vec::new(),
        users: found.users.len(),
        items: found.items.len(),
        domains: found.domains.len(),
    };
    (found, loaded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::Choice;
    use std::path::PathBuf;

    fn file(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn loaded(path: &Path, source: &Source) -> Result<(Interactions, Loaded)> {
        read(path, source, &|_, _| true)
    }

    fn named(of: &Interactions) -> Vec<(String, String, f32, i64)> {
        let name = |e: &Event| {
            (of.users.name(e.user).to_owned(), of.items.name(e.item).to_owned(), e.weight, e.time)
        };
        of.events.iter().map(name).collect()
    }

    #[test]
    fn ids_stay_as_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let csv = file(
            &folder,
            "a.csv",
            "用户,商品,评分,时间\n1,苹果,5,2024-01-02\n01,10,4,2024-01-01\n1.0,2,3,2024-01-03\n张三,2,1,2024-01-04\n,2,5,2024-01-04\n1,,5,2024-01-05\n",
        );
        let (of, found) = loaded(&csv, &Source::default()).unwrap();
        assert_eq!(of.users.names(), ["1", "01", "1.0", "张三"]);
        assert_eq!(of.items.names(), ["2", "10", "苹果"]);
        let day = 86_400_000_i64;
        let first = 19_723 * day;
        let expected = [
            ("01", "10", 4.0, first),
            ("1", "苹果", 5.0, first + day),
            ("1.0", "2", 0.0, first + 2 * day),
            ("张三", "2", 0.0, first + 3 * day),
        ];
        assert_eq!(named(&of), expected.map(|(u, i, w, t)| (u.to_owned(), i.to_owned(), w, t)));
        let weights = found.weights.unwrap();
        assert_eq!((weights.at_least, weights.scale, weights.guessed), (Some(4.0), Some(5), true));
        assert_eq!((found.counts.without_user, found.counts.without_item, found.counts.below), (1, 1, 2));
        // JSON has both 1 and "1": one user, as both are written so.
        let json = file(
            &folder,
            "a.jsonl",
            "{\"user\": 1, \"item\": \"01\"}\n{\"user\": \"1\", \"item\": 1}\n{\"user\": \"01\", \"item\": 1}\n",
        );
        let (of, found) = loaded(&json, &Source::default()).unwrap();
        assert_eq!(
            (of.users.names(), of.items.names()),
            (&["1".into(), "01".into()][..], &["1".into(), "01".into()][..])
        );
        assert_eq!((of.events.len(), found.weights, of.timed), (3, None, false));
    }

    #[test]
    fn thresholds_are_guessed_from_scales_and_overridden() {
        let folder = tempfile::tempdir().unwrap();
        let rows = |top: f32| format!("user,item,rating\na,x,{top}\na,y,{}\na,z,{}\n", top * 0.8, top * 0.7);
        for (content, at_least, liked) in [
            (rows(5.0), Some(4.0), 2),
            (rows(10.0), Some(8.0), 2),
            (rows(100.0), None, 3),
            (rows(1.0), None, 3),
            (rows(5.0).replace("rating", "plays"), None, 3),
        ] {
            let path = file(&folder, "r.csv", &content);
            let (of, found) = loaded(&path, &Source::default()).unwrap();
            assert_eq!((found.weights.unwrap().at_least, found.counts.liked), (at_least, liked), "{content}");
            assert_eq!(of.events.len(), 3);
        }
        let path = file(&folder, "r.csv", rows(5.0));
        let (_, found) = loaded(&path, &Source { at_least: Some(4.5), ..Source::default() }).unwrap();
        assert_eq!((found.counts.liked, found.counts.below), (1, 2));
        let columns = Choices { weight: Choice::Without, ..Choices::default() };
        let (_, found) = loaded(&path, &Source { columns, ..Source::default() }).unwrap();
        assert_eq!((found.counts.liked, found.weights), (3, None));
    }

    #[test]
    fn zeros_negatives_repeats_and_the_future() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(
            &folder,
            "c.tsv",
            "uid\titem\tcount\tts\tdomain\na\tx\t2\t1700000000\tfilms\na\tx\t0\t1700000001\tfilms\na\tx\t1\t1700000002\tbooks\nb\tx\t-1\t1700000003\tfilms\n\
             a\tx\t2\t1700000009\tfilms\nc\ty\t\t1700000001\t\n",
        );
        let source = Source { now: Some(1_700_000_005_000), ..Source::default() };
        let (of, found) = loaded(&path, &source).unwrap();
        let counts = found.counts;
        assert_eq!((counts.rows, counts.zeros, counts.negative, counts.repeats), (6, 1, 1, 1));
        assert_eq!((counts.future, counts.without_weight, counts.single_users), (1, 1, 1));
        assert_eq!(of.items.names(), ["x", "x", "y"]);
        assert_eq!(of.domains.names(), ["", "books", "films"]);
        let liked = of.matrix(&of.events);
        assert_eq!((liked.nnz(), liked.get(0, 0), liked.get(1, 1)), (2, Some(&1.0), None));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "x.csv", "who,what\na,b\n");
        let error = loaded(&path, &Source::default()).unwrap_err().to_string();
        assert!(error.contains("a column of users (user, 用户 ...), found the columns who, what"), "{error}");
        let columns = Choices {
            user: Choice::Column("who".into()),
            item: Choice::Column("what".into()),
            ..Choices::default()
        };
        let (of, found) = loaded(&path, &Source { columns, ..Source::default() }).unwrap();
        assert!(of.events.len() == 1 && found.columns.iter().all(|c| !c.guessed));
        let stopped =
            read(&path, &Source { columns: Choices::default(), ..Source::default() }, &|_, _| false);
        assert!(stopped.is_err());
        assert!(loaded(&folder.path().join("none.csv"), &Source::default()).is_err());
    }

    #[test]
    fn recbole_and_booleans() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(
            &folder,
            "a.inter",
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n7\t3\t5\t881250949\n7\t4\t3\t881250950\n",
        );
        let (of, found) = loaded(&path, &Source::default()).unwrap();
        assert_eq!(named(&of)[0], ("7".into(), "3".into(), 5.0, 881_250_949_000));
        assert_eq!(found.counts.liked, 1);
    }
}
