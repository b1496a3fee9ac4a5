//! Headers to text: words in other encodings (RFC 2047), also where they cut a character in two, and bytes of no named
//! encoding.

use super::body::{base64, charset};
use mailparse::{DispositionType, ParsedMail};

/// Bytes of a header that are read.
const MOST: usize = 64 << 10;
/// Bytes of a word in another encoding; it is 75 by the rule.
const WORD: usize = 2000;

/// The first header of a name, if it says something.
pub(super) fn value(mail: &ParsedMail<'_>, name: &str) -> Option<String> {
    let header = mail.headers.iter().find(|h| h.get_key_ref().eq_ignore_ascii_case(name))?;
    let raw = header.get_value_raw();
    let (text, _) = crate::decode::decode(&raw[..raw.len().min(MOST)]);
    let value = words(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    (!value.is_empty()).then_some(value)
}

/// How a part wants to be shown, and the name of its file without folders.
pub(super) fn disposition(part: &ParsedMail<'_>) -> (DispositionType, Option<String>) {
    let said = value(part, "Content-Disposition")
        .map(|v| mailparse::parse_content_disposition(&v))
        .unwrap_or_default();
    let named =
        || value(part, "Content-Type").and_then(|v| mailparse::parse_content_type(&v).params.remove("name"));
    let name = said.params.get("filename").cloned().or_else(named).map(|name| words(&name));
    let name = name.and_then(|n| n.rsplit(['/', '\\']).next().map(|n| n.trim().to_owned()));
    (said.disposition, name.filter(|n| !n.is_empty() && !n.contains('\0')))
}

/// Text with its words in other encodings read. Words that follow each other are one: blanks between them are not meant.
pub(super) fn words(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut held: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((name, bytes, length)) = word(from) else {
            flush(&mut held, &mut found);
            found.push_str(before);
            found.push_str("=?");
            rest = &from[2..];
            continue;
        };
        if held.is_none() || !before.trim().is_empty() {
            flush(&mut held, &mut found);
            found.push_str(before);
        }
        match &mut held {
            Some((of, all)) if *of == name => all.extend(bytes),
            _ => {
                flush(&mut held, &mut found);
                held = Some((name, bytes));
            }
        }
        rest = &from[length..];
    }
    flush(&mut held, &mut found);
    found.push_str(rest);
    found
}

fn flush(held: &mut Option<(String, Vec<u8>)>, found: &mut String) {
    if let Some((name, bytes)) = held.take() {
        found.push_str(&charset(&bytes, Some(&name)));
    }
}

/// `=?gb2312?B?...?=` at the beginning of a text: the name of the encoding, the bytes, the length.
fn word(text: &str) -> Option<(String, Vec<u8>, usize)> {
    let mut end = text.len().min(WORD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut parts = text[2..end].splitn(3, '?');
    let (name, how, rest) = (parts.next()?, parts.next()?, parts.next()?);
    // A `=` of quoted text may stand before the end.
    let data = &rest[..rest.find("?=")?];
    if name.is_empty() || name.len() > 40 || data.contains(['\n', '\r']) {
        return None;
    }
    let bytes = match how {
        "B" | "b" => base64(data.as_bytes()),
        "Q" | "q" => quoted(data),
        _ => return None,
    };
    let name = name.split('*').next().unwrap_or(name).to_ascii_lowercase();
    Some((name, bytes, 2 + text[2..].find('?')? + 1 + how.len() + 1 + data.len() + 2))
}

fn quoted(data: &str) -> Vec<u8> {
    let bytes = data.as_bytes();
    let mut found = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).filter(|_| b == b'=').and_then(|h| std::str::from_utf8(h).ok());
        match code.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(code) => {
                found.push(code);
                at += 3;
            }
            None => {
                found.push(if b == b'_' { b' ' } else { b });
                at += 1;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_other_encodings() {
        for (text, expected) in [
            ("=?utf-8?B?5L2g5aW9?= =?utf-8?q?_a=3Fb?= c", "你好 a?b c"),
            ("Re: =?gb2312?B?xOO6ww==?=\n =?gb2312?B?ysC95w==?=", "Re: 你好世界"),
            // A character cut in two.
            ("=?utf-8?B?5L2g5Q==?= =?utf-8?B?pb0=?=", "你好"),
            ("a =?x b =?utf-8?Z?x?= =?", "a =?x b =?utf-8?Z?x?= =?"),
            ("=?iso-8859-1*fr?Q?caf=E9?=", "café"),
            ("=?big5?B?p0GmbqFB?=", "你好，"),
        ] {
            assert_eq!(words(text), expected);
        }
    }
}
