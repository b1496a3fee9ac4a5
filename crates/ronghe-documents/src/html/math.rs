//! Formulas as lines of text: `a/b`, `x^2`, `√(x)`.

use super::tree::{Tree, What};

/// Elements within each other, at most; what is deeper is read as text.
const DEPTH: usize = 64;

/// The formula at `at`.
pub(super) fn line(tree: &Tree<'_>, at: usize) -> String {
    let line = formula(tree, at, 0);
    format!(" {} ", line.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn formula(tree: &Tree<'_>, at: usize, depth: usize) -> String {
    let What::Element(e) = &tree.nodes[at].what else {
        return tree.text_of(at).trim().to_owned();
    };
    if depth > DEPTH {
        return tree.text_of(at);
    }
    let mut parts = tree
        .children(at)
        .filter(|&i| !matches!(tree.name(i), "annotation" | "annotation-xml" | "none" | "mprescripts"))
        .map(|i| formula(tree, i, depth + 1))
        .filter(|p| !p.is_empty());
    let mut next = || parts.next().unwrap_or_default();
    match e.name.as_ref() {
        "mfrac" => format!("{}/{}", grouped(&next()), grouped(&next())),
        "msup" | "mover" => format!("{}^{}", grouped(&next()), grouped(&next())),
        "msub" | "munder" => format!("{}_{}", next(), grouped(&next())),
        "msubsup" | "munderover" => format!("{}_{}^{}", next(), grouped(&next()), grouped(&next())),
        "msqrt" => format!("√({})", parts.collect::<String>()),
        "mroot" => {
            let base = next();
            format!("{}√({base})", next())
        }
        "mtr" => parts.collect::<Vec<_>>().join(" ") + "; ",
        "mo" => {
            let text = parts.collect::<String>();
            let spaced = matches!(
                text.as_str(),
                "=" | "+" | "-" | "−" | "<" | ">" | "≤" | "≥" | "≠" | "≈" | "→" | "⇒" | "·" | "×"
            );
            if spaced { format!(" {text} ") } else { text }
        }
        _ => parts.collect(),
    }
}

/// In brackets where it is more than a number, a name or brackets already.
fn grouped(part: &str) -> String {
    let part = part.trim();
    let single = part.chars().all(char::is_alphanumeric)
        || part.chars().count() == 1
        || part.starts_with('(') && part.ends_with(')');
    if single { part.to_owned() } else { format!("({part})") }
}

/// An exponent in raised digits; none where there is no such character.
pub(super) fn raised(text: &str) -> Option<String> {
    let raise = |c: char| {
        Some(match c {
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0' | '4'..='9' => char::from_u32('⁰' as u32 + c.to_digit(10)?)?,
            '-' | '−' | '–' => '⁻',
            '+' => '⁺',
            'n' => 'ⁿ',
            _ => return None,
        })
    };
    let text: Option<String> = text.chars().map(raise).collect();
    text.filter(|t| !t.is_empty())
}
