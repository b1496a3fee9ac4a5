//! `ronghe evaluate MODEL --data FILE`

use crate::args::{Common, Evaluate};
use crate::progress::figures;
use crate::{Outcome, render, session, tables, watch};
use anyhow::{Context, Result};
use ronghe::evaluation::{Evaluated, Evaluation, Overlap, add_names, test_rows};
use ronghe::train::{ROWS, SeenRows};
use ronghe::{Model, artifact};
use ronghe_data::Table;
use ronghe_data::read::Reader as _;
use ronghe_data::suggest;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(args: &Evaluate, common: &Common) -> Result<Outcome> {
    let model = session::open_model(&args.model, &args.precision.precision, common)?;
    // An input that there is not is said before anything is read.
    model.check_inputs(&args.without)?;
    let options = tables::read_options(&args.reading)?;
    let known = tables::Known::of_model(&model);
    let by = args.only.as_deref().and_then(|only| only.split_once('=')).map(|(column, _)| column);
    let wanted = tables::Wanted::Targets(by);
    let mut like = tables::Like::find(&args.data, &model, &known, &options, wanted, args.allow_missing)?;
    let seen = artifact::file(&args.model, ROWS)?
        .map(|bytes| SeenRows::parse(model.config(), &bytes, &args.model.join(ROWS)))
        .transpose()?;
    let overlap = match &seen {
        Some(seen) => Some(overlap(args, common, &model, seen, &mut like)?),
        None => None,
    };
    let own = overlap.is_some_and(|o| o.is_own()) && !args.all_rows;
    let mut pieces = watch::Pieces::new(like.open(&args.data)?, "evaluating", common);
    let mut evaluation = Evaluation::new(&model, &args.without);
    let (mut unknown, mut chosen) = (Vec::new(), Chosen::default());
    while let Some(table) = pieces.next_piece()? {
        let mut table = chosen.rows(table, args)?;
        if let (true, Some(seen)) = (own, &seen) {
            table = test_rows(seen, &table)?;
        }
        if table.rows() > 0 {
            warn_bad(&evaluation.add(&table)?, args.reading.skip_bad_rows)?;
            add_names(&mut unknown, model.unknown_names(&table)?);
        }
    }
    tables::report_skipped(pieces.reader());
    tables::report_unknown(&unknown);
    chosen.check(args)?;
    let found = evaluation.finish().with_context(|| {
        format!("{}: expected at least one row to evaluate, found none", args.data.display())
    })?;
    session::report_precision(&model, &args.precision, common);
    if let Some(overlap) = &overlap {
        say_overlap(overlap, own, common);
    }
    if common.json {
        print_json(args, &model, &found, overlap, own)?;
    } else {
        print(args, &found);
    }
    Ok(Outcome::Done)
}

/// Reads the table once to see which of its rows the model knows.
fn overlap(
    args: &Evaluate,
    common: &Common,
    model: &Model,
    seen: &SeenRows,
    like: &mut tables::Like,
) -> Result<Overlap> {
    let mut reader = watch::reader(like.open(&args.data)?, "comparing rows with those of training", common);
    let (mut overlap, mut chosen) = (Overlap::default(), Chosen::default());
    while let Some(table) = reader.next_batch()? {
        overlap.add(model, seen, &chosen.rows(table, args)?);
    }
    Ok(overlap)
}

/// Says which of the rows were used in training.
fn say_overlap(overlap: &Overlap, own: bool, common: &Common) {
    let Overlap { rows, train, validation, test } = overlap;
    if own {
        if !common.quiet {
            render::log(&format!(
                "{train} of {rows} rows were trained on; figures are of the {test} test rows; --all-rows for all"
            ));
        }
    } else if train + validation > 0 {
        let chosen = if *validation == 0 {
            String::new()
        } else {
            format!(", and {validation} more decided which of its states was taken")
        };
        render::warn(&format!(
            "{train} of {rows} rows were trained on{chosen}: figures are better than they will be on new rows"
        ));
    }
}

fn print_json(
    args: &Evaluate,
    model: &Model,
    found: &Evaluated,
    overlap: Option<Overlap>,
    own: bool,
) -> Result<()> {
    let weights: Option<BTreeMap<&str, f64>> =
        found.fusion_weights.as_ref().map(|w| w.iter().map(|(name, w)| (name.as_str(), *w)).collect());
    let precision = model.precision();
    let precision: BTreeMap<&str, _> = precision.iter().map(|p| (p.part.as_str(), p.precision)).collect();
    let mut document = json!({
        "model": args.model,
        "data": args.data,
        "without": args.without,
        "precision": precision,
        "rows": if own { "test" } else { "all" },
        "seen": overlap,
        "test": found.without.as_ref().map_or(&found.metrics, |w| &w.metrics),
        "fusion_weights": weights,
    });
    if let Some(without) = &found.without {
        document["with"] = serde_json::to_value(&found.metrics)?;
        document["difference"] = json!({"metric": without.metric, "without_less_with": without.difference});
    }
    render::json(&document)
}

fn print(args: &Evaluate, found: &Evaluated) {
    match &found.without {
        None => render::out(&figures("test", &found.metrics)),
        Some(without) => {
            render::out(&figures("with every input", &found.metrics));
            render::out(&figures(&format!("without {}", args.without.join(", ")), &without.metrics));
            if let Some((value, (low, high))) = without.difference {
                render::out(&format!(
                    "{} without less with, row by row: {value:+.4}   95 % interval {low:+.4} to {high:+.4}",
                    without.metric
                ));
            }
        }
    }
    if let Some(weights) = &found.fusion_weights {
        let shares: Vec<String> = weights.iter().map(|(name, w)| format!("{name} {w:.3}")).collect();
        render::out(&format!("mean weight of each input: {}", shares.join(", ")));
    }
}

/// Rows whose column has a value, from `COLUMN=VALUE`.
#[derive(Default)]
struct Chosen {
    found: bool,
    /// Other values, to say which may have been meant.
    others: BTreeSet<String>,
}

/// Other values that are remembered.
const OTHERS: usize = 1000;

impl Chosen {
    fn rows(&mut self, table: Table, args: &Evaluate) -> Result<Table> {
        let Some(only) = &args.only else { return Ok(table) };
        let (column, value) =
            only.split_once('=').with_context(|| format!("--where {only}: expected COLUMN=VALUE"))?;
        let (index, _) = table.find(column)?;
        let mut rows = Vec::new();
        for row in 0..table.rows() {
            let cell = table.display(index, row);
            if cell == value {
                rows.push(row);
            } else if self.others.len() < OTHERS && !self.others.contains(cell.as_ref()) {
                self.others.insert(cell.into_owned());
            }
        }
        self.found |= !rows.is_empty();
        Ok(table.take(&rows)?)
    }

    fn check(&self, args: &Evaluate) -> Result<()> {
        if let (Some(only), false) = (&args.only, self.found) {
            let value = only.split_once('=').map_or("", |(_, value)| value);
            let others: Vec<String> = self.others.iter().filter(|o| !o.is_empty()).cloned().collect();
            anyhow::bail!(
                "--where {only}: no row of {} has it{}; there are {}",
                args.data.display(),
                suggest::hint(value, &others),
                suggest::list(value, &others)
            );
        }
        Ok(())
    }
}

/// Cells that could not be read are an error, or counted as missing with a warning if the user asked for that.
pub(crate) fn warn_bad(bad: &[(usize, String)], skip: bool) -> Result<()> {
    let Some((_, first)) = bad.first() else { return Ok(()) };
    anyhow::ensure!(skip, "{first} ({} such cells; take them as missing with --skip-bad-rows)", bad.len());
    render::warn(&format!("{} cells cannot be read and are taken as missing; the first: {first}", bad.len()));
    Ok(())
}
