//! `ronghe quickstart`: the main job in one command.

use super::{explain, pull, train};
use crate::args::{Common, Quickstart};
use crate::progress::Progress;
use crate::{Outcome, render, session, tables};
use anyhow::Result;
use ronghe::catalogue::{self, Cache};
use ronghe::config::{Written, resolve};
use ronghe::explain::{Options, background_rows, explain_row};
use ronghe::report::{self, Command, Note, ReportData, gather, text};
use ronghe::study::{Study, study};
use ronghe::train::{Event, FitOptions, Observer, save, split};
use ronghe::{Model, Predictor, artifact};
use ronghe_data::read::ReadOptions;
use ronghe_data::{Table, synth};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// What the quickstart learns from.
struct Set {
    title: &'static str,
    lead: &'static str,
    table: Table,
    config: &'static str,
    notes: Vec<Note>,
    /// How a user names this table on the command line.
    data: String,
    /// An input to be missed in the commands to try next.
    hidden: &'static str,
}

/// Rows of the synthetic set.
const SYNTHETIC_ROWS: usize = 2000;

pub(crate) fn run(args: &Quickstart, common: &Common) -> Result<Outcome> {
    let started = Instant::now();
    let stop = session::stop_signal()?;
    let cache = Cache::open(&session::cache_folder(common));
    let mut progress = Progress::new(common.quiet);
    let set = if args.offline { offline(args, Vec::new())? } else { online(args, &cache, common)? };

    let mut written = Written::parse(set.config, "quickstart")?;
    written.set("seed", &args.seed.to_string())?;
    let config = resolve(&written.config()?, &set.table, &|name| cache.path(name).is_some())?;
    show_schema(&set, &config, &mut progress);
    let data_hash = set.table.content_hash();
    let options = FitOptions {
        threads: common.threads,
        files: &|name| cache.find(name),
        vectors: Some(session::vectors(&cache)),
        data_hash: &data_hash,
        checkpoint: None,
        resume: false,
        skip_bad_rows: false,
        stop: &stop,
    };
    let rows = split(&config, &set.table)?;
    let studied = study(&config, &set.table, &rows, &options, &mut progress);
    progress.finish();
    let studied = studied?;
    let facts = train::facts(started, common);
    for model in &studied.models {
        save(&model.fitted, &data_hash, &facts, &args.out.join(&model.name))?;
    }

    let mut data = ReportData {
        title: set.title.into(),
        lead: set.lead.into(),
        notes: set.notes.clone(),
        results: gather::results(&studied),
        curves: gather::curves(&studied),
        confusion: studied.fused().and_then(gather::confusion),
        schema: gather::schema(&set.table, &config),
        commands: next_commands(&args.out, &set),
        ..ReportData::default()
    };
    if let Some(found) = data.results.as_ref().filter(|_| !common.json) {
        render::out(&text::results(found, render::style()));
        if let Some(gain) = &studied.gain {
            let (low, high) = gain.interval;
            let best = &gain.best_single;
            render::out(&format!(
                "fused less {best}, same rows: {:+.3} [{low:+.3}, {high:+.3}]\n",
                gain.value
            ));
        }
    }
    explain_rows(args, common, &set, &rows.test, &rows.train, &mut data, &mut progress)?;
    data.run = run_facts(args, &set, &rows, started);
    session::write_file(&args.out.join("report.html"), report::html(&data).as_bytes())?;
    finish(args, common, &studied, &data, started)?;
    Ok(Outcome::Done)
}

/// What the real set needs: the pictures and words, and the encoders that read them.
const ITEMS: [&str; 3] = ["emoji", "efficientnet-lite0", "minilm"];

/// The real set; or, where it cannot be fetched, the synthetic one, and says so.
fn online(args: &Quickstart, cache: &Cache, common: &Common) -> Result<Set> {
    for name in ITEMS {
        if let Err(error) = pull::fetch(name, cache, common) {
            let text =
                format!("{name} cannot be fetched, so the built-in synthetic set is used instead: {error}");
            return offline(args, vec![Note::Warning(text)]);
        }
    }
    let path = catalogue::prepare("emoji", cache)?;
    Ok(Set {
        title: "Quickstart: what kind of emoji is it?",
        lead: "The category is to be told from the picture, the words and a few columns. Columns that give the \
               answer away (sub-category, order) are left out.",
        table: tables::read_table(&path, &ReadOptions::default())?,
        config: include_str!("../../quickstart/emoji.yaml"),
        notes: Vec::new(),
        data: path.display().to_string(),
        hidden: "image",
    })
}

fn offline(args: &Quickstart, notes: Vec<Note>) -> Result<Set> {
    let table = synth::multimodal(SYNTHETIC_ROWS, args.seed, &synth::SynthConfig::default())?;
    let mut all = vec![Note::Remark(
        "This is the built-in synthetic set: pictures, tones, sentences and columns made from a seed, each with a \
         planted part of the answer. It shows that fusion works here, not how well it works on your data."
            .into(),
    )];
    all.extend(notes);
    let data = args.out.join("data.parquet");
    ronghe_data::write::write(&make_parent(&data)?, &table.to_batch()?)?;
    Ok(Set {
        title: "Quickstart: what do pictures, tones, sentences and columns know together?",
        lead: "Synthetic rows; the label is to be told from a picture, a tone, a sentence and a few columns.",
        table,
        config: include_str!("../../quickstart/synthetic.yaml"),
        notes: all,
        data: data.display().to_string(),
        hidden: "picture",
    })
}

fn make_parent(path: &Path) -> Result<std::path::PathBuf> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(path.to_owned())
}

fn show_schema(set: &Set, config: &ronghe::config::ModelConfig, progress: &mut Progress) {
    for note in &set.notes {
        match note {
            Note::Remark(text) => progress.event(&Event::Note(text)),
            Note::Warning(text) => progress.event(&Event::Warning(text)),
        }
    }
    progress.event(&Event::Note(&format!("{} rows; the schema that was found:", set.table.rows())));
    for row in gather::schema(&set.table, config) {
        let line = format!(
            "  {:<14} {:<11} {:>5} missing  {:<22} {}",
            row.column,
            row.kind.name(),
            row.missing,
            row.role,
            row.example
        );
        progress.event(&Event::Note(line.trim_end()));
    }
}

/// Explains three test rows, far apart, with the fused model.
fn explain_rows(
    args: &Quickstart,
    common: &Common,
    set: &Set,
    test: &[usize],
    train: &[usize],
    data: &mut ReportData,
    progress: &mut Progress,
) -> Result<()> {
    let folder = args.out.join("fused");
    let model = Model::new(artifact::load(&folder)?, common.threads)?;
    // The rows that `explain` takes too, so that both say the same.
    let background = match artifact::background(&folder)? {
        Some(kept) => kept,
        None => background_rows(&set.table.take(train)?, 100, args.seed)?,
    };
    let options = Options { seed: args.seed, ..Options::default() };
    let rows: BTreeSet<usize> =
        [test.first(), test.get(test.len() / 2), test.last()].into_iter().flatten().copied().collect();
    for (done, &row) in rows.iter().enumerate() {
        progress.step("explaining rows", done, rows.len(), "");
        let found = explain_row(&model, &set.table.slice(row, 1), &background, &options)?;
        if !common.json {
            progress.end();
            render::out(&explain::rendered(&found));
        }
        data.rows.push(gather::explained(&set.table, row, model.task(), model.inputs(), found));
    }
    progress.end();
    Ok(())
}

fn next_commands(out: &Path, set: &Set) -> Vec<Command> {
    let Set { data, hidden, .. } = set;
    let fused = out.join("fused");
    let command = |purpose: &str, line: String| Command { purpose: purpose.into(), line };
    vec![
        command("see what a table of your own holds", "ronghe inspect YOUR.csv --target COLUMN".into()),
        command("train on it", "ronghe train --data YOUR.csv --target COLUMN --out my-model".into()),
        command(
            "predict with the model just made",
            format!("ronghe predict {} --data {data}", fused.display()),
        ),
        command(
            "explain more rows",
            format!("ronghe explain {} --data {data} --rows 10 --out why", fused.display()),
        ),
        command(
            "see how it does when an input is missing",
            format!("ronghe evaluate {} --data {data} --without {hidden}", fused.display()),
        ),
    ]
}

fn run_facts(
    args: &Quickstart,
    set: &Set,
    rows: &ronghe_data::Split,
    started: Instant,
) -> Vec<(String, String)> {
    vec![
        ("rows".into(), set.table.rows().to_string()),
        ("training rows".into(), rows.train.len().to_string()),
        ("validation rows".into(), rows.validation.len().to_string()),
        ("test rows".into(), rows.test.len().to_string()),
        ("seed".into(), args.seed.to_string()),
        ("seconds".into(), format!("{:.1}", started.elapsed().as_secs_f64())),
        ("processor".into(), ronghe::cpu()),
        ("ronghe".into(), env!("CARGO_PKG_VERSION").into()),
    ]
}

fn finish(
    args: &Quickstart,
    common: &Common,
    studied: &Study,
    data: &ReportData,
    started: Instant,
) -> Result<()> {
    if common.json {
        return render::json(&json!({
            "models": studied.models.iter().map(|m| m.row()).collect::<Vec<_>>(),
            "gain": studied.gain,
            "explanations": data.rows.iter().map(|r| &r.explanation).collect::<Vec<_>>(),
            "report": args.out.join("report.html"),
            "seconds": started.elapsed().as_secs_f64(),
        }));
    }
    let mut text = format!("\nreport: {}\n\nnext:\n", args.out.join("report.html").display());
    for command in &data.commands {
        text.push_str(&format!("  {:<44} # {}\n", command.line, command.purpose));
    }
    render::out(&text);
    Ok(())
}
