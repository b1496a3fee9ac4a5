//! `ronghe explain MODEL --data FILE`

use crate::args::{Common, Explain};
use crate::progress::Progress;
use crate::{Outcome, render, session};
use anyhow::{Context, Result, bail};
use ronghe::explain::{Link, Options, RowExplanation, background_rows, explain_row};
use ronghe::report::{self, ReportData, gather, text};
use ronghe::{Model, Predictor};
use ronghe_data::{Table, read};
use std::path::Path;

pub(crate) fn run(args: &Explain, common: &Common) -> Result<Outcome> {
    let model = session::open_model(&args.model, "f32", common)?;
    let reading = session::read_options(&args.reading)?;
    let mut reader = session::open_like(&args.data, &model, &reading)?;
    let table = read::collect(reader.as_mut(), &args.data)?;
    session::report_skipped(reader.as_ref());
    let rows = rows(&args.rows, table.rows())?;
    let background = background_rows(&table, args.background, args.seed)?;
    let options = Options {
        method: args.method.clone(),
        masker: args.masker.clone(),
        link: if args.log_odds { Link::LogOdds } else { Link::Identity },
        budget: args.budget,
        seed: args.seed,
        ..Options::default()
    };
    let mut progress = Progress::new(common.quiet);
    let mut found = Vec::new();
    for (done, &row) in rows.iter().enumerate() {
        progress.step("explaining rows", done, rows.len(), "");
        found.push((row, explain_row(&model, &table.slice(row, 1), &background, &options)?));
    }
    progress.end();
    let converged = found.iter().all(|(_, e)| e.modalities.converged && e.fields.converged);
    if let Some(folder) = &args.out {
        write_report(folder, args, &model, &table, &found)?;
        render::log(&format!("report in {}", folder.join("report.html").display()));
    }
    if common.json {
        render::json(&found.iter().map(|(_, e)| e).collect::<Vec<_>>())?;
    } else {
        for (_, e) in &found {
            render::out(&rendered(e));
        }
    }
    if !converged {
        render::warn("some standard errors are above the tolerance: raise --budget");
        return Ok(Outcome::NotConverged);
    }
    Ok(Outcome::Done)
}

/// Both levels of a row for the terminal; one if there is only one modality's worth to say.
pub(crate) fn rendered(e: &RowExplanation) -> String {
    let style = render::style();
    let mut out = format!("row {} of {}\n", e.row, e.file);
    if e.modalities.players.len() > 1 {
        out.push_str(&text::explanation(&e.modalities, style));
        out.push('\n');
    }
    out.push_str(&text::explanation(&e.fields, style));
    out
}

/// Row positions from 0: the first N, or a list counted from 1.
fn rows(given: &str, total: usize) -> Result<Vec<usize>> {
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
    model: &Model,
    table: &Table,
    found: &[(usize, RowExplanation)],
) -> Result<()> {
    let data = ReportData {
        title: format!("Why: {}", model.task().columns.join(", ")),
        lead: format!("{} rows of {} explained.", found.len(), args.data.display()),
        rows: found
            .iter()
            .map(|(row, e)| gather::explained(table, *row, model.task(), model.inputs(), e.clone()))
            .collect(),
        schema: gather::schema(table, model.config()),
        run: vec![
            ("model".into(), args.model.display().to_string()),
            ("background rows".into(), args.background.to_string()),
            ("seed".into(), args.seed.to_string()),
            ("ronghe".into(), env!("CARGO_PKG_VERSION").into()),
        ],
        ..ReportData::default()
    };
    session::write_file(&folder.join("report.html"), report::html(&data).as_bytes())?;
    let all: Vec<&RowExplanation> = found.iter().map(|(_, e)| e).collect();
    session::write_file(&folder.join("explanations.json"), serde_json::to_string_pretty(&all)?.as_bytes())
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
