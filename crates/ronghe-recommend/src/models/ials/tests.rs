use super::*;
use crate::models::factors::Factors;
use crate::models::planted::{history, matrix, on_threads, random, six, two_features, with};
use crate::{Features, Model, Sparse};
use ronghe_stats::linalg::Cholesky;

const GOLDEN: Settings = Settings {
    factors: 3,
    iterations: 3,
    alpha: 5.0,
    alpha0: 1.0,
    lambda: 0.3,
    nu: 1.0,
    solver: Solver::Cholesky,
    features: true,
    lambda_w: 0.5,
};

fn fitted(settings: &Settings, liked: &Sparse, features: Option<&Features>) -> Ials {
    with(liked, features, |data| fit(settings, data, &|_, _| true).unwrap())
}

fn scores(model: &dyn Recommender, history: &[(u32, f32)]) -> Vec<f32> {
    let mut out = vec![0.0; model.items()];
    model.scores(Query { user: None, history }, &mut out);
    out
}

/// By `ials` of the reference models from the same start, and one more step of the users (numpy 2.4.6, doubles).
#[test]
fn equals_the_reference() {
    let plain = [
        0.915453, 0.853148, 0.498072, -0.244665, 0.043855, 0.862313, 0.995476, 0.866274, 0.060691, 0.229137,
        0.332706, 0.889606, 0.922090, 0.142295, -0.067553, -0.003942, -0.221192, 0.373523, 0.838683,
        0.959235, 0.134547, 0.223998, 0.856309, 0.932317, 0.924869, 0.884883, 0.145330, 0.138860, 0.236311,
        0.887047,
    ];
    let drawn = [
        0.925507, 0.866385, 0.519286, -0.239635, 0.041003, 0.886742, 1.001127, 0.882226, 0.068486, 0.232959,
        0.401903, 0.894785, 0.921927, 0.134704, -0.039972, 0.008370, -0.223529, 0.377071, 0.857963, 0.963705,
        0.180249, 0.226788, 0.862569, 0.947241, 0.939578, 0.883628, 0.189145, 0.204611, 0.277974, 0.886680,
    ];
    let (liked, features) = (six(), two_features());
    for (features, expected) in [(None, plain), (Some(&features), drawn)] {
        let model = fitted(&GOLDEN, &liked, features);
        for (user, expected) in expected.chunks(5).enumerate() {
            for (found, expected) in scores(&model, &history(&liked, user)).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{user}: {found}, {expected}");
            }
        }
    }
}

/// The loss over all cells, and of the vectors.
fn loss(s: &Settings, liked: &Sparse, users: &[f64], items: &[f64]) -> f64 {
    let f = s.factors;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut sum = 0.0;
    let mut counts = vec![0usize; liked.cols()];
    for user in 0..liked.rows() {
        let own = history(liked, user);
        let u = &users[user * f..(user + 1) * f];
        for item in 0..liked.cols() {
            let score = dot(u, &items[item * f..(item + 1) * f]);
            let likes = own.iter().any(|(i, _)| *i as usize == item);
            counts[item] += usize::from(likes);
            sum +=
                if likes { (s.alpha0 + s.alpha) * (1.0 - score).powi(2) } else { s.alpha0 * score * score };
        }
        sum += s.lambda * (1.0 + own.len() as f64).powf(s.nu) * dot(u, u);
    }
    for (item, count) in counts.iter().enumerate() {
        let v = &items[item * f..(item + 1) * f];
        sum += s.lambda * (1.0 + *count as f64).powf(s.nu) * dot(v, v);
    }
    sum
}

/// A step as it is written, in doubles.
fn plain_step(s: &Settings, rows: &[Vec<u32>], fixed: &[f64]) -> Vec<f64> {
    let f = s.factors;
    rows.iter()
        .flat_map(|row| {
            let drawn = s.lambda * (1.0 + row.len() as f64).powf(s.nu);
            let mut matrix = vec![0.0; f * f];
            let mut right = vec![0.0; f];
            for (j, y) in fixed.chunks(f).enumerate() {
                let likes = row.contains(&(j as u32));
                let weight = s.alpha0 + if likes { s.alpha } else { 0.0 };
                for a in 0..f {
                    (0..f).for_each(|b| matrix[a * f + b] += weight * y[a] * y[b]);
                    right[a] += if likes { weight * y[a] } else { 0.0 };
                }
            }
            (0..f).for_each(|k| matrix[k * f + k] += drawn);
            let mut answer = [right];
            Cholesky::new(matrix, f).unwrap().solve(&mut answer);
            answer[0].clone()
        })
        .collect()
}

fn rows(liked: &Sparse) -> Vec<Vec<u32>> {
    (0..liked.rows()).map(|u| history(liked, u).iter().map(|(i, _)| *i).collect()).collect()
}

fn doubles(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

#[test]
fn the_loss_after_each_iteration_is_that_of_the_formula() {
    let liked = random(70, 50, 0.2, 3);
    let (by_user, by_item) = (rows(&liked), rows(&liked.transpose_view().to_csr()));
    for (alpha0, nu, factors) in [(1.0, 0.0, 8), (0.3, 1.0, 24)] {
        let s = Settings { factors, alpha0, nu, ..Settings::default() };
        with(&liked, None, |data| {
            let mut ours = Factors::new(&s, data).unwrap();
            let mut items = doubles(&ours.items);
            for _ in 0..4 {
                let users = plain_step(&s, &by_user, &items);
                items = plain_step(&s, &by_item, &users);
                ours.iterate();
                let found = loss(&s, &liked, &doubles(&ours.users), &doubles(&ours.items));
                let expected = loss(&s, &liked, &users, &items);
                assert!((found - expected).abs() < 1e-4 * expected, "{found}, {expected}");
            }
        });
    }
}

#[test]
fn conjugate_gradients_go_down_to_the_same() {
    let liked = random(70, 50, 0.2, 3);
    let s = Settings { factors: 8, solver: Solver::Cg, ..Settings::default() };
    let run = |s: &Settings| -> Vec<f64> {
        with(&liked, None, |data| {
            let mut factors = Factors::new(s, data).unwrap();
            let mut each = || {
                factors.iterate();
                loss(s, &liked, &doubles(&factors.users), &doubles(&factors.items))
            };
            (0..30).map(|_| each()).collect()
        })
    };
    let (cg, exact) = (run(&s), run(&Settings { solver: Solver::Cholesky, ..s }));
    assert!(cg.windows(2).all(|w| w[1] <= w[0] * (1.0 + 1e-6)));
    assert!((cg[29] / exact[29] - 1.0).abs() < 0.01, "{} {}", cg[29], exact[29]);
}

#[test]
fn a_known_user_gets_what_one_more_step_gives_and_a_new_one_too() {
    let liked = random(40, 30, 0.2, 1);
    let s = Settings { factors: 6, nu: 1.0, ..Settings::default() };
    with(&liked, None, |data| {
        let mut factors = Factors::new(&s, data).unwrap();
        (0..3).for_each(|_| factors.iterate());
        let items = doubles(&factors.items);
        let users = plain_step(&s, &rows(&liked), &items);
        let model = factors.finish();
        for user in 1..40 {
            let found = scores(&model, &history(&liked, user));
            for item in 1..30 {
                let expected: f64 = (0..6).map(|k| users[user * 6 + k] * items[item * 6 + k]).sum();
                assert!((f64::from(found[item]) - expected).abs() < 1e-5, "{user} {item}");
            }
        }
    });
}

#[test]
fn contributions_sum_to_the_score() {
    let liked = random(40, 30, 0.3, 1);
    let model = fitted(&Settings { factors: 8, ..Settings::default() }, &liked, None);
    let history = [(3, 1.0), (9, 0.5), (3, 0.2), (77, 1.0), (5, 2.0), (8, -1.0), (7, f32::NAN)];
    let all = scores(&model, &history);
    for item in 1..30 {
        let (each, constant) = model.contributions(Query { user: None, history: &history }, item).unwrap();
        assert_eq!(each.iter().map(|c| c.item).collect::<Vec<_>>(), [3, 9, 5]);
        let sum: f32 = each.iter().map(|c| c.value).sum();
        assert!(constant == 0.0 && (sum - all[item as usize]).abs() < 1e-5, "{item}");
    }
    assert!(model.contributions(Query { user: None, history: &history }, 0).is_none());
    assert!(model.contributions(Query { user: None, history: &history }, 30).is_none());
}

#[test]
fn bits_do_not_depend_on_threads_nor_on_a_file() {
    let liked = random(300, 200, 0.1, 5);
    let features =
        Features { width: 3, values: (0..600).map(|i| (i as f32).sin()).collect(), names: Vec::new() };
    for solver in [Solver::Cholesky, Solver::Cg] {
        let s = Settings { factors: 16, iterations: 3, solver, ..Settings::default() };
        assert!(on_threads(|| fitted(&s, &liked, Some(&features)).tensors()));
        let model = Model::Ials(s);
        let fitted = with(&liked, Some(&features), |data| model.fit(data, &|_, _| true).unwrap());
        let back = model.restore(&mut fitted.tensors()).unwrap();
        let history = history(&liked, 9);
        assert_eq!(scores(&*fitted, &history), scores(&*back, &history));
    }
}

#[test]
fn items_without_events_and_histories_without_items() {
    let liked = matrix(&[&[0, 1][..], &[], &[0, 1], &[2]], 4);
    let s = Settings { factors: 4, iterations: 5, nu: 1.0, lambda: 0.1, ..Settings::default() };
    let model = fitted(&s, &liked, None);
    assert_eq!(scores(&model, &[]), [0.0, 0.0, 0.0, f32::NEG_INFINITY]);
    let mut out = [0.0; 4];
    assert!(!model.similar(3, &mut out) && !model.similar(9, &mut out));
    assert!(model.similar(0, &mut out) && (out[0] - 1.0).abs() < 1e-6 && out[1] > 0.9 && out[2].abs() < 0.3);
    // With features the last is like the first two.
    let features =
        Features { width: 2, values: vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0], names: Vec::new() };
    let model = fitted(&s, &liked, Some(&features));
    let found = scores(&model, &[(0, 1.0)]);
    assert!(found[3] > 0.4 && found[2] < 0.3, "{found:?}");
    assert!(found.iter().all(|s| s.is_finite()));
    // A history of everything, many times over, and of a weight beyond all bounds.
    let long: Vec<(u32, f32)> = (0..40).map(|i| (i % 4, if i == 0 { f32::MAX } else { 1.0 })).collect();
    assert!(scores(&model, &long).iter().all(|s| s.is_finite()));
    // Nobody liked anything.
    let model = fitted(&s, &matrix(&[[], []], 2), None);
    assert_eq!(scores(&model, &[(0, 1.0)]), [f32::NEG_INFINITY; 2]);
    assert_eq!(fitted(&s, &matrix::<[u32; 0]>(&[], 0), None).items(), 0);
}

#[test]
fn what_cannot_be_used_is_an_error() {
    let liked = six();
    let usual = Settings::default();
    let fails = |s: Settings, features: Option<&Features>| {
        with(&liked, features, |data| fit(&s, data, &|_, _| true).unwrap_err().to_string())
    };
    assert_eq!(
        fails(Settings { alpha0: 0.0, ..usual }, None),
        "`alpha0` of ials: expected a number above 0 (1e-9 to 1e9), found 0; without weight on what was not liked every item fits equally; 1 is usual"
    );
    assert_eq!(
        fails(Settings { factors: 0, ..usual }, None),
        "`factors` of ials: expected a number from 1 to 2048, found 0; 64 and 15 are usual"
    );
    for s in [
        Settings { alpha: f64::NAN, ..usual },
        Settings { lambda: -1.0, ..usual },
        Settings { lambda_w: 0.0, ..usual },
        Settings { nu: f64::INFINITY, ..usual },
        Settings { iterations: 0, ..usual },
    ] {
        assert!(fails(s, None).contains("of ials: expected"));
    }
    let short = Features { width: 2, values: vec![1.0; 8], names: Vec::new() };
    assert!(
        fails(usual, Some(&short))
            .starts_with("features of items: expected 5 rows of the same width, found 8 numbers")
    );
    let bad = Features { width: 1, values: vec![1.0, f32::NAN, 1.0, 1.0, 1.0], names: Vec::new() };
    assert!(fails(usual, Some(&bad)).contains("found NaN for item 1"));
    let stopped = with(&liked, None, |data| fit(&usual, data, &|done, _| done < 2).unwrap_err());
    assert!(matches!(stopped, Error::Stopped));
    let broken = Ials::restore(&usual, &mut fitted(&GOLDEN, &liked, None).tensors()).unwrap_err();
    assert!(broken.to_string().contains("found [5, 3] and 3"), "{broken}");
}
