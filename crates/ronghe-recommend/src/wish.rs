//! A sentence as a query: "something like Alien, but funny", 像《活着》那样的，不要战争.
//!
//! ```text
//! sentence -> Wish: items whose titles it names, wanted and not; words, wanted and not
//! score(i) = z(the user's own history) + w z(named items, and those nearest to the words) + (3/2 - w) z(words wanted - words not wanted)
//! ```
//! z: mean 0, and 1 for the best item; w is 1 where items are named, else 1/2: what is named says most. A part without anything to go by is left out. What a cue of denial (not, without, no, 不要,
//! 没有 ...) stands before is not wanted, up to the next comma, `but` or `with`. Titles are found as they stand, whatever the case, a year in
//! brackets left out; one of a single word only in quotes, after `like` (像), or with a capital. Nothing is fitted.

use crate::content::{Content, EncodeText};
use crate::{Contribution, Event, Fitted, Histories, Items, Query, Recommender, Result};
use ronghe_data::segment::{is_han, tokens};
use ronghe_vector::top_k;
use std::collections::{BTreeMap, HashMap};

/// Items nearest to the words that stand for a history.
const NEAREST: usize = 10;

/// Before what is not wanted.
const DENIALS: [&str; 28] = [
    "not",
    "no",
    "without",
    "except",
    "nothing",
    "less",
    "don't",
    "doesn't",
    "isn't",
    "avoid",
    "hate",
    "dislike",
    "never",
    "不要",
    "不想",
    "不是",
    "不喜欢",
    "不看",
    "没有",
    "除了",
    "别",
    "避免",
    "讨厌",
    "少",
    "不",
    "不能",
    "不含",
    "非",
];
/// What ends it.
const TURNS: [&str; 7] = ["but", "with", "rather", "instead", "但", "但是", "而是"];
/// What stands before a title or a wish and says nothing itself.
const FILLERS: [&str; 22] = [
    "something",
    "anything",
    "like",
    "similar",
    "to",
    "as",
    "i",
    "want",
    "a",
    "an",
    "please",
    "more",
    "me",
    "show",
    "recommend",
    "像",
    "类似",
    "想",
    "想要",
    "看",
    "那样",
    "的",
];
/// After which a single word can be a title.
const BEFORE_TITLES: [&str; 13] =
    ["like", "to", "as", "loved", "liked", "enjoyed", "except", "than", "像", "似", "欢", "如", "了"];

/// What a sentence asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Items that it names.
    pub named: Vec<u32>,
    /// Items that it names as not wanted.
    pub unwanted: Vec<u32>,
    /// Its other words.
    pub words: String,
    /// Words of what is not wanted.
    pub without: String,
}

impl Wish {
    /// Reads a sentence. Of items of one title the one of the most users (`users` of each item) is meant.
    pub fn read(sentence: &str, items: &Items, users: &[f32]) -> Wish {
        let titles = titles(items, users);
        let longest = titles.keys().map(Vec::len).max().unwrap_or(0);
        let units = units(sentence);
        let denied = denied(sentence, &units);
        let mut wish = Wish::default();
        let mut at = 0;
        while at < units.len() {
            let title = (1..=longest.min(units.len() - at)).rev().find_map(|len| {
                let key: Vec<String> = units[at..at + len].iter().map(|u| u.word.clone()).collect();
                let item = *titles.get(&key)?;
                is_title(sentence, &units, at, len).then_some((len, item))
            });
            if let Some((len, item)) = title {
                let list = if denied[at] { &mut wish.unwanted } else { &mut wish.named };
                if !list.contains(&item) {
                    list.push(item);
                }
                at += len;
                continue;
            }
            let unit = &units[at];
            if unit.starts
                && !said(&unit.whole, &DENIALS)
                && !said(&unit.whole, &TURNS)
                && !said(&unit.whole, &FILLERS)
            {
                let text = if denied[at] { &mut wish.without } else { &mut wish.words };
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(&unit.whole);
            }
            at += 1;
        }
        wish
    }

    /// Whether nothing in it could be understood.
    pub fn is_empty(&self) -> bool {
        self == &Wish::default()
    }
}

fn said(word: &str, list: &[&str]) -> bool {
    list.contains(&word)
}

/// A word, or a single Chinese character of one.
struct Unit {
    word: String,
    /// The word that it is of.
    whole: String,
    /// Whether it is the first of it.
    starts: bool,
    start: usize,
    end: usize,
}

fn units(text: &str) -> Vec<Unit> {
    let mut all = Vec::new();
    for token in tokens(text) {
        let whole = token.word.into_owned();
        if !token.han {
            let (start, end) = (token.range.start, token.range.end);
            all.push(Unit { word: whole.clone(), whole, starts: true, start, end });
            continue;
        }
        for (place, (at, letter)) in text[token.range.clone()].char_indices().enumerate() {
            let start = token.range.start + at;
            let end = start + letter.len_utf8();
            all.push(Unit { word: letter.to_string(), whole: whole.clone(), starts: place == 0, start, end });
        }
    }
    all
}

/// Of each unit, whether it is not wanted.
fn denied(text: &str, units: &[Unit]) -> Vec<bool> {
    let ends = |between: &str| between.chars().any(|c| ",.;!?，。；！？、".contains(c));
    let mut found = Vec::with_capacity(units.len());
    let (mut now, mut last) = (false, 0);
    for unit in units {
        if unit.starts {
            if ends(&text[last..unit.start]) || said(&unit.whole, &TURNS) {
                now = false;
            }
            now |= said(&unit.whole, &DENIALS);
        }
        last = unit.end;
        found.push(now);
    }
    found
}

/// Whether units that spell a title are meant as one.
fn is_title(text: &str, units: &[Unit], at: usize, len: usize) -> bool {
    let (first, last) = (&units[at], &units[at + len - 1]);
    let before = text[..first.start].chars().next_back();
    let after = text[last.end..].chars().next();
    let quoted = before.zip(after).is_some_and(|pair| {
        matches!(
            pair,
            ('"', '"') | ('\'', '\'') | ('“', '”') | ('‘', '’') | ('《', '》') | ('「', '」') | ('『', '』')
        )
    });
    let han = first.word.chars().all(is_han);
    if quoted || (len >= 2 && !han) || (len >= 3 && han) {
        return true;
    }
    let called = at > 0 && said(&units[at - 1].word, &BEFORE_TITLES);
    let capital = at > 0 && text[first.start..].chars().next().is_some_and(char::is_uppercase);
    (called || capital) && (!han || len == 2)
}

/// Titles as units, without years in brackets; `Matrix, The` is `the matrix`.
fn titles(items: &Items, users: &[f32]) -> HashMap<Vec<String>, u32> {
    let mut found: HashMap<Vec<String>, u32> = HashMap::new();
    let count = |item: u32| users.get(item as usize).copied().unwrap_or(0.0);
    for item in 0..items.rows.len() as u32 {
        let Some(title) = items.title(item) else { continue };
        let bare = title.split(['(', '（', '[', '【']).next().unwrap_or(title).trim();
        let turned = bare.rsplit_once(", ").filter(|(_, article)| matches!(*article, "The" | "A" | "An"));
        let spelt = turned.map_or(bare.to_owned(), |(rest, article)| format!("{article} {rest}"));
        let key: Vec<String> = units(&spelt).into_iter().map(|u| u.word).collect();
        if key.is_empty() {
            continue;
        }
        let kept = found.entry(key).or_insert(item);
        if count(item) > count(*kept) {
            *kept = item;
        }
    }
    found
}

/// A fitted model turned toward a wish: its scores are those of the wish whatever the query.
pub struct Toward<'a> {
    inner: &'a dyn Recommender,
    /// The user's own history, and that of the wish; an empty one says nothing.
    histories: [Vec<(u32, f32)>; 2],
    /// What these weigh.
    weights: [f64; 2],
    /// How well each item fits the words, mean 0, the best as high as the words weigh.
    words: Option<Vec<f32>>,
}

/// A wish made ready to be served.
pub struct Wished<'a> {
    /// What was understood.
    pub wish: Wish,
    /// What ranks.
    pub model: Toward<'a>,
    /// What stands for a history, to be given with the request: the user's own items, those named, those nearest to the words.
    pub history: Vec<(u32, f32)>,
    /// Items that are not to be listed: those named, those not wanted, and what the user has seen.
    pub hidden: Vec<u32>,
}

impl Fitted {
    /// A sentence of a user, or of somebody unknown. `encoder` is asked for where a network made the vectors of the items' texts.
    pub fn wish(
        &self,
        sentence: &str,
        user: Option<u32>,
        encoder: Option<&dyn EncodeText>,
    ) -> Result<Wished<'_>> {
        let of = &self.interactions;
        let items = self.items.as_ref();
        let wish = items.map(|i| Wish::read(sentence, i, &of.users_of_items(&of.events))).unwrap_or_default();
        let mut words = match &self.content {
            Some(content) => fit(content, &wish, encoder)?,
            None => None,
        };
        if let Some(words) = &mut words {
            scale(words, |_| true);
        }
        let own: Vec<Event> = of.events.iter().filter(|e| Some(e.user) == user).copied().collect();
        let known = Histories::new(of.users.len(), &own);
        let liked = user.map_or(&[][..], |user| known.liked(user));
        let mut asked: Vec<(u32, f32)> = wish.named.iter().map(|item| (*item, 1.0)).collect();
        if let Some(words) = &words {
            let near = top_k((0_u32..).zip(words.iter().copied()).filter(|(_, near)| *near > 0.0), NEAREST);
            let share = if wish.named.is_empty() { 1.0 } else { 0.5 };
            let unnamed = near.into_iter().filter(|(item, _)| !wish.named.contains(item));
            asked.extend(unnamed.map(|(item, near)| (item, share * near)));
        }
        let weight = if wish.named.is_empty() { 0.5 } else { 1.0 };
        let history = liked.iter().chain(&asked).copied().collect();
        let mut hidden = user.map_or(Vec::new(), |user| known.seen(user).to_vec());
        hidden.extend(wish.named.iter().chain(&wish.unwanted));
        let model = Toward {
            inner: self.recommender.as_ref(),
            histories: [liked.to_vec(), asked],
            weights: [1.0, weight],
            words: words.map(|words| words.into_iter().map(|x| (1.5 - weight) as f32 * x).collect()),
        };
        Ok(Wished { wish, model, history, hidden })
    }
}

/// How well the items fit the words; none where the wish has no word that the texts know.
fn fit(content: &Content, wish: &Wish, encoder: Option<&dyn EncodeText>) -> Result<Option<Vec<f32>>> {
    let mut sum: Option<Vec<f32>> = None;
    for (text, sign) in [(&wish.words, 1.0), (&wish.without, -1.0)] {
        if text.is_empty() {
            continue;
        }
        let Some(vector) = content.vector(text, encoder)?.filter(|v| v.iter().any(|x| *x != 0.0)) else {
            continue;
        };
        let near = content.near(&vector);
        let sum = sum.get_or_insert_with(|| vec![0.0; near.len()]);
        sum.iter_mut().zip(near).for_each(|(s, n)| *s += sign * n);
    }
    Ok(sum)
}

/// Mean 0 and the largest 1, over the places that count and are finite; 0 where nothing is known or all is equal. Gives the mean and
/// what was divided by.
fn scale(values: &mut [f32], counts: impl Fn(usize) -> bool) -> (f64, f64) {
    let counted: Vec<bool> = (0..values.len()).map(counts).collect();
    let finite =
        || values.iter().zip(&counted).filter(|(x, c)| **c && x.is_finite()).map(|(x, _)| f64::from(*x));
    let mean = finite().sum::<f64>() / finite().count().max(1) as f64;
    let reach = finite().fold(f64::NEG_INFINITY, f64::max) - mean;
    let one =
        |x: f32| if reach > 0.0 && x.is_finite() { ((f64::from(x) - mean) / reach) as f32 } else { 0.0 };
    values.iter_mut().for_each(|x| *x = one(*x));
    (mean, reach)
}

impl Toward<'_> {
    /// Scaled scores of each part that has something to go by: its history, its weight, mean and what was divided by.
    fn parts(&self, mut each: impl FnMut(Query<'_>, f64, (f64, f64), &[f32])) {
        let mut own = vec![0.0; self.items()];
        for (history, &weight) in self.histories.iter().zip(&self.weights).filter(|(h, _)| !h.is_empty()) {
            let query = Query { user: None, history };
            self.inner.scores(query, &mut own);
            // What reconstructs its history would find nothing better than that.
            let scaled = scale(&mut own, |item| history.iter().all(|(own, _)| *own as usize != item));
            each(query, weight, scaled, &own);
        }
    }
}

impl Recommender for Toward<'_> {
    fn items(&self) -> usize {
        self.inner.items()
    }

    fn scores(&self, _: Query<'_>, out: &mut [f32]) {
        out.fill(0.0);
        // Of an item that the model knows nothing of the words may speak.
        self.parts(|_, weight, _, own| {
            out.iter_mut().zip(own).for_each(|(sum, s)| *sum += weight as f32 * s);
        });
        if let Some(words) = &self.words {
            out.iter_mut().zip(words).for_each(|(sum, w)| *sum += w);
        }
    }

    fn contributions(&self, _: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        let mut constant =
            self.words.as_ref().and_then(|w| w.get(item as usize)).map_or(0.0, |w| f64::from(*w));
        let mut whole = true;
        self.parts(|query, weight, (mean, reach), own| {
            if reach <= 0.0 || own.get(item as usize).is_none_or(|s| *s == 0.0) {
                return;
            }
            let Some((parts, rest)) = self.inner.contributions(query, item) else { return whole = false };
            let each = weight / reach;
            parts.iter().for_each(|p| *sums.entry(p.item).or_default() += each * f64::from(p.value));
            constant += each * (f64::from(rest) - mean);
        });
        let each = sums.into_iter().map(|(item, value)| Contribution { item, value: value as f32 });
        whole.then(|| (each.collect(), constant as f32))
    }

    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        self.inner.similar(item, out)
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        self.inner.tensors()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemColumn;
    use ronghe_data::Kind;

    fn items() -> Items {
        let titles = [
            "Alien (1979)",
            "Matrix, The (1999)",
            "Red Dawn (1984)",
            "活着",
            "红高粱",
            "Alien (1990)",
            "Heat (1995)",
        ];
        Items {
            columns: vec![ItemColumn { name: "title".into(), kind: Kind::Text }],
            rows: titles.iter().map(|t| vec![Some((*t).to_owned())]).collect(),
            ..Items::default()
        }
    }

    #[test]
    fn titles_and_words_wanted_and_not() {
        let users = [9.0, 3.0, 1.0, 2.0, 2.0, 1.0, 5.0];
        let read = |text: &str| {
            let w = Wish::read(text, &items(), &users);
            (w.named, w.unwanted, w.words, w.without)
        };
        assert_eq!(read("Something like Alien but funny"), (vec![0], vec![], "funny".into(), String::new()));
        assert_eq!(
            read("the matrix and \"heat\", no war, with dogs"),
            (vec![1, 6], vec![], "and dogs".into(), "war".into())
        );
        // A word is no title: nobody says so.
        assert_eq!(read("in the heat of summer").0, Vec::<u32>::new());
        assert_eq!(
            read("loved Red Dawn, nothing like Alien"),
            (vec![2], vec![0], "loved".into(), String::new())
        );
        assert_eq!(read("像《活着》那样的，不要战争"), (vec![3], vec![], String::new(), "战争".into()));
        assert_eq!(read("喜欢红高粱，没有爱情，但是有趣").0, vec![4]);
        assert!(Wish::read("", &items(), &users).is_empty());
    }

    /// Six films of two kinds; who likes one of a kind likes the others.
    fn fitted() -> Fitted {
        let mut of = crate::Interactions {
            users: (0..6).map(|u| format!("u{u}")).collect(),
            domains: [""].iter().collect(),
            ..crate::Interactions::default()
        };
        let rows =
            ["Alien space", "Star space", "Moon space", "Love romance", "Kiss romance", "Rose romance"];
        let cells = rows.iter().map(|t| ((*t).to_owned(), vec![Some((*t).to_owned())]));
        let columns = vec![ItemColumn { name: "title".into(), kind: Kind::Text }];
        let items = Items::of_rows(columns, cells, &mut of);
        for user in 0..6u32 {
            let kind = user % 2 * 3;
            of.events.extend((0..3).filter(|i| *i != user / 2).map(|i| Event {
                user,
                item: kind + i,
                weight: 1.0,
                time: 0,
            }));
        }
        of.sort();
        let content = Content::of(&items, &crate::content::Encoders::default()).unwrap();
        let model = crate::Model::Ease(crate::models::ease::Settings { lambda: 1.0 });
        let liked = of.matrix(&of.events);
        let features = content.as_ref().map(|c| &c.features);
        let data =
            crate::Training { liked: &liked, events: &of.events, of: &of, features, seed: 0, threads: 1 };
        let recommender = model.fit(&data, &|_, _| true).unwrap();
        Fitted {
            model,
            recommender,
            interactions: of,
            items: Some(items),
            content,
            seed: 0,
            notes: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_wish_is_answered_without_a_fit_and_its_reasons_add_up() {
        use crate::serve::{Request, Serving};
        let fitted = fitted();
        let listed = |sentence: &str, user: Option<u32>| {
            let wished = fitted.wish(sentence, user, None).unwrap();
            let of = &fitted.interactions;
            let serving = Serving::new(&wished.model, of, &of.events).unwrap();
            let request = Request {
                history: &wished.history,
                deny: &wished.hidden,
                seen: true,
                k: 3,
                ..Request::default()
            };
            let found = serving.answer(request).unwrap().items;
            for ranked in &found {
                let reasons = serving.reasons(None, &wished.history, ranked.item, 9).unwrap();
                assert!((reasons.score - ranked.score).abs() < 1e-5, "{reasons:?} {ranked:?}");
            }
            found.iter().map(|r| r.item).collect::<Vec<u32>>()
        };
        let kind = |items: &[u32]| items.iter().map(|i| i / 3).collect::<Vec<u32>>();
        assert_eq!(kind(&listed("a romance", None)), [1, 1, 1]);
        // The film named is not listed, the other two of its kind are.
        assert_eq!(listed("like \"Star space\"", None)[..2], [0, 2]);
        assert_eq!(kind(&listed("no space", None)[..3]), [1, 1, 1]);
        // User 1 likes romances, and saw the second and the third of them.
        assert_eq!(listed("romance", Some(1))[0], 3);
    }
}
