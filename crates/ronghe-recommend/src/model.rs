//! What every model can do, and the table of them.

use crate::models::item_weights::ItemWeights;
use crate::models::{
    bpr, content, ease, emcdr, hybrid, ials, item_knn, popularity, rp3beta, sequential, slim,
};
use crate::{Error, Features, Progress, Result, Training};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whom to recommend to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// Number of the user, if the model was fitted with this user; models that need no user look only at `history`.
    pub user: Option<u32>,
    /// Items that the user liked, with weights (1 as a rule), the oldest first.
    pub history: &'a [(u32, f32)],
}

/// What one event of the history adds to a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The item of the event.
    pub item: u32,
    /// What it adds; all of them and the model's constant sum to the score.
    pub value: f32,
}

/// Scores as products: that of query q and item i is [`dots`](ronghe_cpu::dots) of `vectors[q]` and `items[i]` and, where there are any,
/// `biases[i]` more.
#[derive(Debug)]
pub struct Products<'a> {
    /// Numbers of a vector.
    pub width: usize,
    /// A vector a query.
    pub vectors: Vec<f32>,
    /// A vector an item.
    pub items: &'a [f32],
    /// A number an item, or none.
    pub biases: &'a [f32],
    /// A number an item; 0 where the model knows nothing of it.
    pub known: &'a [f32],
}

/// A fitted model.
pub trait Recommender: Send + Sync {
    /// Number of items.
    fn items(&self) -> usize;

    /// The score of every item; higher is better. `out` has a place for each item. An item that the model knows nothing of
    /// gets negative infinity. A query without user and history gets what the model says of anybody.
    fn scores(&self, query: Query<'_>, out: &mut [f32]);

    /// The same as products of vectors, for models whose scores are that.
    fn products(&self, queries: &[Query<'_>]) -> Option<Products<'_>> {
        let _ = queries;
        None
    }

    /// What each event of the history adds to the score of `item`, exactly, and the constant beside them; `None` for models whose
    /// scores are no such sum.
    fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        let _ = (query, item);
        None
    }

    /// What each feature of `item` adds to its score, exactly, where the score is that of its features: of likeness by content, and of items
    /// without events that a map from features gives their place. `None` for all others.
    fn aspects(&self, query: Query<'_>, item: u32, features: &Features) -> Option<Vec<f32>> {
        let _ = (query, item, features);
        None
    }

    /// How alike every item is to `item`; higher is more. False if the model cannot say.
    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        let _ = (item, out);
        false
    }

    /// How alike `others` are to `item`, as [`similar`](Recommender::similar) has them; `out` has a place for each. False if the model cannot say.
    fn similar_among(&self, item: u32, others: &[u32], out: &mut [f32]) -> bool {
        let mut all = vec![0.0; self.items()];
        let told = self.similar(item, &mut all);
        out.iter_mut().zip(others).for_each(|(out, &other)| *out = all[other as usize]);
        told
    }

    /// Its numbers by name, to be kept in a file: sizes and values.
    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)>;
}

/// A model with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Model {
    /// How often an item was liked.
    Popularity(popularity::Settings),
    /// Neighbours of the liked items.
    ItemKnn(item_knn::Settings),
    /// Walks over items and users.
    #[serde(rename = "rp3beta")]
    Rp3Beta(rp3beta::Settings),
    /// A linear model of each item on all others.
    Ease(ease::Settings),
    /// A sparse one.
    Slim(slim::Settings),
    /// A mix of others.
    Hybrid(hybrid::Settings),
    /// Factors by alternating least squares.
    Ials(ials::Settings),
    /// Factors by pairwise ranking.
    Bpr(bpr::Settings),
    /// Features of items alone.
    Content(content::Settings),
    /// Factors of each domain, and maps between them.
    Emcdr(emcdr::Settings),
    /// What comes next, by attention to the latest items.
    Sequential(sequential::Settings),
}

impl Model {
    /// Whether a hybrid mixes its kind.
    pub(crate) fn mixes(&self) -> bool {
        RECOMMENDERS.iter().any(|entry| entry.mixes && entry.name == self.name())
    }

    /// Its name in [`RECOMMENDERS`].
    pub fn name(&self) -> &'static str {
        match self {
            Model::Popularity(_) => "popularity",
            Model::ItemKnn(_) => "item-knn",
            Model::Rp3Beta(_) => "rp3beta",
            Model::Ease(_) => "ease",
            Model::Slim(_) => "slim",
            Model::Hybrid(_) => "hybrid",
            Model::Ials(_) => "ials",
            Model::Bpr(_) => "bpr",
            Model::Content(_) => "content",
            Model::Emcdr(_) => "emcdr",
            Model::Sequential(_) => "sequential",
        }
    }

    /// Fits it.
    pub fn fit(&self, data: &Training<'_>, progress: Progress<'_>) -> Result<Box<dyn Recommender>> {
        match self {
            Model::Popularity(settings) => Ok(Box::new(popularity::fit(settings, data)?)),
            Model::ItemKnn(settings) => Ok(Box::new(item_knn::fit(settings, data, progress)?)),
            Model::Rp3Beta(settings) => Ok(Box::new(rp3beta::fit(settings, data, progress)?)),
            Model::Ease(settings) => Ok(Box::new(ease::fit(settings, data, progress)?)),
            Model::Slim(settings) => Ok(Box::new(slim::fit(settings, data, progress)?)),
            Model::Hybrid(settings) => Ok(Box::new(hybrid::fit(settings, data, progress)?)),
            Model::Ials(settings) => Ok(Box::new(ials::fit(settings, data, progress)?)),
            Model::Bpr(settings) => Ok(Box::new(bpr::fit(settings, data, progress)?)),
            Model::Content(settings) => content::fit(settings, data, progress),
            Model::Emcdr(settings) => Ok(Box::new(emcdr::fit(settings, data, progress)?)),
            Model::Sequential(settings) => Ok(Box::new(sequential::fit(settings, data, progress)?)),
        }
    }

    /// The fitted model of these numbers, which [`Recommender::tensors`] gave.
    pub fn restore(
        &self,
        tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Box<dyn Recommender>> {
        match self {
            Model::Popularity(_) => Ok(Box::new(popularity::Popularity::restore(tensors)?)),
            Model::ItemKnn(_) | Model::Rp3Beta(_) | Model::Ease(_) | Model::Slim(_) => {
                Ok(Box::new(ItemWeights::restore(tensors)?))
            }
            Model::Hybrid(settings) => Ok(Box::new(hybrid::Hybrid::restore(settings, tensors)?)),
            Model::Ials(settings) => Ok(Box::new(ials::Ials::restore(settings, tensors)?)),
            Model::Bpr(settings) => Ok(Box::new(bpr::Bpr::restore(settings, tensors)?)),
            Model::Content(settings) => content::restore(settings, tensors),
            Model::Emcdr(settings) => Ok(Box::new(emcdr::Emcdr::restore(settings, tensors)?)),
            Model::Sequential(settings) => Ok(Box::new(sequential::Sequential::restore(settings, tensors)?)),
        }
    }
}

/// A kind of model.
#[derive(Debug)]
pub struct Entry {
    /// Name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// With its usual settings.
    pub usual: fn() -> Model,
    /// Settings that are tried, the likelier ones first.
    pub grid: fn() -> Vec<Model>,
    /// Whether a hybrid mixes it: not a hybrid itself, and not what looks at several domains.
    pub mixes: bool,
    /// Whether it asks for events of several domains.
    pub domains: bool,
}

/// Every kind of model.
pub static RECOMMENDERS: &[Entry] = &[
    Entry {
        name: "popularity",
        about: "how often an item was liked, in all events or the last share of them",
        usual: || Model::Popularity(popularity::Settings::default()),
        grid: || popularity::grid().into_iter().map(Model::Popularity).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "item-knn",
        about: "items that the same users like, by cosine or BM25",
        usual: || Model::ItemKnn(item_knn::Settings::default()),
        grid: || item_knn::grid().into_iter().map(Model::ItemKnn).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "rp3beta",
        about: "walks from the liked items over their users to other items, the popular held back",
        usual: || Model::Rp3Beta(rp3beta::Settings::default()),
        grid: || rp3beta::grid().into_iter().map(Model::Rp3Beta).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "ease",
        about: "a linear model of each item on all others, in closed form",
        usual: || Model::Ease(ease::Settings::default()),
        grid: || ease::grid().into_iter().map(Model::Ease).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "slim",
        about: "a sparse linear model of each item on the others, without negative weights",
        usual: || Model::Slim(slim::Settings::default()),
        grid: || slim::grid().into_iter().map(Model::Slim).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "ials",
        about: "factors by alternating least squares, drawn to features of items where there are any",
        usual: || Model::Ials(ials::Settings::default()),
        grid: || ials::grid().into_iter().map(Model::Ials).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "bpr",
        about: "factors by pairwise ranking: what was liked before what was not",
        usual: || Model::Bpr(bpr::Settings::default()),
        grid: || bpr::grid().into_iter().map(Model::Bpr).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "content",
        about: "features of items alone: likeness to what was liked, or a map from features to factors",
        usual: || Model::Content(content::Settings::default()),
        grid: || content::grid().into_iter().map(Model::Content).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "emcdr",
        about: "factors of each domain and maps between them; a user's own events pull away from what other domains say",
        usual: || Model::Emcdr(emcdr::Settings::default()),
        grid: || emcdr::grid().into_iter().map(Model::Emcdr).collect(),
        mixes: false,
        domains: true,
    },
    Entry {
        name: "sequential",
        about: "what comes next, by attention to the latest items (SASRec)",
        usual: || Model::Sequential(sequential::Settings::default()),
        grid: || sequential::grid().into_iter().map(Model::Sequential).collect(),
        mixes: true,
        domains: false,
    },
    Entry {
        name: "hybrid",
        about: "a mix of all others, its weights learnt on the last events",
        usual: || Model::Hybrid(hybrid::Settings::default()),
        grid: || hybrid::grid().into_iter().map(Model::Hybrid).collect(),
        mixes: false,
        domains: false,
    },
];

/// Takes the tensor called `name` out of those of a file.
pub(crate) fn take(
    tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    name: &str,
) -> Result<(Vec<usize>, Vec<f32>)> {
    let (shape, values) = tensors.remove(name).ok_or_else(|| {
        Error::input("a fitted recommender", format!("the tensor `{name}`"), "none", "fit it again")
    })?;
    if shape.iter().product::<usize>() != values.len() {
        let found = format!("{} numbers for {shape:?}", values.len());
        return Err(Error::input(
            "a fitted recommender",
            format!("`{name}` to be whole"),
            found,
            "fit it again",
        ));
    }
    Ok((shape, values))
}
