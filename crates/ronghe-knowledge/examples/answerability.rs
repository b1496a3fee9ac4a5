//! What is known of the sentences looked at for questions whose answers are known: `cargo run --release -p ronghe-knowledge --example
//! answerability -- CACHE NETWORK STORE QUESTIONS.tsv [STORE QUESTIONS.tsv ...] > FEATURES.csv`
//!
//! Lines of QUESTIONS: the question, the file that answers, the text of its section (versus/knowledge/headings.py makes such); or
//! the question and what the answer holds, `-` for none. NETWORK: none, minilm or e5. A question with a file is asked a second
//! time with that file hidden, so that nothing answers it. Columns: set, question, hidden, right, then the features, empty where unknown.
#![allow(clippy::print_stdout)]

use ronghe_knowledge::ask::{Options, looked_at};
use ronghe_knowledge::store::{Filter, FolderStore, Store};
use ronghe_knowledge::vectors::TextVectors;
use ronghe_knowledge::{Citation, Embed};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (Some(cache), Some(name)) = (args.first(), args.get(1)) else {
        return Err("CACHE NETWORK STORE QUESTIONS ...".into());
    };
    let cache = ronghe::catalogue::Cache::open(Path::new(cache));
    let network = match name.as_str() {
        "none" => None,
        name => Some(TextVectors::open(name, &|file| cache.find(file), 0)?),
    };
    let embed = network.as_ref().map(|n| n as &dyn Embed);
    for pair in args[2..].chunks_exact(2) {
        let store = FolderStore::open(Path::new(&pair[0]))?;
        for (q, line) in std::fs::read_to_string(&pair[1])?.lines().enumerate() {
            let cells: Vec<&str> = line.split('\t').collect();
            let hides = if cells.len() > 2 { vec![false, true] } else { vec![false] };
            for hidden in hides {
                let mut filter = Filter::default();
                for id in store.documents(&Filter::default())?.into_iter().filter(|_| hidden) {
                    if store.document(id)?.is_some_and(|d| d.path.ends_with(cells[1])) {
                        filter.without.push(id);
                    }
                }
                let options = Options { filter, ..Options::default() };
                for (features, citation) in looked_at(&store, embed, cells[0], &options)? {
                    let right = !hidden && is_right(&citation, &cells);
                    let numbers = features.numbers().map(|x| x.map_or(String::new(), |x| format!("{x:.5}")));
                    println!(
                        "{},{q},{},{},{},{}",
                        pair[1],
                        u8::from(hidden),
                        u8::from(right),
                        features.score(),
                        numbers.join(",")
                    );
                }
            }
        }
    }
    Ok(())
}

/// Whether a sentence is of the section, or holds the answer.
fn is_right(citation: &Citation, cells: &[&str]) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    match cells {
        [_, answer] => *answer != "-" && citation.quote.contains(answer),
        [_, file, section, ..] => {
            citation.path.ends_with(file) && letters(section).contains(&letters(&citation.quote))
        }
        _ => false,
    }
}
