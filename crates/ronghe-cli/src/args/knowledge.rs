//! Commands over documents.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Which documents of a store.
#[derive(Debug, Clone, Args)]
pub(crate) struct Documents {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Only documents of this domain; may be given again.
    #[arg(long = "domain", value_name = "NAME")]
    pub(crate) domains: Vec<String>,
    /// Only files whose paths begin so; may be given again.
    #[arg(long = "path", value_name = "BEGINNING")]
    pub(crate) paths: Vec<String>,
    /// Only passages in this language; may be given again.
    #[arg(long = "language", value_name = "LANGUAGE", value_parser = ["zh", "en", "other"])]
    pub(crate) languages: Vec<String>,
    /// Only documents from this day on, YYYY-MM-DD.
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<String>,
    /// Only documents up to this day.
    #[arg(long, value_name = "DAY")]
    pub(crate) until: Option<String>,
    /// Add the documents that are cited to this file, a JSON line each with user, item, domain and time: events to recommend documents by
    /// (`recommend fit FILE --items STORE`). Nothing is recorded without it, and nothing leaves the file.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// User to record them for.
    #[arg(long = "as", value_name = "USER", default_value = "me", requires = "record")]
    pub(crate) user: String,
}

/// `index`
#[derive(Debug, Args)]
pub(crate) struct Index {
    /// Files and folders of documents.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Folder of the store; made if there is none.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Domain of all files [default: the name of the folder below PATH that a file is in].
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
    /// Network for the meaning of passages: e5 (a hundred languages), minilm (English), none (words only); auto: the
    /// store's own, or the first of these whose weights are at hand.
    #[arg(long, default_value = "auto", value_name = "NAME", value_parser = ["auto", "e5", "minilm", "none"])]
    pub(crate) network: String,
    /// Look again every so many seconds until stopped.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) watch: Option<u32>,
}

/// `search`
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// What to search for.
    pub(crate) query: String,
    /// Where.
    #[command(flatten)]
    pub(crate) documents: Documents,
    /// Passages to show.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) most: u32,
    /// What passages are ranked by.
    #[arg(long, default_value = "fused", value_name = "WHAT", value_parser = ["fused", "words", "meaning", "ranks"])]
    pub(crate) by: String,
    /// Weight of meaning beside words, 0 to 1 [default: as fitted when the store was indexed].
    #[arg(long, value_name = "SHARE", value_parser = super::share)]
    pub(crate) weight: Option<f64>,
    /// Most passages of one domain.
    #[arg(long, value_name = "N")]
    pub(crate) per_domain: Option<usize>,
    /// How much a passage loses for being like a better one, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", value_parser = super::share)]
    pub(crate) diversity: f64,
}

/// Whether a language model writes what is shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct Model {
    /// Address of an OpenAI-compatible server, such as http://127.0.0.1:8080: its language model says it in its own words, and
    /// each sentence that the documents do not bear is replaced.
    #[arg(long, value_name = "URL")]
    pub(crate) generate: Option<String>,
    /// Name of the model [default: the only one that the server has].
    #[arg(long, value_name = "NAME", requires = "generate")]
    pub(crate) model: Option<String>,
    /// Environment variable that holds the server's key.
    #[arg(long, value_name = "VARIABLE", requires = "generate")]
    pub(crate) key_env: Option<String>,
}

/// `ask`
#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The question, in Chinese, English or any language of the network.
    #[arg(required_unless_present = "chat", conflicts_with = "chat")]
    pub(crate) question: Option<String>,
    /// Read questions from standard input, one a line; "and in 1990?" is about what was asked before.
    #[arg(long)]
    pub(crate) chat: bool,
    /// Where to look.
    #[command(flatten)]
    pub(crate) documents: Documents,
    /// Most sentences of the answer.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) sentences: u32,
    /// Least confidence of an answer, 0 to 1 [default: as calibrated when the store was indexed].
    #[arg(long, value_name = "SHARE", value_parser = super::share)]
    pub(crate) confidence: Option<f64>,
    /// Say what each passage and each word of the question contributed.
    #[arg(long)]
    pub(crate) why: bool,
    /// Who writes.
    #[command(flatten)]
    pub(crate) model: Model,
}

/// `store`
#[derive(Debug, Args)]
pub(crate) struct Store {
    /// What to do.
    #[command(subcommand)]
    pub(crate) what: StoreCommand,
}

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Look at every byte for damage; exits with an error and says what to do where there is some.
    Check(StoreFolder),
    /// Mend it: keep all that is whole, make the text index anew from the documents, drop damaged vectors.
    Repair(StoreFolder),
    /// Give the space of documents that are gone back to the disk.
    Compact(StoreFolder),
    /// Say how much there is, and which files could not be read.
    Stats(StoreFolder),
    /// Write documents and passages as JSON lines to standard output.
    Export(StoreFolder),
    /// Bring it to this version's format, and its vectors to another network.
    Migrate(Migrate),
}

/// `store migrate`
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Folder of the store.
    pub(crate) store: PathBuf,
    /// Network of the new vectors: e5, minilm or none; auto: the store's own.
    #[arg(long, default_value = "auto", value_name = "NAME", value_parser = ["auto", "e5", "minilm", "none"])]
    pub(crate) network: String,
}

/// A store.
#[derive(Debug, Args)]
pub(crate) struct StoreFolder {
    /// Folder of the store.
    pub(crate) store: PathBuf,
}

/// `summarise`
#[derive(Debug, Args)]
pub(crate) struct Summarise {
    /// Files to summarise together.
    #[arg(required_unless_present = "store", conflicts_with = "store")]
    pub(crate) paths: Vec<PathBuf>,
    /// Summarise documents of this store instead.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Only documents of this domain of the store; may be given again.
    #[arg(long = "domain", value_name = "NAME", requires = "store")]
    pub(crate) domains: Vec<String>,
    /// What the summary should be about.
    #[arg(long, value_name = "TEXT")]
    pub(crate) query: Option<String>,
    /// Sentences of the summary.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sentences: u32,
    /// Share of the sentences instead, above 0 and up to 1.
    #[arg(long, value_name = "SHARE", conflicts_with = "sentences", value_parser = super::share)]
    pub(crate) ratio: Option<f64>,
    /// lexical: by words; e5 or minilm: by the meaning of sentences; lead: the first sentences.
    #[arg(long, default_value = "lexical", value_name = "NAME", value_parser = ["lexical", "e5", "minilm", "lead"])]
    pub(crate) method: String,
    /// Who writes.
    #[command(flatten)]
    pub(crate) model: Model,
}

/// `evaluate-search`
#[derive(Debug, Args)]
pub(crate) struct EvaluateSearch {
    /// Folder in the BEIR layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.
    pub(crate) set: PathBuf,
    /// Which grades.
    #[arg(long, default_value = "test", value_name = "NAME")]
    pub(crate) split: String,
    /// Keep the store of its passages here, for the next time [default: a folder that is removed in the end].
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Network for the meaning of passages; as for `index`.
    #[arg(long, default_value = "auto", value_name = "NAME", value_parser = ["auto", "e5", "minilm", "none"])]
    pub(crate) network: String,
}

/// `evaluate-ask`
#[derive(Debug, Args)]
pub(crate) struct EvaluateAsk {
    /// Questions as JSON lines: question, answers (empty: the documents have none), evidence (path and span), domain.
    pub(crate) questions: PathBuf,
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
}

/// `evaluate-summary`
#[derive(Debug, Args)]
pub(crate) struct EvaluateSummary {
    /// Texts and their summaries as JSON lines: text, summaries, query.
    pub(crate) pairs: PathBuf,
    /// Sentences of a summary.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sentences: u32,
    /// Network whose vectors are tried beside words: e5, minilm or none; auto: the first that is at hand.
    #[arg(long, default_value = "auto", value_name = "NAME", value_parser = ["auto", "e5", "minilm", "none"])]
    pub(crate) network: String,
}
