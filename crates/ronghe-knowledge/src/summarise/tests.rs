//! Whole summaries.

use super::*;
use crate::document::{BlockKind, Document, Place};

fn source(path: &str, domain: &str, blocks: &[(BlockKind, &str)]) -> Source {
    let mut document = Document { title: Some(format!("Title of {path}")), ..Document::default() };
    for (kind, text) in blocks {
        document.push(*kind, text, Place { page: Some(2), ..Place::default() });
    }
    Source { path: path.to_owned(), title: None, domain: domain.to_owned(), document }
}

fn paragraph(path: &str, domain: &str, text: &str) -> Source {
    source(path, domain, &[(BlockKind::Heading(1), "Above"), (BlockKind::Paragraph, text)])
}

const CATS: &str = "Cats are small hunters that live with people. Most cats hunt mice and birds at night. \
    The hunters sleep through most of the day. People keep cats because cats hunt mice. \
    A train left the station at noon. People gave the hunters names a long time ago.";

const MOON: &str = "月球是地球唯一的天然卫星。月球绕地球一周约需二十七天。地球上的潮汐主要由月球引起。\
    昨天的晚饭非常好吃。人类在一九六九年首次登上月球。月球表面布满了撞击坑。";

/// Vectors by the letters of a text: no meaning, but texts alike lie near.
struct Letters;

impl Embed for Letters {
    fn name(&self) -> &str {
        "letters"
    }

    fn width(&self) -> usize {
        64
    }

    fn embed(&self, texts: &[&str], _: Role) -> Result<Vec<f32>> {
        let mut values = vec![0.0; texts.len() * 64];
        for (i, text) in texts.iter().enumerate() {
            for pair in text.chars().collect::<Vec<_>>().windows(2) {
                values[i * 64 + (pair[0] as usize * 31 + pair[1] as usize) % 64] += 1.0;
            }
        }
        Ok(values)
    }
}

fn options(sentences: usize, method: Method) -> Options {
    Options { length: Length::Sentences(sentences), method, ..Options::default() }
}

fn check(sources: &[Source], summary: &Summary) {
    let mut last = None;
    for picked in &summary.sentences {
        let citation = &picked.citation;
        let place = sources.iter().position(|s| s.path == citation.path).unwrap();
        let text = &sources[place].document.text;
        assert_eq!(citation.quote.as_bytes(), &text.as_bytes()[citation.span.start..citation.span.end]);
        assert!(last < Some((place, citation.span.start)), "by document, then place");
        last = Some((place, citation.span.start));
        assert!(picked.score >= 0.0 && picked.score <= 1.0);
    }
}

#[test]
fn every_method_quotes_byte_for_byte() {
    let sources = [paragraph("cats", "animals", CATS), paragraph("moon", "sky", MOON)];
    for (_, method) in Method::ALL {
        let summary = summarise(&sources, &options(4, method), Some(&Letters)).unwrap();
        check(&sources, &summary);
        assert_eq!(summary.sentences.len(), 4);
        let heard = |path: &str| summary.sentences.iter().any(|p| p.citation.path == path);
        assert!(heard("cats") && heard("moon"), "{method:?}");
        let first = &summary.sentences[0].citation;
        assert_eq!((first.place.page, &first.headings[..]), (Some(2), &["Above".to_owned()][..]));
        assert_eq!(first.title.as_deref(), Some("Title of cats"));
        assert_eq!((summary.report.sentences_in, summary.report.skipped), (12, 0));
        let scores = summary.report.scores;
        assert!(scores.coverage > 0.2 && scores.compression < 0.6 && scores.redundancy < 0.8, "{scores:?}");
        if method == Method::Lead {
            assert_eq!(scores, summary.report.lead);
        }
    }
}

#[test]
fn what_has_nothing_to_do_with_the_rest_is_left_out() {
    for (text, aside) in [(CATS, "train"), (MOON, "晚饭")] {
        let sources = [paragraph("p", "d", text)];
        let summary = summarise(&sources, &options(4, Method::Lexical), None).unwrap();
        assert!(!summary.text().contains(aside), "{}", summary.text());
    }
}

#[test]
fn a_query_decides() {
    let sources = [paragraph("cats", "animals", CATS), paragraph("moon", "sky", MOON)];
    for (query, expected) in [
        ("When did the train leave?", "A train left the station at noon."),
        ("月球和潮汐", "地球上的潮汐主要由月球引起。"),
    ] {
        let options = Options { query: Some(query.to_owned()), ..options(1, Method::Lexical) };
        let summary = summarise(&sources, &options, None).unwrap();
        assert_eq!(summary.sentences[0].citation.quote, expected);
    }
}

#[test]
fn documents_are_kept_apart_in_the_text() {
    let sources = [paragraph("cats", "animals", CATS), paragraph("moon", "sky", MOON)];
    let text = summarise(&sources, &options(2, Method::Lead), None).unwrap().text();
    assert_eq!(
        text,
        "Title of cats (cats):\nCats are small hunters that live with people. [1]\n\n\
         Title of moon (moon):\n月球是地球唯一的天然卫星。 [2]\n"
    );
    let text = summarise(&sources[..1], &options(1, Method::Lead), None).unwrap().text();
    assert_eq!(text, "Cats are small hunters that live with people. [1]\n");
}

#[test]
fn errors_say_what_is_wrong() {
    let said =
        |sources: &[Source], options: &Options| summarise(sources, options, None).unwrap_err().to_string();
    assert_eq!(
        said(&[], &options(3, Method::Auto)),
        "texts to summarise: expected at least one sentence, found none in 0 documents"
    );
    let sources = [paragraph("cats", "animals", CATS)];
    assert!(said(&sources, &options(3, Method::Vectors)).starts_with("method vectors: expected a model"));
    assert!(said(&sources, &options(0, Method::Auto)).contains("at least one sentence, found 0"));
}

#[test]
fn a_wrong_number_of_numbers_is_an_error() {
    struct Short;
    impl Embed for Short {
        fn name(&self) -> &str {
            "short"
        }
        fn width(&self) -> usize {
            4
        }
        fn embed(&self, _: &[&str], _: Role) -> Result<Vec<f32>> {
            Ok(vec![1.0; 3])
        }
    }
    let sources = [paragraph("cats", "animals", CATS)];
    let said = summarise(&sources, &options(3, Method::Auto), Some(&Short)).unwrap_err().to_string();
    assert_eq!(said, "vectors of short: expected 6 x 4 numbers, found 3 numbers");
}

#[test]
fn threads_change_nothing() {
    let words: Vec<&str> = CATS.split(' ').collect();
    let sentence = |i: usize| {
        let some: Vec<&str> = (0..9).map(|j| words[(i * 7 + j * j * 3 + i / 5 * j) % words.len()]).collect();
        format!("Then word{i} and {} came.", some.join(" ").replace('.', ""))
    };
    let text: Vec<String> = (0..3_000).map(sentence).collect();
    let sources =
        [paragraph("a", "d", &text[..2_000].join(" ")), paragraph("b", "e", &text[2_000..].join(" "))];
    let run = |threads: usize, method: Method| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| summarise(&sources, &options(20, method), Some(&Letters)).unwrap())
    };
    for method in [Method::Lexical, Method::Vectors] {
        assert_eq!(run(1, method), run(3, method));
    }
}

#[test]
fn documents_of_a_strange_shape_are_no_trouble() {
    let mut broken = paragraph("cats", "animals", CATS);
    broken.document.blocks[1].range = 3..9_999;
    assert!(summarise(std::slice::from_ref(&broken), &options(1, Method::Auto), None).is_err());
    let mut bare = paragraph("moon", "sky", MOON);
    bare.document.blocks.clear();
    let sources = [broken, bare];
    let summary = summarise(&sources, &options(2, Method::Auto), Some(&Letters)).unwrap();
    assert!(summary.sentences.iter().all(|p| p.citation.path == "moon"));
    check(&sources, &summary);
}
