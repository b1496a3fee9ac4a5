//! What stands on a page by itself: fields with their values, and notes (ISO 32000-1, 12.5 and 12.7).
//!
//! What is drawn of them is read like the rest of the page, at its place; where nothing is drawn, or not what the field
//! holds, the value is put there.

use super::glyph::{Glyph, Matrix};
use super::interpret::{Interpreter, Work, matrix_of};
use super::lexer::{Lexer, Operand, Token};
use super::names::width;
use super::object::{dictionary_of, number};
use lopdf::{Dictionary, Document, Object, ObjectId};
use std::rc::Rc;

/// Fields and notes of a page.
const ANNOTATIONS: usize = 20_000;
/// Letters of one value.
const VALUE: usize = 100_000;
/// Size of letters where nothing is said of it, in points.
const USUAL: f64 = 10.0;

/// Reads the fields and notes of a page.
pub(super) fn read<'a>(
    interpreter: &mut Interpreter<'a>,
    pdf: &'a Document,
    id: ObjectId,
    work: &mut Work<'a>,
) {
    let page = pdf.get_dictionary(id).ok();
    let all = page.and_then(|p| p.get_deref(b"Annots", pdf).ok()?.as_array().ok());
    for object in all.into_iter().flatten().take(ANNOTATIONS) {
        let Ok((_, Object::Dictionary(annotation))) = pdf.dereference(object) else { continue };
        let flags = annotation.get(b"F").ok().and_then(|o| number(pdf, o)).unwrap_or(0.0) as u32;
        // Invisible of no known kind is not meant: hidden, or not to be viewed.
        if flags & (2 | 32) != 0 {
            continue;
        }
        let kind = annotation.get_deref(b"Subtype", pdf).and_then(Object::as_name).unwrap_or(b"");
        let bounds = annotation.get_deref(b"Rect", pdf).ok().and_then(|r| interpreter.bounds(r));
        match (kind, bounds) {
            (b"Widget", Some(bounds)) => field(interpreter, pdf, annotation, bounds, work),
            (b"FreeText", Some(bounds)) => {
                let from = work.page.glyphs.len();
                appearance(interpreter, pdf, annotation, bounds, work);
                settle(work, from, &text(pdf, annotation, b"Contents"), bounds, size(pdf, annotation));
            }
            (b"Stamp", Some(bounds)) => appearance(interpreter, pdf, annotation, bounds, work),
            (b"Text", _) => {
                let remark = text(pdf, annotation, b"Contents");
                work.page.remarks.extend((!remark.trim().is_empty()).then_some(remark));
            }
            _ => {}
        }
    }
}

/// A text string of a dictionary.
fn text(pdf: &Document, of: &Dictionary, key: &[u8]) -> String {
    let object = of.get_deref(key, pdf).ok();
    let text = object.and_then(|o| lopdf::decode_text_string(o).ok()).unwrap_or_default();
    text.chars().take(VALUE).map(|c| if c == '\r' { '\n' } else { c }).collect()
}

/// An entry of a field or of those above it.
fn inherited<'a>(pdf: &'a Document, field: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut node = field;
    for _ in 0..32 {
        if let Ok(found) = node.get_deref(key, pdf) {
            return Some(found);
        }
        node = dictionary_of(pdf, node, b"Parent")?;
    }
    None
}

fn field<'a>(
    interpreter: &mut Interpreter<'a>,
    pdf: &'a Document,
    widget: &'a Dictionary,
    bounds: [f64; 4],
    work: &mut Work<'a>,
) {
    let kind = inherited(pdf, widget, b"FT").and_then(|o| o.as_name().ok()).unwrap_or(b"");
    let flags = inherited(pdf, widget, b"Ff").and_then(|o| number(pdf, o)).unwrap_or(0.0) as u32;
    let from = work.page.glyphs.len();
    match kind {
        b"Btn" => {
            appearance(interpreter, pdf, widget, bounds, work);
            let state = widget.get_deref(b"AS", pdf).or_else(|_| widget.get_deref(b"V", pdf));
            let on = state.and_then(Object::as_name).is_ok_and(|s| s != b"Off");
            // Not a button to push.
            if on && flags & 1 << 16 == 0 {
                settle(work, from, "", bounds, USUAL);
                if work.page.glyphs[from..].iter().all(|g| g.text.trim().is_empty()) {
                    put(work, "✔", bounds, USUAL);
                }
            }
        }
        b"Sig" => appearance(interpreter, pdf, widget, bounds, work),
        _ => {
            // A password is nobody's business.
            if flags & 1 << 13 != 0 {
                return;
            }
            appearance(interpreter, pdf, widget, bounds, work);
            let value = match inherited(pdf, widget, b"V") {
                Some(Object::Array(all)) => {
                    let texts = all.iter().take(1000).filter_map(|o| lopdf::decode_text_string(o).ok());
                    texts.collect::<Vec<_>>().join(", ")
                }
                Some(object) => lopdf::decode_text_string(object).unwrap_or_default(),
                None => String::new(),
            };
            let value: String = value.chars().take(VALUE).map(|c| if c == '\r' { '\n' } else { c }).collect();
            settle(work, from, &value, bounds, size(pdf, widget));
        }
    }
}

/// Reads what is drawn of a field or note, in its state.
fn appearance<'a>(
    interpreter: &mut Interpreter<'a>,
    pdf: &'a Document,
    annotation: &'a Dictionary,
    bounds: [f64; 4],
    work: &mut Work<'a>,
) {
    let Some(drawn) = dictionary_of(pdf, annotation, b"AP") else { return };
    let Ok(mut object) = drawn.get(b"N") else { return };
    if let Ok((_, Object::Dictionary(states))) = pdf.dereference(object) {
        let state = annotation.get_deref(b"AS", pdf).and_then(Object::as_name).unwrap_or(b"Off");
        let Ok(found) = states.get(state) else { return };
        object = found;
    }
    let Ok((_, Object::Stream(form))) = pdf.dereference(object) else { return };
    let inner = form.dict.get_deref(b"BBox", pdf).ok().and_then(|b| interpreter.bounds(b));
    let [left, low, right, top] = inner.unwrap_or([0.0, 0.0, bounds[2] - bounds[0], bounds[3] - bounds[1]]);
    // The box of the form, turned as its matrix says, is fitted into the place of the annotation.
    let own = matrix_of(pdf, &form.dict);
    let corners = [(left, low), (left, top), (right, low), (right, top)].map(|(x, y)| own.place(x, y));
    let least = |i: usize| corners.iter().map(|c| c[i]).fold(f64::INFINITY, f64::min);
    let most = |i: usize| corners.iter().map(|c| c[i]).fold(f64::NEG_INFINITY, f64::max);
    let stretch = |i: usize| {
        let wide = most(i) - least(i);
        if wide > 1e-3 { (bounds[i + 2] - bounds[i]) / wide } else { 1.0 }
    };
    let (x, y) = (stretch(0), stretch(1));
    let fit = Matrix::scale(x, y).then(Matrix::at(bounds[0] - least(0) * x, bounds[1] - least(1) * y));
    interpreter.form(work, object, fit, 1);
}

/// Size of letters from the usual appearance (`/F1 11 Tf`).
fn size(pdf: &Document, of: &Dictionary) -> f64 {
    let Some(usual) = inherited(pdf, of, b"DA").and_then(|o| o.as_str().ok()) else { return USUAL };
    let mut lexer = Lexer::new(usual);
    let mut last = 0.0;
    while let Some(token) = lexer.next() {
        match token {
            Token::Operand(Operand::Number(number)) => last = number,
            Token::Operator(b"Tf") => break,
            _ => {}
        }
    }
    if (1.0..200.0).contains(&last) { last } else { USUAL }
}

/// Keeps what is drawn where it holds the value, else puts the value in its place.
fn settle(work: &mut Work<'_>, from: usize, value: &str, bounds: [f64; 4], size: f64) {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let drawn: String = work.page.glyphs[from..].iter().map(|g| &*g.text).collect();
    let value_is_drawn = plain(&drawn).contains(&plain(value)) || plain(value).is_empty();
    if !value_is_drawn {
        work.page.glyphs.truncate(from);
        put(work, value, bounds, size);
    }
}

/// Puts lines of text at a place.
fn put(work: &mut Work<'_>, value: &str, bounds: [f64; 4], size: f64) {
    let lines: Vec<&str> = value.lines().collect();
    let tall = bounds[3] - bounds[1];
    // One line stands in the middle, several from above.
    let mut y = if lines.len() < 2 { bounds[1] + (tall - size) / 2.0 + 0.2 * size } else { bounds[3] - size };
    let number = work.page.fonts.len() as u32;
    work.page.fonts.push("Helvetica".into());
    for line in lines {
        let mut x = bounds[0] + 2.0;
        for letter in line.chars() {
            let wide = width("Helvetica", letter) / 1000.0 * size;
            work.page.glyphs.push(Glyph {
                from: [x, y],
                to: [x + wide, y],
                size,
                text: Rc::from(letter.encode_utf8(&mut [0; 4]) as &str),
                vertical: false,
                bold: false,
                font: number,
                guess: false,
            });
            x += wide;
        }
        y -= 1.2 * size;
    }
}
