//! What every kind of model of the table promises.

use ronghe_recommend::collect::{Clock, Collector, Meaning};
use ronghe_recommend::{Entry, Features, Interactions, Model, Query, RECOMMENDERS, Recommender, Training};

/// Sixty readers of two tastes, with eight of the ten books and of the ten films of theirs, one after another; three items have no event.
fn events() -> Interactions {
    let mut collector = Collector::new(Clock::Millis);
    let mut time = 0.0;
    for round in 0..8 {
        for user in 0..60 {
            for domain in ["books", "films"] {
                let item = format!("{}{}", ["a", "b"][user % 2], (user / 2 + 3 * round) % 10);
                time += 1.0;
                collector.push(Some(&format!("u{user}")), Some(&item), domain, Some(1.0), Some(time));
            }
        }
    }
    let (mut of, _) = collector.finish(Meaning::Count, None, None);
    for name in ["new", "newer", "newest"] {
        of.items.push(name);
        of.domain_of.push(1);
    }
    of
}

/// What is known of the items: their taste and something of their own. Of the last nothing is known.
fn features(of: &Interactions) -> Features {
    let row = |(number, name): (usize, &String)| match name.as_str() {
        "newest" => [0.0; 3],
        name => [
            f32::from(u8::from(name.starts_with('a'))),
            f32::from(u8::from(name.starts_with('b'))),
            0.1 * (1 + number % 5) as f32,
        ],
    };
    let values = of.items.names().iter().enumerate().flat_map(row).collect();
    Features { width: 3, values, names: ["a", "b", "own"].map(str::to_owned).to_vec() }
}

fn fit(model: &Model, of: &Interactions, threads: usize) -> Box<dyn Recommender> {
    let (liked, features) = (of.matrix(&of.events), features(of));
    let data =
        Training { liked: &liked, events: &of.events, of, features: Some(&features), seed: 5, threads };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| model.fit(&data, &|_, _| true)).unwrap()
}

fn scores(model: &dyn Recommender, history: &[(u32, f32)]) -> Vec<f32> {
    let mut out = vec![f32::NAN; model.items()];
    model.scores(Query { user: None, history }, &mut out);
    out
}

fn conforms(entry: &Entry, of: &Interactions) {
    let (name, model) = (entry.name, (entry.usual)());
    assert_eq!((model.name(), (entry.grid)().is_empty()), (name, false));
    let fitted = fit(&model, of, 2);
    assert_eq!(fitted.items(), of.items.len(), "{name}");
    // The same bits whatever the threads, and after having been kept in a file.
    assert_eq!(fitted.tensors(), fit(&model, of, 1).tensors(), "{name}");
    let back = model.restore(&mut fitted.tensors()).unwrap();
    let item = |name: &str| of.item(name, Some(0)).unwrap();
    let own = [(item("a1"), 1.0), (item("a4"), 1.0), (item("a7"), 1.0)];
    let found = scores(fitted.as_ref(), &own);
    assert_eq!(scores(back.as_ref(), &own), found, "{name}");
    // A score, or nothing known; never no number.
    for history in [&own[..], &[], &[(9_999, 1.0)], &[(own[0].0, -1.0)]] {
        assert!(
            scores(fitted.as_ref(), history).iter().all(|s| s.is_finite() || *s == f32::NEG_INFINITY),
            "{name} {history:?}"
        );
    }
    if let Some((parts, constant)) = fitted.contributions(Query { user: None, history: &own }, item("a0")) {
        let sum = f64::from(constant) + parts.iter().map(|p| f64::from(p.value)).sum::<f64>();
        let score = f64::from(found[item("a0") as usize]);
        assert!((sum - score).abs() < 1e-4 * (1.0 + score.abs()), "{name}: {sum} {score}");
        assert!(parts.iter().all(|p| own.iter().any(|(i, _)| *i == p.item)), "{name}");
    }
    // What features add is the score, too, of an item without events as of any other that has it from there.
    let known = features(of);
    for target in [item("a0"), of.item("new", None).unwrap()] {
        let Some(each) = fitted.aspects(Query { user: None, history: &own }, target, &known) else {
            assert!(name != "content" || target == item("a0"), "{name}");
            continue;
        };
        let (sum, score) = (each.iter().sum::<f32>(), found[target as usize]);
        assert!(
            name == "hybrid" || (sum - score).abs() < 1e-4 * (1.0 + score.abs()),
            "{name}: {sum} {score}"
        );
    }
    let mut alike = vec![0.0; of.items.len()];
    if fitted.similar(item("a0"), &mut alike) {
        assert!(alike.iter().all(|s| s.is_finite() || *s == f32::NEG_INFINITY), "{name}");
    }
    // Everything but the count of users knows the two tastes apart.
    if name != "popularity" && name != "hybrid" {
        let mean = |kind: char| {
            let of_kind =
                of.items.names().iter().zip(&found).filter(|(n, s)| n.starts_with(kind) && s.is_finite());
            let all: Vec<f32> = of_kind.map(|(_, s)| *s).collect();
            all.iter().sum::<f32>() / all.len().max(1) as f32
        };
        assert!(mean('a') > mean('b'), "{name}: {} {}", mean('a'), mean('b'));
    }
    // Who asks to stop is heard.
    let (liked, features) = (of.matrix(&of.events), features(of));
    let data =
        Training { liked: &liked, events: &of.events, of, features: Some(&features), seed: 5, threads: 1 };
    if let Err(error) = model.fit(&data, &|_, _| false) {
        assert_eq!(error.to_string(), "stopped", "{name}");
    }
}

#[test]
fn every_model_keeps_the_promises_of_the_table() {
    let of = events();
    RECOMMENDERS.iter().for_each(|entry| conforms(entry, &of));
    let mut names: Vec<&str> = RECOMMENDERS.iter().map(|e| e.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RECOMMENDERS.len());
}
