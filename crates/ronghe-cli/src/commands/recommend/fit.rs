//! `ronghe recommend fit EVENTS --out DIR`

use super::{Watch, encoders, read, read_with, wanted};
use crate::args::{Common, RecommendFit};
use crate::{Outcome, outputs, render};
use anyhow::{Result, bail};
use ronghe_recommend::collect::Meaning;
use ronghe_recommend::compare::{Comparison, fit_all};
use ronghe_recommend::evaluate::Protocol;
use ronghe_recommend::source::Weights;
use ronghe_recommend::split::{Shares, SplitBy};
use ronghe_recommend::{Fitted, New};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) fn run(args: &RecommendFit, common: &Common) -> Result<Outcome> {
    let model = wanted(&args.model)?;
    if args.out.join("hashes.json").exists() && !args.force {
        bail!("{}: there is a finished recommender or model; --force replaces it", args.out.display());
    }
    let mut inputs = vec![args.events.events.as_path()];
    inputs.extend(args.events.items.as_deref());
    outputs::refuse_inputs("--out", &args.out, &inputs)?;
    let watch = Watch::new(common)?;
    if let Some(old) = &args.update {
        return update(args, old, &watch, common);
    }
    let read = read(&args.events, &watch, common)?;
    let how = Comparison {
        by: SplitBy::Time,
        shares: Shares::default(),
        protocol: Protocol { seed: args.fitting.seed, threads: common.threads, ..Protocol::default() },
        limit: Duration::from_secs(u64::from(args.fitting.time_limit)),
    };
    let features = read.content.as_ref().map(|c| &c.features);
    let began = Instant::now();
    let found = fit_all(&read.of, features, &model, &how, &watch.stage("fitting"));
    watch.end();
    let (model, recommender, found) = found?;
    let notes = json!({ "columns": read.loaded.columns, "weights": read.loaded.weights, "validation_ndcg": found.ndcg });
    let (users, items) = (read.of.users.len(), read.of.items.len());
    let fitted = Fitted {
        model,
        recommender,
        interactions: read.of,
        items: read.items,
        content: read.content,
        seed: args.fitting.seed,
        notes,
    };
    fitted.save(&args.out)?;
    let seconds = began.elapsed().as_secs_f64();
    if common.json {
        let model = &fitted.model;
        let out = args.out.display().to_string();
        render::json(
            &json!({ "model": model, "search": found, "users": users, "items": items, "seconds": seconds, "out": out }),
        )?;
    } else {
        let settings = serde_json::to_string(&fitted.model)?;
        let ndcg = found.ndcg.map_or(String::new(), |n| format!(", NDCG@10 {n:.4} on the newest tenth"));
        render::out(&format!(
            "{settings}\n{} of {} settings tried{ndcg}; {users} users, {items} items; saved in {} after {seconds:.1} s",
            found.tried.len(),
            found.of,
            args.out.display()
        ));
    }
    Ok(Outcome::Done)
}

/// The recommender in `old` with more events.
fn update(args: &RecommendFit, old: &Path, watch: &Watch, common: &Common) -> Result<Outcome> {
    let before = Fitted::open(old)?;
    let weights: Option<Weights> =
        serde_json::from_value(before.notes["weights"].clone()).unwrap_or_default();
    let text = before.content.as_ref().and_then(ronghe_recommend::Content::text_encoder);
    let encoders = encoders::Opened::new(text, args.events.image.as_deref(), common)?;
    let read = read_with(&args.events, weights.as_ref(), None, &encoders, watch, common)?;
    let new = New {
        events: &read.of,
        items: read.items.as_ref(),
        meaning: weights.map_or(Meaning::Count, |w| w.meaning),
        least_sum: weights.is_some_and(|w| w.at_least.is_some()),
    };
    let began = Instant::now();
    let found = before.update(&new, &encoders.lent(), common.threads, &watch.stage("fitting"));
    watch.end();
    let (fitted, added) = found?;
    fitted.save(&args.out)?;
    let seconds = began.elapsed().as_secs_f64();
    let (users, items) = (fitted.interactions.users.len(), fitted.interactions.items.len());
    if common.json {
        let out = args.out.display().to_string();
        render::json(
            &json!({ "model": fitted.model, "added": added, "users": users, "items": items, "seconds": seconds, "out": out }),
        )?;
    } else {
        render::out(&format!(
            "{} new events ({} were there), {} new users, {} new items; {users} users, {items} items; saved in {} after {seconds:.1} s",
            added.events,
            added.known,
            added.users,
            added.items,
            args.out.display()
        ));
    }
    Ok(Outcome::Done)
}
