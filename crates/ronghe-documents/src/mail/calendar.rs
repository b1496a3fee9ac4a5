//! Invitations (RFC 5545): a row an event, what, where and when; then what is said of it.

use crate::{BlockKind, Document, Place};

/// Properties that are read, in the order in which they are shown, and what they are called.
const READ: &[(&str, &str)] = &[
    ("SUMMARY", "Summary"),
    ("LOCATION", "Location"),
    ("DTSTART", "Start"),
    ("DTEND", "End"),
    ("DUE", "Due"),
    ("ORGANIZER", "Organizer"),
    ("DESCRIPTION", ""),
];

/// Adds the events of a calendar.
pub(super) fn add(document: &mut Document, text: &str) {
    // A line that begins with a blank goes on with the one before.
    let text = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut inside: Vec<String> = Vec::new();
    let mut values = [const { String::new() }; READ.len()];
    let is_event = |name: &String| matches!(name.as_str(), "VEVENT" | "VTODO" | "VJOURNAL");
    for line in text.lines() {
        let Some((name, value)) = split(line) else { continue };
        let name = name.split(';').next().unwrap_or_default().to_ascii_uppercase();
        match name.as_str() {
            "BEGIN" => inside.push(value.trim().to_ascii_uppercase()),
            "END" => {
                let ended = inside.pop();
                if ended.as_ref().is_some_and(is_event) {
                    show(document, &mut values);
                }
            }
            _ if inside.last().is_some_and(is_event) => {
                if let Some(at) = READ.iter().position(|(of, _)| *of == name) {
                    values[at] = read(&name, value, line);
                }
            }
            _ => {}
        }
    }
    show(document, &mut values);
}

/// Adds an event, and forgets it.
fn show(document: &mut Document, values: &mut [String; READ.len()]) {
    let parts =
        READ.iter().zip(values.iter()).filter(|((_, called), value)| !called.is_empty() && !value.is_empty());
    let row = parts.map(|((_, called), value)| format!("{called}: {value}")).collect::<Vec<_>>().join("; ");
    document.push(BlockKind::Row, &row, Place::default());
    document.push(BlockKind::Paragraph, &values[READ.len() - 1], Place::default());
    values.iter_mut().for_each(String::clear);
}

fn read(name: &str, value: &str, line: &str) -> String {
    let parameter = |key: &str| {
        name_and_parameters(line)
            .find_map(|p| p.strip_prefix(key)?.strip_prefix('=').map(|v| v.trim_matches('"').to_owned()))
    };
    match name {
        "DTSTART" | "DTEND" | "DUE" => time(value, parameter("TZID").as_deref()),
        "ORGANIZER" => {
            let address = value.trim_start_matches("mailto:").trim_start_matches("MAILTO:").to_owned();
            parameter("CN").map_or(address.clone(), |name| format!("{name} <{address}>"))
        }
        _ => unescaped(value).trim().to_owned(),
    }
}

fn name_and_parameters(line: &str) -> impl Iterator<Item = &str> {
    split(line).map_or("", |(name, _)| name).split(';').skip(1)
}

/// At the first colon outside of quotes.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let colon = line.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b':' && !quoted
    })?;
    Some((&line[..colon], &line[colon + 1..]))
}

/// `2024-03-14 18:30 UTC` for `20240314T183000Z`.
fn time(value: &str, zone: Option<&str>) -> String {
    let value = value.trim();
    let digits =
        |from: usize, to: usize| value.get(from..to).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
    let (Some(year), Some(month), Some(day)) = (digits(0, 4), digits(4, 6), digits(6, 8)) else {
        return value.to_owned();
    };
    let mut text = format!("{year}-{month}-{day}");
    if let (Some("T"), Some(hour), Some(minute)) = (value.get(8..9), digits(9, 11), digits(11, 13)) {
        text += &format!(" {hour}:{minute}");
        match zone {
            _ if value.ends_with('Z') => text += " UTC",
            Some(zone) => text += &format!(" {zone}"),
            None => {}
        }
    }
    text
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut escaped = false;
    for c in value.chars() {
        match (escaped, c) {
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (true, 'n' | 'N') => text.push('\n'),
            _ => text.push(c),
        }
        escaped = false;
    }
    text
}
