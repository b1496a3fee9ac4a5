//! One row explained.

use super::background::{Background, keys};
use super::blended::Blended;
use super::kept::{Known, Of, Paid, hex};
use super::levels::{Levels, Shares};
use super::masker::{Leaves, RowMasker};
use super::notes;
use super::rest::{Parted, Quicker};
use super::{
    Cached, Check, Evaluations, Explanation, FORMAT, Game, Level, Link, MaskSpec, Opened, Options, Player,
    Reuse, RowExplanation, RowGame, check,
};
use crate::{Error, Predictor, Result, TaskKind};
use ronghe_data::Table;
use sha2::{Digest, Sha256};

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
        Ok(self.play(row, watch, None)?.0)
    }

    /// The same with evaluations of coalitions that are kept, and kept after it.
    pub fn explain_kept(
        &self,
        row: &Table,
        watch: &(dyn Fn(usize) + Sync),
        kept: &Evaluations,
    ) -> Result<(RowExplanation, Reuse)> {
        self.play(row, watch, Some(kept))
    }

    fn play(
        &self,
        row: &Table,
        watch: &(dyn Fn(usize) + Sync),
        kept: Option<&Evaluations>,
    ) -> Result<(RowExplanation, Reuse)> {
        let (options, task) = (self.options, self.predictor.task());
        let (conformed, unread) = self.background.conform(row)?;
        let (masker, mut leaves) = RowMasker::new(&conformed, &self.background, &self.fields, options)?;
        leaves.notes.extend(unread);
        let number = row.row_number(0);
        let outputs = task.labels.len();
        let of = kept.map(|kept| self.of(kept, &conformed, &leaves)).transpose()?;
        let known = match kept.zip(of.as_ref()) {
            Some((kept, of)) => kept.read(number, of)?,
            None => Known::new(),
        };
        // A game of sums, where the predictor begins with one and all is hidden feature by feature.
        let gradual = options.explainer(leaves.players.len())?.gradual();
        let fillers = if gradual { None } else { masker.fillers(leaves.players.len())? };
        let opened = match fillers {
            Some(fillers) => match self.predictor.opening()? {
                Some(opening) => {
                    let parts = &leaves.players[..leaves.only_rest().unwrap_or(leaves.players.len())];
                    Opened::new(opening, parts, &conformed, &fillers, outputs, options.link)?
                        .map(|game| (game, fillers.rows()))
                }
                None => None,
            },
            None => None,
        };
        let slopes = if gradual && !leaves.players.is_empty() { self.predictor.slopes()? } else { None };
        let ends = slopes.is_some().then(|| masker.ends(leaves.players.len())).transpose()?;
        let players = leaves.players.clone();
        let plain = RowGame::new(self.predictor, Box::new(masker), players, outputs, options.link, number)
            .knowing(known.iter().map(|(c, paid)| (c.clone(), paid.clamped)));
        let blended = match slopes.zip(ends.as_ref()) {
            Some((slopes, (shown, hidden))) => {
                Some(Blended::new(&plain, slopes, &leaves.players, (shown, hidden), options.link)?)
            }
            None => None,
        };
        let quicker;
        let game: &dyn Game = match (&blended, &opened) {
            (Some(blended), _) => blended,
            (None, Some((opened, _))) if leaves.only_rest().is_some() => {
                quicker = Quicker { all: &plain, parts: opened };
                &quicker
            }
            (None, Some((opened, _))) => opened,
            (None, None) => &plain,
        };
        let cached = Cached::new(game).watched(watch).knowing(known.into_iter().map(|(c, p)| (c, p.values)));

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
            masks: std::mem::take(&mut leaves.masks),
            fills: std::mem::take(&mut leaves.fills),
            background: self.background.table.rows(),
            background_id: self.background.id.clone(),
            seed: options.seed,
            rows_predicted: match &opened {
                Some((_, fillers)) => cached.evaluated() * fillers,
                None => cached.sum(&|c| plain.rows(c)) + blended.as_ref().map_or(0, Blended::rows_predicted),
            },
            fields: fields.map_or_else(|| Ok(modalities.clone()), named)?,
            modalities,
            parts: parts.map(named).transpose()?,
            synergy,
            check: None,
            notes: std::mem::take(&mut leaves.notes),
        };
        found.notes.extend(notes::of(&found, cached.sum(&|c| plain.clamped(c) as usize)));
        if options.check && options.level != Level::Modalities {
            let finest = found.finest();
            // Missing cells are listed, but do not play.
            let mut listed = finest.attributions.iter().map(|a| a[finest.explained]);
            let mut playing = Vec::with_capacity(leaves.players.len());
            for leaves in &leaves.of_field {
                playing.extend(listed.by_ref().take(leaves.len().max(1)).filter(|_| !leaves.is_empty()));
            }
            let fields = 0..leaves.of_field.len();
            let rests: Vec<_> =
                fields.filter(|&f| leaves.has_rest(f)).map(|f| leaves.of_field[f].clone()).collect();
            let parted = Parted::new(&cached, &rests);
            let faithfulness = check(&parted, &parted.shares(&playing), finest.explained, options.seed)?;
            found.check = Some(Check::of(self, row, &found, faithfulness)?);
        }
        let new = cached.computed();
        let mut reuse = Reuse { taken: cached.evaluated() - new, new, kept: false };
        if let Some((kept, of)) = kept.zip(of) {
            let known = cached.into_known().map(|(c, values)| {
                let clamped = plain.clamped(&c);
                (c, Paid { values, clamped })
            });
            reuse.kept = kept.write(number, &of, &known.collect())?;
        }
        Ok((found, reuse))
    }

    /// What evaluations of the conformed row are of.
    fn of(&self, kept: &Evaluations, row: &Table, leaves: &Leaves) -> Result<Of> {
        let masks = leaves.masks.iter().zip(leaves.fills.values()).map(|((column, mask), fill)| {
            let whole = mask.starts_with("whole/");
            (column.clone(), if whole { mask.clone() } else { format!("{mask} in {fill}") })
        });
        let mut cells = Sha256::new();
        for field in &self.fields {
            keys(&row.select(&[&field.name])?).iter().for_each(|key| cells.update(key));
        }
        Ok(Of {
            ronghe: env!("CARGO_PKG_VERSION").into(),
            model: kept.model().to_owned(),
            row: hex(&cells.finalize()),
            background: self.background.id.clone(),
            masks: masks.collect(),
            players: leaves.players.len(),
            outputs: self.predictor.task().labels.len(),
            link: self.options.link,
            seed: self.options.seed,
        })
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
