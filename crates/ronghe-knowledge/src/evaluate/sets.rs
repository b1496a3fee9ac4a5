//! Files of questions and texts.
//!
//! * A BEIR folder: `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`), `qrels/SPLIT.tsv` (question, document,
//!   grade; a first line that names them is passed over). Questions without grades in the split are left out.
//! * Questions and answers, a JSON object a line: [`Qa`]. No answers: the question has none in the documents.
//! * Texts and their summaries, a JSON object a line: [`SummaryPair`].
//!
//! Blank lines are passed over; further fields of a line too. A line is at most 16 MiB.

use super::Evidence;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Most bytes of a line.
const LINE: u64 = 16 << 20;

/// Most lines of a file.
const LINES: usize = 50_000_000;

/// A document of a BEIR folder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Passage {
    /// Its name.
    #[serde(rename = "_id")]
    pub id: String,
    /// Title; may be empty.
    #[serde(default)]
    pub title: String,
    /// Text.
    pub text: String,
}

/// A question of a BEIR folder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Query {
    /// Its name.
    #[serde(rename = "_id")]
    pub id: String,
    /// The question.
    pub text: String,
}

/// A BEIR folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Beir {
    /// All documents.
    pub corpus: Vec<Passage>,
    /// The questions that have grades, in the order of their file.
    pub queries: Vec<Query>,
    /// Grades of documents by question; a grade below 0 counts as 0.
    pub grades: BTreeMap<String, HashMap<String, u32>>,
    /// Graded documents that the corpus does not have. They cannot be found and lower the recall.
    pub missing: usize,
}

/// A question and its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Qa {
    /// The question.
    pub question: String,
    /// The answers that are right; none where the documents have none.
    #[serde(alias = "answer", deserialize_with = "one_or_more")]
    pub answers: Vec<String>,
    /// Where the answer stands.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Domain to ask, if only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// A text and summaries of it by people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummaryPair {
    /// The text.
    #[serde(alias = "document", alias = "article")]
    pub text: String,
    /// Its summaries.
    #[serde(alias = "summary", alias = "highlights", deserialize_with = "one_or_more")]
    pub summaries: Vec<String>,
    /// What the summary should be about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// A text, a list of them, or null.
fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Either {
        None(()),
        One(String),
        More(Vec<String>),
    }
    Ok(match Either::deserialize(from)? {
        Either::None(()) => Vec::new(),
        Either::One(one) => vec![one],
        Either::More(more) => more,
    })
}

/// Reads a BEIR folder with the grades of `split`, such as `test`.
pub fn beir(folder: &Path, split: &str) -> Result<Beir> {
    let corpus: Vec<Passage> = json_lines(&folder.join("corpus.jsonl"))?;
    let queries: Vec<Query> = json_lines(&folder.join("queries.jsonl"))?;
    let path = folder.join("qrels").join(format!("{split}.tsv"));
    if !path.is_file() {
        return Err(no_split(folder, split));
    }
    let asked: HashSet<&str> = queries.iter().map(|q| q.id.as_str()).collect();
    let known: HashSet<&str> = corpus.iter().map(|p| p.id.as_str()).collect();
    let mut grades: BTreeMap<String, HashMap<String, u32>> = BTreeMap::new();
    let mut missing = 0;
    lines(&path, |number, line| {
        let bad = |expected: &str, found: &str| {
            Err(input(&path, number, expected.to_owned(), format!("`{found}`")))
        };
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [query, document, grade] = fields[..] else {
            return bad("three fields with tabs between them: question, document, grade", line);
        };
        let grade = match grade.parse::<i64>() {
            Ok(grade) => grade,
            Err(_) if number == 1 => return Ok(()),
            Err(_) => return bad("a whole number as grade", grade),
        };
        if !asked.contains(query) {
            return bad("a question of queries.jsonl", query);
        }
        missing += usize::from(grade > 0 && !known.contains(document));
        let grade = u32::try_from(grade.max(0)).unwrap_or(u32::MAX);
        grades.entry(query.to_owned()).or_default().insert(document.to_owned(), grade);
        Ok(())
    })?;
    let queries = queries.into_iter().filter(|q| grades.contains_key(&q.id)).collect();
    Ok(Beir { corpus, queries, grades, missing })
}

fn no_split(folder: &Path, split: &str) -> Error {
    let names = std::fs::read_dir(folder.join("qrels")).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        entry.file_name().to_str().and_then(|name| name.strip_suffix(".tsv")).map(str::to_owned)
    };
    let mut valid: Vec<String> = names.filter_map(name).collect();
    valid.sort();
    Error::UnknownName {
        place: folder.join("qrels").display().to_string(),
        what: "split",
        name: split.to_owned(),
        valid,
    }
}

/// Reads questions and answers.
pub fn qa(path: &Path) -> Result<Vec<Qa>> {
    json_lines(path)
}

/// Reads texts and summaries.
pub fn summary_pairs(path: &Path) -> Result<Vec<SummaryPair>> {
    json_lines(path)
}

/// A value a line.
fn json_lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let mut found = Vec::new();
    lines(path, |number, line| {
        let value = serde_json::from_str(line).map_err(|e| {
            let expected = "a JSON object with the fields of this file".to_owned();
            input(path, number, expected, e.to_string())
        })?;
        found.push(value);
        Ok(())
    })?;
    Ok(found)
}

fn input(path: &Path, line: usize, expected: String, found: String) -> Error {
    Error::Input { what: format!("{}, line {line}", path.display()), expected, found }
}

/// Calls `each` with the number, from 1, and the text of every line that is not blank.
fn lines(path: &Path, mut each: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
    let mut file = BufReader::new(File::open(path).map_err(Error::io(path))?);
    let mut bytes = Vec::new();
    for number in 1..=LINES {
        bytes.clear();
        let read = file.by_ref().take(LINE + 1).read_until(b'\n', &mut bytes).map_err(Error::io(path))?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 > LINE {
            let expected = format!("a line of at most {LINE} bytes");
            return Err(input(path, number, expected, "a longer one".to_owned()));
        }
        let line = std::str::from_utf8(&bytes)
            .map_err(|e| input(path, number, "UTF-8".to_owned(), e.to_string()))?
            .trim_start_matches('\u{feff}')
            .trim_end_matches(['\r', '\n']);
        if !line.trim().is_empty() {
            each(number, line)?;
        }
    }
    Err(input(path, LINES, format!("at most {LINES} lines"), "more".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(corpus: &str, queries: &str, qrels: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("qrels")).unwrap();
        for (name, text) in [("corpus.jsonl", corpus), ("queries.jsonl", queries), ("qrels/test.tsv", qrels)]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    const CORPUS: &str = "{\"_id\": \"d1\", \"title\": \"猫\", \"text\": \"猫是动物。\", \"metadata\": {}}\n\n{\"_id\": \"d2\", \"text\": \"x\"}\n";
    const QUERIES: &str =
        "{\"_id\": \"q1\", \"text\": \"什么是猫\"}\n{\"_id\": \"q2\", \"text\": \"none\"}\n";

    #[test]
    fn a_beir_folder() {
        let folder =
            folder(CORPUS, QUERIES, "query-id\tcorpus-id\tscore\r\nq1\td1\t2\r\nq1\td2\t-1\nq1\tgone\t1\n");
        let read = beir(folder.path(), "test").unwrap();
        assert_eq!((read.corpus.len(), read.queries.len(), read.missing), (2, 1, 1));
        assert_eq!(read.grades["q1"]["d1"], 2);
        assert_eq!(read.grades["q1"]["d2"], 0);
        let error = beir(folder.path(), "dev").unwrap_err().to_string();
        assert!(error.contains("no split `dev`; there are: test"), "{error}");
    }

    #[test]
    fn errors_say_file_and_line() {
        let said = |corpus: &str, qrels: &str| {
            beir(folder(corpus, QUERIES, qrels).path(), "test").unwrap_err().to_string()
        };
        let error = said("{\"_id\": \"d1\"}\n", "");
        assert!(
            error.contains("corpus.jsonl, line 1: ") && error.contains("missing field `text`"),
            "{error}"
        );
        let error = said(CORPUS, "a\tb\tc\nq1\td1\n");
        assert!(error.contains("test.tsv, line 2: expected three fields"), "{error}");
        let error = said(CORPUS, "q1\td1\t1\nq9\td1\t1\n");
        assert!(error.contains("line 2: expected a question of queries.jsonl, found `q9`"), "{error}");
        let error = said(CORPUS, "q1\td1\t1\nq1\td1\tx\n");
        assert!(error.contains("expected a whole number as grade, found `x`"), "{error}");
    }

    #[test]
    fn questions_and_summaries() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "{\"question\": \"q\", \"answer\": \"a\", \"evidence\": [{\"path\": \"p\", \"span\": {\"start\": 1, \"end\": 2}}]}
{\"question\": \"没有\", \"answers\": []}
{\"question\": \"r\", \"answers\": [\"a\", \"b\"], \"domain\": \"law\"}
";
        std::fs::write(file.path(), text).unwrap();
        let read = qa(file.path()).unwrap();
        assert_eq!(read.iter().map(|q| q.answers.len()).collect::<Vec<_>>(), [1, 0, 2]);
        assert_eq!(read[0].evidence[0].span.as_ref().map(|s| s.end), Some(2));
        std::fs::write(file.path(), "{\"document\": \"t\", \"summary\": \"s\"}\n{\"text\": \"t\"}\n")
            .unwrap();
        let error = summary_pairs(file.path()).unwrap_err().to_string();
        assert!(error.contains("line 2: ") && error.contains("missing field `summaries`"), "{error}");
        std::fs::write(file.path(), b"{\"text\": \"\xff\"}\n").unwrap();
        assert!(summary_pairs(file.path()).unwrap_err().to_string().contains("line 1: expected UTF-8"));
    }
}
