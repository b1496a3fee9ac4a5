//! Trains `sequential` on a text file with a line `user item milliseconds` an event and says how well the last item of
//! each user is foretold: `next_item FILE ITEMS [valid|test] [SETTINGS AS JSON] [SEED] [THREADS]`.

use ronghe_recommend::models::sequential;
use ronghe_recommend::{Event, Interactions, Query, Recommender, Training};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |i: usize, usual: &str| args.get(i).cloned().unwrap_or_else(|| usual.into());
    let items: usize = arg(1, "1682").parse()?;
    let held = if arg(2, "valid") == "test" { 1 } else { 2 };
    let settings: sequential::Settings = serde_json::from_str(&arg(3, "{}"))?;
    let mut of = Interactions::default();
    of.items = (0..items).map(|item| item.to_string()).collect();
    for line in std::fs::read_to_string(arg(0, ""))?.lines() {
        let cells: Vec<i64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [user, item, time] = cells[..] else { continue };
        let user = of.users.add(&user.to_string());
        of.events.push(Event { user, item: item as u32, weight: 1.0, time });
    }
    of.sort();
    let mut histories: Vec<Vec<Event>> = vec![Vec::new(); of.users.len()];
    of.events.iter().for_each(|e| histories[e.user as usize].push(*e));
    let (mut train, mut wanted) = (Vec::new(), Vec::new());
    for events in &histories {
        let cut = events.len().saturating_sub(held);
        train.extend_from_slice(&events[..cut]);
        wanted.extend(events.get(cut).filter(|_| cut > 0).map(|e| (&events[..cut], e.item)));
    }
    train.sort_by_key(|e| (e.time, e.user, e.item));
    let liked = of.matrix(&train);
    let (seed, threads) = (arg(4, "1").parse()?, arg(5, "2").parse()?);
    let data = Training { liked: &liked, events: &train, of: &of, features: None, seed, threads };
    let begin = Instant::now();
    let model = sequential::fit(&settings, &data, &|_, _| true)?;
    let seconds = begin.elapsed().as_secs_f64();
    let (mut gain, mut hits, mut scores) = (0.0, 0.0, vec![0.0; items]);
    for (events, item) in &wanted {
        let history: Vec<(u32, f32)> = events.iter().map(|e| (e.item, 1.0)).collect();
        model.scores(Query { user: None, history: &history }, &mut scores);
        history.iter().for_each(|h| scores[h.0 as usize] = f32::NEG_INFINITY);
        let own = scores[*item as usize];
        let better = |(i, s): (usize, &f32)| *s > own || (*s == own && i < *item as usize);
        let rank = scores.iter().enumerate().filter(|&x| better(x)).count();
        if rank < 10 {
            hits += 1.0;
            gain += 1.0 / (rank as f64 + 2.0).log2();
        }
    }
    let n = wanted.len() as f64;
    println!("ndcg {:.4} recall {:.4} users {n} seconds {seconds:.1} {settings:?}", gain / n, hits / n);
    Ok(())
}
