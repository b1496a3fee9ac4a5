//! One table a set, `imagenet.csv`, `cifar10.csv` and so on: `image` and `label`, `class_N` with the number that stands
//! before the ending of the file's name (a word, for a number would be read as a quantity).

use super::{names_in, strings, write};
use crate::Result;
use std::path::Path;

const SETS: [&str; 5] = ["cifar10", "cifar100", "fashion-mnist", "imagenet", "mnist"];

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    for set in SETS {
        let names = names_in(&folder.join(set))?;
        let image = strings(names.iter().map(|name| format!("{set}/{name}")));
        let label = strings(names.iter().map(|name| format!("class_{}", class(name))));
        write(&folder.join(format!("{set}.csv")), vec![("image", image), ("label", label)])?;
    }
    Ok(())
}

fn class(name: &str) -> &str {
    let stem = name.split('.').next().unwrap_or(name);
    stem.rsplit('_').next().unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_class_is_the_last_number() {
        assert_eq!(super::class("imagenet_00_243.jpg"), "243");
    }
}
