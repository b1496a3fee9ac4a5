//! Colours, once: the page takes them as CSS variables, a file of its own takes the values.
//!
//! More and less than the base are blue and orange, which the common forms of colour blindness tell apart; low to high
//! values run through hue and lightness at once; classes differ in both.

/// Where a drawing will lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Theme {
    /// In the page, which is light or dark as the reader likes.
    Page,
    /// On white.
    Light,
    /// On near-black.
    Dark,
}

/// A colour by its purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Ink {
    /// Behind everything, and in gaps.
    Paper,
    /// Words that matter.
    Strong,
    /// Words beside them.
    Soft,
    /// Guides.
    Line,
    /// Tracks.
    Faint,
    /// What is to be looked at.
    Accent,
    /// Raises the prediction.
    Up,
    /// Lowers it.
    Down,
    /// Dark on either ground, for words on light colours.
    Night,
    /// Low to high: 0 to [`VALUES`] less 1.
    Value(usize),
    /// A class, a modality: 0 to [`CLASSES`] less 1.
    Class(usize),
}

/// Steps from low to high.
pub(in crate::report) const VALUES: usize = 9;

/// Classes with a colour of their own.
pub(in crate::report) const CLASSES: usize = 10;

/// Name, value on light, value on dark. The plain colours come first.
const COLORS: [(&str, &str, &str); 12 + VALUES + CLASSES] = [
    ("paper", "#ffffff", "#1d1d1b"),
    ("ink", "#1d1c1a", "#eceae5"),
    ("soft", "#68645d", "#a5a098"),
    ("line", "#e6e3dc", "#35342f"),
    ("faint", "#f3f1ec", "#262623"),
    ("accent", "#0d6e62", "#5fc9b4"),
    ("up", "#2769b0", "#7fb2ec"),
    ("down", "#c75b12", "#ee9d58"),
    ("ground", "#fbfaf8", "#151514"),
    ("deep-ink", "#ffffff", "#10201d"),
    ("tint", "66%", "46%"),
    ("night", "#1d1c1a", "#1d1c1a"),
    ("v0", "#46329b", "#8a7be6"),
    ("v1", "#3f50b0", "#7090ea"),
    ("v2", "#2f6cb0", "#5aa6e0"),
    ("v3", "#23839f", "#45b6c9"),
    ("v4", "#1f9a8a", "#45c4a8"),
    ("v5", "#3fae6c", "#68cf86"),
    ("v6", "#79b84a", "#9bd766"),
    ("v7", "#b0b62f", "#cfdc55"),
    ("v8", "#dba514", "#f7dc4f"),
    ("c0", "#2f6fb5", "#6aa5e6"),
    ("c1", "#e59a3c", "#f0b266"),
    ("c2", "#27988a", "#52c2b2"),
    ("c3", "#c4476c", "#e57a99"),
    ("c4", "#7a5fc0", "#a58ee6"),
    ("c5", "#93ad3c", "#b5cc66"),
    ("c6", "#74b7e0", "#9dd2f2"),
    ("c7", "#96562f", "#c58a63"),
    ("c8", "#d795c2", "#ecb8dc"),
    ("c9", "#7d8188", "#a3a7ad"),
];

impl Ink {
    fn index(self) -> usize {
        match self {
            Ink::Paper => 0,
            Ink::Strong => 1,
            Ink::Soft => 2,
            Ink::Line => 3,
            Ink::Faint => 4,
            Ink::Accent => 5,
            Ink::Up => 6,
            Ink::Down => 7,
            Ink::Night => 11,
            Ink::Value(step) => 12 + step.min(VALUES - 1),
            Ink::Class(class) => 12 + VALUES + class % CLASSES,
        }
    }

    /// The step for a share from 0, low, to 1, high.
    pub(in crate::report) fn value(share: f64) -> Ink {
        Ink::Value((share.clamp(0.0, 1.0) * (VALUES - 1) as f64).round() as usize)
    }

    /// Up or down.
    pub(in crate::report) fn of(change: f64) -> Ink {
        if change < 0.0 { Ink::Down } else { Ink::Up }
    }
}

impl Theme {
    /// Opacity of the strongest tint behind words, so that they stay readable.
    pub(in crate::report) fn tint(self) -> f64 {
        if self == Theme::Dark { 0.46 } else { 0.66 }
    }

    /// The colour as an attribute takes it.
    pub(in crate::report) fn color(self, ink: Ink) -> String {
        let (name, light, dark) = COLORS[ink.index()];
        match self {
            Theme::Page => format!("var(--{name})"),
            Theme::Light => light.to_owned(),
            Theme::Dark => dark.to_owned(),
        }
    }
}

/// The variables of the page.
pub(in crate::report) fn css() -> String {
    let list = |pick: fn(&(&str, &str, &str)) -> String| COLORS.iter().map(pick).collect::<String>();
    format!(
        ":root{{color-scheme:light dark;{}}}@media (prefers-color-scheme: dark){{:root{{{}}}}}\n",
        list(|c| format!("--{}:{};", c.0, c.1)),
        list(|c| format!("--{}:{};", c.0, c.2)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_its_row() {
        let inks = [
            (Ink::Paper, "var(--paper)"),
            (Ink::Down, "var(--down)"),
            (Ink::Value(0), "var(--v0)"),
            (Ink::value(2.0), "var(--v8)"),
            (Ink::Class(12), "var(--c2)"),
        ];
        inks.into_iter().for_each(|(ink, name)| assert_eq!(Theme::Page.color(ink), name));
        assert!(css().contains("--deep-ink:#10201d;") && css().contains("--c9:"));
    }
}
