//! `answers.csv`: `question`, `answer`, `topic` (the file) and `language` (`zh` or `en`). A longer talk gives a row for each
//! two utterances that follow each other; an entry that is no talk (the English trivia has one) gives none.

use super::{names_in, strings, text_of, unlike, write};
use crate::Result;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

const LANGUAGES: [(&str, &str); 2] = [("chinese", "zh"), ("english", "en")];

#[derive(Deserialize)]
struct Talks {
    conversations: Vec<Value>,
}

pub(in super::super) fn make(folder: &Path) -> Result<()> {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for (place, language) in LANGUAGES {
        for name in names_in(&folder.join(place))? {
            let path = folder.join(place).join(&name);
            let talks: Talks = serde_saphyr::from_str(&text_of(&path)?)
                .map_err(|e| unlike(&path, "a list of conversations", &e.to_string()))?;
            let topic = name.split('.').next().unwrap_or(&name);
            for talk in talks.conversations.iter().filter_map(Value::as_array) {
                let talk: Vec<&str> = talk.iter().filter_map(Value::as_str).map(str::trim).collect();
                let pairs = talk.windows(2).map(|two| [two[0], two[1], topic, language]);
                let whole = pairs.filter(|row| row.iter().all(|cell| !cell.is_empty()));
                rows.extend(whole.map(|row| row.map(str::to_owned)));
            }
        }
    }
    let column = |i: usize| strings(rows.iter().map(|row| &row[i]));
    let columns =
        vec![("question", column(0)), ("answer", column(1)), ("topic", column(2)), ("language", column(3))];
    write(&folder.join("answers.csv"), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn each_two_utterances_are_a_row() -> Result<()> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (place, text) in
            [("chinese", "- - 什么是ai\n  - 人工智能\n"), ("english", "- - a\n  - b\n  - c\n- stray\n")]
        {
            fs::create_dir(folder.path().join(place)).expect("a folder");
            let text = format!("categories:\n- AI\nconversations:\n{text}");
            fs::write(folder.path().join(place).join("ai.yml"), text).expect("a file");
        }
        make(folder.path())?;
        let csv = fs::read_to_string(folder.path().join("answers.csv")).expect("the table");
        assert_eq!(csv, "question,answer,topic,language\n什么是ai,人工智能,ai,zh\na,b,ai,en\nb,c,ai,en\n");
        Ok(())
    }
}
