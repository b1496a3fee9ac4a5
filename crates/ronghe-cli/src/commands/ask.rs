//! `ronghe ask QUESTION --store DIR`

use crate::args::{Ask, Common};
use crate::library::{self, Sentences};
use crate::{Outcome, render, session};
use anyhow::Result;
use ronghe_knowledge::Citation;
use ronghe_knowledge::ask::{Answer, Conversation, Options, Outcome as Of, Share, ask};
use ronghe_knowledge::generate::prompt::Task;
use ronghe_knowledge::generate::{Endpoint, Written, write};
use serde::Serialize;
use std::io::{BufRead, IsTerminal, Write};
use std::sync::atomic::Ordering;

/// Longest line of a conversation.
const LONGEST_LINE: u64 = 1 << 20;

/// An answer as JSON.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    answer: &'a Answer,
    /// In a conversation: what was taken over from the questions before.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_over: Option<&'a [String]>,
    /// The answer in a language model's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<Written>,
}

pub(crate) fn run(args: &Ask, common: &Common) -> Result<Outcome> {
    let open = library::Open::new(&args.documents, common)?;
    let model = library::model(&args.model)?;
    match &args.question {
        Some(question) => {
            let answer = ask(&open.store, open.embed(), question, &options(args)?)?;
            tell(&open, model.as_ref(), &answer, None, common)?;
            library::record(&args.documents, cited(&answer))?;
            Ok(if answer.outcome == Of::Refused { Outcome::NoAnswer } else { Outcome::Done })
        }
        None => chat(args, common, &open, model.as_ref()),
    }
}

/// What an answer cites; nothing where there is none.
fn cited(answer: &Answer) -> impl Iterator<Item = &Citation> {
    answer.sentences.iter().filter(|_| answer.answered).map(|s| &s.citation)
}

fn options(args: &Ask) -> Result<Options> {
    Ok(Options {
        sentences: args.sentences as usize,
        filter: library::filter(&args.documents)?,
        threshold: args.confidence,
        why: args.why,
        ..Options::default()
    })
}

/// One question a line, until there are no more.
fn chat(args: &Ask, common: &Common, open: &library::Open, model: Option<&Endpoint>) -> Result<Outcome> {
    let stop = session::stop_signal()?;
    let options = options(args)?;
    let shown = std::io::stdin().is_terminal() && !common.quiet;
    let mut talk = Conversation::default();
    let mut input = std::io::stdin().lock();
    while !stop.load(Ordering::Relaxed) {
        if shown {
            let mut log = std::io::stderr();
            write!(log, "? ")?;
            log.flush()?;
        }
        let mut line = Vec::new();
        if std::io::Read::take(&mut input, LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let question = String::from_utf8_lossy(&line).trim().to_owned();
        if question.is_empty() {
            continue;
        }
        let resolved = talk.resolve(&question);
        // A question that says nothing does not end a conversation.
        let answer = match ask(&open.store, open.embed(), &resolved.question, &options) {
            Ok(answer) => answer,
            Err(error @ ronghe_knowledge::Error::Input { .. }) => {
                render::warn(&error.to_string());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if !resolved.added.is_empty() && !common.json {
            render::log(&format!("taken as: {}", resolved.question));
        }
        tell(open, model, &answer, Some(&resolved.added), common)?;
        library::record(&args.documents, cited(&answer))?;
        talk.answered(&open.store, &question, &answer)?;
    }
    Ok(Outcome::Done)
}

/// Shows an answer; in a model's words where there is one and something to say.
fn tell(
    open: &library::Open,
    model: Option<&Endpoint>,
    answer: &Answer,
    taken_over: Option<&[String]>,
    common: &Common,
) -> Result<()> {
    let mut sentences = Sentences::new(common.json);
    let written = match model.filter(|_| answer.answered) {
        Some(model) => {
            let extracts: Vec<_> = answer.sentences.iter().map(|s| s.citation.clone()).collect();
            let task = Task::Answer(&answer.question);
            Some(write(model, &task, &answer.passages, &extracts, open.embed(), &mut |s| sentences.show(s))?)
        }
        None => None,
    };
    match (common.json, written) {
        // A line an answer, so that a conversation can be read as it goes on.
        (true, written) if taken_over.is_some() => {
            render::out(&format!("{}\n", serde_json::to_string(&Told { answer, taken_over, written })?));
        }
        (true, written) => render::json(&Told { answer, taken_over, written })?,
        (false, Some(written)) => {
            let text = format!("{}{}{}", sentences.places(&written), confidence(answer), why(answer));
            render::out(&text);
        }
        (false, None) => render::out(&rendered(answer)),
    }
    Ok(())
}

fn rendered(answer: &Answer) -> String {
    let mut text = String::new();
    if answer.answered {
        for (i, sentence) in answer.sentences.iter().enumerate() {
            text += &format!("{} [{}]\n", sentence.citation.line(), i + 1);
        }
        text.push('\n');
        for (i, sentence) in answer.sentences.iter().enumerate() {
            text += &format!("[{}] {}\n", i + 1, library::place(&sentence.citation));
        }
        text += &confidence(answer);
    } else if answer.outcome == Of::Unsure {
        if let Some(nearest) = answer.sentences.first() {
            text += &format!(
                "Not sure: the nearest is\n    {}\n    {}\n",
                nearest.citation.line(),
                library::place(&nearest.citation)
            );
        }
        text += &format!(
            "confidence {:.2} (answers begin at {:.2}); looked for: {}\n",
            answer.confidence,
            answer.threshold,
            answer.looked_for.join(", ")
        );
    } else {
        text += &format!(
            "No answer in these documents (confidence {:.2}, answers begin at {:.2}).\nLooked for: {}\n",
            answer.confidence,
            answer.threshold,
            answer.looked_for.join(", ")
        );
        if let Some(nearest) = answer.sentences.first() {
            text += &format!(
                "The nearest was: {}\n    {}\n",
                nearest.citation.line(),
                library::place(&nearest.citation)
            );
        }
    }
    text + &why(answer)
}

fn confidence(answer: &Answer) -> String {
    format!(
        "confidence {:.2} (answers begin at {:.2}); domains: {}\n",
        answer.confidence,
        answer.threshold,
        answer.domains.join(", ")
    )
}

fn why(answer: &Answer) -> String {
    let Some(why) = &answer.why else { return String::new() };
    shares("passages", &why.passages) + &shares("words of the question", &why.words)
}

fn shares(title: &str, shares: &[Share]) -> String {
    let mut text = format!("shares of the score, {title}:\n");
    for share in shares {
        text += &format!("    {:+.3}  {}\n", share.value, share.name);
    }
    text
}
