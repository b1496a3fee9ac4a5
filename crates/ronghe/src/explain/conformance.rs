//! The contract of an explainer, for each in the table and the games that it takes.

use super::testing::{CLASSIC, KINDS, Smooth, Table, rough};
use super::{Cached, Coalition, EXPLAINERS, Explainer, Game, Options, Shapley, Values};
use crate::{Error, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

const PLAYERS: usize = 12;

fn options(seed: u64, budget: usize) -> Options {
    Options { seed, budget, tolerance: 0.0, ..Options::default() }
}

fn exact(game: &dyn Game) -> Shapley {
    super::exact::Exact.explain(game, &Options::default()).unwrap()
}

/// What an explainer makes of a game; none where it does not take such games.
fn taken(explainer: &dyn Explainer, game: &dyn Game, options: &Options) -> Option<Shapley> {
    match explainer.explain(game, options) {
        Err(Error::Unsuited { explainer: name, .. }) => {
            assert_eq!(name, explainer.name());
            None
        }
        found => Some(found.unwrap()),
    }
}

/// Every explainer takes an additive game that has slopes, and finds what each player adds.
#[test]
fn additive_games_with_slopes_are_taken_by_all() {
    let worth: Vec<f64> = (0..PLAYERS).map(|p| if p == 5 { 0.0 } else { (p as f64).sin() }).collect();
    let game = Smooth { worth: worth.clone(), product: 0.0, bend: vec![0.0; 3] };
    for explainer in EXPLAINERS {
        let found = explainer.explain(&game, &options(1, 600)).unwrap();
        for (phi, worth) in found.attributions.iter().zip(&worth) {
            assert!((phi[0] - worth).abs() < 1e-9, "{}", explainer.name());
        }
    }
}

/// Explainers of any game refuse none of these.
#[test]
fn only_explainers_of_some_games_refuse_games() {
    let game = Table::of(PLAYERS, |s| rough(s, 2));
    let refused: Vec<&str> = EXPLAINERS
        .iter()
        .filter(|e| taken(**e, &game, &options(1, 600)).is_none())
        .map(|e| e.name())
        .collect();
    assert_eq!(refused, ["linear", "expected_gradients"]);
}

/// Games of every kind.
fn games(players: usize) -> Vec<Table> {
    KINDS.iter().map(|(_, kind)| Table::many(players, vec![kind(players, 1)])).collect()
}

#[test]
fn shares_add_up() {
    for explainer in EXPLAINERS {
        for game in games(PLAYERS) {
            let found = taken(*explainer, &game, &options(1, 400 + (1 << PLAYERS)));
            let Some(found) = found else { continue };
            let sum: f64 = found.attributions.iter().map(|a| a[0]).sum();
            assert!((found.base[0] + sum - found.prediction[0]).abs() < 1e-9, "{}", explainer.name());
        }
    }
}

#[test]
fn shares_agree_with_counting() {
    for explainer in EXPLAINERS {
        for (game, (kind, _)) in games(PLAYERS).iter().zip(KINDS) {
            let Some(found) = taken(*explainer, game, &options(3, 600)) else { continue };
            let truth = exact(game);
            for (i, (phi, error)) in found.attributions.iter().zip(&found.standard_error).enumerate() {
                let miss = (phi[0] - truth.attributions[i][0]).abs();
                assert!(
                    miss <= 5.0 * error[0] + 1e-9,
                    "{} {kind} player {i}: {miss} of {}",
                    explainer.name(),
                    error[0]
                );
            }
        }
    }
}

#[test]
fn a_dummy_gets_its_own_and_equals_get_the_same() {
    // Player 3 always adds 0.5; players 0 and 1 are equals; nobody interacts with 3.
    let game = || {
        Table::of(PLAYERS, |s| {
            let others = (s & !0b1011) | u64::from((s & 3).count_ones()) << 20;
            rough(others, 4) + 0.5 * f64::from((s >> 3 & 1) as u32)
        })
    };
    for explainer in EXPLAINERS {
        let Some(found) = taken(*explainer, &game(), &options(2, 1000)) else { continue };
        let (phi, error) = (|i: usize| found.attributions[i][0], |i: usize| found.standard_error[i][0]);
        assert!((phi(3) - 0.5).abs() <= 4.0 * error(3) + 1e-9, "{}", explainer.name());
        let apart = (phi(0) - phi(1)).abs();
        assert!(apart <= 4.0 * (error(0) + error(1)) + 1e-9, "{}: {apart}", explainer.name());
    }
}

/// The kernel chooses its prior over all outputs of a game together, so linearity is asked within one game.
#[test]
fn shares_are_linear_in_the_outputs() {
    for explainer in EXPLAINERS {
        let [v, w] = [2, 4].map(|k| KINDS[k].1);
        let both = move |s: u64| 2.0 * v(PLAYERS, 5)(s) - 3.0 * w(PLAYERS, 6)(s);
        let game = Table::many(PLAYERS, vec![v(PLAYERS, 5), w(PLAYERS, 6), Box::new(both)]);
        let budget = 300 + (1 << PLAYERS) * usize::from(explainer.name() == "exact");
        let Some(found) = taken(*explainer, &game, &options(7, budget)) else { continue };
        for a in &found.attributions {
            assert!((2.0 * a[0] - 3.0 * a[1] - a[2]).abs() < 1e-9, "{}: {a:?}", explainer.name());
        }
    }
}

#[test]
fn a_seed_gives_the_same_bits() {
    let game = Table::of(PLAYERS, |s| rough(s, 2));
    for explainer in EXPLAINERS {
        let run = |seed| taken(*explainer, &game, &options(seed, 300));
        if run(4).is_none() {
            continue;
        }
        let run = |seed| run(seed).unwrap();
        assert_eq!(run(4), run(4), "{}", explainer.name());
        assert_eq!(run(4).attributions == run(5).attributions, explainer.name() == "exact");
    }
}

#[test]
fn one_and_two_players_are_shared_exactly() {
    for explainer in EXPLAINERS {
        let one = taken(*explainer, &Table::of(1, |s| 1.0 + 3.0 * s as f64), &options(0, 100));
        let Some(one) = one else { continue };
        assert_eq!(
            (one.attributions[0][0], one.base[0], one.converged),
            (3.0, 1.0, true),
            "{}",
            explainer.name()
        );
        let game = Table::of(2, |s| [0.0, 1.0, 2.0, 7.0][s as usize]);
        let Some(two) = taken(*explainer, &game, &options(0, 100)) else { continue };
        let phi = [two.attributions[0][0], two.attributions[1][0]];
        assert!(
            (phi[0] - 3.0).abs() < 1e-12 && (phi[1] - 4.0).abs() < 1e-12,
            "{}: {phi:?}",
            explainer.name()
        );
    }
}

#[test]
fn a_budget_that_is_too_small_is_refused() {
    let game = Smooth { worth: (0..20).map(f64::from).collect(), product: 0.0, bend: vec![0.0] };
    for explainer in EXPLAINERS {
        let budget = if explainer.gradual() { 13 } else { 30 };
        let error = explainer.explain(&game, &options(0, budget)).unwrap_err().to_string();
        assert!(error.contains("at "), "{}: {error}", explainer.name());
    }
}

/// Counts what is evaluated.
struct Counting(Table, AtomicUsize);

impl Game for Counting {
    fn players(&self) -> usize {
        self.0.players()
    }

    fn outputs(&self) -> usize {
        self.0.outputs()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        self.1.fetch_add(coalitions.len(), Ordering::Relaxed);
        self.0.values(coalitions)
    }
}

#[test]
fn a_tighter_tolerance_continues_the_sample() {
    for explainer in EXPLAINERS {
        let game = Counting(Table::many(14, vec![KINDS[4].1(14, 3)]), AtomicUsize::new(0));
        let cached = Cached::new(&game);
        let run = |tolerance| {
            let options = Options { tolerance, budget: 6000, ..Options::default() };
            taken(*explainer, &cached, &options)
        };
        if run(0.05).is_none() {
            continue;
        }
        let run = |tolerance| run(tolerance).unwrap();
        let loose = run(0.05);
        let before = game.1.load(Ordering::Relaxed);
        let tight = run(0.004);
        assert!(tight.evaluations >= loose.evaluations);
        // Nothing of the first sample was evaluated again; a random order may repeat a coalition.
        let after = game.1.load(Ordering::Relaxed);
        assert!(before <= loose.evaluations && after <= tight.evaluations, "{}", explainer.name());
        assert_eq!(run(0.05), loose);
        assert_eq!(game.1.load(Ordering::Relaxed), after, "{}", explainer.name());
    }
}

/// Where every coalition was evaluated nothing is left open, whatever the tolerance; coalitions that come again cost no budget.
#[test]
fn all_coalitions_are_exact() {
    for explainer in ["kernel", "permutation", "shap_kernel"] {
        let explainer = EXPLAINERS.iter().find(|e| e.name() == explainer).unwrap();
        for (n, (name, kind)) in
            [6, 7].into_iter().flat_map(|n| KINDS.iter().chain(CLASSIC).map(move |k| (n, k)))
        {
            let game = Counting(Table::many(n, vec![kind(n, 3)]), AtomicUsize::new(0));
            let found = explainer.explain(&game, &options(1, 1 << n)).unwrap();
            let truth = exact(&game.0);
            let label = format!("{} {name} {n}", explainer.name());
            assert!(found.converged && found.evaluations == 1 << n, "{label}: {}", found.evaluations);
            assert_eq!(game.1.load(Ordering::Relaxed), 1 << n, "{label}");
            for (i, (phi, error)) in found.attributions.iter().zip(&found.standard_error).enumerate() {
                assert!((phi[0] - truth.attributions[i][0]).abs() < 1e-9 && error[0] == 0.0, "{label} {i}");
            }
        }
    }
}

/// 95 % intervals of the kernel hold the exact value in 93 to 98 % of cases: over 8 to 12 players, five kinds of games, 5 to
/// 20 evaluations a player.
#[test]
fn intervals_of_the_kernel_cover() {
    let (mut inside, mut asked) = (0, 0);
    for (n, budget) in [(8, 40), (8, 64), (10, 60), (10, 80), (10, 200), (12, 60), (12, 96)] {
        for (_, kind) in KINDS {
            for seed in 0..14 {
                let game = Table::many(n, vec![kind(n, 500 + seed)]);
                let truth = exact(&game);
                let found = super::kernel::Kernel.explain(&game, &options(seed, budget)).unwrap();
                for i in 0..n {
                    let miss = (found.attributions[i][0] - truth.attributions[i][0]).abs();
                    inside += u32::from(miss <= 1.96 * found.standard_error[i][0] + 1e-9);
                    asked += 1;
                }
            }
        }
    }
    let share = f64::from(inside) / f64::from(asked);
    assert!(asked >= 2000 && (0.93..=0.98).contains(&share), "{share} of {asked}");
}

/// At 8 evaluations a player, over nets on rows of a table.
#[test]
fn the_kernel_errs_less_than_shap() {
    let (mut gain, mut games) = (0.0, 0);
    for n in [8, 10, 12] {
        for seed in 0..6 {
            let game = Table::many(n, vec![KINDS[4].1(n, seed)]);
            let truth = exact(&game);
            let error = |explainer: &dyn Explainer| -> f64 {
                let miss = |run: u64| -> f64 {
                    let found = explainer.explain(&game, &options(run, 8 * n)).unwrap();
                    let pairs = found.attributions.iter().zip(&truth.attributions);
                    pairs.map(|(a, b)| (a[0] - b[0]).powi(2)).sum()
                };
                (0..6).map(miss).sum()
            };
            gain += (error(&super::ShapKernel::PLAIN) / error(&super::kernel::Kernel)).ln();
            games += 1;
        }
    }
    let gain = (gain / f64::from(games)).exp();
    assert!(gain >= 2.5, "{gain}");
}

/// Beyond the pairs that kriging takes, where what it misses is regressed.
#[test]
fn intervals_cover_with_many_pairs_too() {
    let (n, mut inside, mut asked) = (14, 0, 0);
    for (_, kind) in KINDS {
        let game = Table::many(n, vec![kind(n, 500)]);
        let truth = exact(&game);
        for (seed, budget) in (0..4).flat_map(|seed| [1540, 4000].map(|budget| (seed, budget))) {
            let found = super::kernel::Kernel.explain(&game, &options(seed, budget)).unwrap();
            for (phi, (error, truth)) in
                found.attributions.iter().zip(found.standard_error.iter().zip(&truth.attributions))
            {
                inside += u32::from((phi[0] - truth[0]).abs() <= 1.96 * error[0]);
                asked += 1;
            }
        }
    }
    let share = f64::from(inside) / f64::from(asked);
    assert!((0.925..=0.975).contains(&share), "{share} of {asked}");
}
