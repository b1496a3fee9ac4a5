//! Content streams to glyphs at their places (ISO 32000-1, 8.4, 9.4 and 14.6).
//!
//! Only what moves or shows text is followed; forms are read where they are painted. What is switched off (optional
//! content) or outside the page is not shown. Text of which only the place of letters is drawn by a picture (rendering
//! mode 3: the words of a scan) is text.

use super::font::Font;
use super::glyph::{Glyph, Matrix, Page};
use super::lexer::{Lexer, Operand, Token};
use super::object::{dictionary_of, number};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Operators of a page.
const OPERATORS: usize = 4_000_000;
/// Glyphs of a page.
const GLYPHS: usize = 500_000;
/// Forms within each other.
const FORMS: usize = 12;
/// States that are kept, and marked parts within each other.
const STATES: usize = 512;
/// Bytes that the streams of a page may unpack to.
const UNPACKED: usize = 64 << 20;
/// What a byte of a form costs whenever it is painted, in parts of an operator.
const BYTES_PER_OPERATOR: usize = 8;
/// Glyphs that a replacement text may stand for; longer ones replace what can be read itself.
const REPLACED: usize = 8;

#[derive(Clone)]
struct State {
    matrix: Matrix,
    font: Option<(Rc<Font>, u32)>,
    size: f64,
    character: f64,
    word: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
}

/// A marked part of a stream.
struct Mark {
    hidden: bool,
    /// Text in place of the glyphs from this one on.
    replaced: Option<(String, usize)>,
}

/// What is known of a file while its pages are read.
pub(super) struct Interpreter<'a> {
    pdf: &'a Document,
    fonts: HashMap<FontKey, Rc<Font>>,
    hidden: HashSet<ObjectId>,
}

#[derive(PartialEq, Eq, Hash, Clone, Copy)]
enum FontKey {
    Object(ObjectId),
    /// A font without a number is known by where it is in memory.
    Direct(usize),
}

/// The work on one page.
pub(super) struct Work<'a> {
    pub(super) page: Page,
    operators: usize,
    bytes: usize,
    /// Fonts by their number on the page.
    fonts: HashMap<FontKey, u32>,
    unpacked: HashMap<ObjectId, Rc<Vec<u8>>>,
    /// Where each named thing of the page is looked up.
    resources: Vec<&'a Dictionary>,
}

impl<'a> Interpreter<'a> {
    pub(super) fn new(pdf: &'a Document) -> Interpreter<'a> {
        let hidden = hidden(pdf).unwrap_or_default();
        Interpreter { pdf, fonts: HashMap::new(), hidden }
    }

    /// Reads what a page shows, without what stands on it by itself (fields, notes).
    pub(super) fn page(&mut self, id: ObjectId) -> Work<'a> {
        let mut work = Work {
            page: Page::default(),
            operators: OPERATORS,
            bytes: UNPACKED,
            fonts: HashMap::new(),
            unpacked: HashMap::new(),
            resources: Vec::new(),
        };
        let inherited = |key: &[u8]| self.inherited(id, key);
        work.resources = inherited(b"Resources").and_then(|o| o.as_dict().ok()).into_iter().collect();
        let bounds =
            [b"CropBox".as_slice(), b"MediaBox"].into_iter().find_map(|key| self.bounds(inherited(key)?));
        work.page.bounds = bounds;
        let content = self.pdf.get_page_content_with_limit(id, UNPACKED);
        let Ok(content) = content else {
            work.page.cut = true;
            return work;
        };
        let resources = work.resources.clone();
        self.run(&mut work, &content, &resources, Matrix::IDENTITY, 0);
        work
    }

    /// An entry of a page or of what it is under.
    fn inherited(&self, id: ObjectId, key: &[u8]) -> Option<&'a Object> {
        let mut node = self.pdf.get_dictionary(id).ok()?;
        for _ in 0..64 {
            if let Ok(found) = node.get_deref(key, self.pdf) {
                return Some(found);
            }
            node = dictionary_of(self.pdf, node, b"Parent")?;
        }
        None
    }

    /// Four numbers as left, lower, right, upper edge.
    pub(super) fn bounds(&self, object: &Object) -> Option<[f64; 4]> {
        let all = object.as_array().ok()?;
        let [a, b, c, d] = all.as_slice() else { return None };
        let [a, b, c, d] = [a, b, c, d].map(|o| number(self.pdf, o));
        let (a, b, c, d) = (a?, b?, c?, d?);
        Some([a.min(c), b.min(d), a.max(c), b.max(d)])
    }

    /// Paints a form under a matrix.
    pub(super) fn form(&mut self, work: &mut Work<'a>, form: &'a Object, under: Matrix, depth: usize) {
        let id = form.as_reference().ok();
        let Ok((_, Object::Stream(stream))) = self.pdf.dereference(form) else { return };
        if depth > FORMS || self.is_hidden(stream.dict.get(b"OC").ok()) {
            return;
        }
        let known = id.and_then(|id| work.unpacked.get(&id).cloned());
        let Some(content) = known.or_else(|| unpack(stream, work.bytes).map(Rc::new)) else {
            work.page.cut = true;
            return;
        };
        if let Some(id) = id
            && work.unpacked.insert(id, content.clone()).is_none()
        {
            work.bytes = work.bytes.saturating_sub(content.len());
        }
        work.operators = work.operators.saturating_sub(content.len() / BYTES_PER_OPERATOR);
        let own = matrix_of(self.pdf, &stream.dict).then(under);
        let mut resources: Vec<&Dictionary> =
            dictionary_of(self.pdf, &stream.dict, b"Resources").into_iter().collect();
        // Old files leave them to the page.
        if resources.is_empty() {
            resources.clone_from(&work.resources);
        }
        self.run(work, &content, &resources, own, depth);
    }

    fn is_hidden(&self, content: Option<&Object>) -> bool {
        let Some(content) = content else { return false };
        if content.as_reference().is_ok_and(|id| self.hidden.contains(&id)) {
            return true;
        }
        // A membership of several groups: hidden where all are.
        let Ok((_, Object::Dictionary(membership))) = self.pdf.dereference(content) else { return false };
        match membership.get(b"OCGs") {
            Ok(Object::Reference(id)) => self.hidden.contains(id),
            Ok(Object::Array(all)) => {
                !all.is_empty()
                    && all.iter().all(|o| o.as_reference().is_ok_and(|id| self.hidden.contains(&id)))
            }
            _ => false,
        }
    }

    fn resource(&self, resources: &[&'a Dictionary], kind: &[u8], name: &[u8]) -> Option<&'a Object> {
        resources.iter().find_map(|r| dictionary_of(self.pdf, r, kind)?.get(name).ok())
    }

    fn font(&mut self, work: &mut Work<'a>, object: &'a Object) -> Option<(Rc<Font>, u32)> {
        let (_, Object::Dictionary(dictionary)) = self.pdf.dereference(object).ok()? else { return None };
        let key = match object {
            Object::Reference(id) => FontKey::Object(*id),
            _ => FontKey::Direct(std::ptr::from_ref(dictionary) as usize),
        };
        let pdf = self.pdf;
        let font = self.fonts.entry(key).or_insert_with(|| Rc::new(Font::new(pdf, dictionary))).clone();
        let next = work.page.fonts.len() as u32;
        let number = *work.fonts.entry(key).or_insert(next);
        if number == next {
            work.page.fonts.push(font.name.clone());
        }
        Some((font, number))
    }

    fn run(
        &mut self,
        work: &mut Work<'a>,
        content: &[u8],
        resources: &[&'a Dictionary],
        matrix: Matrix,
        depth: usize,
    ) {
        let mut state = State {
            matrix,
            font: None,
            size: 1.0,
            character: 0.0,
            word: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let mut kept: Vec<State> = Vec::new();
        let mut marks: Vec<Mark> = Vec::new();
        let (mut text, mut line) = (Matrix::IDENTITY, Matrix::IDENTITY);
        let mut operands: Vec<Operand> = Vec::new();
        let mut lexer = Lexer::new(content);
        while let Some(token) = lexer.next() {
            let word = match token {
                Token::Operand(operand) => {
                    if operands.len() < 64 {
                        operands.push(operand);
                    }
                    continue;
                }
                Token::Operator(word) => word,
            };
            if work.operators == 0 || work.page.glyphs.len() >= GLYPHS {
                work.page.cut = true;
                break;
            }
            work.operators -= 1;
            let n = |at: usize| operands.get(at).and_then(Operand::number).unwrap_or(0.0);
            let six = || Matrix(std::array::from_fn(n));
            let hidden = marks.iter().any(|m| m.hidden);
            match word {
                b"q" if kept.len() < STATES => kept.push(state.clone()),
                b"Q" => state = kept.pop().unwrap_or(state),
                b"cm" => state.matrix = six().then(state.matrix),
                b"BT" => (text, line) = (Matrix::IDENTITY, Matrix::IDENTITY),
                b"Tf" => {
                    let found = operands.first().and_then(Operand::name);
                    let found = found.and_then(|name| self.resource(resources, b"Font", name));
                    state.font = found.and_then(|object| self.font(work, object));
                    state.size = n(1);
                }
                b"gs" => {
                    let found = operands.first().and_then(Operand::name);
                    let found = found.and_then(|name| self.resource(resources, b"ExtGState", name));
                    let pair = found
                        .and_then(|o| {
                            self.pdf.dereference(o).ok()?.1.as_dict().ok()?.get_deref(b"Font", self.pdf).ok()
                        })
                        .and_then(|o| o.as_array().ok());
                    if let Some([font, size]) = pair.map(Vec::as_slice) {
                        state.font = self.font(work, font);
                        state.size = number(self.pdf, size).unwrap_or(1.0);
                    }
                }
                b"Tc" => state.character = n(0),
                b"Tw" => state.word = n(0),
                b"Tz" => state.stretch = n(0) / 100.0,
                b"TL" => state.leading = n(0),
                b"Ts" => state.rise = n(0),
                b"Tm" => (text, line) = (six(), six()),
                b"Td" | b"TD" => {
                    if word == b"TD" {
                        state.leading = -n(1);
                    }
                    line = Matrix::at(n(0), n(1)).then(line);
                    text = line;
                }
                b"T*" | b"'" | b"\"" => {
                    if word == b"\"" {
                        (state.word, state.character) = (n(0), n(1));
                    }
                    line = Matrix::at(0.0, -state.leading).then(line);
                    text = line;
                    if let Some(shown) = operands.last().and_then(Operand::text).filter(|_| word != b"T*") {
                        show(work, &state, &mut text, shown, hidden);
                    }
                }
                b"Tj" => {
                    if let Some(shown) = operands.last().and_then(Operand::text) {
                        show(work, &state, &mut text, shown, hidden);
                    }
                }
                b"TJ" => {
                    let Some(Operand::Array(parts)) = operands.last() else {
                        operands.clear();
                        continue;
                    };
                    for part in parts {
                        match part {
                            Operand::Text(shown) => show(work, &state, &mut text, shown, hidden),
                            Operand::Number(back) => {
                                let along = -back / 1000.0 * state.size;
                                let vertical = state.font.as_ref().is_some_and(|(f, _)| f.vertical);
                                let by = if vertical { (0.0, along) } else { (along * state.stretch, 0.0) };
                                text = Matrix::at(by.0, by.1).then(text);
                            }
                            _ => {}
                        }
                    }
                }
                b"Do" if !hidden => {
                    let found = operands.first().and_then(Operand::name);
                    if let Some(object) = found.and_then(|name| self.resource(resources, b"XObject", name)) {
                        self.paint(work, object, state.matrix, depth);
                    }
                }
                b"BI" => {
                    lexer.skip_picture();
                    work.page.pictures += usize::from(!hidden);
                }
                b"S" | b"s" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" => work.page.paths += 1,
                b"sh" => work.page.paths += 1,
                b"BMC" | b"BDC" if marks.len() < STATES => {
                    marks.push(self.mark(&operands, resources, work.page.glyphs.len()));
                }
                b"EMC" => {
                    if let Some(Mark { replaced: Some((by, from)), .. }) = marks.pop() {
                        replace(&mut work.page.glyphs, from, &by);
                    }
                }
                _ => {}
            }
            operands.clear();
        }
    }

    fn paint(&mut self, work: &mut Work<'a>, object: &'a Object, matrix: Matrix, depth: usize) {
        let Ok((_, Object::Stream(stream))) = self.pdf.dereference(object) else { return };
        match stream.dict.get_deref(b"Subtype", self.pdf).and_then(Object::as_name) {
            Ok(b"Form") => self.form(work, object, matrix, depth + 1),
            Ok(b"Image") if !self.is_hidden(stream.dict.get(b"OC").ok()) => work.page.pictures += 1,
            _ => {}
        }
    }

    fn mark(&self, operands: &[Operand], resources: &[&'a Dictionary], from: usize) -> Mark {
        let mut mark = Mark { hidden: false, replaced: None };
        let [tag, properties] = operands else { return mark };
        let text = |bytes: &[u8]| lopdf::decode_text_string(&Object::string_literal(bytes)).ok();
        match properties {
            Operand::Name(name) => {
                let object = self.resource(resources, b"Properties", name);
                mark.hidden = tag.name() == Some(b"OC") && self.is_hidden(object);
                let details = object.and_then(|o| self.pdf.dereference(o).ok()?.1.as_dict().ok());
                let by = details.and_then(|d| d.get_deref(b"ActualText", self.pdf).ok()?.as_str().ok());
                mark.replaced = by.and_then(text).map(|by| (by, from));
            }
            inline => {
                mark.replaced =
                    inline.get(b"ActualText").and_then(Operand::text).and_then(text).map(|by| (by, from));
            }
        }
        mark
    }
}

fn unpack(stream: &Stream, most: usize) -> Option<Vec<u8>> {
    stream.get_plain_content_with_limit(most).ok()
}

/// The matrix of a form.
pub(super) fn matrix_of(pdf: &Document, form: &Dictionary) -> Matrix {
    let all = form.get_deref(b"Matrix", pdf).ok().and_then(|o| o.as_array().ok());
    let Some(all) = all.filter(|a| a.len() == 6) else { return Matrix::IDENTITY };
    Matrix(std::array::from_fn(|i| number(pdf, &all[i]).unwrap_or(0.0)))
}

/// Groups of optional content that are off when the file is opened.
fn hidden(pdf: &Document) -> Option<HashSet<ObjectId>> {
    let properties = dictionary_of(pdf, pdf.catalog().ok()?, b"OCProperties")?;
    let usual = dictionary_of(pdf, properties, b"D")?;
    let list = |of: &Dictionary, key: &[u8]| -> HashSet<ObjectId> {
        let all = of.get_deref(key, pdf).ok().and_then(|o| o.as_array().ok());
        all.into_iter().flatten().filter_map(|o| o.as_reference().ok()).collect()
    };
    let mut off = list(usual, b"OFF");
    if usual.get(b"BaseState").and_then(Object::as_name).is_ok_and(|n| n == b"OFF") {
        off = list(properties, b"OCGs").difference(&list(usual, b"ON")).copied().collect();
    }
    Some(off)
}

/// Adds the glyphs of a string to the page and moves on behind them.
fn show(work: &mut Work<'_>, state: &State, text: &mut Matrix, bytes: &[u8], hidden: bool) {
    let Some((font, number)) = &state.font else { return };
    let nothing: Rc<str> = "".into();
    font.show(bytes, |shown| {
        let spacing = state.character + if shown.blank { state.word } else { 0.0 };
        let whole = text.then(state.matrix);
        let along = shown.advance * state.size;
        let (by, from, to) = if font.vertical {
            ((0.0, along + spacing), (0.0, 0.0), (0.0, along))
        } else {
            let wide = along * state.stretch;
            ((wide + spacing * state.stretch, 0.0), (0.0, state.rise), (wide, state.rise))
        };
        let from = whole.place(from.0, from.1);
        let to = whole.place(to.0, to.1);
        let [_, _, c, d, ..] = whole.0;
        let size = (c.hypot(d) * state.size).abs() * font.height;
        *text = Matrix::at(by.0, by.1).then(*text);
        let sound =
            from.iter().chain(&to).all(|v| v.is_finite() && v.abs() < 1e6) && size > 1e-3 && size < 1e5;
        if hidden || !sound || !inside(work.page.bounds, from, size) || work.page.glyphs.len() >= GLYPHS {
            return;
        }
        work.page.glyphs.push(Glyph {
            from,
            to,
            size,
            text: shown.text.unwrap_or_else(|| nothing.clone()),
            vertical: font.vertical,
            bold: font.bold,
            font: *number,
            guess: shown.guess,
        });
    });
}

/// Whether a place is on the page, or nearly.
fn inside(bounds: Option<[f64; 4]>, at: [f64; 2], size: f64) -> bool {
    bounds.is_none_or(|[left, low, right, top]| {
        right - left < 1.0
            || top - low < 1.0
            || (left - size..=right + size).contains(&at[0]) && (low - size..=top + size).contains(&at[1])
    })
}

/// Puts a text in place of the glyphs from one on.
fn replace(glyphs: &mut [Glyph], from: usize, by: &str) {
    let glyphs = glyphs.get_mut(from..).unwrap_or_default();
    let unread = glyphs.iter().filter(|g| g.text.is_empty() || g.guess).count();
    if glyphs.len() > REPLACED && 2 * unread < glyphs.len() {
        return;
    }
    let by: String = by.chars().filter(|c| !c.is_control()).collect();
    for (at, glyph) in glyphs.iter_mut().enumerate() {
        glyph.text = if at == 0 { by.as_str().into() } else { "".into() };
        glyph.guess = false;
    }
}
