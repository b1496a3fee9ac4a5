//! Formulas (Office Math, ECMA-376 part 1, 22.1) as a line of text: `(a+b)/c`, `x^2`, `√(n)`.

use super::xml::Element;

/// A formula in a line.
pub(super) fn line(math: Element<'_>) -> String {
    let mut text = String::new();
    for child in math.children() {
        add(&mut text, child);
    }
    text
}

/// Adds an element; a fraction is kept apart from a letter or digit beside it.
fn add(text: &mut String, e: Element<'_>) {
    let part = |name: &str| e.child(name).map(line).unwrap_or_default();
    let property = |name: &str| {
        let properties = e.children().find(|c| c.name().ends_with("Pr"))?;
        properties.child(name)
    };
    let sign = |name: &str, usual: &str| {
        property(name).map_or_else(|| usual.to_owned(), |p| p.attr("val").unwrap_or_default().to_owned())
    };
    let made = match e.name() {
        "del" | "moveFrom" | "ctrlPr" => return,
        name if name.ends_with("Pr") => return,
        "AlternateContent" => e.choice().map(line).unwrap_or_default(),
        "t" => e.text(),
        "f" => {
            let (above, below) = (part("num"), part("den"));
            if text.ends_with(|c: char| c.is_alphanumeric()) {
                text.push(' ');
            }
            match property("type").and_then(|t| t.attr("val")) {
                Some("noBar") => format!("{above}¦{below}"),
                _ => format!("{}/{}", grouped(&above), grouped(&below)),
            }
        }
        "sSup" => format!("{}{}", base(&part("e")), raised('^', &part("sup"))),
        "sSub" => format!("{}{}", base(&part("e")), raised('_', &part("sub"))),
        "sSubSup" => {
            format!("{}{}{}", base(&part("e")), raised('_', &part("sub")), raised('^', &part("sup")))
        }
        "sPre" => format!("{}{}{}", raised('_', &part("sub")), raised('^', &part("sup")), part("e")),
        "rad" => {
            let degree =
                if property("degHide").is_some_and(Element::is_on) { String::new() } else { part("deg") };
            format!("{degree}√{}", grouped(&part("e")))
        }
        "d" => {
            let within: Vec<String> = e.children().filter(|c| c.name() == "e").map(line).collect();
            format!("{}{}{}", sign("begChr", "("), within.join(&sign("sepChr", "|")), sign("endChr", ")"))
        }
        "nary" => {
            let (from, to) = (raised('_', &part("sub")), raised('^', &part("sup")));
            let blank = if from.is_empty() && to.is_empty() { "" } else { " " };
            format!("{}{from}{to}{blank}{}", sign("chr", "∫"), part("e"))
        }
        "func" => format!("{} {}", part("fName").trim(), part("e")),
        "limLow" => format!("{}{}", part("e"), raised('_', &part("lim"))),
        "limUpp" => format!("{}{}", part("e"), raised('^', &part("lim"))),
        "acc" => format!("{}{}", part("e"), sign("chr", "\u{302}")),
        "bar" => format!("{}\u{305}", part("e")),
        "m" if e.child("mr").is_some() => {
            let cells =
                |row: Element<'_>| row.children().filter(|c| c.name() == "e").map(line).collect::<Vec<_>>();
            let rows = e.children().filter(|c| c.name() == "mr").map(|row| cells(row).join(", "));
            format!("[{}]", rows.collect::<Vec<_>>().join("; "))
        }
        "eqArr" => {
            let rows = e.children().filter(|c| c.name() == "e").map(line);
            rows.collect::<Vec<_>>().join("; ")
        }
        "phant" if property("show").is_some_and(|s| !s.is_on()) => return,
        "br" => " ".to_owned(),
        _ => line(e),
    };
    let fraction = text.rsplit([' ', '(']).next().is_some_and(|last| last.contains('/'));
    if fraction
        && made.starts_with(|c: char| c.is_alphanumeric())
        && text.ends_with(|c: char| c.is_alphanumeric())
    {
        text.push(' ');
    }
    text.push_str(&made);
}

/// Whether it reads as one thing: letters and digits, or something in brackets.
fn is_one(text: &str) -> bool {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '\u{300}'..='\u{36f}' | '′' | '_' | '^');
    let bracketed = text.starts_with('(') && text.ends_with(')') && {
        let mut depth = 0_i32;
        let ends = text.char_indices().find(|(_, c)| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0
        });
        ends.is_some_and(|(at, _)| at + 1 == text.len())
    };
    text.chars().all(plain) || bracketed
}

/// With brackets around it unless it reads as one.
fn grouped(text: &str) -> String {
    let text = text.trim();
    if is_one(text) { text.to_owned() } else { format!("({text})") }
}

/// What is raised: a name or number as it is, a sum in brackets.
fn base(text: &str) -> String {
    let long = text.chars().count() > 1 && text.contains(['+', '−', '/', ' ', '*', '×', '·', '=', '^']);
    if long { grouped(text) } else { text.to_owned() }
}

fn raised(sign: char, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("{sign}{}", grouped(text)) }
}
