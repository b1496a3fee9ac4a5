//! What the programs that are timed share.

use ronghe_recommend::{Event, Interactions};
use std::fs;

/// The pairs as events, one after the other; users and items are called by their numbers.
pub(crate) fn events(bytes: &[u8]) -> Interactions {
    let (words, _) = bytes.as_chunks::<4>();
    let (pairs, _) = words.as_chunks::<2>();
    let pairs = pairs.iter().map(|pair| pair.map(u32::from_le_bytes));
    let events: Vec<Event> =
        (0..).zip(pairs).map(|(time, [user, item])| Event { user, item, weight: 1.0, time }).collect();
    let named = |most: Option<u32>| (0..most.map_or(0, |most| most + 1)).map(|n| n.to_string()).collect();
    let items = events.iter().map(|e| e.item).max();
    Interactions {
        users: named(events.iter().map(|e| e.user).max()),
        items: named(items),
        domains: [""].into_iter().collect(),
        domain_of: vec![0; items.map_or(0, |most| most as usize + 1)],
        events,
        timed: true,
    }
}

/// Seconds that this process computed, on all threads; 0 where the system does not say.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The most memory that this process held; 0 where the system does not say.
pub(crate) fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
