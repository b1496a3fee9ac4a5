//! `ronghe evaluate-search SET`

use super::index::Seen;
use crate::args::{Common, EvaluateSearch};
use crate::{Outcome, library, render, session};
use anyhow::{Context, Result};
use ronghe_knowledge::Embed;
use ronghe_knowledge::chunk;
use ronghe_knowledge::document::{BlockKind, Document, Place};
use ronghe_knowledge::evaluate::{Beir, Interval, SearchFigures, beir, search_figures};
use ronghe_knowledge::index::{Item, Observer, add};
use ronghe_knowledge::retrieve::{WEIGHT_SETTING, fit};
use ronghe_knowledge::store::{FolderStore, FolderWriter, Store};
use std::path::{Path, PathBuf};

/// Queries made of the passages on which the fused ranking is fitted.
const QUESTIONS: usize = 200;

pub(crate) fn run(args: &EvaluateSearch, common: &Common) -> Result<Outcome> {
    let set = beir(&args.set, &args.split)?;
    let room = match &args.store {
        Some(folder) => Room { folder: folder.clone(), kept: true },
        None => Room::temporary()?,
    };
    let network = library::network_for(&args.network, args.store.as_deref(), common)?;
    let embed = network.as_ref().map(|n| n as &dyn Embed);
    let figures = figures(&set, &room.folder, embed, common)?;
    if common.json {
        render::json(&figures)?;
    } else {
        render::out(&rendered(&figures));
    }
    Ok(Outcome::Done)
}

fn figures(set: &Beir, folder: &Path, embed: Option<&dyn Embed>, common: &Common) -> Result<SearchFigures> {
    let stop = session::stop_signal()?;
    let mut seen = Seen::new(common, &stop);
    let (mut writer, repair) = FolderWriter::open(folder, embed.map(|e| (e.name(), e.width())))?;
    repair.done.iter().for_each(|done| render::warn(done));
    let items = set.corpus.iter().map(|p| {
        let mut document =
            Document { title: Some(p.title.clone()).filter(|t| !t.is_empty()), ..Document::default() };
        document.push(BlockKind::Paragraph, &p.text, Place::default());
        Item { name: p.id.clone(), domain: "passages".into(), document }
    });
    let report = add(&mut writer, items.collect(), &chunk::Options::default(), embed, &mut seen)?;
    let fitted = writer.store().setting(WEIGHT_SETTING)?.is_some();
    if (report.read > 0 || !fitted)
        && let Some(fitted) = fit(writer.store(), embed, QUESTIONS, 0)?
    {
        writer.set(WEIGHT_SETTING, &fitted.weight.to_string())?;
    }
    drop(writer);
    let store = FolderStore::open(folder)?;
    let figures =
        search_figures(&store, embed, set, &mut |done, total| seen.progress(done, total, "questions"))?;
    seen.end();
    Ok(figures)
}

/// A folder of a store, removed in the end unless it was asked for.
struct Room {
    folder: PathBuf,
    kept: bool,
}

impl Room {
    fn temporary() -> Result<Room> {
        let folder = std::env::temp_dir().join(format!("ronghe-evaluate-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("{}", folder.display()))?;
        Ok(Room { folder, kept: false })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.kept {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}

fn rendered(figures: &SearchFigures) -> String {
    let mut text = format!(
        "{} questions, {} passages; nDCG@10 with 95 % intervals\n\n{:<9} {:>24} {:>10} {:>11} {:>7}\n",
        figures.questions, figures.passages, "by", "nDCG@10", "recall@10", "recall@100", "MRR@10"
    );
    for way in &figures.ways {
        text += &format!(
            "{:<9} {:>24} {:>10.3} {:>11.3} {:>7.3}\n",
            way.name,
            interval(&way.ndcg10),
            way.mean.recall10,
            way.mean.recall100,
            way.mean.mrr10
        );
    }
    if let Some(over) = &figures.fused_over_best_leg {
        text += &format!("\nfused less the better of words and meaning: {} nDCG@10\n", signed(over));
    }
    if let Some(weight) = figures.weight {
        text += &format!("weight of meaning, fitted: {weight:.3}\n");
    }
    let [half, most] = figures.milliseconds;
    text += &format!("a search: median {half:.1} ms, 99 % below {most:.1} ms\n");
    if figures.missing > 0 {
        text += &format!("{} graded passages are not in the set and cannot be found\n", figures.missing);
    }
    text
}

/// A mean and its interval.
pub(super) fn interval(found: &Interval) -> String {
    format!("{:.3} ({:.3} to {:.3})", found.mean, found.low, found.high)
}

/// The same for a difference.
pub(super) fn signed(found: &Interval) -> String {
    format!("{:+.4} ({:+.4} to {:+.4})", found.mean, found.low, found.high)
}
