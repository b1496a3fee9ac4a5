use super::*;
use crate::{Event, Interactions};

const SMALL: Settings = Settings {
    factors: 16,
    blocks: 1,
    heads: 2,
    length: 6,
    dropout: 0.1,
    epochs: 40,
    rate: 0.01,
    batch: 8,
    negatives: 0,
};

/// Events of users, each with its items in order; `items` items.
fn events(of: &[Vec<u32>], items: usize) -> Interactions {
    let mut all = Interactions {
        users: (0..of.len()).map(|user| format!("u{user}")).collect(),
        items: (0..items).map(|item| format!("i{item}")).collect(),
        timed: true,
        ..Interactions::default()
    };
    for (user, items) in of.iter().enumerate() {
        let event = |(time, &item)| Event { user: user as u32, item, weight: 1.0, time: time as i64 };
        all.events.extend(items.iter().enumerate().map(event));
    }
    all.sort();
    all
}

fn fitted(settings: &Settings, of: &Interactions, threads: usize) -> Result<Sequential> {
    let liked = of.matrix(&of.events);
    let data = Training { liked: &liked, events: &of.events, of, features: None, seed: 3, threads };
    fit(settings, &data, &|_, _| true)
}

/// Item i is always followed by item i + 1, the last one by the first; item `n` is never liked.
fn planted(n: u32) -> Interactions {
    let user = |u: u32| (0..4 + u % 9).map(|step| (u * 5 + step) % n).collect();
    events(&(0..60).map(user).collect::<Vec<_>>(), n as usize + 1)
}

fn scores(model: &Sequential, items: &[u32]) -> Vec<f32> {
    let history: Vec<(u32, f32)> = items.iter().map(|&item| (item, 1.0)).collect();
    let mut out = vec![0.0; model.items()];
    model.scores(Query { user: None, history: &history }, &mut out);
    out
}

fn first(scores: &[f32]) -> usize {
    (0..scores.len()).fold(0, |best, item| if scores[item] > scores[best] { item } else { best })
}

#[test]
fn the_next_item_of_planted_sequences_is_first() -> Result<()> {
    let n = 12;
    for negatives in [0, 4] {
        let model = fitted(&Settings { negatives, ..SMALL }, &planted(n), 2)?;
        for (start, len) in (0..n).flat_map(|start| [1, 3, 6, 20].map(|len| (start, len))) {
            let history: Vec<u32> = (start..start + len).map(|i| i % n).collect();
            let found = scores(&model, &history);
            assert_eq!(first(&found) as u32, (start + len) % n, "{negatives} after {history:?}");
            assert_eq!(found[n as usize], f32::NEG_INFINITY);
        }
    }
    Ok(())
}

#[test]
fn threads_saving_and_callers_change_no_bit() -> Result<()> {
    let of = planted(7);
    let settings = Settings { epochs: 3, ..SMALL };
    let (one, two) = (fitted(&settings, &of, 1)?, fitted(&settings, &of, 2)?);
    assert_eq!(one.tensors(), two.tensors());
    let mut saved = one.tensors();
    let restored = Sequential::restore(&settings, &mut saved)?;
    assert!(saved.is_empty(), "{:?}", saved.keys());
    let want = scores(&one, &[2, 3]);
    assert_eq!(scores(&restored, &[2, 3]), want);
    assert_eq!(restored.tensors(), one.tensors());
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| scores(&one, &[2, 3]))).collect();
        calls.into_iter().for_each(|call| assert_eq!(call.join().ok().as_ref(), Some(&want)));
    });
    Ok(())
}

#[test]
fn tensors_of_other_settings_are_refused() -> Result<()> {
    let settings = Settings { epochs: 1, ..SMALL };
    let model = fitted(&settings, &planted(7), 1)?;
    let other = Sequential::restore(&Settings { factors: 8, ..settings }, &mut model.tensors());
    let said = other.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(
        said.starts_with("`block0.attention_norm.bias` of a fitted recommender: expected [8], found [16]"),
        "{said}"
    );
    let more = Sequential::restore(&Settings { blocks: 2, ..settings }, &mut model.tensors());
    let said = more.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(said.contains("the tensor `block1.attention_norm.bias`, found none"), "{said}");
    Ok(())
}

#[test]
fn without_a_history_or_a_sequence_counts_speak() -> Result<()> {
    let of = events(&[vec![0, 1], vec![], vec![1], vec![1, 2]], 4);
    let counts = [1.0, 3.0, 1.0, f32::NEG_INFINITY];
    let model = fitted(&Settings { epochs: 2, ..SMALL }, &of, 1)?;
    assert_eq!(scores(&model, &[]), counts);
    assert_eq!(scores(&model, &[9, u32::MAX]), counts, "items that are not there");
    assert_eq!(scores(&model, &[9, 1]), scores(&model, &[1]));
    assert_eq!(scores(&model, &[3]), counts, "an item that nobody liked");

    let single = fitted(&SMALL, &events(&[vec![0], vec![1], vec![1]], 2), 1)?;
    assert_eq!(scores(&single, &[0]), [1.0, 2.0]);
    assert!(!single.similar(0, &mut [0.0; 2]));
    let restored = Sequential::restore(&SMALL, &mut single.tensors())?;
    assert_eq!(scores(&restored, &[0]), [1.0, 2.0]);
    assert!(scores(&fitted(&SMALL, &events(&[], 0), 1)?, &[]).is_empty());
    Ok(())
}

#[test]
fn an_item_is_most_like_itself() -> Result<()> {
    let model = fitted(&Settings { epochs: 3, ..SMALL }, &planted(7), 1)?;
    let mut out = vec![0.0; 8];
    assert!(model.similar(2, &mut out));
    assert_eq!(first(&out), 2);
    assert!((out[2] - 1.0).abs() < 1e-5 && out[7] == f32::NEG_INFINITY);
    assert!(!model.similar(7, &mut out) && !model.similar(8, &mut out));
    assert!(model.contributions(Query::default(), 0).is_none());
    Ok(())
}

#[test]
fn it_stops_when_asked() {
    let of = planted(7);
    let liked = of.matrix(&of.events);
    let data = Training { liked: &liked, events: &of.events, of: &of, features: None, seed: 3, threads: 1 };
    let stopped = fit(&SMALL, &data, &|done, of| {
        assert!(done < of);
        done < 3
    });
    assert!(matches!(stopped, Err(Error::Stopped)));
}

#[test]
fn bad_settings_are_named() {
    let of = planted(7);
    let cases = [
        (Settings { factors: 0, ..SMALL }, "`factors` of sequential: expected 1 to 1024, found 0"),
        (Settings { heads: 3, ..SMALL }, "`heads` of sequential: expected a divisor of 16, found 3"),
        (Settings { heads: 0, ..SMALL }, "`heads` of sequential: expected 1 to 16, found 0"),
        (Settings { length: 0, ..SMALL }, "`length` of sequential: expected 1 to 2000, found 0"),
        (Settings { batch: 0, ..SMALL }, "`batch` of sequential: expected 1 to 65536, found 0"),
        (Settings { epochs: 0, ..SMALL }, "`epochs` of sequential: expected 1 to 10000, found 0"),
        (
            Settings { dropout: 1.0, ..SMALL },
            "`dropout` of sequential: expected a share of at least 0, below 1, found 1",
        ),
        (
            Settings { rate: f32::NAN, ..SMALL },
            "`rate` of sequential: expected a number above 0, at most 1, found NaN",
        ),
        (
            Settings { negatives: 8, ..SMALL },
            "`negatives` of sequential: expected fewer than the 8 items, found 8",
        ),
    ];
    for (settings, expected) in cases {
        let said = fitted(&settings, &of, 1).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(said.starts_with(expected), "{said}");
    }
}
