//! Fonts: from the bytes of a string to text, one glyph at a time, with the way that each goes on.
//!
//! Text comes, in this order, from the map to Unicode in the file, from the encoding, and from the font program. A font
//! of none of these that has codes which could be Unicode themselves is a guess, judged by the page it is on.

use super::cmap::CMap;
use super::codes::{Coding, predefined};
use super::names::{Base, of_name, width};
use super::object::{dictionary_of, number, numbers, stream_of, unpack};
use super::program;
use lopdf::{Dictionary, Document, Object};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A glyph of a string.
pub(super) struct Shown {
    /// Its text; none where nothing says it.
    pub(super) text: Option<Rc<str>>,
    /// Whether the text is only the code taken for Unicode.
    pub(super) guess: bool,
    /// How far it goes on, in parts of the size.
    pub(super) advance: f64,
    /// Whether it is the code 32 of one byte, which word spacing is for.
    pub(super) blank: bool,
}

/// A font as it is used.
pub(super) struct Font {
    /// Its name, for people.
    pub(super) name: String,
    /// Whether its lines run from top to bottom.
    pub(super) vertical: bool,
    pub(super) bold: bool,
    /// Height of its letters in parts of the size; not 1 in fonts that are drawings.
    pub(super) height: f64,
    kind: Kind,
}

enum Kind {
    Simple { texts: Vec<Option<Rc<str>>>, widths: Vec<f64> },
    Composite(Box<Composite>),
}

/// The text of a code, and whether it is a guess.
type Known = (Option<Rc<str>>, bool);

struct Composite {
    coding: Coding,
    unicode: Option<CMap>,
    /// Codes are Unicode: the map to Unicode is the identity.
    is_unicode: bool,
    /// Whether codes of a font that is not in the file may be Unicode.
    may_guess: bool,
    /// Text of the font program's glyphs, by CID.
    glyphs: HashMap<u32, char>,
    widths: HashMap<u32, f64>,
    usual: f64,
    known: RefCell<HashMap<(u32, usize), Known>>,
}

/// Text as it is worth keeping: no control characters, no glyphs of private use but bullets.
fn worth(text: &str) -> Option<Rc<str>> {
    let kept: String = text
        .chars()
        .filter_map(|c| match c {
            '\t' | '\n' | '\r' | '\u{a0}' => Some(' '),
            '\u{f0b7}' | '\u{f0a7}' | '\u{f06c}' | '\u{f06e}' | '\u{f076}' | '\u{f0d8}' => Some('•'),
            '\u{f0fc}' | '\u{f0fe}' => Some('✓'),
            '\u{fffd}' | '\u{feff}' | '\u{ffff}' => None,
            c if c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c) => None,
            c => Some(c),
        })
        .collect();
    (!kept.is_empty()).then(|| kept.into())
}

impl Font {
    pub(super) fn new(pdf: &Document, font: &Dictionary) -> Font {
        let base = font.get_deref(b"BaseFont", pdf).and_then(Object::as_name).unwrap_or(b"");
        let name = String::from_utf8_lossy(base).into_owned();
        // A font of which some glyphs are kept has six letters before its name.
        let name = match name.split_once('+') {
            Some((tag, rest)) if tag.len() == 6 => rest.to_owned(),
            _ => name,
        };
        let kind = font.get_deref(b"Subtype", pdf).and_then(Object::as_name).unwrap_or(b"");
        let unicode = stream_of(pdf, font, b"ToUnicode").and_then(unpack).map(|b| CMap::parse(&b));
        let unicode = unicode.filter(|map| !map.is_empty());
        let lower = name.to_lowercase();
        let bold = lower.contains("bold") || lower.contains("black") || lower.contains("heavy");
        let mut made = Font {
            name,
            vertical: false,
            bold,
            height: 1.0,
            kind: Kind::Simple { texts: vec![], widths: vec![] },
        };
        if kind == b"Type0" {
            made.composite(pdf, font, unicode);
        } else {
            made.simple(pdf, font, unicode.as_ref(), kind == b"Type3");
        }
        made
    }

    fn simple(&mut self, pdf: &Document, font: &Dictionary, unicode: Option<&CMap>, drawn: bool) {
        let descriptor = dictionary_of(pdf, font, b"FontDescriptor");
        let flags = descriptor.and_then(|d| number(pdf, d.get(b"Flags").ok()?)).unwrap_or(0.0) as u32;
        let (symbolic, embedded) = (flags & 4 != 0, descriptor.and_then(|d| program::of(pdf, d)));
        let mut table = program::encoding(embedded.as_ref());
        let encoding = font.get_deref(b"Encoding", pdf).ok();
        let named = encoding.and_then(|e| e.as_name().ok());
        let details = encoding.and_then(|e| e.as_dict().ok());
        let named = named.or_else(|| details?.get_deref(b"BaseEncoding", pdf).ok()?.as_name().ok());
        let base = match named.and_then(Base::of) {
            Some(base) => Some(base),
            None if self.name.contains("Symbol") && embedded.is_none() => Some(Base::Symbol),
            None if self.name.contains("Dingbats") => Some(Base::Dingbats),
            None if table.iter().any(Option::is_some) => None,
            None if matches!(embedded, Some(program::Program::Face(_))) => Some(Base::WinAnsi),
            None => Some(Base::Standard),
        };
        if let Some(base) = base {
            // A font of signs of its own: what its program says of a code is better than the name of an encoding.
            let own = symbolic && table.iter().flatten().count() > 0;
            for (slot, text) in table.iter_mut().zip(if drawn { vec![None; 256] } else { base.table() }) {
                if !own || slot.is_none() {
                    *slot = text;
                }
            }
        }
        let mut code = 0_usize;
        for object in
            details.and_then(|d| d.get_deref(b"Differences", pdf).ok()?.as_array().ok()).into_iter().flatten()
        {
            match object {
                Object::Name(name) => {
                    if let Some(slot) = table.get_mut(code) {
                        // Names that say nothing (`g12`) stand for what the program or the code says.
                        let text = of_name(name);
                        if text.is_some() || drawn || name == b".notdef" {
                            *slot = text;
                        }
                    }
                    code += 1;
                }
                other => code = number(pdf, other).unwrap_or(0.0) as usize,
            }
        }
        let first = font.get(b"FirstChar").ok().and_then(|o| number(pdf, o)).unwrap_or(0.0) as usize;
        let given = numbers(pdf, font, b"Widths");
        let missing = descriptor.and_then(|d| number(pdf, d.get(b"MissingWidth").ok()?)).unwrap_or(0.0);
        let mut scale = 0.001;
        if drawn {
            let matrix =
                numbers(pdf, font, b"FontMatrix").filter(|m| m.len() == 6).unwrap_or_else(|| vec![0.001; 6]);
            scale = matrix[0].abs();
            let bounds = numbers(pdf, font, b"FontBBox").filter(|b| b.len() == 4).unwrap_or_default();
            let tall = bounds.get(3).zip(bounds.get(1)).map_or(0.0, |(top, low)| (top - low).abs());
            let usual = given.iter().flatten().copied().fold(0.0, f64::max);
            let tall = if tall > 0.0 { tall } else { usual * 1.2 };
            self.height = (tall * matrix[3].abs()).clamp(1e-3, 1e3);
        }
        let name = self.name.clone();
        let (mut texts, mut widths) = (Vec::new(), Vec::new());
        for (code, plain) in table.into_iter().enumerate() {
            let text = unicode.and_then(|map| map.text(code as u32)).as_deref().and_then(worth);
            let text = text.or_else(|| plain.as_deref().and_then(worth));
            let width = match (&given, code.checked_sub(first)) {
                (Some(given), Some(at)) if at < given.len() => given[at],
                (Some(_), _) if missing > 0.0 || drawn => missing,
                _ => text.as_deref().and_then(|t| t.chars().next()).map_or(500.0, |c| width(&name, c)),
            };
            texts.push(text);
            widths.push(width * scale);
        }
        self.kind = Kind::Simple { texts, widths };
    }

    fn composite(&mut self, pdf: &Document, font: &Dictionary, unicode: Option<CMap>) {
        let mut coding = Coding::Identity;
        let mut known = true;
        match font.get_deref(b"Encoding", pdf) {
            Ok(Object::Name(name)) => match predefined(&String::from_utf8_lossy(name)) {
                Some((found, vertical)) => (coding, self.vertical) = (found, vertical),
                None => known = false,
            },
            Ok(Object::Stream(stream)) => {
                let map = CMap::parse(&unpack(stream).unwrap_or_default());
                self.vertical = map.vertical;
                coding = match map.base.as_deref().and_then(|b| predefined(&String::from_utf8_lossy(b))) {
                    Some((base, _)) if map.is_empty() => base,
                    _ => Coding::Own(map),
                };
            }
            _ => {}
        }
        let below = font.get_deref(b"DescendantFonts", pdf).ok().and_then(|o| o.as_array().ok()?.first());
        let below = below.and_then(|o| pdf.dereference(o).ok()?.1.as_dict().ok());
        let nothing = Dictionary::new();
        let below = below.unwrap_or(&nothing);
        let descriptor = dictionary_of(pdf, below, b"FontDescriptor");
        let embedded = descriptor.and_then(|d| program::of(pdf, d));
        let ordering = dictionary_of(pdf, below, b"CIDSystemInfo")
            .and_then(|i| i.get_deref(b"Ordering", pdf).ok()?.as_str().ok());
        let to_glyph = stream_of(pdf, below, b"CIDToGIDMap").and_then(unpack);
        let glyphs = program::by_cid(embedded.as_ref(), to_glyph.as_deref());
        let named = font.get_deref(b"ToUnicode", pdf).and_then(Object::as_name).unwrap_or(b"");
        let usual = below.get(b"DW").ok().and_then(|o| number(pdf, o)).unwrap_or(1000.0);
        self.kind = Kind::Composite(Box::new(Composite {
            coding,
            unicode,
            is_unicode: named.starts_with(b"Identity"),
            may_guess: known && embedded.is_none() && matches!(ordering, Some(b"Identity" | b"UCS") | None),
            glyphs,
            widths: cid_widths(pdf, below),
            usual,
            known: RefCell::default(),
        }));
    }

    /// Calls `each` with the glyphs of a string.
    pub(super) fn show(&self, bytes: &[u8], mut each: impl FnMut(Shown)) {
        match &self.kind {
            Kind::Simple { texts, widths } => {
                for byte in bytes {
                    let at = usize::from(*byte);
                    let text = texts.get(at).cloned().flatten();
                    let advance = widths.get(at).copied().unwrap_or(0.5);
                    each(Shown { text, guess: false, advance, blank: *byte == b' ' });
                }
            }
            Kind::Composite(font) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (code, after) = rest.split_at(font.coding.length(rest));
                    rest = after;
                    each(font.shown(code, self.vertical));
                }
            }
        }
    }
}

impl Composite {
    fn shown(&self, bytes: &[u8], vertical: bool) -> Shown {
        let code = bytes.iter().fold(0, |sum, b| sum << 8 | u32::from(*b));
        let cid = self.coding.cid(code);
        let mut known = self.known.borrow_mut();
        let (text, guess) =
            known.entry((code, bytes.len())).or_insert_with(|| self.text(bytes, code, cid)).clone();
        let width = match cid {
            Some(cid) => self.widths.get(&cid).copied().unwrap_or(self.usual),
            None if bytes.len() == 1 => 500.0,
            None => self.usual,
        };
        let advance = if vertical { -1.0 } else { width / 1000.0 };
        Shown { text, guess, advance, blank: bytes == b" " }
    }

    fn text(&self, bytes: &[u8], code: u32, cid: Option<u32>) -> Known {
        let sure = self.unicode.as_ref().and_then(|map| map.text(code)).as_deref().and_then(worth);
        let sure = sure.or_else(|| self.coding.text(bytes).as_deref().and_then(worth));
        let sure = sure.or_else(|| {
            let one = if self.is_unicode { char::from_u32(code)? } else { *self.glyphs.get(&cid?)? };
            worth(one.encode_utf8(&mut [0; 4]))
        });
        if sure.is_some() || !self.may_guess || self.unicode.is_some() {
            return (sure, false);
        }
        (Coding::Utf16.text(bytes).as_deref().and_then(worth), true)
    }
}

/// Widths of glyphs by number, from an array `first [w w] first last w`.
fn cid_widths(pdf: &Document, font: &Dictionary) -> HashMap<u32, f64> {
    let mut widths = HashMap::new();
    let Some(all) = font.get_deref(b"W", pdf).ok().and_then(|o| o.as_array().ok()) else { return widths };
    let mut rest = all.as_slice();
    while let [first, second, after @ ..] = rest {
        let Some(first) = number(pdf, first) else { break };
        let first = first.max(0.0) as u32;
        if let Ok(list) = pdf.dereference(second).and_then(|(_, o)| o.as_array()) {
            for (at, width) in list.iter().take(1 << 16).enumerate() {
                widths.insert(first + at as u32, number(pdf, width).unwrap_or(0.0));
            }
            rest = after;
        } else if let ([width, after @ ..], Some(last)) = (after, number(pdf, second)) {
            let width = number(pdf, width).unwrap_or(0.0);
            let last = (last.max(0.0) as u32).min(first.saturating_add(1 << 16));
            if widths.len() < 1 << 17 {
                widths.extend((first..=last).map(|cid| (cid, width)));
            }
            rest = after;
        } else {
            break;
        }
    }
    widths
}
