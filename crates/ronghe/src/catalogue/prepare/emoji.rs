//! `emoji.csv`: a picture, words and columns of every emoji; the target is its category.
//!
//! | column | what |
//! |---|---|
//! | `image` | picture of 64 x 64 |
//! | `description` | name in lower case, then its keywords |
//! | `added_in` | version of Unicode's emoji that brought it |
//! | `length` | code points it is made of |
//! | `skin_tones` | whether it comes in colours of skin |
//! | `docomo`, `au`, `softbank` | whether that Japanese carrier had it before Unicode did |
//! | `category` | one of 9 |
//!
//! Left out: `subcategory` and `sort_order`, which follow from the category, the code points themselves, which lie in
//! blocks by category, and the five entries of the category `Component` (colours of skin alone), too few to learn from.

use super::{strings, text_of, unlike, write};
use crate::Result;
use arrow_array::{ArrayRef, BooleanArray, Float64Array};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

#[derive(Deserialize)]
struct Entry {
    name: String,
    unified: String,
    image: String,
    short_names: Vec<String>,
    category: String,
    added_in: String,
    docomo: Option<String>,
    au: Option<String>,
    softbank: Option<String>,
    #[serde(default)]
    skin_variations: Map<String, Value>,
}

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    let path = folder.join("emoji.json");
    let all: Vec<Entry> = serde_json::from_str(&text_of(&path)?)
        .map_err(|e| unlike(&path, "a list of emoji", &ronghe_data::plain::json(&e)))?;
    let entries: Vec<&Entry> = all.iter().filter(|e| e.category != "Component").collect();
    let flags = |flag: fn(&Entry) -> bool| -> ArrayRef {
        Arc::new(entries.iter().map(|e| Some(flag(e))).collect::<BooleanArray>())
    };
    let added = entries.iter().map(|e| e.added_in.parse::<f64>().ok()).collect::<Float64Array>();
    let points = entries.iter().map(|e| Some(e.unified.split('-').count() as f64)).collect::<Float64Array>();
    write(
        &folder.join("emoji.csv"),
        vec![
            ("image", strings(entries.iter().map(|e| format!("img/{}", e.image)))),
            ("description", strings(entries.iter().map(|e| description(e)))),
            ("added_in", Arc::new(added)),
            ("length", Arc::new(points)),
            ("skin_tones", flags(|e| !e.skin_variations.is_empty())),
            ("docomo", flags(|e| e.docomo.is_some())),
            ("au", flags(|e| e.au.is_some())),
            ("softbank", flags(|e| e.softbank.is_some())),
            ("category", strings(entries.iter().map(|e| &e.category))),
        ],
    )
}

fn description(entry: &Entry) -> String {
    let words: Vec<String> = entry.short_names.iter().map(|n| n.replace(['_', '-'], " ")).collect();
    format!("{}: {}", entry.name.to_lowercase(), words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_entry_becomes_a_row_and_components_do_not() -> Result<()> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let json = r#"[
            {"name": "RUNNER", "unified": "1F3C3-200D", "image": "r.png", "short_names": ["runner", "man-running"],
             "category": "People & Body", "subcategory": "person-activity", "sort_order": 442, "added_in": "0.6",
             "docomo": "E733", "au": null, "softbank": "E115", "skin_variations": {"1F3FB": {}}},
            {"name": "TONE", "unified": "1", "image": "t.png", "short_names": ["tone"], "category": "Component",
             "added_in": "1.0", "docomo": null, "au": null, "softbank": null}]"#;
        fs::write(folder.path().join("emoji.json"), json).expect("a file");
        make(folder.path())?;
        let csv = fs::read_to_string(folder.path().join("emoji.csv")).expect("the table");
        assert_eq!(
            csv,
            "image,description,added_in,length,skin_tones,docomo,au,softbank,category\n\
             img/r.png,\"runner: runner, man running\",0.6,2,true,true,false,true,People & Body\n"
        );
        Ok(())
    }
}
