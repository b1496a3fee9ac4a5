//! Fits and measures every model of the table on MovieLens: `movielens FOLDER-OR-FILE [seconds a model]`.
//!
//! Settings are chosen by NDCG@10 on validation, fitted on training and validation, measured once on the test; by time and with the
//! last event of each user left out.
#![allow(clippy::print_stdout)]

use ronghe_recommend::evaluate::{Protocol, evaluate};
use ronghe_recommend::report::{Figures, Interval, Metric};
use ronghe_recommend::search::Search;
use ronghe_recommend::source::{Source, read};
use ronghe_recommend::split::{Shares, SplitBy, split};
use ronghe_recommend::{RECOMMENDERS, Recommender, movielens};
use std::path::Path;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: movielens FOLDER-OR-FILE [seconds a model]")?;
    let seconds = arguments.next().map_or(Ok(60.0), |text| text.parse())?;
    let path = Path::new(&path);
    let go_on = |_: usize, _: usize| true;
    let start = Instant::now();
    let (of, loaded) = read(path, &Source::default(), &go_on)?;
    println!("{} in {:.2} s", serde_json::to_string(&loaded)?, start.elapsed().as_secs_f64());
    let features = movielens::films(path).map(|films| movielens::genres(&films, &of)).ok();
    for by in [SplitBy::Time, SplitBy::LastOut] {
        let parts = split(&of, by, Shares::default(), 0)?;
        let search = Search::new(&of, &parts, features.as_ref(), Protocol::default());
        let testing = parts.testing();
        println!("\n{by:?}: {:?}", testing.counted());
        let mut fitted: Vec<(String, Box<dyn Recommender>)> = Vec::new();
        for entry in RECOMMENDERS {
            let found = search.run(&(entry.grid)(), Duration::from_secs_f64(seconds), &go_on)?;
            let start = Instant::now();
            let model = search.fit(&found.best, &go_on)?;
            println!(
                "{}: validation {:.4}, {} of {} settings, {}, {:.3} s",
                entry.name,
                found.ndcg.unwrap_or(0.0),
                found.tried.len(),
                found.of,
                serde_json::to_string(&found.best)?,
                start.elapsed().as_secs_f64()
            );
            fitted.push((entry.name.to_owned(), model));
            if entry.name == "popularity" {
                // The baseline is that of all events, whatever window was found.
                let all = search.fit(&(entry.usual)(), &go_on)?;
                fitted.push(("popularity of all".to_owned(), all));
            }
        }
        let models: Vec<(String, &dyn Recommender)> =
            fitted.iter().map(|(name, model)| (name.clone(), model.as_ref())).collect();
        let found = evaluate(&of, &testing, &models, features.as_ref(), &Protocol::default(), &go_on)?;
        for scored in &found.models {
            println!(
                "{:20} warm {} | all {} | {:.3} s",
                scored.name,
                row(&scored.warm),
                row(&scored.all),
                scored.seconds
            );
        }
    }
    Ok(())
}

fn row(figures: &Figures) -> String {
    let text = |i: Interval| format!("{:.4} [{:.4}, {:.4}]", i.mean, i.low, i.high);
    let of =
        |metric: Metric| figures.get(metric).map_or("-".into(), |i| format!("{} {}", metric.name(), text(i)));
    format!("{} users, {}, {}", figures.users, of(Metric::Ndcg), of(Metric::Recall))
}
