//! `ronghe recommend fit|for|similar|explain|evaluate|transfer`

mod cold;
mod documents;
mod encoders;
mod evaluate;
mod explain;
mod fit;
mod serve;
mod similar;
mod transfer;

use crate::args::{self, Common, Events, Recommend, RecommendCommand};
use crate::progress::Progress;
use crate::{Outcome, render, session, tables};
use anyhow::{Context, Result};
use ronghe::catalogue::Cache;
use ronghe_recommend::budget::Stage;
use ronghe_recommend::collect::Counts;
use ronghe_recommend::compare::Wanted;
use ronghe_recommend::report::Interval;
use ronghe_recommend::roles::{Choice, Choices};
use ronghe_recommend::serve::{Quota, Request, Serving};
use ronghe_recommend::source::{self, Loaded, Source, Weights};
use ronghe_recommend::{
    Content, DomainRule, Event, Fitted, Interactions, ItemSource, Items, RECOMMENDERS, domains_of_items,
    movielens,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

pub(crate) fn run(args: &Recommend, common: &Common) -> Result<Outcome> {
    match &args.command {
        RecommendCommand::Fit(args) => fit::run(args, common),
        RecommendCommand::For(args) => serve::run(args, common),
        RecommendCommand::Similar(args) => similar::run(args, common),
        RecommendCommand::Explain(args) => explain::run(args, common),
        RecommendCommand::Evaluate(args) => evaluate::run(args, common),
        RecommendCommand::Transfer(args) => transfer::run(args, common),
    }
}

/// Events with what is known of their items.
struct Read {
    of: Interactions,
    items: Option<Items>,
    content: Option<Content>,
    loaded: Loaded,
    /// To test on, in the order of time.
    test: Option<Vec<Event>>,
}

/// Reads the events and items that the command line names, and says how they were taken.
fn read(args: &Events, watch: &Watch, common: &Common) -> Result<Read> {
    read_tested(args, None, watch, common)
}

/// The same with events to test on, if there are any.
fn read_tested(args: &Events, test: Option<&Path>, watch: &Watch, common: &Common) -> Result<Read> {
    let encoders = encoders::Opened::new(args.text.as_deref(), args.image.as_deref(), common)?;
    read_with(args, None, test, &encoders, watch, common)
}

/// The same, weights taken as by `like` where that is given.
fn read_with(
    args: &Events,
    like: Option<&Weights>,
    test: Option<&Path>,
    encoders: &encoders::Opened,
    watch: &Watch,
    common: &Common,
) -> Result<Read> {
    let path = fetched(&args.events, common)?;
    let choice = |given: &Option<String>| match given.as_deref() {
        None => Choice::Guess,
        Some("-") => Choice::Without,
        Some(column) => Choice::Column(column.to_owned()),
    };
    let source = Source {
        columns: Choices {
            user: choice(&args.user),
            item: choice(&args.item),
            weight: choice(&args.weight),
            time: choice(&args.time),
            domain: choice(&args.domain),
        },
        meaning: like.map(|w| w.meaning),
        at_least: like.map_or(args.at_least, |w| w.at_least),
        now: session::now(),
        read: tables::read_options(&args.reading)?,
    };
    let (mut of, loaded) = source::read(&path, &source, &watch.stage("reading events"))?;
    let test = match test {
        None => None,
        Some(test) => {
            let told = watch.stage("reading test events");
            let (events, found) = source::read_test(test, &source, &mut of, &loaded, &told)?;
            let told = counted(&found.counts);
            told.iter().for_each(|line| render::warn(&format!("{}: {line}", test.display())));
            Some(events)
        }
    };
    let items = match args.items.clone().or_else(|| movielens::beside(&path)) {
        None => None,
        Some(items) if documents::are_in(&items) => Some(documents::items(&items, &mut of)?),
        Some(items) => {
            let options = tables::read_options(&args.reading)?;
            let id = args.item_id.as_deref();
            let source = ItemSource { id, read: &options, encoders: encoders.lent() };
            Some(Items::read(&items, &source, &mut of, &watch.stage("reading items"))?)
        }
    };
    let content = items.as_ref().map(|items| Content::of(items, &encoders.lent())).transpose()?.flatten();
    if !args.domain_where.is_empty() {
        let known = items.as_ref().context("--domain-where asks for --items")?;
        let rules = args.domain_where.iter().map(|rule| DomainRule::parse(rule));
        domains_of_items(&mut of, known, &rules.collect::<Result<Vec<_>, _>>()?)?;
    }
    if !common.quiet {
        report(&of, &loaded);
        if let Some(items) = &items {
            described(items, content.as_ref(), args.image.is_some());
        }
        encoders.bad().iter().take(5).for_each(|cell| render::warn(cell));
    }
    Ok(Read { of, items, content, loaded, test })
}

/// The table; `pull:NAME` is fetched if it is not at hand.
fn fetched(path: &Path, common: &Common) -> Result<PathBuf> {
    let Some(name) = path.to_str().and_then(|p| p.strip_prefix("pull:")) else { return Ok(path.to_owned()) };
    let cache = Cache::open(&session::cache_folder(common));
    super::pull::fetch(name, &cache, common)?;
    Ok(cache.find(name)?)
}

/// Says which column was taken for what, and what the rows hold.
fn report(of: &Interactions, loaded: &Loaded) {
    let roles: Vec<String> = loaded
        .columns
        .iter()
        .map(|a| format!("{} `{}`", format!("{:?}", a.role).to_lowercase(), a.column))
        .collect();
    render::log(&format!("columns: {}", roles.join(", ")));
    if let Some(weights) = &loaded.weights {
        let least = weights.at_least.map_or("any above 0".to_owned(), |least| format!("{least} or more"));
        let guessed = if weights.guessed { " (--at-least says otherwise)" } else { "" };
        render::log(&format!("an item was liked where its weight is {least}{guessed}"));
    }
    let domains =
        if of.domains.len() > 1 { format!(", {} domains", of.domains.len()) } else { String::new() };
    let liked = of.events.iter().filter(|e| e.weight > 0.0).count();
    render::log(&format!("{} users, {} items{domains}, {liked} liked", of.users.len(), of.items.len()));
    counted(&loaded.counts).iter().for_each(|line| render::warn(line));
    loaded.warnings.iter().for_each(|warning| render::warn(&tables::say(warning)));
}

/// Says what of the items was taken into account.
fn described(items: &Items, content: Option<&Content>, pictures: bool) {
    let width = content.map_or(0, |c| c.features.width);
    let by =
        content.and_then(Content::text_encoder).map_or("words".to_owned(), |n| format!("the network `{n}`"));
    let known = items.rows.iter().filter(|row| !row.is_empty()).count();
    render::log(&format!("{known} items described, {width} features; texts by {by}"));
    if items.picture().is_some() && !pictures {
        render::log(
            "pictures are shown and not looked at; --image efficientnet_lite0 takes them into account",
        );
    }
}

/// What is odd about the rows, a sentence each.
fn counted(counts: &Counts) -> Vec<String> {
    let said = [
        (counts.without_user + counts.without_item, "rows without a user or an item are left out"),
        (counts.without_weight, "rows without a weight are left out"),
        (counts.repeats, "rows repeat a user and an item"),
        (counts.zeros, "rows have a weight of 0 and are no events"),
        (counts.negative, "rows have a negative weight: seen, never liked"),
        (counts.future, "rows have a time in the future"),
    ];
    said.into_iter().filter(|(rows, _)| *rows > 0).map(|(rows, what)| format!("{rows} {what}")).collect()
}

/// Progress that also listens for Ctrl-C.
struct Watch {
    progress: Mutex<Progress>,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Watch {
    fn new(common: &Common) -> Result<Watch> {
        Ok(Watch { progress: Mutex::new(Progress::new(common.quiet)), stop: session::stop_signal()? })
    }

    /// What long work tells.
    fn stage<'a>(&'a self, stage: &'a str) -> impl Fn(usize, usize) -> bool + Sync + 'a {
        move |done, of| {
            if let Ok(mut progress) = self.progress.lock() {
                progress.step(stage, done, of, "");
            }
            !self.stop.load(Ordering::Relaxed)
        }
    }

    /// What a comparison tells.
    fn told(&self, stage: &Stage<'_>) -> bool {
        if let Ok(mut progress) = self.progress.lock() {
            progress.timed(
                "comparing",
                stage.share,
                stage.left,
                &format!("{}, {}", stage.model, stage.doing),
            );
        }
        !self.stop.load(Ordering::Relaxed)
    }

    /// Takes the bar away.
    fn end(&self) {
        if let Ok(mut progress) = self.progress.lock() {
            progress.end();
        }
    }
}

/// A model that was named on the command line: a name of the table, or JSON with settings.
fn wanted(text: &str) -> Result<Wanted> {
    if text.trim_start().starts_with('{') {
        let model = serde_json::from_str(text)
            .map_err(|e| anyhow::anyhow!("--model {text}: {}", ronghe_data::plain::json(&e)))?;
        return Ok(Wanted::Model(model));
    }
    let valid: Vec<&str> = RECOMMENDERS.iter().map(|e| e.name).collect();
    let entry = RECOMMENDERS.iter().find(|e| e.name == text).with_context(|| {
        let hint = ronghe_data::suggest::hint(text, &valid);
        format!("no model `{text}`{hint}; there are: {}", valid.join(", "))
    })?;
    Ok(Wanted::Best(entry))
}

/// The number of the item called so; with `DOMAIN/NAME` that of a domain.
fn item(fitted: &Fitted, name: &str) -> Result<u32> {
    let of = &fitted.interactions;
    let in_domain = || {
        let (domain, name) = name.split_once('/')?;
        of.item(name, Some(of.domains.number(domain)?))
    };
    of.item(name, None).or_else(in_domain).with_context(|| {
        let names = of.items.names();
        format!("no item `{name}`{}; there are {}", ronghe_data::suggest::hint(name, names), names.len())
    })
}

/// Which items may be shown, with their numbers.
struct Rules {
    most: usize,
    seen: bool,
    allow: Option<Vec<u32>>,
    deny: Vec<u32>,
    quotas: Vec<Quota>,
    diversity: f32,
    filter: Box<dyn Fn(u32) -> bool + Sync>,
}

impl Rules {
    fn new(fitted: &Fitted, args: &args::Rules) -> Result<Rules> {
        let of = &fitted.interactions;
        let items =
            |names: &[String]| names.iter().map(|name| item(fitted, name)).collect::<Result<Vec<u32>>>();
        let domains = args.domains.iter().map(|name| of.domain(name)).collect::<Result<Vec<u32>, _>>()?;
        let mut cells: Vec<Vec<bool>> = Vec::new();
        for filter in &args.filters {
            let known = fitted
                .items
                .as_ref()
                .context("--where asks for a recommender that was fitted with --items")?;
            let (column, value) =
                filter.split_once('=').with_context(|| format!("--where {filter}: expected COLUMN=VALUE"))?;
            let place = known.column(column).with_context(|| {
                let names: Vec<&str> = known.columns.iter().map(|c| c.name.as_str()).collect();
                let hint = ronghe_data::suggest::hint(column, &names);
                format!("no column `{column}` in the table of items{hint}; there are: {}", names.join(", "))
            })?;
            let count = of.items.len() as u32;
            cells.push((0..count).map(|i| known.says(i, place, value)).collect());
        }
        let domain_of = of.domain_of.clone();
        let filter = move |item: u32| {
            (domains.is_empty() || domains.contains(&domain_of[item as usize]))
                && cells.iter().all(|let_through| let_through[item as usize])
        };
        let most =
            |n: usize| (0..of.domains.len() as u32).map(move |domain| Quota { domain, least: 0, most: n });
        Ok(Rules {
            most: args.most as usize,
            seen: args.seen,
            allow: if args.allow.is_empty() { None } else { Some(items(&args.allow)?) },
            deny: items(&args.deny)?,
            quotas: args.per_domain.map(|n| most(n).collect()).unwrap_or_default(),
            diversity: args.diversity as f32,
            filter: Box::new(filter),
        })
    }
}

/// What is asked for a user or a history.
fn request<'a>(rules: &'a Rules, user: Option<u32>, history: &'a [(u32, f32)]) -> Request<'a> {
    Request {
        user,
        history,
        k: rules.most,
        seen: rules.seen,
        allow: rules.allow.as_deref(),
        deny: &rules.deny,
        filter: Some(rules.filter.as_ref()),
        quotas: &rules.quotas,
        diversity: rules.diversity,
    }
}

/// A mean with its interval.
fn range(i: Interval) -> String {
    format!("{:.4} ({:.4} to {:.4})", i.mean, i.low, i.high)
}

/// A difference with its interval.
fn signed(i: Interval) -> String {
    format!("{:+.4} ({:+.4} to {:+.4})", i.mean, i.low, i.high)
}

/// What an item is called in a table: its title and its name.
fn called(of: &Interactions, items: Option<&Items>, item: u32) -> String {
    let name = of.items.name(item);
    match items.and_then(|items| items.title(item)) {
        Some(title) if title != name => format!("{title} [{name}]"),
        _ => name.to_owned(),
    }
}

/// What a feature of an item adds to its score.
#[derive(Serialize)]
struct Aspect {
    feature: String,
    adds: f32,
}

/// What of the features of an item speaks for it, where its score is that of its features.
fn aspects_of(
    fitted: &Fitted,
    serving: &Serving<'_>,
    (user, history): (Option<u32>, &[(u32, f32)]),
    item: u32,
    most: usize,
) -> Vec<Aspect> {
    let Some(features) = fitted.content.as_ref().map(|c| &c.features) else { return Vec::new() };
    let found = serving.aspects(user, history, item, features, most).unwrap_or_default();
    let named =
        |(place, adds): (usize, f32)| Some(Aspect { feature: features.names.get(place)?.clone(), adds });
    found.into_iter().filter_map(named).collect()
}
