//! `ronghe transfer-report DATA --target COLUMN`

use crate::args::{Common, TransferReport as Args};
use crate::progress::Progress;
use crate::{Outcome, render, session, tables};
use anyhow::Result;
use ronghe::catalogue::Cache;
use ronghe::probe::{
    Advice, Duel, InputReport, Nearness, Reason, ReportOptions, Score, TransferReport, Tried, transfer_report,
};

pub(crate) fn run(args: &Args, common: &Common) -> Result<Outcome> {
    let stop = session::stop_signal()?;
    let cache = Cache::open(&session::cache_folder(common));
    let mut reading = tables::read_options(&args.reading)?;
    let source = args.source.as_ref().map(|path| tables::read_table(path, &reading)).transpose()?;
    reading.labels.insert(args.target.clone());
    let table = tables::read_table(&args.data, &reading)?;
    let options = ReportOptions {
        input: args.input.as_deref(),
        rows: args.rows,
        source: source.as_ref(),
        scratch_seconds: args.scratch_seconds,
        seed: args.seed,
        threads: common.threads,
        files: &|name| cache.find(name),
        vectors: Some(session::vectors(&cache)),
        stop: &stop,
    };
    let mut progress = Progress::new(common.quiet);
    let found = transfer_report(&table, &args.target, &options, &mut progress);
    progress.end();
    let found = found?;
    if common.json {
        render::json(&found)?;
    } else {
        found.inputs.iter().for_each(|input| render::out(&text(&found, input)));
    }
    Ok(Outcome::Done)
}

/// Everything about one input.
fn text(report: &TransferReport, input: &InputReport) -> String {
    let mut text = format!("{} ({}): {} of {} rows", input.input, input.modality, input.rows, input.of_rows);
    if input.classes > 0 {
        text.push_str(&format!(", {} classes", input.classes));
    }
    text.push_str(&format!("; {} {:.3} without looking\n\n", report.metric, input.blind.value));
    text.push_str(&ranking(report, input));
    text.push_str(&domain(input));
    if let Some(duel) = &input.duel {
        text.push_str(&scratch(input, duel));
    }
    text.push_str(&format!("\n{}\n\n{}", because(input, &input.advice), input.yaml));
    text
}

/// The networks, best first.
fn ranking(report: &TransferReport, input: &InputReport) -> String {
    let names = input.ranked.iter().map(|t| t.name.len()).max().unwrap_or(0).max(10);
    let mut text = format!(
        "{:<names$}  {:>8}  {:<14}  {:>6}  {:>6}  {:>5}  {:>8}  {:>9}  {:>6}\n",
        "vectors of", report.metric, "95 % interval", "5-NN", "1-NN", "width", "seconds", "M weights", "MB"
    );
    for tried in &input.ranked {
        let size = match tried.plain {
            true => format!("{:>9}  {:>6}", "", ""),
            false => format!("{:>9.2}  {:>6.1}", tried.million_weights, tried.megabytes),
        };
        text.push_str(&format!(
            "{:<names$}  {:>8.3}  {:<14}  {:>6.3}  {:>6.3}  {:>5}  {:>8}  {size}",
            tried.name,
            tried.linear.value,
            interval(&tried.linear),
            tried.five_nearest.value,
            tried.nearest.value,
            tried.width,
            seconds(input, tried),
        ));
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text.push_str(&format!("{}: a linear model on frozen vectors, cross-validated.", report.metric));
    if input.ranked.iter().any(|t| t.kept > 0) {
        text.push_str(" kept: vectors were there from before.");
    }
    text.push('\n');
    for (encoder, names) in &input.to_pull {
        text.push_str(&format!("{encoder} is not here: ronghe pull {}\n", names.join(" ")));
    }
    text
}

fn interval(score: &Score) -> String {
    score.interval.map_or(String::new(), |(low, high)| format!("{low:.3} to {high:.3}"))
}

fn seconds(input: &InputReport, tried: &Tried) -> String {
    if tried.kept == input.rows { "kept".into() } else { format!("{:.1}", tried.seconds) }
}

/// How far the data lie from what the networks have seen.
fn domain(input: &InputReport) -> String {
    let mut text = String::new();
    if !input.gaps.is_empty() {
        let from = |word: Nearness| Nearness::FROM.iter().find(|f| f.0 == word).map_or(0.0, |f| f.1);
        text.push_str(&format!(
            "\ndistance from each network's own pictures by its batch norms (related from {}, far from {})\n",
            from(Nearness::Related),
            from(Nearness::Far)
        ));
    }
    for gap in &input.gaps {
        let (name, word) = (&gap.encoder, gap.nearness.to_string());
        text.push_str(&format!(
            "  {name:<18}  {word:<7}  {:.2} over {} pictures\n",
            gap.gap.gap, gap.gap.rows
        ));
    }
    if let Some(view) = &input.imagenet {
        text.push_str(&format!(
            "\nwhat an ImageNet classifier takes them for (mean probability of the first name {:.2})\n",
            view.confidence
        ));
        let width = view.classes.iter().map(|c| render::display_width(&c.label)).max().unwrap_or(0).min(24);
        for class in &view.classes {
            let names: Vec<String> =
                class.names.iter().map(|(name, share)| format!("{name} {:.0} %", share * 100.0)).collect();
            let line = format!(
                "  {}  {:>5} rows  {:.2}  {}",
                render::pad(&class.label, width),
                class.rows,
                class.confidence,
                names.join(", ")
            );
            text.push_str(&render::cut(&line, render::style().width));
            text.push('\n');
        }
    }
    if let Some(source) = &input.source {
        text.push_str(&format!(
            "\nFréchet distance from the other table {:.3}, between two halves of this one {:.3}\n  ({} rows each; \
             beyond chance, {:.2} of this one's variance)\n",
            source.distance, source.chance, source.rows, source.relative
        ));
    }
    text
}

/// Transfer beside training from the start.
fn scratch(input: &InputReport, duel: &Duel) -> String {
    let network = input.ranked.iter().find(|t| !t.plain).map_or("", |t| t.name.as_str());
    let mut text = format!(
        "\ndoes transfer pay? both learned from the same {} rows, told on {} others\n",
        duel.train_rows, duel.scratch.rows
    );
    let ways = [
        (format!("{network}, frozen, with a linear model"), &duel.transfer),
        (
            format!("{} from the start, {} epochs in {:.0} s", duel.encoder, duel.epochs, duel.seconds),
            &duel.scratch,
        ),
    ];
    for (way, score) in ways {
        text.push_str(&format!("  {way:<52}  {:.3}  {}", score.value, interval(score)));
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    if let Some((value, (low, high))) = duel.difference {
        text.push_str(&format!("  transfer less start, row by row {value:+.3} [{low:+.3}, {high:+.3}]\n"));
    }
    text
}

/// The advice in words.
fn because(input: &InputReport, advice: &Advice) -> String {
    let encoder = &advice.encoder;
    let plain = input.ranked.iter().find(|t| t.plain).map_or("", |t| t.name.as_str());
    match advice.because {
        Reason::NetworkAhead => {
            format!("Build on {encoder}: it is ahead of everything that was tried beside it.")
        }
        Reason::NetworkLevel => format!(
            "Build on {encoder}: it is ahead, but by no more than chance would make; cheaper ways may do as well."
        ),
        Reason::ScratchAhead => {
            format!("WARNING: transfer does not pay here. {encoder} from the start is ahead on these rows.")
        }
        Reason::ScratchLevel => format!(
            "WARNING: transfer hardly pays here. {encoder} from the start is ahead, by no more than chance would make."
        ),
        Reason::PlainAhead => {
            format!("WARNING: no network tells more than {plain}, which costs nothing. Begin with {encoder}.")
        }
        Reason::PlainAlike => format!(
            "Build on {encoder}: it is ahead of training from the start on the same rows. A linear model on {plain} tells as \
             much, so this may be an easy task."
        ),
        Reason::NoNetwork => format!("No published network is here for this input. Begin with {encoder}."),
    }
}
