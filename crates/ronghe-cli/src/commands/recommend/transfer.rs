//! `ronghe recommend transfer EVENTS --from DOMAIN --to DOMAIN`

use super::{Watch, read};
use crate::args::{Common, RecommendTransfer};
use crate::{Outcome, render};
use anyhow::Result;
use ronghe_recommend::cross::{Plan, Reached, Transfer, compare};
use ronghe_recommend::report::Interval;

pub(crate) fn run(args: &RecommendTransfer, common: &Common) -> Result<Outcome> {
    let watch = Watch::new(common)?;
    let read = read(&args.events, &watch, common)?;
    let plan = Plan {
        seed: args.seed,
        kept: args.kept as usize,
        threads: common.threads,
        ..Plan::usual(&args.from, &args.to)
    };
    let found = compare(&read.of, &plan, &watch.stage("fitting"));
    watch.end();
    let found = found?;
    if common.json {
        render::json(&found)?;
    } else {
        render::out(&rendered(&plan, &found));
    }
    Ok(Outcome::Done)
}

fn rendered(plan: &Plan, found: &Transfer) -> String {
    let o = found.overlap;
    let mut text = format!(
        "users: {} in {}, {} in {}, {} in both; {} judged, each with {} events left in {}\n\n",
        o.source, plan.source, o.target, plan.target, o.both, found.judged, plan.kept, plan.target
    );
    text += &format!(
        "{:<26} {:>24} {:>28} {:>28}\n",
        "model",
        format!("NDCG@{}", plan.k),
        "less the best without",
        "the same, source shuffled"
    );
    for (name, side) in [("alone", &found.alone), ("joint", &found.joint)] {
        for reached in side {
            text += &line(name, reached);
        }
    }
    let best = found.alone.get(found.best_alone).map_or("", |r| r.model.name());
    text + &match found.chosen.and_then(|i| found.joint.get(i)) {
        Some(chosen) => format!(
            "\ntransfer helps: {} fitted on both domains leads {best} fitted on {}",
            chosen.model.name(),
            plan.target
        ),
        None => format!(
            "\ntransfer is refused: no model fitted on both domains leads {best} fitted on {} alone by more than chance",
            plan.target
        ),
    }
}

fn line(side: &str, reached: &Reached) -> String {
    let range = |i: Option<Interval>, signed: bool| match i {
        None => "-".to_owned(),
        Some(i) if signed => format!("{:+.4} ({:+.4} to {:+.4})", i.mean, i.low, i.high),
        Some(i) => format!("{:.4} ({:.4} to {:.4})", i.mean, i.low, i.high),
    };
    format!(
        "{:<26} {:>24} {:>28} {:>28}\n",
        format!("{} ({side})", reached.model.name()),
        range(Some(reached.ndcg), false),
        range(reached.less_best_alone, true),
        range(reached.shuffled, true),
    )
}
