//! The catalogue as a table for people.

use ronghe::catalogue::{self, Cache, Held, Item, Role};
use ronghe::report::Language;
use unicode_width::UnicodeWidthStr;

/// Columns of the terminal.
const WIDTH: usize = 120;

/// Columns before the summary, and what they hold.
const INDENT: usize = 31;
const NAME: usize = 19;
const HERE: usize = 4;

/// The language of messages that the system is set to.
pub(super) fn language() -> Language {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default();
    if locale.starts_with("zh") { Language::Chinese } else { Language::English }
}

/// Each item: name, whether it is here, size and what it is; below, its licence, package and hub.
pub(super) fn table(cache: &Cache, held: &[Held], language: Language) -> String {
    let pick = |english: &'static str, chinese: &'static str| match language {
        Language::Chinese => chinese,
        _ => english,
    };
    let mut lines = vec![format!("{}{}", pick("cache: ", "缓存："), cache.folder().display())];
    let here = |path: bool| if path { pick("here", "已有") } else { "-" };
    for (role, title) in [(Role::Weights, pick("weights", "权重")), (Role::Data, pick("data", "数据"))] {
        lines.push(String::new());
        lines.push(row(title, "", "MB", pick("what", "说明")));
        for item in catalogue::items().filter(|item| item.role == role) {
            let summary = pick(item.summary, item.summary_zh);
            lines.push(row(
                item.name,
                here(cache.path(item.name).is_some()),
                &megabytes(item.package.bytes),
                summary,
            ));
            lines.extend(wrapped(&facts(item)));
        }
    }
    if !held.is_empty() {
        lines.push(String::new());
        lines.push(row(pick("repositories", "仓库"), "", "MB", ""));
        for repository in held {
            lines.push(row(&repository.name, here(true), &megabytes(repository.bytes), ""));
            lines.extend(wrapped(std::slice::from_ref(&repository.licence)));
        }
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn facts(item: &Item) -> Vec<String> {
    let package = &item.package;
    let mut facts = vec![
        item.licence.to_owned(),
        format!("{} {}=={}", package.client.name(), package.name, package.version),
    ];
    facts.extend(item.hub.map(|hub| format!("hub {hub}")));
    facts
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

fn row(name: &str, here: &str, megabytes: &str, summary: &str) -> String {
    format!("{} {} {megabytes:>5} {summary}", padded(name, NAME), padded(here, HERE))
}

/// Facts side by side, as many as fit a line.
fn wrapped(facts: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if INDENT + line.width() + 3 + fact.width() <= WIDTH => {
                line.push_str(&format!(" | {fact}"));
            }
            _ => lines.push(fact.clone()),
        }
    }
    lines.iter().map(|line| format!("{}{line}", " ".repeat(INDENT))).collect()
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_item_is_in_the_table_in_its_width() {
        let held = Held {
            name: "hub:someone/a-network".into(),
            folder: "x".into(),
            licence: "not stated".into(),
            bytes: 90_000_000,
        };
        for (language, word) in [(Language::English, "sentence transformer"), (Language::Chinese, "句向量")]
        {
            let made = table(&Cache::open(Path::new("nowhere")), std::slice::from_ref(&held), language);
            for item in catalogue::items() {
                assert!(made.contains(item.name) && made.contains(item.licence), "{}", item.name);
                let package = format!("{}=={}", item.package.name, item.package.version);
                assert!(made.contains(&package) && item.hub.is_none_or(|hub| made.contains(hub)));
            }
            assert!(made.contains(word) && made.contains("hub:someone/a-network"));
            let widest = made.lines().map(UnicodeWidthStr::width).max();
            assert!(widest <= Some(WIDTH), "{widest:?}\n{made}");
        }
    }
}
