//! `reviews.csv`: `text` and `label` (`positive` or `negative`), a review a row.
//!
//! Half of the raw lines repeat another one, and 48 texts stand in both files. A repeated text would be learned in training
//! and met again in the test, so each text is kept once, and those with both labels are left out.

use super::{strings, text_of, write};
use crate::Result;
use std::collections::BTreeSet;
use std::path::Path;

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    let (good, bad) = (text_of(&folder.join("pos.txt"))?, text_of(&folder.join("neg.txt"))?);
    let (good, bad) = (distinct(&good), distinct(&bad));
    let [in_good, in_bad] = [&good, &bad].map(|lines| lines.iter().copied().collect::<BTreeSet<&str>>());
    let good = good.iter().filter(|line| !in_bad.contains(**line)).map(|line| (*line, "positive"));
    let bad = bad.iter().filter(|line| !in_good.contains(**line)).map(|line| (*line, "negative"));
    let (texts, labels): (Vec<&str>, Vec<&str>) = good.chain(bad).unzip();
    write(&folder.join("reviews.csv"), vec![("text", strings(texts)), ("label", strings(labels))])
}

/// Lines that hold something, each once, in the order they first stand in.
fn distinct(text: &str) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let lines = text.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'));
    lines.filter(|line| !line.is_empty() && seen.insert(*line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn texts_stand_once_and_contradictions_not_at_all() -> Result<()> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("pos.txt"), "很好，\"推荐\"\n一般\n\n很好，\"推荐\"\r\n")
            .expect("a file");
        fs::write(folder.path().join("neg.txt"), "一般\n太差\n").expect("a file");
        make(folder.path())?;
        let csv = fs::read_to_string(folder.path().join("reviews.csv")).expect("the table");
        assert_eq!(csv, "text,label\n\"很好，\"\"推荐\"\"\",positive\n太差,negative\n");
        Ok(())
    }
}
