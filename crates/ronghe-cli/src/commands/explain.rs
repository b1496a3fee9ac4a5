//! `ronghe explain MODEL --data FILE`

use super::background;
use crate::args::{Common, Explain};
use crate::progress::Progress;
use crate::session::Asked;
use crate::{Outcome, outputs, render, session};
use anyhow::{Context, Result, bail};
use ronghe::Predictor;
use ronghe::explain::{Evaluations, Level, Link, Options, Reuse, RowExplainer, RowExplanation, export};
use ronghe::report::{self, ReportData, gather, text};
use ronghe_data::{Table, suggest, write};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Files in the folder of `--out`.
const WRITTEN: [&str; 4] = ["report.html", "explanations.json", "explanations.npz", "explanations.parquet"];

pub(crate) fn run(args: &Explain, common: &Common) -> Result<Outcome> {
    if let Some(folder) = &args.out {
        let inputs: Vec<&Path> =
            [&args.data].into_iter().chain(&args.background_data).map(|p| p.as_path()).collect();
        outputs::refuse_inputs_in("--out", folder, &WRITTEN, &inputs)?;
    }
    let asked = Asked::open(&args.chosen, common)?;
    let model = asked.predictor();
    let options = options(args)?;
    let class = args.class.as_deref().map(|name| class(name, model)).transpose()?;
    let table = asked.table(&args.data, &args.reading)?;
    let rows = rows(&args.rows, table.rows())?;
    if rows.is_empty() {
        bail!("{}: there is no row to explain", args.data.display());
    }
    let background = background::choose(args, &asked, &table)?;
    let explainer = RowExplainer::new(model, &background.rows, &options)?;
    let kept = match &args.out {
        Some(folder) => {
            let model = asked.fingerprint(&args.chosen, &background.rows)?;
            Some(Evaluations::new(&folder.join("evaluations"), &model, args.resume))
        }
        None => None,
    };
    let mut reused = Vec::new();
    let progress = Mutex::new(Progress::new(common.quiet));
    let mut found = Vec::new();
    for (done, &row) in rows.iter().enumerate() {
        let started = Instant::now();
        let say = |message: &str| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.step("explaining rows", done, rows.len(), message);
        };
        say("");
        let watch = |evaluated: usize| {
            let speed = evaluated as f64 / started.elapsed().as_secs_f64().max(1e-3);
            say(&format!("{evaluated} evaluations, {speed:.0}/s"));
        };
        let one = table.slice(row, 1);
        let mut explained = match &kept {
            Some(kept) => {
                let (explained, reuse) = explainer.explain_kept(&one, &watch, kept)?;
                reused.push(reuse);
                explained
            }
            None => explainer.explain(&one, &watch)?,
        };
        if let Some(class) = class {
            explained.look_at(class);
        }
        found.push((row, explained));
    }
    progress.lock().unwrap_or_else(PoisonError::into_inner).end();
    say_reused(&reused, args.resume && !common.quiet);
    if let Some(folder) = &args.out {
        write_report(folder, args, &asked, &table, &background.from, &found)?;
        render::log(&format!("report in {}", folder.join("report.html").display()));
    }
    if common.json {
        render::json(&found.iter().map(|(_, e)| e).collect::<Vec<_>>())?;
    } else {
        for (_, e) in &found {
            render::out(&rendered(e));
        }
    }
    if !found.iter().all(|(_, e)| e.converged()) {
        render::warn("some standard errors are above the tolerance: raise --budget, or --tolerance");
        return Ok(Outcome::NotConverged);
    }
    Ok(Outcome::Done)
}

/// What a run that goes on took over, and rows that none can go on from.
fn say_reused(reused: &[Reuse], counts: bool) {
    if counts {
        let (taken, new) = reused.iter().fold((0, 0), |(taken, new), r| (taken + r.taken, new + r.new));
        render::log(&format!("evaluations: {taken} taken over, {new} new"));
    }
    let lost = reused.iter().filter(|r| !r.kept).count();
    if lost > 0 {
        render::warn(&format!(
            "evaluations of {lost} rows would take more than 64 MiB each and are not kept"
        ));
    }
}

fn options(args: &Explain) -> Result<Options> {
    let mut masks = BTreeMap::new();
    for given in &args.masks {
        let (column, spec) =
            given.rsplit_once('=').with_context(|| format!("--mask {given}: expected COLUMN=MASKER"))?;
        masks.insert(column.to_owned(), spec.to_owned());
    }
    // The parser takes these names only.
    let level = Level::ALL.into_iter().find(|(name, _)| *name == args.level);
    Ok(Options {
        method: args.method.clone(),
        masker: args.masker.clone(),
        level: level.map_or(Level::default(), |(_, level)| level),
        parts: args.parts.clone(),
        masks,
        link: if args.log_odds { Link::LogOdds } else { Link::Identity },
        tolerance: args.tolerance,
        budget: args.budget.unwrap_or(0) as usize,
        seed: args.seed,
        check: args.check,
        ..Options::default()
    })
}

/// The position of an output.
fn class(name: &str, model: &dyn Predictor) -> Result<usize> {
    let labels = &model.task().labels;
    let found = labels.iter().position(|l| l == name);
    found.with_context(|| {
        let (hint, names) = (suggest::hint(name, labels), suggest::list(name, labels));
        format!("--class {name}: expected one of {names}{hint}")
    })
}

/// A row for the terminal: a sentence, then the figures.
pub(crate) fn rendered(e: &RowExplanation) -> String {
    let style = render::style();
    format!("row {} of {}\n{}\n{}", e.row, e.file, text::sentence(e, style.language), text::row(e, style))
}

/// Row positions from 0: the first N, or a list counted from 1.
pub(super) fn rows(given: &str, total: usize) -> Result<Vec<usize>> {
    let number = |text: &str| {
        text.trim().parse::<usize>().ok().filter(|&n| n > 0).with_context(|| {
            format!(
                "--rows {given}: expected a number of rows or a list of row numbers from 1, found `{text}`"
            )
        })
    };
    if !given.contains(',') {
        return Ok((0..number(given)?.min(total)).collect());
    }
    let rows = given.split(',').filter(|t| !t.trim().is_empty()).map(number).collect::<Result<Vec<_>>>()?;
    if let Some(row) = rows.iter().find(|&&row| row > total) {
        bail!("--rows {given}: the table has {total} rows, there is no row {row}");
    }
    Ok(rows.into_iter().map(|row| row - 1).collect())
}

fn write_report(
    folder: &Path,
    args: &Explain,
    asked: &Asked,
    table: &Table,
    background: &str,
    found: &[(usize, RowExplanation)],
) -> Result<()> {
    let model = asked.predictor();
    let data = ReportData {
        title: format!("Why: {}", model.task().columns.join(", ")),
        lead: format!("{} rows of {} explained.", found.len(), args.data.display()),
        rows: found
            .iter()
            .map(|(row, e)| gather::explained(table, *row, model.task(), model.inputs(), e.clone()))
            .collect(),
        schema: match asked {
            Asked::Saved(model) => gather::schema(table, model.config()),
            _ => Vec::new(),
        },
        run: vec![
            ("model".into(), args.chosen.name()),
            ("background from".into(), background.to_owned()),
            ("background rows".into(), found.first().map_or(0, |(_, e)| e.background).to_string()),
            ("background".into(), found.first().map_or(String::new(), |(_, e)| e.background_id.clone())),
            ("seed".into(), args.seed.to_string()),
            ("ronghe".into(), env!("CARGO_PKG_VERSION").into()),
        ],
        ..ReportData::default()
    };
    session::write_file(&folder.join("report.html"), report::html(&data).as_bytes())?;
    let plots = report::plots(&data);
    for (name, picture) in &plots {
        session::write_file(&folder.join("plots").join(name), picture.as_bytes())?;
    }
    #[cfg(feature = "png")]
    if let Err(error) = write_png(&folder.join("plots"), &plots) {
        render::warn(&format!("no PNG files: {error}"));
    }
    let all: Vec<RowExplanation> = found.iter().map(|(_, e)| e.clone()).collect();
    session::write_file(&folder.join("explanations.npz"), &export::npz(&all)?)?;
    write::write(&folder.join("explanations.parquet"), &export::long(&all)?)?;
    session::write_file(&folder.join("explanations.json"), serde_json::to_string_pretty(&all)?.as_bytes())
}

/// The charts as PNG files, two pixels a unit.
#[cfg(feature = "png")]
fn write_png(folder: &Path, plots: &[(String, String)]) -> Result<()> {
    let rasterizer = report::Rasterizer::new()?;
    for (name, picture) in plots {
        let name = Path::new(name).with_extension("png");
        session::write_file(&folder.join(name), &rasterizer.png(picture, 2.0)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn rows_by_number_or_list() {
        assert_eq!(rows("3", 10).unwrap(), [0, 1, 2]);
        assert_eq!(rows("3", 2).unwrap(), [0, 1]);
        assert_eq!(rows("3,7,", 10).unwrap(), [2, 6]);
        for wrong in ["0", "x", "3,11", "-1"] {
            assert!(rows(wrong, 10).is_err(), "{wrong}");
        }
    }
}
