//! Mails, part by part (the `mailparse` crate).
//!
//! | file | what |
//! |---|---|
//! | `header` | headers to text: words in other encodings (RFC 2047), names of files |
//! | `body` | bodies to text: transfer encodings, character sets, flowed lines, files among the lines |
//! | `calendar` | invitations |
//!
//! A mail is a document: who wrote to whom, then its text. Letters within it (forwarded, digests) and attached files of a
//! format that is read are documents of their own, after it, in the order of their parts. What is left out is named.

mod body;
mod calendar;
mod header;

use super::file::{File, Limits, too_large};
use super::read::{Format, format_of};
use super::{BlockKind, Document, Place, html, markdown, plain};
use crate::{Error, Result};
use mailparse::{DispositionType, ParsedMail};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Parts of a mail that are looked at.
const MOST_PARTS: usize = 512;
/// Parts and letters within each other.
const DEPTH: usize = 16;
/// Bytes of a line that describes a part and has words in other encodings, beyond which the parser takes long.
const MOST_HEADER: usize = 8 << 10;
/// Attached files that are read.
const MOST_FILES: usize = 64;
/// Of the bytes that a packed file may unpack to, an attached one may this part.
const UNPACKED: u64 = 4;
/// Types of signatures, which say nothing to readers.
const SIGNATURES: &[&str] = &[
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-keys",
];
/// Ends of names for types of attached files.
const ENDS: &[(&str, &str)] = &[
    ("application/pdf", "pdf"),
    ("application/x-pdf", "pdf"),
    ("application/epub+zip", "epub"),
    ("application/json", "json"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("application/xhtml+xml", "xhtml"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
    ("text/tab-separated-values", "tsv"),
];

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    if file.bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(file.wrong("a mail", "a file of Outlook (MSG)"));
    }
    let describes = |line: &[u8]| line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
    let mut long =
        file.bytes.split(|&b| b == b'\n').filter(|line| line.len() > MOST_HEADER && describes(line));
    if long.any(|line| line.windows(2).filter(|w| w == b"=?").count() > 100) {
        return Err(file.wrong(&format!("headers of at most {MOST_HEADER} bytes a line"), "longer ones"));
    }
    let mut mail = Mail { file, documents: Vec::new(), parts: 0, files: 0 };
    mail.letter(&begin(file.bytes), 0).map_err(|found| Error::Document {
        path: file.path.to_owned(),
        expected: "a mail".into(),
        found,
        mend: "repair or leave out the file".into(),
    })?;
    let bytes: usize = mail.documents.iter().map(|d| d.text.len()).sum();
    if bytes > file.limits.text_bytes {
        return Err(too_large(file.path, "text", file.limits.text_bytes as u64, bytes as u64));
    }
    Ok(mail.documents)
}

/// Without a byte order mark, blank lines and the line of a mailbox before the headers; with an empty line after the last
/// header, where there is none before the text.
fn begin(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let blank = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    let bytes = &bytes[blank..];
    let of_mailbox = bytes.starts_with(b"From ") || bytes.starts_with(b">From ");
    let bytes = match bytes.iter().position(|&b| b == b'\n').filter(|_| of_mailbox) {
        Some(end) => &bytes[end + 1..],
        None => bytes,
    };
    let mut at = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        if line.trim_ascii().is_empty() {
            break;
        }
        let name = line.iter().take_while(|b| b.is_ascii_graphic() && **b != b':').count();
        let is_header = name > 0 && line[name..].trim_ascii_start().starts_with(b":");
        if !is_header && (at == 0 || !matches!(line[0], b' ' | b'\t')) {
            return [&bytes[..at], b"\n", &bytes[at..]].concat().into();
        }
        at += line.len();
    }
    bytes.into()
}

/// What is read of a mail so far.
struct Mail<'a> {
    file: &'a File<'a>,
    documents: Vec<Document>,
    parts: usize,
    files: usize,
}

impl Mail<'_> {
    /// Adds a letter, and what is in it after it; or says why it is none.
    fn letter(&mut self, bytes: &[u8], depth: usize) -> std::result::Result<(), String> {
        let mail = mailparse::parse_mail(bytes).map_err(|e| e.to_string())?;
        let header = |name: &str| header::value(&mail, name);
        let date = header("Date").and_then(|d| mailparse::dateparse(&d).ok()).map(day);
        let mut document = Document { title: header("Subject"), date, ..Document::default() };
        for name in ["From", "To"] {
            if let Some(value) = header(name) {
                document.push(BlockKind::Paragraph, &format!("{name}: {value}"), Place::default());
            }
        }
        let at = self.documents.len();
        self.documents.push(document);
        self.part(&mail, at, depth);
        self.documents[at].blocks.iter_mut().for_each(|b| b.place = Place::default());
        Ok(())
    }

    /// Adds a part to the letter `at`.
    fn part(&mut self, part: &ParsedMail<'_>, at: usize, depth: usize) {
        self.parts += 1;
        if self.parts > MOST_PARTS || depth > DEPTH {
            let note =
                format!("more than {MOST_PARTS} parts, or {DEPTH} within each other: the rest was left out");
            return self.note(at, note);
        }
        let kind = kind(part);
        match kind.as_str() {
            "multipart/encrypted" => self.note(at, "an encrypted part was left out".into()),
            "multipart/alternative" if !part.subparts.is_empty() => self.alternative(part, at, depth),
            _ if !part.subparts.is_empty() => part.subparts.iter().for_each(|p| self.part(p, at, depth + 1)),
            "message/rfc822" | "message/global" | "message/news" => {
                if let Err(why) = self.letter(&begin(&body::bytes(part)), depth + 1) {
                    self.note(at, format!("a letter within it could not be read: {why}"));
                }
            }
            _ => self.leaf(part, &kind, at, depth),
        }
    }

    fn note(&mut self, at: usize, note: String) {
        let notes = &mut self.documents[at].notes;
        if !notes.contains(&note) && notes.len() < MOST_PARTS {
            notes.push(note);
        }
    }

    fn leaf(&mut self, part: &ParsedMail<'_>, kind: &str, at: usize, depth: usize) {
        let (disposition, name) = header::disposition(part);
        if SIGNATURES.contains(&kind) {
            return;
        }
        let end = |name: &str| Path::new(name).extension().map(|e| e.to_string_lossy().to_lowercase());
        let texts = is_text(kind);
        let apart = disposition == DispositionType::Attachment && name.is_some()
            || name
                .as_deref()
                .and_then(end)
                .is_some_and(|e| texts && matches!(e.as_str(), "csv" | "tsv" | "md"));
        if texts && !(apart && kind != "text/calendar") {
            self.text(part, kind, at, depth);
            return;
        }
        let by_kind = || ENDS.iter().find(|(of, _)| *of == kind).map(|(_, end)| format!("part.{end}"));
        let known = |name: &String| format_of(Path::new(name)).is_some();
        let name = name.filter(|n| known(n) || by_kind().is_none()).or_else(by_kind);
        let name = name.unwrap_or_else(|| "without a name".into());
        self.attached(&name, &body::attached(part, texts), kind, at, depth);
    }

    /// Adds the text of a part to the letter.
    fn text(&mut self, part: &ParsedMail<'_>, kind: &str, at: usize, depth: usize) {
        let text = body::text(part);
        let document = &mut self.documents[at];
        match kind {
            "text/html" | "application/xhtml+xml" => {
                html::body(document, &text, html::Of::Text, Place::default());
            }
            "text/markdown" | "text/x-markdown" => markdown::add(document, &text),
            "text/calendar" => calendar::add(document, &text),
            "text/csv" | "text/comma-separated-values" => rows(document, &text, None, self.file.limits),
            "text/tab-separated-values" => rows(document, &text, Some(b'\t'), self.file.limits),
            "text/enriched" | "text/richtext" => plain::paragraphs(document, &body::unmarked(&text), 1),
            "text/rtf" => document.notes.push("a text in RTF was left out".into()),
            "text/x-amp-html" | "text/css" | "text/javascript" => {}
            _ => {
                let (text, files) = body::files(&body::unflowed(&text, part));
                plain::paragraphs(document, &text, 1);
                for (name, bytes) in files {
                    self.attached(&name, &bytes, "", at, depth);
                }
            }
        }
    }

    /// Adds an attached file as a document of its own, or names it.
    fn attached(&mut self, name: &str, bytes: &[u8], kind: &str, at: usize, depth: usize) {
        let format = format_of(Path::new(name));
        if format.is_some_and(|f| f.name == "mail") {
            if let Err(why) = self.letter(&begin(bytes), depth + 1) {
                self.note(at, format!("{name} could not be read: {why}"));
            }
            return;
        }
        self.files += 1;
        let read = match format {
            _ if self.files > MOST_FILES => Err(format!("more than {MOST_FILES} files")),
            // What is in a file beside them is not in the mail.
            Some(format) if format.beside.is_empty() => self.documents_of(format, name, bytes),
            None if is_text(kind) && kind != "text/rtf" => {
                let mut document = Document::default();
                plain::paragraphs(&mut document, &String::from_utf8_lossy(bytes), 1);
                Ok(vec![document])
            }
            _ => Err(match (kind, name) {
                ("application/ms-tnef" | "application/vnd.ms-tnef", _) | (_, "winmail.dat") => {
                    "of Outlook (TNEF)".into()
                }
                ("application/pkcs7-mime" | "application/x-pkcs7-mime", _) => {
                    "encrypted or signed (S/MIME)".into()
                }
                ("", _) => "of no format that is read".into(),
                _ => kind.to_owned(),
            }),
        };
        match read {
            Err(why) => self.note(at, format!("attached file left out: {name} ({why})")),
            Ok(read) => {
                let date = self.documents[at].date.clone();
                for mut document in read {
                    document.title =
                        document.title.filter(|t| !t.trim().is_empty()).or_else(|| Some(name.to_owned()));
                    document.date = document.date.or_else(|| date.clone());
                    self.documents.push(document);
                }
            }
        }
    }

    fn documents_of(
        &self,
        format: &Format,
        name: &str,
        bytes: &[u8],
    ) -> std::result::Result<Vec<Document>, String> {
        let limits = Limits { unpacked: self.file.limits.unpacked / UNPACKED, ..self.file.limits.clone() };
        let path = Path::new(name);
        if format.name == "table" {
            let tabs = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
            let separated = tabs || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
            if !separated {
                return Err("a table".into());
            }
            let mut document = Document::default();
            rows(&mut document, &String::from_utf8_lossy(bytes), tabs.then_some(b'\t'), &limits);
            return Ok(vec![document]);
        }
        // A name of its own, below the mail: nothing is read from there.
        let path = self.file.path.join(path.file_name().map_or_else(|| PathBuf::from("part"), PathBuf::from));
        let found = |e: Error| match e {
            Error::Document { found, .. } => found,
            other => other.to_string(),
        };
        (format.read)(&File { path: &path, bytes, limits: &limits }).map_err(found)
    }

    /// Of parts that say the same the richest that says as much as the others; invitations beside it.
    fn alternative(&mut self, part: &ParsedMail<'_>, at: usize, depth: usize) {
        let mut read = Vec::new();
        for part in &part.subparts {
            let mut one = Mail { documents: vec![Document::default()], ..*self };
            one.part(part, 0, depth + 1);
            (self.parts, self.files) = (one.parts, one.files);
            let kind = kind(part);
            let rank = match kind.as_str() {
                "text/html" | "application/xhtml+xml" => 2,
                "text/calendar" | "text/enriched" | "text/richtext" | "text/rtf" | "text/x-amp-html" => 0,
                kind => 1 + u8::from(kind.starts_with("multipart/")),
            };
            let words = words(&one.documents[0].text);
            read.push((rank, words, kind, one.documents));
        }
        let most =
            read.iter().map(|(rank, words, ..)| if *rank > 0 { *words } else { 0 }).max().unwrap_or_default();
        let fits = |(_, (rank, words, ..)): &(usize, &(u8, usize, String, Vec<Document>))| {
            words * 2 >= most && (*rank > 0 || most == 0) && *words > 0
        };
        let best =
            read.iter().enumerate().filter(fits).max_by_key(|(i, (rank, ..))| (*rank, *i)).map(|(i, _)| i);
        for (i, (_, _, kind, mut documents)) in read.into_iter().enumerate() {
            let first = documents.remove(0);
            if Some(i) == best || kind == "text/calendar" {
                for block in first.blocks {
                    self.documents[at].push(block.kind, &first.text[block.range], block.place);
                }
            }
            first.notes.into_iter().for_each(|note| self.note(at, note));
            self.documents.append(&mut documents);
        }
    }
}

/// Words of a text that are no addresses of pages.
fn words(text: &str) -> usize {
    let count = |word: &str| {
        if word.contains("://") { 0 } else { word.chars().filter(|c| c.is_alphanumeric()).count() }
    };
    text.split_whitespace().map(count).sum()
}

/// The type of a part in small letters.
fn kind(part: &ParsedMail<'_>) -> String {
    part.ctype.mimetype.trim().to_ascii_lowercase()
}

/// Whether a part of a type is read as text: all texts, reports of mail servers, and types that are none.
fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || !kind.contains('/')
        || kind.starts_with("multipart/")
        || matches!(
            kind,
            "application/xhtml+xml"
                | "message/delivery-status"
                | "message/disposition-notification"
                | "message/feedback-report"
        )
}

/// Adds the rows of a table of separated values: the names of columns and what they hold.
fn rows(document: &mut Document, text: &str, separator: Option<u8>, limits: &Limits) {
    let first = text.lines().next().unwrap_or_default();
    let separator = separator.unwrap_or_else(|| {
        let count = |mark: &u8| first.bytes().filter(|b| b == mark).count();
        [b',', b';', b'\t'].into_iter().rev().max_by_key(count).unwrap_or(b',')
    });
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().into_iter().flatten().map(|n| n.trim().to_owned()).collect();
    let before = document.blocks.len();
    for (row, record) in reader.records().flatten().enumerate().take(limits.rows) {
        let cell = |(i, cell): (usize, &str)| {
            let name = names.get(i).map(String::as_str).unwrap_or_default();
            let text =
                if name.is_empty() { cell.trim().to_owned() } else { format!("{name}: {}", cell.trim()) };
            (!cell.trim().is_empty()).then_some(text)
        };
        let text = record.iter().enumerate().filter_map(cell).collect::<Vec<_>>().join("; ");
        document.push(BlockKind::Row, &text, Place { row: Some(row as u64 + 2), ..Place::default() });
    }
    if document.blocks.len() == before {
        document.push(BlockKind::Row, &names.join("; "), Place::default());
    }
}

/// The day of a second since 1970, by the civil calendar (Hinnant's algorithm of eras of 400 years).
fn day(second: i64) -> String {
    let days = second.div_euclid(86_400) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + i64::from(month <= 2))
}

#[cfg(test)]
mod tests;
