//! Bodies of parts to bytes and text: transfer encodings, character sets, flowed lines (RFC 3676), files written among the
//! lines (uuencode).

use crate::{decode, html};
use encoding_rs::Encoding;
use mailparse::ParsedMail;
use mailparse::body::Body;

/// The bytes of a part, transfer encoding undone.
pub(super) fn bytes(part: &ParsedMail<'_>) -> Vec<u8> {
    let how =
        super::header::value(part, "Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
    if how.contains("uue") {
        let text = String::from_utf8_lossy(raw(part)).into_owned();
        return files(&text).1.into_iter().next().map_or_else(|| text.into_bytes(), |(_, bytes)| bytes);
    }
    // What is damaged is read as far as it goes.
    let damaged = || if how.contains("base64") { base64(raw(part)) } else { raw(part).to_vec() };
    part.get_body_raw().unwrap_or_else(|_| damaged())
}

fn raw<'a>(part: &'a ParsedMail<'_>) -> &'a [u8] {
    match part.get_body_encoded() {
        Body::Base64(body) | Body::QuotedPrintable(body) => body.get_raw(),
        Body::SevenBit(body) | Body::EightBit(body) => body.get_raw(),
        Body::Binary(body) => body.get_raw(),
    }
}

/// The text of a part.
pub(super) fn text(part: &ParsedMail<'_>) -> String {
    let declared = part.ctype.params.get("charset").map(|c| c.trim().to_ascii_lowercase());
    if declared.as_deref().is_some_and(|c| c.contains("utf-7"))
        && let Ok(text) = part.get_body()
    {
        return text.replace("\r\n", "\n");
    }
    let bytes = bytes(part);
    let of_page = || html::parse::declared(&bytes).filter(|_| part.ctype.mimetype.contains("html"));
    charset(&bytes, declared.or_else(of_page).as_deref())
}

/// The bytes of a part as a file; texts in UTF-8.
pub(super) fn attached(part: &ParsedMail<'_>, is_text: bool) -> Vec<u8> {
    if is_text && part.ctype.params.contains_key("charset") {
        return text(part).into_bytes();
    }
    let bytes = bytes(part);
    if is_text { decode::decode(&bytes).0.into_bytes() } else { bytes }
}

/// Text of a named character set; where the name says nothing or is wrong, what the bytes look like.
pub(super) fn charset(bytes: &[u8], name: Option<&str>) -> String {
    let name = match name.unwrap_or_default() {
        "cp936" | "ms936" | "gb_2312" => "gbk",
        "cp950" => "big5",
        "cp932" | "ms932" => "shift_jis",
        "cp949" => "euc-kr",
        // ASCII is said by those who say nothing.
        "us-ascii" | "ascii" | "ansi_x3.4-1968" => "",
        name => name,
    };
    let named = Encoding::for_label(name.as_bytes());
    // One byte a character fits everything, also UTF-8 that was named wrongly.
    let sure = named.filter(|e| !e.is_single_byte() || std::str::from_utf8(bytes).is_err());
    match sure.filter(|e| decode::nearly(e, bytes)) {
        Some(sure) => sure.decode(bytes).0.replace("\r\n", "\n").replace('\r', "\n"),
        None => decode::decode(bytes).0,
    }
}

/// Base64 as far as it can be read: other characters are passed over.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    let mut found = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for &b in text {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            // Another text may begin after the end of one.
            b'=' => {
                (bits, held) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            found.push((bits >> held) as u8);
        }
    }
    found
}

/// A text whose lines flow (`format=flowed`): those that end with a blank go on in the next, if it is quoted as deep.
pub(super) fn unflowed(text: &str, part: &ParsedMail<'_>) -> String {
    let says =
        |name: &str, value: &str| part.ctype.params.get(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    if !says("format", "flowed") {
        return text.to_owned();
    }
    let joins_words = says("delsp", "yes");
    let mut lines = String::with_capacity(text.len());
    // Depth of the line that goes on.
    let mut open = None;
    for line in text.lines() {
        let rest = line.trim_start_matches('>');
        let depth = line.len() - rest.len();
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let signature = rest == "-- ";
        if open != Some(depth) || signature {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(&">".repeat(depth.min(32)));
            lines.push_str(if depth > 0 { " " } else { "" });
        }
        let flows = rest.ends_with(' ') && !signature;
        lines.push_str(if flows && joins_words { &rest[..rest.len() - 1] } else { rest });
        open = flows.then_some(depth);
    }
    lines.push('\n');
    lines
}

/// Text without the files that are written among its lines, and these files (`begin 644 name` to `end`).
pub(super) fn files(text: &str) -> (String, Vec<(String, Vec<u8>)>) {
    let (mut rest, mut files) = (String::new(), Vec::new());
    let mut open: Option<(String, Vec<u8>, String)> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        match &mut open {
            None => match begins(bare) {
                Some(name) => open = Some((name, Vec::new(), line.to_owned())),
                None => rest.push_str(line),
            },
            Some((_, bytes, source)) => {
                source.push_str(line);
                if bare == "end" {
                    files.extend(open.take().map(|(name, bytes, _)| (name, bytes)));
                } else if !uuencoded(bare.as_bytes(), bytes)
                    && let Some((_, _, source)) = open.take()
                {
                    // It only looked like one.
                    rest.push_str(&source);
                }
            }
        }
    }
    files.extend(open.map(|(name, bytes, _)| (name, bytes)).filter(|(_, bytes)| !bytes.is_empty()));
    (rest, files)
}

/// The name in `begin 644 name`.
fn begins(line: &str) -> Option<String> {
    let (mode, name) = line.strip_prefix("begin ")?.split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    (is_mode && !name.is_empty()).then(|| name.to_owned())
}

/// Adds the bytes of a line; false where it is none.
fn uuencoded(line: &[u8], bytes: &mut Vec<u8>) -> bool {
    let value = |b: u8| b.wrapping_sub(b' ') & 0x3f;
    let Some((&first, data)) = line.split_first() else { return true };
    if line.iter().any(|b| !(b' '..=b'`').contains(b)) || data.len() > 90 {
        return false;
    }
    let length = bytes.len() + usize::from(value(first));
    for group in data.chunks(4) {
        let at = |i: usize| u32::from(value(group.get(i).copied().unwrap_or(b' ')));
        let all = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
        bytes.extend([(all >> 16) as u8, (all >> 8) as u8, all as u8]);
    }
    bytes.truncate(length);
    true
}

/// `text/enriched` without its marks.
pub(super) fn unmarked(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        found.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('<') {
            found.push('<');
            rest = after;
        } else {
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            rest = &rest[end..];
        }
    }
    found + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_among_lines_are_found() {
        let text = "Here it is.\nbegin 644 cat.txt\n#0V%T\n`\nend\nDone.\nbegin 1 two\n";
        let (rest, found) = files(text);
        assert_eq!(
            (rest.as_str(), found),
            ("Here it is.\nDone.\nbegin 1 two\n", vec![("cat.txt".into(), b"Cat".to_vec())])
        );
        let prose = "begin 644 things\nand so on, in small letters.\n";
        assert_eq!(files(prose), (prose.to_owned(), vec![]));
    }

    #[test]
    fn damaged_bodies_are_read_as_far_as_they_go() {
        assert_eq!(base64(b"SGVs\r\nbG8!u"), b"Hello.");
        assert_eq!(charset(b"caf\xe9", Some("iso-8859-1")), "café");
        assert_eq!(charset("café".as_bytes(), Some("iso-8859-1")), "café");
        assert_eq!(charset(&[0xc4, 0xe3, 0xba, 0xc3], Some("cp936")), "你好");
        assert_eq!(unmarked("<bold>a</bold> << b <color"), "a < b ");
    }
}
