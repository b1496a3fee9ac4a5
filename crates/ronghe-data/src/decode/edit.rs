//! The part of an MP4's sound that is to be heard.
//!
//! An AAC encoder puts silence before the sound and fills the last frame; the edit list `moov/trak/edts/elst` says where
//! the sound begins, in ticks of `mdhd`, and how long it is, in ticks of `mvhd`. symphonia reads the list and does not apply
//! it. Only one edit at normal speed in a file of one track is applied. Source: ISO/IEC 14496-12, section 8.6.6.

/// First frame and number of frames to be heard, at `rate` frames a second; `None` if the file does not say.
pub(super) fn heard(bytes: &[u8], rate: u32) -> Option<(usize, usize)> {
    let moov = child(bytes, b"moov")?;
    let trak = child(moov, b"trak")?;
    if boxes(moov).filter(|(name, _)| name == b"trak").count() != 1 {
        return None;
    }
    let ticks = |body: &[u8]| match body.first()? {
        0 => number(body, 12, 4),
        _ => number(body, 20, 4),
    };
    let (movie, media) = (ticks(child(moov, b"mvhd")?)?, ticks(child(child(trak, b"mdia")?, b"mdhd")?)?);
    let list = child(child(trak, b"edts")?, b"elst")?;
    let (length, start, speed) = match list.first()? {
        0 => (number(list, 8, 4)?, number(list, 12, 4)?, number(list, 16, 4)?),
        _ => (number(list, 8, 8)?, number(list, 16, 8)?, number(list, 24, 4)?),
    };
    // A start of -1 is an empty edit.
    if number(list, 4, 4)? != 1 || speed != 1 << 16 || start >= 1 << 31 || movie == 0 || media == 0 {
        return None;
    }
    let frames = |ticks: u64, per_second: u64| {
        let frames = u128::from(ticks) * u128::from(rate) / u128::from(per_second);
        usize::try_from(frames).ok()
    };
    Some((frames(start, media)?, frames(length, movie)?))
}

/// A number of `size` bytes, the most significant first.
fn number(body: &[u8], at: usize, size: usize) -> Option<u64> {
    let digits = body.get(at..at + size)?;
    Some(digits.iter().fold(0, |n, &b| n << 8 | u64::from(b)))
}

/// The content of the first box of this name.
fn child<'a>(body: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(body).find(|(found, _)| found == name).map(|(_, content)| content)
}

/// Names and contents of the boxes that lie one after another in `body`.
fn boxes(mut body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let name = body.get(4..8)?.first_chunk::<4>().copied()?;
        let (head, size) = match number(body, 0, 4)? {
            0 => (8, body.len()),
            1 => (16, usize::try_from(number(body, 8, 8)?).ok()?),
            size => (8, usize::try_from(size).ok()?),
        };
        let content = body.get(head..size)?;
        body = &body[size..];
        Some((name, content))
    })
}
