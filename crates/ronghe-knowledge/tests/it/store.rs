use crate::double::{Bag, bring};
use ronghe_knowledge::retrieve::{Mode, Options, search};
use ronghe_knowledge::store::{Filter, FolderStore, FolderWriter, Store};
use ronghe_knowledge::{Embed, Error};
use std::path::Path;

const LAW: &str = "The tenant must give notice of three months.\nRent is due on the first day of a month.";
const COOKING: &str = "Boil the noodles for four minutes.\n面条要煮四分钟，然后加入酱油。";

fn library(folder: &Path) {
    for (name, text) in [("law/lease.txt", LAW), ("cooking/noodles.txt", COOKING), ("cooking/logo.bin", "\0")]
    {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn first(store: &FolderStore, query: &str, mode: Mode) -> Option<String> {
    let hits = search(store, Some(&Bag), query, &Options { mode, ..Options::default() }).unwrap();
    hits.first().map(|h| h.chunk.text.clone())
}

#[test]
fn what_is_indexed_is_found_by_words_and_by_meaning_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("library"), folder.path().join("store"));
    library(&docs);
    let report = bring(&place, &docs, Some(&Bag));
    assert_eq!((report.read, report.chunks, report.skipped["bin"]), (2, 4, 1));
    let store = FolderStore::open(&place).unwrap();
    for (_, mode) in Mode::ALL {
        assert!(first(&store, "boiling noodle", mode).unwrap().contains("Boil the noodles"), "{mode:?}");
        assert!(first(&store, "醬油和麵條", mode).unwrap().contains("酱油"), "{mode:?}");
    }
    let law = Filter { domains: vec!["law".into()], ..Filter::default() };
    let hits =
        search(&store, Some(&Bag), "minutes month", &Options { filter: law, ..Options::default() }).unwrap();
    assert!(!hits.is_empty() && hits.iter().all(|h| h.document.domain == "law"));
    let unknown = Filter { domains: vec!["music".into()], ..Filter::default() };
    let error =
        search(&store, None, "minutes", &Options { filter: unknown, ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains("cooking, law"), "{error}");
    for hit in &hits {
        let citation = hit.citation();
        let text = &hit.document.document.text;
        assert_eq!(text[citation.span.start..citation.span.end], citation.quote);
    }
    assert!(store.check().unwrap().problems.is_empty());
}

#[test]
fn changes_moves_and_removals_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("library"), folder.path().join("store"));
    library(&docs);
    bring(&place, &docs, Some(&Bag));
    assert_eq!(bring(&place, &docs, Some(&Bag)).unchanged, 2);

    std::fs::write(docs.join("law/lease.txt"), format!("{LAW}\nPets need a written permission.")).unwrap();
    std::fs::create_dir_all(docs.join("food")).unwrap();
    std::fs::rename(docs.join("cooking/noodles.txt"), docs.join("food/noodles.txt")).unwrap();
    let report = bring(&place, &docs, Some(&Bag));
    // Two of the three chunks of the lease are as they were.
    assert_eq!((report.read, report.moved, report.removed, report.vectors_known), (1, 1, 0, 2));
    let store = FolderStore::open(&place).unwrap();
    assert!(first(&store, "pets permission", Mode::Fused).unwrap().contains("Pets"));
    assert!(store.stats().unwrap().domains.contains(&("food".into(), 1)));
    assert!(store.check().unwrap().problems.is_empty());

    std::fs::remove_file(docs.join("law/lease.txt")).unwrap();
    assert_eq!(bring(&place, &docs, Some(&Bag)).removed, 1);
    store.refresh().unwrap();
    assert_ne!(first(&store, "tenant", Mode::Words), Some(LAW.lines().next().unwrap().to_owned()));
    assert_eq!(store.stats().unwrap().chunks, 2);
    // The next change takes the terms of what is gone from the text index.
    std::fs::write(docs.join("more.txt"), "Something else.").unwrap();
    bring(&place, &docs, Some(&Bag));
    store.refresh().unwrap();
    assert_eq!(store.lexical(&["tenant".into()], &Filter::default(), 3).unwrap(), []);
    assert!(store.check().unwrap().problems.is_empty());
}

#[test]
fn one_program_writes_and_a_store_keeps_its_network() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let (writer, _) = FolderWriter::open(&place, None).unwrap();
    let error = FolderWriter::open(&place, None).err().unwrap().to_string();
    assert!(error.contains("another that is writing"), "{error}");
    drop(writer);
    let error = FolderWriter::open(&place, Some((Bag.name(), Bag.width()))).err().unwrap().to_string();
    assert!(error.contains("none") && error.contains("bag"), "{error}");
    let error = FolderStore::open(&folder.path().join("nowhere")).err().unwrap().to_string();
    assert!(error.contains("ronghe index"), "{error}");
}

#[test]
fn what_is_damaged_is_set_aside_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("library"), folder.path().join("store"));
    library(&docs);
    bring(&place, &docs, Some(&Bag));
    let segment = std::fs::read_dir(place.join("vectors")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    std::fs::remove_file(place.join("text-1/meta.json")).unwrap();

    // The rest keeps serving: no vectors, no words, but documents.
    let store = FolderStore::open(&place).unwrap();
    assert_eq!((store.damaged().len(), store.stats().unwrap().documents), (2, 2));
    assert!(!store.check().unwrap().problems.is_empty());
    assert!(matches!(store.lexical(&["tenant".into()], &Filter::default(), 3), Err(Error::Store { .. })));
    drop(store);

    bring(&place, &docs, Some(&Bag));
    let store = FolderStore::open(&place).unwrap();
    assert_eq!(store.check().unwrap().problems, Vec::<String>::new());
    assert!(first(&store, "tenant notice", Mode::Words).unwrap().contains("tenant"));
    assert!(first(&store, "tenant notice", Mode::Meaning).unwrap().contains("tenant"));
}

#[test]
fn many_small_changes_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("library"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    for i in 0..20 {
        std::fs::write(docs.join(format!("{i}.txt")), format!("Document number{i} about topic{i}.")).unwrap();
        bring(&place, &docs, Some(&Bag));
    }
    let store = FolderStore::open(&place).unwrap();
    assert!(std::fs::read_dir(place.join("vectors")).unwrap().count() <= 13);
    assert_eq!(store.stats().unwrap().vectors, 20);
    for i in 0..20 {
        assert!(first(&store, &format!("topic{i}"), Mode::Meaning).unwrap().contains(&format!("number{i} ")));
    }
}

#[test]
fn a_store_changes_its_network() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("library"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    for i in 0..5 {
        std::fs::write(docs.join(format!("{i}.txt")), format!("Document number{i} about topic{i}.")).unwrap();
    }
    bring(&place, &docs, None);
    assert!(FolderWriter::migrate(&folder.path().join("nowhere"), None, &[]).is_err());
    let named = Some((Bag.name(), Bag.width()));
    let (writer, _) = FolderWriter::migrate(&place, named, &["weight"]).unwrap();
    writer.set("weight", "0.3").unwrap();
    // Stopped before there were vectors: the words are there, and the next writer goes on.
    drop(writer);
    let store = FolderStore::open(&place).unwrap();
    assert_eq!((store.network(), store.stats().unwrap().vectors), (Some(Bag.name()), 0));
    assert!(first(&store, "topic3", Mode::Words).unwrap().contains("number3 "));
    bring(&place, &docs, Some(&Bag));
    let store = FolderStore::open(&place).unwrap();
    assert_eq!(store.stats().unwrap().vectors, 5);
    assert!(first(&store, "topic3", Mode::Meaning).unwrap().contains("number3 "));
    // The same network again changes nothing; none at all forgets the vectors.
    drop(FolderWriter::migrate(&place, named, &["weight"]).unwrap());
    let store = FolderStore::open(&place).unwrap();
    assert_eq!((store.stats().unwrap().vectors, store.setting("weight").unwrap()), (5, Some("0.3".into())));
    drop(FolderWriter::migrate(&place, None, &["weight"]).unwrap());
    let store = FolderStore::open(&place).unwrap();
    assert_eq!(
        (store.network(), store.stats().unwrap().vectors, store.setting("weight").unwrap()),
        (None, 0, None)
    );
    assert!(std::fs::read_dir(place.join("vectors")).unwrap().next().is_none());
}
