//! Values of dictionaries, also by reference.

use lopdf::{Dictionary, Document, Object, Stream};

/// Bytes that a map or a font program may unpack to.
const UNPACKED: usize = 32 << 20;

/// A stream that a dictionary leads to.
pub(super) fn stream_of<'a>(pdf: &'a Document, dictionary: &'a Dictionary, key: &[u8]) -> Option<&'a Stream> {
    dictionary.get_deref(key, pdf).ok()?.as_stream().ok()
}

/// A dictionary that another leads to.
pub(super) fn dictionary_of<'a>(
    pdf: &'a Document,
    within: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    within.get_deref(key, pdf).ok()?.as_dict().ok()
}

/// Numbers of an array.
pub(super) fn numbers(pdf: &Document, within: &Dictionary, key: &[u8]) -> Option<Vec<f64>> {
    let all = within.get_deref(key, pdf).ok()?.as_array().ok()?;
    Some(all.iter().take(1 << 16).map(|o| number(pdf, o).unwrap_or(0.0)).collect())
}

/// A number, or a reference to one.
pub(super) fn number(pdf: &Document, object: &Object) -> Option<f64> {
    let (_, object) = pdf.dereference(object).ok()?;
    object.as_float().ok().map(f64::from).filter(|n| n.is_finite())
}

/// What a map or a font program holds.
pub(super) fn unpack(stream: &Stream) -> Option<Vec<u8>> {
    stream.get_plain_content_with_limit(UNPACKED).ok()
}
