//! `ronghe recommend transfer EVENTS --from DOMAIN --to DOMAIN`

use super::{Read, Watch, range, read, signed};
use crate::args::{Common, RecommendTransfer};
use crate::{Outcome, outputs, render};
use anyhow::{Result, bail};
use ronghe_recommend::Fitted;
use ronghe_recommend::cross::{Plan, Reached, Transfer, compare, winner};
use ronghe_recommend::report::Interval;
use serde_json::json;

pub(crate) fn run(args: &RecommendTransfer, common: &Common) -> Result<Outcome> {
    if let Some(out) = &args.out {
        if args.kept.len() != 1 {
            bail!("--out saves the recommender of one comparison: give --kept one number");
        }
        if out.join("hashes.json").exists() && !args.force {
            bail!("{}: there is a finished recommender or model; --force replaces it", out.display());
        }
        let mut inputs = vec![args.events.events.as_path()];
        inputs.extend(args.events.items.as_deref());
        outputs::refuse_inputs("--out", out, &inputs)?;
    }
    let watch = Watch::new(common)?;
    let read = read(&args.events, &watch, common)?;
    let features = read.content.as_ref().map(|c| &c.features);
    let plan = |kept: u32| Plan {
        seed: args.seed,
        kept: kept as usize,
        overlap: args.overlap,
        threads: common.threads,
        ..Plan::usual(&args.from, &args.to, features.is_some())
    };
    let mut all = Vec::new();
    for &kept in &args.kept {
        let stage = format!("{kept} events kept: fitting");
        let found = compare(&read.of, features, &plan(kept), &watch.stage(&stage));
        if found.is_err() {
            watch.end();
        }
        all.push(found?);
    }
    let saved = match (&args.out, &args.kept[..], &all[..]) {
        (Some(out), [kept], [found]) => {
            let plan = plan(*kept);
            let fitted = winner(&read.of, features, &plan, found, &watch.stage("fitting"));
            watch.end();
            let (model, recommender) = fitted?;
            let notes = json!({ "columns": read.loaded.columns, "weights": read.loaded.weights, "from": args.from, "to": args.to, "transfer": found.accepted });
            let settings = serde_json::to_string(&model)?;
            let Read { of: interactions, items, content, .. } = read;
            let seed = args.seed;
            Fitted { model, recommender, interactions, items, content, seed, notes }.save(out)?;
            format!("\n{settings} saved in {}\n", out.display())
        }
        _ => String::new(),
    };
    watch.end();
    if common.json {
        render::json(&all)?;
    } else {
        render::out(&(rendered(args, &all) + &saved));
    }
    Ok(Outcome::Done)
}

/// Width of the columns of figures.
const WIDTH: usize = 29;

fn rendered(args: &RecommendTransfer, all: &[Transfer]) -> String {
    let (from, to) = (&args.from, &args.to);
    let o = match all.first() {
        Some(found) => found.overlap,
        None => return String::new(),
    };
    let mut text = format!("users: {} in {from}, {} in {to}, {} in both\n", o.source, o.target, o.both);
    text += &format!(
        "\n{:>4}  {:<20} {:>WIDTH$} {:>WIDTH$} {:>WIDTH$}\n",
        "kept", "model", "NDCG@10", "less the best without", "the same, source shuffled"
    );
    for found in all {
        for (name, side) in [("alone", &found.alone), ("across", &found.across)] {
            for reached in side {
                text += &line(found.kept, name, reached);
            }
        }
        for unfit in &found.unfit {
            text += &format!("{:>4}  {} is left out: {}\n", found.kept, unfit.model, unfit.why);
        }
    }
    for found in all {
        text += &format!("\n{}\n", decision(found, from, to));
    }
    text
}

fn line(kept: usize, side: &str, reached: &Reached) -> String {
    let signed = |i: Option<Interval>| i.map_or("-".to_owned(), signed);
    format!(
        "{kept:>4}  {:<20} {:>WIDTH$} {:>WIDTH$} {:>WIDTH$}\n",
        format!("{} ({side})", reached.model.name()),
        range(reached.ndcg),
        signed(reached.less_best_alone),
        signed(reached.shuffled),
    )
}

/// What validation says, and whom it asked.
fn decision(found: &Transfer, from: &str, to: &str) -> String {
    let name = |side: &[Reached], place: usize| side.get(place).map_or("", |r| r.model.name());
    let without = name(&found.alone, found.fallback);
    let head = format!(
        "{} kept, {} users tested, {} validated, {} others in both: ",
        found.kept, found.tested, found.validated, found.overlap.left
    );
    let said = match (found.best_across, found.validation_gain) {
        (Some(best), Some(gain)) => {
            let across = name(&found.across, best);
            let gain = format!("{} on validation", signed(gain));
            match found.accepted {
                true => format!(
                    "transfer helps: {across} across {from} and {to} leads {without} on {to} alone by {gain}"
                ),
                false => format!(
                    "transfer is refused: {across} across {from} and {to} does not lead {without} on {to} alone by more than chance: {gain}"
                ),
            }
        }
        _ => format!("transfer is refused: no model across {from} and {to} could be fitted"),
    };
    head + &said
}
