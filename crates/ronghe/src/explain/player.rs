//! Who takes part in a prediction.

use crate::InputInfo;
use ronghe_data::Modality;
use serde::{Deserialize, Serialize};

/// A part of the row that is shown or hidden as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Player {
    /// Name: that of the modality, of the column, or of the part of its cell (a word; the place of a patch).
    pub name: String,
    /// Modality of its columns.
    pub modality: Modality,
    /// Columns of the table.
    pub columns: Vec<String>,
    /// Which part of the cell of its one column; all of it where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// A part of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Part {
    /// Bytes `from..to` of a text.
    Words {
        /// First byte.
        from: usize,
        /// Byte after the last.
        to: usize,
    },
    /// A box of a picture, in its own pixels.
    Patch {
        /// Columns of pixels left of it.
        x: usize,
        /// Rows of pixels above it.
        y: usize,
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// A region of a picture: runs of pixels in reading order, as first pixel and length.
    Region {
        /// The runs.
        runs: Vec<(usize, usize)>,
    },
    /// A stretch of a sound, within a band of frequencies.
    Span {
        /// Start, seconds.
        from: f64,
        /// End, seconds.
        to: f64,
        /// Lower edge, hertz.
        low: f64,
        /// Upper edge, hertz.
        high: f64,
    },
    /// What the cell still adds, beside the usual cell, when each of its parts is filled.
    Rest {
        /// What the parts are filled with.
        fill: String,
    },
}

impl Player {
    /// One player a column, in the order of the inputs. A column that two inputs read is one player.
    pub fn fields(inputs: &[InputInfo]) -> Vec<Player> {
        let mut players: Vec<Player> = Vec::new();
        for input in inputs {
            for column in &input.columns {
                if players.iter().all(|p| p.name != *column) {
                    players.push(Player {
                        name: column.clone(),
                        modality: input.modality,
                        columns: vec![column.clone()],
                        part: None,
                    });
                }
            }
        }
        players
    }

    /// One player a modality that occurs, and the `fields` that it is made of.
    pub fn modalities(fields: &[Player]) -> (Vec<Player>, Vec<Vec<usize>>) {
        Modality::ALL
            .into_iter()
            .map(|modality| {
                let members = (0..fields.len()).filter(|&i| fields[i].modality == modality);
                (modality, members.collect::<Vec<usize>>())
            })
            .filter(|(_, members)| !members.is_empty())
            .map(|(modality, members)| {
                let columns = members.iter().flat_map(|&i| fields[i].columns.iter().cloned()).collect();
                (Player { name: modality.name().to_owned(), modality, columns, part: None }, members)
            })
            .unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_fields_once_and_modalities_gather_them() {
        let input = |name: &str, modality, columns: &[&str]| InputInfo {
            name: name.into(),
            modality,
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        let fields = Player::fields(&[
            input("t", Modality::Text, &["标题", "body"]),
            input("c", Modality::Tabular, &["age"]),
            input("u", Modality::Text, &["body"]),
        ]);
        let names: Vec<&str> = fields.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["标题", "body", "age"]);
        let (players, groups) = Player::modalities(&fields);
        assert_eq!(players.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["tabular", "text"]);
        assert_eq!(groups, [vec![2], vec![0, 1]]);
    }
}
