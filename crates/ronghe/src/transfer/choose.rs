//! The strategy for who names none, by the number of training rows.
//!
//! A few rows cannot say in which direction millions of weights should move: the published network is better left as it
//! is. With some thousands, a network that is opened carefully wins; a transformer then gets adapters, which cost less
//! memory and forget less.

use ronghe_data::Modality;

/// Fewer training rows leave the published network as it is.
const FEW: usize = 2000;

/// A strategy with the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Name in [`TRANSFERS`](super::TRANSFERS).
    pub name: &'static str,
    /// Why, in words.
    pub reason: String,
}

/// The strategy for an input of `modality` with `rows` training rows.
pub fn choose(modality: Modality, rows: usize) -> Choice {
    if rows < FEW {
        let reason = format!("{rows} training rows, fewer than {FEW}: more would be learned by heart");
        return Choice { name: "frozen", reason };
    }
    let name = if modality == Modality::Text { "lora" } else { "gradual" };
    let reason = format!(
        "{rows} training rows, {FEW} or more: enough to adapt the network; `frozen` is many times faster"
    );
    Choice { name, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_follows_the_rows() {
        assert_eq!(choose(Modality::Image, 1999).name, "frozen");
        assert_eq!(choose(Modality::Image, 2000).name, "gradual");
        let text = choose(Modality::Text, 50_000);
        assert_eq!(text.name, "lora");
        assert!(text.reason.contains("50000"));
    }
}
