//! The report's own words, in each language. Names, classes and cells stay as they are in the data.

use ronghe_data::Modality;
use serde::{Deserialize, Serialize};

/// Language of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文。
    Chinese,
}

impl Language {
    /// The tag of HTML's `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-Hans",
        }
    }

    /// One of two wordings.
    pub(super) fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// Name of a modality.
    pub(super) fn modality(self, modality: Modality) -> &'static str {
        let (english, chinese) = match modality {
            Modality::Tabular => ("columns", "表格"),
            Modality::Text => ("text", "文本"),
            Modality::Image => ("image", "图像"),
            Modality::Audio => ("audio", "声音"),
        };
        self.pick(english, chinese)
    }

    /// What the rest of a cell is called whose parts are filled by `fill`.
    pub(super) fn rest(self, fill: &str) -> String {
        match self {
            Language::English => format!("rest (all parts: {fill})"),
            Language::Chinese => format!("其余（各部分：{fill}）"),
        }
    }
}
