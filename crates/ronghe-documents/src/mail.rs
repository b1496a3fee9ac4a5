//! Mails (the `mailparse` crate).

use super::file::File;
use super::{BlockKind, Document, Place, decode, html, plain};
use crate::{Error, Result};
use mailparse::{MailHeaderMap, ParsedMail};

/// Parts of a mail that are looked at.
const MOST_PARTS: usize = 256;

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let mail = mailparse::parse_mail(file.bytes).map_err(|e| Error::Document {
        path: file.path.to_owned(),
        expected: "a mail".into(),
        found: e.to_string(),
        mend: "repair or leave out the file".into(),
    })?;
    let header = |name: &str| mail.headers.get_first_value(name).filter(|v| !v.trim().is_empty());
    let mut document = Document { title: header("Subject"), ..Document::default() };
    document.date = header("Date").and_then(|d| mailparse::dateparse(&d).ok()).map(day);
    for name in ["From", "To"] {
        if let Some(value) = header(name) {
            document.push(BlockKind::Paragraph, &format!("{name}: {value}"), Place::default());
        }
    }
    let (mut texts, mut pages) = (Vec::new(), Vec::new());
    gather(&mail, &mut texts, &mut pages, 0);
    for text in &texts {
        plain::paragraphs(&mut document, &decode::decode(text.as_bytes()).0, 1);
    }
    if texts.is_empty() {
        pages.iter().for_each(|page| html::body(&mut document, page));
    }
    document.blocks.iter_mut().for_each(|b| b.place.row = None);
    Ok(vec![document])
}

/// Texts and pages among the parts.
fn gather(part: &ParsedMail<'_>, texts: &mut Vec<String>, pages: &mut Vec<String>, depth: usize) {
    if depth > 16 || texts.len() + pages.len() > MOST_PARTS {
        return;
    }
    if part.subparts.is_empty() {
        let body = || part.get_body().unwrap_or_default();
        match part.ctype.mimetype.as_str() {
            "text/plain" => texts.push(body()),
            "text/html" => pages.push(body()),
            _ => {}
        }
    }
    part.subparts.iter().for_each(|p| gather(p, texts, pages, depth + 1));
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
mod tests {
    use super::super::read::of;

    #[test]
    fn a_mail_has_its_subject_and_day() {
        let mail = b"From: Li <li@example.org>\r\nSubject: =?utf-8?B?5L2g5aW9?=\r\nDate: Tue, 29 Feb 2000 12:00:00 +0000\r\n\
            Content-Type: text/plain; charset=utf-8\r\n\r\nFirst.\r\n\r\nSecond.\r\n";
        let document = of("a.eml", mail).unwrap().remove(0);
        assert_eq!((document.title.as_deref(), document.date.as_deref()), (Some("你好"), Some("2000-02-29")));
        assert_eq!(document.text, "From: Li <li@example.org>\n\nFirst.\n\nSecond.");
    }
}
