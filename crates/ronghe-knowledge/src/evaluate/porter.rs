//! The Porter stemmer as the rouge-score package uses it (NLTK's variant).
//!
//! A word is `[C](VC)^m[V]`, with `C` a run of consonants and `V` a run of vowels; `y` is a vowel after a consonant. `m` is
//! the measure. Five steps each take off or change the first suffix of a list that fits, where what is left has a certain
//! measure. `O(length)` for each suffix tried.
//!
//! Source: M. F. Porter, "An algorithm for suffix stripping", Program 14 (1980); the departures are NLTK's (3.10): a few
//! irregular words, `ies` and `ied` of words of four letters, `y` after any consonant, `fulli`, `logi`, and `alli` before the
//! rest of step 2. The search index does not use this: its stemmer is Porter 2.

/// Words with a stem of their own.
const IRREGULAR: &[(&str, &str)] = &[
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// Step 2: suffix, what stands in its place; the rest must have a measure above 0.
const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

/// Step 3, likewise.
const STEP_3: &[(&str, &str)] = &[
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Step 4: suffixes that go where the rest has a measure above 1; `ion` only after `s` or `t`.
const STEP_4: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism",
    "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a word of lower-case ASCII letters and digits.
pub(super) fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    if word.len() <= 2 {
        return word.to_owned();
    }
    let mut word = word.to_owned();
    plural(&mut word);
    past(&mut word);
    final_y(&mut word);
    double_suffixes(&mut word);
    replace_first(&mut word, STEP_3);
    residual(&mut word);
    final_e(&mut word);
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
    word
}

/// Whether each letter is a consonant.
fn consonants(word: &str) -> Vec<bool> {
    let mut flags: Vec<bool> = Vec::with_capacity(word.len());
    for letter in word.bytes() {
        flags.push(match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => flags.last().is_none_or(|before| !before),
            _ => true,
        });
    }
    flags
}

/// Times that a consonant follows a vowel.
fn measure(word: &str) -> usize {
    consonants(word).windows(2).filter(|two| !two[0] && two[1]).count()
}

fn has_vowel(word: &str) -> bool {
    consonants(word).contains(&false)
}

fn ends_in_consonant(word: &str) -> bool {
    consonants(word).last() == Some(&true)
}

fn ends_in_double_consonant(word: &str) -> bool {
    let letters = word.as_bytes();
    letters.len() >= 2 && letters[letters.len() - 1] == letters[letters.len() - 2] && ends_in_consonant(word)
}

/// Consonant, vowel, consonant other than `w`, `x`, `y` at the end; or a word of a vowel and a consonant.
fn ends_short(word: &str) -> bool {
    match consonants(word).as_slice() {
        [false, true] => true,
        [.., true, false, true] => !word.ends_with(['w', 'x', 'y']),
        _ => false,
    }
}

/// Step 1a.
fn plural(word: &mut String) {
    if word.ends_with("ies") {
        let cut = if word.len() == 4 { 1 } else { 2 };
        word.truncate(word.len() - cut);
    } else if word.ends_with("sses") {
        word.truncate(word.len() - 2);
    } else if word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
}

/// Step 1b.
fn past(word: &mut String) {
    if word.ends_with("ied") {
        let cut = if word.len() == 4 { 1 } else { 2 };
        return word.truncate(word.len() - cut);
    }
    if word.ends_with("eed") {
        if measure(&word[..word.len() - 3]) > 0 {
            word.pop();
        }
        return;
    }
    let Some(rest) =
        ["ed", "ing"].iter().filter_map(|suffix| word.strip_suffix(suffix)).find(|rest| has_vowel(rest))
    else {
        return;
    };
    word.truncate(rest.len());
    if word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz") {
        word.push('e');
    } else if ends_in_double_consonant(word) {
        if !word.ends_with(['l', 's', 'z']) {
            word.pop();
        }
    } else if measure(word) == 1 && ends_short(word) {
        word.push('e');
    }
}

/// Step 1c.
fn final_y(word: &mut String) {
    if let Some(rest) = word.strip_suffix('y')
        && rest.len() > 1
        && ends_in_consonant(rest)
    {
        word.pop();
        word.push('i');
    }
}

/// Step 2.
fn double_suffixes(word: &mut String) {
    while let Some(rest) = word.strip_suffix("alli")
        && measure(rest) > 0
    {
        word.truncate(word.len() - 2);
    }
    let fits = replace_first(word, STEP_2);
    if !fits && word.ends_with("logi") && measure(&word[..word.len() - 3]) > 0 {
        word.pop();
    }
}

/// Changes the first suffix that the word ends in, if the rest has a measure above 0. Returns whether there was one.
fn replace_first(word: &mut String, rules: &[(&str, &str)]) -> bool {
    let Some((rest, new)) = rules.iter().find_map(|(old, new)| Some((word.strip_suffix(old)?, new))) else {
        return false;
    };
    if measure(rest) > 0 {
        word.truncate(rest.len());
        word.push_str(new);
    }
    true
}

/// Step 4.
fn residual(word: &mut String) {
    let Some((suffix, rest)) = STEP_4.iter().find_map(|suffix| Some((*suffix, word.strip_suffix(suffix)?)))
    else {
        return;
    };
    if measure(rest) > 1 && (suffix != "ion" || rest.ends_with(['s', 't'])) {
        word.truncate(rest.len());
    }
}

/// Step 5a.
fn final_e(word: &mut String) {
    if let Some(rest) = word.strip_suffix('e')
        && (measure(rest) > 1 || measure(rest) == 1 && !ends_short(rest))
    {
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_paper() {
        for (word, expected) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("cats", "cat"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("bled", "bled"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("conflated", "conflat"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("relational", "relat"),
            ("vietnamization", "vietnam"),
            ("triplicate", "triplic"),
            ("goodness", "good"),
            ("adoption", "adopt"),
            ("controlling", "control"),
            ("rate", "rate"),
        ] {
            assert_eq!(stem(word), expected, "{word}");
        }
    }

    #[test]
    fn departures_from_the_paper() {
        for (word, expected) in
            [("dying", "die"), ("ties", "tie"), ("died", "die"), ("enjoy", "enjoy"), ("fly", "fli")]
        {
            assert_eq!(stem(word), expected, "{word}");
        }
    }
}
