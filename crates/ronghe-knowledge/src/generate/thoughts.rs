//! What a model thinks before it speaks: `<think> ... </think>`, and what other models write in its place.
//!
//! Thoughts are taken out piece by piece, as the text comes. Those that never end take the rest of the text; an end without a
//! beginning (a model whose prompt begins them) makes a thought of all that was not told before it. `O(n)`.

/// Names of the marks, which stand in `<` or `[`.
const NAMES: [&str; 5] = ["think", "thinking", "thought", "reasoning", "THINK"];

/// Bytes of the longest mark.
const LONGEST: usize = "</reasoning>".len();

/// Takes thoughts out of a text.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    /// Whether one has begun.
    inside: bool,
    /// What may be the beginning of a mark.
    held: String,
}

/// What is said in a piece of text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Spoken {
    pub(super) text: String,
    /// Whether what came before was a thought.
    pub(super) only_now: bool,
}

impl Thoughts {
    /// What a further piece of the text says.
    pub(super) fn take(&mut self, piece: &str) -> Spoken {
        let text = std::mem::take(&mut self.held) + piece;
        let mut spoken = Spoken::default();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['<', '[']) {
            if !self.inside {
                spoken.text.push_str(&rest[..at]);
            }
            rest = &rest[at..];
            match mark(rest) {
                Some((ends, length)) => {
                    if ends && !self.inside {
                        spoken = Spoken { text: String::new(), only_now: true };
                    }
                    self.inside = !ends;
                    rest = &rest[length..];
                }
                None if rest.len() < LONGEST && may_begin(rest) => {
                    self.held = rest.to_owned();
                    return spoken;
                }
                None => {
                    if !self.inside {
                        spoken.text.push_str(&rest[..1]);
                    }
                    rest = &rest[1..];
                }
            }
        }
        if !self.inside {
            spoken.text.push_str(rest);
        }
        spoken
    }

    /// What was held back, at the end of the text.
    pub(super) fn rest(self) -> String {
        if self.inside { String::new() } else { self.held }
    }
}

/// Whether a text begins with a mark that ends thoughts (or begins them), and its bytes.
fn mark(text: &str) -> Option<(bool, usize)> {
    NAMES.iter().find_map(|name| {
        [('<', '>'), ('[', ']')].into_iter().find_map(|(open, close)| {
            let inner = text.strip_prefix(open)?;
            let ends = inner.starts_with('/');
            let whole = inner.strip_prefix('/').unwrap_or(inner).strip_prefix(name)?.starts_with(close);
            whole.then_some((ends, 2 + usize::from(ends) + name.len()))
        })
    })
}

/// Whether a short text may become a mark.
fn may_begin(text: &str) -> bool {
    let inner = text[1..].trim_start_matches('/');
    text[1..].len() - inner.len() < 2 && NAMES.iter().any(|name| name.starts_with(inner) || *name == inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that is said, however it is cut into pieces.
    fn said(text: &str) -> String {
        let whole = |size: usize| {
            let mut thoughts = Thoughts::default();
            let mut said = String::new();
            for piece in text.chars().collect::<Vec<_>>().chunks(size) {
                let spoken = thoughts.take(&piece.iter().collect::<String>());
                if spoken.only_now {
                    said.clear();
                }
                said.push_str(&spoken.text);
            }
            said + &thoughts.rest()
        };
        let all: Vec<String> = [1, 2, 7, 1_000].into_iter().map(whole).collect();
        assert!(all.windows(2).all(|two| two[0] == two[1]), "{all:?}");
        all.into_iter().next().unwrap()
    }

    #[test]
    fn thoughts_go() {
        for (text, left) in [
            ("<think>a. b</think>c", "c"),
            ("x <think>a</think>y <thinking>b</thinking>z", "x y z"),
            ("[THINK]a[/THINK]b [1] 甲", "b [1] 甲"),
            ("thought of a</think>b", "b"),
            ("a <think>never ends", "a "),
            ("a < b, <b>c</b> [1]", "a < b, <b>c</b> [1]"),
            ("ends with <thi", "ends with <thi"),
            ("<think></think>", ""),
        ] {
            assert_eq!(said(text), left, "{text}");
        }
    }
}
