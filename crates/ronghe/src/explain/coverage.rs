//! Whether intervals hold on games with steps, where equal samples tell little.

use super::exact::Exact;
use super::testing::{CLASSIC, Kind, Table, airport};
use super::{EXPLAINERS, Explainer, Options, Shapley};

fn exact(game: &Table) -> Shapley {
    Exact.explain(game, &Options::default()).unwrap()
}

fn named(name: &str) -> &'static dyn Explainer {
    *EXPLAINERS.iter().find(|e| e.name() == name).unwrap()
}

fn sampled(explainer: &dyn Explainer, game: &Table, seed: u64, budget: usize, tolerance: f64) -> Shapley {
    explainer.explain(game, &Options { seed, budget, tolerance, ..Options::default() }).unwrap()
}

#[test]
fn a_runway_is_shared_by_those_who_need_each_piece() {
    // Littlechild and Owen 1973: each piece of the runway is shared by all who need it.
    for seed in 0..4 {
        let costs = airport(9, seed);
        let found = exact(&Table::many(9, vec![CLASSIC[1].1(9, seed)]));
        let mut ends = costs.clone();
        ends.push(0.0);
        ends.sort_by(f64::total_cmp);
        for (cost, phi) in costs.iter().zip(&found.attributions) {
            let piece = |w: &[f64]| (w[1] - w[0]) / costs.iter().filter(|c| **c >= w[1]).count() as f64;
            let due: f64 = ends.windows(2).filter(|w| w[1] <= *cost && w[1] > w[0]).map(piece).sum();
            assert!((phi[0] - due).abs() < 1e-12, "{cost}: {} is not {due}", phi[0]);
        }
    }
}

/// In how many of 100 samples (of ten games, ten each) the 95 % interval of each place among the players holds its share.
fn held(explainer: &dyn Explainer, kind: &Kind, n: usize, budget: usize) -> Vec<u32> {
    let mut held = vec![0; n];
    for game in 0..10 {
        let table = Table::many(n, vec![kind.1(n, 300 + game)]);
        let truth = exact(&table);
        for run in 0..10 {
            let found = sampled(explainer, &table, 10 * game + run, budget, 0.0);
            assert!(!found.converged, "{} {}", explainer.name(), kind.0);
            for (i, held) in held.iter_mut().enumerate() {
                let miss = (found.attributions[i][0] - truth.attributions[i][0]).abs();
                *held += u32::from(miss <= 1.96 * found.standard_error[i][0] + 1e-9);
            }
        }
    }
    held
}

/// 93 to 98.5 % over all kinds but the last, in which either all intervals hold or those of the one glove fail; nowhere less than
/// 93 % less what 100 samples tell: the players of a sample miss together, so a game and budget is told by some 300 cases, whose
/// deviation is 1.5 %, and any one place by 100, whose deviation is 2.6 %. More is no lie: where a game is smoother than what was
/// missed so far (airport), intervals hold in nearly all cases.
#[test]
fn intervals_hold_on_games_with_steps() {
    for explainer in ["kernel", "permutation"].map(named) {
        let (mut inside, mut asked) = (0, 0);
        for (kind, n) in CLASSIC.iter().zip([9, 10, 9, 11]) {
            for a_player in [4, 6, 8, 12, 20] {
                let held = held(explainer, kind, n, 2 + a_player * n);
                let (sum, least) = (held.iter().sum::<u32>(), held.iter().min().copied());
                let label = format!("{} {} {a_player} a player: {held:?}", explainer.name(), kind.0);
                assert!(f64::from(sum) >= 100.0 * n as f64 * (0.93 - 2.0 * 0.015), "{label}");
                assert!(least >= Some(82), "{label}");
                if kind.0 != "one glove" {
                    inside += sum;
                    asked += 100 * n as u32;
                }
            }
        }
        let share = f64::from(inside) / f64::from(asked);
        assert!((0.93..=0.985).contains(&share), "{}: {share} of {asked}", explainer.name());
    }
}

/// Players whose samples are all equal are not settled while others vary, nor is a game in which nobody did yet.
#[test]
fn equal_samples_are_not_settled() {
    for explainer in ["kernel", "permutation"].map(named) {
        for (kind, n) in CLASSIC.iter().zip([9, 10, 9, 11]) {
            for seed in 0..20 {
                let game = Table::many(n, vec![kind.1(n, seed)]);
                let found = sampled(explainer, &game, seed, 2 + 4 * n, 0.01);
                let label = format!("{} {} {seed}", explainer.name(), kind.0);
                assert!(found.standard_error.iter().all(|e| e[0] > 0.0) && !found.converged, "{label}");
            }
        }
    }
}

/// Additive games of many players settle soon, and to the digit; a game that pays nothing for anybody at once.
#[test]
fn additive_games_settle_soon() {
    for explainer in ["kernel", "permutation"].map(named) {
        let game = Table::of(12, |s| (0..12).filter(|p| s >> p & 1 == 1).map(|p| f64::from(p).sin()).sum());
        let found = sampled(explainer, &game, 1, 1000, 0.01);
        assert!(found.converged && found.evaluations < 400, "{} {}", explainer.name(), found.evaluations);
        for (p, (phi, error)) in found.attributions.iter().zip(&found.standard_error).enumerate() {
            assert!((phi[0] - (p as f64).sin()).abs() < 1e-9 && error[0] > 0.0, "{} {p}", explainer.name());
        }
        let found = sampled(explainer, &Table::of(12, |_| 5.0), 1, 1000, 0.01);
        assert!(found.converged && found.standard_error.iter().all(|e| e[0] == 0.0), "{}", explainer.name());
    }
}
