//! How to summarise.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How long a summary is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// So many sentences.
    Sentences(usize),
    /// This share of the sentences, rounded up.
    Ratio(f64),
}

impl Length {
    /// Sentences to choose of `all`.
    pub(super) fn sentences(self, all: usize) -> Result<usize> {
        let wrong = |expected: &str, found: String| {
            Err(Error::Input {
                what: "length of the summary".to_owned(),
                expected: expected.to_owned(),
                found,
            })
        };
        match self {
            Length::Sentences(0) => wrong("at least one sentence", "0".to_owned()),
            Length::Sentences(n) => Ok(n.min(all)),
            Length::Ratio(ratio) if ratio > 0.0 && ratio <= 1.0 => {
                // A hair less, so that 0.3 of 10 is 3 however it is rounded.
                Ok(((ratio * all as f64 - 1e-9).ceil() as usize).max(1).min(all))
            }
            Length::Ratio(ratio) => wrong("a share above 0 and up to 1", ratio.to_string()),
        }
    }
}

/// How sentences are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// By vectors if there is a model for them, else by words.
    #[default]
    Auto,
    /// Not at all: the first sentences.
    Lead,
    /// By the words they share.
    Lexical,
    /// By vectors of their meaning.
    Vectors,
}

impl Method {
    /// All, by name.
    pub const ALL: [(&'static str, Method); 4] = [
        ("auto", Method::Auto),
        ("lead", Method::Lead),
        ("lexical", Method::Lexical),
        ("vectors", Method::Vectors),
    ];

    /// The method of a name.
    pub fn named(name: &str) -> Result<Method> {
        let found = Method::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, method)| method).ok_or_else(|| Error::UnknownName {
            place: "summarise".to_owned(),
            what: "method",
            name: name.to_owned(),
            valid: Method::ALL.iter().map(|(known, _)| (*known).to_owned()).collect(),
        })
    }

    /// What is really done, given whether there is a model for vectors.
    pub(super) fn resolve(self, vectors: bool) -> Result<Method> {
        match self {
            Method::Auto if vectors => Ok(Method::Vectors),
            Method::Auto => Ok(Method::Lexical),
            Method::Vectors if !vectors => Err(Error::Input {
                what: "method vectors".to_owned(),
                expected: "a model that makes vectors of sentences".to_owned(),
                found: "none; give one, or take the method lexical".to_owned(),
            }),
            method => Ok(method),
        }
    }
}

/// How to summarise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// How long.
    pub length: Length,
    /// What the summary should be about; everything, if not given.
    pub query: Option<String>,
    /// How sentences are compared.
    pub method: Method,
    /// Seed of the clusters' start.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { length: Length::Sentences(5), query: None, method: Method::Auto, seed: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(Length::Ratio(0.3).sentences(10).unwrap(), 3);
        assert_eq!(Length::Ratio(0.01).sentences(10).unwrap(), 1);
        assert_eq!(Length::Sentences(20).sentences(10).unwrap(), 10);
        for wrong in [Length::Sentences(0), Length::Ratio(0.0), Length::Ratio(1.5), Length::Ratio(f64::NAN)] {
            assert!(
                wrong.sentences(10).unwrap_err().to_string().starts_with("length of the summary: expected")
            );
        }
    }

    #[test]
    fn methods_have_names() {
        for (name, method) in Method::ALL {
            assert_eq!(Method::named(name).unwrap(), method);
        }
        let said = Method::named("textrank").unwrap_err().to_string();
        assert_eq!(said, "summarise: no method `textrank`; there are: auto, lead, lexical, vectors");
        assert!(Method::Vectors.resolve(false).is_err());
    }
}
