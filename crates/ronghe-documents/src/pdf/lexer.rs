//! Tokens of content streams and of CMaps, which have the same syntax.

/// How deep arrays and dictionaries may lie within each other; what is deeper is left out.
const DEPTH: usize = 16;

/// What stands before an operator.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Number(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Operand>),
    /// Names and values, one after the other.
    Dictionary(Vec<Operand>),
}

impl Operand {
    pub(super) fn number(&self) -> Option<f64> {
        if let Operand::Number(n) = self { Some(*n) } else { None }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        if let Operand::Name(n) = self { Some(n) } else { None }
    }

    pub(super) fn text(&self) -> Option<&[u8]> {
        if let Operand::Text(t) = self { Some(t) } else { None }
    }

    /// The value of a name in a dictionary.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Operand> {
        let Operand::Dictionary(all) = self else { return None };
        all.chunks_exact(2).find(|pair| pair[0].name() == Some(name)).map(|pair| &pair[1])
    }
}

/// An operand, or the name of an operator.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    Operand(Operand),
    Operator(&'a [u8]),
}

/// Tokens of bytes, one after the other. What is no token is passed over.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0c | 0)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|d| d as u8)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        self.token(0)
    }

    fn token(&mut self, depth: usize) -> Option<Token<'a>> {
        loop {
            self.skip();
            let byte = self.peek()?;
            let rest = &self.bytes[self.at..];
            let operand = match byte {
                b'(' => Operand::Text(self.literal()),
                b'<' if rest.starts_with(b"<<") => {
                    self.at += 2;
                    Operand::Dictionary(self.until(b">>", depth))
                }
                b'<' => Operand::Text(self.hexadecimal()),
                b'[' => {
                    self.at += 1;
                    Operand::Array(self.until(b"]", depth))
                }
                b'/' => Operand::Name(self.name()),
                b')' | b'>' | b']' | b'{' | b'}' => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    let start = self.at;
                    while self.peek().is_some_and(|b| !is_space(b) && !is_delimiter(b)) {
                        self.at += 1;
                    }
                    let word = &self.bytes[start..self.at];
                    match number(word) {
                        Some(number) => Operand::Number(number),
                        None => return Some(Token::Operator(word)),
                    }
                }
            };
            return Some(Token::Operand(operand));
        }
    }

    /// Operands up to what closes them.
    fn until(&mut self, close: &[u8], depth: usize) -> Vec<Operand> {
        let mut found = Vec::new();
        loop {
            self.skip();
            if self.at >= self.bytes.len() {
                break;
            }
            if self.bytes[self.at..].starts_with(close) {
                self.at += close.len();
                break;
            }
            if depth >= DEPTH {
                self.at += 1;
                continue;
            }
            match self.token(depth + 1) {
                Some(Token::Operand(operand)) => found.push(operand),
                // A word like `true`, or an array that is never closed.
                Some(Token::Operator(word)) => found.push(Operand::Name(word.to_vec())),
                None => break,
            }
        }
        found
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|b| !is_space(*b) && !is_delimiter(*b)) {
            self.at += 1;
            let pair = self.bytes.get(self.at..self.at + 2).map(|p| (digit(p[0]), digit(p[1])));
            match (byte, pair) {
                (b'#', Some((Some(high), Some(low)))) => {
                    name.push(high << 4 | low);
                    self.at += 2;
                }
                _ => name.push(byte),
            }
        }
        name
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.escape(&mut text),
                b'(' => {
                    open += 1;
                    text.push(byte);
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    text.push(byte);
                }
                _ => text.push(byte),
            }
        }
        text
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(next) = self.peek().filter(|b| (b'0'..=b'7').contains(b)) else { break };
                    code = code * 8 + u32::from(next - b'0');
                    self.at += 1;
                }
                text.push(code as u8);
            }
            b'\r' if self.peek() == Some(b'\n') => self.at += 1,
            b'\r' | b'\n' => {}
            _ => text.push(byte),
        }
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut text = Vec::new();
        let mut half = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(value) = digit(byte) else { continue };
            match half.take() {
                Some(high) => text.push(high << 4 | value),
                None => half = Some(value),
            }
        }
        text.extend(half.map(|high| high << 4));
        text
    }

    /// Passes over a picture within the stream, from after `BI` to after `EI`.
    pub(super) fn skip_picture(&mut self) {
        while let Some(token) = self.next() {
            match token {
                Token::Operator(b"ID") => break,
                Token::Operator(b"EI") => return,
                _ => {}
            }
        }
        while self.at + 2 < self.bytes.len() {
            let Some(found) = self.bytes[self.at + 1..].windows(2).position(|w| w == b"EI") else {
                self.at = self.bytes.len();
                return;
            };
            let start = self.at + 1 + found;
            self.at = start;
            let after = &self.bytes[start + 2..];
            // Data may hold these letters: what follows the true end is text.
            let ends = is_space(self.bytes[start - 1])
                && after.first().is_none_or(|b| is_space(*b))
                && after.iter().take(12).all(|b| is_space(*b) || (0x20..0x7f).contains(b));
            if ends {
                self.at = start + 2;
                return;
            }
        }
        self.at = self.bytes.len();
    }
}

/// A number as programs write it, also `--5` and `1.2.3`.
fn number(word: &[u8]) -> Option<f64> {
    let sign = word.iter().take_while(|b| matches!(b, b'+' | b'-')).count();
    let digits = &word[sign..];
    if !digits.first().is_some_and(|b| b.is_ascii_digit() || *b == b'.') {
        return None;
    }
    if !digits.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'e' | b'E')) {
        return None;
    }
    let mut points = 0;
    let clean: String = digits
        .iter()
        .map(|b| *b as char)
        .take_while(|c| {
            points += usize::from(*c == '.');
            *c != '-' && points < 2
        })
        .collect();
    let value: f64 = clean.parse().unwrap_or(0.0);
    let value = if word[..sign].contains(&b'-') { -value } else { value };
    Some(if value.is_finite() { value.clamp(-1e12, 1e12) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<String> {
        let mut lexer = Lexer::new(bytes);
        let mut found = Vec::new();
        while let Some(token) = lexer.next() {
            found.push(match token {
                Token::Operand(Operand::Text(t)) => format!("({})", String::from_utf8_lossy(&t)),
                Token::Operand(operand) => format!("{operand:?}"),
                Token::Operator(word) => String::from_utf8_lossy(word).into_owned(),
            });
        }
        found
    }

    #[test]
    fn tokens_are_read() {
        assert_eq!(all(b"(a\\(b\\051(c)\\n)<61 6>Tj%x\nET"), ["(a(b)(c)\n)", "(a`)", "Tj", "ET"]);
        assert_eq!(all(b"-.5 --3 1.2.3 T*"), ["Number(-0.5)", "Number(-3.0)", "Number(1.2)", "T*"]);
        assert_eq!(all(b"/a#20b 1 0 R"), ["Name([97, 32, 98])", "Number(1.0)", "Number(0.0)", "R"]);
        let mut lexer = Lexer::new(b"/Span<</ActualText(x)/K[1 2]>>BDC");
        lexer.next();
        let Some(Token::Operand(dictionary)) = lexer.next() else { panic!() };
        assert_eq!(dictionary.get(b"ActualText").and_then(Operand::text), Some(b"x".as_slice()));
    }

    #[test]
    fn what_is_broken_or_deep_ends() {
        assert_eq!(all(b") > ] }"), [""; 0]);
        assert_eq!(all(b"(never closed"), ["(never closed)"]);
        all(&b"[".repeat(100_000));
        all(&b"<<".repeat(100_000));
    }

    #[test]
    fn pictures_are_passed_over() {
        let mut lexer = Lexer::new(b"/W 2 ID \x01 EI\x02 EI Q");
        lexer.skip_picture();
        assert_eq!(lexer.next(), Some(Token::Operator(b"Q")));
    }
}
