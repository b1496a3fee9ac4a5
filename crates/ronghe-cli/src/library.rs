//! What the commands over documents share: stores, networks, the reader of files, how citations look.

use crate::args::{Common, Documents, Model};
use crate::{Outcome, render, session};
use anyhow::{Context, Result, anyhow, bail};
use ronghe::catalogue::Cache;
use ronghe_data::plain;
use ronghe_knowledge::document::{self, Document, Limits, Worker};
use ronghe_knowledge::generate::{Endpoint, Said, Written};
use ronghe_knowledge::store::{Filter, FolderStore, Store};
use ronghe_knowledge::vectors::TextVectors;
use ronghe_knowledge::{Citation, Embed, Language};
use serde_json::json;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// A store that is searched, with its network.
pub(crate) struct Open {
    pub(crate) store: FolderStore,
    network: Option<TextVectors>,
    /// What was said to be damaged when it was opened.
    said: Vec<String>,
}

impl Drop for Open {
    /// Says what was found damaged while it was read.
    fn drop(&mut self) {
        let known = &self.said;
        let met = self.store.damaged().into_iter().filter(|what| !known.contains(what));
        met.for_each(|what| render::warn(&format!("damaged and left out: {what}")));
    }
}

impl Open {
    pub(crate) fn new(documents: &Documents, common: &Common) -> Result<Open> {
        Open::at(&documents.store, common)
    }

    pub(crate) fn at(folder: &Path, common: &Common) -> Result<Open> {
        let store = FolderStore::open(folder)?;
        let said = store.damaged();
        said.iter().for_each(|what| render::warn(&format!("damaged and left out: {what}")));
        let network = store.network().map(|name| network(name, common)).transpose()?;
        Ok(Open { store, network, said })
    }

    pub(crate) fn embed(&self) -> Option<&dyn Embed> {
        self.network.as_ref().map(|n| n as &dyn Embed)
    }
}

/// Adds cited documents to the file of events, where one was asked for: each once, in the order of the citations.
pub(crate) fn record<'a>(documents: &Documents, cited: impl Iterator<Item = &'a Citation>) -> Result<()> {
    let Some(file) = &documents.record else { return Ok(()) };
    let time = session::now().context("the clock of this machine stands before 1970")?;
    let mut lines = String::new();
    let mut met = BTreeSet::new();
    for citation in cited.filter(|c| met.insert(&c.path)) {
        let event =
            json!({ "user": documents.user, "item": citation.path, "domain": citation.domain, "time": time });
        lines += &format!("{event}\n");
    }
    let open = std::fs::OpenOptions::new().create(true).append(true).open(file);
    // All lines at once: another program may write to the same file.
    let written = open.and_then(|mut file| file.write_all(lines.as_bytes()));
    written.map_err(|e| anyhow!("--record {}: {}", file.display(), plain::io(&e)))
}

/// The language model that was asked for.
pub(crate) fn model(asked: &Model) -> Result<Option<Endpoint>> {
    let Some(address) = &asked.generate else { return Ok(None) };
    let key = match &asked.key_env {
        Some(name) => Some(std::env::var(name).with_context(|| format!("--key-env {name}"))?),
        None => None,
    };
    Ok(Some(Endpoint::open(address, asked.model.as_deref(), key)?))
}

/// Sentences of a language model, shown as they were checked.
pub(crate) struct Sentences {
    quiet: bool,
    shown: usize,
}

impl Sentences {
    /// `quiet`: nothing is shown as it comes.
    pub(crate) fn new(quiet: bool) -> Sentences {
        Sentences { quiet, shown: 0 }
    }

    pub(crate) fn show(&mut self, said: &Said) -> ronghe_knowledge::Result<()> {
        self.shown += 1;
        if !self.quiet {
            render::out(&format!("{} [{}]\n", said.text, self.shown));
        }
        Ok(())
    }

    /// Where they come from, and how far the model could be believed.
    pub(crate) fn places(&self, written: &Written) -> String {
        let mut text = "\n".to_owned();
        for (i, said) in written.sentences.iter().enumerate() {
            let instead = if said.instead_of.is_some() {
                " (quoted: the model's sentence was not borne out)"
            } else {
                ""
            };
            text += &format!("[{}] {}{instead}\n", i + 1, place(&said.citation));
        }
        text + &format!(
            "written by {}; {} of its {} sentences are borne out by the documents\n",
            written.model, written.supported, written.generated
        )
    }
}

/// A network whose weights are at hand.
pub(crate) fn network(name: &str, common: &Common) -> Result<TextVectors> {
    let cache = Cache::open(&session::cache_folder(common));
    Ok(TextVectors::open(name, &|file| cache.find(file), common.threads)?)
}

/// The network for a store in `folder`, as asked for; without a folder, for one made anew.
pub(crate) fn network_for(
    asked: &str,
    folder: Option<&Path>,
    common: &Common,
) -> Result<Option<TextVectors>> {
    let kept = folder.and_then(|folder| FolderStore::open(folder).ok());
    match (asked, &kept) {
        ("none", _) => Ok(None),
        ("auto", Some(store)) => store.network().map(|name| network(name, common)).transpose(),
        ("auto", None) => {
            for name in ["e5", "minilm"] {
                if let Ok(found) = network(name, common) {
                    return Ok(Some(found));
                }
            }
            render::warn(
                "no network for meaning is at hand: by words only; `ronghe pull e5-small e5-small-tokenizer` \
                 fetches one, for a store made anew",
            );
            Ok(None)
        }
        (name, _) => network(name, common).map(Some),
    }
}

/// Names that end so are read in this process: it is faster, and the readers of plain text and of lines trust no structure of
/// the file (no sizes, no references, nothing packed). All others are read in a child process within limits.
const READ_HERE: &[&str] = &[
    "txt", "text", "log", "rst", "org", "tex", "md", "markdown", "csv", "tsv", "jsonl", "ndjson", "srt",
    "vtt",
];

/// Reads files into documents.
pub(crate) struct Reader {
    limits: Limits,
    worker: Worker,
}

/// A reader of files.
pub(crate) fn reader() -> Result<Reader> {
    let program = std::env::current_exe().context("cannot find this program itself, to read files with")?;
    // One thread: its memory is bounded, and each thread reserves some.
    let words = ["--threads", "1", "read-documents"].map(OsString::from);
    let command = std::iter::once(program.into_os_string()).chain(words).collect();
    let limits = Limits::default();
    Ok(Reader { worker: Worker::new(command, limits.clone()), limits })
}

impl Reader {
    pub(crate) fn read(&mut self, path: &Path) -> ronghe_knowledge::Result<Vec<Document>> {
        let end = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).unwrap_or_default();
        // Names of no format have a better error here.
        if READ_HERE.contains(&end.as_str()) || !is_known(path) {
            return Ok(document::read(path, &self.limits)?);
        }
        Ok(self.worker.read(path)?)
    }
}

/// The child process: answers requests until there are no more.
pub(crate) fn serve_reader() -> Result<Outcome> {
    document::serve_worker(std::io::stdin().lock(), BufWriter::new(std::io::stdout().lock()))?;
    Ok(Outcome::Done)
}

/// Whether the file's name is of a format that is read.
pub(crate) fn is_known(path: &Path) -> bool {
    document::format_of(path).is_some()
}

/// The filter that the command line asks for.
pub(crate) fn filter(given: &Documents) -> Result<Filter> {
    let paths = given.paths.iter().map(|path| {
        let whole = std::path::absolute(path).with_context(|| format!("--path {path}"))?;
        Ok(whole.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"))
    });
    let language = |name: &String| Language::ALL.into_iter().find(|(n, _)| n == name).map(|(_, l)| l);
    for day in given.since.iter().chain(&given.until) {
        let form = |(i, b): (usize, u8)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() };
        if day.len() != 10 || !day.bytes().enumerate().all(form) {
            bail!("{day}: expected a day such as 2026-03-31");
        }
    }
    Ok(Filter {
        domains: given.domains.clone(),
        paths: paths.collect::<Result<_>>()?,
        languages: given.languages.iter().filter_map(language).collect(),
        since: given.since.clone(),
        until: given.until.clone(),
        without: Vec::new(),
    })
}

/// Names of files whose rows are rows; those of other texts are lines.
const TABLES: &[&str] = &["csv", "tsv", "jsonl", "ndjson", "parquet", "xlsx", "xlsm", "xlsb", "xls", "ods"];

/// A citation's place in one line; the path as seen from the current folder where the file is in it.
pub(crate) fn place(citation: &Citation) -> String {
    let path = Path::new(&citation.path);
    let here = std::env::current_dir().ok();
    let near = here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    let mut text = near.display().to_string();
    let place = &citation.place;
    if let Some(page) = place.page {
        text += &format!(", page {page}");
    }
    if let Some(row) = place.row {
        let end = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).unwrap_or_default();
        text += &format!(", {} {row}", if TABLES.contains(&end.as_str()) { "row" } else { "line" });
    }
    if let Some(second) = place.second {
        text += &format!(", {second:.0} s");
    }
    if !citation.headings.is_empty() {
        text += &format!(" ({})", citation.headings.join(" > "));
    }
    text += &format!(", bytes {} to {} [{}]", citation.span.start, citation.span.end, citation.domain);
    text
}
