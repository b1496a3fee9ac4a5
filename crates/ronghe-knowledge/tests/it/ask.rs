use crate::double::{Bag, bring};
use ronghe_knowledge::ask::{Options, ask, calibrate};
use ronghe_knowledge::store::FolderStore;

#[test]
fn answers_are_cited_and_what_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("library"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    let topics =
        ["copper", "silver", "iron", "tin", "zinc", "lead", "nickel", "cobalt", "titanium", "mercury"];
    for (i, metal) in topics.iter().enumerate() {
        let text = format!(
            "{metal} melts at {} degrees in a closed furnace.\nMines of {metal} were opened in {} by old companies of the region.",
            300 + 37 * i,
            1800 + 7 * i
        );
        std::fs::write(docs.join(format!("{metal}.txt")), text).unwrap();
    }
    bring(&place, &docs, Some(&Bag));
    let store = FolderStore::open(&place).unwrap();
    let answer = ask(
        &store,
        Some(&Bag),
        "When were the mines of tin opened?",
        &Options { why: true, ..Options::default() },
    )
    .unwrap();
    assert!(answer.answered, "{answer:?}");
    let best = &answer.sentences[0];
    assert!(best.citation.path.ends_with("tin.txt") && best.citation.quote.contains("1821"));
    let short = best.short.as_ref().unwrap();
    let from = short.start - best.citation.span.start;
    assert_eq!(&best.citation.quote[from..from + 4], "1821");
    let why = answer.why.unwrap();
    let tin = why.words.iter().find(|w| w.name == "tin").unwrap();
    assert!(tin.value > 0.0 && why.passages[0].value > 0.0);

    let refused =
        ask(&store, Some(&Bag), "Which parliament elected the chancellor?", &Options::default()).unwrap();
    assert!(!refused.answered && refused.sentences.len() <= 1);
    assert_eq!(refused.looked_for, ["parliament", "elected", "chancellor"]);
    assert!(ask(&store, Some(&Bag), " ?! ", &Options::default()).is_err());
    let long = "copper ".repeat(20_000);
    assert!(ask(&store, Some(&Bag), &long, &Options::default()).is_ok());

    let calibration = calibrate(&store, Some(&Bag), 20, 0, &mut |_, _| Ok(())).unwrap();
    assert!(calibration.is_none_or(|c| (0.0..=1.0).contains(&c.threshold)));
}
