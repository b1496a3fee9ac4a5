//! What the columns of a table hold.

use crate::Notation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A way in which knowledge comes: each modality has encoders of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// Numbers, categories, booleans and dates.
    Tabular,
    /// Sentences.
    Text,
    /// Pictures.
    Image,
    /// Sound.
    Audio,
}

/// What the cells of a column are, and the Arrow type that holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A quantity (`Float64`, finite).
    Number,
    /// One of few names (`Utf8`).
    Category,
    /// Yes or no (`Boolean`).
    Boolean,
    /// A day or an instant (`Timestamp(Millisecond)`, UTC).
    Date,
    /// Sentences (`Utf8`).
    Text,
    /// A picture: a path relative to the table (`Utf8`) or the bytes of a file (`LargeBinary`).
    Image,
    /// Sound: a path relative to the table (`Utf8`) or the bytes of a file (`LargeBinary`).
    Audio,
    /// Numbers that stand together, as many in every cell: an embedding made elsewhere (`LargeBinary`: floats of 32 bits, least
    /// significant byte first).
    Vector,
    /// A name of the row that says nothing else (`Utf8`); no input by default.
    Identifier,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::Number,
        Kind::Category,
        Kind::Boolean,
        Kind::Date,
        Kind::Text,
        Kind::Image,
        Kind::Audio,
        Kind::Vector,
        Kind::Identifier,
    ];

    /// The modality that such a column belongs to; none for an identifier.
    pub fn modality(self) -> Option<Modality> {
        match self {
            Kind::Number | Kind::Category | Kind::Boolean | Kind::Date | Kind::Vector => {
                Some(Modality::Tabular)
            }
            Kind::Text => Some(Modality::Text),
            Kind::Image => Some(Modality::Image),
            Kind::Audio => Some(Modality::Audio),
            Kind::Identifier => None,
        }
    }

    /// The name used in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "number",
            Kind::Category => "category",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
            Kind::Text => "text",
            Kind::Image => "image",
            Kind::Audio => "audio",
            Kind::Vector => "vector",
            Kind::Identifier => "identifier",
        }
    }
}

impl Modality {
    /// Every modality.
    pub const ALL: [Modality; 4] = [Modality::Tabular, Modality::Text, Modality::Image, Modality::Audio];

    /// The name used in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Modality::Tabular => "tabular",
            Modality::Text => "text",
            Modality::Image => "image",
            Modality::Audio => "audio",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Name and kind of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// Name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// How its cells are written in the file they came from.
    #[serde(default, skip_serializing_if = "Notation::is_plain")]
    pub notation: Notation,
}

impl ColumnSchema {
    /// A column whose cells are written plainly.
    pub fn new(name: impl Into<String>, kind: Kind) -> ColumnSchema {
        ColumnSchema { name: name.into(), kind, notation: Notation::default() }
    }
}

/// The columns of a table, in order. Names are distinct.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<ColumnSchema>,
}

impl Schema {
    /// Position of the column called `name`.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// These columns with other names for some of them, by the names that they have.
    pub fn renamed(&self, names: &BTreeMap<String, String>) -> Schema {
        let renamed = |c: &ColumnSchema| ColumnSchema {
            name: names.get(&c.name).unwrap_or(&c.name).clone(),
            ..c.clone()
        };
        Schema { columns: self.columns.iter().map(renamed).collect() }
    }

    /// Names in order.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.name.clone()).collect()
    }
}
