//! From bytes of unknown encoding to text.
//!
//! A byte order mark decides, then valid UTF-8; else what the bytes look most like (the `chardetng` crate: GBK, Big5, Shift
//! JIS, windows-1252 and so on). Line ends become `\n`.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

/// The text, and what was left open about it.
pub(super) fn decode(bytes: &[u8]) -> (String, Vec<String>) {
    decode_as(bytes, None)
}

/// The same of bytes that say what they are by a name of the web (`gb2312`, `shift_jis` ...): believed where nearly all of
/// them can be read so. What is UTF-8 is UTF-8, but where escapes are in it.
pub(super) fn decode_as(bytes: &[u8], declared: Option<&str>) -> (String, Vec<String>) {
    let named = declared.and_then(|name| Encoding::for_label(name.as_bytes()));
    let escapes = named.filter(|e| *e == ISO_2022_JP && bytes.contains(&0x1b));
    let declared = || {
        let foreign = named.filter(|_| std::str::from_utf8(bytes).is_err());
        foreign.filter(|e| *e != UTF_16LE && *e != UTF_16BE && nearly(e, bytes))
    };
    let found =
        || without_mark(bytes).or(escapes).or_else(declared).or_else(|| guess(bytes)).unwrap_or(UTF_8);
    let encoding = Encoding::for_bom(bytes).map_or_else(found, |(found, _)| found);
    let (text, _, _) = encoding.decode(bytes);
    let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let mut notes = Vec::new();
    if encoding != UTF_8 {
        notes.push(format!("read as {}", encoding.name()));
    }
    if lost > 0 {
        notes.push(format!("{lost} characters could not be read"));
    }
    let text =
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() };
    (text, notes)
}

/// Whether all bytes but for one in a hundred can be read so.
pub(super) fn nearly(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    let (text, _, lost) = encoding.decode(bytes);
    !lost || text.matches(char::REPLACEMENT_CHARACTER).count() * 100 <= bytes.len()
}

/// UTF-16 without a mark, by the zeros of a tag or a space at its beginning.
fn without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<', 0, second, 0, ..] if second.is_ascii_graphic() => Some(UTF_16LE),
        [0, b'<', 0, second, ..] if second.is_ascii_graphic() => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding of bytes that are neither UTF-8 nor say what they are.
pub(super) fn guess(bytes: &[u8]) -> Option<&'static Encoding> {
    if Encoding::for_bom(bytes).is_some() || std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    Some(detector.guess(None, Utf8Detection::Allow)).filter(|found| *found != UTF_8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let chinese = "知识库可以回答中文问题，每一句话都注明出处。今天的天气很好，我们去公园散步。";
        let (gbk, ..) = encoding_rs::GBK.encode(chinese);
        assert_eq!(decode(&gbk).0, chinese);
        let traditional = "知識庫可以回答中文問題，每一句話都註明出處。今天的天氣很好，我們去公園散步。";
        let (big5, ..) = encoding_rs::BIG5.encode(traditional);
        assert_eq!(decode(&big5).0, traditional);
        assert_eq!(decode("\u{feff}a\r\nb\rc".as_bytes()).0, "a\nb\nc");
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("héllo".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&utf16).0, "héllo");
    }
}
