//! `ronghe recommend similar RECOMMENDER ITEM`

use super::called;
use crate::args::{Common, RecommendSimilar};
use crate::{Outcome, render};
use anyhow::{Result, bail};
use ronghe_recommend::Fitted;
use ronghe_recommend::serve::top_similar;
use serde_json::json;

pub(crate) fn run(args: &RecommendSimilar, common: &Common) -> Result<Outcome> {
    let fitted = Fitted::open(&args.recommender)?;
    let item = super::item(&fitted, &args.item)?;
    let Some(found) = top_similar(fitted.recommender.as_ref(), item, args.most as usize) else {
        bail!(
            "{}: the model `{}` cannot say how alike items are",
            args.recommender.display(),
            fitted.model.name()
        );
    };
    let of = &fitted.interactions;
    if common.json {
        let one = |&(item, score): &(u32, f32)| json!({ "item": of.items.name(item), "likeness": score });
        render::json(&found.iter().map(one).collect::<Vec<_>>())?;
        return Ok(Outcome::Done);
    }
    let mut text = format!("like {}\n", called(of, fitted.items.as_ref(), item));
    if found.is_empty() {
        text += "  nothing: nobody liked this item\n";
    }
    for (rank, (item, score)) in found.iter().enumerate() {
        let name = called(of, fitted.items.as_ref(), *item);
        text += &format!("  {:>3}  {:<60} {score:>9.4}\n", rank + 1, render::cut(&name, 60));
    }
    render::out(&text);
    Ok(Outcome::Done)
}
