//! `sounds.csv`: `audio` and `label`, the kind of sound that stands before the first `_` of the file's name. Kinds with
//! fewer than [`FEWEST`] files are left out.

use super::{names_in, strings, write};
use crate::Result;
use std::collections::BTreeMap;
use std::path::Path;

const FEWEST: usize = 4;

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    let names = names_in(&folder.join("samples"))?;
    let kind = |name: &str| name.split('_').next().unwrap_or(name).to_owned();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    names.iter().for_each(|name| *counts.entry(kind(name)).or_default() += 1);
    let kept: Vec<&String> = names.iter().filter(|name| counts[&kind(name)] >= FEWEST).collect();
    let audio = strings(kept.iter().map(|name| format!("samples/{name}")));
    let labels = strings(kept.iter().map(|name| kind(name)));
    write(&folder.join("sounds.csv"), vec![("audio", audio), ("label", labels)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn kinds_come_from_names_and_rare_ones_go() -> Result<()> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("samples")).expect("a folder");
        for name in ["hat_a_b.flac", "hat_b.flac", "hat_c.flac", "hat_d.flac", "crow_a.flac"] {
            fs::write(folder.path().join("samples").join(name), "").expect("a file");
        }
        make(folder.path())?;
        let csv = fs::read_to_string(folder.path().join("sounds.csv")).expect("the table");
        assert!(csv.starts_with("audio,label\nsamples/hat_a_b.flac,hat\n"), "{csv}");
        assert_eq!(csv.lines().count(), 5);
        Ok(())
    }
}
