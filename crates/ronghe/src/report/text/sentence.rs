//! A row's explanation in one plain sentence.

use super::super::Language;
use super::super::escape::terminal;
use crate::explain::{Explanation, RowExplanation};

/// Columns whose share of all attributions is below this do hardly anything.
const HARDLY: f64 = 0.1;
/// Names in one clause.
const NAMED: usize = 3;

/// Which columns speak for the explained output and which against it: "Mostly price; title helps; picture hardly."
pub fn sentence(e: &RowExplanation, language: Language) -> String {
    let fields = &e.fields;
    let k = fields.explained;
    let total: f64 = fields.attributions.iter().map(|a| a[k].abs()).sum();
    let order: Vec<usize> = fields.ranking(k).into_iter().filter(|&i| moves(fields, i)).collect();
    let (Some(&first), true) = (order.first(), total > 0.0) else {
        return language.pick("No column changes this prediction.", "没有任何列改变这个预测。").to_owned();
    };
    let quantity = fields.outputs.len() == 1;
    let phi = |i: usize| fields.attributions[i][k];
    let large = |i: &usize| phi(*i).abs() >= HARDLY * total;
    let name = |i: &usize| terminal(&fields.players[*i].name);
    let named = |all: &[usize]| list(&all.iter().map(name).collect::<Vec<_>>(), language);
    let group = |up: bool| -> Vec<usize> {
        order[1..].iter().copied().filter(|i| large(i) && (phi(*i) > 0.0) == up).collect()
    };
    let few: Vec<usize> =
        (0..fields.players.len()).filter(|i| *i != first && !(large(i) && moves(fields, *i))).collect();
    let mut clauses = vec![match (language, quantity, phi(first) > 0.0) {
        (Language::English, false, true) => format!("Mostly {}", name(&first)),
        (Language::English, false, false) => format!("Mostly against it: {}", name(&first)),
        (Language::English, true, true) => format!("Mostly {}, which raises it", name(&first)),
        (Language::English, true, false) => format!("Mostly {}, which lowers it", name(&first)),
        (Language::Chinese, false, true) => format!("主要看 {}", name(&first)),
        (Language::Chinese, false, false) => format!("主要是反对：{}", name(&first)),
        (Language::Chinese, true, true) => format!("主要看 {}，使其升高", name(&first)),
        (Language::Chinese, true, false) => format!("主要看 {}，使其降低", name(&first)),
    }];
    for up in [true, false] {
        let those = group(up);
        if those.is_empty() {
            continue;
        }
        let names = named(&those);
        let one = those.len() == 1;
        clauses.push(match (language, quantity, up) {
            (Language::English, false, true) => format!("{names} {}", if one { "helps" } else { "help" }),
            (Language::English, false, false) => {
                format!("{names} {} against it", if one { "speaks" } else { "speak" })
            }
            (Language::English, true, true) => format!("{names} {} it", if one { "raises" } else { "raise" }),
            (Language::English, true, false) => {
                format!("{names} {} it", if one { "lowers" } else { "lower" })
            }
            (Language::Chinese, false, true) => format!("{names} 也支持"),
            (Language::Chinese, false, false) => format!("{names} 相反"),
            (Language::Chinese, true, true) => format!("{names} 使其升高"),
            (Language::Chinese, true, false) => format!("{names} 使其降低"),
        });
    }
    if !few.is_empty() {
        let names = named(&few);
        clauses.push(match language {
            Language::English => format!("{names} hardly"),
            Language::Chinese => format!("{names} 影响很小"),
        });
    }
    match language {
        Language::English => clauses.join("; ") + ".",
        Language::Chinese => clauses.join("；") + "。",
    }
}

/// Whether the player adds anything to any output.
fn moves(e: &Explanation, player: usize) -> bool {
    e.attributions[player][e.explained] != 0.0
}

/// Some names, and how many more.
fn list(names: &[String], language: Language) -> String {
    let more = names.len().saturating_sub(NAMED);
    let (comma, and) = (language.pick(", ", "、"), language.pick(" and ", " 和 "));
    match (names, more) {
        ([only], _) => only.clone(),
        (_, 0) => {
            let (last, others) =
                names.split_last().map_or((String::new(), &names[..0]), |(l, o)| (l.clone(), o));
            others.join(comma) + and + &last
        }
        (_, more) => {
            let others = match language {
                Language::English => format!("{more} others"),
                Language::Chinese => format!("另外 {more} 列"),
            };
            names[..NAMED].join(comma) + and + &others
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::sample;
    use super::*;

    fn classes(values: [f64; 3]) -> RowExplanation {
        let mut e = sample();
        for level in [&mut e.fields, &mut e.modalities] {
            level.outputs = vec!["no".into(), "yes".into()];
        }
        e.fields.attributions = values.map(|v| vec![v, -v]).to_vec();
        e
    }

    #[test]
    fn the_largest_stands_first_and_the_smallest_last() {
        let say = |values| sentence(&classes(values), Language::English);
        assert_eq!(say([0.1, 0.5, 0.01]), "Mostly age; 标题 helps; size hardly.");
        assert_eq!(say([-0.2, 0.5, 0.1]), "Mostly age; size helps; 标题 speaks against it.");
        assert_eq!(say([-0.9, 0.2, 0.0]), "Mostly against it: 标题; age helps; size hardly.");
        assert_eq!(say([0.0, 0.5, 0.0]), "Mostly age; 标题 and size hardly.");
        assert_eq!(say([0.0; 3]), "No column changes this prediction.");
        let chinese = sentence(&classes([0.1, 0.5, 0.01]), Language::Chinese);
        assert_eq!(chinese, "主要看 age；标题 也支持；size 影响很小。");
    }

    #[test]
    fn a_quantity_is_raised_or_lowered() {
        let mut e = sample();
        e.fields.attributions = vec![vec![2.0], vec![-1.0], vec![0.5]];
        assert_eq!(
            sentence(&e, Language::English),
            "Mostly 标题, which raises it; size raises it; age lowers it."
        );
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert_eq!(list(&names, Language::English), "a, b, c and 2 others");
        assert_eq!(list(&names[..3], Language::Chinese), "a、b 和 c");
    }
}
