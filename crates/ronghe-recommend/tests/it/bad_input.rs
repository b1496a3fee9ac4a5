//! Tables that are not as they should be: what is read of them, and what every verb of the crate makes of it.

use ronghe_recommend::compare::{Compared, Comparison, Wanted, compare, fit_all};
use ronghe_recommend::evaluate::Protocol;
use ronghe_recommend::report::Metric;
use ronghe_recommend::serve::{Request, Serving};
use ronghe_recommend::source::{self, Loaded, Source};
use ronghe_recommend::split::{Shares, SplitBy, split};
use ronghe_recommend::{Interactions, RECOMMENDERS, Result};
use std::fmt::Write;
use std::time::Duration;

fn read(rows: &str, source: &Source) -> (Interactions, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.csv");
    std::fs::write(&path, rows).unwrap();
    source::read(&path, source, &|_, _| true).unwrap()
}

fn wanted(names: &[&str]) -> Vec<Wanted> {
    RECOMMENDERS.iter().filter(|e| names.contains(&e.name)).map(Wanted::Best).collect()
}

fn how(by: SplitBy) -> Comparison {
    Comparison {
        by,
        shares: Shares::default(),
        protocol: Protocol { k: 3, ..Protocol::default() },
        limit: Duration::from_secs(20),
    }
}

fn compared(of: &Interactions, by: SplitBy) -> Result<Compared> {
    let models = wanted(&["popularity", "item-knn", "ease", "slim", "rp3beta", "hybrid"]);
    compare(of, None, None, &models, &how(by), &|_| true)
}

const SPLITS: [SplitBy; 4] = [SplitBy::Time, SplitBy::LastOut, SplitBy::Users, SplitBy::Random];

/// Forty users of twelve items in two tastes, a day apart.
fn usual() -> String {
    let mut rows = "user,item,time\n".to_owned();
    for user in 0..40 {
        for i in 0..6 {
            let item = (user % 2) * 6 + (user / 2 + i * i) % 6;
            writeln!(rows, "u{user},i{item},{}", 1_600_000_000 + (user * 7 + i * 40) * 86_400).unwrap();
        }
    }
    rows
}

#[test]
fn users_and_items_that_training_does_not_know_are_counted_and_answered() {
    let (mut of, loaded) = read(&usual(), &Source::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.csv");
    std::fs::write(&path, "user,item,time\nu1,new,1800000000\nstranger,i3,1800000000\nstranger,new,1800000000\nu2,i1,1800000000\n").unwrap();
    let (test, _) = source::read_test(&path, &Source::default(), &mut of, &loaded, &|_, _| true).unwrap();
    assert_eq!((of.users.len(), of.items.len(), test.len()), (41, 13, 4));
    let models = wanted(&["popularity", "item-knn", "ease", "hybrid"]);
    for by in SPLITS {
        let found = compare(&of, Some(&test), None, &models, &how(by), &|_| true).unwrap().evaluation;
        let targets = found.targets;
        assert_eq!(
            (targets.fit, targets.targets, targets.users, targets.cold_users),
            (loaded.counts.liked, 4, 3, 1)
        );
        assert_eq!((targets.items, targets.cold_items, found.catalogue), (3, 1, 13));
        for model in &found.models {
            assert_eq!(
                (model.warm.users, model.all.users, model.all.without_list),
                (2, 3, 0),
                "{}",
                model.name
            );
        }
    }
    let other = folder.path().join("other.csv");
    std::fs::write(&other, "user,item,rating\nu1,i1,5\n").unwrap();
    let error = source::read_test(&other, &Source::default(), &mut of, &loaded, &|_, _| true)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("other.csv: expected the columns user, item, time, as in the events to learn from"),
        "{error}"
    );
}

#[test]
fn users_of_one_event_are_kept_and_judged_without_a_past() {
    let rows = usual() + "lone,i1,1600000000\nlate,i2,1700000000\n";
    let (of, loaded) = read(&rows, &Source::default());
    assert_eq!(loaded.counts.single_users, 2);
    let parts = split(&of, SplitBy::LastOut, Shares::default(), 0).unwrap();
    let counted = parts.testing().counted();
    assert_eq!((counted.users, counted.cold_users), (42, 2));
    let found = compared(&of, SplitBy::LastOut).unwrap();
    assert!(found.evaluation.models.iter().all(|m| (m.warm.users, m.all.users) == (40, 42)));
    // A table of nothing else: all are judged, none has a past, settings cannot be chosen and the first are taken.
    let alone: String = (0..10).map(|u| format!("u{u},i{},{}\n", u % 3, 1_600_000_000 + u)).collect();
    let (of, _) = read(&format!("user,item,time\n{alone}"), &Source::default());
    let found = compared(&of, SplitBy::LastOut).unwrap();
    assert_eq!((found.evaluation.targets.users, found.evaluation.targets.cold_users), (10, 10));
    assert!(found.searched.iter().all(|s| s.ndcg.is_none()));
    assert!(found.evaluation.models.iter().all(|m| m.warm.users == 0 && m.warm.figures.is_empty()));
}

#[test]
fn a_row_that_stands_twice_changes_no_recommendation() {
    let rows = usual();
    let twice: String = rows
        .lines()
        .map(|l| {
            format!(
                "{l}\n{}",
                if l.starts_with('u') && !l.starts_with("user") { format!("{l}\n") } else { String::new() }
            )
        })
        .collect();
    let (once, first) = read(&rows, &Source::default());
    let (again, loaded) = read(&twice, &Source::default());
    assert_eq!((loaded.counts.repeats, loaded.counts.liked), (first.counts.repeats + 240, 240));
    assert_eq!(once.matrix(&once.events), again.matrix(&again.events));
    let pairs = |of: &Interactions| of.events.iter().map(|e| (e.user, e.item, e.time)).collect::<Vec<_>>();
    assert_eq!(pairs(&once), pairs(&again));
}

#[test]
fn zeros_are_no_events_and_negatives_are_seen_and_never_liked() {
    let weighted = |more: &str| {
        usual()
            .replace("time\n", "time,count\n")
            .lines()
            .map(|l| if l.contains("count") { format!("{l}\n") } else { format!("{l},1\n") })
            .collect::<String>()
            + more
    };
    let (plain, _) = read(&weighted(""), &Source::default());
    let (zeros, loaded) = read(&weighted("u0,i7,1700000000,0\nu1,i0,1700000000,0\n"), &Source::default());
    assert_eq!((loaded.counts.zeros, &zeros.events), (2, &plain.events));
    let (of, loaded) = read(&weighted("u0,i7,1700000000,-3\n"), &Source::default());
    assert_eq!((loaded.counts.negative, of.matrix(&of.events)), (1, plain.matrix(&plain.events)));
    let fitted = RECOMMENDERS.iter().find(|e| e.name == "ease").map(Wanted::Best).unwrap();
    let (_, model, _) = fit_all(&of, None, &fitted, &how(SplitBy::Time), &|_, _| true).unwrap();
    let serving = Serving::new(model.as_ref(), &of, &of.events).unwrap();
    let (user, item) = (of.users.number("u0").unwrap(), of.item("i7", None).unwrap());
    let listed = serving.answer(Request { user: Some(user), k: 12, ..Request::default() }).unwrap().items;
    assert!(!listed.is_empty() && listed.iter().all(|r| r.item != item));
}

#[test]
fn times_in_the_future_are_counted_and_stand_last() {
    let rows = usual() + "u0,i7,4000000000\n";
    let (of, loaded) = read(&rows, &Source { now: Some(1_750_000_000_000), ..Source::default() });
    assert_eq!((loaded.counts.future, of.events.last().unwrap().time), (1, 4_000_000_000_000));
    assert_eq!(split(&of, SplitBy::Time, Shares::default(), 0).unwrap().test.last(), of.events.last());
}

#[test]
fn ids_of_mixed_kinds_stay_as_they_are_written() {
    let rows = "user,item\n1,007\n1.0,7\n01,7.0\nanna,七\n2024-01-01,true\n1e3,0x10\n";
    let (of, loaded) = read(rows, &Source::default());
    assert_eq!((loaded.users, loaded.items, of.events.len()), (6, 6, 6));
    for name in ["1", "1.0", "01", "anna", "2024-01-01", "1e3"] {
        assert!(of.users.number(name).is_some(), "{name}");
    }
    for name in ["007", "7", "7.0", "七", "true", "0x10"] {
        assert!(of.item(name, None).is_some(), "{name}");
    }
}

#[test]
fn a_domain_where_nobody_liked_anything_is_there_and_has_no_figures() {
    let mut rows: String = usual()
        .replace("time\n", "time,domain\n")
        .lines()
        .map(|l| if l.contains("domain") { format!("{l}\n") } else { format!("{l},films\n") })
        .collect();
    // One domain of weight 0 only, one without a name.
    rows = rows
        .lines()
        .map(|l| if l.contains("domain") { format!("{l},count\n") } else { format!("{l},1\n") })
        .collect();
    rows += "u0,b1,1600000000,books,0\nu1,b2,1600000000,books,0\nu2,x,1600000000,,1\n";
    let (of, loaded) = read(&rows, &Source::default());
    assert_eq!(
        (of.domains.names(), loaded.counts.zeros),
        (&["".to_owned(), "books".into(), "films".into()][..], 2)
    );
    let found = compared(&of, SplitBy::Time).unwrap();
    for model in &found.evaluation.models {
        let users: Vec<usize> = model.domains.iter().map(|d| d.users).collect();
        assert_eq!(users[..2], [0, 0], "{}", model.name);
        assert!(model.domains[1].figures.is_empty() && users[2] > 0);
        assert!(model.warm.get(Metric::Ndcg).is_some());
    }
}

#[test]
fn a_table_without_anything_liked_is_fitted_and_lists_nothing_wrong() {
    for rows in ["user,item,time,count\nu1,i1,1600000000,0\n", "user,item,time,count\nu1,i1,1600000000,-1\n"]
    {
        let (of, _) = read(rows, &Source::default());
        for by in SPLITS {
            match compared(&of, by) {
                Ok(found) => assert_eq!(found.evaluation.targets.users, 0, "{rows}"),
                Err(error) => assert!(error.to_string().contains("expected"), "{rows}: {error}"),
            }
        }
    }
}
