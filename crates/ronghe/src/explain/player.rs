//! Who takes part in a prediction.

use crate::InputInfo;
use ronghe_data::Modality;
use serde::{Deserialize, Serialize};

/// A part of the row that is shown or hidden as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    /// Name: that of the column, or of the modality.
    pub name: String,
    /// Modality of its columns.
    pub modality: Modality,
    /// Columns of the table.
    pub columns: Vec<String>,
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
                (Player { name: modality.name().to_owned(), modality, columns }, members)
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
