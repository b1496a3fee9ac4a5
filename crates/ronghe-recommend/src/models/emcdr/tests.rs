use super::*;
use crate::models::planted::{matrix, on_threads, random};
use crate::{Interactions, Model};
use ronghe_stats::random::SplitMix64;

/// Items of three domains, that alternate in twos.
fn domains_of(items: usize, domains: usize) -> Interactions {
    Interactions {
        domains: ["books", "films", "songs"].iter().take(domains).collect(),
        domain_of: (0..items).map(|i| (i / 2 % domains) as u32).collect(),
        ..Interactions::default()
    }
}

fn settings(prior: f64) -> Settings {
    let ials =
        ials::Settings { factors: 4, iterations: 4, alpha: 4.0, lambda: 0.5, ..ials::Settings::default() };
    Settings { ials, lambda_map: 0.5, prior, least_target: 2, least_source: 2 }
}

fn fitted(settings: &Settings, liked: &Sparse, of: &Interactions) -> Result<Emcdr> {
    let data = Training { liked, events: &[], of, features: None, seed: 7, threads: 0 };
    fit(settings, &data, &|_, _| true)
}

fn scores(model: &dyn Recommender, history: &[(u32, f32)]) -> Vec<f32> {
    let mut out = vec![0.0; model.items()];
    model.scores(Query { user: None, history }, &mut out);
    out
}

/// Sixty users of two tastes in both of two domains of twelve items: items that suit taste 0 have even pairs.
fn tastes() -> (Sparse, Interactions) {
    let of = Interactions {
        domains: ["books", "films"].iter().collect(),
        domain_of: (0..24).map(|i| u32::from(i >= 12)).collect(),
        ..Interactions::default()
    };
    let mut draw = SplitMix64::new(5);
    let rows: Vec<Vec<u32>> = (0..60u32)
        .map(|user| {
            let mut own: Vec<u32> = (0..24u32).filter(|i| i % 2 == user % 2 && draw.unit() < 0.7).collect();
            own.sort_unstable();
            own
        })
        .collect();
    (matrix(&rows, 24), of)
}

#[test]
fn tastes_of_one_domain_say_what_is_liked_in_the_other() {
    let (liked, of) = tastes();
    let model = fitted(&settings(3.0), &liked, &of).unwrap();
    let found = scores(&model, &[(0, 1.0), (4, 1.0), (8, 1.0)]);
    let mean = |odd: usize| (12..24).filter(|i| i % 2 == odd).map(|i| found[i]).sum::<f32>() / 6.0;
    assert!(mean(0) > 0.4 && mean(1).abs() < 0.2, "{found:?}");
    // Own events pull away from that, the more the less the prior counts.
    let apart = |prior: f64| {
        let model = fitted(&settings(prior), &liked, &of).unwrap();
        let found = scores(&model, &[(0, 1.0), (4, 1.0), (8, 1.0), (13, 1.0), (15, 1.0)]);
        (12..24).map(|i| if i % 2 == 1 { found[i] } else { -found[i] }).sum::<f32>()
    };
    let (weak, usual, strong) = (apart(0.1), apart(1.0), apart(1000.0));
    assert!(weak > usual && usual > strong && weak > 0.0 && strong < 0.0, "{weak} {usual} {strong}");
    // Across domains the likeness is that of tastes.
    let mut alike = vec![0.0; 24];
    assert!(model.similar(2, &mut alike));
    assert!(
        (alike[2] - 1.0).abs() < 1e-5 && alike[4] > alike[3] && alike[12] > 0.5 && alike[13] < 0.3,
        "{alike:?}"
    );
}

/// The answer solves the equations as they are written, in doubles and without tricks.
#[test]
fn scores_are_those_of_the_formula() {
    let (liked, of) = (random(50, 16, 0.4, 2), domains_of(16, 2));
    let s = settings(2.5);
    let model = fitted(&s, &liked, &of).unwrap();
    let (width, c) = (4, 5.0);
    let v = |i: usize| -> Vec<f64> {
        model.items.rows[i * width..(i + 1) * width].iter().map(|x| f64::from(*x)).collect()
    };
    let solve = |target: usize, rows: &[usize], right: &[f64], prior: f64| -> Vec<f64> {
        let mut a = vec![0.0; width * width];
        for i in (0..16).filter(|i| i / 2 % 2 == target) {
            let (own, x) = (if rows.contains(&i) { 4.0 } else { 0.0 }, v(i));
            (0..width * width).for_each(|e| a[e] += (prior + own) * x[e / width] * x[e % width]);
        }
        (0..width).for_each(|k| a[k * width + k] += prior * 0.5);
        let mut answer = vec![right.to_vec()];
        ronghe_stats::linalg::Cholesky::new(a, width).unwrap().solve(&mut answer);
        answer.remove(0)
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let sum = |rows: &[usize], of: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..width).map(|k| rows.iter().map(|j| of(*j) * v(*j)[k]).sum()).collect()
    };
    // Items 4, 5, 8 and 9 are of domain 0; 2, 6 and 7 of domain 1.
    let (there, here) = ([4, 5, 8, 9], [2, 6, 7]);
    let source = solve(0, &there, &sum(&there, &|_| c), 1.0);
    let map = model.map(0, 1);
    let mean: Vec<f64> =
        (0..width).map(|k| (0..width).map(|r| source[r] * f64::from(map[r * width + k])).sum()).collect();
    let step = solve(1, &here, &sum(&here, &|j| c * (1.0 - dot(&mean, &v(j)))), 2.5);
    let user: Vec<f64> = mean.iter().zip(&step).map(|(m, d)| m + d).collect();
    let history: Vec<(u32, f32)> = there.iter().chain(&here).map(|i| (*i as u32, 1.0)).collect();
    let found = scores(&model, &history);
    for i in [2, 3, 6, 7, 10, 11, 14, 15] {
        assert!((f64::from(found[i]) - dot(&user, &v(i))).abs() < 1e-4, "{i}: {found:?}");
    }
    // Without events in the target the answer is the mean; without events elsewhere that of iALS.
    let found = scores(&model, &history[..4]);
    assert!((f64::from(found[10]) - dot(&mean, &v(10))).abs() < 1e-4);
    let alone = solve(1, &here, &sum(&here, &|_| c), 1.0);
    let found = scores(&model, &history[4..]);
    assert!((f64::from(found[10]) - dot(&alone, &v(10))).abs() < 1e-4);
}

#[test]
fn contributions_sum_to_the_score() {
    let (liked, of) = (random(60, 18, 0.4, 3), domains_of(18, 3));
    let model = fitted(&settings(3.0), &liked, &of).unwrap();
    let history = [(1, 1.0), (4, 2.0), (7, 1.0), (9, 1.0), (10, 0.5), (16, 1.0), (99, 1.0)];
    for history in [&history[..], &history[..1], &history[1..4], &[]] {
        let found = scores(&model, history);
        assert_eq!(found[0], f32::NEG_INFINITY);
        for item in 1..18 {
            let (each, constant) = model.contributions(Query { user: None, history }, item).unwrap();
            let sum = each.iter().map(|c| c.value).sum::<f32>() + constant;
            assert!((sum - found[item as usize]).abs() < 1e-4, "{item}: {sum} {found:?}");
        }
        assert!(model.contributions(Query { user: None, history }, 0).is_none());
    }
}

#[test]
fn it_is_kept_whole_and_threads_change_nothing() {
    let (liked, of) = (random(60, 18, 0.4, 3), domains_of(18, 3));
    let settings = settings(3.0);
    assert!(on_threads(|| fitted(&settings, &liked, &of).unwrap().tensors()));
    let model = fitted(&settings, &liked, &of).unwrap();
    let kind = Model::Emcdr(settings);
    let back = kind.restore(&mut model.tensors()).unwrap();
    let history = [(1, 1.0), (4, 1.0)];
    assert_eq!(scores(&*back, &history), scores(&model, &history));
    for (name, wrong) in [("maps", vec![0.0; 3]), ("domain_of", vec![7.0; 18]), ("domain_of", vec![0.5; 18])]
    {
        let mut tensors = model.tensors();
        tensors.insert(name.into(), (vec![wrong.len()], wrong));
        assert!(kind.restore(&mut tensors).is_err(), "{name}");
    }
}

#[test]
fn what_cannot_be_mapped_is_an_error() {
    let message = |settings: Settings, liked: &Sparse, of: &Interactions| {
        fitted(&settings, liked, of).unwrap_err().to_string()
    };
    let usual = settings(3.0);
    let liked = random(20, 12, 0.5, 1);
    assert!(
        message(usual, &liked, &domains_of(12, 1))
            .starts_with("a map between domains: expected events of two domains, found 1")
    );
    let apart = matrix(&[&[0, 1, 4, 5][..], &[2, 3, 6, 7], &[0, 1, 4, 8], &[2, 6, 10]], 12);
    assert_eq!(
        message(usual, &apart, &domains_of(12, 2)),
        "a map between domains: expected users with 2 events in one domain and 2 in another, found none; there is nothing to map: take \
         `content`, or `ials` with a table of items"
    );
    for wrong in [
        Settings { lambda_map: 0.0, ..usual },
        Settings { prior: f64::NAN, ..usual },
        Settings { least_target: 0, ..usual },
        Settings { ials: ials::Settings { factors: 0, ..usual.ials }, ..usual },
    ] {
        assert!(message(wrong, &liked, &domains_of(12, 2)).contains("expected"));
    }
    let many = Settings { ials: ials::Settings { factors: 2048, ..usual.ials }, ..usual };
    assert!(
        message(many, &liked, &domains_of(12, 3)).starts_with("`factors` of emcdr: expected at most 4096")
    );
}
