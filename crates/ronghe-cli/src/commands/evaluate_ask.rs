//! `ronghe evaluate-ask QUESTIONS --store DIR`

use super::evaluate_search::interval;
use super::index::Seen;
use crate::args::{Common, EvaluateAsk};
use crate::{Outcome, library, render, session};
use anyhow::Result;
use ronghe_knowledge::evaluate::{AnswerFigures, AtThreshold, answer_figures, qa};
use ronghe_knowledge::index::Observer;

pub(crate) fn run(args: &EvaluateAsk, common: &Common) -> Result<Outcome> {
    let questions = qa(&args.questions)?;
    let open = library::Open::at(&args.store, common)?;
    let stop = session::stop_signal()?;
    let mut seen = Seen::new(common, &stop);
    let mut step = |done: usize, total: usize| seen.progress(done, total, "questions");
    let figures = answer_figures(&open.store, open.embed(), &questions, &mut step)?;
    seen.end();
    if common.json {
        render::json(&figures)?;
    } else {
        render::out(&rendered(&figures));
    }
    Ok(Outcome::Done)
}

fn rendered(figures: &AnswerFigures) -> String {
    let mut text =
        format!("{} questions with an answer, {} without\n\n", figures.answerable, figures.unanswerable);
    let share = |found: Option<f64>| found.map_or("-".to_owned(), |s| format!("{s:.3}"));
    if let Some(right) = &figures.right {
        text += &format!(
            "answering all: first sentence right {}, holds the answer {}, token F1 {}\n",
            interval(right),
            share(figures.holds_answer),
            share(figures.token_f1)
        );
    }
    if let [Some(precision), recall] = figures.citations {
        text += &format!("citations: precision {precision:.3}, recall {}\n", share(recall));
    }
    let ways: Vec<String> =
        figures.first_passage.iter().map(|(name, right)| format!("{name} {right:.3}")).collect();
    text += &format!("first passage right, by: {}\n\n", ways.join(", "));
    text += &format!(
        "{:<28} {:>9} {:>9} {:>15} {:>15}\n",
        "", "threshold", "answered", "of them wrong", "others refused"
    );
    text += &line("as calibrated", &figures.as_calibrated);
    if let Some(at) = &figures.at_80 {
        text += &line("four fifths answered", at);
    }
    if let Some(curve) = &figures.curve {
        text += &format!("\nrisk against coverage, all questions (area {:.3}):\n", curve.area);
        for coverage in [0.2, 0.4, 0.6, 0.8, 1.0] {
            if let Some(point) = curve.at(coverage) {
                text += &format!("    {:.2} answered: {:.3} wrong\n", point.coverage, point.risk);
            }
        }
    }
    text
}

fn line(name: &str, at: &AtThreshold) -> String {
    format!("{name:<28} {:>9.3} {:>9.3} {:>15.3} {:>15.3}\n", at.threshold, at.answered, at.wrong, at.refused)
}
