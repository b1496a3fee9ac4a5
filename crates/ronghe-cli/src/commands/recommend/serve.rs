//! `ronghe recommend for RECOMMENDER USER ...`

use super::{called, request};
use crate::args::{Common, RecommendFor};
use crate::{Outcome, render, session};
use anyhow::{Context, Result};
use ronghe::report::{Note, Recommendations, RecommendedItem, RecommendedList, recommendations};
use ronghe_recommend::serve::{Answer, Ranked, Serving, TradeOff};
use ronghe_recommend::{Fitted, Reasons, Wished};
use serde::Serialize;
use std::path::Path;

/// Reasons that are named.
const REASONS: usize = 5;

/// The list of one user as it is printed.
#[derive(Serialize)]
struct List {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wish: Option<String>,
    /// Nothing is known of the user: these are the popular items.
    popular: bool,
    items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_off: Option<TradeOff>,
}

impl List {
    /// Whom it is for.
    fn whom(&self) -> String {
        match (&self.user, &self.wish) {
            (Some(user), None) => user.clone(),
            (Some(user), Some(wish)) => format!("{user}: {wish}"),
            (None, Some(wish)) => wish.clone(),
            (None, None) => "the history given".into(),
        }
    }
}

#[derive(Serialize)]
struct Item {
    item: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    score: f32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<Because>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<f32>,
}

#[derive(Serialize)]
struct Because {
    item: String,
    adds: f32,
}

pub(crate) fn run(args: &RecommendFor, common: &Common) -> Result<Outcome> {
    let mut fitted = Fitted::open(&args.recommender)?;
    if let Some(items) = &mut fitted.items {
        items.base.clone_from(&args.media);
    }
    let serving = fitted.serving()?;
    let history: Vec<(u32, f32)> =
        args.history.iter().map(|name| Ok((super::item(&fitted, name)?, 1.0))).collect::<Result<_>>()?;
    let users: Vec<Option<String>> = match (args.all, history.is_empty()) {
        (true, _) => fitted.interactions.users.names().iter().cloned().map(Some).collect(),
        (_, false) => vec![None],
        _ => args.users.iter().cloned().map(Some).collect(),
    };
    let rules = super::Rules::new(&fitted, &args.rules)?;
    let wanted = args.why || args.page.is_some();
    if let Some(sentence) = &args.wish {
        let lists = wished(&fitted, sentence, &users, rules, wanted, common)?;
        return shown(&fitted, args, &lists, common);
    }
    let number = |user: &Option<String>| fitted.interactions.users.number(user.as_deref()?);
    let numbers: Vec<Option<u32>> = users.iter().map(number).collect();
    let answers = serving.answers(&numbers, request(&rules, None, &history))?;
    let of = |((user, number), answer): ((&Option<String>, _), _)| {
        list(&fitted, &serving, user.as_deref(), (number, &history), answer, wanted)
    };
    let lists: Vec<List> = users.iter().zip(numbers).zip(&answers).map(of).collect();
    shown(&fitted, args, &lists, common)
}

/// Lists for a sentence: for nobody known, or for each of the users.
fn wished(
    fitted: &Fitted,
    sentence: &str,
    users: &[Option<String>],
    mut rules: super::Rules,
    why: bool,
    common: &Common,
) -> Result<Vec<List>> {
    let encoders = super::encoders::Opened::of(fitted.content.as_ref(), common)?;
    let of = &fitted.interactions;
    let anybody = [None];
    let users = if users.is_empty() { &anybody } else { users };
    let mut lists = Vec::new();
    let denied = rules.deny.clone();
    for user in users {
        let number = user.as_deref().and_then(|name| of.users.number(name));
        let wished = fitted.wish(sentence, number, encoders.lent().text)?;
        if !common.quiet {
            render::log(&heard(fitted, &wished));
        }
        let serving = Serving::new(&wished.model, of, &of.events)?;
        rules.deny = denied.iter().chain(&wished.hidden).copied().collect();
        rules.seen = true;
        let answer = serving.answer(request(&rules, None, &wished.history))?;
        let mut list = list(fitted, &serving, user.as_deref(), (None, &wished.history), &answer, why);
        list.wish = Some(sentence.to_owned());
        lists.push(list);
    }
    Ok(lists)
}

/// What was understood of a wish.
fn heard(fitted: &Fitted, wished: &Wished<'_>) -> String {
    let wish = &wished.wish;
    let named = |items: &[u32]| {
        let called = |i: &u32| called(&fitted.interactions, fitted.items.as_ref(), *i);
        items.iter().map(called).collect::<Vec<_>>().join(", ")
    };
    let parts = [
        ("like", named(&wish.named)),
        ("words", wish.words.clone()),
        ("not like", named(&wish.unwanted)),
        ("without", wish.without.clone()),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(_, what)| !what.is_empty())
        .map(|(which, what)| format!("{which} {what}"))
        .collect();
    if said.is_empty() {
        "nothing of the wish is known: what most users like".into()
    } else {
        said.join("; ")
    }
}

/// Writes the page, prints the lists.
fn shown(fitted: &Fitted, args: &RecommendFor, lists: &[List], common: &Common) -> Result<Outcome> {
    if let Some(page) = &args.page {
        session::write_file(page, page_of(fitted, &args.recommender, lists)?.as_bytes())
            .with_context(|| page.display().to_string())?;
        if !common.quiet {
            render::log(&format!("page: {}", page.display()));
        }
    }
    if common.json {
        render::json(&lists)?;
    } else {
        lists.iter().for_each(|list| render::out(&rendered(fitted, list)));
    }
    Ok(Outcome::Done)
}

fn list(
    fitted: &Fitted,
    serving: &Serving<'_>,
    user: Option<&str>,
    (number, history): (Option<u32>, &[(u32, f32)]),
    answer: &Answer,
    why: bool,
) -> List {
    let of = &fitted.interactions;
    let item = |ranked: &Ranked| {
        let reasons: Option<Reasons> =
            if why { serving.reasons(number, history, ranked.item, REASONS) } else { None };
        let because = reasons.iter().flat_map(|r| &r.because);
        Item {
            item: of.items.name(ranked.item).to_owned(),
            title: fitted.items.as_ref().and_then(|i| i.title(ranked.item)).map(str::to_owned),
            score: ranked.score,
            because: because
                .map(|c| Because { item: called(of, fitted.items.as_ref(), c.item), adds: c.value })
                .collect(),
            rest: reasons.map(|r| r.rest + r.constant),
        }
    };
    List {
        user: user.map(str::to_owned),
        wish: None,
        popular: answer.popular,
        items: answer.items.iter().map(item).collect(),
        trade_off: answer.trade_off,
    }
}

const NOBODY: &str = "nothing is known of this user: what most users like";

fn rendered(fitted: &Fitted, list: &List) -> String {
    let mut text =
        format!("for {}{}\n", list.whom(), if list.popular { format!(" ({NOBODY})") } else { String::new() });
    if list.items.is_empty() {
        text += "  nothing is left to show\n";
    }
    for (rank, item) in list.items.iter().enumerate() {
        let number = fitted.interactions.items.number(&item.item);
        let name =
            number.map_or(item.item.clone(), |n| called(&fitted.interactions, fitted.items.as_ref(), n));
        text += &format!("  {:>3}  {:<60} {:>9.4}\n", rank + 1, render::cut(&name, 60), item.score);
        for because in &item.because {
            text += &format!("         {:+.4}  {}\n", because.adds, because.item);
        }
        if let Some(rest) = item.rest.filter(|r| r.abs() > 5e-5) {
            text += &format!("         {rest:+.4}  everything else\n");
        }
    }
    if let Some(t) = list.trade_off.filter(|_| !list.items.is_empty()) {
        text += &format!(
            "  diversity: likeness of the items {:.3} instead of {:.3}, score {:.3} instead of {:.3} of the best\n",
            t.alike, t.alike_before, t.score, t.score_before
        );
    }
    text
}

fn page_of(fitted: &Fitted, folder: &Path, lists: &[List]) -> Result<String> {
    let picture = |item: u32| {
        let items = fitted.items.as_ref()?;
        let path = items.base.as_ref()?.join(items.cell(item, items.picture()?)?);
        std::fs::read(path).ok()
    };
    let card = |item: &Item| {
        let number = fitted.interactions.items.number(&item.item).unwrap_or_default();
        RecommendedItem {
            title: item.title.clone().unwrap_or_else(|| item.item.clone()),
            facts: fitted.items.as_ref().map(|i| i.facts(number)).unwrap_or_default(),
            picture: picture(number),
            score: item.score,
            reasons: item.because.iter().map(|b| (b.item.clone(), b.adds)).collect(),
            rest: item.rest.unwrap_or_default(),
        }
    };
    let list = |list: &List| RecommendedList {
        user: format!("For {}", list.whom()),
        note: if list.popular { NOBODY.into() } else { String::new() },
        items: list.items.iter().map(card).collect(),
    };
    let settings = serde_json::to_string(&fitted.model)?;
    Ok(recommendations(&Recommendations {
        title: "Recommended".into(),
        lead: "Each score is what the user's own items add, and what is there without them; bars are drawn to the largest.".into(),
        notes: vec![Note::Remark(format!("{}: {}", folder.display(), render::cut(&settings, 200)))],
        lists: lists.iter().map(list).collect(),
        ..Recommendations::default()
    }))
}
