//! One row explained.

use super::background::Background;
use super::levels::{Levels, Shares};
use super::masker::RowMasker;
use super::notes;
use super::{
    Cached, Check, Explanation, FORMAT, Game, Level, Link, MaskSpec, Opened, Options, Player, RowExplanation,
    RowGame, check,
};
use crate::{Error, Predictor, Result, TaskKind};
use ronghe_data::Table;

/// Explains rows of one table beside one background.
pub struct RowExplainer<'a> {
    predictor: &'a dyn Predictor,
    options: &'a Options,
    fields: Vec<Player>,
    background: Background,
}

impl<'a> RowExplainer<'a> {
    /// Looks at the background rows, once for all rows to explain.
    pub fn new(
        predictor: &'a dyn Predictor,
        background: &Table,
        options: &'a Options,
    ) -> Result<RowExplainer<'a>> {
        if options.link == Link::LogOdds && predictor.task().kind == TaskKind::Regression {
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
        let background = Background::new(background, &fields)?;
        Ok(RowExplainer { predictor, options, fields, background })
    }

    /// The explanation of a row (a table of one). `watch` is told now and then how many coalitions were evaluated.
    pub fn explain(&self, row: &Table, watch: &(dyn Fn(usize) + Sync)) -> Result<RowExplanation> {
        let (options, task) = (self.options, self.predictor.task());
        let conformed = self.background.conform(row)?;
        let (masker, leaves) = RowMasker::new(&conformed, &self.background, &self.fields, options)?;
        let number = row.row_number(0);
        let outputs = task.labels.len();
        // A game of sums, where the predictor begins with one and all is hidden feature by feature.
        let opened = match masker.fillers(leaves.players.len())?.zip(self.predictor.opening()?) {
            Some((fillers, opening)) => {
                Opened::new(opening, &leaves.players, &conformed, &fillers, outputs, options.link)?
            }
            None => None,
        };
        let players = leaves.players.clone();
        let plain = RowGame::new(self.predictor, Box::new(masker), players, outputs, options.link, number);
        let game: &dyn Game = opened.as_ref().map_or(&plain, |o| o);
        let cached = Cached::new(game).watched(watch);

        let mut levels = Levels::new(&cached, options, &self.fields, &leaves)?;
        let modalities = levels.modalities()?;
        let fields = match options.level {
            Level::Modalities => None,
            _ => Some(levels.fields(&modalities)?),
        };
        let parts = match &fields {
            Some(fields) => levels.parts(fields)?,
            None => None,
        };
        let synergy = levels.synergy()?;
        let beside = Options { least_span: levels.span(), ..options.clone() };
        let named =
            |s: Shares| Explanation::new(s.found, s.method, s.players, task, task.labels.clone(), &beside);
        let modalities = named(modalities)?;
        let mut found = RowExplanation {
            format: FORMAT.into(),
            file: row.path().display().to_string(),
            row: number,
            masker: options.masker.clone(),
            masks: leaves.masks,
            background: self.background.table.rows(),
            background_id: self.background.id.clone(),
            seed: options.seed,
            rows_predicted: plain.rows_predicted() + opened.as_ref().map_or(0, Opened::rows_predicted),
            fields: fields.map_or_else(|| Ok(modalities.clone()), named)?,
            modalities,
            parts: parts.map(named).transpose()?,
            synergy,
            check: None,
            notes: leaves.notes,
        };
        found.notes.extend(notes::of(&found, plain.clamped()));
        if options.check && options.level != Level::Modalities {
            let finest = found.finest();
            // Missing cells are listed, but do not play.
            let mut listed = finest.attributions.iter().map(|a| a[finest.explained]);
            let mut playing = Vec::with_capacity(leaves.players.len());
            for leaves in &leaves.of_field {
                playing.extend(listed.by_ref().take(leaves.len().max(1)).filter(|_| !leaves.is_empty()));
            }
            let faithfulness = check(&cached, &playing, finest.explained, options.seed)?;
            found.check = Some(Check::of(self, row, &found, faithfulness)?);
        }
        Ok(found)
    }

    pub(super) fn predictor(&self) -> &'a dyn Predictor {
        self.predictor
    }

    pub(super) fn options(&self) -> &'a Options {
        self.options
    }

    pub(super) fn background(&self) -> &Table {
        &self.background.table
    }

    /// How each column is masked.
    pub(super) fn specs(&self) -> Result<Vec<(String, MaskSpec)>> {
        let specs = self.options.specs(&self.fields)?;
        Ok(self.fields.iter().map(|f| f.name.clone()).zip(specs).collect())
    }
}

/// Takes the prediction for a row (a table of one) apart into what each modality, each column and each part of a cell added,
/// beside what the `background` rows say is usual.
pub fn explain_row(
    predictor: &dyn Predictor,
    row: &Table,
    background: &Table,
    options: &Options,
) -> Result<RowExplanation> {
    RowExplainer::new(predictor, background, options)?.explain(row, &|_| ())
}
