//! Sentences, English, Chinese and German.

use super::*;
use proptest::prelude::*;
use std::ops::Range;

/// Every text is cut as it is written: ` | ` stands where a sentence ends.
fn check(cases: &[&str]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let text = case.replace(" | ", " ").replace('|', "");
            let found = sentences(&text).join(" | ");
            let wanted: Vec<&str> = case.split('|').map(str::trim).collect();
            (found != wanted.join(" | ")).then(|| format!("{case}\n -> {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn english_abbreviations_numbers_and_quotes() {
    check(&[
        "Mr. J. Smith met Dr. Wu at 3.30 p.m. in the U.S. \"Stop!\" he said. | Costs, e.g. rent, rose 2.5%. | Was it so?! | Yes... | Perhaps.",
        "See example.com now. | It closed at 5 p.m. | The end",
        "1. First item. | 2. Second item.",
        "The tenant pays under Art. 5 of the lease. | See Sec. 12 of the contract each spring.",
        "The shed at 12 Mill Rd. Northgate belongs to the town. | It was built ca. 1450 by a guild in the year 1702.",
        "The mast has max. 30 metres. | Minimum is min. 2 metres. | It costs approx. $30 a day.",
        "He was here in 1990. | The rest left. | No. | Yes. | See No. 5 and pp. 3 and p. 7 of it.",
        "Prof. Li and Gen. Mills met Sen. Fox. | He likes cats, dogs etc. | Mary came.",
        "Smith et al. 2020 found it. | So did Jones et al. in May. | Acme Inc. Paris is small. | Acme Inc. is large. | I work at Acme Inc. | She left.",
        "Version 1.2.3 is out. | Use v2.0. | It is fast. | Ask at https://a.example/b.html?c=d. | Then go.",
        "Write to jane.doe@example.com. | She answers.",
        "Is it Yahoo! Finance? | Wow! | That is it. | He works at Yahoo! in the office.",
        "“Go home. It is late.” he said. | She turned, “This is good.” | She left.",
        "\"Really?\" Tom asked. | \"No!\" | He was angry.",
        "He teaches (he once worked as a clerk.) at the school. | (It was late.) | We left.",
        "She has $100.00. | It is hers. | I live in the E.U. | How about you?",
        "I mean.... | She left the shop. | It was ... well, fine. | He said . . . nothing. | Words were left out. . . . | The end came.",
        "You and I. | Did you see Albert I. Jones?",
        "Vitamin C. | The rest is D. | Then came J. R. Smith.",
        "At 5 a.m. Mr. Hill went to the bank. | He left the bank at 6 P.M. | Mr. Hill then slept.",
        "“The stairs [...] turned (...) left [...]” (Hill 55).",
        "Hello!! | Long time. | Hello?? | Who is it?",
    ]);
}

#[test]
fn lists() {
    check(
        &["1) Do this 2) Do that 3) Rest", "• 1. One thing | • 2. Another thing"]
            .map(|c| c.replace(" 2) ", " | 2) ").replace(" 3) ", " | 3) "))
            .each_ref()
            .map(String::as_str),
    );
    let cut = |text: &str| sentences(text).join("|");
    assert_eq!(
        cut("- first thing\n- second thing\n  goes on\n• third"),
        "- first thing|- second thing\n  goes on|• third"
    );
    assert_eq!(
        cut("2.1 Scope\nThis part says what.\n2.2 Terms\nThat one."),
        "2.1 Scope|This part says what.|2.2 Terms|That one."
    );
    assert_eq!(
        cut("（一）打开电源\n（二）按下按钮\n第三条 关灯"),
        "（一）打开电源|（二）按下按钮|第三条 关灯"
    );
    assert_eq!(cut("1．打开电源。2．按下按钮。"), "1．打开电源。|2．按下按钮。");
    assert_eq!(cut("1.打开电源\n2.按下按钮"), "1.打开电源|2.按下按钮");
}

#[test]
fn german() {
    check(&[
        "Am 3. Oktober 1990 kam der 2. Wagen. | Im 19. Jahrhundert war es so. | Das gilt z. B. für Häuser, d. h. immer.",
        "Siehe Abs. 2 und Nr. 5 bzw. Art. 7. | Dr. Meier kommt usw. | Hr. Klein auch.",
    ]);
}

#[test]
fn chinese_stops_quotes_and_numbers() {
    check(&[
        "他说：“你好！”|然后走了。|价格是3.5元……真的吗？！|“好。”，她答。|OK.|下一句",
        "《怎么办？》是一部小说。|“你去哪儿？”他问。|「你來了？」他問。",
        "他说：“真的？真的？”|没人回答。|我想……算了。|该公司（Ltd.）成立于1990年。",
        "去年接待读者１２５万人次，比上年增长８．５％。|全馆有书。",
        "她说：“他问‘谁？’，我没说。”|门开了。|他读了《谁？》。|他走了。",
        "“快走！”小王大声喊道。|“为什么？”|门外很黑。|“走！”他说，“快走！”",
        "这就是所谓“怎么办？”的问题。|他高喊“加油！”跑过终点。",
        "会议三点开始；请带材料；不要迟到。|太好了！！！|真的吗？！？|时间是3：00。",
        "该公司Ltd.成立于1990年。|雅虎（Yahoo!）在美国。|雅虎Yahoo!公司很大。|（完。）|另一段。",
        "他说：“没有关。|后来走了。",
        "我……我不知道。|“我想……”她说。|“……算了。”他答道。",
        "“好。”|“再见。”|他走了。|“知道。”|道路很长。|“不！”|没人说话。",
        "这是第一句．|这是第二句．|“走吧。”|他没有回答。",
    ]);
}

#[test]
fn latin_lines() {
    let wrapped =
        "This line was broken by hand because the page ends\nhere and goes on.\n\nA title\n你好\n世界";
    assert_eq!(
        sentences(wrapped),
        ["This line was broken by hand because the page ends\nhere and goes on.", "A title", "你好", "世界"]
    );
    let cut = |text: &str| sentences(text).join("|");
    let abbreviated = "On the second day of May of that very year we met Dr.\nWu at noon.";
    assert_eq!(cut(abbreviated), abbreviated);
    assert_eq!(
        cut("The office is for self-\nemployed people.\nA new line."),
        "The office is for self-\nemployed people.|A new line."
    );
    assert!(sentences(" \n\n ").is_empty());
}

/// The case chinese-lines: lines of one width, broken within words.
#[test]
fn chinese_lines_go_on() {
    let text = "根据本市消防条例的规定，任何单位和个人都不得占用、堵塞或者封闭疏散通道和安全\n\
                出口，违反规定的单位由主管部门处以五千元以上五万元以下的罚款。居民楼内禁止停\n\
                放电动自行车，也不得在楼道内为电动自行车充电，物业公司发现后应当及时劝阻并向\n\
                主管部门报告。";
    let found = sentences(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("根据本市") && found[0].ends_with("的罚款。") && found[1].ends_with("报告。")
    );
    let cut = |text: &str| sentences(text).join("|");
    assert_eq!(cut("图书馆年报\n去年全年接待读者很多。"), "图书馆年报|去年全年接待读者很多。");
    assert_eq!(cut("所需物资\n编织袋五千条\n救生衣一百件"), "所需物资|编织袋五千条|救生衣一百件");
    assert_eq!(cut("白日依山尽\n黄河入海流"), "白日依山尽|黄河入海流");
    assert_eq!(
        cut("床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。"),
        "床前明月光，\n疑是地上霜。|举头望明月，\n低头思故乡。"
    );
    assert_eq!(
        cut("关于加强本市消防安全管理工作的通知\n各街道办事处：\n请于五月底前备齐。"),
        "关于加强本市消防安全管理工作的通知|各街道办事处：|请于五月底前备齐。"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn nothing_but_blanks_is_lost(text in "[a-cA-C0-9.!?。！？…”“（）()《》：\"'\n ，,好说的.．•-]{0,60}") {
        let kept: String = sentences(&text).concat();
        let strip = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(strip(&kept), strip(&text));
    }

    #[test]
    fn any_text_is_cut(text in "\\PC{0,60}") {
        let _ = sentences(&text);
    }
}

/// Hostile texts of a megabyte take no more than linear time.
#[test]
fn long_texts_of_one_kind() {
    for unit in [
        "。",
        ".",
        ". ",
        "“",
        "”",
        "\n",
        " 1)",
        "A. ",
        "（。",
        "字\n",
        "“。”他",
        "a.\n",
        "… ",
        "\"a. ",
        "1. ",
        " • ",
    ] {
        let text = unit.repeat((1 << 19) / unit.len());
        let kept: usize = sentence_ranges(&text).iter().map(Range::len).sum();
        assert!(kept <= text.len());
    }
}
