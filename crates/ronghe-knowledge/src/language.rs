//! The language of a text, by its letters and their sequences (the `whatlang` crate).

use ronghe_data::segment::is_han;
use serde::{Deserialize, Serialize};

/// Languages that are told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
    /// Any other.
    #[default]
    Other,
}

impl Language {
    /// All, by name.
    pub const ALL: [(&'static str, Language); 3] =
        [("zh", Language::Zh), ("en", Language::En), ("other", Language::Other)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Language::ALL.into_iter().find(|(_, l)| *l == self).map_or("other", |(name, _)| name)
    }
}

/// Characters that are looked at.
const ENOUGH: usize = 2_000;

/// The language that most of the beginning of `text` is in.
pub fn language(text: &str) -> Language {
    let head: String = text.chars().take(ENOUGH).collect();
    let letters = head.chars().filter(|c| c.is_alphabetic()).count();
    let han = head.chars().filter(|&c| is_han(c)).count();
    let kana = head.chars().filter(|c| ('\u{3040}'..='\u{30ff}').contains(c)).count();
    if han * 4 > letters && kana * 10 < han {
        return Language::Zh;
    }
    match whatlang::detect(&head) {
        Some(found) if found.lang() == whatlang::Lang::Eng => Language::En,
        // A few words of Latin letters say little; English is the likelier.
        Some(found) if !found.is_reliable() && head.is_ascii() => Language::En,
        _ => Language::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        assert_eq!(language("人工智能正在改变世界，OpenAI 也是。"), Language::Zh);
        assert_eq!(language("The quick brown fox jumps over the lazy dog."), Language::En);
        assert_eq!(
            language("Le petit chat est assis près de la fenêtre et regarde les oiseaux."),
            Language::Other
        );
        assert_eq!(language("こんにちは、お元気ですか。今日は天気がいいですね。"), Language::Other);
    }
}
