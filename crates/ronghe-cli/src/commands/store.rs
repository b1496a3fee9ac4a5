//! `ronghe store check|repair|compact|stats|export|migrate DIR`

use super::index::{FITTED_AT, Seen};
use crate::args::{Common, Store, StoreCommand};
use crate::{Outcome, library, render, session};
use anyhow::{Result, bail};
use ronghe_knowledge::Embed;
use ronghe_knowledge::ask::{CALIBRATION_SETTING, Confidence};
use ronghe_knowledge::index::complete;
use ronghe_knowledge::retrieve::WEIGHT_SETTING;
use ronghe_knowledge::store::{self, Filter, FolderStore, FolderWriter, Stats, Store as _};
use serde_json::json;

pub(crate) fn run(args: &Store, common: &Common) -> Result<Outcome> {
    match &args.what {
        StoreCommand::Check(of) => {
            let health = store::check(&of.store)?;
            if common.json {
                let mend = &health.mend;
                render::json(&json!({"checked": health.checked, "problems": health.problems, "mend": mend}))?;
            } else {
                health.checked.iter().for_each(|line| render::out(&format!("looked at: {line}")));
                health.problems.iter().for_each(|line| render::out(&format!("problem: {line}")));
                health.mend.iter().for_each(|line| render::out(&format!("to do: {line}")));
            }
            match health.problems.len() {
                0 => Ok(Outcome::Done),
                n => bail!("{}: {n} problems; {}", of.store.display(), health.mend.join("; then ")),
            }
        }
        StoreCommand::Repair(of) => {
            let repair = store::repair(&of.store)?;
            // What is left is what only indexing brings back.
            let left = store::check(&of.store)?.problems;
            if common.json {
                render::json(&json!({"done": repair.done, "left": left}))?;
            } else {
                repair.done.iter().for_each(|line| render::out(&format!("found and mended: {line}")));
                left.iter().for_each(|line| render::out(&format!("left: {line}: index again")));
                if repair.done.is_empty() && left.is_empty() {
                    render::out("nothing to mend");
                }
            }
            Ok(Outcome::Done)
        }
        StoreCommand::Compact(of) => {
            let network = FolderStore::open(&of.store)?.made_with();
            let named = network.as_ref().map(|(name, width)| (name.as_str(), *width));
            let (mut writer, repair) = FolderWriter::open(&of.store, named)?;
            repair.done.iter().for_each(|done| render::warn(done));
            let (before, after) = writer.compact()?;
            match common.json {
                true => render::json(&json!({"before": before, "after": after}))?,
                false => render::out(&format!("{before} bytes before, {after} after")),
            }
            Ok(Outcome::Done)
        }
        StoreCommand::Stats(of) => {
            let store = FolderStore::open(&of.store)?;
            show(&store, common)?;
            Ok(Outcome::Done)
        }
        StoreCommand::Export(of) => {
            let store = FolderStore::open(&of.store)?;
            for id in store.documents(&Filter::default())? {
                let Some(stored) = store.document(id)? else { continue };
                let chunks = store.chunks(&store.chunks_of(id)?)?;
                let line = json!({
                    "path": stored.path,
                    "domain": stored.domain,
                    "title": stored.document.title,
                    "date": stored.document.date,
                    "text": stored.document.text,
                    "chunks": chunks.iter().map(|c| &c.chunk).collect::<Vec<_>>(),
                });
                render::out(&line.to_string());
                render::finish()?;
            }
            Ok(Outcome::Done)
        }
        StoreCommand::Migrate(of) => {
            FolderStore::open(&of.store)?;
            let network = library::network_for(&of.network, Some(&of.store), common)?;
            let embed = network.as_ref().map(|n| n as &dyn Embed);
            let stop = session::stop_signal()?;
            let mut seen = Seen::new(common, &stop);
            let named = embed.map(|e| (e.name(), e.width()));
            let (mut writer, repair) =
                FolderWriter::migrate(&of.store, named, &[WEIGHT_SETTING, CALIBRATION_SETTING, FITTED_AT])?;
            repair.done.iter().for_each(|done| render::warn(done));
            complete(&mut writer, embed, &mut seen)?;
            super::index::fit_where_new(&writer, embed, &mut seen)?;
            seen.end();
            show(writer.store(), common)?;
            Ok(Outcome::Done)
        }
    }
}

/// How much there is, and from which confidence on it is answered.
fn show(store: &FolderStore, common: &Common) -> Result<()> {
    let (stats, confidence) = (store.stats()?, Confidence::of(store)?);
    if common.json {
        let mut told = serde_json::to_value(&stats)?;
        let answers = json!({
            "threshold": confidence.threshold,
            "unsure": confidence.unsure,
            "fitted": confidence.fitted,
        });
        if let Some(told) = told.as_object_mut() {
            told.insert("answers".to_owned(), answers);
        }
        return render::json(&told);
    }
    let mut text = rendered(&stats, store.network());
    text +=
        &format!("answers begin at {:.2}, unsure ones at {:.2}: ", confidence.threshold, confidence.unsure);
    text += &match &confidence.fitted {
        Some(fitted) => format!(
            "fitted on {} questions made of these passages ({:.2} answered, {:.2} refused with their document hidden)\n",
            fitted.questions, fitted.held_out.0, fitted.held_out.1
        ),
        None => "as built in, for these passages are too few to make questions of\n".to_owned(),
    };
    render::out(&text);
    Ok(())
}

fn rendered(stats: &Stats, network: Option<&str>) -> String {
    let mut text = format!(
        "{} files, {} documents, {} passages, {} bytes of text\nvectors: {} ({})\n",
        stats.files,
        stats.documents,
        stats.chunks,
        stats.text_bytes,
        stats.vectors,
        network.unwrap_or("no network: words only")
    );
    for (title, counts) in [("domains", &stats.domains), ("languages of passages", &stats.languages)] {
        let counts: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
        text += &format!("{title}: {}\n", counts.join(", "));
    }
    for (path, why) in &stats.failures {
        text += &format!("not read: {path}: {why}\n");
    }
    text
}
