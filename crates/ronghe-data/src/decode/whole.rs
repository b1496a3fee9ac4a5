//! Whether a sound ends where its container says: a cut-off file is broken, not short.

use std::borrow::Cow;

/// A WAV that was written to a pipe does not know its length and says 0 or about 2^31 or 2^32 - 1 bytes; here it is set to what
/// is there.
pub(super) fn with_length(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let mut at = 12;
    while let Some(&[a, b, c, d, n0, n1, n2, n3]) = bytes.get(at..at + 8).and_then(|h| h.first_chunk::<8>()) {
        let length = u32::from_le_bytes([n0, n1, n2, n3]);
        if [a, b, c, d] == *b"data" {
            let rest = (bytes.len() - at - 8) as u32;
            let outer = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
            if length < 0x7fff_0000 && (length != 0 || outer != 0) {
                return bytes;
            }
            let whole = (bytes.len() - 8) as u32;
            let mut mended = bytes.into_owned();
            mended[4..8].copy_from_slice(&whole.to_le_bytes());
            mended[at + 4..at + 8].copy_from_slice(&rest.to_le_bytes());
            return Cow::Owned(mended);
        }
        // Chunks begin at even places.
        at = at.saturating_add(8).saturating_add(length as usize).saturating_add(length as usize & 1);
        if at > bytes.len() {
            break;
        }
    }
    bytes
}

/// Whether the last page ends within the file and is marked as the last.
pub(super) fn ogg_is_whole(bytes: &[u8]) -> bool {
    let Some(at) = bytes.windows(4).rposition(|w| w == b"OggS") else { return false };
    let Some(header) = bytes.get(at..at + 27) else { return false };
    let Some(segments) = bytes.get(at + 27..at + 27 + usize::from(header[26])) else { return false };
    let body: usize = segments.iter().map(|&n| usize::from(n)).sum();
    header[5] & 4 != 0 && at + 27 + segments.len() + body <= bytes.len()
}

/// Whether the first frame is a header that says how many frames follow.
pub(super) fn mp3_counts_frames(bytes: &[u8]) -> bool {
    // The length of a leading tag has 7 bits a byte.
    let tag = match bytes {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            10 + [a, b, c, d].iter().fold(0usize, |n, &&v| n << 7 | usize::from(v & 0x7f))
        }
        _ => 0,
    };
    let first = bytes.get(tag..).unwrap_or_default();
    first[..first.len().min(256)].windows(4).any(|w| [b"Xing", b"Info", b"VBRI"].iter().any(|n| w == *n))
}

/// Whether every frame of AAC without a container ends within the file. Tags may follow.
pub(super) fn adts_is_whole(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&[0xff, b, _, c, d, e]) = bytes.get(at..at + 6).and_then(|h| h.first_chunk::<6>()) {
        if b & 0xf6 != 0xf0 {
            return true;
        }
        // 13 bits, the header included.
        let length = usize::from(c & 3) << 11 | usize::from(d) << 3 | usize::from(e >> 5);
        if length < 7 {
            return false;
        }
        at += length;
    }
    let rest = bytes.get(at..);
    at > 0 && rest.is_some_and(|rest| rest.is_empty() || rest.first() != Some(&0xff))
}
