//! What items are about, as numbers: features of their cells.
//!
//! ```text
//! Items: names, truths, quantities  -> columns   a flag a name, 0 and 1, mean 0 and deviation 1
//!        titles, texts, names       -> text      words, weighted by how rare they are, or a network's vector; length 1
//!        pictures, sounds           -> media     a network's vectors, length 1
//!        columns of vectors         -> vectors   as they are, length 1
//!                                   -> 1         what all items share
//! ```
//! The parts stand side by side in [`Features`], a row an item. A part without a cell is zeros. Networks are the caller's: whoever reads
//! the items lends them as [`Encoders`].

mod columns;
mod words;

pub use words::Words;

use crate::{Error, Features, Items, Result};
use ronghe_cpu::dots;
use ronghe_data::Table;
use serde::{Deserialize, Serialize};

/// Texts that an encoder gets at a time.
const BATCH: usize = 256;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRole {
    /// That of an item.
    Item,
    /// What somebody wishes for.
    Wish,
}

/// Turns texts into vectors.
pub trait EncodeText: Sync {
    /// Name, which is kept with a recommender.
    fn name(&self) -> &str;

    /// Numbers of a vector.
    fn width(&self) -> usize;

    /// The vectors of `texts`, `[texts, width]`.
    fn encode(&self, texts: &[&str], role: TextRole) -> Result<Vec<f32>>;
}

/// Turns the cells of a column of pictures or sounds into vectors.
pub trait EncodeMedia: Sync {
    /// Name, which is kept with a recommender.
    fn name(&self) -> &str;

    /// The vectors of the cells of a table of one column, row after row, and the numbers of each. A cell without a vector has zeros.
    fn encode(&self, column: &Table) -> Result<(Vec<f32>, usize)>;
}

/// Encoders that are at hand.
#[derive(Clone, Copy, Default)]
pub struct Encoders<'a> {
    /// Of texts; without one texts are their words.
    pub text: Option<&'a dyn EncodeText>,
    /// Of pictures; without one they say nothing.
    pub image: Option<&'a dyn EncodeMedia>,
    /// Of sounds; without one they say nothing.
    pub audio: Option<&'a dyn EncodeMedia>,
}

impl std::fmt::Debug for Encoders<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let media = |of: Option<&dyn EncodeMedia>| of.map(|e| e.name().to_owned());
        f.debug_struct("Encoders")
            .field("text", &self.text.map(|e| e.name().to_owned()))
            .field("image", &media(self.image))
            .field("audio", &media(self.audio))
            .finish()
    }
}

/// What makes vectors of the items' texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextBy {
    /// Their words.
    Words(Words),
    /// The encoder of this name.
    Encoder(String),
}

/// Where in a row of features a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// First number.
    pub start: usize,
    /// Numbers.
    pub width: usize,
}

/// Features of the items and how they were made.
#[derive(Debug, Clone)]
pub struct Content {
    /// All parts side by side.
    pub features: Features,
    /// What made the vectors of texts, and where they stand; none where no item has a text.
    pub text: Option<(TextBy, Part)>,
    /// Where the vectors of pictures, sounds and columns of vectors stand.
    pub vectors: Vec<Part>,
}

impl Content {
    /// Of the cells of the items; `None` if they say nothing.
    pub fn of(items: &Items, encoders: &Encoders<'_>) -> Result<Option<Content>> {
        let mut parts: Vec<Features> = columns::features(items).into_iter().collect();
        let texts: Vec<String> = (0..items.rows.len() as u32).map(|item| items.text(item)).collect();
        let mut text = None;
        if texts.iter().any(|t| !t.is_empty()) {
            let (by, part) = match encoders.text {
                Some(encoder) => (TextBy::Encoder(encoder.name().into()), encoded(&texts, encoder)?),
                None => {
                    let words = Words::of(&texts);
                    let part = words.features(&texts);
                    (TextBy::Words(words), part)
                }
            };
            if part.width > 0 {
                let start = parts.iter().map(|p| p.width).sum();
                text = Some((by, Part { start, width: part.width }));
                parts.push(part);
            }
        }
        let mut vectors = Vec::new();
        for part in items.vectors.iter().filter(|part| part.width > 0) {
            let start = parts.iter().map(|p| p.width).sum();
            vectors.push(Part { start, width: part.width });
            parts.push(part.clone());
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let shared = items.rows.iter().map(|row| f32::from(u8::from(!row.is_empty()))).collect();
        parts.push(Features { width: 1, values: shared, names: vec!["any item".into()] });
        Ok(Some(Content { features: beside(&parts, items.rows.len()), text, vectors }))
    }

    /// The encoder that made the vectors of texts; none where these are words.
    pub fn text_encoder(&self) -> Option<&str> {
        match &self.text {
            Some((TextBy::Encoder(name), _)) => Some(name),
            _ => None,
        }
    }

    /// The numbers of one part, of every item.
    pub(crate) fn part(&self, part: Part) -> Features {
        let range = part.start..part.start + part.width;
        let rows = self.features.values.chunks_exact(self.features.width);
        Features {
            width: part.width,
            values: rows.flat_map(|row| &row[range.clone()]).copied().collect(),
            names: self.features.names[range].to_vec(),
        }
    }

    /// The vector of a text in the part of the texts, of length 1 or zeros; `None` if no item has a text. `encoder` is asked for where a
    /// network made them.
    pub fn vector(&self, text: &str, encoder: Option<&dyn EncodeText>) -> Result<Option<Vec<f32>>> {
        let Some((by, part)) = &self.text else { return Ok(None) };
        let vector = match by {
            TextBy::Words(words) => words.vector(text),
            TextBy::Encoder(name) => {
                let found = encoder.filter(|e| e.name() == name && e.width() == part.width);
                let encoder = found.ok_or_else(|| {
                    let found = encoder.map_or("none".to_owned(), |e| format!("`{}`", e.name()));
                    let help = "take the encoder that it was fitted with";
                    Error::input("a wish", format!("the encoder `{name}` of the items' texts"), found, help)
                })?;
                unit(encoder.encode(&[text], TextRole::Wish)?, part.width)
            }
        };
        Ok(Some(vector))
    }

    /// How near the text of each item is to a vector of [`Content::vector`]: their cosine, 0 for an item without a text. Of vectors of a
    /// network the mean of all texts is taken away first, for what all texts share makes none of them nearer.
    pub fn near(&self, vector: &[f32]) -> Vec<f32> {
        let Some((by, part)) = &self.text else { return Vec::new() };
        let mut rows = self.part(*part).values;
        let mut vector = vector.to_vec();
        if matches!(by, TextBy::Encoder(_)) {
            let mean = centre(&mut rows, part.width);
            vector.iter_mut().zip(mean).for_each(|(x, m)| *x -= m);
            (rows, vector) = (unit(rows, part.width), unit(vector, part.width));
        }
        let mut found = vec![0.0; rows.len() / part.width];
        dots(&rows, &vector, &mut found);
        found
    }
}

/// Vectors of texts by a network.
fn encoded(texts: &[String], encoder: &dyn EncodeText) -> Result<Features> {
    let width = encoder.width();
    let mut values = vec![0.0; texts.len() * width];
    let there: Vec<usize> = (0..texts.len()).filter(|&i| !texts[i].is_empty()).collect();
    for batch in there.chunks(BATCH) {
        let cells: Vec<&str> = batch.iter().map(|&i| texts[i].as_str()).collect();
        let found = encoder.encode(&cells, TextRole::Item)?;
        for (&item, vector) in batch.iter().zip(found.chunks_exact(width)) {
            values[item * width..][..width].copy_from_slice(vector);
        }
    }
    let names = (0..width).map(|i| format!("text {i}")).collect();
    Ok(Features { width, values: unit(values, width), names })
}

/// Takes the mean of the rows away from each, rows of zeros apart, and gives it.
pub(crate) fn centre(values: &mut [f32], width: usize) -> Vec<f32> {
    let known = |row: &[f32]| row.iter().any(|x| *x != 0.0);
    let count = values.chunks_exact(width).filter(|row| known(row)).count().max(1) as f64;
    let mut mean = vec![0.0; width];
    for row in values.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += f64::from(*x) / count);
    }
    let mean: Vec<f32> = mean.into_iter().map(|m| m as f32).collect();
    for row in values.chunks_exact_mut(width).filter(|row| known(row)) {
        row.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
    }
    mean
}

/// Rows brought to length 1; rows of zeros stay so.
pub(crate) fn unit(mut values: Vec<f32>, width: usize) -> Vec<f32> {
    for row in values.chunks_exact_mut(width.max(1)) {
        let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 && length.is_finite() {
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
        } else {
            row.fill(0.0);
        }
    }
    values
}

/// Parts side by side.
fn beside(parts: &[Features], rows: usize) -> Features {
    let width = parts.iter().map(|p| p.width).sum();
    let mut values = Vec::with_capacity(rows * width);
    (0..rows).for_each(|item| parts.iter().for_each(|part| values.extend_from_slice(part.row(item as u32))));
    Features { width, values, names: parts.iter().flat_map(|p| p.names.clone()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemColumn;
    use ronghe_data::Kind;

    pub(super) fn films() -> Items {
        let column = |name: &str, kind| ItemColumn { name: name.into(), kind };
        let row = |cells: [&str; 3]| cells.iter().map(|c| (!c.is_empty()).then(|| (*c).to_owned())).collect();
        Items {
            columns: vec![
                column("title", Kind::Text),
                column("genres", Kind::Category),
                column("link", Kind::Category),
            ],
            rows: vec![
                row(["Alien (1979)", "Horror|Sci-Fi", "http://a"]),
                row(["Aliens (1986)", "Sci-Fi|War", "http://b"]),
                row(["太空 旅行", "War", ""]),
                Vec::new(),
            ],
            ..Items::default()
        }
    }

    struct Letters;

    impl EncodeText for Letters {
        fn name(&self) -> &str {
            "letters"
        }

        fn width(&self) -> usize {
            2
        }

        fn encode(&self, texts: &[&str], role: TextRole) -> Result<Vec<f32>> {
            let count = |text: &str, letter: char| text.chars().filter(|c| *c == letter).count() as f32;
            let scale = if role == TextRole::Wish { 2.0 } else { 1.0 };
            Ok(texts.iter().flat_map(|t| [scale * count(t, 'a'), scale * count(t, 's')]).collect())
        }
    }

    #[test]
    fn parts_stand_side_by_side_and_wishes_meet_the_texts() {
        let items = films();
        let content = Content::of(&items, &Encoders::default()).unwrap().unwrap();
        let names = &content.features.names;
        assert_eq!(names[..2], ["genres: Sci-Fi", "genres: War"]);
        // Words of one item say nothing of another.
        let (TextBy::Words(words), part) = content.text.clone().unwrap() else { panic!() };
        assert_eq!(
            (words.words(), part),
            (&["alien".into(), "fi".into(), "sci".into(), "war".into()][..], Part { start: 2, width: 4 })
        );
        let wish = content.vector("a WAR, please", None).unwrap().unwrap();
        let near = content.near(&wish);
        assert!(
            (near[2] - 1.0).abs() < 1e-6 && near[1] > 0.3 && near[0] == 0.0 && near[3] == 0.0,
            "{near:?}"
        );
        assert_eq!(content.near(&content.vector("nothing of it", None).unwrap().unwrap()), [0.0; 4]);
    }

    #[test]
    fn a_network_stands_for_the_words() {
        let encoders = Encoders { text: Some(&Letters), ..Encoders::default() };
        let content = Content::of(&films(), &encoders).unwrap().unwrap();
        let (by, part) = content.text.clone().unwrap();
        assert_eq!((by, part), (TextBy::Encoder("letters".into()), Part { start: 2, width: 2 }));
        assert!(content.features.row(3).iter().all(|x| *x == 0.0));
        let near = content.near(&content.vector("s", Some(&Letters)).unwrap().unwrap());
        assert!(near[1] > near[0], "{near:?}");
        let error = content.vector("s", None).unwrap_err().to_string();
        assert!(error.contains("expected the encoder `letters` of the items' texts, found none"), "{error}");
    }
}
