//! Explains the games of `versus/explain/games.py`: a JSON line a game, row, method, budget and seed.
//!
//! `cargo run --release -p ronghe --example games -- FOLDER BUDGETS SEEDS METHODS`, budgets in evaluations a player, lists
//! with commas.

use ronghe::explain::{Coalition, EXPLAINERS, Game, Options, Values};
use serde::Deserialize;
use std::error::Error;
use std::io::Write;

#[derive(Deserialize)]
struct Games {
    name: String,
    players: usize,
    outputs: usize,
    rows: Vec<Vec<f64>>,
}

/// What each coalition is paid, by its bits.
struct Paid<'a> {
    players: usize,
    outputs: usize,
    values: &'a [f64],
}

impl Game for Paid<'_> {
    fn players(&self) -> usize {
        self.players
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn values(&self, coalitions: &[Coalition]) -> ronghe::Result<Values> {
        let at = |c: &Coalition| c.iter().map(|p| 1_usize << p).sum::<usize>() * self.outputs;
        let data = coalitions.iter().flat_map(|c| self.values[at(c)..at(c) + self.outputs].iter().copied());
        Values::new(data.collect(), coalitions.len(), self.outputs)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let mut next = |name: &str| given.next().ok_or(format!("{name} is missing"));
    let (folder, budgets, seeds, methods) =
        (next("FOLDER")?, next("BUDGETS")?, next("SEEDS")?, next("METHODS")?);
    let budgets: Vec<usize> = budgets.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let seeds: u64 = seeds.parse()?;
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let mut out = std::io::stdout().lock();
    for path in paths {
        let games: Games = serde_json::from_slice(&std::fs::read(path)?)?;
        for (row, values) in games.rows.iter().enumerate() {
            let game = Paid { players: games.players, outputs: games.outputs, values };
            for method in methods.split(',') {
                let explainer =
                    EXPLAINERS.iter().find(|e| e.name() == method).ok_or(format!("no method {method}"))?;
                for &budget in if method == "exact" { &[0][..] } else { &budgets } {
                    for seed in 0..if method == "exact" { 1 } else { seeds } {
                        let options = Options {
                            method: method.into(),
                            // The two ends are not among the evaluations that shap counts.
                            budget: budget * games.players + 2,
                            tolerance: 0.0,
                            max_exact_players: 20,
                            seed,
                            ..Options::default()
                        };
                        let found = match explainer.explain(&game, &options) {
                            Ok(found) => found,
                            // Too small a budget for this method.
                            Err(_) => continue,
                        };
                        let line = serde_json::json!({
                            "game": games.name, "row": row, "method": method, "budget": budget, "seed": seed,
                            "evaluations": found.evaluations,
                            "values": found.attributions.concat(),
                            "standard_error": found.standard_error.concat(),
                        });
                        writeln!(out, "{line}")?;
                    }
                }
            }
        }
    }
    Ok(())
}
