//! Profiles of small tables.

use crate::support::file;
use ronghe_data::profile::{LeakMeasure, Profile, Warning, profile};
use ronghe_data::read::{self, ReadOptions, open};
use ronghe_data::{Distinct, Kind};

fn of(text: &str, target: Option<&str>) -> Profile {
    let (_folder, path) = file("t.csv", text);
    profile(open(&path, &ReadOptions::default()).unwrap().as_mut(), target).unwrap()
}

#[test]
fn columns_summed_up() {
    let found = of("x,city,day\n1,a,2024-01-31\n2,b,\n6,a,2023-01-01\n,a,2024-01-01\n", None);
    assert_eq!(found.rows, 4);
    let x = &found.columns[0];
    assert_eq!((x.kind, x.missing, x.distinct), (Kind::Number, 1, Distinct { count: 3, exact: true }));
    let number = x.number.unwrap();
    assert_eq!((number.min, number.max, number.mean), (1.0, 6.0, 3.0));
    assert!((number.std - 7f64.sqrt()).abs() < 1e-12);
    assert_eq!(found.columns[1].top[0].rows, 3);
    assert_eq!(found.columns[1].rarest.as_ref().unwrap().value, "b");
    assert_eq!(found.columns[2].date.as_ref().unwrap().max, "2024-01-31");
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

#[test]
fn warnings_about_columns() {
    let mut text = "id,same,none,few,day,label\n".to_owned();
    for i in 0..40 {
        let few = if i < 10 { "v" } else { "" };
        let day = if i % 2 == 0 { "2024-01-02" } else { "2024/01/03" };
        text += &format!("{},c,,{few}{},{day},{}\n", i + 5, if i < 10 { i % 3 } else { 0 }, i % 2);
    }
    let text = text.replace(",0,2024", ",,2024");
    let found = of(&text, Some("label"));
    let column = |name: &str| name.to_owned();
    assert!(found.warnings.contains(&Warning::Constant { column: column("same") }), "{:?}", found.warnings);
    assert!(found.warnings.contains(&Warning::AllMissing { column: column("none") }));
    assert!(found.warnings.contains(&Warning::IdentifierLike { column: column("id") }));
    assert!(found.warnings.contains(&Warning::MostlyMissing { column: column("few"), share: 0.75 }));
    let forms = vec!["2024-01-31".to_owned(), "2024/01/31".to_owned()];
    assert!(
        found
            .warnings
            .contains(&Warning::Reading(read::Warning::MixedDates { column: column("day"), forms }))
    );
    assert!(found.warnings.iter().any(|w| matches!(w, Warning::DuplicateRows { .. })));
}

#[test]
fn leaks_and_imbalance() {
    let mut text = "told,score,innocent,noise,label\n".to_owned();
    for i in 0..400u32 {
        let class = ["red", "green", "blue"][(i % 3) as usize];
        let noise = i.wrapping_mul(2_654_435_761) >> 20;
        text += &format!("code {class},{}.5,{},{noise},{class}\n", (i % 3) * 1000 + i, i % 7);
    }
    let found = of(&text, Some("label"));
    let leaks: Vec<(&str, LeakMeasure)> = found
        .warnings
        .iter()
        .filter_map(|w| match w {
            Warning::Leak { column, measure, .. } => Some((column.as_str(), *measure)),
            _ => None,
        })
        .collect();
    assert_eq!(leaks, [("told", LeakMeasure::Accuracy), ("score", LeakMeasure::Auc)]);

    let rows = (0..110).map(|i| format!("{i}.25,{}\n", if i < 100 { "often" } else { "rare" }));
    let text = rows.fold("x,label\n".to_owned(), |t, r| t + &r);
    let found = of(&text, Some("label"));
    assert!(found.warnings.iter().any(|w| matches!(w, Warning::Imbalance { most, least, .. }
        if most.rows == 100 && least.rows == 10 && least.value == "rare")));
}

#[test]
fn an_unknown_target_says_what_there_is() {
    let (_folder, path) = file("t.csv", "a,b\n1,2\n");
    let error = profile(open(&path, &ReadOptions::default()).unwrap().as_mut(), Some("c")).unwrap_err();
    assert!(error.to_string().ends_with("no column `c`; the columns are a, b"), "{error}");
}
