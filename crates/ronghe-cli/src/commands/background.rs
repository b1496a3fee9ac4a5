//! The background of explanations: rows that say what is usual.

use crate::args::{ChosenModel, Explain};
use crate::render;
use crate::session::Asked;
use anyhow::{Result, bail};
use ronghe::artifact;
use ronghe::explain::background_rows;
use ronghe_data::Table;

/// Fewer rows than these do not say what is usual.
pub(crate) const FEW: usize = 30;

/// Background rows, and where they come from.
pub(crate) struct Background {
    /// The rows.
    pub(crate) rows: Table,
    /// In words, for the report.
    pub(crate) from: String,
}

/// The training rows that a saved model keeps.
pub(crate) fn kept(chosen: &ChosenModel) -> Result<Option<Table>> {
    Ok(chosen.model.as_deref().map(artifact::background).transpose()?.flatten())
}

/// The background that an explanation is to use: that of `--background-data`, else the rows that the model keeps, else those of the
/// table at hand.
pub(crate) fn choose(args: &Explain, asked: &Asked, table: &Table) -> Result<Background> {
    let drawn = |rows: &Table, from: String| -> Result<Background> {
        Ok(Background { rows: background_rows(rows, args.background, args.seed)?, from })
    };
    let few = |rows: usize| format!("{rows} rows say little of what is usual (at least {FEW} would)");
    if let Some(path) = &args.background_data {
        let from = asked.table(path, &args.reading)?;
        if from.rows() < FEW {
            render::warn(&format!("{}: {} as background", path.display(), few(from.rows())));
        }
        return drawn(&from, path.display().to_string());
    }
    if let Some(kept) = kept(&args.chosen)? {
        if kept.rows() < FEW {
            render::warn(&format!(
                "the model keeps {} training rows: {}; more come from --background-data FILE",
                kept.rows(),
                few(kept.rows())
            ));
        }
        return drawn(&kept, "training rows kept in the model".into());
    }
    let data = args.data.display();
    let rows = table.rows();
    match asked {
        Asked::Saved(_) if rows < FEW => bail!(
            "{data}: {rows} rows as background: expected at least {FEW}, for the model keeps no training rows that say what is \
             usual; give such rows with --background-data FILE, or train again with artifact.background=100"
        ),
        _ if rows < FEW => render::warn(&format!(
            "{data}: {} as background; a row explained beside others has other values: give the rows it was trained on with \
             --background-data FILE",
            few(rows)
        )),
        _ => {}
    }
    drawn(table, data.to_string())
}
