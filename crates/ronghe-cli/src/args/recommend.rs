//! Commands over events of users with items.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `recommend`
#[derive(Debug, Args)]
pub(crate) struct Recommend {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: RecommendCommand,
}

/// What can be done with events.
#[derive(Debug, Subcommand)]
pub(crate) enum RecommendCommand {
    /// Fit a recommender on a table of events and save it.
    Fit(RecommendFit),
    /// Items for users, each with its reasons if wanted.
    For(RecommendFor),
    /// Items that are like an item.
    Similar(RecommendSimilar),
    /// Why an item is recommended to a user, or why it is not.
    Explain(RecommendExplain),
    /// How good models are on events that they have not seen.
    Evaluate(RecommendEvaluate),
    /// Whether what users did in one domain helps to recommend in another.
    Transfer(RecommendTransfer),
}

/// Which events.
#[derive(Debug, Clone, Args)]
pub(crate) struct Events {
    /// Table of events: a row says that a user did something with an item. MovieLens' folders and files are read as published.
    #[arg(value_name = "EVENTS")]
    pub(crate) events: PathBuf,
    /// Column of the users [default: by its name].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) user: Option<String>,
    /// Column of the items [default: by its name].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) item: Option<String>,
    /// Column of ratings or counts [default: by its name; `-` for none].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// Column of times [default: by its name; `-` for none].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
    /// Column of domains, such as books and films [default: by its name; `-` for none].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) domain: Option<String>,
    /// The least rating or count that says that an item was liked [default: 4 of 5, 8 of 10, else any above 0].
    #[arg(long, value_name = "NUMBER")]
    pub(crate) at_least: Option<f32>,
    /// How the table is read.
    #[command(flatten)]
    pub(crate) reading: super::Reading,
    /// Table of the items: titles and what else is known of them.
    #[arg(long, value_name = "PATH")]
    pub(crate) items: Option<PathBuf>,
    /// Column of that table that names the item [default: the one called like the column of the events, else by its name].
    #[arg(long, value_name = "COLUMN", requires = "items")]
    pub(crate) item_id: Option<String>,
    /// Network that reads the items' titles, texts and names: `minilm` (English) or `e5` (a hundred languages) [default: their words].
    #[arg(long, value_name = "NETWORK")]
    pub(crate) text: Option<String>,
    /// Network that looks at the items' pictures: `efficientnet_lite0` or `mobilenet_v2` [default: pictures say nothing].
    #[arg(long, value_name = "NETWORK")]
    pub(crate) image: Option<String>,
    /// Domains by the table of items: those of any of these cells are the domain NAME; may be given again, and `NAME:` takes all others
    /// [default: the column of domains].
    #[arg(long, value_name = "NAME:COLUMN=VALUE,...")]
    pub(crate) domain_where: Vec<String>,
}

/// What is fitted.
#[derive(Debug, Clone, Args)]
pub(crate) struct Fitting {
    /// Seconds for fitting and measuring; of each model the first setting is tried at any rate. 0 with a model as JSON: it is fitted only.
    #[arg(long, default_value_t = 40, value_name = "SECONDS")]
    pub(crate) time_limit: u32,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
}

/// `recommend fit`
#[derive(Debug, Args)]
pub(crate) struct RecommendFit {
    /// The events.
    #[command(flatten)]
    pub(crate) events: Events,
    /// Name of a model, or a model with its settings as JSON such as '{"model": "ease", "lambda": 200}'; a name alone is fitted with
    /// the best of the settings that are tried.
    #[arg(long, default_value = "hybrid", value_name = "MODEL")]
    pub(crate) model: String,
    /// Folder of the recommender.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Fit this recommender again with the events added to its own: the same model with the same settings, nothing is tried.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["model", "time_limit", "text"])]
    pub(crate) update: Option<PathBuf>,
    /// Replace a recommender that is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// How it is fitted.
    #[command(flatten)]
    pub(crate) fitting: Fitting,
}

/// Which items may be shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct Rules {
    /// Items to show.
    #[arg(long, short = 'k', default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) most: u32,
    /// Also items that the user has seen.
    #[arg(long)]
    pub(crate) seen: bool,
    /// Only items of this domain; may be given again.
    #[arg(long = "in", value_name = "DOMAIN")]
    pub(crate) domains: Vec<String>,
    /// Most items of one domain.
    #[arg(long, value_name = "N")]
    pub(crate) per_domain: Option<usize>,
    /// Only items whose cell in the table of items is this; may be given again.
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub(crate) filters: Vec<String>,
    /// Only these items; may be given again.
    #[arg(long, value_name = "ITEM")]
    pub(crate) allow: Vec<String>,
    /// Not these items; may be given again.
    #[arg(long, value_name = "ITEM")]
    pub(crate) deny: Vec<String>,
    /// How much an item loses for being like a better one, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", value_parser = super::share)]
    pub(crate) diversity: f64,
}

/// `recommend for`
#[derive(Debug, Args)]
pub(crate) struct RecommendFor {
    /// Folder of the recommender.
    pub(crate) recommender: PathBuf,
    /// Users; one that nobody knows gets what is popular.
    #[arg(required_unless_present_any = ["history", "all", "wish"], value_name = "USER")]
    pub(crate) users: Vec<String>,
    /// Items that a new user liked, instead of a user: nothing is fitted again.
    #[arg(long, value_name = "ITEMS", value_delimiter = ',', conflicts_with = "users")]
    pub(crate) history: Vec<String>,
    /// What is wished for, in a sentence: "something like Alien, but funny", 像《活着》那样的，不要战争. Titles that it names, its words, and what
    /// it does not want are taken from the items; with a user, the user's own items count too.
    #[arg(long, value_name = "SENTENCE", conflicts_with_all = ["history", "all"])]
    pub(crate) wish: Option<String>,
    /// Every user.
    #[arg(long, conflicts_with_all = ["users", "history"])]
    pub(crate) all: bool,
    /// Which items.
    #[command(flatten)]
    pub(crate) rules: Rules,
    /// Say for each item which of the user's own items speak for it.
    #[arg(long)]
    pub(crate) why: bool,
    /// Write a page with pictures of the items and their reasons.
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    /// Folder that holds the pictures that the table of items names.
    #[arg(long, value_name = "DIR", requires = "page")]
    pub(crate) media: Option<PathBuf>,
}

/// `recommend similar`
#[derive(Debug, Args)]
pub(crate) struct RecommendSimilar {
    /// Folder of the recommender.
    pub(crate) recommender: PathBuf,
    /// The item.
    pub(crate) item: String,
    /// Items to show.
    #[arg(long, short = 'k', default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) most: u32,
}

/// `recommend explain`
#[derive(Debug, Args)]
pub(crate) struct RecommendExplain {
    /// Folder of the recommender.
    pub(crate) recommender: PathBuf,
    /// The user.
    pub(crate) user: String,
    /// The item.
    pub(crate) item: String,
    /// As it was asked for.
    #[command(flatten)]
    pub(crate) rules: Rules,
}

/// `recommend evaluate`
#[derive(Debug, Args)]
pub(crate) struct RecommendEvaluate {
    /// The events.
    #[command(flatten)]
    pub(crate) events: Events,
    /// Names of models [default: all of them].
    #[arg(long, value_delimiter = ',', value_name = "MODELS")]
    pub(crate) models: Vec<String>,
    /// What is held back: the last tenth of the events by time, the last event of each user, whole users, any events, or whole items, which
    /// are then ranked by what is known of them.
    #[arg(long, default_value = "temporal", value_name = "HOW", value_parser = ["temporal", "last", "users", "random", "items"])]
    pub(crate) split: String,
    /// Table of the events to test on, in place of what --split holds back, which then only says by what settings are chosen.
    #[arg(long, value_name = "PATH")]
    pub(crate) test: Option<PathBuf>,
    /// Length of the lists that are judged.
    #[arg(long, short = 'k', default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) most: u32,
    /// How they are fitted.
    #[command(flatten)]
    pub(crate) fitting: Fitting,
}

/// `recommend transfer`
#[derive(Debug, Args)]
pub(crate) struct RecommendTransfer {
    /// The events, of two domains at least.
    #[command(flatten)]
    pub(crate) events: Events,
    /// Domain to learn from.
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) from: String,
    /// Domain to recommend in.
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) to: String,
    /// Events in that domain that the users to be judged keep; several numbers make one table.
    #[arg(long, default_value = "5", value_delimiter = ',', value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub(crate) kept: Vec<u32>,
    /// Share of the other users in both domains who stay there; the rest loses what it did in the domain to learn from.
    #[arg(long, default_value_t = 1.0, value_name = "SHARE", value_parser = super::share)]
    pub(crate) overlap: f64,
    /// Save what the decision says is to be used, fitted on all events: the best model across both domains, or where transfer is refused
    /// the best of the domain to recommend in alone.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace a recommender that is there.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
}
