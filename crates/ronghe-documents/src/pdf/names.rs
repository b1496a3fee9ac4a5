//! What the codes of simple fonts mean without a map: names of glyphs, the encodings of Symbol and Zapf Dingbats, and
//! widths of the fonts that need not be in a file.
//!
//! The named encodings and the list of glyph names are those of `lopdf`.

use lopdf::{Dictionary, Document, Object, dictionary};

/// Text of a name of a glyph (`eacute`, `uni00E9`, `u1F600`, `f_i`, `a.alt`); none where it says nothing.
pub(super) fn of_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let base = name.split('.').next().filter(|n| !n.is_empty())?;
    let parts: Vec<&str> = base.split('_').collect();
    if parts.len() > 1 && parts.iter().all(|p| !p.is_empty()) {
        let texts: Option<Vec<String>> = parts.iter().take(8).map(|p| one(p)).collect();
        return texts.map(|t| t.concat());
    }
    one(base)
}

fn one(name: &str) -> Option<String> {
    let hexadecimal = |digits: &str| {
        let sound = digits.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        sound.then(|| u32::from_str_radix(digits, 16).ok()).flatten().and_then(char::from_u32)
    };
    let mut chars = name.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return only.is_alphabetic().then(|| only.to_string());
    }
    if let Some(digits) =
        name.strip_prefix("uni").filter(|d| d.len() >= 4 && d.len() % 4 == 0 && d.is_ascii())
    {
        let units: Option<String> =
            (0..digits.len() / 4).take(8).map(|i| hexadecimal(&digits[4 * i..4 * i + 4])).collect();
        if units.is_some() {
            return units;
        }
    }
    if let Some(digits) = name.strip_prefix('u').filter(|d| (4..=6).contains(&d.len()))
        && let Some(one) = hexadecimal(digits)
    {
        return Some(one.to_string());
    }
    let also = match name {
        "f_f" | "ff" => "ff",
        "ffi" => "ffi",
        "ffl" => "ffl",
        "fi" => "fi",
        "fl" => "fl",
        "nbspace" | "nonbreakingspace" => " ",
        "sfthyphen" | "softhyphen" => "\u{ad}",
        "Tcommaaccent" => "Ţ",
        "tcommaaccent" => "ţ",
        "Delta" | "increment" => "Δ",
        "Omega" | "Ohm" => "Ω",
        "mu" | "mu1" => "µ",
        _ => "",
    };
    if !also.is_empty() {
        return Some(also.to_owned());
    }
    // A font of one glyph: the list of `lopdf` is reached through its encodings. No encoding has a glyph of code 0.
    let differences = dictionary! {"Differences" => vec![0.into(), Object::Name(name.into())]};
    let text = decode(&dictionary! {"Type" => "Font", "Encoding" => differences}, 0)?;
    (text != "\u{fffd}").then_some(text)
}

fn decode(font: &Dictionary, code: u8) -> Option<String> {
    let nowhere = Document::new();
    let text = font.get_font_encoding(&nowhere).ok()?.bytes_to_string(&[code]).ok()?;
    (!text.is_empty() && !text.contains('\0')).then_some(text)
}

/// The encodings that a simple font may begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Standard,
    WinAnsi,
    MacRoman,
    MacExpert,
    PdfDoc,
    Symbol,
    Dingbats,
}

impl Base {
    pub(super) fn of(name: &[u8]) -> Option<Base> {
        Some(match name {
            b"StandardEncoding" => Base::Standard,
            b"WinAnsiEncoding" => Base::WinAnsi,
            b"MacRomanEncoding" => Base::MacRoman,
            b"MacExpertEncoding" => Base::MacExpert,
            b"PDFDocEncoding" => Base::PdfDoc,
            _ => return None,
        })
    }

    /// Text of each code.
    pub(super) fn table(self) -> Vec<Option<String>> {
        let name = match self {
            Base::Symbol => return (0..=255).map(|code| symbol(code).map(String::from)).collect(),
            Base::Dingbats => return (0..=255).map(|code| dingbat(code).map(String::from)).collect(),
            Base::Standard => "StandardEncoding",
            Base::WinAnsi => "WinAnsiEncoding",
            Base::MacRoman => "MacRomanEncoding",
            Base::MacExpert => "MacExpertEncoding",
            Base::PdfDoc => "PDFDocEncoding",
        };
        let font = dictionary! {"Type" => "Font", "Encoding" => name};
        let mut table: Vec<Option<String>> = (0..=255).map(|code| decode(&font, code)).collect();
        if self == Base::WinAnsi {
            // The hyphen at a break that another program made.
            table[0xad] = Some("\u{ad}".into());
        }
        table
    }
}

/// Greek letters of Symbol, A to Z and a to z.
const GREEK: [&str; 2] = ["ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"];
/// Signs of Symbol from 0xA0 on.
const SIGNS: &str = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑";

fn symbol(code: u8) -> Option<char> {
    match code {
        b'A'..=b'Z' => GREEK[0].chars().nth((code - b'A').into()),
        b'a'..=b'z' => GREEK[1].chars().nth((code - b'a').into()),
        0xa0..=0xe5 => SIGNS.chars().nth((code - 0xa0).into()),
        0xf2 => Some('∫'),
        b'"' => Some('∀'),
        b'$' => Some('∃'),
        b'\'' => Some('∋'),
        b'*' => Some('∗'),
        b'-' => Some('−'),
        b'@' => Some('≅'),
        b'\\' => Some('∴'),
        b'^' => Some('⊥'),
        b'`' => None,
        0x20..=0x7e => Some(code.into()),
        _ => None,
    }
}

fn dingbat(code: u8) -> Option<char> {
    Some(match code {
        b' ' => ' ',
        0x25 => '☎',
        0x2a => '☛',
        0x2b => '☞',
        0x48 => '★',
        0x6c => '●',
        0x6e => '■',
        0x73 => '▲',
        0x74 => '▼',
        0x75 => '◆',
        0x77 => '◗',
        0x21..=0x7e => char::from_u32(0x2701 + u32::from(code) - 0x21)?,
        0xa1..=0xef => char::from_u32(0x2761 + u32::from(code) - 0xa1)?,
        _ => return None,
    })
}

/// Widths of codes 32 to 126 in thousandths of the size: Helvetica, Helvetica bold, Times, Times bold.
#[rustfmt::skip]
const WIDTHS: [[u16; 95]; 4] = [
    [278,278,355,556,556,889,667,191,333,333,389,584,278,333,278,278,556,556,556,556,556,556,556,556,556,556,278,278,584,584,584,556,1015,
     667,667,722,722,667,611,778,722,278,500,667,556,833,722,778,667,778,722,667,611,722,667,944,667,667,611,278,278,278,469,556,333,
     556,556,500,556,556,278,556,556,222,222,500,222,833,556,556,556,556,333,500,278,556,500,722,500,500,500,334,260,334,584],
    [278,333,474,556,556,889,722,238,333,333,389,584,278,333,278,278,556,556,556,556,556,556,556,556,556,556,333,333,584,584,584,611,975,
     722,722,722,722,667,611,778,722,278,556,722,611,833,722,778,667,778,722,667,611,722,667,944,667,667,611,333,278,333,584,556,333,
     556,611,556,611,556,333,611,611,278,278,556,278,889,611,611,611,611,389,556,333,611,556,778,556,556,500,389,280,389,584],
    [250,333,408,500,500,833,778,180,333,333,500,564,250,333,250,278,500,500,500,500,500,500,500,500,500,500,278,278,564,564,564,444,921,
     722,667,667,722,611,556,722,722,333,389,722,611,889,722,722,556,722,667,556,611,722,722,944,722,722,611,333,278,333,469,500,333,
     444,500,444,500,444,333,500,500,278,278,500,278,778,500,500,500,500,333,389,278,500,500,722,500,500,444,480,200,480,541],
    [250,333,555,500,500,1000,833,278,333,333,500,570,250,333,250,278,500,500,500,500,500,500,500,500,500,500,333,333,570,570,570,500,930,
     722,667,722,722,667,611,778,778,389,500,778,667,944,722,778,611,778,722,556,667,722,722,1000,722,722,667,333,278,333,581,500,333,
     500,556,444,556,444,333,500,556,278,333,556,278,833,556,500,556,556,444,389,333,556,500,722,500,500,444,394,220,394,520],
];

/// Width of a letter in a font of that name that is not in the file, in thousandths of the size; letters beyond ASCII
/// about that of their kind.
pub(super) fn width(font: &str, letter: char) -> f64 {
    let name = font.to_lowercase();
    let has = |part: &str| name.contains(part);
    if has("courier") || has("mono") || has("consol") {
        return 600.0;
    }
    let bold = usize::from(has("bold") || has("black") || has("heavy"));
    let serif =
        has("times") || has("roman") || has("serif") && !has("sans") || has("georgia") || has("garamond");
    let table = &WIDTHS[bold + if serif { 2 } else { 0 }];
    let of = |c: char| table.get((c as usize).wrapping_sub(32)).map(|w| f64::from(*w));
    if let Some(width) = of(letter) {
        return width;
    }
    match letter {
        '\u{a0}' => of(' '),
        '‘' | '’' | '‚' => of('\''),
        '…' | '—' | '‰' | '™' => return 1000.0,
        c if (c as u32) >= 0x2e80 => return 1000.0,
        c if c.is_uppercase() => of('E'),
        _ => of('e'),
    }
    .unwrap_or(500.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_glyphs_are_text() {
        let found = [
            "eacute",
            "uni00E9",
            "u1F600",
            "f_i",
            "A.sc",
            "ffi",
            "afii10017",
            "g23",
            ".notdef",
            "alpha",
            "uni0041030A",
        ]
        .map(|n| of_name(n.as_bytes()).unwrap_or_default());
        assert_eq!(found, ["é", "é", "😀", "fi", "A", "ffi", "А", "", "", "α", "A\u{30a}"]);
    }

    #[test]
    fn encodings_are_tables() {
        let of = |base: Base, code: usize| base.table()[code].clone().unwrap_or_default();
        assert_eq!(of(Base::WinAnsi, 0x80), "€");
        assert_eq!(of(Base::WinAnsi, 0x41), "A");
        assert_eq!(of(Base::MacRoman, 0x8e), "é");
        assert_eq!(of(Base::Standard, 0xae), "fi".replace("fi", "ﬁ"));
        assert_eq!((of(Base::Symbol, 0x61), of(Base::Symbol, 0xb3)), ("α".into(), "≥".into()));
        assert_eq!(of(Base::Dingbats, b'4'.into()), "✔");
        assert_eq!(
            (width("Helvetica", 'i'), width("Times-Bold", 'm'), width("X", '中')),
            (222.0, 833.0, 1000.0)
        );
    }
}
