//! Signs of the fonts Symbol and Wingdings, whose places in Unicode are private, as the characters that they show.

/// From 0x21 to 0x7e of the font Symbol.
const SYMBOL_LOW: &str =
    "!∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";
/// From 0xa0 to 0xe5 of the font Symbol.
const SYMBOL_HIGH: &str = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑";
/// Signs of Wingdings that say something.
const WINGDINGS: &[(u32, char)] = &[
    (0x28, '☎'),
    (0x2a, '✉'),
    (0x46, '☞'),
    (0x4a, '☺'),
    (0x4c, '☹'),
    (0x6c, '●'),
    (0x6e, '■'),
    (0x6f, '□'),
    (0x71, '❑'),
    (0x74, '⧫'),
    (0x76, '❖'),
    (0x9f, '•'),
    (0xa7, '▪'),
    (0xa8, '☐'),
    (0xd8, '➢'),
    (0xdf, '←'),
    (0xe0, '→'),
    (0xe1, '↑'),
    (0xe2, '↓'),
    (0xe8, '➔'),
    (0xf0, '⇨'),
    (0xfb, '✗'),
    (0xfc, '✓'),
    (0xfd, '☒'),
    (0xfe, '☑'),
];

/// The character that a sign shows. None if it is not known: no private character gets into a text.
pub(super) fn sign(font: &str, code: u32) -> Option<char> {
    let low = if (0xf000..0xf100).contains(&code) { code - 0xf000 } else { code };
    let font = font.to_lowercase();
    let found = if font.starts_with("symbol") {
        match low {
            0x20 => Some(' '),
            0x21..=0x7e => SYMBOL_LOW.chars().nth(low as usize - 0x21),
            0xa0..=0xe5 => SYMBOL_HIGH.chars().nth(low as usize - 0xa0),
            0xf1 => Some('〉'),
            0xf2 => Some('∫'),
            _ => None,
        }
    } else if font == "wingdings" {
        WINGDINGS.iter().find(|(at, _)| *at == low).map(|(_, c)| *c)
    } else if font.starts_with("wingdings") || font.starts_with("webdings") {
        match (font.as_str(), low) {
            ("wingdings 2", 0x50) => Some('✓'),
            ("wingdings 2", 0x4f) => Some('✗'),
            ("wingdings 2", 0x52) => Some('☑'),
            ("wingdings 2", 0xa3) => Some('☐'),
            ("wingdings 3", 0x7d) => Some('▶'),
            _ => None,
        }
    } else {
        char::from_u32(code)
    };
    found.filter(|c| !is_private(*c))
}

/// Whether a character's meaning is a font's own.
fn is_private(c: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&c)
}

/// Text of a run in a font: its private characters as what that font shows; of other fonts they stay.
pub(super) fn shown(font: Option<&str>, text: &str) -> String {
    let known = font.filter(|f| {
        let f = f.to_lowercase();
        f.starts_with("symbol") || f.starts_with("wingdings") || f.starts_with("webdings")
    });
    let Some(font) = known.filter(|_| text.contains(is_private)) else { return text.to_owned() };
    text.chars().filter_map(|c| if is_private(c) { sign(font, c as u32) } else { Some(c) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_symbol_fonts_are_characters() {
        assert_eq!(sign("Symbol", 0xf06d), Some('μ'));
        assert_eq!(sign("Symbol", 0xb3), Some('≥'));
        assert_eq!(sign("Symbol", 0xf0e5), Some('∑'));
        assert_eq!(sign("Symbol", 0xf0ae), Some('→'));
        assert_eq!(sign("Wingdings", 0xf0fc), Some('✓'));
        assert_eq!(sign("Wingdings", 0xf001), None);
        assert_eq!(sign("Courier", 0x2192), Some('→'));
        assert_eq!(shown(Some("Symbol"), "5 \u{f06d}m"), "5 μm");
        assert_eq!(shown(None, "5 \u{f06d}m"), "5 \u{f06d}m");
    }
}
