//! Whole numbers as lists, headings and dates show them: `iv`, `c`, `十二`, `③`.

/// Beyond this, letters and the like are written as digits.
const LONGEST: i64 = 780;

/// A number in a format of WordprocessingML (`ST_NumberFormat`, ECMA-376 part 1, 17.18.59). Formats of no number are empty, unknown
/// ones are decimal, as is what a format has no sign for.
pub(crate) fn number(format: &str, n: i64) -> String {
    let shown = match format {
        "bullet" | "none" => return String::new(),
        "decimalZero" => Some(format!("{n:02}")),
        "upperRoman" => roman(n),
        "lowerRoman" => roman(n).map(|r| r.to_lowercase()),
        "upperLetter" => letters(n, 'A'),
        "lowerLetter" => letters(n, 'a'),
        "ordinal" => Some(format!("{n}{}", ordinal(n))),
        "cardinalText" => word(n, false),
        "ordinalText" => word(n, true),
        "hex" => Some(format!("{n:X}")),
        "numberInDash" => Some(format!("- {n} -")),
        "decimalFullWidth" | "decimalFullWidth2" => Some(digits(n, "０１２３４５６７８９")),
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => enclosed(n, '①', 20),
        "decimalEnclosedFullstop" => enclosed(n, '⒈', 20),
        "decimalEnclosedParen" => enclosed(n, '⑴', 20),
        "ideographEnclosedCircle" => enclosed(n, '㊀', 10),
        "ideographDigital" | "japaneseDigitalTenThousand" | "taiwaneseDigital" => {
            Some(digits(n, "〇一二三四五六七八九"))
        }
        "koreanDigital" | "koreanDigital2" => Some(digits(n, "영일이삼사오육칠팔구")),
        "chineseCounting" | "taiwaneseCounting" if n >= 100 => Some(digits(n, "○一二三四五六七八九")),
        "chineseCounting" | "chineseCountingThousand" => Some(CHINESE.of(n)),
        "taiwaneseCounting" | "taiwaneseCountingThousand" => Some(TAIWANESE.of(n)),
        "chineseLegalSimplified" => Some(LEGAL_SIMPLIFIED.of(n)),
        "ideographLegalTraditional" => Some(LEGAL_TRADITIONAL.of(n)),
        "japaneseCounting" => Some(JAPANESE.of(n)),
        "japaneseLegal" => Some(LEGAL_JAPANESE.of(n)),
        "koreanCounting" => Some(KOREAN.of(n)),
        "ideographTraditional" => sign(n, "甲乙丙丁戊己庚辛壬癸"),
        "ideographZodiac" => sign(n, "子丑寅卯辰巳午未申酉戌亥"),
        "ideographZodiacTraditional" => sexagenary(n),
        "aiueo" | "aiueoFullWidth" => sign(
            n,
            "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
        ),
        "iroha" | "irohaFullWidth" => sign(
            n,
            "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン",
        ),
        "ganada" => sign(n, "가나다라마바사아자차카타파하"),
        "chosung" => sign(n, "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"),
        "russianLower" => sign(n, "абвгдежзиклмнопрстуфхцчшщыэюя"),
        "russianUpper" => sign(n, "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЫЭЮЯ"),
        "hebrew2" => sign(n, "אבגדהוזחטיכלמנסעפצקרשת"),
        "arabicAlpha" => sign(n, "أبتثجحخدذرزسشصضطظعغفقكلمنهوي"),
        "arabicAbjad" => sign(n, "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"),
        "thaiNumbers" => Some(digits(n, "๐๑๒๓๔๕๖๗๘๙")),
        "hindiNumbers" => Some(digits(n, "०१२३४५६७८९")),
        "chicago" => chicago(n),
        _ => None,
    };
    shown.unwrap_or_else(|| n.to_string())
}

/// Digits of another script, in the order from 0 to 9.
pub(crate) fn digits(n: i64, signs: &str) -> String {
    let of = |c: char| c.to_digit(10).and_then(|d| signs.chars().nth(d as usize)).unwrap_or(c);
    n.to_string().chars().map(of).collect()
}

fn sign(n: i64, signs: &str) -> Option<String> {
    let at = usize::try_from(n).ok()?.checked_sub(1)?;
    signs.chars().nth(at).map(String::from)
}

fn enclosed(n: i64, first: char, most: u32) -> Option<String> {
    let n = u32::try_from(n).ok().filter(|n| (1..=most).contains(n))?;
    char::from_u32(first as u32 + n - 1).map(String::from)
}

fn sexagenary(n: i64) -> Option<String> {
    let n = (1..=60).contains(&n).then_some(n - 1)?;
    Some(sign(n % 10 + 1, "甲乙丙丁戊己庚辛壬癸")? + &sign(n % 12 + 1, "子丑寅卯辰巳午未申酉戌亥")?)
}

fn chicago(n: i64) -> Option<String> {
    let at = usize::try_from(n).ok()?.checked_sub(1).filter(|at| *at < 40)?;
    Some(["*", "†", "‡", "§"][at % 4].repeat(at / 4 + 1))
}

fn roman(mut n: i64) -> Option<String> {
    const SIGNS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4000).contains(&n) {
        return None;
    }
    let mut shown = String::new();
    for (value, sign) in SIGNS {
        while n >= value {
            shown += sign;
            n -= value;
        }
    }
    Some(shown)
}

/// a to z, then aa, bb and so on, as Word counts.
fn letters(n: i64, first: char) -> Option<String> {
    let n = (1..=LONGEST).contains(&n).then_some(n - 1)?;
    let letter = char::from_u32(first as u32 + (n % 26) as u32)?;
    Some(String::from(letter).repeat((n / 26) as usize + 1))
}

fn ordinal(n: i64) -> &'static str {
    match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// `Twenty-one` or `Twenty-first`, up to 99.
fn word(n: i64, nth: bool) -> Option<String> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] =
        ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let n = usize::try_from(n).ok().filter(|n| *n < 100)?;
    let plain = match n {
        0..20 => ONES[n].to_owned(),
        _ if n % 10 == 0 => TENS[n / 10].to_owned(),
        _ => format!("{}-{}", TENS[n / 10], ONES[n % 10]),
    };
    let shown = match (nth, plain.rsplit_once('-').map_or(plain.as_str(), |(_, last)| last)) {
        (false, _) => plain,
        (true, "one") => plain.replace("one", "first"),
        (true, "two") => plain.replace("two", "second"),
        (true, "three") => plain.replace("three", "third"),
        (true, "five") => plain.replace("five", "fifth"),
        (true, "eight") => plain + "h",
        (true, "nine") => plain.replace("nine", "ninth"),
        (true, "twelve") => "twelfth".to_owned(),
        (true, last) if last.ends_with('y') => format!("{}ieth", &plain[..plain.len() - 1]),
        (true, _) => plain + "th",
    };
    let mut chars = shown.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect())
}

/// How a language of Chinese signs counts.
struct Counting {
    digits: [&'static str; 10],
    units: [&'static str; 4],
    myriads: [&'static str; 5],
    /// Whether skipped places are said (一百零一).
    zero: bool,
    /// Whether 1 is said before a unit: before hundreds and thousands, and before tens at the start and within.
    one: [bool; 3],
}

const HAN: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const CHINESE: Counting = Counting {
    digits: HAN,
    units: ["", "十", "百", "千"],
    myriads: ["", "万", "亿", "万亿", "亿亿"],
    zero: true,
    one: [true, false, true],
};
const TAIWANESE: Counting = Counting { myriads: ["", "萬", "億", "兆", "京"], ..CHINESE };
const LEGAL_SIMPLIFIED: Counting = Counting {
    digits: ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"],
    units: ["", "拾", "佰", "仟"],
    myriads: ["", "万", "亿", "万亿", "亿亿"],
    zero: true,
    one: [true, true, true],
};
const LEGAL_TRADITIONAL: Counting = Counting {
    digits: ["零", "壹", "貳", "參", "肆", "伍", "陸", "柒", "捌", "玖"],
    units: ["", "拾", "佰", "仟"],
    myriads: ["", "萬", "億", "兆", "京"],
    zero: true,
    one: [true, true, true],
};
const JAPANESE: Counting = Counting {
    digits: HAN,
    units: ["", "十", "百", "千"],
    myriads: ["", "万", "億", "兆", "京"],
    zero: false,
    one: [false, false, false],
};
const LEGAL_JAPANESE: Counting = Counting {
    digits: ["零", "壱", "弐", "参", "四", "伍", "六", "七", "八", "九"],
    units: ["", "拾", "百", "阡"],
    myriads: ["", "萬", "億", "兆", "京"],
    zero: false,
    one: [true, true, true],
};
const KOREAN: Counting = Counting {
    digits: ["영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"],
    units: ["", "십", "백", "천"],
    myriads: ["", "만", "억", "조", "경"],
    zero: false,
    one: [false, false, false],
};

/// A number in Chinese words: in plain ones, or in those of bills.
pub(crate) fn chinese(n: i64, legal: bool) -> String {
    if legal { LEGAL_SIMPLIFIED.of(n) } else { CHINESE.of(n) }
}

impl Counting {
    fn of(&self, n: i64) -> String {
        if n == 0 {
            return self.digits[0].to_owned();
        }
        let minus = if n < 0 { "-" } else { "" };
        let mut rest = n.unsigned_abs();
        let mut parts = Vec::new();
        while rest > 0 {
            parts.push(rest % 10_000);
            rest /= 10_000;
        }
        let mut shown = String::new();
        let mut skipped = false;
        for (myriad, part) in parts.iter().enumerate().rev() {
            if *part == 0 {
                skipped = true;
                continue;
            }
            for place in (0..4).rev() {
                let digit = (part / 10_u64.pow(place)) % 10;
                if digit == 0 {
                    skipped = true;
                    continue;
                }
                if skipped && !shown.is_empty() && self.zero {
                    shown += self.digits[0];
                }
                skipped = false;
                let said = match place {
                    0 => true,
                    1 if shown.is_empty() => self.one[1],
                    1 => self.one[2],
                    _ => self.one[0],
                };
                if digit > 1 || said {
                    shown += self.digits[digit as usize];
                }
                shown += self.units[place as usize];
            }
            shown += self.myriads.get(myriad).copied().unwrap_or_default();
        }
        format!("{minus}{shown}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_word_shows_them() {
        let cases = [
            ("decimal", 12, "12"),
            ("decimalZero", 7, "07"),
            ("upperRoman", 1994, "MCMXCIV"),
            ("lowerRoman", 4, "iv"),
            ("upperLetter", 28, "BB"),
            ("lowerLetter", 3, "c"),
            ("ordinal", 22, "22nd"),
            ("ordinal", 112, "112th"),
            ("cardinalText", 21, "Twenty-one"),
            ("ordinalText", 12, "Twelfth"),
            ("ordinalText", 30, "Thirtieth"),
            ("ordinalText", 25, "Twenty-fifth"),
            ("chineseCountingThousand", 3, "三"),
            ("chineseCountingThousand", 10, "十"),
            ("chineseCountingThousand", 21, "二十一"),
            ("chineseCountingThousand", 101, "一百零一"),
            ("chineseCountingThousand", 110, "一百一十"),
            ("chineseCountingThousand", 10_003, "一万零三"),
            ("chineseCountingThousand", 120_000, "十二万"),
            ("chineseCounting", 19, "十九"),
            ("chineseCounting", 120, "一二○"),
            ("chineseLegalSimplified", 15, "壹拾伍"),
            ("ideographTraditional", 3, "丙"),
            ("ideographZodiac", 12, "亥"),
            ("ideographZodiacTraditional", 1, "甲子"),
            ("taiwaneseCountingThousand", 20_000, "二萬"),
            ("japaneseCounting", 111, "百十一"),
            ("koreanCounting", 21, "이십일"),
            ("ganada", 2, "나"),
            ("decimalFullWidth", 10, "１０"),
            ("decimalEnclosedCircle", 3, "③"),
            ("decimalEnclosedCircle", 33, "33"),
            ("decimalEnclosedParen", 2, "⑵"),
            ("ideographDigital", 10, "一〇"),
            ("russianLower", 3, "в"),
            ("chicago", 5, "**"),
            ("bullet", 1, ""),
            ("none", 1, ""),
            ("unheard", 5, "5"),
            ("upperRoman", 0, "0"),
            ("lowerLetter", i64::MAX, "9223372036854775807"),
        ];
        for (format, n, shown) in cases {
            assert_eq!(number(format, n), shown, "{format} {n}");
        }
        assert_eq!(chinese(i64::MIN, true).chars().next(), Some('-'));
    }
}
