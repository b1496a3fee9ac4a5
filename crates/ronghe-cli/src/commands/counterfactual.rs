//! `ronghe counterfactual MODEL --data FILE`

use super::background;
use super::explain::rows;
use crate::args::{Common, Counterfactual};
use crate::progress::Progress;
use crate::session::Asked;
use crate::{Outcome, render};
use anyhow::Result;
use ronghe::explain::global::{Counterfactual as Found, counterfactual};
use ronghe_data::Table;
use serde::Serialize;

/// A row and what would change its class.
#[derive(Serialize)]
struct Row {
    row: usize,
    counterfactual: Option<Found>,
}

pub(crate) fn run(args: &Counterfactual, common: &Common) -> Result<Outcome> {
    let asked = Asked::open(&args.chosen, common)?;
    let table = asked.table(&args.data, &args.reading)?;
    for column in &args.keep {
        table.find(column)?;
    }
    let rows = rows(&args.rows, table.rows())?;
    let kept = background::kept(&args.chosen)?;
    let among: Vec<&Table> = kept.iter().chain([&table]).collect();
    let mut progress = Progress::new(common.quiet);
    let mut found = Vec::new();
    for (done, &row) in rows.iter().enumerate() {
        progress.step("searching rows", done, rows.len(), "");
        let one = table.slice(row, 1);
        let nearest = counterfactual(asked.predictor(), &one, &among, &args.keep)?;
        found.push(Row { row: table.row_number(row), counterfactual: nearest });
    }
    progress.end();
    if common.json {
        render::json(&found)?;
        return Ok(Outcome::Done);
    }
    for Row { row, counterfactual } in &found {
        let Some(c) = counterfactual else {
            render::out(&format!(
                "row {row}: no change of up to four columns was found that changes its class"
            ));
            continue;
        };
        let ((from, p), (to, q)) = (&c.from, &c.to);
        render::out(&format!("row {row}: {from} ({p:.3}) would be {to} ({q:.3}) with"));
        for change in &c.changes {
            let old = change.from.as_ref().map_or("missing".to_owned(), ToString::to_string);
            render::out(&format!("    {}: {} instead of {old}", change.column, change.to));
        }
    }
    Ok(Outcome::Done)
}
