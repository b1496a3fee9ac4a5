//! From a format's code to its sections.

/// Characters of a code that are read.
const LONGEST: usize = 1024;

/// A part of a section.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// Words as they are.
    Word(String),
    /// A place of a digit: `0` always, `#` where there is one, `?` a blank where there is none.
    Digit(char),
    Point,
    /// `,`: between digits thousands are apart; behind them each stands for a division by 1000.
    Comma,
    Percent,
    /// `E+` or `E-`.
    Exponent(bool),
    Slash,
    /// As many digits as are needed.
    General,
    /// The text of a cell.
    Text,
    /// `y`, `m`, `d`, `h`, `s`, `a` (day of the week), `n` (minutes), and how many.
    Date(char, usize),
    /// `[h]`, `[m]`, `[s]`: all that have gone by.
    Elapsed(char, usize),
    /// Decimals of a second.
    Fraction(usize),
    /// Words for the halves of a day.
    Halves(&'static str, &'static str),
}

/// For which numbers a section is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Condition {
    sign: Compare,
    limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    More,
    MoreOrEqual,
}

impl Condition {
    pub(super) fn holds(self, value: f64) -> bool {
        match self.sign {
            Compare::Less => value < self.limit,
            Compare::LessOrEqual => value <= self.limit,
            Compare::Equal => value == self.limit,
            Compare::NotEqual => value != self.limit,
            Compare::More => value > self.limit,
            Compare::MoreOrEqual => value >= self.limit,
        }
    }

    pub(super) fn is_negative_only(self) -> bool {
        matches!(self.sign, Compare::Less | Compare::LessOrEqual) && self.limit <= 0.0
    }

    fn read(text: &str) -> Option<Condition> {
        const SIGNS: [(&str, Compare); 6] = [
            ("<=", Compare::LessOrEqual),
            (">=", Compare::MoreOrEqual),
            ("<>", Compare::NotEqual),
            ("<", Compare::Less),
            (">", Compare::More),
            ("=", Compare::Equal),
        ];
        let (rest, sign) = SIGNS.iter().find_map(|(sign, kind)| Some((text.strip_prefix(sign)?, *kind)))?;
        Some(Condition { sign, limit: rest.trim().parse().ok()? })
    }
}

/// How numbers are written in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Script {
    #[default]
    Digits,
    /// 一百二十三
    Chinese,
    /// 壹佰贰拾叁
    Legal,
}

/// A section of a format.
#[derive(Debug, Clone, Default)]
pub(crate) struct Section {
    pub(super) condition: Option<Condition>,
    pub(super) tokens: Vec<Token>,
    pub(super) script: Script,
    /// Whether names of days and months are Chinese.
    pub(super) chinese: bool,
}

impl Section {
    pub(super) fn is_date(&self) -> bool {
        let of_date = |t: &Token| matches!(t, Token::Date(..) | Token::Elapsed(..));
        self.tokens.iter().any(of_date)
    }

    fn word(&mut self, c: char) {
        match self.tokens.last_mut() {
            Some(Token::Word(word)) => word.push(c),
            _ => self.tokens.push(Token::Word(c.to_string())),
        }
    }
}

/// The sections of a code.
pub(super) fn sections(code: &str) -> Vec<Section> {
    let chars: Vec<char> = code.chars().take(LONGEST).collect();
    let mut sections = vec![Section::default()];
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let Some(section) = sections.last_mut() else { break };
        let rest = &chars[at..];
        at += 1;
        let starts = |word: &str| {
            word.chars()
                .zip(rest.iter().chain(std::iter::repeat(&'\0')))
                .all(|(w, c)| w.eq_ignore_ascii_case(c))
        };
        match c {
            ';' => sections.push(Section::default()),
            '"' => {
                while let Some(&c) = chars.get(at).filter(|c| **c != '"') {
                    section.word(c);
                    at += 1;
                }
                at += 1;
            }
            '\\' => {
                if let Some(&c) = chars.get(at) {
                    section.word(c);
                }
                at += 1;
            }
            // As wide as the next sign.
            '_' => {
                section.word(' ');
                at += 1;
            }
            // The next sign fills the cell.
            '*' => at += 1,
            '[' => {
                let inner: String = chars[at..].iter().take_while(|c| **c != ']').collect();
                at += inner.chars().count() + 1;
                bracket(section, &inner);
            }
            _ if starts("general") || starts("g/通用格式") => {
                section.tokens.push(Token::General);
                at += "general".len() - 1;
            }
            _ if starts("am/pm") => {
                section.tokens.push(Token::Halves("AM", "PM"));
                at += 4;
            }
            _ if starts("a/p") => {
                section.tokens.push(Token::Halves("A", "P"));
                at += 2;
            }
            _ if starts("上午/下午") => {
                section.tokens.push(Token::Halves("上午", "下午"));
                at += 4;
            }
            'E' | 'e' if matches!(rest.get(1), Some('+' | '-')) => {
                section.tokens.push(Token::Exponent(rest[1] == '+'));
                at += 1;
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'a' | 'A' | 'e' | 'E' => {
                let many = rest.iter().take_while(|other| other.eq_ignore_ascii_case(&c)).count();
                at += many - 1;
                match c.to_ascii_lowercase() {
                    'a' if many < 3 => (0..many).for_each(|_| section.word(c)),
                    'e' => section.tokens.push(Token::Date('y', 4)),
                    lower => section.tokens.push(Token::Date(lower, many)),
                }
            }
            '0' | '#' | '?' => section.tokens.push(Token::Digit(c)),
            '.' => section.tokens.push(Token::Point),
            ',' => section.tokens.push(Token::Comma),
            '%' => section.tokens.push(Token::Percent),
            '/' => section.tokens.push(Token::Slash),
            '@' => section.tokens.push(Token::Text),
            c => section.word(c),
        }
    }
    sections.iter_mut().for_each(settle);
    sections
}

/// What stands in square brackets: a condition, time that has gone by, a currency, a language, a colour.
fn bracket(section: &mut Section, inner: &str) {
    let lower = inner.to_lowercase();
    if let Some(condition) = Condition::read(inner) {
        section.condition = Some(condition);
    } else if let Some(first) =
        lower.chars().next().filter(|c| "hms".contains(*c) && lower.chars().all(|d| d == *c))
    {
        section.tokens.push(Token::Elapsed(first, lower.len()));
    } else if let Some(currency) = inner.strip_prefix('$') {
        let (sign, language) = currency.rsplit_once('-').unwrap_or((currency, ""));
        sign.chars().for_each(|c| section.word(c));
        let language = u32::from_str_radix(language, 16).unwrap_or(0);
        match language {
            // The long date and the time of the reader's country.
            0xf800 => section.tokens.push(Token::Date('l', 1)),
            0xf400 => section.tokens.push(Token::Date('t', 1)),
            _ => section.chinese |= language & 0xff == 0x04 && sign.is_empty(),
        }
    } else if lower == "dbnum1" {
        section.script = Script::Chinese;
    } else if lower == "dbnum2" {
        section.script = Script::Legal;
    }
}

/// Tells minutes from months and decimals of seconds from points, once the whole section is there.
fn settle(section: &mut Section) {
    let system = section.tokens.iter().find_map(|t| match t {
        Token::Date(kind @ ('l' | 't'), _) => Some(*kind),
        _ => None,
    });
    if let Some(kind) = system {
        let day = [('y', 4), ('-', 1), ('m', 2), ('-', 1), ('d', 2)];
        let time = [('h', 1), (':', 1), ('n', 2), (':', 1), ('s', 2)];
        let parts = if kind == 'l' { day } else { time };
        section.tokens = parts
            .iter()
            .map(|&(c, many)| if c.is_alphabetic() { Token::Date(c, many) } else { Token::Word(c.into()) })
            .collect();
        return;
    }
    if !section.is_date() {
        return;
    }
    let places: Vec<usize> = (0..section.tokens.len())
        .filter(|&i| matches!(section.tokens[i], Token::Date(..) | Token::Elapsed(..)))
        .collect();
    for (i, &at) in places.iter().enumerate() {
        let Token::Date('m', many @ 1..=2) = section.tokens[at] else { continue };
        let kind = |place: Option<&usize>| match place.map(|&p| &section.tokens[p]) {
            Some(Token::Date(c, _) | Token::Elapsed(c, _)) => Some(*c),
            _ => None,
        };
        let after_hours = kind(i.checked_sub(1).and_then(|i| places.get(i))) == Some('h');
        if after_hours || kind(places.get(i + 1)) == Some('s') {
            section.tokens[at] = Token::Date('n', many);
        }
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut fraction = false;
    for token in section.tokens.drain(..) {
        match token {
            Token::Point => {
                fraction = matches!(tokens.last(), Some(Token::Date('s', _) | Token::Elapsed('s', _)));
                tokens.push(if fraction { Token::Fraction(0) } else { Token::Word(".".into()) });
            }
            Token::Digit(_) if fraction => {
                if let Some(Token::Fraction(many)) = tokens.last_mut() {
                    *many += 1;
                }
            }
            Token::Digit(_) | Token::Text | Token::General => {}
            Token::Slash => tokens.push(Token::Word("/".into())),
            Token::Comma => tokens.push(Token::Word(",".into())),
            Token::Percent => tokens.push(Token::Word("%".into())),
            other => {
                fraction = false;
                tokens.push(other);
            }
        }
    }
    section.tokens = tokens;
}
