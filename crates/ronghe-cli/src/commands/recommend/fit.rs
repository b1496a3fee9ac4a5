//! `ronghe recommend fit EVENTS --out DIR`

use super::{Watch, read, wanted};
use crate::args::{Common, RecommendFit};
use crate::{Outcome, outputs, render};
use anyhow::{Result, bail};
use ronghe_recommend::compare::{Comparison, fit_all};
use ronghe_recommend::evaluate::Protocol;
use ronghe_recommend::split::{Shares, SplitBy};
use ronghe_recommend::{Fitted, Items};
use serde_json::json;
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
    let read = read(&args.events, &watch, common)?;
    let how = Comparison {
        by: SplitBy::Time,
        shares: Shares::default(),
        protocol: Protocol { seed: args.fitting.seed, threads: common.threads, ..Protocol::default() },
        limit: Duration::from_secs(u64::from(args.fitting.time_limit)),
    };
    let features = read.items.as_ref().and_then(Items::features);
    let began = Instant::now();
    let found = fit_all(&read.of, features.as_ref(), &model, &how, &watch.stage("fitting"));
    watch.end();
    let (model, recommender, found) = found?;
    let notes = json!({ "columns": read.loaded.columns, "weights": read.loaded.weights, "validation_ndcg": found.ndcg });
    let (users, items) = (read.of.users.len(), read.of.items.len());
    let fitted = Fitted {
        model,
        recommender,
        interactions: read.of,
        items: read.items,
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
