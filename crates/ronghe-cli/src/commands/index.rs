//! `ronghe index PATH... --store DIR`

use crate::args::{Common, Index};
use crate::progress::Progress;
use crate::{Outcome, library, render, session};
use anyhow::Result;
use ronghe_knowledge::ask::{CALIBRATION_SETTING, calibrate};
use ronghe_knowledge::index::{Observer, Options, Report, index};
use ronghe_knowledge::retrieve::{WEIGHT_SETTING, fit};
use ronghe_knowledge::store::{FolderWriter, Store};
use ronghe_knowledge::{Embed, Error};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Questions made of the corpus on which search and confidence are fitted.
const QUESTIONS: usize = 60;
/// They are fitted again once one in so many documents is new.
const REFIT: u64 = 10;
/// Files that could not be read, and notes, that are listed.
const SHOWN: usize = 20;
/// Name under which a store keeps how many documents had been written when that was done.
pub(super) const FITTED_AT: &str = "fitted_at";

pub(crate) fn run(args: &Index, common: &Common) -> Result<Outcome> {
    let stop = session::stop_signal()?;
    let network = library::network_for(&args.network, Some(&args.store), common)?;
    let embed: Option<&dyn Embed> = network.as_ref().map(|e| e as &dyn Embed);
    loop {
        let report = once(args, common, embed, &stop)?;
        if let Some(network) = network.as_ref().filter(|_| report.read > 0 && !common.quiet) {
            render::log(&format!("vectors: {}", network.precision()));
        }
        let Some(seconds) = args.watch else { return Ok(Outcome::Done) };
        if report.read + report.removed + report.moved > 0 {
            render::log(&format!("looking again every {seconds} s; Ctrl-C ends it"));
        }
        for _ in 0..seconds * 10 {
            if stop.load(Ordering::Relaxed) {
                return Ok(Outcome::Done);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn once(args: &Index, common: &Common, embed: Option<&dyn Embed>, stop: &Arc<AtomicBool>) -> Result<Report> {
    let network = embed.map(|e| (e.name(), e.width()));
    let (mut writer, repair) = FolderWriter::open(&args.store, network)?;
    repair.done.iter().for_each(|done| render::warn(done));
    let options = Options { domain: args.domain.clone(), ..Options::default() };
    let mut reader = library::reader()?;
    let mut seen = Seen::new(common, stop);
    let report = index(
        &mut writer,
        &args.paths,
        &options,
        &library::is_known,
        &mut |path| reader.read(path),
        embed,
        &mut seen,
    )?;
    fit_where_new(&writer, embed, &mut seen)?;
    seen.end();
    if common.json {
        render::json(&report)?;
    } else if args.watch.is_none() || report.read + report.removed + report.moved > 0 {
        render::out(&rendered(&report));
    }
    Ok(report)
}

/// Fits the weight of meaning and the confidence of answers, where that was not done or many documents are new since.
pub(super) fn fit_where_new(writer: &FolderWriter, embed: Option<&dyn Embed>, seen: &mut Seen) -> Result<()> {
    let fitted_at = writer.store().setting(FITTED_AT)?.and_then(|at| at.parse::<u64>().ok());
    let stats = writer.store().stats()?;
    let old = fitted_at.is_none_or(|at| stats.written.saturating_sub(at) * REFIT > stats.documents);
    if stats.documents == 0 || !old {
        return Ok(());
    }
    if let Some(fitted) = fit(writer.store(), embed, QUESTIONS, 0)? {
        writer.set(WEIGHT_SETTING, &fitted.weight.to_string())?;
    }
    let mut step = |done: usize, total: usize| seen.progress(done, total, "calibrating answers");
    if let Some(fitted) = calibrate(writer.store(), embed, QUESTIONS, 0, &mut step)? {
        writer.set(CALIBRATION_SETTING, &serde_json::to_string(&fitted)?)?;
    }
    Ok(writer.set(FITTED_AT, &stats.written.to_string())?)
}

fn rendered(report: &Report) -> String {
    let mut text = format!(
        "{} files read, {} as they were, {} moved, {} gone; {} documents in {} passages\n",
        report.read, report.unchanged, report.moved, report.removed, report.documents, report.chunks
    );
    if !report.skipped.is_empty() {
        let kinds: Vec<String> = report.skipped.iter().map(|(end, n)| format!("{n} {end}")).collect();
        text += &format!("left out, for no reader knows them: {}\n", kinds.join(", "));
    }
    if report.empty > 0 {
        text += &format!("without any text in or beside them: {}\n", report.empty);
    }
    let named = |path: &str, why: &str| {
        if why.starts_with(path) { why.to_owned() } else { format!("{path}: {why}") }
    };
    for (path, why) in report.failed.iter().take(SHOWN) {
        text += &format!("not read: {}\n", named(path, why));
    }
    if report.failed.len() > SHOWN {
        text += &format!("and {} more: `ronghe store stats DIR` lists them\n", report.failed.len() - SHOWN);
    }
    for (path, note) in report.notes.iter().take(SHOWN) {
        text += &format!("note: {}\n", named(path, note));
    }
    if report.notes.len() > SHOWN {
        text += &format!("and {} notes more: `--json` lists them\n", report.notes.len() - SHOWN);
    }
    text
}

/// Shows how far it is, and stops where the user asked.
pub(super) struct Seen {
    progress: Progress,
    stop: Arc<AtomicBool>,
    ready: usize,
    /// Files dealt with, of how many.
    at: (usize, usize),
    quiet: bool,
}

impl Seen {
    pub(super) fn new(common: &Common, stop: &Arc<AtomicBool>) -> Seen {
        Seen {
            progress: Progress::new(common.quiet),
            stop: stop.clone(),
            ready: 0,
            at: (0, 0),
            quiet: common.quiet,
        }
    }

    pub(super) fn end(&mut self) {
        self.progress.end();
    }
}

impl Observer for Seen {
    fn progress(&mut self, done: usize, total: usize, message: &str) -> ronghe_knowledge::Result<()> {
        self.at = (done, total);
        self.progress.step("indexing", done, total, message);
        if self.stop.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }

    fn ready(&mut self, files: usize) {
        self.ready += files;
        if !self.quiet {
            let (done, total) = self.at;
            let left = self.progress.left(done, total);
            self.progress.line(&format!("ready: {} files, {done} of {total} looked at{left}", self.ready));
        }
    }
}
