//! `newsgroups.csv`: `text`, `label` (the newsgroup) and `split` (`train` or `test`, by date as published).
//!
//! The raw tables have two columns separated by tabs and three lines of header; no cell is quoted. All posts are kept, as
//! published; seven texts stand in both parts.

use super::{strings, text_of, unlike, write};
use crate::Result;
use std::path::Path;

const HEADER_LINES: usize = 3;

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    let (mut texts, mut labels, mut splits) = (Vec::new(), Vec::new(), Vec::new());
    let parts =
        [("train", text_of(&folder.join("train.tab"))?), ("test", text_of(&folder.join("test.tab"))?)];
    for (split, raw) in &parts {
        for (i, line) in
            raw.lines().enumerate().skip(HEADER_LINES).filter(|(_, line)| !line.trim().is_empty())
        {
            let Some((label, text)) = line.split_once('\t') else {
                let path = folder.join(format!("{split}.tab"));
                return Err(unlike(&path, "two columns", &format!("line {}", i + 1)));
            };
            texts.push(text.trim());
            labels.push(label);
            splits.push(*split);
        }
    }
    let columns = vec![("text", strings(texts)), ("label", strings(labels)), ("split", strings(splits))];
    write(&folder.join("newsgroups.csv"), columns)
}
