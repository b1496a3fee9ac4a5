//! Fits one model to pairs of a user and an item as `fit` does, then times lists of ten, for `versus/recommend`; one JSON object.
//!
//! ```text
//! top PAIRS MODEL [ONE]
//! ONE   users that are answered one by one, 1,000 if not said; 0: none
//! ```
//!
//! `all`: seconds and CPU seconds of the lists of all users at once. `one`: milliseconds of one list on one thread, the median and the 99th of a
//! hundred, plain and with a filter, with quotas of two domains, with diversity. What a user liked is never listed.

#![allow(clippy::print_stdout)]

mod common;

use common::{cpu_seconds, events, peak_mb};
use ronghe_recommend::serve::{Quota, Request, Serving};
use ronghe_recommend::{Model, Training};
use serde_json::{Map, json};
use std::error::Error;
use std::fs;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pairs, model, rest @ ..] = arguments.as_slice() else {
        return Err("top PAIRS MODEL [ONE]".into());
    };
    let ones = rest.first().map_or(Ok(1000), |ones| ones.parse())?;
    let model: Model = serde_json::from_str(model)?;
    let mut of = events(&fs::read(pairs)?);
    of.domains = ["even", "odd"].into_iter().collect();
    (0..).zip(&mut of.domain_of).for_each(|(item, domain)| *domain = item % 2);
    let liked = of.matrix(&of.events);
    let threads = rayon::current_num_threads();
    let data = Training { liked: &liked, events: &of.events, of: &of, features: None, seed: 0, threads };
    let fitted = model.fit(&data, &|_, _| true)?;
    let serving = Serving::new(&*fitted, &of, &of.events)?;

    let users: Vec<Option<u32>> = (0..liked.rows() as u32).map(Some).collect();
    let (before, start) = (cpu_seconds(), Instant::now());
    let lists = serving.answers(&users, Request::default())?;
    let all = json!({ "seconds": start.elapsed().as_secs_f64(), "cpu": cpu_seconds() - before, "lists": lists.len() });

    let third = |item: u32| item % 3 == 0;
    let quotas = [0, 1].map(|domain| Quota { domain, least: 3, most: 7 });
    let plain = Request::default();
    let mut one = Map::new();
    for (name, request) in [
        ("plain", plain),
        ("filter", Request { filter: Some(&third), ..plain }),
        ("quotas", Request { quotas: &quotas, ..plain }),
        ("diversity", Request { diversity: 0.3, ..plain }),
    ] {
        let mut took = Vec::new();
        for place in 0..ones {
            // Users from all over the set.
            let user = users[place * 7919 % users.len()];
            let start = Instant::now();
            serving.answer(Request { user, ..request })?;
            took.push(start.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        if let (Some(half), Some(late)) = (took.get(ones / 2), took.get(ones * 99 / 100)) {
            one.insert(name.into(), json!({ "p50_ms": half, "p99_ms": late }));
        }
    }
    println!(
        "{}",
        json!({ "model": model.name(), "items": liked.cols(), "threads": threads, "peak_mb": peak_mb(), "all": all, "one": one })
    );
    Ok(())
}
