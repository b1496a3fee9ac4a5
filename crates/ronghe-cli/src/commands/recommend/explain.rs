//! `ronghe recommend explain RECOMMENDER USER ITEM`

use super::{aspects_of, called, request};
use crate::args::{Common, RecommendExplain};
use crate::{Outcome, render};
use anyhow::Result;
use ronghe_recommend::serve::Why;
use ronghe_recommend::{Fitted, Reasons};
use serde_json::json;

/// Reasons that are named.
const REASONS: usize = 20;

pub(crate) fn run(args: &RecommendExplain, common: &Common) -> Result<Outcome> {
    let fitted = Fitted::open(&args.recommender)?;
    let serving = fitted.serving()?;
    let item = super::item(&fitted, &args.item)?;
    let user = fitted.interactions.users.number(&args.user);
    let rules = super::Rules::new(&fitted, &args.rules)?;
    let why = serving.why(request(&rules, user, &[]), item)?;
    let reasons = serving.reasons(user, &[], item, REASONS);
    let aspects = aspects_of(&fitted, &serving, (user, &[]), item, REASONS);
    if common.json {
        let of = &fitted.interactions;
        let because = |r: &Reasons| -> Vec<serde_json::Value> {
            r.because.iter().map(|c| json!({ "item": of.items.name(c.item), "adds": c.value })).collect()
        };
        let reasons = reasons.as_ref().map(
            |r| json!({ "score": r.score, "because": because(r), "rest": r.rest, "constant": r.constant }),
        );
        render::json(
            &json!({ "user": args.user, "item": args.item, "known": user.is_some(), "why": why, "reasons": reasons, "aspects": aspects }),
        )?;
        return Ok(Outcome::Done);
    }
    let name = called(&fitted.interactions, fitted.items.as_ref(), item);
    let mut text = format!("{name} for {}: {}\n", args.user, said(why, args.rules.most as usize));
    match (&reasons, user) {
        (_, None) => text += "nothing is known of this user, who gets what most users like\n",
        (None, _) => {
            text += &format!(
                "the model `{}` cannot say what of the history speaks for it\n",
                fitted.model.name()
            );
        }
        (Some(reasons), _) => {
            text += &format!("score {:.4}, of which\n", reasons.score);
            for c in &reasons.because {
                text += &format!(
                    "  {:+.4}  {}\n",
                    c.value,
                    called(&fitted.interactions, fitted.items.as_ref(), c.item)
                );
            }
            for (what, value) in [
                ("other items of the history", reasons.rest),
                ("there without any history", reasons.constant),
            ] {
                if value.abs() > 5e-5 {
                    text += &format!("  {value:+.4}  {what}\n");
                }
            }
        }
    }
    if !aspects.is_empty() {
        text += "nobody had it yet, or likeness is all that counts: the same score by what is known of it\n";
        aspects.iter().for_each(|a| text += &format!("  {:+.4}  {}\n", a.adds, a.feature));
    }
    render::out(&text);
    Ok(Outcome::Done)
}

fn said(why: Why, most: usize) -> String {
    match why {
        Why::Listed { rank } => format!("shown, at place {rank}"),
        Why::Unknown => "not shown: the model knows nothing of it".into(),
        Why::Seen => "not shown: the user has seen it (--seen shows such items)".into(),
        Why::Denied => "not shown: it is denied".into(),
        Why::NotAllowed => "not shown: it is not among the items allowed".into(),
        Why::Filtered => "not shown: --in or --where leaves it out".into(),
        Why::Quota { rank, .. } => {
            format!("not shown: at place {rank} by score, but its domain has no place left")
        }
        Why::Alike { rank, .. } => {
            format!("not shown: at place {rank} by score, but too much like what is shown")
        }
        Why::Score { rank, score, least } => {
            let least = least.map_or(String::new(), |least| format!("; the last one shown has {least:.4}"));
            format!("not shown among {most}: at place {rank} with {score:.4}{least}")
        }
    }
}
