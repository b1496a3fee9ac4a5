use crate::double::{Bag, Silent, bring, bring_in};
use ronghe_knowledge::ask::{Options, Outcome, ask, calibrate};
use ronghe_knowledge::chunk;
use ronghe_knowledge::document::{BlockKind, Document, Place};
use ronghe_knowledge::index::{Item, add};
use ronghe_knowledge::store::{FolderStore, FolderWriter};

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
    assert!(calibration.is_some_and(|c| (0.0..=1.0).contains(&c.threshold) && c.questions > 0));
}

/// Asks the questions of a file (question, what the answer holds, `-` for none) about a text, by words alone: how many with an answer are
/// answered rightly, and how many without are refused.
fn asked(rules: &str, questions: &str) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    std::fs::write(docs.join("rules.txt"), rules).unwrap();
    bring_in(&place, &docs, None, chunk::Options::default());
    let store = FolderStore::open(&place).unwrap();
    let (mut right, mut refused) = (0, 0);
    for line in questions.lines() {
        let (question, holds) = line.split_once('\t').unwrap();
        let answer = ask(&store, None, question, &Options::default()).unwrap();
        let first = answer.sentences.first().map_or("", |s| s.citation.quote.as_str());
        right += usize::from(answer.answered && holds != "-" && first.contains(holds));
        refused += usize::from(holds == "-" && answer.outcome == Outcome::Refused);
    }
    (right, refused)
}

#[test]
fn chinese_questions_are_answered_like_english_ones() {
    let zh = asked(
        include_str!("../files/zh-question-words/rules-zh.txt"),
        include_str!("../files/zh-question-words/questions-zh.tsv"),
    );
    let en = asked(
        include_str!("../files/zh-question-words/rules-en.txt"),
        include_str!("../files/zh-question-words/questions-en.tsv"),
    );
    assert!(zh.0 >= 19 && zh.1 == 4 && en.0 >= 19 && en.1 == 4, "{zh:?} {en:?}");
}

#[test]
fn a_short_question_has_the_sentence_with_the_number() {
    let rules = "年假须提前一周在系统里申请。\n员工每年有十天年假。\n退款在收到退货后七天内退回原账户。\n退货的运费由买家承担。\n";
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    std::fs::write(docs.join("rules.txt"), rules).unwrap();
    bring_in(&place, &docs, None, chunk::Options::default());
    let store = FolderStore::open(&place).unwrap();
    for (question, holds) in [
        ("年假有几天？", "十天年假"),
        ("年假有幾天？", "十天年假"),
        ("退款多久到账", "七天内"),
        ("谁付运费？", "由买家承担"),
    ] {
        let answer = ask(&store, None, question, &Options::default()).unwrap();
        assert_ne!(answer.outcome, Outcome::Refused, "{question}: {answer:?}");
        assert!(answer.sentences[0].citation.quote.contains(holds), "{question}: {answer:?}");
    }
}

#[test]
fn a_heading_asked_as_a_question_is_answered_by_what_stands_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    let text = "# 7. 什么是维护脚本？\n维护脚本在安装前后执行。它可以启动服务，也可以删除文件。（另请参见第 8 节“什么是虚拟软件包？”。）\n# 8. 什么是虚拟软件包？\n虚拟软件包是一个通用的名称，适合称呼一组软件包中的任意一个。例如，甲和乙都是浏览器，所以我们说它们都提供了名为“浏览器”的虚包。\n# 9. 为什么有些用户喜欢甲？\n各人的习惯不同。系统管理员可以选择一个作为默认的软件包。\n";
    std::fs::write(docs.join("faq.txt"), text).unwrap();
    bring_in(&place, &docs, None, chunk::Options::default());
    let store = FolderStore::open(&place).unwrap();
    let answer = ask(&store, None, "什么是虚拟软件包？", &Options::default()).unwrap();
    assert!(answer.sentences[0].citation.quote.starts_with("虚拟软件包是一个通用的名称"), "{answer:?}");
    // A sentence that begins with a pronoun is quoted with the one before.
    let answer = ask(&store, None, "什么可以启动服务？", &Options::default()).unwrap();
    assert!(
        answer.sentences[0].citation.quote.starts_with("维护脚本在安装前后执行。它可以启动服务"),
        "{answer:?}"
    );
}

#[test]
fn a_row_is_read_under_its_columns_and_a_note_with_the_paragraph_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut document = Document::default();
    for (kind, text) in [
        (BlockKind::Paragraph, "The tower is sixty metres high."),
        (BlockKind::Paragraph, "It was measured in 1897 by the surveyor with a brass chain."),
        (BlockKind::Row, "Boat\tSeats"),
        (BlockKind::Row, "Heron\tforty"),
        (BlockKind::Row, "Gull\ttwelve"),
        (BlockKind::Paragraph, "The ferry leaves at noon."),
        (BlockKind::Item, "第二条 租金按月支付。"),
        (BlockKind::Item, "第三条 押金在退租后七日内退还。"),
    ] {
        document.push(kind, text, Place::default());
    }
    let item = Item { name: "harbour".into(), domain: "d".into(), document };
    let (mut writer, _) = FolderWriter::open(folder.path(), None).unwrap();
    add(&mut writer, vec![item], &chunk::Options::default(), None, &mut Silent).unwrap();
    let answered = |question: &str| {
        let answer = ask(writer.store(), None, question, &Options::default()).unwrap();
        assert!(answer.answered, "{question}: {answer:?}");
        answer.sentences[0].citation.line()
    };
    assert_eq!(answered("How many seats has the Heron?"), "Heron forty");
    assert!(answered("Who measured the tower?").ends_with("by the surveyor with a brass chain."));
    assert_eq!(answered("第三条写了什么？"), "第三条 押金在退租后七日内退还。");
}
