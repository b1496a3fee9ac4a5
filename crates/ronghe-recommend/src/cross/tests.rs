use super::*;
use crate::models::{ease, emcdr, ials, popularity};
use crate::{Error, Event, Interactions, Model, Query};
use ronghe_stats::random::SplitMix64;

/// Sixty users of two tastes, each with eight items of every domain that suit the taste; with `noise` the source's items are drawn.
fn domains(noise: bool) -> Interactions {
    let mut of = Interactions { domains: ["books", "films"].iter().collect(), ..Interactions::default() };
    for item in 0..40 {
        of.items.add(&format!("i{item:02}"));
        of.domain_of.push(u32::from(item >= 20));
    }
    let mut draw = SplitMix64::new(3);
    for user in 0..60u32 {
        of.users.add(&format!("u{user:02}"));
        for domain in 0..2u32 {
            let taste = if noise && domain == 0 { draw.below(2) as u32 } else { user % 2 };
            for place in draw.order(10).into_iter().take(8) {
                let item = domain * 20 + taste * 10 + place as u32;
                of.events.push(Event { user, item, weight: 1.0, time: 0 });
            }
        }
    }
    of.sort();
    of
}

fn lambdas(all: &[f64]) -> Vec<Model> {
    all.iter().map(|&lambda| Model::Ease(ease::Settings { lambda })).collect()
}

fn plan(kept: usize) -> Plan {
    let popular = vec![Model::Popularity(popularity::Settings::default())];
    let ials = ials::Settings { factors: 2, iterations: 4, ..ials::Settings::default() };
    let map = vec![Model::Emcdr(emcdr::Settings { ials, ..emcdr::Settings::default() })];
    let alone = vec![popular, lambdas(&[20.0, 5.0])];
    let across = vec![lambdas(&[20.0, 5.0]), map];
    Plan { kept, alone, across, ..Plan::usual("books", "films", false) }
}

#[test]
fn a_source_of_the_same_tastes_helps_and_a_shuffled_one_does_not() {
    let of = domains(false);
    let found = compare(&of, None, &plan(0), &|_, _| true).unwrap();
    assert_eq!(found.overlap, Overlap { source: 60, target: 60, both: 60, left: 40 });
    assert_eq!((found.tested, found.validated, found.accepted), (20, 20, true));
    // Popularity alone: nothing else can be said without events in the target. Across: two kinds and their mix.
    assert_eq!((found.alone.len(), found.across.len()), (1, 3));
    for across in &found.across {
        let (gain, control) = (across.less_best_alone.unwrap(), across.shuffled.unwrap());
        assert!(gain.low > 0.1 && control.low < 0.0 && gain.mean > control.mean + 0.1, "{across:?}");
    }
    // The same whatever the threads.
    let again = compare(&of, None, &Plan { threads: 1, ..plan(0) }, &|_, _| true).unwrap();
    assert_eq!(found, again);
    let (model, fitted) = winner(&of, None, &plan(0), &found, &|_, _| true).unwrap();
    assert_eq!(model, found.across[found.best_across.unwrap()].model);
    // A reader of books of one taste gets films of that taste.
    let mut scores = vec![0.0; 40];
    let history: Vec<(u32, f32)> = (0..5).map(|item| (item, 1.0)).collect();
    fitted.scores(Query { user: None, history: &history }, &mut scores);
    assert!(scores[20..30].iter().sum::<f32>() > scores[30..].iter().sum::<f32>() + 1.0, "{scores:?}");
}

#[test]
fn a_source_that_says_nothing_is_refused() {
    let of = domains(true);
    let found = compare(&of, None, &plan(2), &|_, _| true).unwrap();
    assert!(!found.accepted && found.validation_gain.unwrap().low <= 0.0, "{:?}", found.across);
    // What is used then knows the target alone.
    let (model, fitted) = winner(&of, None, &plan(2), &found, &|_, _| true).unwrap();
    assert_eq!(model, found.alone[found.fallback].model);
    let mut scores = vec![0.0; 40];
    fitted.scores(Query { user: None, history: &[(20, 1.0), (0, 1.0)] }, &mut scores);
    assert!(scores[..20].iter().all(|s| *s == 0.0), "{scores:?}");
}

#[test]
fn settings_are_chosen_on_users_who_are_not_tested() {
    let found = compare(&domains(false), None, &plan(3), &|_, _| true).unwrap();
    assert_eq!((found.alone[1].tried, found.across[0].tried), (2, 2));
    // The other setting alone reaches no more on validation.
    for lambda in [20.0, 5.0] {
        let one = Plan { alone: vec![lambdas(&[lambda])], across: vec![lambdas(&[lambda])], ..plan(3) };
        let one = compare(&domains(false), None, &one, &|_, _| true).unwrap();
        assert!(one.alone[0].validation <= found.alone[1].validation);
        assert!(one.across[0].validation <= found.across[0].validation);
    }
}

#[test]
fn the_overlap_can_be_thinned_out() {
    let of = domains(false);
    let with = |overlap: f64| compare(&of, None, &Plan { overlap, ..plan(0) }, &|_, _| true).unwrap();
    assert_eq!([1.0, 0.5, 0.0].map(|share| with(share).overlap.left), [40, 20, 0]);
    let none = with(0.0);
    let left_out: Vec<&str> = none.unfit.iter().map(|unfit| unfit.model.as_str()).collect();
    assert_eq!(left_out, ["emcdr"]);
    assert!(none.unfit[0].why.contains("there is nothing to map"), "{:?}", none.unfit);
    assert_eq!(none.across.len(), 1);
}

#[test]
fn other_domains_take_no_part() {
    let mut of = domains(false);
    of.domains.add("songs");
    let expected = compare(&of, None, &plan(1), &|_, _| true).unwrap();
    for item in 40..45 {
        of.items.add(&format!("i{item}"));
        of.domain_of.push(2);
        of.events.extend((0..60).map(|user| Event { user, item, weight: 1.0, time: 0 }));
    }
    of.sort();
    let found = compare(&of, None, &plan(1), &|_, _| true).unwrap();
    assert_eq!(found.alone, expected.alone);
    assert_eq!(found.accepted, expected.accepted);
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let of = domains(false);
    let error = |plan: Plan| compare(&of, None, &plan, &|_, _| true).unwrap_err().to_string();
    assert!(error(Plan { target: "songs".into(), ..plan(0) }).starts_with("no domain `songs`"));
    assert!(error(Plan { target: "books".into(), ..plan(0) }).contains("two domains"));
    assert!(error(Plan { overlap: 1.5, ..plan(0) }).contains("an overlap of 1.5"));
    assert!(error(Plan { across: Vec::new(), ..plan(0) }).contains("models with settings"));
    assert!(error(plan(50)).contains("55 events or more in `films`"));
    assert!(matches!(compare(&of, None, &plan(0), &|_, _| false), Err(Error::Stopped)));
}
