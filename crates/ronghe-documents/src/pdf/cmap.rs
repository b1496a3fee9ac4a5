//! CMaps of a file: from codes of one to four bytes to Unicode or to numbers of glyphs (CID).

use super::lexer::{Lexer, Operand, Token};
use std::collections::{BTreeMap, HashMap};

/// Entries of one map; what is beyond them is left out.
const ENTRIES: usize = 200_000;
/// UTF-16 units that a code may stand for.
const UNITS: usize = 64;

/// What codes stand for.
#[derive(Debug, Default)]
pub(super) struct CMap {
    /// Bytes of a code, and the first and last of a range of codes.
    spaces: Vec<(usize, u32, u32)>,
    /// Codes that stand for text.
    chars: HashMap<u32, String>,
    /// From the first code of a range to its last and the text of the first.
    ranges: BTreeMap<u32, (u32, String)>,
    /// From the first code of a range to its last and the number of the first.
    numbers: BTreeMap<u32, (u32, u32)>,
    /// Whether it is for lines from top to bottom.
    pub(super) vertical: bool,
    /// The map that it adds to, by name.
    pub(super) base: Option<Vec<u8>>,
}

fn code(operand: &Operand) -> Option<(usize, u32)> {
    let bytes = operand.text()?;
    let value = bytes.iter().take(4).fold(0, |sum, b| sum << 8 | u32::from(*b));
    (!bytes.is_empty()).then_some((bytes.len().min(4), value))
}

fn utf16(bytes: &[u8]) -> String {
    if let [byte] = bytes {
        return char::from(*byte).to_string();
    }
    let units = bytes.chunks_exact(2).take(UNITS).map(|p| u16::from_be_bytes([p[0], p[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

impl CMap {
    /// Reads a map; what is broken in it is left out.
    pub(super) fn parse(bytes: &[u8]) -> CMap {
        let mut map = CMap::default();
        let mut lexer = Lexer::new(bytes);
        let mut stack: Vec<Operand> = Vec::new();
        let mut left = ENTRIES;
        while let Some(token) = lexer.next() {
            let word = match token {
                Token::Operand(operand) => {
                    if stack.len() < 3 * ENTRIES {
                        stack.push(operand);
                    }
                    continue;
                }
                Token::Operator(word) => word,
            };
            match word {
                b"endcodespacerange" => {
                    for pair in stack.chunks_exact(2).take(256) {
                        if let (Some((bytes, first)), Some((_, last))) = (code(&pair[0]), code(&pair[1])) {
                            map.spaces.push((bytes, first, last));
                        }
                    }
                }
                b"endbfchar" => stack.chunks_exact(2).for_each(|pair| {
                    if let (Some((_, from)), Some(to)) = (code(&pair[0]), pair[1].text()) {
                        map.put(from, utf16(to), &mut left);
                    }
                }),
                b"endbfrange" => stack.chunks_exact(3).for_each(|three| map.range(three, &mut left)),
                b"endcidchar" => stack.chunks_exact(2).for_each(|pair| {
                    if let (Some((_, from)), Some(to)) = (code(&pair[0]), pair[1].number()) {
                        map.number(from, from, to, &mut left);
                    }
                }),
                b"endcidrange" => stack.chunks_exact(3).for_each(|three| {
                    let ends = (code(&three[0]), code(&three[1]), three[2].number());
                    if let (Some((_, first)), Some((_, last)), Some(to)) = ends {
                        map.number(first, last, to, &mut left);
                    }
                }),
                b"usecmap" => map.base = stack.last().and_then(Operand::name).map(<[u8]>::to_vec),
                b"def" => {
                    if let [.., name, value] = stack.as_slice()
                        && name.name() == Some(b"WMode")
                    {
                        map.vertical = value.number() == Some(1.0);
                    }
                }
                _ => {}
            }
            stack.clear();
        }
        map.spaces.sort_unstable();
        map
    }

    fn put(&mut self, from: u32, to: String, left: &mut usize) {
        if *left > 0 {
            *left -= 1;
            self.chars.insert(from, to);
        }
    }

    fn number(&mut self, first: u32, last: u32, to: f64, left: &mut usize) {
        if *left > 0 && last >= first && (0.0..1_114_112.0).contains(&to) {
            *left -= 1;
            self.numbers.insert(first, (last, to as u32));
        }
    }

    fn range(&mut self, three: &[Operand], left: &mut usize) {
        let (Some((_, first)), Some((_, last))) = (code(&three[0]), code(&three[1])) else { return };
        match &three[2] {
            Operand::Array(all) => {
                for (from, to) in (first..=last).zip(all) {
                    if let Some(to) = to.text() {
                        self.put(from, utf16(to), left);
                    }
                }
            }
            Operand::Text(to) if *left > 0 && last >= first => {
                *left -= 1;
                self.ranges.insert(first, (last, utf16(to)));
            }
            _ => {}
        }
    }

    /// Bytes of the code that `bytes` begins with; none where the map does not say.
    pub(super) fn length(&self, bytes: &[u8]) -> Option<usize> {
        let mut value = 0;
        for length in 1..=bytes.len().min(4) {
            value = value << 8 | u32::from(bytes[length - 1]);
            let within = |(bytes, first, last): &(usize, u32, u32)| {
                // Each byte is within its own range.
                *bytes == length
                    && (0..length).all(|i| {
                        let byte = |code: u32| code >> (8 * i) & 0xff;
                        (byte(*first)..=byte(*last)).contains(&byte(value))
                    })
            };
            if self.spaces.iter().any(within) {
                return Some(length);
            }
        }
        self.spaces.first().map(|(length, ..)| (*length).min(bytes.len().max(1)))
    }

    /// Text of a code.
    pub(super) fn text(&self, code: u32) -> Option<String> {
        if let Some(text) = self.chars.get(&code) {
            return Some(text.clone());
        }
        if let Some((first, (last, text))) = self.ranges.range(..=code).next_back()
            && code <= *last
        {
            let mut chars: Vec<char> = text.chars().collect();
            let end = chars.pop()?;
            chars.push(char::from_u32((end as u32).checked_add(code - first)?)?);
            return Some(chars.into_iter().collect());
        }
        // A map to Unicode that was written as one to numbers of glyphs.
        self.cid(code).and_then(char::from_u32).filter(|c| *c != '\0').map(String::from)
    }

    /// Number of the glyph of a code.
    pub(super) fn cid(&self, code: u32) -> Option<u32> {
        let (first, (last, to)) = self.numbers.range(..=code).next_back()?;
        if code <= *last { to.checked_add(code - first) } else { None }
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.chars.is_empty() && self.ranges.is_empty() && self.numbers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read() {
        let map = CMap::parse(
            b"2 begincodespacerange <00> <7f> <8140> <fefe> endcodespacerange\n\
              2 beginbfchar <01> <00660066> <02> <d83dde00> endbfchar\n\
              2 beginbfrange <10> <12> <0041> <20> <21> [<0061> <00620063>] endbfrange\n\
              1 begincidrange <8140> <8150> 100 endcidrange /WMode 1 def",
        );
        let text = |code| map.text(code).unwrap_or_default();
        assert_eq!([1, 2, 0x11, 0x20, 0x21, 0x7f].map(text), ["ff", "😀", "B", "a", "bc", ""]);
        assert_eq!((map.cid(0x8142), map.vertical), (Some(102), true));
        assert_eq!([map.length(b"\x41\x42"), map.length(b"\x81\x42")], [Some(1), Some(2)]);
        assert_eq!(map.length(b"\x81\x01"), Some(1));
    }

    #[test]
    fn broken_maps_end() {
        assert!(CMap::parse(b"beginbfrange <0000> <ffffffff> [ endbfrange").is_empty());
        let map = CMap::parse(b"1 beginbfrange <0000> <ffffffff> <ffff> endbfrange");
        assert_eq!(map.text(0xffff_ffff), None);
    }
}
