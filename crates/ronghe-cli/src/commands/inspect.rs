//! `ronghe inspect DATA`

use crate::args::{Common, Inspect};
use crate::{Outcome, render, tables, watch};
use anyhow::Result;
use ronghe_data::profile::{ColumnProfile, LeakMeasure, Profile, Warning, profile};
use ronghe_data::read;

pub(crate) fn run(args: &Inspect, common: &Common) -> Result<Outcome> {
    let mut options = tables::read_options(&args.reading)?;
    options.labels.extend(args.target.clone());
    let reader = read::open(&args.data, &options)?;
    let mut reader = watch::reader(reader, "reading", common);
    let found = profile(&mut reader, args.target.as_deref())?;
    tables::report_skipped(&reader);
    if common.json {
        render::json(&found)?;
    } else {
        render::out(&table(&args.data.display().to_string(), &found));
    }
    Ok(Outcome::Done)
}

fn table(name: &str, profile: &Profile) -> String {
    let mut text = format!("{name}: {} rows, {} columns\n\n", profile.rows, profile.columns.len());
    let width =
        |f: fn(&ColumnProfile) -> String| profile.columns.iter().map(|c| render::display_width(&f(c))).max();
    let name_width = width(|c| c.name.clone()).unwrap_or(0).clamp(6, 30);
    text.push_str(&format!("{}  kind        missing  distinct  what\n", render::pad("column", name_width)));
    for column in &profile.columns {
        text.push_str(&format!(
            "{}  {:<10} {:>8}  {:>8}  {}\n",
            render::pad(&column.name, name_width),
            column.kind.name(),
            column.missing,
            if column.distinct.exact {
                column.distinct.count.to_string()
            } else {
                format!("~{}", column.distinct.count)
            },
            what(column)
        ));
    }
    if !profile.warnings.is_empty() {
        text.push_str("\nworth a look:\n");
    }
    for warning in &profile.warnings {
        text.push_str(&format!("  - {}\n", say(warning)));
    }
    text
}

fn what(column: &ColumnProfile) -> String {
    if let Some(n) = &column.number {
        return format!("{} to {}, mean {:.4}, std {:.4}", n.min, n.max, n.mean, n.std);
    }
    if let Some(d) = &column.date {
        return format!("{} to {}", d.min, d.max);
    }
    if !column.top.is_empty() {
        let top: Vec<String> =
            column.top.iter().take(4).map(|t| format!("{} ({})", t.value, t.rows)).collect();
        return top.join(", ");
    }
    column.examples.first().map_or(String::new(), |e| format!("{e:?}"))
}

fn say(warning: &Warning) -> String {
    match warning {
        Warning::Constant { column } => format!("`{column}` has one value only: drop it"),
        Warning::AllMissing { column } => format!("`{column}` has no value at all: drop it"),
        Warning::MostlyMissing { column, share } => {
            format!("`{column}` is missing in {:.0} % of rows", share * 100.0)
        }
        Warning::IdentifierLike { column } => {
            format!("`{column}` only names rows and is not used (overrule with --kind {column}=category)")
        }
        Warning::Leak { column, measure, value } => {
            let measure = match measure {
                LeakMeasure::Accuracy => "accuracy",
                LeakMeasure::Auc => "AUC",
                _ => "fit",
            };
            format!("`{column}` alone gives the target away ({measure} {value:.3}): was it known beforehand?")
        }
        Warning::Imbalance { column, most, least } => format!(
            "`{column}` is unbalanced: {} rows of {}, {} of {} (see training.class_weights)",
            most.rows, most.value, least.rows, least.value
        ),
        Warning::TargetMissing { column, rows } => {
            format!("{rows} rows have no `{column}`: they cannot be learned from")
        }
        Warning::DuplicateRows { rows } => {
            format!("{rows} rows repeat earlier ones: test rows may be known from training")
        }
        Warning::Reading(noticed) => tables::say(noticed),
        _ => format!("{warning:?}"),
    }
}
