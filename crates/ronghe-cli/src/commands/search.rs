//! `ronghe search QUERY --store DIR`

use crate::args::{Common, Search};
use crate::{Outcome, library, render};
use anyhow::Result;
use ronghe_knowledge::Citation;
use ronghe_knowledge::retrieve::{Hit, Mode, Options, search};
use serde::Serialize;

/// A passage as it is printed.
#[derive(Serialize)]
struct Passage {
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<f32>,
    citation: Citation,
}

pub(crate) fn run(args: &Search, common: &Common) -> Result<Outcome> {
    let open = library::Open::new(&args.documents, common)?;
    // The parser takes these names only.
    let mode = Mode::ALL.into_iter().find(|(name, _)| *name == args.by).map_or(Mode::Fused, |(_, mode)| mode);
    let options = Options {
        most: args.most as usize,
        filter: library::filter(&args.documents)?,
        mode,
        weight: args.weight.map(|w| w as f32),
        per_domain: args.per_domain,
        diversity: args.diversity as f32,
    };
    let hits = search(&open.store, open.embed(), &args.query, &options)?;
    let citations: Vec<Citation> = hits.iter().map(Hit::citation).collect();
    library::record(&args.documents, citations.iter())?;
    if common.json {
        render::json(&hits.iter().map(passage).collect::<Vec<_>>())?;
    } else if hits.is_empty() {
        render::out("nothing found");
    } else {
        hits.iter().enumerate().for_each(|(i, hit)| render::out(&rendered(i + 1, hit)));
    }
    Ok(Outcome::Done)
}

fn passage(hit: &Hit) -> Passage {
    Passage { score: hit.score, words: hit.words, meaning: hit.meaning, citation: hit.citation() }
}

fn rendered(number: usize, hit: &Hit) -> String {
    let legs = [("words", hit.words), ("meaning", hit.meaning)];
    let legs: Vec<String> = legs.iter().filter_map(|(name, s)| s.map(|s| format!("{name} {s:.2}"))).collect();
    let citation = hit.citation();
    let text = citation.line();
    let shown = render::cut(&text, 400);
    let more = if shown.len() < text.len() { " ..." } else { "" };
    format!(
        "[{number}] {:.3} ({})  {}\n    {shown}{more}\n",
        hit.score,
        legs.join(", "),
        library::place(&citation)
    )
}
