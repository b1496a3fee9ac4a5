//! Names of the parts of a split, as folders, files and cells give them.
//!
//! A name is taken apart into words; words that say nothing of the part (`set`, `images`, `seg` ...) and numbers are left
//! out, and what is left must be one of [`WORDS`]: `train`, `Training_Set`, `seg_train`, `val2017`, `训练集`.
//! Validation and test are told apart as `datasets` 5.2 does it, `eval` and `evaluation` being test; beside a part that is
//! called test they are validation, if nothing else is.

/// The parts of a split.
pub(crate) const PART_NAMES: [&str; 3] = ["train", "validation", "test"];

/// Names of parts and the part.
const WORDS: &[(&str, Said)] = &[
    ("train", Said::Part("train")),
    ("training", Said::Part("train")),
    ("trainval", Said::Part("train")),
    ("训练", Said::Part("train")),
    ("validation", Said::Part("validation")),
    ("valid", Said::Part("validation")),
    ("validate", Said::Part("validation")),
    ("val", Said::Part("validation")),
    ("dev", Said::Part("validation")),
    ("devel", Said::Part("validation")),
    ("development", Said::Part("validation")),
    ("验证", Said::Part("validation")),
    ("校验", Said::Part("validation")),
    ("开发", Said::Part("validation")),
    ("test", Said::Part("test")),
    ("testing", Said::Part("test")),
    ("holdout", Said::Part("test")),
    ("测试", Said::Part("test")),
    ("eval", Said::Evaluation),
    ("evaluation", Said::Evaluation),
    ("评估", Said::Evaluation),
    ("评测", Said::Evaluation),
];

/// Words beside the name of a part that say nothing.
const FILLERS: &[&str] = &[
    "set", "sets", "split", "subset", "data", "dataset", "seg", "image", "images", "img", "imgs", "picture",
    "pictures", "photo", "photos", "audio", "audios", "sound", "sounds", "clips", "wav", "wavs", "jpg",
    "jpegs", "png", "files", "folder",
];

/// The same in Chinese, where words are not set apart.
const CHINESE_FILLERS: &[&str] = &["集", "数据", "图片", "图像", "照片", "样本", "音频", "语音"];

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// A part.
    Part(&'static str),
    /// Validation or test: the names beside it decide.
    Evaluation,
}

fn said(name: &str) -> Option<Said> {
    let lower = name.trim().to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|w| !FILLERS.contains(w) && !w.bytes().all(|b| b.is_ascii_digit()));
    let joined: String = words.collect();
    let mut word = joined.trim_end_matches(|c: char| c.is_ascii_digit());
    loop {
        if let Some((_, found)) = WORDS.iter().find(|(known, _)| *known == word) {
            return Some(*found);
        }
        let fillers = CHINESE_FILLERS.iter().chain(&["set", "data", "images"]);
        word = fillers.into_iter().find_map(|filler| word.strip_suffix(filler))?;
    }
}

/// Whether `name` is a word for files that says nothing else.
pub(super) fn is_filler(name: &str) -> bool {
    let lower = name.to_lowercase();
    FILLERS.contains(&lower.as_str()) || CHINESE_FILLERS.contains(&lower.as_str())
}

/// The part of a split that `name` is another name of.
pub(crate) fn part(name: &str) -> Option<&'static str> {
    Parts::default().part(name)
}

/// How names of parts are read that stand beside each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    evaluation: &'static str,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts { evaluation: "test" }
    }
}

impl Parts {
    /// The reading for these names.
    pub(crate) fn among<'a>(names: impl IntoIterator<Item = &'a str>) -> Parts {
        let (mut test, mut validation) = (false, false);
        for name in names {
            match said(name) {
                Some(Said::Part("test")) => test = true,
                Some(Said::Part("validation")) => validation = true,
                _ => {}
            }
        }
        Parts { evaluation: if test && !validation { "validation" } else { "test" } }
    }

    /// The part of a split that `name` is another name of.
    pub(crate) fn part(self, name: &str) -> Option<&'static str> {
        said(name).map(|found| match found {
            Said::Part(part) => part,
            Said::Evaluation => self.evaluation,
        })
    }

    /// The part that the first or last word of `name` says, whatever the others are: `chest_train`, `train_v3`.
    pub(super) fn part_within(self, name: &str) -> Option<&'static str> {
        let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let found: Vec<&'static str> = words.iter().filter_map(|w| self.part(w)).collect();
        let ends = [words.first(), words.last()].into_iter().flatten().any(|w| self.part(w).is_some());
        (ends && found.len() == 1).then(|| found.first().copied()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts() {
        let cases: [(&str, &[&str]); 3] = [
            (
                "train",
                &[
                    "train",
                    "Training",
                    "TRAIN_SET",
                    "train-set",
                    "set_train",
                    "seg_train",
                    "trainset",
                    "train2017",
                    "train_images",
                    "train_1",
                    "training data",
                    "trainval",
                    "训练",
                    "训练集",
                    "训练数据集",
                ],
            ),
            (
                "validation",
                &["val", "valid", "Validation", "dev", "dev-set", "val2017", "验证", "验证集", "开发集"],
            ),
            (
                "test",
                &[
                    "test",
                    "testing",
                    "test_set",
                    "seg_test",
                    "test1",
                    "holdout",
                    "hold-out",
                    "eval",
                    "evaluation",
                    "测试",
                    "测试集",
                ],
            ),
        ];
        for (expected, names) in cases {
            for name in names {
                assert_eq!(part(name), Some(expected), "{name}");
            }
        }
        for name in
            ["cat", "images", "set", "latest", "contest", "trains", "train_station", "2017", "", "数据集"]
        {
            assert_eq!(part(name), None, "{name}");
        }
    }

    #[test]
    fn evaluation_is_what_is_not_there_otherwise() {
        let reading = |names: &[&str]| Parts::among(names.iter().copied()).part("eval");
        assert_eq!(reading(&["train", "eval"]), Some("test"));
        assert_eq!(reading(&["train", "val", "eval"]), Some("test"));
        assert_eq!(reading(&["train", "eval", "test"]), Some("validation"));
        assert_eq!(reading(&["train", "eval", "val", "test"]), Some("test"));
    }

    #[test]
    fn parts_within_longer_names() {
        let within = |name: &str| Parts::default().part_within(name);
        assert_eq!(within("chest_xray_train"), Some("train"));
        assert_eq!(within("test_v3"), Some("test"));
        assert_eq!(within("train_and_test"), None);
        assert_eq!(within("my_train_set_of_cats"), None);
    }
}
