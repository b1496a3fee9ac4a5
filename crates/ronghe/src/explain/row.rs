//! One row explained.

use super::draw::Draw;
use super::{
    Cached, Explanation, FORMAT, Grouped, Link, MaskerInput, Options, Player, RowExplanation, RowGame,
};
use crate::{Error, Predictor, Result, TaskKind};
use ronghe_data::Table;

/// Takes the prediction for a row (a table of one) apart into what each column and what each modality added, beside
/// what the `background` rows say is usual.
///
/// The game of modalities is played within the game of columns: its coalitions are evaluated once for both.
pub fn explain_row(
    predictor: &dyn Predictor,
    row: &Table,
    background: &Table,
    options: &Options,
) -> Result<RowExplanation> {
    let task = predictor.task();
    if options.link == Link::LogOdds && task.kind == TaskKind::Regression {
        return Err(Error::Setting {
            place: "explain".into(),
            setting: "link".into(),
            expected: "identity, for a quantity has no odds".into(),
            found: "log_odds".into(),
        });
    }
    let fields = Player::fields(predictor.inputs());
    if fields.is_empty() {
        return Err(Error::Explain {
            what: "inputs of the predictor".into(),
            expected: "at least one column".into(),
            found: "none".into(),
            mend: "explain a model with inputs".into(),
        });
    }
    let spec = options.masker()?;
    let masker = (spec.build)(&MaskerInput { row, background, players: &fields })?;
    let outputs = task.labels.clone();
    let game = RowGame::new(predictor, masker, fields.len(), outputs.len(), options.link);
    let cached = Cached::new(&game);

    let explainer = options.explainer(fields.len())?;
    let found = explainer.explain(&cached, options)?;
    let (modalities, groups) = Player::modalities(&fields);
    let by_field = Explanation::new(found, explainer.name(), fields, task, outputs.clone(), options)?;

    // A handful of modalities is always counted whole, unless sampling was asked for by name.
    let grouped = Grouped::new(&cached, groups);
    let explainer = options.explainer(modalities.len())?;
    let found = explainer.explain(&grouped, options)?;
    let by_modality = Explanation::new(found, explainer.name(), modalities, task, outputs, options)?;

    Ok(RowExplanation {
        format: FORMAT.into(),
        file: row.path().display().to_string(),
        row: row.row_number(0),
        masker: spec.name.into(),
        background: background.rows(),
        seed: options.seed,
        rows_predicted: game.rows_predicted(),
        modalities: by_modality,
        fields: by_field,
        parts: None,
        synergy: Vec::new(),
    })
}

/// At most `size` rows of a table, drawn without putting back, in their order in the table.
pub fn background_rows(table: &Table, size: usize, seed: u64) -> Result<Table> {
    let mut chosen = Draw::new(seed).order(table.rows());
    chosen.truncate(size);
    chosen.sort_unstable();
    Ok(table.take(&chosen)?)
}
