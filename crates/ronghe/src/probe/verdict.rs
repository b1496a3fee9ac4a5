//! From figures to a word: how near the domain is, and what to build on.

use super::Duel;
use super::survey::Tried;
use ronghe_stats::interval::paired;
use serde::Serialize;
use std::fmt;

/// How near the target's domain is to that of a network, by its batch norms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// Much like what the network was trained on.
    Near,
    /// Another kind of the same.
    Related,
    /// Another world.
    Far,
}

/// What to build on, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Encoder to take.
    pub encoder: String,
    /// Why.
    pub because: Reason,
}

/// Why an encoder is advised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The best published network is ahead of the plain baseline, and of training from the start where that was tried.
    NetworkAhead,
    /// As before, but by no more than chance would make: the interval of the difference, row by row, holds none.
    NetworkLevel,
    /// Training from the start is ahead of the best published network.
    ScratchAhead,
    /// As before, but the interval of the difference holds none.
    ScratchLevel,
    /// The plain baseline tells as much as the best published network, or more: what costs nothing will do.
    PlainAhead,
    /// The plain baseline tells as much as the best published network, which is ahead of training from the start on the same rows.
    PlainAlike,
    /// No published network is at hand.
    NoNetwork,
}

/// The advice that follows from what was tried, best first. Where training from the start was run on the same rows, its own
/// comparison decides between it and the network: that the plain baseline tells as much says nothing of the encoder that would be
/// advised in the network's place.
pub(super) fn advise(ranked: &[Tried], duel: Option<&Duel>, scratch: &str) -> Advice {
    let network = ranked.iter().find(|t| !t.plain);
    let plain = ranked.iter().find(|t| t.plain);
    let interval = duel.and_then(|d| d.difference).map(|d| d.1);
    let level = interval.is_some_and(|(low, high)| (low..=high).contains(&0.0));
    let plain_tells = |network: &Tried| plain.is_some_and(|p| p.linear.value >= network.linear.value);
    let (encoder, because) = match (network, duel) {
        (None, _) => (scratch, Reason::NoNetwork),
        (_, Some(duel)) if duel.scratch.value > duel.transfer.value => {
            (scratch, if level { Reason::ScratchLevel } else { Reason::ScratchAhead })
        }
        (Some(network), None) if plain_tells(network) => (scratch, Reason::PlainAhead),
        (Some(network), Some(_)) if plain_tells(network) => (network.name.as_str(), Reason::PlainAlike),
        (Some(network), _) => {
            let ahead = plain.and_then(|p| paired(&network.linear.right, &p.linear.right));
            let level = level || ahead.is_some_and(|(_, (low, _))| low <= 0.0);
            (network.name.as_str(), if level { Reason::NetworkLevel } else { Reason::NetworkAhead })
        }
    };
    Advice { encoder: encoder.to_owned(), because }
}

/// Words that YAML, of one version or another, takes for something else than a name.
const NO_NAMES: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];

impl Advice {
    /// The lines of a configuration for the input `column`.
    pub(super) fn yaml(&self, column: &str) -> String {
        let word = column.chars().all(|c| c.is_alphanumeric() || c == '_')
            && column.starts_with(|c: char| c.is_alphabetic());
        let bare = word && !NO_NAMES.contains(&column.to_lowercase().as_str());
        // What is no plain word stands in quotes; those of JSON are YAML's too.
        let name = if bare { column.to_owned() } else { serde_json::Value::from(column).to_string() };
        format!("inputs:\n  - name: {name}\n    encoder: {}\n", self.encoder)
    }
}

impl Nearness {
    /// The words with the gap that each begins at. Found so with EfficientNet-Lite0 and a MobileNetV2, both trained on ImageNet:
    /// photographs of ImageNet 0.03 and 0.06, of CIFAR 0.13 to 0.18, emoji and Fashion-MNIST 0.18 to 0.28, MNIST 0.33 and 0.43.
    pub const FROM: [(Nearness, f64); 3] =
        [(Nearness::Near, 0.0), (Nearness::Related, 0.1), (Nearness::Far, 0.3)];

    /// The word for a gap.
    pub fn of(gap: f64) -> Nearness {
        let found = Nearness::FROM.iter().rev().find(|(_, from)| gap >= *from);
        found.map_or(Nearness::Near, |(word, _)| *word)
    }
}

impl fmt::Display for Nearness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Nearness::Near => "near",
            Nearness::Related => "related",
            Nearness::Far => "far",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Score;

    fn tried(name: &str, plain: bool, value: f64) -> Tried {
        let score = |value| Score { rows: 10, value, interval: None, right: Vec::new() };
        Tried {
            name: name.into(),
            plain,
            linear: score(value),
            loss: 1.0,
            five_nearest: score(0.5),
            nearest: score(0.5),
            width: 2,
            seconds: 0.0,
            kept: 0,
            million_weights: 0.0,
            megabytes: 0.0,
        }
    }

    fn duel(scratch: f64, transfer: f64) -> Duel {
        let score = |value| Score { rows: 10, value, interval: None, right: Vec::new() };
        Duel {
            encoder: "cnn".into(),
            train_rows: 10,
            epochs: 1,
            seconds: 0.1,
            scratch: score(scratch),
            transfer: score(transfer),
            difference: None,
        }
    }

    #[test]
    fn the_advice_follows_the_figures() {
        let says = |ranked: &[Tried], duel: Option<&Duel>| {
            let advice = advise(ranked, duel, "cnn");
            (advice.encoder, advice.because)
        };
        let (net, pixels) = (tried("net", false, 0.9), tried("pixels", true, 0.5));
        let ranked = [net.clone(), pixels.clone()];
        assert_eq!(says(&ranked, None), ("net".into(), Reason::NetworkAhead));
        assert_eq!(says(&ranked, Some(&duel(0.8, 0.9))), ("net".into(), Reason::NetworkAhead));
        let mut close = [net, pixels.clone()];
        close[0].linear.right = vec![true, true, false, true];
        close[1].linear.right = vec![true, false, true, false];
        assert_eq!(says(&close, None), ("net".into(), Reason::NetworkLevel));
        assert_eq!(says(&ranked, Some(&duel(0.95, 0.9))), ("cnn".into(), Reason::ScratchAhead));
        let level =
            |scratch, transfer| Duel { difference: Some((0.0, (-0.1, 0.1))), ..duel(scratch, transfer) };
        assert_eq!(says(&ranked, Some(&level(0.8, 0.9))), ("net".into(), Reason::NetworkLevel));
        assert_eq!(says(&ranked, Some(&level(0.95, 0.9))), ("cnn".into(), Reason::ScratchLevel));
        let simple = [tried("pixels", true, 0.96), tried("net", false, 0.94)];
        assert_eq!(says(&simple, None), ("cnn".into(), Reason::PlainAhead));
        // 500 drawn products: cnn from the start 0.750, the network 0.938 on the same rows.
        let ahead = Duel { difference: Some((0.188, (0.095, 0.280))), ..duel(0.750, 0.938) };
        assert_eq!(says(&simple, Some(&ahead)), ("net".into(), Reason::PlainAlike));
        assert_eq!(says(&simple, Some(&duel(0.95, 0.9))), ("cnn".into(), Reason::ScratchAhead));
        assert_eq!(says(&[pixels], None), ("cnn".into(), Reason::NoNetwork));
    }

    #[test]
    fn the_lines_are_yaml_for_any_name() {
        let advice = Advice { encoder: "e5".into(), because: Reason::NetworkAhead };
        for name in ["photo", "评论", "a: b", "- x", "yes, \"no\"", "1", "No", "y"] {
            let text = format!("{}target: {{column: kind}}\n", advice.yaml(name));
            let config = crate::config::Written::parse(&text, "test").and_then(|w| w.config()).expect(&text);
            assert_eq!(
                (config.inputs[0].name.as_str(), config.inputs[0].encoder.kind.as_str()),
                (name, "e5")
            );
        }
        assert!(advice.yaml("评论").contains("name: 评论"));
    }

    #[test]
    fn words_begin_where_they_say() {
        for (word, from) in Nearness::FROM {
            assert_eq!(Nearness::of(from), word);
        }
        assert_eq!(Nearness::of(1e9), Nearness::Far);
    }
}
