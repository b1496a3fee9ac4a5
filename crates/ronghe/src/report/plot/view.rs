//! What the charts look at: rows by players for one output, and one row.

use crate::explain::{Explanation, Link};
use crate::report::{Content, ExplainedRow, Language, Shown};
use ronghe_data::Modality;

/// Players shown by name; the rest are summed.
pub(super) const LISTED: usize = 20;

/// The rows that have the same players and outputs as the first.
#[derive(Debug)]
pub(in crate::report) struct View<'a> {
    /// Names of the players.
    pub(in crate::report) names: Vec<String>,
    /// Names of the outputs.
    pub(in crate::report) outputs: &'a [String],
    /// The output looked at: the one explained most often.
    pub(in crate::report) output: usize,
    /// The rows, each with the level looked at.
    pub(in crate::report) rows: Vec<(&'a ExplainedRow, &'a Explanation)>,
    language: Language,
}

impl<'a> View<'a> {
    /// The finest level whose players are the same in all rows, or columns. None without rows.
    pub(in crate::report) fn new(rows: &'a [ExplainedRow], language: Language) -> Option<View<'a>> {
        let same = |e: &Explanation, first: &Explanation| {
            e.outputs == first.outputs && e.link == first.link && e.players == first.players
        };
        let parts: Vec<_> = rows.iter().filter_map(|r| Some((r, r.explanation.parts.as_ref()?))).collect();
        let whole = parts.len() == rows.len() && parts.iter().all(|(_, e)| same(e, parts[0].1));
        let fields: Vec<_> = rows.iter().map(|r| (r, &r.explanation.fields)).collect();
        let mut rows = if whole { parts } else { fields };
        let first = rows.first()?.1;
        rows.retain(|(_, e)| same(e, first));
        let count = |k: usize| rows.iter().filter(|(_, e)| e.explained == k).count();
        let most = (0..first.outputs.len()).map(count).max()?;
        let output = (0..first.outputs.len()).find(|&k| count(k) == most)?;
        let names = names(first);
        Some(View { names, outputs: &first.outputs, output, rows, language })
    }

    /// How many players.
    pub(in crate::report) fn players(&self) -> usize {
        self.names.len()
    }

    /// What a player added in a row to an output.
    pub(in crate::report) fn phi(&self, row: usize, player: usize, output: usize) -> f64 {
        entry(&self.rows[row].1.attributions, player, output)
    }

    /// Means over the rows of the size of what each player added.
    pub(in crate::report) fn sizes(&self, output: usize) -> Vec<f64> {
        let count = self.rows.len().max(1) as f64;
        let mean = |p: usize| (0..self.rows.len()).map(|r| self.phi(r, p, output).abs()).sum::<f64>() / count;
        (0..self.players()).map(mean).collect()
    }

    /// The number in the cell of an undivided column, for each player and row.
    pub(in crate::report) fn numbers(&self, player: usize) -> Vec<Option<f64>> {
        let first = &self.rows[0].1.players[player];
        let ([column], None) = (&first.columns[..], &first.part) else {
            return vec![None; self.rows.len()];
        };
        let place = self.rows[0].0.cells.iter().position(|c| c.column == *column);
        self.rows
            .iter()
            .map(|(row, _)| {
                let at = place.and_then(|p| row.cells.get(p)).filter(|c| c.column == *column);
                at.and_then(|c| c.number).filter(|v| v.is_finite())
            })
            .collect()
    }

    /// The unit of the values for the output looked at.
    pub(in crate::report) fn unit(&self) -> String {
        unit(self.rows[0].1, self.output, self.language)
    }

    /// Of which output the chart speaks; nothing if there is one.
    pub(in crate::report) fn of(&self) -> String {
        match self.outputs.len() {
            0 | 1 => String::new(),
            _ => format!(" · {}", self.outputs[self.output]),
        }
    }

    /// How many rows.
    pub(in crate::report) fn counted(&self) -> String {
        match self.language {
            Language::English if self.rows.len() == 1 => "1 row".into(),
            Language::English => format!("{} rows", self.rows.len()),
            Language::Chinese => format!("{} 行", self.rows.len()),
        }
    }
}

/// Players in descending size: those shown and those summed. A rest of one is shown too.
pub(in crate::report) fn top(sizes: &[f64], listed: usize) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
    let at = if order.len() <= listed + 1 { order.len() } else { listed };
    let rest = order.split_off(at);
    (order, rest)
}

/// What the sum of the rest is called.
pub(in crate::report) fn others(count: usize, language: Language) -> String {
    match language {
        Language::English => format!("sum of {count} others"),
        Language::Chinese => format!("其余 {count} 项之和"),
    }
}

/// What the values measure, for the foot of an axis.
pub(in crate::report) fn unit(e: &Explanation, output: usize, language: Language) -> String {
    let of = e.outputs.get(output).map_or("", String::as_str);
    match (language, e.link, e.outputs.len() > 1) {
        (Language::English, Link::Identity, true) => format!("change in probability of {of}"),
        (Language::English, Link::LogOdds, true) => format!("change in log-odds of {of}"),
        (Language::English, ..) => format!("change in {}", e.target),
        (Language::Chinese, Link::Identity, true) => format!("{of} 概率的变化"),
        (Language::Chinese, Link::LogOdds, true) => format!("{of} 对数几率的变化"),
        (Language::Chinese, ..) => format!("{} 的变化", e.target),
    }
}

/// Names of players: a part with its column where several columns are divided.
pub(in crate::report) fn names(e: &Explanation) -> Vec<String> {
    let divided: Vec<&String> =
        e.players.iter().filter(|p| p.part.is_some()).flat_map(|p| &p.columns).collect();
    let several = divided.windows(2).any(|w| w[0] != w[1]);
    let name = |p: &crate::explain::Player| match (&p.part, &p.columns[..]) {
        (Some(_), [column]) if several => format!("{column} · {}", p.name),
        _ => p.name.clone(),
    };
    e.players.iter().map(name).collect()
}

/// An entry of a matrix of players by outputs; 0 where there is none.
pub(in crate::report) fn entry(matrix: &[Vec<f64>], player: usize, output: usize) -> f64 {
    matrix.get(player).and_then(|p| p.get(output)).copied().filter(|v| v.is_finite()).unwrap_or(0.0)
}

/// One row at one level, for the output explained.
#[derive(Debug)]
pub(in crate::report) struct Local<'a> {
    /// Which row.
    pub(in crate::report) heading: &'a str,
    /// The level.
    pub(in crate::report) e: &'a Explanation,
    /// Players, largest first; the rest summed.
    pub(in crate::report) items: Vec<Item>,
}

/// A bar: what a player added.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Item {
    /// Name, and the cell if it is short.
    pub(in crate::report) name: String,
    /// What it added.
    pub(in crate::report) phi: f64,
    /// Its standard error; none for a sum, whose parts err together.
    pub(in crate::report) error: Option<f64>,
}

impl<'a> Local<'a> {
    /// The row at a level of its explanation.
    pub(in crate::report) fn new(
        row: &'a ExplainedRow,
        e: &'a Explanation,
        listed: usize,
        language: Language,
    ) -> Local<'a> {
        let k = e.explained;
        let sizes: Vec<f64> = (0..e.players.len()).map(|p| entry(&e.attributions, p, k).abs()).collect();
        let (order, rest) = top(&sizes, listed);
        let names = names(e);
        let mut items: Vec<Item> = order
            .into_iter()
            .map(|p| Item {
                name: with_cell(row, e, p, &names[p]),
                phi: entry(&e.attributions, p, k),
                error: Some(entry(&e.standard_error, p, k)),
            })
            .collect();
        if !rest.is_empty() {
            let phi = rest.iter().map(|&p| entry(&e.attributions, p, k)).sum();
            items.push(Item { name: others(rest.len(), language), phi, error: None });
        }
        Local { heading: &row.heading, e, items }
    }

    /// Value without any player.
    pub(in crate::report) fn base(&self) -> f64 {
        self.e.base.get(self.e.explained).copied().filter(|v| v.is_finite()).unwrap_or(0.0)
    }

    /// Value with all.
    pub(in crate::report) fn prediction(&self) -> f64 {
        self.e.prediction.get(self.e.explained).copied().filter(|v| v.is_finite()).unwrap_or(0.0)
    }

    /// What is predicted.
    pub(in crate::report) fn output(&self) -> &str {
        match self.e.outputs.len() {
            0 | 1 => &self.e.target,
            _ => &self.e.outputs[self.e.explained.min(self.e.outputs.len() - 1)],
        }
    }
}

/// The name of a column with what is in it, where that is a number or a short word.
fn with_cell(row: &ExplainedRow, e: &Explanation, player: usize, name: &str) -> String {
    let p = &e.players[player];
    let short =
        |s: &&Shown| s.modality == Modality::Tabular && p.part.is_none() && p.columns == [s.column.clone()];
    match row.cells.iter().find(short).map(|s| &s.content) {
        Some(Content::Text(text)) if text.chars().count() <= 14 => format!("{name} = {text}"),
        _ => name.to_owned(),
    }
}
