//! `ronghe recommend evaluate EVENTS --split items`

use super::{Watch, range, signed};
use crate::args::{Common, RecommendEvaluate};
use crate::{Outcome, render};
use anyhow::{Context, Result};
use ronghe_recommend::cold::{Cold, Plan, compare};
use ronghe_recommend::{Features, Interactions};
use std::time::Duration;

pub(super) fn run(
    args: &RecommendEvaluate,
    of: &Interactions,
    features: Option<&Features>,
    watch: &Watch,
    common: &Common,
) -> Result<Outcome> {
    let features = features.context(
        "--split items ranks items by what is known of them: give a table of the items with --items",
    )?;
    let plan = Plan {
        k: args.most as usize,
        limit: Duration::from_secs(u64::from(args.fitting.time_limit)),
        seed: args.fitting.seed,
        threads: common.threads,
        ..Plan::default()
    };
    let found = compare(of, features, &plan, &watch.stage("hiding items"));
    watch.end();
    let found = found?;
    if common.json {
        render::json(&found)?;
    } else {
        render::out(&rendered(&found));
    }
    Ok(Outcome::Done)
}

fn rendered(found: &Cold) -> String {
    let hidden: Vec<String> = found.hidden.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "{} items hidden in turn, ranked among themselves for {} users; by chance Recall@{} {:.4}\n\n",
        hidden.join(" and "),
        found.users,
        found.k,
        found.chance
    );
    text += &format!(
        "  {:<22} {:>26} {:>26} {:>32}\n",
        format!("at {}", found.k),
        "Recall",
        "NDCG",
        "Recall less predicted popularity"
    );
    for model in &found.models {
        text += &format!(
            "  {:<22} {:>26} {:>26} {:>32}\n",
            model.name,
            range(model.recall),
            range(model.ndcg),
            model.less_popular.map_or(String::new(), signed)
        );
    }
    text += "\nsettings, chosen among the items that were not hidden\n";
    for model in &found.models {
        for settings in &model.settings {
            text +=
                &format!("  {:<22} {}\n", model.name, serde_json::to_string(settings).unwrap_or_default());
        }
    }
    text
}
