//! `ronghe summarise PATH...`

use crate::args::{Common, Summarise};
use crate::library::{self, Sentences};
use crate::{Outcome, render};
use anyhow::Result;
use ronghe_knowledge::generate::prompt::Task;
use ronghe_knowledge::generate::{Written, write};
use ronghe_knowledge::store::{Filter, FolderStore, Store};
use ronghe_knowledge::summarise::{Length, Method, Options, Source, Summary, summarise};
use ronghe_knowledge::{Citation, Embed};
use serde::Serialize;

/// A summary as JSON.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    /// The same in a language model's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<Written>,
}

pub(crate) fn run(args: &Summarise, common: &Common) -> Result<Outcome> {
    let sources = match &args.store {
        Some(folder) => stored(&FolderStore::open(folder)?, args)?,
        None => read(args)?,
    };
    let (method, network) = match args.method.as_str() {
        "lexical" => (Method::Lexical, None),
        "lead" => (Method::Lead, None),
        name => (Method::Vectors, Some(library::network(name, common)?)),
    };
    let options = Options {
        length: args.ratio.map_or(Length::Sentences(args.sentences as usize), Length::Ratio),
        query: args.query.clone(),
        method,
        ..Options::default()
    };
    let summary = summarise(&sources, &options, network.as_ref().map(|n| n as &dyn Embed))?;
    let mut sentences = Sentences::new(common.json);
    let written = match library::model(&args.model)? {
        Some(model) => {
            let chosen: Vec<Citation> = summary.sentences.iter().map(|s| s.citation.clone()).collect();
            let task = Task::Summarise(args.query.as_deref());
            let embed = network.as_ref().map(|n| n as &dyn Embed);
            Some(write(&model, &task, &chosen, &chosen, embed, &mut |s| sentences.show(s))?)
        }
        None => None,
    };
    match (common.json, written) {
        (true, written) => render::json(&Told { summary: &summary, written })?,
        (false, Some(written)) => render::out(&(sentences.places(&written) + &figures(&summary))),
        (false, None) => render::out(&rendered(&summary)),
    }
    Ok(Outcome::Done)
}

fn stored(store: &FolderStore, args: &Summarise) -> Result<Vec<Source>> {
    let filter = Filter { domains: args.domains.clone(), ..Filter::default() };
    let mut sources = Vec::new();
    for id in store.documents(&filter)? {
        if let Some(stored) = store.document(id)? {
            let title = stored.document.title.clone();
            sources.push(Source {
                path: stored.path,
                title,
                domain: stored.domain,
                document: stored.document,
            });
        }
    }
    Ok(sources)
}

fn read(args: &Summarise) -> Result<Vec<Source>> {
    let mut reader = library::reader()?;
    let mut sources = Vec::new();
    for path in &args.paths {
        for document in reader.read(path)? {
            let title = document.title.clone();
            let path = path.display().to_string();
            sources.push(Source { domain: path.clone(), path, title, document });
        }
    }
    Ok(sources)
}

fn rendered(summary: &Summary) -> String {
    let mut text = String::new();
    for (i, picked) in summary.sentences.iter().enumerate() {
        text += &format!("{} [{}]\n", picked.citation.line(), i + 1);
    }
    text.push('\n');
    for (i, picked) in summary.sentences.iter().enumerate() {
        text += &format!("[{}] {}\n", i + 1, library::place(&picked.citation));
    }
    text + &figures(summary)
}

fn figures(summary: &Summary) -> String {
    let (found, lead) = (&summary.report.scores, &summary.report.lead);
    format!(
        "\nof {} sentences; share of the text {:.3}, coverage {:.3} (first sentences: {:.3}), redundancy {:.3} ({:.3})\n",
        summary.report.sentences_in,
        found.compression,
        found.coverage,
        lead.coverage,
        found.redundancy,
        lead.redundancy
    )
}
