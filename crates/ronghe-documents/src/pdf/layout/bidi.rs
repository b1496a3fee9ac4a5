//! From the order in which letters stand to the order in which they are read, for scripts from right to left.

/// Which way a letter runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Left,
    Right,
    Number,
    /// Stands within either.
    Neutral,
}

fn way(letter: char) -> Way {
    match letter {
        '0'..='9' | '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => Way::Number,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => Way::Right,
        c if c.is_alphabetic() => Way::Left,
        _ => Way::Neutral,
    }
}

/// Letters from right to left less those from left to right.
pub(super) fn balance(text: &str) -> i64 {
    let value = |c| match way(c) {
        Way::Right => 1,
        Way::Left => -1,
        _ => 0,
    };
    text.chars().map(value).sum()
}

fn mirrored(text: &str) -> String {
    let turn = |c| match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        c => c,
    };
    text.chars().map(turn).collect()
}

/// The text of parts that stand from left to right.
pub(super) fn logical(parts: &[&str]) -> String {
    let whole: String = parts.concat();
    if !whole.chars().any(|c| way(c) == Way::Right) {
        return whole;
    }
    let ways: Vec<Way> = parts
        .iter()
        .map(|p| p.chars().map(way).find(|w| *w != Way::Neutral).unwrap_or(Way::Neutral))
        .collect();
    let right = balance(&whole) >= 0;
    // A neutral part goes with its neighbours where they agree, else with the line; a sign between digits is of the number.
    let base = if right { Way::Right } else { Way::Left };
    let strong = |w: Way| if w == Way::Number { if right { Way::Left } else { Way::Right } } else { w };
    let mut settled = Vec::with_capacity(ways.len());
    let mut next: Vec<Way> = vec![base; ways.len()];
    let mut after = base;
    for at in (0..ways.len()).rev() {
        next[at] = after;
        if ways[at] != Way::Neutral {
            after = ways[at];
        }
    }
    let mut before = base;
    for (at, own) in ways.iter().enumerate() {
        let sign = parts[at].chars().all(|c| matches!(c, '.' | ',' | ':' | '/' | '-' | '%' | '٫' | '٬'));
        let beside =
            at > 0 && at + 1 < ways.len() && ways[at - 1] == Way::Number && ways[at + 1] == Way::Number;
        settled.push(match own {
            Way::Neutral if sign && beside => Way::Number,
            Way::Neutral if before == next[at] && before != Way::Number => before,
            Way::Neutral if !right && strong(before) == strong(next[at]) => Way::Right,
            Way::Neutral => base,
            other => *other,
        });
        if *own != Way::Neutral {
            before = *own;
        }
    }
    let mut text = String::with_capacity(whole.len());
    if right {
        // Read from the right; runs of the other way as they stand.
        let mut end = parts.len();
        while end > 0 {
            let turned = |at: usize| matches!(settled[at], Way::Left | Way::Number);
            if turned(end - 1) {
                let start = (0..end).rev().take_while(|at| turned(*at)).last().unwrap_or(end - 1);
                text.extend(parts[start..end].iter().copied());
                end = start;
            } else {
                end -= 1;
                text.push_str(&mirrored(parts[end]));
            }
        }
    } else {
        let mut at = 0;
        while at < parts.len() {
            let turned = |at: usize| matches!(settled[at], Way::Right);
            if turned(at) {
                let end = at + (at..parts.len()).take_while(|at| turned(*at)).count();
                // Numbers within keep their order: the run is a line of its own.
                parts[at..end].iter().rev().for_each(|p| text.push_str(&mirrored(p)));
                at = end;
            } else {
                text.push_str(parts[at]);
                at += 1;
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(visual: &str) -> String {
        let parts: Vec<String> = visual.chars().map(String::from).collect();
        logical(&parts.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn letters_are_put_in_the_order_of_reading() {
        assert_eq!(of("Plain (text) 12."), "Plain (text) 12.");
        assert_eq!(of("ישיש םויב"), "ביום שישי");
        // Numbers and Latin words stay as they are.
        assert_eq!(of("2024 ראוניב 12:30 העשב"), "בשעה 12:30 בינואר 2024");
        assert_eq!(of("PDF ץבוק"), "קובץ PDF");
        assert_eq!(of("(א) ףיעס"), "סעיף (א)");
        // One word within an English line.
        assert_eq!(of("The word םולש means peace"), "The word שלום means peace");
        // Parts of more than one letter keep their order.
        assert_eq!(logical(&["م", "لا", "س"]), "سلام");
    }
}
