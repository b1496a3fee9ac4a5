//! Rust source as tokens: just enough to tell code from comments and text, and to find paths.
//!
//! Not a parser. It knows comments (nested ones too), every kind of string, characters against lifetimes, and words;
//! every other byte is a mark of its own.

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// From 1.
    pub(crate) line: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Identifier or keyword.
    Word,
    /// One punctuation character.
    Mark,
    /// Comment, with its slashes.
    Comment,
    /// String, character, number or lifetime.
    Literal,
}

impl Token<'_> {
    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// Cuts a file into tokens. Never fails: an unclosed comment or string runs to the end.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.as_bytes()[0];
        let (kind, len) = match first {
            b'\n' | b' ' | b'\t' | b'\r' => {
                line += usize::from(first == b'\n');
                at += 1;
                continue;
            }
            b'/' if rest.starts_with("//") => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
            b'/' if rest.starts_with("/*") => (Kind::Comment, block_comment(rest)),
            b'"' => (Kind::Literal, quoted(rest, b'"')),
            b'\'' => (Kind::Literal, character_or_lifetime(rest)),
            b'0'..=b'9' => (Kind::Literal, word(rest)),
            _ if is_word(first) => match prefixed_literal(rest) {
                Some(len) => (Kind::Literal, len),
                None => (Kind::Word, word(rest)),
            },
            _ => (Kind::Mark, 1),
        };
        found.push(Token { kind, text: &rest[..len], line });
        line += rest[..len].bytes().filter(|b| *b == b'\n').count();
        at += len;
    }
    found
}

/// The code alone: no comments, and no item under `#[cfg(test)]`.
pub(crate) fn shipped_code(text: &str) -> Vec<Token<'_>> {
    let all: Vec<Token<'_>> = tokens(text).into_iter().filter(|t| t.kind != Kind::Comment).collect();
    let mut kept = Vec::with_capacity(all.len());
    let mut at = 0;
    while at < all.len() {
        let test = ["#", "[", "cfg", "(", "test", ")", "]"];
        if all[at..].len() > test.len()
            && test.iter().zip(&all[at..]).all(|(want, token)| *want == token.text)
        {
            at = item_end(&all, at + test.len());
        } else {
            kept.push(all[at]);
            at += 1;
        }
    }
    kept
}

/// First token after the item that starts at `at`: after its `;`, or after its closing brace.
fn item_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    let mut depth = 0usize;
    while at < tokens.len() {
        let token = tokens[at];
        at += 1;
        match (token.kind, token.text) {
            (Kind::Mark, "{" | "(" | "[") => depth += 1,
            (Kind::Mark, close @ ("}" | ")" | "]")) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && close == "}" {
                    break;
                }
            }
            (Kind::Mark, ";") if depth == 0 => break,
            _ => {}
        }
    }
    at
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn word(rest: &str) -> usize {
    rest.bytes().position(|b| !is_word(b)).unwrap_or(rest.len())
}

fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Length of a literal in `quote`s with backslash escapes, the first quote included.
fn quoted(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut chars = rest[1..].chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => quoted(rest, b'\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 1 + word(&rest[1..]),
    }
}

/// Length of `b"..."`, `r#"..."#`, `b'x'` and their like, or `None` where `rest` starts with a plain word.
fn prefixed_literal(rest: &str) -> Option<usize> {
    let prefix = word(rest);
    let (name, after) = rest.split_at(prefix);
    match name {
        "b" if after.starts_with('\'') => Some(prefix + quoted(after, b'\'')),
        "b" | "c" if after.starts_with('"') => Some(prefix + quoted(after, b'"')),
        "r" | "br" | "cr" => {
            let hashes = after.bytes().take_while(|b| *b == b'#').count();
            let body = after[hashes..].strip_prefix('"')?;
            let close = format!("\"{}", "#".repeat(hashes));
            let end = body.find(&close).map_or(body.len(), |at| at + close.len());
            Some(prefix + hashes + 1 + end)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).into_iter().filter(|t| t.kind == Kind::Word).map(|t| t.text).collect()
    }

    #[test]
    fn text_and_comments_hold_no_words() {
        let text = r####"a /* b /* c */ d */ e "f \" g" r#"h " i"# b"j" 'k' '\'' 'life x // y
                        z '融' 融合 0x1f"####;
        assert_eq!(words(text), ["a", "e", "x", "z", "融合"]);
    }

    #[test]
    fn lines_count_through_literals() {
        let found = tokens("one\n\"two\nthree\"\n/* four\n*/ five");
        let last = found.last().unwrap();
        assert_eq!((last.text, last.line), ("five", 5));
    }

    #[test]
    fn items_under_cfg_test_are_left_out() {
        let text =
            "fn a() {} #[cfg(test)] mod tests { fn b() { {} } } #[cfg(test)] use c::d; fn e(x: [u8; 2]) {}";
        let kept: Vec<&str> =
            shipped_code(text).into_iter().filter(|t| t.kind == Kind::Word).map(|t| t.text).collect();
        assert_eq!(kept, ["fn", "a", "fn", "e", "x", "u8"]);
    }

    #[test]
    fn unclosed_things_end_with_the_file() {
        for text in ["\"abc", "/* abc", "r#\"abc", "'", "b'", "\"\\", "/*"] {
            let covered: usize = tokens(text).iter().map(|t| t.text.len()).sum();
            assert_eq!(covered, text.len(), "{text}");
        }
    }
}
