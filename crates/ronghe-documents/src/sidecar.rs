//! Pictures and recordings: what a file of the same name beside them says, and what a camera wrote into a picture (the
//! `kamadak-exif` crate). Transcripts: SubRip and WebVTT.
//!
//! `a.jpg` is described by the first of `a.txt`, `a.jpg.txt`, `a.md`, `a.jpg.md`; `a.mp3` by the first of `a.srt`,
//! `a.mp3.srt`, `a.vtt` and so on. A picture or recording of which nothing is said has no document.

use super::file::{File, too_large};
use super::{BlockKind, Document, Place, markdown, plain};
use crate::{Error, Result};
use exif::{In, Tag, Value};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Ends of the names of files beside a picture.
pub(super) const CAPTIONS: &[&str] = &["txt", "md"];
/// Ends of the names of files beside a recording.
pub(super) const TRANSCRIPTS: &[&str] = &["srt", "vtt", "txt"];

pub(super) fn read_picture(file: &File<'_>) -> Result<Vec<Document>> {
    let mut document = Document::default();
    if let Some((path, bytes)) = beside(file, CAPTIONS)? {
        let beside = File { path: &path, bytes: &bytes, limits: file.limits };
        let read = if ends_in(&path, "md") { markdown::read(&beside)? } else { plain::read(&beside)? };
        for from in read {
            document.title = document.title.or(from.title);
            document.notes.extend(from.notes);
            for block in from.blocks {
                document.push(BlockKind::Caption, &from.text[block.range], Place::default());
            }
        }
    }
    camera(file, &mut document);
    Ok(said(document))
}

pub(super) fn read_recording(file: &File<'_>) -> Result<Vec<Document>> {
    let Some((path, bytes)) = beside(file, TRANSCRIPTS)? else { return Ok(Vec::new()) };
    let beside = File { path: &path, bytes: &bytes, limits: file.limits };
    if !ends_in(&path, "txt") {
        return read_transcript(&beside).map(|mut all| all.pop().map_or_else(Vec::new, said));
    }
    let mut document = Document::default();
    for from in plain::read(&beside)? {
        document.notes.extend(from.notes);
        for block in from.blocks {
            document.push(BlockKind::Speech, &from.text[block.range], Place::default());
        }
    }
    Ok(said(document))
}

pub(super) fn read_transcript(file: &File<'_>) -> Result<Vec<Document>> {
    let (text, notes) = file.text()?;
    let mut document = Document { notes, ..Document::default() };
    cues(&mut document, &text);
    Ok(vec![document])
}

/// The document, if it says something.
fn said(document: Document) -> Vec<Document> {
    if document.blocks.is_empty() { Vec::new() } else { vec![document] }
}

fn ends_in(path: &Path, end: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(end))
}

/// The first of `NAME.end` and `NAME.jpg.end` that is a file.
pub(super) fn find(path: &Path, ends: &[&str]) -> Option<PathBuf> {
    let names = ends.iter().flat_map(|end| {
        let mut longer = path.as_os_str().to_owned();
        longer.push(format!(".{end}"));
        [path.with_extension(end), PathBuf::from(longer)]
    });
    // No links: they might lead out of the folder.
    names.into_iter().find(|p| std::fs::symlink_metadata(p).is_ok_and(|about| about.is_file()))
}

fn beside(file: &File<'_>, ends: &[&str]) -> Result<Option<(PathBuf, Vec<u8>)>> {
    let Some(path) = find(file.path, ends) else { return Ok(None) };
    let most = file.limits.text_bytes as u64;
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(&path).map_err(Error::io(&path))?;
    opened.take(most + 1).read_to_end(&mut bytes).map_err(Error::io(&path))?;
    if bytes.len() as u64 > most {
        return Err(too_large(&path, "text", most, bytes.len() as u64));
    }
    Ok(Some((path, bytes)))
}

/// Day and description that a camera or a person wrote into the picture.
fn camera(file: &File<'_>, document: &mut Document) {
    let small = |about: &std::fs::Metadata| about.len() <= file.limits.bytes;
    let Some(opened) = std::fs::File::open(file.path).ok().filter(|f| f.metadata().is_ok_and(|a| small(&a)))
    else {
        return;
    };
    let read = exif::Reader::new().read_from_container(&mut BufReader::new(opened));
    // Most pictures say nothing, and what is damaged says nothing either.
    let Ok(found) = read else { return };
    let text = |tag: Tag| {
        let Value::Ascii(parts) = &found.get_field(tag, In::PRIMARY)?.value else { return None };
        let bytes = parts.join(&b' ');
        let (text, _) = super::decode::decode(&bytes);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned();
        (!text.is_empty() && !text.contains('\0')).then_some(text)
    };
    if document.date.is_none() {
        // `2024:05:06 07:08:09`
        let day = text(Tag::DateTimeOriginal).or_else(|| text(Tag::DateTime));
        document.date = day.and_then(|d| d.get(..10).map(|d| d.replace(':', "-"))).filter(|d| is_day(d));
    }
    if let Some(description) = text(Tag::ImageDescription) {
        document.push(BlockKind::Caption, &description, Place::default());
    }
}

fn is_day(day: &str) -> bool {
    let fits = |(i, b): (usize, u8)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() };
    day.len() == 10 && day.bytes().enumerate().all(fits) && !day.starts_with("0000")
}

/// Adds the cues of a transcript; those that go on with a sentence are one block.
fn cues(document: &mut Document, text: &str) {
    let mut held = String::new();
    let (mut from, mut second) = (None, None);
    for line in text.lines().chain(std::iter::once("")) {
        let line = line.trim();
        if let Some((begin, _)) = line.split_once("-->") {
            // What stood before is the cue's number or name.
            second = seconds(begin);
            continue;
        }
        if line.is_empty() {
            if held.ends_with(['.', '!', '?', '。', '！', '？', '…', '"', '”']) || held.len() > LONG {
                document.push(BlockKind::Speech, &held, Place { second: from, ..Place::default() });
                held.clear();
            }
            second = None;
            continue;
        }
        // Headers, notes, styles and numbers stand outside of cues.
        if second.is_none() {
            continue;
        }
        if held.is_empty() {
            from = second;
        }
        let line = untagged(line);
        let line = line.trim();
        let han = |c: Option<char>| c.is_some_and(ronghe_data::segment::is_han);
        if !(held.is_empty() || han(held.chars().next_back()) && han(line.chars().next())) {
            held.push(' ');
        }
        held.push_str(line);
    }
    document.push(BlockKind::Speech, &held, Place { second: from, ..Place::default() });
}

/// A block of cues without any stop ends after so many bytes.
const LONG: usize = 600;

/// `HH:MM:SS,mmm` or `MM:SS.mmm` in seconds.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".");
    let mut sum = 0.0;
    for part in text.split(':') {
        let value = part.parse::<f64>().ok().filter(|v| (0.0..1e6).contains(v))?;
        sum = sum * 60.0 + value;
        if sum > 1e9 {
            return None;
        }
    }
    Some(sum)
}

/// Without `<i>` and the like.
fn untagged(line: &str) -> String {
    let mut inside = false;
    line.chars()
        .filter(|&c| {
            let shown = !inside && c != '<';
            inside = c == '<' || inside && c != '>';
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, read};
    use exif::{Field, experimental::Writer};

    #[test]
    fn cues_become_sentences_with_their_time() {
        let mut d = Document::default();
        let text = "WEBVTT\n\n1\n00:00:01.500 --> 00:00:02.000\nHello <i>you</i>\n\n2\n00:01:03.000 --> 00:01:04.000\nthere.\n\n\
                    3\n00:02:00,000 --> 00:02:01,000\n再\n见。\n";
        cues(&mut d, text);
        assert_eq!(d.text, "Hello you there.\n\n再见。");
        assert_eq!(d.blocks.iter().map(|b| b.place.second).collect::<Vec<_>>(), [Some(1.5), Some(120.0)]);
        assert_eq!((seconds("1e300:00:00"), seconds("-3"), seconds("")), (None, None, None));
    }

    #[test]
    fn what_stands_beside() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        let of = |name: &str| read(&folder.path().join(name), &Limits::default()).unwrap();
        write("cat.JPG", b"no picture");
        write("talk.mp3", b"");
        assert_eq!((of("cat.JPG"), of("talk.mp3")), (vec![], vec![]));
        write("cat.txt", "A cat sleeps.\n\n一只猫。".as_bytes());
        write("talk.mp3.vtt", b"WEBVTT\n\n00:05.000 --> 00:06.000\nWords.\n");
        let cat = of("cat.JPG").remove(0);
        assert_eq!((cat.title.as_deref(), cat.text.as_str()), (Some("cat"), "A cat sleeps.\n\n一只猫。"));
        assert!(cat.blocks.iter().all(|b| b.kind == BlockKind::Caption));
        let talk = of("talk.mp3").remove(0);
        assert_eq!((talk.blocks[0].kind, talk.blocks[0].place.second), (BlockKind::Speech, Some(5.0)));
        // Plain words are taken where there are no times.
        write("other.wav", b"");
        write("other.txt", b"Just words.");
        assert_eq!(of("other.wav")[0].blocks[0].kind, BlockKind::Speech);
    }

    #[test]
    fn what_a_camera_wrote() {
        let field = |tag: Tag, text: &str| Field {
            tag,
            ifd_num: In::PRIMARY,
            value: Value::Ascii(vec![text.as_bytes().to_vec()]),
        };
        let fields =
            [field(Tag::ImageDescription, "湖边的房子"), field(Tag::DateTimeOriginal, "2021:03:04 05:06:07")];
        let mut writer = Writer::new();
        fields.iter().for_each(|f| writer.push_field(f));
        let mut bytes = std::io::Cursor::new(Vec::new());
        writer.write(&mut bytes, false).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tif");
        std::fs::write(&path, bytes.into_inner()).unwrap();
        let document = read(&path, &Limits::default()).unwrap().remove(0);
        assert_eq!((document.text.as_str(), document.date.as_deref()), ("湖边的房子", Some("2021-03-04")));
    }
}
