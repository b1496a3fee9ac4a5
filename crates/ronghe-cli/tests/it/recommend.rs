//! Recommendations from a table of events, as a user asks for them.

use crate::support::Room;
use serde_json::Value;
use std::fmt::Write;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Forty readers of two tastes: 甲 likes the books and films of one kind, 乙 those of the other; each lacks one of them.
fn events() -> String {
    let mut text = "用户,商品,领域,评分,时间\n".to_owned();
    for user in 0..40 {
        let taste = if user % 2 == 0 { "甲" } else { "乙" };
        for item in (0..12).filter(|item| item != &(user / 2 % 12)) {
            let domain = if item < 6 { "书" } else { "片" };
            let day = 1 + (user * 7 + item * 3) % 28;
            let _ = writeln!(text, "u{user:02},{taste}{item},{domain},5,2024-01-{day:02}");
        }
    }
    // Seen, and not liked.
    text + "u00,乙9,片,1,2024-01-30\n"
}

const ITEMS: &str = "商品,标题,类型\n甲0,第一本,小说\n甲1,第二本,诗\n甲2,第三本,诗\n";

#[test]
fn a_recommender_is_fitted_asked_and_explained() {
    let room = Room::new();
    room.put("events.csv", events());
    room.put("items.csv", ITEMS);
    let said = room.run("recommend fit events.csv --items items.csv --model ease --out m");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.err.contains("user `用户`, item `商品`, weight `评分`, time `时间`, domain `领域`"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("4 or more") && said.err.contains("40 users, 24 items, 2 domains"),
        "{}",
        said.err
    );

    // The one of its kind that u00 has not met.
    let found = json(&room.good("recommend for m u00 --why --json"));
    assert_eq!(
        (&found[0]["items"][0]["item"], &found[0]["items"][0]["title"]),
        (&"甲0".into(), &"第一本".into())
    );
    let because = found[0]["items"][0]["because"].as_array().expect("reasons");
    let sum: f64 = because.iter().map(|b| b["adds"].as_f64().expect("a number")).sum();
    let score = found[0]["items"][0]["score"].as_f64().expect("a score");
    let rest = found[0]["items"][0]["rest"].as_f64().expect("a rest");
    assert!((sum + rest - score).abs() < 1e-5, "{found}");
    assert!(because.iter().all(|b| b["item"].as_str().is_some_and(|item| item.contains('甲'))), "{found}");
    let items: Vec<&str> =
        found[0]["items"].as_array().expect("items").iter().filter_map(|i| i["item"].as_str()).collect();
    assert!(!items.contains(&"乙9") && !items.contains(&"甲1"), "seen items are not shown: {items:?}");

    let why = |line: &str| json(&room.good(line))["why"]["why"].as_str().unwrap_or_default().to_owned();
    assert_eq!(why("recommend explain m u00 甲0 --json"), "listed");
    assert_eq!(why("recommend explain m u00 甲1 --json"), "seen");
    assert_eq!(why("recommend explain m u00 甲0 --deny 甲0 --json"), "denied");
    assert_eq!(why("recommend explain m u00 甲0 --in 片 --json"), "filtered");
    assert_eq!(why("recommend explain m u00 乙0 -k 1 --json"), "score");
    let found = json(&room.good("recommend for m --history 乙1,乙2 -k 1 --json"));
    assert!(found[0]["items"][0]["item"].as_str().is_some_and(|item| item.starts_with('乙')), "{found}");
    let found = json(&room.good("recommend for m u00 --seen --where 类型=诗 --json"));
    assert_eq!(found[0]["items"].as_array().map(Vec::len), Some(2), "{found}");
    assert!(
        json(&room.good("recommend similar m 甲1 -k 1 --json"))[0]["item"]
            .as_str()
            .is_some_and(|i| i.starts_with('甲'))
    );

    // Nobody knows this user.
    let found = json(&room.good("recommend for m 无名 -k 2 --json"));
    assert_eq!(
        (&found[0]["popular"], found[0]["items"].as_array().map(Vec::len)),
        (&Value::Bool(true), Some(2))
    );
    room.good("recommend for m u00 --page page.html");
    let page = std::fs::read_to_string(room.path("page.html")).expect("the page");
    assert!(page.contains("第一本") && page.contains("because of"), "{page}");
}

#[test]
fn models_are_compared() {
    let room = Room::new();
    room.put("events.csv", events());
    let found =
        json(&room.good("recommend evaluate events.csv --models popularity,ease --split last --json"));
    let ndcg = |i: usize| {
        found["evaluation"]["models"][i]["warm"]["figures"][1]["value"]["mean"].as_f64().expect("NDCG")
    };
    assert!(ndcg(1) > ndcg(0), "two tastes: {found}");
    let text = room.good("recommend evaluate events.csv --models popularity,item-knn");
    for part in ["users with a past", "NDCG", "settings, chosen on the validation window"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn one_domain_helps_another_or_is_refused() {
    let room = Room::new();
    room.put("events.csv", events());
    let text = room.good("recommend transfer events.csv --from 书 --to 片 --kept 0,1");
    for part in
        ["users: 40 in 书, 40 in 片, 40 in both", "ease (across)", "emcdr (across)", "source shuffled"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        text.matches("kept, 13 users tested, 13 validated, 27 others in both: transfer ").count(),
        1,
        "{text}"
    );
    let found = json(
        &room.good("recommend transfer events.csv --from 书 --to 片 --kept 0 --overlap 0 --out t --json"),
    );
    let found = &found[0];
    assert_eq!((&found["kept"], &found["overlap"]["left"]), (&0.into(), &0.into()), "{found}");
    assert_eq!(found["unfit"][0]["model"], "emcdr", "nobody to learn a map from: {found}");
    // What is to be used was saved.
    let saved = room.path("t").join("recommender.json");
    let saved = json(&std::fs::read_to_string(saved).expect("the recommender"));
    assert_eq!(saved["notes"]["transfer"], found["accepted"]);
    json(&room.good("recommend for t u00 --in 片 --json"));

    // A map between domains is a model as others are: a reader of books of one taste gets films of that taste.
    room.good("recommend fit events.csv --model emcdr --time-limit 1 --out m");
    let found = json(&room.good("recommend for m --history 乙1,乙2 --in 片 -k 3 --why --json"));
    let items = found[0]["items"].as_array().expect("items");
    assert!(items.iter().all(|i| i["item"].as_str().is_some_and(|item| item.starts_with('乙'))), "{found}");
    assert!(items[0]["because"].as_array().is_some_and(|because| because.len() == 2), "{found}");
}

#[test]
fn domains_are_made_of_the_table_of_items() {
    let room = Room::new();
    room.put("events.csv", events());
    room.put("items.csv", ITEMS);
    let line = "recommend fit events.csv --items items.csv --domain-where 诗:类型=诗 --domain-where 余: --model popularity --out m";
    let said = room.run(line);
    assert!(said.code == Some(0) && said.err.contains("2 domains"), "{}", said.err);
    let found = json(&room.good("recommend for m --history 甲0 --in 诗 --json"));
    assert_eq!(found[0]["items"].as_array().map(Vec::len), Some(2), "{found}");
    room.bad(
        &line.replace("类型=诗", "类型=剧").replace("--out m", "--out n"),
        &["the domain `诗`", "none with 类型=剧"],
    );
    room.bad("recommend fit events.csv --domain-where 诗:类型=诗 --out n", &["--items"]);
}

/// Titles of the items of [`events`]: those of 甲 are about the sea, those of 乙 about mountains.
fn described() -> String {
    let mut text = "商品,标题\n".to_owned();
    for item in 0..12 {
        let _ = writeln!(text, "甲{item},海上 第{item}天\n乙{item},登山 第{item}天");
    }
    text
}

#[test]
fn a_sentence_is_a_query() {
    let room = Room::new();
    room.put("events.csv", events()).put("items.csv", described());
    room.good("recommend fit events.csv --items items.csv --model ease --out m");
    let listed = |sentence: &str, user: &[&str]| {
        let mut command = room.command("recommend for m --json -k 3 --wish");
        let output = command.arg(sentence).args(user).output().expect("the program runs");
        let found = json(&String::from_utf8_lossy(&output.stdout));
        let items = found[0]["items"].as_array().expect("items").iter();
        let names: Vec<String> = items.filter_map(|i| i["item"].as_str().map(str::to_owned)).collect();
        (names, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let all = |names: &[String], kind: char| names.len() == 3 && names.iter().all(|n| n.starts_with(kind));
    let (names, said) = listed("想看登山", &[]);
    assert!(all(&names, '乙') && said.contains("words 登山"), "{names:?} {said}");
    let (names, said) = listed("不要海上", &[]);
    assert!(all(&names, '乙') && said.contains("without 海上"), "{names:?} {said}");
    let (names, said) = listed("像《海上 第3天》那样的", &[]);
    assert!(
        all(&names, '甲') && !names.contains(&"甲3".into()) && said.contains("like 海上 第3天"),
        "{names:?} {said}"
    );
    // The one of its kind that u00 has not met stands first.
    let (names, _) = listed("海上", &["u00"]);
    assert_eq!(names[0], "甲0");
}

#[test]
fn an_update_is_a_fit_on_all_rows() {
    let room = Room::new();
    let all = events();
    let lines: Vec<&str> = all.lines().collect();
    let part = |rows: &[&str]| format!("{}\n{}\n", lines[0], rows.join("\n"));
    room.put("all.csv", &all).put("old.csv", part(&lines[1..300])).put("new.csv", part(&lines[290..]));
    room.put("items.csv", described());
    let with = |rest: &str| room.run(&format!("recommend fit {rest} --items items.csv"));
    let model = r#"--model {"model":"ease","lambda":9}"#;
    assert_eq!(with(&format!("all.csv --out whole {model}")).code, Some(0));
    assert_eq!(with(&format!("old.csv --out before {model}")).code, Some(0));
    let said = with("new.csv --update before --out after");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("(10 were there)"), "{}", said.out);
    for file in ["recommender.safetensors", "content.safetensors", "names.json", "events.bin", "items.json"] {
        assert_eq!(room.read(&format!("after/{file}")), room.read(&format!("whole/{file}")), "{file}");
    }
    room.good("recommend for after u00");
}

#[test]
fn new_items_are_ranked_by_what_is_known_of_them() {
    let room = Room::new();
    room.put("items.csv", described());
    let mut events = "用户,商品\n".to_owned();
    for user in 0..40 {
        let taste = if user % 2 == 0 { "甲" } else { "乙" };
        (0..12).filter(|item| (item + user / 2) % 3 > 0).for_each(|item| {
            let _ = writeln!(events, "u{user:02},{taste}{item}");
        });
    }
    room.put("events.csv", events);
    let found = json(&room.good("recommend evaluate events.csv --items items.csv --split items -k 2 --json"));
    let models = found["models"].as_array().expect("models");
    assert_eq!(models[0]["name"], "predicted-popularity");
    // What is learnt from tastes; mere likeness is also misled by the days.
    for model in &models[2..] {
        assert!(model["less_popular"]["low"].as_f64().expect("an interval") > 0.0, "{model}");
    }
    // Of an item that nobody had, the features that give it its score.
    let described = described() + "丙,海上 新\n丁1,城市\n丁2,城市\n丁3,城市\n";
    room.put("more.csv", described);
    room.good(r#"recommend fit events.csv --items more.csv --out m --model {"model":"content"}"#);
    let found = json(&room.good("recommend explain m u00 丙 --json"));
    let aspects = found["aspects"].as_array().expect("aspects");
    let adds = |a: &Value| a["adds"].as_f64().expect("a number");
    assert!(aspects.iter().any(|a| a["feature"] == "海上" && adds(a) > 0.0), "{found}");
    let score = found["reasons"]["score"].as_f64().expect("a score");
    assert!((aspects.iter().map(adds).sum::<f64>() - score).abs() < 1e-4, "{found}");
    let said = room.run("recommend evaluate events.csv --split items");
    assert!(
        said.code == Some(1) && said.err.contains("give a table of the items with --items"),
        "{}",
        said.err
    );
}

#[test]
fn documents_that_were_cited_are_recommended_by() {
    let room = Room::new();
    for (name, text) in [
        ("bread.txt", "Knead the dough for ten minutes. The oven is hot and the bread rises."),
        ("cake.txt", "Bake the cake in a hot oven. The dough of the cake is soft."),
        ("roses.txt", "Water the roses in the garden each morning. The garden needs sun."),
        ("lawn.txt", "Mow the lawn of the garden each week. The garden needs water."),
    ] {
        room.put(&format!("docs/{name}"), text);
    }
    room.good("index docs --store s --network none");
    // Nothing is recorded unless it is asked for.
    room.good("search oven --store s");
    assert!(!room.path("read.jsonl").exists());
    room.good("search knead --store s --record read.jsonl --as ann --most 1");
    room.good("search mow --store s --record read.jsonl --as bob --most 1");
    let recorded = room.text("read.jsonl");
    let first = json(recorded.lines().next().expect("an event"));
    assert!(
        first["user"] == "ann" && first["item"].as_str().is_some_and(|i| i.ends_with("bread.txt")),
        "{first}"
    );
    let model = r#"{"model":"content","method":"knn"}"#;
    room.good(&format!("recommend fit read.jsonl --items s --out m --model {model}"));
    for (user, like) in [("ann", "cake.txt"), ("bob", "roses.txt")] {
        let found = json(&room.good(&format!("recommend for m {user} -k 1 --json")));
        assert!(found[0]["items"][0]["item"].as_str().is_some_and(|i| i.ends_with(like)), "{found}");
    }
}

#[test]
fn what_cannot_be_used_is_said() {
    let room = Room::new();
    room.put("events.csv", events());
    room.put("other.csv", "a,b\n1,2\n3,4\n");
    room.bad("recommend fit other.csv --out m", &["a column of users", "a, b"]);
    room.bad("recommend fit events.csv --model eese --out m", &["no model `eese`", "did you mean `ease`"]);
    room.bad("recommend fit events.csv --model '{\"model\":\"ease\",\"lambda\":0}' --out m", &["lambda"]);
    room.good("recommend fit events.csv --model popularity --out m");
    room.bad("recommend fit events.csv --model popularity --out m", &["--force"]);
    room.bad("recommend explain m u00 甲99", &["no item `甲99`"]);
    room.bad("recommend for m u00 --in 歌", &["no domain `歌`"]);
    room.bad("recommend for m u00 --where 类型=诗", &["--items"]);
    room.bad("recommend for other.csv u00", &["other.csv"]);
    room.bad("recommend transfer events.csv --from 书 --to 歌", &["no domain `歌`"]);
    room.bad("recommend transfer events.csv --from 书 --to 片 --kept 0,1 --out t", &["--kept one number"]);
    room.bad(
        "recommend fit events.csv --domain - --model emcdr --out n",
        &["events of two domains, found 1"],
    );
}
