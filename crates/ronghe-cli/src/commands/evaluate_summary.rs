//! `ronghe evaluate-summary PAIRS`

use super::evaluate_search::{interval, signed};
use super::index::Seen;
use crate::args::{Common, EvaluateSummary};
use crate::{Outcome, library, render, session};
use anyhow::Result;
use ronghe_knowledge::Embed;
use ronghe_knowledge::evaluate::{SummaryFigures, summary_figures, summary_pairs};
use ronghe_knowledge::index::Observer;

pub(crate) fn run(args: &EvaluateSummary, common: &Common) -> Result<Outcome> {
    let pairs = summary_pairs(&args.pairs)?;
    let network = library::network_for(&args.network, None, common)?;
    let embed = network.as_ref().map(|n| n as &dyn Embed);
    let stop = session::stop_signal()?;
    let mut seen = Seen::new(common, &stop);
    let mut step = |done: usize, total: usize| seen.progress(done, total, "texts");
    let figures = summary_figures(&pairs, embed, args.sentences as usize, &mut step)?;
    seen.end();
    if common.json {
        render::json(&figures)?;
    } else {
        render::out(&rendered(&figures));
    }
    Ok(Outcome::Done)
}

fn rendered(figures: &SummaryFigures) -> String {
    let mut text = format!(
        "{} texts, {} sentences a summary; ROUGE F1 with 95 % intervals\n\n{:<8} {:>24} {:>24} {:>24}  {}\n",
        figures.texts,
        figures.sentences,
        "method",
        "ROUGE-1",
        "ROUGE-2",
        "ROUGE-L",
        "ROUGE-1 over the first sentences"
    );
    for method in &figures.methods {
        let over = method.over_lead.as_ref().map_or(String::new(), signed);
        text += &format!(
            "{:<8} {:>24} {:>24} {:>24}  {over}\n",
            method.name,
            interval(&method.rouge1),
            interval(&method.rouge2),
            interval(&method.rouge_l)
        );
    }
    if figures.empty > 0 {
        text += &format!("{} texts had no sentence to choose\n", figures.empty);
    }
    text
}
