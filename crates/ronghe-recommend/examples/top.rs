//! Fits one model to pairs of a user and an item as `fit` does, then times lists of ten, for `versus/recommend`; one JSON object.
//!
//! ```text
//! top PAIRS MODEL [ONE [ALL]]
//! ONE   users that are answered one by one, 1,000 if not said; 0: none
//! ALL   users that are answered at once, all if not said
//! ```
//!
//! `all`: seconds and CPU seconds of the lists of all users at once. `one`: milliseconds of one list on one thread, the median and the 99th of a
//! hundred, by the clock and of the processor alone (other programs may keep it from us), plain and with a filter, with quotas of two domains, with diversity. What a user liked is never listed.

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
        return Err("top PAIRS MODEL [ONE [ALL]]".into());
    };
    let ones = rest.first().map_or(Ok(1000), |ones| ones.parse())?;
    let most = rest.get(1).map_or(Ok(usize::MAX), |most| most.parse())?;
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
    let (before, held, start) = (cpu_seconds(), peak_mb(), Instant::now());
    let lists = serving.answers(&users[..most.min(users.len())], Request::default())?;
    let all = json!({
        "seconds": start.elapsed().as_secs_f64(),
        "cpu": cpu_seconds() - before,
        "above_mb": peak_mb() - held,
        "lists": lists.len(),
    });

    let third = |item: u32| item.is_multiple_of(3);
    let quotas = [0, 1].map(|domain| Quota { domain, least: 3, most: 7 });
    let plain = Request::default();
    let mut one = Map::new();
    for (name, request) in [
        ("plain", plain),
        ("filter", Request { filter: Some(&third), ..plain }),
        ("quotas", Request { quotas: &quotas, ..plain }),
        ("diversity", Request { diversity: 0.3, ..plain }),
    ] {
        let (mut took, mut worked) = (Vec::new(), Vec::new());
        for place in 0..ones {
            // Users from all over the set.
            let user = users[place * 7919 % users.len()];
            let (start, before) = (Instant::now(), thread_ms());
            serving.answer(Request { user, ..request })?;
            took.push(start.elapsed().as_secs_f64() * 1e3);
            worked.push(thread_ms() - before);
        }
        let at = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            [ones / 2, ones * 99 / 100].map(|place| times.get(place).copied().unwrap_or_default())
        };
        let ([half, late], [cpu_half, cpu_late]) = (at(&mut took), at(&mut worked));
        let times = json!({ "p50_ms": half, "p99_ms": late, "cpu_p50_ms": cpu_half, "cpu_p99_ms": cpu_late });
        one.insert(name.into(), times);
    }
    println!(
        "{}",
        json!({ "model": model.name(), "items": liked.cols(), "threads": threads, "all": all, "one": one })
    );
    Ok(())
}

/// Milliseconds that this thread computed; 0 where the system does not say.
fn thread_ms() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() / 1e6
}
