//! One column of a table: what training knew of it, and how its cells become numbers or an id.

use super::category::Vocabulary;
use super::date::Dates;
use super::number::{Numbers, Scale};
use super::vector::Vectors;
use crate::Error;
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use ronghe_data::{Kind, Table};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A fitted column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    code: Code,
    /// Whether training had missing cells, so that a flag for them can be learned. Categories have a row instead.
    flag: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Code {
    Number(Scale),
    Boolean(Scale),
    Date(Dates),
    Category(Vocabulary),
    Vector(Vectors),
}

/// A cell as a column reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Number(f64),
    Name(Cow<'a, str>),
    Vector(Vec<f32>),
}

impl Column {
    /// Learns column `at` of the training rows. A kind that is not of a table's own (a text given to this encoder) is
    /// taken for a category.
    pub(super) fn fit(table: &Table, at: usize, how: Numbers, bins: usize, min_count: usize) -> Column {
        let spec = &table.schema().columns[at];
        let cells = 0..table.rows();
        let numbers =
            || -> Vec<f64> { cells.clone().filter_map(|row| number(table, at, spec.kind, row)).collect() };
        let code = match spec.kind {
            Kind::Number => Code::Number(Scale::fit(numbers(), how, bins)),
            Kind::Boolean => Code::Boolean(Scale::fit(numbers(), Numbers::Standard, bins)),
            Kind::Date => Code::Date(Dates::fit(&numbers())),
            Kind::Vector => {
                let width = spec.notation.width.unwrap_or(0);
                Code::Vector(Vectors::fit(table, at, width))
            }
            _ => {
                let names: Vec<Option<Cow<'_, str>>> = cells
                    .clone()
                    .map(|row| (!table.is_missing(at, row)).then(|| table.display(at, row)))
                    .collect();
                Code::Category(Vocabulary::fit(names.iter().map(Option::as_deref), min_count))
            }
        };
        let flag = !matches!(code, Code::Category(_)) && table.column(at).null_count() > 0;
        Column { name: spec.name.clone(), code, flag }
    }

    /// Network inputs among the numbers, the flag included.
    pub(super) fn width(&self) -> usize {
        let own = match &self.code {
            Code::Number(scale) | Code::Boolean(scale) => scale.width(),
            Code::Date(_) => Dates::WIDTH,
            Code::Vector(vectors) => vectors.width(),
            Code::Category(_) => 0,
        };
        own + usize::from(self.flag)
    }

    /// Rows and width of the embedding of a category.
    pub(super) fn embedding(&self) -> Option<(usize, usize)> {
        match &self.code {
            Code::Category(vocabulary) => Some((vocabulary.rows(), vocabulary.width())),
            _ => None,
        }
    }

    pub(super) fn is_category(&self) -> bool {
        self.embedding().is_some()
    }

    /// The cell in `row` of column `at`, which is of kind `kind` in this table. A column that a small file made
    /// another kind of is read as the kind that training had, where its cells allow it.
    pub(super) fn read<'a>(
        &self,
        table: &'a Table,
        at: usize,
        kind: Kind,
        row: usize,
    ) -> Result<Cell<'a>, Error> {
        if table.is_missing(at, row) {
            return Ok(Cell::Missing);
        }
        if self.is_category() {
            return Ok(Cell::Name(table.display(at, row)));
        }
        if let Code::Vector(vectors) = &self.code {
            let found = table.vector(at, row).filter(|v| kind == Kind::Vector && v.len() == vectors.width());
            return found.map(Cell::Vector).ok_or_else(|| Error::Cell {
                path: table.path().to_owned(),
                row: table.row_number(row),
                column: self.name.clone(),
                expected: format!("{} numbers, as in training", vectors.width()),
                found: table.display(at, row).into_owned(),
                mend: "make the vectors with the model that made those of training".into(),
            });
        }
        let own = match self.code {
            Code::Number(_) => Kind::Number,
            Code::Boolean(_) => Kind::Boolean,
            _ => Kind::Date,
        };
        let readable = kind == own || own == Kind::Number || (own == Kind::Boolean && kind != Kind::Date);
        match number(table, at, kind, row).filter(|_| readable) {
            Some(x) => Ok(Cell::Number(x)),
            None => Err(Error::Cell {
                path: table.path().to_owned(),
                row: table.row_number(row),
                column: self.name.clone(),
                expected: format!("a {own}, as in training"),
                found: format!("`{}`", table.display(at, row)),
                mend: "correct the cell, or give the column the kind it had in training".into(),
            }),
        }
    }

    /// Whether the column is one of names and no training cell had this one.
    pub(super) fn is_new(&self, cell: &Cell<'_>) -> bool {
        match (&self.code, cell) {
            (Code::Category(vocabulary), Cell::Name(name)) => vocabulary.is_new(name),
            _ => false,
        }
    }

    /// The embedding row of a cell.
    pub(super) fn id(&self, cell: &Cell<'_>) -> i32 {
        let Code::Category(vocabulary) = &self.code else { return -1 };
        match cell {
            Cell::Name(name) => vocabulary.id(Some(name)),
            _ => vocabulary.id(None),
        }
    }

    /// Writes the inputs of a cell; `out` is zero before.
    pub(super) fn write(&self, cell: &Cell<'_>, out: &mut [f32]) {
        if let (Code::Vector(vectors), Cell::Vector(vector)) = (&self.code, cell) {
            return vectors.write(vector, out);
        }
        let &Cell::Number(x) = cell else {
            if let (true, Some(flag)) = (self.flag, out.last_mut()) {
                *flag = 1.0;
            }
            return;
        };
        let own = out.len() - usize::from(self.flag);
        match &self.code {
            Code::Number(scale) | Code::Boolean(scale) => scale.write(x, &mut out[..own]),
            Code::Date(dates) => dates.write(x, &mut out[..own]),
            Code::Category(_) | Code::Vector(_) => {}
        }
    }
}

/// A present cell as a number: a date in milliseconds, a boolean as 0 or 1, a string by what it says.
fn number(table: &Table, at: usize, kind: Kind, row: usize) -> Option<f64> {
    let cells = table.column(at);
    if cells.is_null(row) {
        return None;
    }
    let x = match kind {
        Kind::Number => cells.as_primitive_opt::<Float64Type>()?.value(row),
        Kind::Boolean => f64::from(u8::from(cells.as_boolean_opt()?.value(row))),
        Kind::Date => cells.as_primitive_opt::<TimestampMillisecondType>()?.value(row) as f64,
        _ => match table.text(at, row)?.trim().to_lowercase().as_str() {
            "true" | "yes" | "是" => 1.0,
            "false" | "no" | "否" => 0.0,
            other => other.parse().ok()?,
        },
    };
    x.is_finite().then_some(x)
}
