//! Font programs in a file: what they say of their codes and glyphs (crate `ttf-parser`).

use super::lexer::{Lexer, Operand, Token};
use super::names::of_name;
use super::object::{stream_of, unpack};
use lopdf::{Dictionary, Document};
use std::collections::HashMap;
use ttf_parser::{Face, GlyphId, PlatformId, cff};

/// Tables of one face that are looked at.
const TABLES: usize = 16;
/// Glyphs of one face that are looked at.
const GLYPHS: usize = 1 << 16;

/// A font program.
pub(super) enum Program {
    /// PostScript; its first part is text.
    Type1(Vec<u8>),
    /// TrueType or OpenType.
    Face(Vec<u8>),
    /// The tables of a compact font alone.
    Compact(Vec<u8>),
}

/// The program that a descriptor has in the file.
pub(super) fn of(pdf: &Document, descriptor: &Dictionary) -> Option<Program> {
    for key in [b"FontFile2".as_slice(), b"FontFile3", b"FontFile"] {
        let Some(stream) = stream_of(pdf, descriptor, key) else { continue };
        let bytes = unpack(stream).unwrap_or_default();
        return Some(match bytes.get(..4) {
            Some([0, 1, 0, 0] | b"true" | b"OTTO" | b"ttcf") => Program::Face(bytes),
            Some([1, ..]) => Program::Compact(bytes),
            _ => Program::Type1(bytes),
        });
    }
    None
}

/// Text of the codes of a simple font, as far as its program says it.
pub(super) fn encoding(program: Option<&Program>) -> Vec<Option<String>> {
    let nothing = vec![None; 256];
    match program {
        None => nothing,
        Some(Program::Type1(bytes)) => postscript(bytes),
        Some(Program::Compact(bytes)) => {
            let Some(table) = cff::Table::parse(bytes) else { return nothing };
            let name = |code| table.glyph_name(table.glyph_index(code)?);
            (0..=255).map(|code| name(code).and_then(|n| of_name(n.as_bytes()))).collect()
        }
        Some(Program::Face(bytes)) => {
            let Ok(face) = Face::parse(bytes, 0) else { return nothing };
            let texts = by_glyph(&face);
            let Some(cmap) = face.tables().cmap else { return nothing };
            let own = |code: u32| {
                // Codes of a font of signs may be in an area of private use.
                let tables =
                    cmap.subtables.into_iter().take(TABLES).filter(|t| !t.is_unicode() || is_symbol(t));
                tables.into_iter().find_map(|t| {
                    [code, 0xf000 + code].into_iter().find_map(|c| t.glyph_index(c)).filter(|g| g.0 != 0)
                })
            };
            let text = |code| own(code).and_then(|glyph| texts.get(&glyph.0)).map(char::to_string);
            (0..256).map(text).collect()
        }
    }
}

fn is_symbol(table: &ttf_parser::cmap::Subtable<'_>) -> bool {
    table.platform_id == PlatformId::Windows && table.encoding_id == 0
}

/// Unicode of glyphs: the smallest that leads to each, or what its name says.
fn by_glyph(face: &Face<'_>) -> HashMap<u16, char> {
    let mut found: HashMap<u16, char> = HashMap::new();
    let tables = face.tables().cmap.map(|c| c.subtables).into_iter().flatten().take(TABLES);
    for table in tables.filter(|t| t.is_unicode() && !is_symbol(t)) {
        let mut left = 4 * GLYPHS;
        table.codepoints(|code| {
            left = left.saturating_sub(1);
            let Some(c) = char::from_u32(code).filter(|_| left > 0) else { return };
            if let Some(glyph) = table.glyph_index(code).filter(|g| g.0 != 0) {
                let kept = found.entry(glyph.0).or_insert(c);
                *kept = (*kept).min(c);
            }
        });
    }
    if found.is_empty() {
        for glyph in 1..face.number_of_glyphs() {
            let name = face.glyph_name(GlyphId(glyph)).and_then(|n| of_name(n.as_bytes()));
            if let Some(c) = name.and_then(|n| n.chars().next()) {
                found.insert(glyph, c);
            }
        }
    }
    found
}

/// Unicode of the glyphs of a composite font by their numbers (CID), as far as its program says it.
pub(super) fn by_cid(program: Option<&Program>, to_glyph: Option<&[u8]>) -> HashMap<u32, char> {
    let Some(Program::Face(bytes)) = program else { return HashMap::new() };
    let Ok(face) = Face::parse(bytes, 0) else { return HashMap::new() };
    let texts = by_glyph(&face);
    match to_glyph {
        None => texts.into_iter().map(|(glyph, text)| (glyph.into(), text)).collect(),
        Some(map) => {
            let glyphs = map.chunks_exact(2).take(GLYPHS).map(|p| u16::from_be_bytes([p[0], p[1]]));
            let known = glyphs.enumerate().filter_map(|(cid, glyph)| Some((cid as u32, *texts.get(&glyph)?)));
            known.collect()
        }
    }
}

/// The encoding at the head of a PostScript font: `dup 65 /A put`.
fn postscript(bytes: &[u8]) -> Vec<Option<String>> {
    let mut table = vec![None; 256];
    let end = bytes.windows(5).position(|w| w == b"eexec").unwrap_or(bytes.len());
    let Some(start) = bytes[..end].windows(9).position(|w| w == b"/Encoding") else { return table };
    let mut lexer = Lexer::new(&bytes[start..end]);
    let mut before: Vec<Operand> = Vec::new();
    while let Some(token) = lexer.next() {
        match token {
            Token::Operand(operand) => before.push(operand),
            Token::Operator(word) => {
                if let (b"put", [.., code, name]) = (word, before.as_slice())
                    && let (Some(code), Some(name)) = (code.number(), name.name())
                    && let Some(slot) = table.get_mut(code as usize)
                {
                    *slot = of_name(name);
                }
                if word == b"def" || word == b"readonly" {
                    break;
                }
                before.clear();
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_a_postscript_font_is_read() {
        let program = Program::Type1(b"/Encoding 256 array 0 1 255 {1 index exch /.notdef put} for\ndup 3 /A put dup 4 /ff put readonly def eexec x".to_vec());
        let table = encoding(Some(&program));
        assert_eq!(
            (table[3].as_deref(), table[4].as_deref(), table[5].as_deref()),
            (Some("A"), Some("ff"), None)
        );
        for broken in [b"\0\x01\0\0".to_vec(), b"\x01\0\x04\x02\0\0".to_vec()] {
            assert_eq!(encoding(Some(&Program::Face(broken.clone()))), vec![None; 256]);
            assert_eq!(encoding(Some(&Program::Compact(broken))), vec![None; 256]);
        }
    }
}
