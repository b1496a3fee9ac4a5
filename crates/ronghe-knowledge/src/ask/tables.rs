//! Weights of the confidence, a table for each kind of network.
//!
//! Fitted by maximum likelihood (ridge penalty 3, no feature against its sense) to the best sentence of each of 884 questions:
//! the headings of the Debian FAQ in English and Chinese and of the Python FAQ that are questions, left out of the texts, asked
//! with and without the chapter that answers them; and the rules of a library with 24 answerable questions and four others in
//! each language, counted three times (by words alone, twelve times: the headings share few words with their answers). With e5 each fourth of the headings was asked, and each also of the other language's text.
//! `versus/knowledge/headings.py` makes these questions, `--example answerability` what is known of the sentences, and
//! `versus/knowledge/answerability.py` the numbers below.

use super::features::{COUNT, Features};

/// A logistic function.
#[derive(Debug)]
struct Part {
    /// Means and deviations of the features, in the order of [`Features::numbers`].
    scale: [(f64, f64); COUNT],
    weights: [f64; COUNT],
    bias: f64,
}

/// What is known of a kind of network.
#[derive(Debug)]
pub(super) struct Table {
    /// Least confidence of an answer.
    pub(super) threshold: f64,
    /// Where question and sentence are in one language, or the network knows but one.
    same: Part,
    /// Where they are in two.
    foreign: Part,
}

impl Table {
    /// Log-odds that a sentence with these features answers.
    pub(super) fn log_odds(&self, features: &Features) -> f64 {
        let part = if features.foreign { &self.foreign } else { &self.same };
        let z =
            features.numbers().into_iter().zip(&part.scale).map(|(x, (m, d))| x.map_or(0.0, |x| (x - m) / d));
        z.zip(&part.weights).map(|(z, w)| z * w).sum::<f64>() + part.bias
    }
}

/// The table of a network; those that are not known have that of MiniLM.
pub(super) fn table(network: Option<&str>) -> &'static Table {
    match network {
        None => &WORDS,
        Some("e5") => &E5,
        Some(_) => &OTHER,
    }
}

static WORDS: Table = Table { threshold: 0.5, same: WORDS_PART, foreign: WORDS_PART };
static OTHER: Table = Table { threshold: 0.5, same: MINILM_PART, foreign: MINILM_PART };
static E5: Table = Table { threshold: 0.55, same: E5_PART, foreign: E5_FOREIGN };

/// Words alone.
const WORDS_PART: Part = Part {
    scale: [
        (0.0, 1.0),
        (0.0, 1.0),
        (0.602, 0.279),
        (0.617, 0.273),
        (0.719, 0.26),
        (0.295, 0.174),
        (0.215, 0.276),
        (0.081, 0.18),
        (0.327, 0.166),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.816, 0.223),
        (0.623, 0.466),
    ],
    weights: [0.0, 0.0, 0.0, 0.93, 0.0, 0.0, -0.46, 0.0, 0.0, 0.0, 0.0, 0.34, 0.0],
    bias: -0.51,
};
/// all-MiniLM-L6-v2.
const MINILM_PART: Part = Part {
    scale: [
        (0.589, 0.158),
        (0.256, 0.135),
        (0.55, 0.307),
        (0.553, 0.306),
        (0.645, 0.302),
        (0.24, 0.159),
        (0.245, 0.291),
        (0.089, 0.196),
        (0.633, 0.147),
        (0.48, 0.141),
        (0.097, 0.073),
        (0.763, 0.239),
        (0.536, 0.491),
    ],
    weights: [0.45, 0.47, 0.0, 0.63, 0.13, 0.0, 0.0, 0.0, 0.0, 0.0, 0.65, 0.2, 0.0],
    bias: -0.77,
};
/// multilingual-e5-small.
// A measured spread that happens to be near 1 / pi.
#[allow(clippy::approx_constant)]
const E5_PART: Part = Part {
    scale: [
        (0.876, 0.032),
        (0.046, 0.031),
        (0.551, 0.318),
        (0.569, 0.31),
        (0.648, 0.318),
        (0.245, 0.19),
        (0.3, 0.425),
        (0.169, 0.267),
        (0.629, 0.108),
        (0.864, 0.034),
        (0.015, 0.012),
        (0.793, 0.229),
        (0.518, 0.484),
    ],
    weights: [0.39, 1.38, 0.04, 0.0, 0.67, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.6, 0.0],
    bias: -0.71,
};
/// The same, question and sentence in two languages: scales as found, weights and bias set by hand between these and those above, for only seven of 65 questions had a right first sentence.
const E5_FOREIGN: Part = Part {
    scale: [
        (0.839, 0.024),
        (0.038, 0.017),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.832, 0.022),
        (0.006, 0.005),
        (0.889, 0.163),
        (0.0, 1.0),
    ],
    weights: [0.41, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.6, 0.0],
    bias: -0.9,
};
