//! Encoders of the house lent to recommendation: networks of texts and pictures, the colour of sounds.

use crate::args::Common;
use crate::{library, session};
use anyhow::{Context, Result};
use ronghe::catalogue::Cache;
use ronghe::embed;
use ronghe_data::Table;
use ronghe_knowledge::vectors::TextVectors;
use ronghe_knowledge::{Embed, Role};
use ronghe_recommend::content::{EncodeMedia, EncodeText, Encoders, TextRole};
use ronghe_recommend::{Content, Error};
use std::path::PathBuf;
use std::sync::Mutex;

/// Encoders that were opened.
pub(super) struct Opened {
    text: Option<Text>,
    pictures: Option<Pictures>,
    sounds: Sounds,
}

impl Opened {
    /// The networks of these names; whose files must be at hand.
    pub(super) fn new(text: Option<&str>, image: Option<&str>, common: &Common) -> Result<Opened> {
        let cache = Cache::open(&session::cache_folder(common));
        let network = |name| library::network(name, common).with_context(|| format!("--text {name}"));
        let text = text.map(network).transpose()?.map(Text);
        let pictures = image.map(|network| Pictures {
            network: network.to_owned(),
            keep: session::vectors(&cache),
            cache,
            threads: common.threads,
            bad: Mutex::default(),
        });
        Ok(Opened { text, pictures, sounds: Sounds::default() })
    }

    /// The network of texts that a recommender was fitted with, if it was one.
    pub(super) fn of(content: Option<&Content>, common: &Common) -> Result<Opened> {
        Opened::new(content.and_then(Content::text_encoder), None, common)
    }

    pub(super) fn lent(&self) -> Encoders<'_> {
        Encoders {
            text: self.text.as_ref().map(|t| t as &dyn EncodeText),
            image: self.pictures.as_ref().map(|p| p as &dyn EncodeMedia),
            audio: Some(&self.sounds),
        }
    }

    /// Cells that could not be read, in words.
    pub(super) fn bad(&self) -> Vec<String> {
        let of = |bad: &Mutex<Vec<String>>| bad.lock().map(|b| b.clone()).unwrap_or_default();
        let pictures = self.pictures.as_ref().map(|p| of(&p.bad)).unwrap_or_default();
        pictures.into_iter().chain(of(&self.sounds.bad)).collect()
    }
}

fn failed(name: &str) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> Error {
    let name = name.to_owned();
    move |source| Error::Encoder { name: name.clone(), source }
}

struct Text(TextVectors);

impl EncodeText for Text {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn width(&self) -> usize {
        self.0.width()
    }

    fn encode(&self, texts: &[&str], role: TextRole) -> ronghe_recommend::Result<Vec<f32>> {
        let role = match role {
            TextRole::Item => Role::Passage,
            TextRole::Wish => Role::Query,
        };
        self.0.embed(texts, role).map_err(|e| failed(self.name())(e.into()))
    }
}

struct Pictures {
    network: String,
    cache: Cache,
    keep: PathBuf,
    threads: usize,
    bad: Mutex<Vec<String>>,
}

impl EncodeMedia for Pictures {
    fn name(&self) -> &str {
        &self.network
    }

    fn encode(&self, column: &Table) -> ronghe_recommend::Result<(Vec<f32>, usize)> {
        let files = |file: &str| self.cache.find(file);
        let found = embed::pictures(&self.network, column, &files, Some(&self.keep), self.threads)
            .map_err(|e| failed(&self.network)(e.into()))?;
        Ok(taken(found, &self.bad))
    }
}

#[derive(Default)]
struct Sounds {
    bad: Mutex<Vec<String>>,
}

impl EncodeMedia for Sounds {
    fn name(&self) -> &str {
        "colour"
    }

    fn encode(&self, column: &Table) -> ronghe_recommend::Result<(Vec<f32>, usize)> {
        let found = embed::sounds(column).map_err(|e| failed(self.name())(e.into()))?;
        Ok(taken(found, &self.bad))
    }
}

fn taken(found: embed::Embedded, bad: &Mutex<Vec<String>>) -> (Vec<f32>, usize) {
    if let Ok(mut bad) = bad.lock() {
        bad.extend(found.bad.into_iter().map(|cell| cell.message));
    }
    (found.vectors, found.width)
}
