//! Stands in for a network: a text's vector is the sum of its terms' seeded directions.

use ronghe_knowledge::document::{BlockKind, Document, Place};
use ronghe_knowledge::index::{Observer, Options, Report, index};
use ronghe_knowledge::store::FolderWriter;
use ronghe_knowledge::{Embed, Result, Role, is_stop, terms};
use std::path::Path;

pub(crate) struct Bag;

const WIDTH: usize = 64;

impl Embed for Bag {
    fn name(&self) -> &str {
        "bag"
    }

    fn width(&self) -> usize {
        WIDTH
    }

    fn embed(&self, texts: &[&str], _: Role) -> Result<Vec<f32>> {
        let vector = |text: &&str| {
            let mut sum = vec![0.0_f32; WIDTH];
            for term in terms(text).into_iter().filter(|t| !is_stop(&t.text)) {
                let mut state = term
                    .text
                    .bytes()
                    .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
                for x in &mut sum {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    *x += if state >> 63 == 0 { 1.0 } else { -1.0 };
                }
            }
            let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
            sum.into_iter().map(move |x| x / length)
        };
        Ok(texts.iter().flat_map(vector).collect())
    }
}

/// Says nothing.
pub(crate) struct Silent;

impl Observer for Silent {
    fn progress(&mut self, _: usize, _: usize, _: &str) -> Result<()> {
        Ok(())
    }

    fn ready(&mut self, _: usize) {}
}

/// One document a file, a paragraph a line, a heading after `# `; the file's name is its title.
pub(crate) fn read(path: &Path) -> Result<Vec<Document>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut document = Document {
        title: Some(path.file_stem().unwrap().to_string_lossy().into_owned()),
        ..Document::default()
    };
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(heading) => document.push(BlockKind::Heading(2), heading, Place::default()),
            None => document.push(BlockKind::Paragraph, line, Place::default()),
        };
    }
    Ok(vec![document])
}

/// A chunk a line.
pub(crate) fn bring(store: &Path, from: &Path, embed: Option<&dyn Embed>) -> Report {
    bring_in(store, from, embed, ronghe_knowledge::chunk::Options { tokens: 16, overlap: 0.0 })
}

/// With chunks of some length.
pub(crate) fn bring_in(
    store: &Path,
    from: &Path,
    embed: Option<&dyn Embed>,
    chunks: ronghe_knowledge::chunk::Options,
) -> Report {
    let network = embed.map(|e| (e.name(), e.width()));
    let (mut writer, _) = FolderWriter::open(store, network).unwrap();
    let options = Options { chunks, ..Options::default() };
    let known = |path: &Path| path.extension().is_some_and(|e| e == "txt");
    index(&mut writer, &[from.to_owned()], &options, &known, &mut read, embed, &mut Silent).unwrap()
}

/// Numbers drawn from a seed.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}
