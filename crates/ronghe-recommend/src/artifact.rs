//! A fitted recommender: a folder of plain files, as models are.
//!
//! | file | what |
//! |---|---|
//! | `recommender.json` | format version, the model with its settings, the seed, what was read of the table |
//! | `recommender.safetensors` | the numbers of the model |
//! | `names.json` | users, items, domains, and the domain of each item |
//! | `events.bin` | the events, 20 bytes each, little-endian: user u32, item u32, weight f32, milliseconds i64 |
//! | `items.json` | what is known of the items, where a table of them was given |
//! | `content.json`, `content.safetensors` | names of the items' features and how texts became vectors; the features |
//! | `hashes.json` | sha256 of every file above; checked when it is opened, and written last |

use crate::content::{Content, Part, TextBy};
use crate::serve::Serving;
use crate::{Error, Event, Features, Ids, Interactions, Items, Model, Recommender, Result};
use ronghe_data::plain;
use ronghe_graph::weights::{safetensors, write_atomic};
use ronghe_graph::{Tensor, Weights};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Version of the folder's format. A program reads its own and older ones.
pub const FORMAT_VERSION: u32 = 1;

const EVENT_BYTES: usize = 20;

/// A fitted recommender with all that it needs to answer.
pub struct Fitted {
    /// The model and its settings.
    pub model: Model,
    /// The fitted model.
    pub recommender: Box<dyn Recommender>,
    /// The events that it was fitted on, with all names.
    pub interactions: Interactions,
    /// What is known of the items.
    pub items: Option<Items>,
    /// Features of the items that it was fitted with.
    pub content: Option<Content>,
    /// What decided everything random.
    pub seed: u64,
    /// What else is to be known of the fit: roles of columns, threshold, figures.
    pub notes: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Head {
    format_version: u32,
    ronghe_version: String,
    #[serde(flatten)]
    model: Model,
    seed: u64,
    timed: bool,
    notes: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Names {
    users: Vec<String>,
    items: Vec<String>,
    domains: Vec<String>,
    domain_of: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct Described {
    names: Vec<String>,
    text: Option<(TextBy, Part)>,
    vectors: Vec<Part>,
}

impl Fitted {
    /// Saves it into `folder`, which is made.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let of = &self.interactions;
        let head = Head {
            format_version: FORMAT_VERSION,
            ronghe_version: env!("CARGO_PKG_VERSION").into(),
            model: self.model.clone(),
            seed: self.seed,
            timed: of.timed,
            notes: self.notes.clone(),
        };
        let names = Names {
            users: of.users.names().to_vec(),
            items: of.items.names().to_vec(),
            domains: of.domains.names().to_vec(),
            domain_of: of.domain_of.clone(),
        };
        let mut weights = Weights::new();
        for (name, (shape, values)) in self.recommender.tensors() {
            let tensor = Tensor::f32(&shape, values).map_err(|e| odd(folder, &e.to_string()))?;
            weights.insert(&name, tensor, false);
        }
        let mut events = Vec::with_capacity(of.events.len() * EVENT_BYTES);
        for e in &of.events {
            events.extend_from_slice(&e.user.to_le_bytes());
            events.extend_from_slice(&e.item.to_le_bytes());
            events.extend_from_slice(&e.weight.to_le_bytes());
            events.extend_from_slice(&e.time.to_le_bytes());
        }
        let mut files = BTreeMap::from([
            ("recommender.json", json(folder, &head)?),
            ("names.json", json(folder, &names)?),
            ("recommender.safetensors", safetensors::write(&weights, &BTreeMap::new())),
            ("events.bin", events),
        ]);
        if let Some(items) = &self.items {
            files.insert("items.json", json(folder, items)?);
        }
        if let Some(content) = &self.content {
            let Features { width, values, names } = &content.features;
            let Content { text, vectors, .. } = content;
            let described = Described { names: names.clone(), text: text.clone(), vectors: vectors.clone() };
            files.insert("content.json", json(folder, &described)?);
            let tensor = Tensor::f32(&[values.len() / width.max(&1), *width], values.clone());
            let mut weights = Weights::new();
            weights.insert("features", tensor.map_err(|e| odd(folder, &e.to_string()))?, false);
            files.insert("content.safetensors", safetensors::write(&weights, &BTreeMap::new()));
        }
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        let write = |name: &str, bytes: &[u8]| {
            write_atomic(&folder.join(name), bytes).map_err(|e| odd(&folder.join(name), &e.to_string()))
        };
        let hashes: BTreeMap<&str, String> =
            files.iter().map(|(name, bytes)| (*name, sha256(bytes))).collect();
        // Without it a folder is no recommender: what was there before ends with this.
        let _ = std::fs::remove_file(folder.join("hashes.json"));
        files.iter().try_for_each(|(name, bytes)| write(name, bytes))?;
        write("hashes.json", &json(folder, &hashes)?)
    }

    /// Opens the folder, checking every hash.
    pub fn open(folder: &Path) -> Result<Fitted> {
        let hashes: BTreeMap<String, String> =
            parse(&folder.join("hashes.json"), &read(&folder.join("hashes.json"))?)?;
        let file = |name: &str| -> Result<Option<Vec<u8>>> {
            let Some(expected) = hashes.get(name) else { return Ok(None) };
            let path = folder.join(name);
            let bytes = read(&path)?;
            if sha256(&bytes) == *expected {
                Ok(Some(bytes))
            } else {
                Err(odd(&path, "bytes that were changed"))
            }
        };
        let needed = |name: &str| file(name)?.ok_or_else(|| odd(&folder.join(name), "nothing"));
        let place = folder.join("recommender.json");
        let bytes = needed("recommender.json")?;
        let version: serde_json::Value = parse(&place, &bytes)?;
        let version = version.get("format_version").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if version == 0 || version > u64::from(FORMAT_VERSION) {
            return Err(odd(&place, &format!("format version {version}, of a newer ronghe")));
        }
        let head: Head = parse(&place, &bytes)?;
        let names: Names = parse(&folder.join("names.json"), &needed("names.json")?)?;
        let mut tensors =
            tensors_of(&folder.join("recommender.safetensors"), &needed("recommender.safetensors")?)?;
        let place = folder.join("items.json");
        let items: Option<Items> = file("items.json")?.map(|bytes| parse(&place, &bytes)).transpose()?;
        let content = match file("content.json")? {
            None => None,
            Some(bytes) => {
                let described: Described = parse(&folder.join("content.json"), &bytes)?;
                let place = folder.join("content.safetensors");
                let mut found = tensors_of(&place, &needed("content.safetensors")?)?;
                let (shape, values) = crate::model::take(&mut found, "features")?;
                let width = described.names.len();
                let parts = described.text.iter().map(|(_, part)| part).chain(&described.vectors);
                let mut ends = parts.map(|part| part.start.saturating_add(part.width));
                if shape != [names.items.len(), width] || ends.any(|end| end > width) {
                    return Err(odd(&place, &format!("features of the sizes {shape:?}")));
                }
                let features = Features { width, values, names: described.names };
                Some(Content { features, text: described.text, vectors: described.vectors })
            }
        };
        let mut items_found = Ids::default();
        names.items.iter().for_each(|name| {
            items_found.push(name);
        });
        let interactions = Interactions {
            users: names.users.iter().collect(),
            items: items_found,
            domains: names.domains.iter().collect(),
            domain_of: names.domain_of,
            events: events(&needed("events.bin")?),
            timed: head.timed,
        };
        let recommender = head.model.restore(&mut tensors)?;
        let (users, count) = (interactions.users.len(), interactions.items.len());
        let inside = |e: &Event| (e.user as usize) < users && (e.item as usize) < count;
        if recommender.items() != count
            || interactions.domain_of.len() != count
            || items.as_ref().is_some_and(|t| t.rows.len() != count)
            || !interactions.events.iter().all(inside)
        {
            return Err(odd(folder, "files that do not belong together"));
        }
        let Head { model, seed, notes, .. } = head;
        Ok(Fitted { model, recommender, interactions, items, content, seed, notes })
    }

    /// What answers from it.
    pub fn serving(&self) -> Result<Serving<'_>> {
        Serving::new(self.recommender.as_ref(), &self.interactions, &self.interactions.events)
    }
}

fn events(bytes: &[u8]) -> Vec<Event> {
    let (events, _) = bytes.as_chunks::<EVENT_BYTES>();
    let four = |e: &[u8; EVENT_BYTES], at: usize| [e[at], e[at + 1], e[at + 2], e[at + 3]];
    let event = |e: &[u8; EVENT_BYTES]| Event {
        user: u32::from_le_bytes(four(e, 0)),
        item: u32::from_le_bytes(four(e, 4)),
        weight: f32::from_le_bytes(four(e, 8)),
        time: i64::from(u32::from_le_bytes(four(e, 12))) | i64::from(i32::from_le_bytes(four(e, 16))) << 32,
    };
    events.iter().map(event).collect()
}

/// Sizes and numbers by name.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn tensors_of(path: &Path, bytes: &[u8]) -> Result<Tensors> {
    let weights = safetensors::read(&path.to_string_lossy(), bytes).map_err(|e| odd(path, &e.to_string()))?;
    let tensor = |p: &Tensor| (p.shape().to_vec(), p.as_f32().to_vec());
    Ok(weights.iter().map(|(name, p)| (name.to_owned(), tensor(&p.tensor))).collect())
}

fn odd(path: &Path, found: &str) -> Error {
    Error::input(
        path.display().to_string(),
        "a file of a fitted recommender",
        found,
        "name the folder that `recommend fit` wrote, and copy it whole",
    )
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => odd(path, "nothing"),
        _ => Error::io(path, e),
    })
}

fn json<T: Serialize>(folder: &Path, value: &T) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| odd(folder, &plain::json(&e)))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|e| odd(path, &plain::json(&e)))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Encoders;
    use crate::models::popularity;
    use crate::{ItemColumn, Training};
    use ronghe_data::Kind;

    fn fitted() -> Fitted {
        let mut of = Interactions {
            users: ["a", "b"].iter().collect(),
            items: ["x", "y", "z"].iter().collect(),
            domains: [""].iter().collect(),
            domain_of: vec![0; 3],
            events: vec![
                Event { user: 0, item: 1, weight: 1.0, time: -5 },
                Event { user: 1, item: 1, weight: 1.0, time: 1 << 40 },
                Event { user: 1, item: 2, weight: -1.0, time: 7 },
            ],
            timed: true,
        };
        of.sort();
        let liked = of.matrix(&of.events);
        let model = Model::Popularity(popularity::Settings::default());
        let data =
            Training { liked: &liked, events: &of.events, of: &of, features: None, seed: 1, threads: 1 };
        let recommender = model.fit(&data, &|_, _| true).unwrap();
        let column = ItemColumn { name: "title".into(), kind: Kind::Text };
        let rows = ["红 酒", "red wine", "红 茶"].map(|title| vec![Some(title.to_owned())]).to_vec();
        let items = Items { columns: vec![column], rows, ..Items::default() };
        let content = Content::of(&items, &Encoders::default()).unwrap();
        Fitted {
            model,
            recommender,
            interactions: of,
            items: Some(items),
            content,
            seed: 1,
            notes: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_folder_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let saved = fitted();
        saved.save(folder.path()).unwrap();
        let opened = Fitted::open(folder.path()).unwrap();
        assert_eq!(opened.interactions.events, saved.interactions.events);
        assert_eq!(opened.model, saved.model);
        assert_eq!(opened.serving().unwrap().history(1), [(1, 1.0)]);
        let mut scores = [0.0; 3];
        opened.recommender.scores(crate::Query::default(), &mut scores);
        assert_eq!(scores, [0.0, 2.0, 0.0]);
        assert_eq!(opened.items, saved.items);
        let (found, expected) = (opened.content.unwrap(), saved.content.unwrap());
        assert_eq!((found.features, found.text), (expected.features, expected.text));
    }

    #[test]
    fn changed_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fitted().save(folder.path()).unwrap();
        let path = folder.path().join("events.bin");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = Fitted::open(folder.path()).err().unwrap().to_string();
        assert!(
            error.contains(
                "events.bin: expected a file of a fitted recommender, found bytes that were changed"
            ),
            "{error}"
        );
    }
}
