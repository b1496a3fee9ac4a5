//! Windows of the users' sequences, and the epochs over them.

use super::network::{loss, places, states};
use super::{Settings, network};
use crate::{Error, Progress, Result, Training};
use ronghe_cpu::{CpuExecutor, Optimizer, OptimizerConfig};
use ronghe_graph::{Builder, Executor, Feed, Mode, SplitMix, Tensor, Weights, grad};
use std::collections::BTreeMap;

/// Share of the steps in which the rate rises.
const WARMUP: f64 = 0.05;
/// Batches among which windows are sorted by length, so that little is padded.
const SORTED: usize = 8;
/// Norm to which the gradient of a step is cut.
const CLIP: f32 = 1.0;

/// The items of every user, the oldest first, of users who have at least two.
pub(super) fn sequences(data: &Training<'_>) -> Vec<Vec<i32>> {
    let mut of: BTreeMap<u32, Vec<i32>> = BTreeMap::new();
    for event in data.events.iter().filter(|e| e.weight > 0.0) {
        of.entry(event.user).or_default().push(event.item as i32);
    }
    of.into_values().filter(|items| items.len() > 1).collect()
}

/// Cuts the sequences from their ends into windows of at most `length` items, each with the item that follows it; no item
/// is predicted twice.
pub(super) fn windows(sequences: &[Vec<i32>], length: usize) -> Vec<&[i32]> {
    let mut windows = Vec::new();
    for items in sequences {
        let mut end = items.len();
        while end > 1 {
            let start = end.saturating_sub(length + 1);
            windows.push(&items[start..end]);
            end = start + 1;
        }
    }
    windows
}

/// The rate of step `at` of `of`: rises to `highest`, then falls as half a cosine.
fn rate(highest: f32, at: usize, of: usize) -> f32 {
    let (at, of) = (at as f64 + 1.0, of as f64);
    let rise = (WARMUP * of).ceil();
    let share = if at <= rise {
        at / rise
    } else {
        0.5 + 0.5 * (std::f64::consts::PI * (at - rise) / (of - rise + 1.0)).cos()
    };
    (f64::from(highest) * share) as f32
}

/// Puts the windows in batches of `rows`, in random order, those of a batch of about the same length.
fn batches<'a>(windows: &mut [&'a [i32]], rows: usize, random: &mut SplitMix) -> Vec<Vec<&'a [i32]>> {
    random.shuffle(windows);
    for group in windows.chunks_mut(rows * SORTED) {
        group.sort_by_key(|window| window.len());
    }
    let mut batches: Vec<Vec<&[i32]>> = windows.chunks(rows).map(<[_]>::to_vec).collect();
    random.shuffle(&mut batches);
    batches
}

/// What the network is fed of these windows. Rows are padded behind their items, where no item sees it.
fn feed(batch: &[&[i32]], settings: &Settings, seed: u64) -> Result<Feed> {
    let longest = batch.iter().map(|window| window.len() - 1).max().unwrap_or(1);
    // Few different sizes, since each needs memory of its own.
    let tokens = longest.next_multiple_of(settings.length.div_ceil(5)).min(settings.length);
    let shape = [batch.len(), tokens];
    let mut items = Vec::with_capacity(batch.len() * tokens);
    let (mut place, mut labels, mut weight) = (items.clone(), items.clone(), Vec::new());
    for window in batch {
        let known = window.len() - 1;
        items.extend(&window[..known]);
        place.extend(places(known));
        labels.extend(&window[1..]);
        weight.extend(std::iter::repeat_n(1.0, known));
        let full = items.len().next_multiple_of(tokens);
        [&mut items, &mut place, &mut labels].into_iter().for_each(|values| values.resize(full, 0));
        weight.resize(full, 0.0);
    }
    Ok(Feed { seed, ..Feed::default() }
        .with("items", Tensor::i32(&shape, items)?)
        .with("places", Tensor::i32(&shape, place)?)
        .with("labels", Tensor::i32(&shape, labels)?)
        .with("weight", Tensor::f32(&shape, weight)?))
}

/// The trained weights for `items` items.
pub(super) fn train(
    settings: &Settings,
    sequences: &[Vec<i32>],
    items: usize,
    data: &Training<'_>,
    progress: Progress<'_>,
) -> Result<Weights> {
    let mut weights = Weights::new();
    let mut b = Builder::new(&mut weights, Mode::Train, data.seed);
    let states = states(&mut b, settings, items)?;
    let negatives = settings.sampled(items);
    let loss = loss(&mut b, states, items, negatives)?;
    let mut graph = b.finish();
    let names = weights.iter().map(|(name, _)| name.to_owned()).collect();
    let gradients: Vec<_> = grad(&mut graph, loss, &names)?.into_iter().collect();
    let outputs: Vec<_> = std::iter::once(loss).chain(gradients.iter().map(|g| g.1)).collect();
    let executor = CpuExecutor::new(data.threads);
    let mut plan = executor.compile(&graph, &outputs)?;
    let mut optimizer = Optimizer::new(OptimizerConfig::adam());

    let mut windows = windows(sequences, settings.length);
    let mut random = SplitMix::named(data.seed, "sequential");
    let steps = settings.epochs * windows.len().div_ceil(settings.batch);
    let mut step = 0;
    for _ in 0..settings.epochs {
        for batch in batches(&mut windows, settings.batch, &mut random) {
            if !progress(step, steps) {
                return Err(Error::Stopped);
            }
            let mut feed = feed(&batch, settings, random.next_u64())?;
            if negatives > 0 {
                let others = (0..negatives).map(|_| random.below(items) as i32).collect();
                let first = vec![0; feed.inputs["items"].len()];
                let shape = feed.inputs["items"].shape().to_vec();
                feed = feed
                    .with("negatives", Tensor::i32(&[negatives], others)?)
                    .with("first", Tensor::i32(&shape, first)?)
                    .with(network::ONES, Tensor::full(&[1, settings.factors], 1.0));
            }
            let out = plan.run(&weights, &feed)?;
            let found = out.get(0)[0];
            if !found.is_finite() {
                let help = "give a lower `rate`";
                return Err(Error::input("the loss of sequential", "a number", found.to_string(), help));
            }
            let slopes: Vec<(&str, &[f32])> =
                gradients.iter().enumerate().map(|(i, g)| (g.0.as_str(), out.get(i + 1))).collect();
            let rate = rate(settings.rate, step, steps);
            executor.install(|| optimizer.step(&mut weights, &slopes, rate, Some(CLIP)))??;
            step += 1;
        }
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_but_the_first_is_predicted_once() {
        let sequences = [vec![1, 2, 3, 4, 5, 6, 7, 8], vec![9, 10], vec![1, 2, 3, 4]];
        let cut = windows(&sequences, 3);
        assert_eq!(cut, [&[5, 6, 7, 8][..], &[2, 3, 4, 5], &[1, 2], &[9, 10], &[1, 2, 3, 4]]);
    }

    #[test]
    fn the_rate_rises_and_falls() {
        let rates: Vec<f32> = (0..100).map(|at| rate(0.1, at, 100)).collect();
        assert!(rates[..5].is_sorted() && rates[4] == 0.1);
        assert!(rates[4..].is_sorted_by(|a, b| a > b) && rates[99] > 0.0 && rates[99] < 0.001);
        assert_eq!(rate(0.1, 0, 1), 0.1);
    }

    #[test]
    fn rows_are_padded_behind_their_items() -> Result<()> {
        let settings = Settings { length: 10, ..Settings::default() };
        let fed = feed(&[&[4, 5, 6, 7], &[8, 9]], &settings, 0)?;
        assert_eq!(fed.inputs["items"].shape(), [2, 4]);
        assert_eq!(fed.inputs["items"].as_i32(), [4, 5, 6, 0, 8, 0, 0, 0]);
        assert_eq!(fed.inputs["places"].as_i32(), [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(fed.inputs["labels"].as_i32(), [5, 6, 7, 0, 9, 0, 0, 0]);
        assert_eq!(fed.inputs["weight"].as_f32(), [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        Ok(())
    }
}
