//! Reading tables: as the command line says, and as a model knows them.

use crate::args::Reading;
use crate::render;
use anyhow::{Context, Result, bail};
use ronghe::{Model, Predictor, UnknownNames, match_columns};
use ronghe_data::read::{self, ReadOptions, Reader, Warning};
use ronghe_data::{ColumnSchema, DateOrder, Kind, Table, suggest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reading options from the command line.
pub(crate) fn read_options(reading: &Reading) -> Result<ReadOptions> {
    let mut options = ReadOptions {
        encoding: reading.encoding.clone(),
        skip_bad_rows: reading.skip_bad_rows,
        ..ReadOptions::default()
    };
    for given in &reading.kinds {
        let (column, kind) =
            given.rsplit_once('=').with_context(|| format!("--kind {given}: expected COLUMN=KIND"))?;
        let Some(kind) = Kind::ALL.into_iter().find(|k| k.name() == kind) else {
            let valid: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
            bail!(
                "--kind {given}: expected one of {}, found `{kind}`{}",
                valid.join(", "),
                suggest::hint(kind, &valid)
            );
        };
        options.kinds.insert(column.to_owned(), kind);
    }
    options.also_missing.clone_from(&reading.missing);
    options.date_order = match reading.date_order.as_deref() {
        Some("day") => Some(DateOrder::DayFirst),
        Some(_) => Some(DateOrder::MonthFirst),
        None => None,
    };
    options.media.clone_from(&reading.media);
    options.sheet.clone_from(&reading.sheet);
    options.header = !reading.no_header;
    options.columns = (!reading.columns.is_empty()).then(|| reading.columns.clone());
    Ok(options)
}

/// Reads a whole table and says what was noticed and how many rows were left out.
pub(crate) fn read_table(path: &Path, options: &ReadOptions) -> Result<Table> {
    let mut reader = read::open(path, options)?;
    report_warnings(reader.as_ref());
    let table = read::collect(reader.as_mut(), path)?;
    report_skipped(reader.as_ref());
    Ok(table)
}

/// Says what was noticed while the kinds of the columns were found.
fn report_warnings(reader: &dyn Reader) {
    reader.warnings().iter().for_each(|warning| render::warn(&say(warning)));
}

/// What a reader noticed, as a sentence that names what can be done.
pub(crate) fn say(warning: &Warning) -> String {
    match warning {
        Warning::PassedOver { what } => format!("left out: {what}"),
        Warning::MixedDates { column, forms } => {
            format!("`{column}` has dates in several forms: {}", forms.join(", "))
        }
        Warning::AmbiguousDates { column } => format!(
            "`{column}`: day or month first? the month was taken first (--date-order day if the day is)"
        ),
        Warning::OddCells { column, kind, taken, cells, of, first } => {
            let what = if *kind == Kind::Date { "dates" } else { "numbers" };
            let odd: Vec<String> = first.iter().map(|(row, text)| format!("row {row}: {text:?}")).collect();
            let more = if *cells as usize > first.len() { ", ..." } else { "" };
            let does = if *taken {
                format!("taken as missing (--kind {column}=category to keep them as names)")
            } else {
                format!(
                    "so the column is none of {what}: mend them, or name the word for a missing cell with --missing WORD"
                )
            };
            format!(
                "`{column}`: {} of {of} cells are {what}, all but {}{more}: {does}",
                of - cells,
                odd.join(", ")
            )
        }
        Warning::ManyNames { column, names, rows } => format!(
            "`{column}` is a category with {names} names in {rows} rows: names seen once tell a model nothing \
             (--kind {column}=identifier leaves it out, =text reads its words)"
        ),
        Warning::MissingWords { column, words } => {
            let said: Vec<String> =
                words.iter().map(|(word, rows)| format!("`{word}` in {rows} rows")).collect();
            let names: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
            format!(
                "the target `{column}` has {}, taken as missing: if these are labels, keep them with --set 'target.keep=[\"{}\"]'",
                said.join(", "),
                names.join("\", \"")
            )
        }
        Warning::LeftOut { column, holds } => format!("`{column}` is left out: it holds {holds}"),
        Warning::HeaderOfNumbers { names } => {
            let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
            format!(
                "the first line has numbers only ({}) and was taken for names: if it is a row, read the table with --no-header or --columns",
                shown.join(", ")
            )
        }
        Warning::SwallowedLines { row, lines } => format!(
            "row {row}: a cell in quotes holds {lines} lines that look like rows: is a quote (\") never closed?"
        ),
        Warning::ClassNamedLikePart { class, others } => format!(
            "the folder `{class}` is read as a class, as {} beside it: if it is a part of a split, put the classes in folders of parts",
            others.join(", ")
        ),
        Warning::MediaElsewhere { column, kind, addresses } => {
            let what = if *kind == Kind::Audio { "sounds" } else { "pictures" };
            let mend = if *addresses {
                "fetch them, and write their file names into the column"
            } else {
                "name the folder that holds them with --media FOLDER"
            };
            format!("`{column}` looks like names of {what}, and none is there: {mend}; now it is a category")
        }
        other => format!("{other:?}"),
    }
}

/// Warns of rows that were left out.
pub(crate) fn report_skipped(reader: &dyn Reader) {
    let skipped = reader.skipped();
    if skipped.rows > 0 {
        render::warn(&format!("{} rows could not be read and are left out; the first:", skipped.rows));
        skipped.first.iter().take(3).for_each(|e| render::warn(&e.to_string()));
    }
}

/// What is known of the columns of a table before it is opened.
pub(crate) struct Known {
    columns: BTreeMap<String, ColumnSchema>,
    missing: Vec<String>,
    keep: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    /// What a saved model was trained on.
    pub(crate) fn of_model(model: &Model) -> Known {
        let config = model.config();
        let keep: BTreeSet<String> = config.target.keep.iter().cloned().collect();
        let targets = config.target.all();
        Known {
            columns: config.columns().into_iter().map(|c| (c.name.clone(), c)).collect(),
            missing: config.data.missing.clone(),
            keep: targets.into_iter().map(|target| (target, keep.clone())).collect(),
        }
    }

    /// Kinds that another program names.
    pub(crate) fn of_kinds(kinds: &BTreeMap<String, Kind>) -> Known {
        let column = |(name, kind): (&String, &Kind)| (name.clone(), ColumnSchema::new(name, *kind));
        Known { columns: kinds.iter().map(column).collect(), missing: Vec::new(), keep: BTreeMap::new() }
    }
}

/// Which columns of a table are read for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    /// Those that it reads, and identifiers that it knows.
    Inputs,
    /// Its targets too, and a column that rows are chosen by.
    Targets(Option<&'a str>),
    /// All there are.
    All,
}

/// Reads a whole table as the model wants it, with its targets where they are there.
pub(crate) fn read_like(
    path: &Path,
    model: &dyn Predictor,
    known: &Known,
    reading: &Reading,
) -> Result<Table> {
    let mut like = Like::find(path, model, known, &read_options(reading)?, Wanted::Targets(None), false)?;
    let mut reader = like.open(path)?;
    let table = read::collect(reader.as_mut(), path)?;
    report_skipped(reader.as_ref());
    Ok(table)
}

/// How a table is read for a model: what its columns were in training, and the model's names for columns that the table writes
/// otherwise. Nothing is inferred of a column that the model knows, and no other is read unless that is wanted.
pub(crate) struct Like {
    options: ReadOptions,
    renamed: BTreeMap<String, String>,
    reader: Option<Box<dyn Reader>>,
}

impl Like {
    /// Looks at the table, and says what is missing and what goes by another name. None of the model's columns is an error, unless
    /// that is allowed.
    pub(crate) fn find(
        path: &Path,
        model: &dyn Predictor,
        known: &Known,
        options: &ReadOptions,
        wanted: Wanted<'_>,
        allow_missing: bool,
    ) -> Result<Like> {
        let mut options =
            ReadOptions { like: known.columns.clone(), keep: known.keep.clone(), ..options.clone() };
        options.also_missing.extend(known.missing.iter().cloned());
        let inputs: Vec<String> = model.inputs().iter().flat_map(|i| i.columns.clone()).collect();
        let targets = &model.task().columns;
        let identifiers =
            known.columns.values().filter(|c| c.kind == Kind::Identifier).map(|c| c.name.clone());
        let mut needed: BTreeSet<String> = inputs.iter().cloned().chain(identifiers).collect();
        if let Wanted::Targets(column) = wanted {
            needed.extend(targets.iter().cloned());
            needed.extend(column.map(str::to_owned));
        }
        let all = ReadOptions { among: None, ..options.clone() };
        options.among = (wanted != Wanted::All).then_some(needed);
        options.row_names = wanted == Wanted::Inputs;
        let reader = read::open(path, &options)?;
        let targets_too: &[String] = if matches!(wanted, Wanted::Targets(_)) { targets } else { &[] };
        if inputs.iter().chain(targets_too).all(|name| reader.schema().index(name).is_some()) {
            return Ok(Like { options, renamed: BTreeMap::new(), reader: Some(reader) });
        }
        // Only now it matters what else there is.
        let reader = if wanted == Wanted::All { reader } else { read::open(path, &all)? };
        let kinds = known.columns.iter().map(|(name, column)| (name.clone(), column.kind)).collect();
        let found = match_columns(&inputs, targets, &kinds, reader.schema());
        if !allow_missing {
            found.check(path, &inputs, reader.schema())?;
        }
        found.warning().iter().for_each(|warning| render::warn(warning));
        found.note().iter().for_each(|note| render::log(note));
        for (theirs, ours) in &found.renamed {
            if let Some(column) = known.columns.get(ours) {
                options.like.insert(theirs.clone(), ColumnSchema { name: theirs.clone(), ..column.clone() });
            }
            options.among.iter_mut().for_each(|among| _ = among.insert(theirs.clone()));
        }
        // A table without any of them still has rows.
        if found.exact.is_empty() && found.renamed.is_empty() {
            options.among = None;
        }
        Ok(Like { options, renamed: found.renamed, reader: None })
    }

    /// The table from its first row.
    pub(crate) fn open(&mut self, path: &Path) -> Result<Box<dyn Reader>> {
        if let Some(reader) = self.reader.take() {
            return Ok(reader);
        }
        let reader = read::open(path, &self.options)?;
        Ok(if self.renamed.is_empty() { reader } else { read::renamed(reader, self.renamed.clone()) })
    }
}

/// Warns of names that training did not have.
pub(crate) fn report_unknown(names: &[UnknownNames]) {
    for unknown in names {
        render::warn(&format!(
            "`{}`: {} cells have names that training did not have ({}): to the model they are unknown",
            unknown.column,
            unknown.cells,
            unknown.examples.join(", ")
        ));
    }
}
