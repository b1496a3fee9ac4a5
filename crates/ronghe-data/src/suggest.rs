//! Which name was meant: for messages about names that are not there.
//!
//! Two names are compared by the least number of letters put in, left out, exchanged, or swapped with their neighbour that
//! turns one into the other (optimal string alignment), `O(n m)`. Before that, case, blanks around, full-width letters
//! and the kind of the mark between words (`_`, `-`, blank) are made alike. In a script whose letters are words, such as Chinese,
//! half of the letters may differ; in others a third.

use crate::segment::is_han;

/// Names in a list at most; of more, the nearest are shown.
const SHOWN: usize = 20;
/// How many of the nearest.
const NEAREST: usize = 8;
/// Letters of a name that are compared.
const LETTERS: usize = 64;

/// The one of `valid` that was most probably meant by `name`; the first of equally near ones.
///
/// ```
/// use ronghe_data::suggest::meant;
/// assert_eq!(meant("Lable", ["note", "label"]), Some("label"));
/// assert_eq!(meant("价钱", ["标题", "价格"]), Some("价格"));
/// assert_eq!(meant("size", ["note", "label"]), None);
/// ```
pub fn meant<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = letters(name);
    let near = valid.into_iter().filter_map(|other| Some((closeness(&name, &letters(other))?, other)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// Whether two names differ by nothing but case, blanks around them, the width of their letters or the mark between words.
pub fn alike(a: &str, b: &str) -> bool {
    letters(a) == letters(b)
}

/// ` (did you mean ...?)` for a message, or nothing.
pub fn hint<S: AsRef<str>>(name: &str, valid: &[S]) -> String {
    let found = meant(name, valid.iter().map(AsRef::as_ref));
    found.map_or(String::new(), |other| format!(" (did you mean `{other}`?)"))
}

/// The valid names for a message: all of them in their order, or of many the nearest and how many others there are.
pub fn list<S: AsRef<str>>(name: &str, valid: &[S]) -> String {
    let all: Vec<&str> = valid.iter().map(AsRef::as_ref).collect();
    if all.len() <= SHOWN {
        return all.join(", ");
    }
    let name = letters(name);
    let mut near: Vec<(usize, &str)> =
        all.into_iter().map(|other| (distance(&name, &letters(other)), other)).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.truncate(NEAREST);
    let near: Vec<&str> = near.into_iter().map(|(_, other)| other).collect();
    format!("{} and {} others", near.join(", "), valid.len() - near.len())
}

/// The letters of a name with what does not count made alike.
fn letters(name: &str) -> Vec<char> {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '_' | '-' | '.' | '\u{3000}' => ' ',
        c => c,
    };
    name.trim().chars().take(LETTERS).map(plain).flat_map(char::to_lowercase).collect()
}

/// How far `other` is from `name`, if it may have been meant.
fn closeness(name: &[char], other: &[char]) -> Option<usize> {
    let longest = name.len().max(other.len());
    let words = name.iter().chain(other).any(|&c| is_han(c));
    let most = longest / if words { 2 } else { 3 };
    // The beginning of a longer name is often all that is remembered of it.
    let begun = name.len() >= 3 && other.starts_with(name) || other.len() >= 3 && name.starts_with(other);
    let found = distance(name, other);
    (found <= most && found < longest || begun).then_some(found)
}

/// Optimal string alignment.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut next = Vec::with_capacity(b.len() + 1);
        next.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &str, b: &str) -> usize {
        distance(&letters(a), &letters(b))
    }

    #[test]
    fn distances_by_hand() {
        for (a, b, d) in [
            ("", "", 0),
            ("abc", "", 3),
            ("label", "lable", 1),
            ("kitten", "sitting", 3),
            ("价格", "价钱", 1),
            ("Price", "price", 0),
            ("ＰＲＩＣＥ", "price", 0),
            ("unit_price", "unit price", 0),
        ] {
            assert_eq!((of(a, b), of(b, a)), (d, d), "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_name_is_meant() {
        let names = ["picture", "title", "price", "category"];
        for (name, meant_name) in [
            ("PICTURE", Some("picture")),
            (" title ", Some("title")),
            ("pric", Some("price")),
            ("cat", Some("category")),
            ("catagory", Some("category")),
            ("name", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(meant(name, names), meant_name, "{name}");
        }
        assert_eq!(meant("标题", ["题目", "标签", "内容"]), Some("标签"));
        assert_eq!(meant("a", ["b"]), None);
        assert!(alike("Unit-Price ", "unit_price") && !alike("unit price", "unitprice"));
    }

    #[test]
    fn long_lists_are_cut_to_the_nearest() {
        let few: Vec<String> = ["b", "a"].map(str::to_owned).into();
        assert_eq!((list("c", &few), hint("c", &few)), ("b, a".into(), String::new()));
        let many: Vec<String> = (0..500).map(|i| format!("column_{i}")).collect();
        let said = list("colum_77", &many);
        assert!(said.starts_with("column_77, ") && said.ends_with(" and 492 others"), "{said}");
        assert_eq!(hint("colum_77", &many), " (did you mean `column_77`?)");
    }
}
