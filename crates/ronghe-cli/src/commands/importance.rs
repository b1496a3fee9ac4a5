//! `ronghe importance MODEL --data FILE`

use super::background::{self, FEW};
use crate::args::{Common, Importance};
use crate::session::Asked;
use crate::{Outcome, render, watch};
use anyhow::Result;
use ronghe::explain::background_rows;
use ronghe::explain::global::{self, Effect};
use ronghe::report::text;
use ronghe_data::Kind;
use serde::Serialize;

/// What the command finds.
#[derive(Serialize)]
struct Found {
    rows: usize,
    loss: f64,
    outputs: Vec<String>,
    importance: Vec<global::Importance>,
    effects: Vec<Effect>,
}

pub(crate) fn run(args: &Importance, common: &Common) -> Result<Outcome> {
    let asked = Asked::open(&args.chosen, common)?;
    let model = asked.predictor();
    let table = background_rows(&asked.table(&args.data, &args.reading)?, args.rows, args.seed)?;
    let columns: usize = model.inputs().iter().map(|input| input.columns.len()).sum();
    let total = table.rows() * (1 + columns * args.repeats);
    let counted = watch::Counted::new(model, "predicting shuffled rows", total, common);
    let (loss, importance) = global::importance(&counted, &table, args.repeats, args.seed)?;
    drop(counted);
    let shown = importance.iter().filter(|i| {
        let kind = table.find(&i.column).map(|(_, kind)| kind);
        matches!(kind, Ok(Kind::Number | Kind::Category | Kind::Boolean))
    });
    // Few rows do not show a range of values: those that the model keeps do.
    let kept = if table.rows() < FEW { background::kept(&args.chosen)? } else { None };
    let over = kept.as_ref().unwrap_or(&table);
    let effects = shown.take(args.effects).map(|i| global::effect(model, over, &i.column));
    let found = Found {
        rows: table.rows(),
        loss,
        outputs: model.task().labels.clone(),
        effects: effects.collect::<Result<_, _>>()?,
        importance,
    };
    if common.json {
        render::json(&found)?;
    } else {
        render::out(&text::importance(found.rows, found.loss, &found.importance, render::style()));
        found.effects.iter().for_each(|e| render::out(&text::effect(e, &found.outputs, render::style())));
    }
    Ok(Outcome::Done)
}
