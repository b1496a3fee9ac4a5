//! `ronghe recommend evaluate EVENTS`

use super::{Watch, range, read_tested, signed, wanted};
use crate::args::{Common, RecommendEvaluate};
use crate::{Outcome, render};
use anyhow::Result;
use ronghe_recommend::RECOMMENDERS;
use ronghe_recommend::budget::Stage;
use ronghe_recommend::compare::{Compared, Comparison, Wanted, compare};
use ronghe_recommend::evaluate::Protocol;
use ronghe_recommend::report::{Figures, Interval, Metric, Scored, Versus};
use ronghe_recommend::split::{Shares, SplitBy};
use std::time::Duration;

pub(crate) fn run(args: &RecommendEvaluate, common: &Common) -> Result<Outcome> {
    let watch = Watch::new(common)?;
    let read = read_tested(&args.events, args.test.as_deref(), &watch, common)?;
    let models: Vec<Wanted> = match args.models.is_empty() {
        true => {
            let several = read.of.domains.len() > 1;
            RECOMMENDERS.iter().filter(|e| several || !e.domains).map(Wanted::Best).collect()
        }
        false => args.models.iter().map(|name| wanted(name)).collect::<Result<_>>()?,
    };
    let how = Comparison {
        by: match args.split.as_str() {
            "last" => SplitBy::LastOut,
            "users" => SplitBy::Users,
            "random" => SplitBy::Random,
            _ => SplitBy::Time,
        },
        shares: Shares::default(),
        protocol: Protocol {
            k: args.most as usize,
            seed: args.fitting.seed,
            threads: common.threads,
            ..Protocol::default()
        },
        limit: Duration::from_secs(u64::from(args.fitting.time_limit)),
    };
    let features = read.content.as_ref().map(|c| &c.features);
    if args.split == "items" {
        return super::cold::run(args, &read.of, features, &watch, common);
    }
    let told = |stage: &Stage<'_>| watch.told(stage);
    let found = compare(&read.of, read.test.as_deref(), features, &models, &how, &told);
    watch.end();
    let found = found?;
    if common.json {
        render::json(&found)?;
    } else {
        let what = args.test.as_ref().map_or(args.split.clone(), |test| format!("by {}", test.display()));
        render::out(&rendered(&found, &what));
    }
    Ok(Outcome::Done)
}

fn rendered(found: &Compared, split: &str) -> String {
    let e = &found.evaluation;
    let t = &e.targets;
    let mut text = format!(
        "split {split}: {} liked events to learn from, {} to find for {} users ({} of them without a past), {} items in the catalogue\n",
        t.fit, t.targets, t.users, t.cold_users, e.catalogue
    );
    if t.cold_items > 0 || t.seen_pairs > 0 {
        text += &format!(
            "of what is to be found, {} items were liked by nobody before, {} are repeats, which are not listed\n",
            t.cold_items, t.seen_pairs
        );
    }
    text += &format!("\nusers with a past ({})\n", e.models.first().map_or(0, |m| m.warm.users));
    text += &table(found, |m| &m.warm);
    if t.cold_users > 0 {
        text += &format!("\nall users ({}); those without a past get what is popular\n", t.users);
        text += &table(found, |m| &m.all);
    }
    text += &next_to(found);
    text += "\nsettings, chosen on the validation window\n";
    for (searched, seconds) in found.searched.iter().zip(&found.seconds) {
        let settings = serde_json::to_string(&searched.best).unwrap_or_default();
        let (tried, of) = (searched.tried.len(), searched.of);
        let cut = if searched.cut_short { ", cut short by the time limit" } else { "" };
        text += &format!("  {settings} ({tried} of {of} tried{cut}; fit {seconds:.2} s)\n");
    }
    text += &took(found);
    text
}

/// Each model next to the baselines and the best of the others.
fn next_to(found: &Compared) -> String {
    let mut text =
        "\nNDCG less that of another, the same users with a past; * the best of the others\n".to_owned();
    for model in found.evaluation.models.iter().filter(|m| !m.versus.is_empty()) {
        let one = |v: &Versus| {
            let value = v.warm.iter().find(|f| f.metric == Metric::Ndcg)?.value;
            let best = if model.best_other.as_ref() == Some(&v.baseline) { "*" } else { "" };
            Some(format!("{}{best} {}", v.baseline, signed(value)))
        };
        let differences: Vec<String> = model.versus.iter().filter_map(one).collect();
        text += &format!("  {:<12} {}\n", model.name, differences.join("   "));
    }
    text
}

/// What the time allowed.
fn took(found: &Compared) -> String {
    let cut: Vec<&str> = found.searched.iter().filter(|f| f.cut_short).map(|f| f.best.name()).collect();
    let mut text = format!("\n{:.1} s of {:.0} s", found.took, found.limit);
    if found.took > found.limit {
        text += "; the first setting of each model is tried and measured whatever the limit";
    }
    if cut.is_empty() {
        text += "; all settings were tried\n";
    } else {
        text += &format!("; cut short: {} (--time-limit allows more)\n", cut.join(", "));
    }
    text
}

fn table(found: &Compared, of: impl Fn(&Scored) -> &Figures) -> String {
    let k = found.evaluation.k;
    let head = ["NDCG", "Recall", "MAP", "MRR", "hits", "coverage", "novelty"];
    let mut text = format!("  {:<12} {:>26} {:>26}", format!("at {k}"), head[0], head[1]);
    head[2..].iter().for_each(|h| text += &format!(" {h:>9}"));
    text.push('\n');
    for model in &found.evaluation.models {
        let figures = of(model);
        let range = |i: Option<Interval>| i.map_or("-".to_owned(), range);
        let plain = |metric| figures.get(metric).map_or("-".to_owned(), |i| format!("{:.4}", i.mean));
        text += &format!(
            "  {:<12} {:>26} {:>26} {:>9} {:>9} {:>9} {:>9.3} {:>9}\n",
            model.name,
            range(figures.get(Metric::Ndcg)),
            range(figures.get(Metric::Recall)),
            plain(Metric::Map),
            plain(Metric::Mrr),
            plain(Metric::HitRate),
            figures.coverage,
            figures.novelty.map_or("-".to_owned(), |n| format!("{n:.2}")),
        );
    }
    text
}
