//! The page of recommended items: a card an item, with its picture and what speaks for it.

use super::escape::html as safe;
use super::media::{Media, show};
use super::{Language, Note, number, page};

/// What the page of recommendations is made of.
#[derive(Debug, Clone, Default)]
pub struct Recommendations {
    /// Language of the page's own words.
    pub language: Language,
    /// What it is about.
    pub title: String,
    /// One sentence below the title.
    pub lead: String,
    /// Remarks and warnings.
    pub notes: Vec<Note>,
    /// A list a user.
    pub lists: Vec<RecommendedList>,
}

/// The items for one user.
#[derive(Debug, Clone, Default)]
pub struct RecommendedList {
    /// Whom they are for.
    pub user: String,
    /// What is to be said of the whole list, such as that nothing is known of this user.
    pub note: String,
    /// The items, the best first.
    pub items: Vec<RecommendedItem>,
}

/// One item.
#[derive(Debug, Clone, Default)]
pub struct RecommendedItem {
    /// What it is called.
    pub title: String,
    /// What else is known of it: column and cell.
    pub facts: Vec<(String, String)>,
    /// The bytes of its picture, if it has one.
    pub picture: Option<Vec<u8>>,
    /// Its score.
    pub score: f32,
    /// What speaks for it and what against: a name and what it adds to the score.
    pub reasons: Vec<(String, f32)>,
    /// What all that is not named adds.
    pub rest: f32,
}

/// The recommendations as one HTML page.
pub fn recommendations(data: &Recommendations) -> String {
    let mut body = format!(
        "<header class=\"top\"><p class=\"label\">Ronghe · 融合</p><h1><bdi>{}</bdi></h1><p class=\"lead-text\">{}</p></header>",
        safe(&data.title),
        safe(&data.lead),
    );
    body += &page::notes(&data.notes, data.language);
    for list in &data.lists {
        let note = match list.note.is_empty() {
            true => String::new(),
            false => format!("<p class=\"intro\">{}</p>", safe(&list.note)),
        };
        let cards: String =
            list.items.iter().enumerate().map(|(i, item)| card(i + 1, item, data.language)).collect();
        body += &page::section(
            &format!("<bdi>{}</bdi>", safe(&list.user)),
            &format!("{note}<ol class=\"items\">{cards}</ol>"),
        );
    }
    page::shell(data.language, &data.title, &body)
}

fn card(rank: usize, item: &RecommendedItem, language: Language) -> String {
    let picture = match item.picture.as_deref().map(show) {
        Some(Media::Picture(uri)) => format!("<img alt=\"\" src=\"{uri}\">"),
        _ => String::new(),
    };
    let facts: Vec<String> = item
        .facts
        .iter()
        .map(|(name, value)| match value.is_empty() {
            true => format!("<bdi>{}</bdi>", safe(name)),
            false => format!("<bdi>{}</bdi> <bdi>{}</bdi>", safe(name), safe(value)),
        })
        .collect();
    format!(
        "<li class=\"card item\">{picture}<div><header><span class=\"rank\">{rank}</span><h3><bdi>{}</bdi></h3>\
         <span class=\"num soft\">{}</span></header><p class=\"facts\">{}</p>{}</div></li>",
        safe(&item.title),
        number::plain(f64::from(item.score), 3),
        facts.join(" · "),
        reasons(item, language),
    )
}

/// Bars of what each reason adds, as long as their share of the largest.
fn reasons(item: &RecommendedItem, language: Language) -> String {
    if item.reasons.is_empty() {
        return String::new();
    }
    let largest =
        item.reasons.iter().map(|(_, v)| v.abs()).fold(item.rest.abs(), f32::max).max(f32::MIN_POSITIVE);
    let bar = |name: &str, value: f32, rest: bool| {
        let class = if rest {
            "rest"
        } else if value < 0.0 {
            "down"
        } else {
            "up"
        };
        format!(
            "<li><span><bdi>{}</bdi></span><span class=\"num\">{}</span><i class=\"{class}\" style=\"width:{:.1}%\"></i></li>",
            safe(name),
            number::signed(f64::from(value), 3),
            f64::from(value.abs() / largest * 100.0),
        )
    };
    let title = language.pick("because of", "理由");
    let mut bars: String = item.reasons.iter().map(|(name, value)| bar(name, *value, false)).collect();
    if item.rest.abs() > 1e-6 {
        bars += &bar(language.pick("everything else", "其余"), item.rest, true);
    }
    format!("<h4>{title}</h4><ul class=\"because\">{bars}</ul>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shows_name_score_and_reasons_harmlessly() {
        let item = RecommendedItem {
            title: "<b>霸王别姬".into(),
            facts: vec![("year".into(), "1993".into())],
            picture: Some(b"\x89PNG\r\n\x1a\n".to_vec()),
            score: 0.5,
            reasons: vec![("活着".into(), 0.75), ("x".into(), -0.5)],
            rest: 0.25,
        };
        let list = RecommendedList { user: "甲".into(), note: String::new(), items: vec![item] };
        let data =
            Recommendations { lists: vec![list], language: Language::Chinese, ..Recommendations::default() };
        let page = recommendations(&data);
        for part in
            ["&lt;b&gt;霸王别姬", "0.500", "活着", "+0.750", "width:66.7%", "其余", "data:image/png", "理由"]
        {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("<b>霸王别姬"));
    }
}
