//! Codes of composite fonts by the predefined CMaps: how many bytes each has, and its Unicode.
//!
//! The maps from national encodings are read through the encodings themselves. Numbers of glyphs (CID) are not known by
//! them; they serve for widths alone, and the first 95 are those of ASCII in all of Adobe's collections.

use super::cmap::CMap;
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS};

/// How strings of a font become codes.
#[derive(Debug)]
pub(super) enum Coding {
    /// Two bytes that are the number of the glyph.
    Identity,
    Utf8,
    Utf16,
    Utf32,
    /// Bytes of an encoding; whether Latin letters have widths of their own.
    National(&'static Encoding, bool),
    /// Two bytes of seven bits of such an encoding.
    SevenBit(&'static Encoding),
    /// A map in the file.
    Own(CMap),
}

/// The predefined map of a name, and whether its lines run from top to bottom.
pub(super) fn predefined(name: &str) -> Option<(Coding, bool)> {
    let vertical = name == "V" || name.ends_with("-V");
    let has = |part: &str| name.contains(part);
    let coding = if name.starts_with("Identity") {
        Coding::Identity
    } else if has("UCS2") || has("UTF16") {
        Coding::Utf16
    } else if has("UTF8") {
        Coding::Utf8
    } else if has("UTF32") {
        Coding::Utf32
    } else if has("GBK2K") {
        Coding::National(GB18030, true)
    } else if has("GB-EUC") || has("GBK") || has("GBpc") || has("GBT-EUC") || has("GBTpc") {
        Coding::National(GBK, has("GBKp") || has("pc-"))
    } else if has("B5") || has("HKscs") || has("ETHK") || has("HKdl") || has("HKm") {
        Coding::National(BIG5, has("pc"))
    } else if has("RKSJ") {
        Coding::National(SHIFT_JIS, has("msp") || has("90pv"))
    } else if has("KSC-EUC") || has("KSCms") || has("KSCpc") {
        Coding::National(EUC_KR, has("pc"))
    } else if name.starts_with("EUC-") {
        Coding::National(EUC_JP, false)
    } else if matches!(name, "H" | "V" | "78-H" | "78-V" | "Ext-H" | "Ext-V" | "Add-H" | "Add-V") {
        Coding::SevenBit(EUC_JP)
    } else if matches!(name, "GB-H" | "GB-V" | "GBT-H" | "GBT-V") {
        Coding::SevenBit(GBK)
    } else if matches!(name, "KSC-H" | "KSC-V") {
        Coding::SevenBit(EUC_KR)
    } else {
        return None;
    };
    Some((coding, vertical))
}

impl Coding {
    /// Bytes of the code that `bytes` begins with: from one to four, never more than there are.
    pub(super) fn length(&self, bytes: &[u8]) -> usize {
        let first = bytes.first().copied().unwrap_or(0);
        let wanted = match self {
            Coding::Identity | Coding::SevenBit(_) => 2,
            Coding::Utf16 if (0xd8..0xdc).contains(&first) => 4,
            Coding::Utf16 => 2,
            Coding::Utf32 => 4,
            Coding::Utf8 => match first {
                0..0xc0 => 1,
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                _ => 4,
            },
            Coding::National(encoding, _) => {
                let second = bytes.get(1).copied().unwrap_or(0);
                if first < 0x81 || first == 0xff || *encoding == SHIFT_JIS && (0xa0..0xe0).contains(&first) {
                    1
                } else if *encoding == GB18030 && second.is_ascii_digit() {
                    4
                } else {
                    2
                }
            }
            Coding::Own(map) => map.length(bytes).unwrap_or(2),
        };
        wanted.min(bytes.len()).max(1)
    }

    /// Unicode of the bytes of a code, where the coding itself says it.
    pub(super) fn text(&self, bytes: &[u8]) -> Option<String> {
        let decode = |encoding: &'static Encoding, bytes: &[u8]| {
            let (text, failed) = encoding.decode_without_bom_handling(bytes);
            (!failed).then(|| text.into_owned())
        };
        match self {
            Coding::Identity | Coding::Own(_) => None,
            Coding::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Coding::Utf16 => {
                let units = bytes.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]]));
                char::decode_utf16(units).collect::<Result<String, _>>().ok()
            }
            Coding::Utf32 => {
                let code = bytes.iter().fold(0, |sum, b| sum << 8 | u32::from(*b));
                char::from_u32(code).map(String::from)
            }
            Coding::National(encoding, _) => decode(encoding, bytes),
            Coding::SevenBit(encoding) => {
                let high: Vec<u8> = bytes.iter().map(|b| b | 0x80).collect();
                decode(encoding, &high)
            }
        }
    }

    /// Number of the glyph of a code; none where it is one of full or half width.
    pub(super) fn cid(&self, code: u32) -> Option<u32> {
        match self {
            Coding::Identity => Some(code),
            Coding::Own(map) => map.cid(code),
            Coding::National(_, false) | Coding::SevenBit(_) => None,
            _ => (0x20..0x7f).contains(&code).then(|| code - 0x1f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predefined_maps_say_unicode() {
        let all = |name: &str, bytes: &[u8]| {
            let (coding, vertical) = predefined(name).unwrap();
            let (mut text, mut at) = (String::new(), 0);
            while at < bytes.len() {
                let length = coding.length(&bytes[at..]);
                text += &coding.text(&bytes[at..at + length]).unwrap_or_default();
                at += length;
            }
            (text, vertical)
        };
        assert_eq!(all("GBK-EUC-H", b"a\xca\xb3\xcc\xc3"), ("a食堂".into(), false));
        assert_eq!(all("90ms-RKSJ-V", b"\xb1\x93\xfa\x96{"), ("ｱ日本".into(), true));
        assert_eq!(all("UniGB-UTF16-H", b"\x98\xdf\xd8\x3d\xde\x00"), ("食😀".into(), false));
        assert_eq!(all("H", b"\x46\x7c"), ("日".into(), false));
        assert_eq!(all("KSCms-UHC-H", b"\xc7\xd1"), ("한".into(), false));
        assert_eq!(all("GBK2K-H", b"\x81\x30\x84\x36\xca\xb3"), ("¥食".into(), false));
        assert!(predefined("CNS-EUC-H").is_none());
    }
}
