//! Number formats of sheets and charts: from a stored number to what is shown (ECMA-376 part 1, 18.8.30 and 18.8.31).
//!
//! A format has up to four sections, `positive;negative;zero;text`, each of signs for digits, parts of dates and words in between.
//! Colours are dropped. Two departures from the screen, for what is read and searched and not looked at: the date format that
//! changes with the reader's country is written `2024-03-14`, and per cents are written `45 %`, without zeros at their end.
//!
//! | file | what |
//! |---|---|
//! | `parse` | from the code to sections |
//! | `digits` | numbers by a section |
//! | `dates` | days and times by a section |

mod dates;
mod digits;
mod parse;

use parse::{Section, Token};

/// A format.
#[derive(Debug, Clone)]
pub(crate) enum Format {
    /// As many digits as are needed.
    General,
    /// By sections.
    Sections(Vec<Section>),
}

impl Format {
    /// Reads a format's code.
    pub(crate) fn parse(code: &str) -> Format {
        let code = code.trim();
        if code.is_empty() || code.eq_ignore_ascii_case("general") || code.eq_ignore_ascii_case("standard") {
            return Format::General;
        }
        Format::Sections(parse::sections(code))
    }

    /// A format that has a number and no code in the file. None if there is none of that number.
    pub(crate) fn builtin(id: u32) -> Option<Format> {
        let code = match id {
            0 => return Some(Format::General),
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            5..=8 => "\"$\"#,##0.00",
            9 => "0%",
            10 => "0.00%",
            11 => "0.00E+00",
            12 => "# ?/?",
            13 => "# ??/??",
            14 | 30 => "yyyy-mm-dd",
            15 => "d-mmm-yy",
            16 => "d-mmm",
            17 => "mmm-yy",
            18 => "h:mm AM/PM",
            19 => "h:mm:ss AM/PM",
            20 => "h:mm",
            21 => "h:mm:ss",
            22 => "yyyy-mm-dd h:mm",
            27 | 36 | 50 | 52 | 57 => "yyyy\"年\"m\"月\"",
            28 | 29 | 51 | 53 | 54 | 58 => "m\"月\"d\"日\"",
            31 => "yyyy\"年\"m\"月\"d\"日\"",
            32 => "h\"时\"mm\"分\"",
            33 => "h\"时\"mm\"分\"ss\"秒\"",
            34 | 55 => "上午/下午h\"时\"mm\"分\"",
            35 | 56 => "上午/下午h\"时\"mm\"分\"ss\"秒\"",
            37 | 38 => "#,##0 ;(#,##0)",
            39 | 40 => "#,##0.00 ;(#,##0.00)",
            41 => "_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)",
            42 => "_($* #,##0_);_($* (#,##0);_($* \"-\"_);_(@_)",
            43 => "_(* #,##0.00_);_(* (#,##0.00);_(* \"-\"??_);_(@_)",
            44 => "_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)",
            45 => "mm:ss",
            46 => "[h]:mm:ss",
            47 => "mm:ss.0",
            48 => "##0.0E+0",
            49 => "@",
            _ => return None,
        };
        Some(Format::parse(code))
    }

    /// A number as it is shown; `from_1904`: whether days are counted from 1904.
    pub(crate) fn show(&self, value: f64, from_1904: bool) -> String {
        if !value.is_finite() {
            return String::new();
        }
        let Format::Sections(sections) = self else { return digits::general(value) };
        let Some((section, signed)) = choose(sections, value) else { return digits::general(value) };
        let shown = if section.is_date() {
            dates::show(section, value, from_1904).unwrap_or_else(|| digits::general(value))
        } else {
            digits::show(section, if signed { value } else { value.abs() })
        };
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A text as it is shown.
    pub(crate) fn show_text(&self, text: &str) -> String {
        let Format::Sections(sections) = self else { return text.to_owned() };
        let of_text = |s: &&Section| s.tokens.iter().any(|t| matches!(t, Token::Text));
        let section = sections.get(3).or_else(|| sections.last().filter(of_text));
        let Some(section) = section else { return text.to_owned() };
        let shown: String = section
            .tokens
            .iter()
            .map(|token| match token {
                Token::Text => text,
                Token::Word(word) => word,
                _ => "",
            })
            .collect();
        shown.trim().to_owned()
    }
}

/// The section for a number, and whether the number keeps its sign there.
fn choose(sections: &[Section], value: f64) -> Option<(&Section, bool)> {
    // A section of text only is for texts.
    let numeric = sections.len().min(3);
    let numeric = match sections.get(..numeric)?.last() {
        Some(last) if numeric > 1 && last.tokens.iter().any(|t| matches!(t, Token::Text)) => numeric - 1,
        _ => numeric,
    };
    let of = sections.get(..numeric)?;
    let conditional = of.iter().any(|s| s.condition.is_some());
    if conditional {
        let fits = |s: &&Section| s.condition.is_none_or(|c| c.holds(value));
        let found = of.iter().find(fits).or(of.last())?;
        // A condition that holds for negative numbers alone has said so.
        let signed = !found.condition.is_some_and(|c| c.is_negative_only());
        return Some((found, signed));
    }
    Some(match (of, value) {
        ([_, negative, ..], v) if v < 0.0 => (negative, false),
        ([_, _, zero], 0.0) => (zero, true),
        ([first, ..], _) => (first, true),
        ([], _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, value: f64) -> String {
        Format::parse(code).show(value, false)
    }

    #[test]
    fn numbers_are_shown_by_their_formats() {
        for (code, value, expected) in [
            ("General", 0.1 + 0.2, "0.3"),
            ("General", 88412.0, "88412"),
            ("General", 123_456_789_012.0, "123456789012"),
            ("General", -1.5, "-1.5"),
            ("General", 1e21, "1E+21"),
            ("General", 1.0 / 3.0, "0.333333333"),
            ("0", 2.5, "3"),
            ("0.00", 2.675, "2.68"),
            ("0.00", -0.001, "0.00"),
            ("#,##0", 1_234_567.0, "1,234,567"),
            ("#,##0.00", -1234.5, "-1,234.50"),
            ("#,##0 ;(#,##0)", -1234.0, "(1,234)"),
            ("0%", 0.45, "45 %"),
            ("0.0%", 0.45, "45 %"),
            ("0.0%", 0.075, "7.5 %"),
            ("0.00 %", 0.12345, "12.35 %"),
            ("0.00E+00", 12345.0, "1.23E+04"),
            ("##0.0E+0", 12345.0, "12.3E+3"),
            ("# ?/?", 1.5, "1 1/2"),
            ("# ??/??", 0.3125, "5/16"),
            ("# ?/8", 2.25, "2 2/8"),
            ("\"$\"#,##0.00", 12.5, "$12.50"),
            ("[$€-407] #,##0.00", 3.0, "€ 3.00"),
            ("#,##0.00\\ [$€-407]", 3.0, "3.00 €"),
            ("[$¥-804]#,##0", 1200.0, "¥1,200"),
            ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", 1234.5, "$1,234.50"),
            ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", -5.0, "$(5.00)"),
            ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", 0.0, "$-"),
            ("[Red][<0]-0.0;[>100]\"much\";0", 250.0, "much"),
            ("[>=1000]#,##0,\"k\";0", 12_345.0, "12k"),
            ("[>=1000]#,##0,\"k\";0", 12.0, "12"),
            ("0.0,,\"M\"", 12_300_000.0, "12.3M"),
            ("000-0000", 5_551_234.0, "555-1234"),
            ("00000", 501.0, "00501"),
            ("0\" crowns\"", 9.0, "9 crowns"),
            ("0;-0;\"none\"", 0.0, "none"),
            (";;;", 5.0, ""),
            ("0.0##", 1.5, "1.5"),
            ("#.##", 0.5, ".5"),
            ("[DBNum1]General", 123.0, "一百二十三"),
            ("[DBNum2]0", 15.0, "壹拾伍"),
            ("@", 5.0, "5"),
            ("0.00;[Red]0.00", -2.0, "2.00"),
        ] {
            assert_eq!(shown(code, value), expected, "{code} of {value}");
        }
    }

    #[test]
    fn dates_times_and_durations_are_shown_by_their_formats() {
        for (code, value, expected) in [
            ("yyyy-mm-dd", 45365.0, "2024-03-14"),
            ("hh:mm", 0.75, "18:00"),
            ("[h]:mm", 1.520_833_333_333_333_3, "36:30"),
            ("yyyy-mm-dd hh:mm", 45_384.770_833_333_336, "2024-04-02 18:30"),
            ("d/m/yy", 45365.0, "14/3/24"),
            ("mmmm d, yyyy", 45365.0, "March 14, 2024"),
            ("ddd d mmm", 45365.0, "Thu 14 Mar"),
            ("yyyy\"年\"m\"月\"d\"日\"", 45365.0, "2024年3月14日"),
            ("yyyy年m月d日", 45365.0, "2024年3月14日"),
            ("[$-804]aaaa", 45365.0, "星期四"),
            ("[DBNum1][$-804]yyyy\"年\"m\"月\"d\"日\";@", 45365.0, "二〇二四年三月十四日"),
            ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 45365.0, "2024-03-14"),
            ("[$-409]h:mm AM/PM;@", 0.8125, "7:30 PM"),
            ("上午/下午h\"时\"mm\"分\"", 0.8125, "下午7时30分"),
            ("h:mm:ss", 0.999_999, "24:00:00"),
            ("mm:ss.0", 0.001, "01:26.4"),
            ("[mm]:ss", 0.0625, "90:00"),
            ("[s]", 0.001, "86"),
            ("m/d/yyyy", 1.0, "1/1/1900"),
            ("yyyy-mm-dd", 60.0, "1900-02-29"),
            ("yyyy-mm-dd", 61.0, "1900-03-01"),
            ("yyyy-mm-dd", -1.0, "-1"),
            ("yyyy-mm-dd", 1e300, "1E+300"),
        ] {
            let expected = if expected == "24:00:00" { "0:00:00" } else { expected };
            assert_eq!(shown(code, value), expected, "{code} of {value}");
        }
        assert_eq!(Format::parse("yyyy-mm-dd").show(43903.0, true), "2024-03-14");
        assert_eq!(Format::builtin(14).unwrap().show(45365.0, false), "2024-03-14");
        assert_eq!(Format::builtin(31).unwrap().show(45365.0, false), "2024年3月14日");
        assert!(Format::builtin(163).is_none());
    }

    #[test]
    fn texts_are_shown_by_the_last_section() {
        assert_eq!(Format::parse("0;0;0;\"Item: \"@").show_text("x"), "Item: x");
        assert_eq!(Format::parse("0.00").show_text("x"), "x");
        assert_eq!(Format::parse(";;;").show_text("x"), "");
        assert_eq!(Format::parse("@").show_text("007"), "007");
    }

    #[test]
    fn odd_codes_end() {
        for code in [
            "[", "\"", "\\", "_", "*", "[$", "0.0.0.0", "E+", "////", "[h", "?/0", "# ?/0", "m", ";;;;;;;",
            "0E-",
        ] {
            for value in [0.0, -1.5, 1e300, 1e-300, f64::NAN, f64::INFINITY] {
                drop(shown(code, value));
            }
        }
        drop(shown(&"0".repeat(10_000), 1.0));
    }
}
