//! Text of strangers, made harmless.

/// Text for HTML content and quoted attributes. Control characters, which HTML does not allow, become U+FFFD.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Text for one line of a terminal: no line breaks, no escape sequences, nothing that turns the direction of writing.
pub(super) fn terminal(text: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() || turns(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_are_defused() {
        assert_eq!(html("<b a='\"'>&\u{0}好"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}好");
        assert_eq!(terminal("a\nb\u{1b}[31m\u{202e}好"), "a b\u{fffd}[31m\u{fffd}好");
    }
}
