//! `ronghe evaluate MODEL --data FILE`

use crate::args::{Common, Evaluate};
use crate::progress::figures;
use crate::{Outcome, render, session};
use anyhow::{Context, Result};
use ronghe::{Predictor, metric};
use ronghe_data::{Table, read};
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) fn run(args: &Evaluate, common: &Common) -> Result<Outcome> {
    let model = session::open_model(&args.model, &args.precision.precision, common)?;
    let options = session::read_options(&args.reading)?;
    let mut reader = session::open_like(&args.data, &model, &model.config().data.kinds, &options)?;
    let table = read::collect(reader.as_mut(), &args.data)?;
    session::report_skipped(reader.as_ref());
    let table = match &args.only {
        Some(only) => filter(&table, only)?,
        None => table,
    };
    let targets = model.task().targets(&table)?;
    let seen = model.hide(&table, &args.without)?;
    let detailed = model.predict_detailed(&seen)?;
    warn_bad(&detailed.bad, args.reading.skip_bad_rows)?;
    session::report_precision(&model, &args.precision, common);
    let metrics = metric::evaluate(model.task(), &detailed.predictions, &targets);
    let weights = model.mean_fusion_weights(&detailed);
    if common.json {
        let weights: Option<BTreeMap<String, f64>> = weights.map(|w| w.into_iter().collect());
        let precision = model.precision();
        let precision: BTreeMap<&str, _> = precision.iter().map(|p| (p.part.as_str(), p.precision)).collect();
        render::json(&json!({
            "model": args.model,
            "data": args.data,
            "without": args.without,
            "precision": precision,
            "test": metrics,
            "fusion_weights": weights,
        }))?;
    } else {
        let title = if args.without.is_empty() {
            "test".into()
        } else {
            format!("without {}", args.without.join(", "))
        };
        render::out(&figures(&title, &metrics));
        if let Some(weights) = weights {
            let shares: Vec<String> = weights.iter().map(|(name, w)| format!("{name} {w:.3}")).collect();
            render::out(&format!("mean weight of each input: {}", shares.join(", ")));
        }
    }
    Ok(Outcome::Done)
}

/// Rows whose column has a value, from `COLUMN=VALUE`.
fn filter(table: &Table, only: &str) -> Result<Table> {
    let (column, value) =
        only.split_once('=').with_context(|| format!("--where {only}: expected COLUMN=VALUE"))?;
    let (index, _) = table.find(column)?;
    let rows: Vec<usize> = (0..table.rows()).filter(|&r| table.display(index, r) == value).collect();
    anyhow::ensure!(!rows.is_empty(), "--where {only}: no row of {} has it", table.path().display());
    Ok(table.take(&rows)?)
}

/// Cells that could not be read are an error, or counted as missing with a warning if the user asked for that.
pub(crate) fn warn_bad(bad: &[(usize, String)], skip: bool) -> Result<()> {
    let Some((_, first)) = bad.first() else { return Ok(()) };
    anyhow::ensure!(skip, "{first} ({} such cells; take them as missing with --skip-bad-rows)", bad.len());
    render::warn(&format!("{} cells cannot be read and are taken as missing; the first: {first}", bad.len()));
    Ok(())
}
