//! What a column holds, from all its values, in bounded memory.
//!
//! The rules, in this order, over the values that are not missing:
//! 1. none at all: category;
//! 2. all lists of as many numbers: vector; 95 % name picture (or sound) files and one of the first hundred is there: image (audio);
//! 3. one pair of yes/no words, or 0 and 1: boolean;
//! 4. all numbers ([`crate::value::quantity`]) with one decimal mark and one unit, none with a leading zero: number. Words such as `-`,
//!    `暂无` are missing there; a cell in fifty that is nothing of the kind is taken as missing and named. Whole numbers
//!    are an identifier if all differ and the name says so (`id`, `key`, `编号` ...), they count up from 0 or 1, or they have more digits than
//!    quantities have; identifiers or categories if the name says that they are what something is called by (`phone`, `订单号`); a category
//!    if they repeat and the name says `id`, `code` or `zip`; dates if they count seconds (by name) or are digits like 20240131;
//! 5. all dates: date;
//! 6. all different, and either the name says so or all are UUIDs: identifier;
//! 7. more than three words a value on average (eight Chinese characters count as three words) and mostly different:
//!    text;
//! 8. else category.

mod dates;
mod names;
mod numbers;
mod odd;
#[cfg(test)]
mod tests;

use crate::distinct::{Distinct, DistinctCounter, hash};
use crate::media::{MediaHint, looks_like_media};
use crate::read::{Source, Warning};
use crate::value::{self, OPEN_ORDER, TIME_ALONE};
use crate::{ColumnSchema, DateOrder, DecimalMark, Kind, Notation};
use dates::Dates;
use numbers::Numbers;
use odd::Words;
use std::path::{Component, Path};

/// What a column was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// What the cells are.
    pub(crate) kind: Kind,
    /// How they are written.
    pub(crate) notation: Notation,
}

impl Found {
    /// A column of `kind` whose cells are written plainly.
    pub(crate) fn plain(kind: Kind) -> Found {
        Found { kind, notation: Notation::default() }
    }

    /// What a column of another file was found to be.
    pub(crate) fn like(column: &ColumnSchema) -> Found {
        Found { kind: column.kind, notation: column.notation.clone() }
    }

    /// A column of this name that was found to be this.
    pub(crate) fn column(&self, name: &str) -> ColumnSchema {
        ColumnSchema { name: name.to_owned(), kind: self.kind, notation: self.notation.clone() }
    }

    /// The order of day and month.
    pub(crate) fn order(&self) -> DateOrder {
        self.notation.date_order.unwrap_or_default()
    }
}

/// What is known so far of one column.
#[derive(Debug, Clone)]
pub(crate) struct Guess {
    values: u64,
    distinct: DistinctCounter,
    /// Words that usually say that a value is missing.
    missing: Words,
    /// Words that say so among numbers and dates.
    markers: Words,
    numbers: Numbers,
    pairs: u8,
    said: [bool; 2],
    dates: Dates,
    pictures: u64,
    sounds: u64,
    addresses: u64,
    looked: u32,
    there: bool,
    uuids: bool,
    words: f64,
    many_digits: u64,
    strings: u64,
    /// Values that are lists of numbers, and how many numbers all of them have.
    vectors: u64,
    width: Option<usize>,
}

/// How many files are looked for before a column of file names is believed.
const LOOKS: u32 = 100;

impl Default for Guess {
    fn default() -> Guess {
        Guess {
            values: 0,
            distinct: DistinctCounter::default(),
            missing: Words::default(),
            markers: Words::default(),
            numbers: Numbers::default(),
            pairs: u8::MAX,
            said: [false; 2],
            dates: Dates::default(),
            pictures: 0,
            sounds: 0,
            addresses: 0,
            looked: 0,
            there: false,
            uuids: true,
            words: 0.0,
            many_digits: 0,
            strings: 0,
            vectors: 0,
            width: None,
        }
    }
}

/// Whether it is still worth asking if a value is of a kind that `count` values were and `odd` were not.
fn open(count: u64, odd: u64) -> bool {
    odd * 4 <= count + 8
}

/// Whether so few values are of another kind that they may be taken as missing.
fn few(odd: u64, of: u64) -> bool {
    odd == 0 || odd * 50 <= of || odd == 1 && of >= 20
}

impl Guess {
    /// Sees a word that says that the value of `row` is missing.
    pub(crate) fn observe_missing(&mut self, word: &str, row: usize) {
        if !word.is_empty() {
            self.missing.add(word, row);
        }
    }

    /// Sees the value of `row`. Files are looked for under `base`.
    pub(crate) fn observe(&mut self, text: &str, source: Source, base: &Path, row: usize) {
        if source != Source::Typed && value::marker(text) {
            self.markers.add(text, row);
            return;
        }
        self.values += 1;
        self.strings += u64::from(source == Source::String);
        self.distinct.insert(hash(text.as_bytes()));
        if self.vectors + 1 == self.values
            && text.starts_with('[')
            && let Some(numbers) = value::vector(text)
        {
            self.observe_vector(numbers.len());
            return;
        }
        let mut plain = false;
        if open(self.numbers.count, self.numbers.odd.count()) {
            match value::quantity(text) {
                Some(found) => {
                    plain = found.plain;
                    self.numbers.add(&found, text);
                }
                None => self.numbers.odd.add(text, row),
            }
        }
        if self.pairs != 0 {
            match value::boolean(text) {
                Some((pair, said)) if source != Source::String => {
                    self.pairs &= pair;
                    self.said[usize::from(said)] = true;
                }
                _ => self.pairs = 0,
            }
        }
        if plain && source != Source::String {
            return;
        }
        self.uuids &= is_uuid(text);
        self.words += words(text);
        self.many_digits += u64::from(text.bytes().filter(u8::is_ascii_digit).count() >= 5);
        if open(self.dates.count, self.dates.odd.count()) {
            match value::date(text) {
                Some(found) => self.dates.add(found),
                None => self.dates.odd.add(text, row),
            }
        }
        let (kind, file) = match looks_like_media(text) {
            Some(MediaHint::File(kind)) => (kind, true),
            Some(MediaHint::Inline(kind)) => {
                self.there = true;
                (kind, false)
            }
            Some(MediaHint::Address(_)) => {
                self.addresses += 1;
                return;
            }
            None => return,
        };
        if kind == Kind::Image {
            self.pictures += 1;
        } else {
            self.sounds += 1;
        }
        if !file {
            return;
        }
        if !self.there && self.looked < LOOKS {
            self.looked += 1;
            self.there = base.join(text.trim()).is_file();
        }
    }

    /// Sees a number that is not missing; `exact` are its digits where a float does not hold them.
    pub(crate) fn observe_number(&mut self, number: f64, exact: Option<i128>) {
        self.values += 1;
        self.pairs = match number {
            0.0 => self.pairs & 1 << 6,
            1.0 => self.pairs & 1 << 6,
            _ => 0,
        };
        self.said[usize::from(number == 1.0)] = true;
        self.distinct.insert(match exact {
            Some(exact) => hash(&exact.to_le_bytes()),
            None => hash(&number.to_bits().to_le_bytes()),
        });
        self.numbers.value(
            number,
            exact.map_or(1, |x| x.unsigned_abs().checked_ilog10().map_or(1, |d| d as usize + 1)),
        );
    }

    /// Sees a list of `width` numbers; 0 where some of them are missing.
    pub(crate) fn observe_list(&mut self, width: usize) {
        self.values += 1;
        self.observe_vector(width);
    }

    /// Sees that the last value is a list of `width` numbers.
    fn observe_vector(&mut self, width: usize) {
        self.width = if self.vectors == 0 { Some(width) } else { self.width.filter(|&w| w == width) };
        self.vectors += 1;
    }

    /// Whether no value was seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.values == 0
    }

    /// Number of different values, roughly where there are many.
    pub(crate) fn distinct(&self) -> usize {
        self.distinct.count().count
    }

    /// What the column called `name` is.
    pub(crate) fn found(&self, name: &str) -> Found {
        let kind = self.kind(name);
        let odd = match kind {
            Kind::Number => self.numbers.odd.all(),
            Kind::Date if !self.counts_time() => self.dates.odd.all(),
            _ => None,
        };
        let mut found = self.found_as(name, kind);
        found.notation.missing = odd.unwrap_or_default();
        found
    }

    /// What the column called `name` is if its cells are `kind`.
    pub(crate) fn found_as(&self, name: &str, kind: Kind) -> Found {
        let mut notation = Notation::default();
        match kind {
            Kind::Number => {
                if !self.numbers.point && self.numbers.comma {
                    notation.decimal = Some(DecimalMark::Comma);
                }
                notation.unit = self.numbers.unit.clone().filter(|_| self.numbers.one_unit());
            }
            Kind::Date if self.counts_time() => notation.date_unit = self.numbers.date_unit(name),
            Kind::Date if self.dates.forms & OPEN_ORDER != 0 => {
                let month = self.dates.month_first;
                notation.date_order = Some(if month { DateOrder::MonthFirst } else { DateOrder::DayFirst });
            }
            Kind::Category => notation.whole_names = self.whole_names(),
            Kind::Vector => notation.width = self.width,
            _ => {}
        }
        Found { kind, notation }
    }

    /// Whether all values are numbers, so that dates among them count time.
    fn counts_time(&self) -> bool {
        self.numbers.count == self.values
    }

    /// What is worth saying about the column called `name` if it is taken as `found`.
    pub(crate) fn warnings(&self, name: &str, found: &Found) -> Vec<Warning> {
        let column = name.to_owned();
        let mut warnings = Vec::new();
        let odd = |kind: Kind, words: &Words| Warning::OddCells {
            column: column.clone(),
            kind,
            taken: found.kind == kind,
            cells: words.count(),
            of: self.values,
            first: words.first(5),
        };
        if found.kind == Kind::Date && self.dates.forms.count_ones() > 1 {
            let forms = value::FORMS.iter().enumerate().filter(|(i, _)| self.dates.forms & 1 << i != 0);
            warnings.push(Warning::MixedDates {
                column: column.clone(),
                forms: forms.map(|(_, form)| (*form).to_owned()).collect(),
            });
        }
        let open_order = self.dates.forms & OPEN_ORDER != 0 && self.dates.month_first && self.dates.day_first;
        if found.kind == Kind::Date && open_order && found.notation.date_unit.is_none() {
            warnings.push(Warning::AmbiguousDates { column: column.clone() });
        }
        let files = self.pictures.max(self.sounds);
        if found.kind == Kind::Category && files.max(self.addresses) * 20 >= self.values.max(1) * 19 {
            let kind = if self.pictures >= self.sounds { Kind::Image } else { Kind::Audio };
            warnings.push(Warning::MediaElsewhere { column, kind, addresses: self.addresses > files });
            return warnings;
        }
        let nearly = |count: u64, words: &Words| words.count() > 0 && words.count() * 5 <= count;
        let named = matches!(found.kind, Kind::Category | Kind::Text | Kind::Identifier);
        if (found.kind == Kind::Number || named)
            && nearly(self.numbers.count, &self.numbers.odd)
            && self.strings == 0
        {
            warnings.push(odd(Kind::Number, &self.numbers.odd));
        } else if (found.kind == Kind::Date || named) && nearly(self.dates.count, &self.dates.odd) {
            warnings.push(odd(Kind::Date, &self.dates.odd));
        } else if found.kind == Kind::Category
            && self.values >= 20
            && self.distinct() as u64 * 10 >= self.values * 9
        {
            warnings.push(Warning::ManyNames { column, names: self.distinct(), rows: self.values });
        }
        warnings
    }

    /// Words that were taken as missing although they may be names, and their rows.
    pub(crate) fn missing_words(&self) -> Vec<(String, u64)> {
        self.missing.counts()
    }

    fn whole_names(&self) -> bool {
        let n = &self.numbers;
        n.count > 0 && n.count == self.values && n.whole && !n.zero_led && n.styled == 0 && self.strings == 0
    }

    fn kind(&self, name: &str) -> Kind {
        let n = self.values;
        if n == 0 {
            return Kind::Category;
        }
        if self.vectors == n && self.width.is_some_and(|width| width > 1) {
            return Kind::Vector;
        }
        if self.there && self.pictures * 20 >= n * 19 {
            return Kind::Image;
        }
        if self.there && self.sounds * 20 >= n * 19 {
            return Kind::Audio;
        }
        // `1.wav` is no number of some unit.
        if self.pictures.max(self.sounds) * 20 >= n * 19 {
            return Kind::Category;
        }
        let both = self.said == [true; 2];
        // A dash says nothing, 未知 may say something.
        if self.pairs != 0 && self.markers.are_signs() && (both || self.pairs & value::PLAIN_PAIRS != 0) {
            return Kind::Boolean;
        }
        let distinct = self.distinct.count();
        let unique = all_differ(distinct, n) && self.markers.count() == 0;
        // Telephone numbers repeat now and then; they are no quantities for that.
        let mostly = distinct.count as u64 * 2 > n;
        let called = names::naming(name);
        if self.is_number() {
            return self.number_kind(name, unique, mostly);
        }
        if self.is_date() && !called {
            return Kind::Date;
        }
        if unique && n > 1 && (names::of_rows(name) || called || (self.uuids && self.numbers.count == 0)) {
            return Kind::Identifier;
        }
        if called && mostly && n > 1 && self.many_digits + self.numbers.count >= n / 2 {
            return Kind::Identifier;
        }
        let all = distinct.count as u64 + self.markers.distinct() as u64;
        let varied = all * 5 >= n.min(50_000);
        if self.words > 3.0 * n as f64 && varied { Kind::Text } else { Kind::Category }
    }

    fn is_number(&self) -> bool {
        let n = &self.numbers;
        let odd = n.odd.count();
        let whole_column =
            n.count + odd == self.values && n.count > 0 && few(odd, self.values) && n.odd.all().is_some();
        // The file says that these are strings: only what no code looks like is a number then.
        let written = self.strings == 0 || n.styled * 2 >= n.count;
        whole_column && written && !n.zero_led && (n.point || n.comma) && n.one_unit()
    }

    fn is_date(&self) -> bool {
        let d = &self.dates;
        let odd = d.odd.count();
        let alone = d.forms & TIME_ALONE == 0 || d.forms == TIME_ALONE;
        d.count > 0
            && d.count + odd == self.values
            && few(odd, self.values)
            && d.odd.all().is_some()
            && alone
            && (d.month_first || d.day_first)
    }

    fn number_kind(&self, name: &str, unique: bool, mostly: bool) -> Kind {
        let n = &self.numbers;
        let counting = n.next.is_some() && (n.counts_from == 0.0 || n.counts_from == 1.0);
        let whole = n.whole && n.styled == 0;
        if n.odd.count() > 0 && (names::of_codes(name) || names::of_rows(name) || names::naming(name)) {
            return Kind::Category;
        }
        match (whole, unique) {
            (true, _) if names::naming(name) && self.values > 1 => {
                if mostly {
                    Kind::Identifier
                } else {
                    Kind::Category
                }
            }
            (true, true) if self.values > 1 && names::of_rows(name) => Kind::Identifier,
            (true, true) if self.values >= 20 && counting => Kind::Identifier,
            // A quantity of more digits than a float holds is a number by which something is called.
            (true, _) if mostly && n.longest > 15 => Kind::Identifier,
            (true, false) if n.longest > 15 => Kind::Category,
            (true, _) if n.date_unit(name).is_some() => Kind::Date,
            (true, false) if names::of_codes(name) => Kind::Category,
            _ => Kind::Number,
        }
    }
}

fn all_differ(distinct: Distinct, values: u64) -> bool {
    if distinct.exact {
        distinct.count as u64 == values
    } else {
        distinct.count as f64 > 0.95 * values as f64
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Number of words; eight Chinese characters count as three.
fn words(text: &str) -> f64 {
    let (mut count, mut inside) = (0.0, false);
    if text.is_ascii() {
        let mut begun = 0u32;
        for byte in text.bytes() {
            let part = byte.is_ascii_alphanumeric();
            begun += u32::from(part && !inside);
            // Only blanks end a word.
            inside = part || inside && !byte.is_ascii_whitespace() && byte != 0x0b;
        }
        return f64::from(begun);
    }
    for c in text.chars() {
        if is_chinese(c) {
            count += 0.375;
            inside = false;
        } else if c.is_whitespace() {
            inside = false;
        } else if !inside && c.is_alphanumeric() {
            count += 1.0;
            inside = true;
        }
    }
    count
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// Whether the name of a column says that it names the row.
pub(crate) fn names_rows(name: &str) -> bool {
    names::of_rows(name) || names::naming(name)
}

/// Whether a path stays in its folder: relative, without `..`.
pub(crate) fn stays_inside(path: &str) -> bool {
    Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}
