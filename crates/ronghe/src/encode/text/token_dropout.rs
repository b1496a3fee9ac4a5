//! Token dropout: tokens of training texts left out at random, drawn anew each time a row is used.
//!
//! Each token between the marks at the ends goes with the given chance, independently; if all would go, one of them stays,
//! drawn evenly. A transformer that was trained with a mask token (`[MASK]` of BERT, `<mask>` of XLM-RoBERTa) sees that in
//! its place, as in its own training; for others the text becomes shorter, and so it does for a bag of n-grams, whose
//! scales are divided by their L2 norm again. `O(tokens)`. Sources: Devlin et al. 2019 (masking), Iyyer et al. 2015 (word
//! dropout).

use crate::Result;
use crate::encode::{EncoderSpec, Field, Prepared, params, row_streams};
use rayon::prelude::*;
use ronghe_graph::SplitMix;
use tokenizers::Tokenizer;

/// Names of the mask token.
const MASKS: [&str; 2] = ["[MASK]", "<mask>"];

/// Greatest chance.
const MOST: f64 = 0.5;

/// Refuses a chance that leaves too little of a text.
pub(super) fn check(spec: &EncoderSpec, chance: f64) -> Result<()> {
    params::within(spec, "token_dropout", chance, 0.0..=MOST)
}

/// What a tokenizer puts around a text, and in place of its tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Marks {
    /// Marks before and after a text.
    ends: [usize; 2],
    mask: Option<i32>,
}

impl Marks {
    /// Those of a tokenizer, whose ids count only below `vocabulary`.
    pub(super) fn of(tokenizer: &Tokenizer, vocabulary: usize) -> tokenizers::Result<Marks> {
        let encoding = tokenizer.encode("a 1 的", true)?;
        let mark = encoding.get_special_tokens_mask();
        let before = mark.iter().take_while(|&&m| m == 1).count();
        let after = mark[before..].iter().rev().take_while(|&&m| m == 1).count();
        let known = |id: &u32| (*id as usize) < vocabulary;
        let mask = MASKS.iter().find_map(|name| tokenizer.token_to_id(name)).filter(known);
        Ok(Marks { ends: [before, after], mask: mask.and_then(|id| i32::try_from(id).ok()) })
    }

    /// Drops tokens of the `ids` of a batch; its other fields, an entry a token, are shortened to match.
    pub(super) fn drop_tokens(&self, chance: f64, rows: &mut Prepared, stream: &mut SplitMix) {
        let streams = row_streams(rows.rows(), stream);
        let Some(Field::Ids { rows: ids, .. }) = rows.fields.get_mut("ids") else { return };
        ids.par_iter_mut().zip(streams).for_each(|(ids, mut stream)| {
            let [before, after] = self.ends;
            let end = ids.len().saturating_sub(after);
            let dropped = draw(end.saturating_sub(before), chance, &mut stream);
            match self.mask {
                Some(mask) => {
                    let tokens = ids.iter_mut().skip(before).zip(dropped);
                    tokens.filter(|(_, dropped)| *dropped).for_each(|(id, _)| *id = mask);
                }
                None => {
                    retain(ids, |i| i.checked_sub(before).is_none_or(|i| dropped.get(i) != Some(&true)));
                }
            }
        });
        let lengths: Vec<usize> = ids.iter().map(Vec::len).collect();
        for field in rows.fields.values_mut() {
            match field {
                // Positions count from 0, and a mask of ones is alike everywhere.
                Field::Ids { rows, .. } => rows.iter_mut().zip(&lengths).for_each(|(r, &n)| r.truncate(n)),
                Field::Scales { rows } => rows.iter_mut().zip(&lengths).for_each(|(r, &n)| r.truncate(n)),
                Field::Dense { .. } | Field::Pixels { .. } | Field::Id { .. } => {}
            }
        }
    }
}

/// Drops terms of bags with `ids` and `scales`, and makes the norm of what is left 1.
pub(super) fn drop_terms(chance: f64, rows: &mut Prepared, stream: &mut SplitMix) {
    let streams = row_streams(rows.rows(), stream);
    let dropped: Vec<Vec<bool>> = match rows.fields.get("ids") {
        Some(Field::Ids { rows, .. }) => {
            rows.par_iter().zip(streams).map(|(r, mut stream)| draw(r.len(), chance, &mut stream)).collect()
        }
        _ => return,
    };
    for field in rows.fields.values_mut() {
        match field {
            Field::Ids { rows, .. } => {
                rows.iter_mut().zip(&dropped).for_each(|(r, dropped)| retain(r, |i| !dropped[i]));
            }
            Field::Scales { rows } => rows.iter_mut().zip(&dropped).for_each(|(r, dropped)| {
                if !dropped.contains(&true) {
                    return;
                }
                retain(r, |i| !dropped[i]);
                let norm = r.iter().map(|s| s * s).sum::<f32>().sqrt();
                r.iter_mut().for_each(|s| *s /= norm);
            }),
            Field::Dense { .. } | Field::Pixels { .. } | Field::Id { .. } => {}
        }
    }
}

/// Which of `count` are dropped; never all.
fn draw(count: usize, chance: f64, stream: &mut SplitMix) -> Vec<bool> {
    let mut dropped: Vec<bool> = (0..count).map(|_| f64::from(stream.unit()) < chance).collect();
    if count > 0 && !dropped.contains(&false) {
        dropped[stream.below(count)] = false;
    }
    dropped
}

/// Keeps the entries at places that `keep` accepts.
fn retain<T>(entries: &mut Vec<T>, keep: impl Fn(usize) -> bool) {
    let mut at = 0;
    entries.retain(|_| {
        at += 1;
        keep(at - 1)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of ids 10, 11, .. between the marks 1 and 2.
    fn texts(rows: usize, tokens: usize) -> Prepared {
        let ids: Vec<i32> = [1].into_iter().chain((10..).take(tokens)).chain([2]).collect();
        let n = ids.len();
        let fields = [
            ("ids".to_owned(), Field::Ids { rows: vec![ids; rows], pad: 0 }),
            ("positions".to_owned(), Field::Ids { rows: vec![(0..n as i32).collect(); rows], pad: 0 }),
            ("mask".to_owned(), Field::Scales { rows: vec![vec![1.0; n]; rows] }),
        ];
        Prepared { present: vec![true; rows], fields: fields.into(), bad: Vec::new() }
    }

    fn ids<'a>(rows: &'a Prepared, name: &str) -> &'a [Vec<i32>] {
        match &rows.fields[name] {
            Field::Ids { rows, .. } => rows,
            other => panic!("{other:?}"),
        }
    }

    fn dropped(marks: Marks, chance: f64, mut rows: Prepared) -> Prepared {
        marks.drop_tokens(chance, &mut rows, &mut SplitMix::named(1, "tokens"));
        rows
    }

    const REMOVES: Marks = Marks { ends: [1, 1], mask: None };
    const MASKS_OUT: Marks = Marks { ends: [1, 1], mask: Some(7) };

    #[test]
    fn no_chance_changes_nothing() {
        for marks in [REMOVES, MASKS_OUT] {
            assert_eq!(dropped(marks, 0.0, texts(3, 5)), texts(3, 5));
        }
    }

    #[test]
    fn removed_tokens_leave_shorter_texts_of_one_length_in_all_fields() {
        let made = dropped(REMOVES, 0.3, texts(1000, 8));
        let mut left = 0;
        for (row, text) in ids(&made, "ids").iter().enumerate() {
            assert!(text.first() == Some(&1) && text.last() == Some(&2) && text.len() > 2);
            assert!(text[1..text.len() - 1].is_sorted_by(|a, b| a < b));
            assert_eq!(ids(&made, "positions")[row], (0..text.len() as i32).collect::<Vec<_>>());
            left += text.len() - 2;
        }
        match &made.fields["mask"] {
            Field::Scales { rows } => {
                assert!(rows.iter().zip(ids(&made, "ids")).all(|(m, t)| *m == vec![1.0; t.len()]));
            }
            other => panic!("{other:?}"),
        }
        assert!((left as f64 / 8000.0 - 0.7).abs() < 0.02, "{left}");
    }

    #[test]
    fn masked_tokens_keep_their_place() {
        let made = dropped(MASKS_OUT, 0.5, texts(500, 8));
        let masked = ids(&made, "ids").iter().flatten().filter(|&&id| id == 7).count();
        assert!((masked as f64 / 4000.0 - 0.5).abs() < 0.03, "{masked}");
        for text in ids(&made, "ids") {
            assert_eq!((text.len(), text[0], text[9]), (10, 1, 2));
            assert!((0..8).all(|i| text[1 + i] == 7 || text[1 + i] == 10 + i as i32));
        }
        assert_eq!(made.fields["positions"], texts(500, 8).fields["positions"]);
    }

    #[test]
    fn one_token_always_stays() {
        for tokens in [0, 1, 2] {
            for text in ids(&dropped(REMOVES, 0.5, texts(50, tokens)), "ids") {
                assert!(text.len() >= 2 + tokens.min(1), "{text:?}");
            }
        }
        // A text cut off within its marks.
        let mut short = texts(1, 0);
        short.fields.insert("ids".into(), Field::Ids { rows: vec![vec![1]], pad: 0 });
        assert_eq!(ids(&dropped(REMOVES, 0.5, short), "ids"), [vec![1]]);
    }

    #[test]
    fn bags_lose_terms_and_keep_their_norm() {
        let (terms, scales) = (vec![3, 5, 8, 9], vec![0.5f32; 4]);
        let fields = [
            ("ids".to_owned(), Field::Ids { rows: vec![terms, Vec::new()], pad: -1 }),
            ("scales".to_owned(), Field::Scales { rows: vec![scales, Vec::new()] }),
        ];
        let before = Prepared { present: vec![true; 2], fields: fields.into(), bad: Vec::new() };
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut made = before.clone();
            drop_terms(0.5, &mut made, &mut SplitMix::named(seed, "terms"));
            let kept = ids(&made, "ids");
            assert!(!kept[0].is_empty() && kept[1].is_empty());
            match &made.fields["scales"] {
                Field::Scales { rows } => {
                    assert_eq!((rows[0].len(), rows[1].len()), (kept[0].len(), 0));
                    let norm: f32 = rows[0].iter().map(|s| s * s).sum();
                    assert!((norm - 1.0).abs() < 1e-6);
                }
                other => panic!("{other:?}"),
            }
            seen.insert(kept[0].clone());
        }
        assert_eq!(seen.len(), 15, "every part but the empty one");
        let mut made = before.clone();
        drop_terms(0.0, &mut made, &mut SplitMix::named(1, "terms"));
        assert_eq!(made, before);
    }

    #[test]
    fn marks_are_found_in_the_tokenizer() {
        let tokenizer = |mask: &str| {
            let json = serde_json::json!({
                "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                "normalizer": null, "pre_tokenizer": {"type": "BertPreTokenizer"},
                "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
                "decoder": null,
                "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                    "max_input_chars_per_word": 100,
                    "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, mask: 4}},
            });
            Tokenizer::from_bytes(serde_json::to_vec(&json).unwrap()).unwrap()
        };
        assert_eq!(Marks::of(&tokenizer("[MASK]"), 5).unwrap(), Marks { ends: [1, 1], mask: Some(4) });
        assert_eq!(Marks::of(&tokenizer("<mask>"), 5).unwrap().mask, Some(4));
        assert_eq!(Marks::of(&tokenizer("<mask>"), 4).unwrap().mask, None);
        assert_eq!(Marks::of(&tokenizer("other"), 5).unwrap().mask, None);
    }
}
