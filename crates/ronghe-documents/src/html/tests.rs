use super::super::read::of;
use super::*;

/// The blocks of a page.
fn blocks(page: &str) -> Vec<(BlockKind, String)> {
    let document = of("a.html", page.as_bytes()).unwrap().remove(0);
    document.blocks.iter().map(|b| (b.kind, document.text[b.range.clone()].to_owned())).collect()
}

fn lines(page: &str) -> Vec<String> {
    blocks(page).into_iter().map(|(_, text)| text).collect()
}

fn within(body: &str) -> Vec<String> {
    lines(&format!("<!doctype html><html><head><title>T</title></head><body>{body}</body></html>"))
}

#[test]
fn menus_go_and_the_rest_stays() {
    let page = "<html><head><title> A  page </title><meta name=date content='2024-05-06T01:02'></head><body>\
        <nav><a href=x>Home</a></nav><div><a href=a>One</a> <a href=b>Two</a></div>\
        <h1>Head</h1><p>Some <b>bold</b>\n text with a <a href=c>link</a> in it.</p><ul><li>first</li><li><p>second</p></li></ul>\
        <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table><pre>x\n  y</pre>\
        <script>no()</script><footer>no</footer></body></html>";
    let document = of("a.html", page.as_bytes()).unwrap().remove(0);
    let found: Vec<(BlockKind, &str)> =
        document.blocks.iter().map(|b| (b.kind, &document.text[b.range.clone()])).collect();
    let expected = [
        (BlockKind::Heading(1), "Head"),
        (BlockKind::Paragraph, "Some bold text with a link in it."),
        (BlockKind::Item, "first"),
        (BlockKind::Item, "second"),
        (BlockKind::Row, "a\tb"),
        (BlockKind::Row, "1\t2"),
        (BlockKind::Code, "x\n  y"),
    ];
    assert_eq!(found, expected);
    assert_eq!((document.title.as_deref(), document.date.as_deref()), (Some("A page"), Some("2024-05-06")));
}

#[test]
fn deep_pages_end() {
    let page = "<div>".repeat(4_000) + "deep" + &"</div>".repeat(4_000);
    assert_eq!(of("a.html", page.as_bytes()).unwrap()[0].text, "deep");
}

#[test]
fn an_empty_anchor_swallows_nothing() {
    let rules = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\n\
        <html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>Pool rules</title></head><body><h1><a id=\"rules\"/>Pool rules</h1><p>The pool opens at seven.</p><p>Children swim until noon.</p></body></html>";
    let expected = ["Pool rules", "The pool opens at seven.", "Children swim until noon."];
    assert_eq!(lines(rules), expected);
    // The same, served as HTML and not well-formed.
    assert_eq!(lines(&rules.replace("noon.</p>", "noon.<br>")), expected);
    let key = "<a name=\"top\"></a><p>The shed is locked at ten.</p><a name=\"b\"><p>The key hangs in the kiosk.</p></a>";
    assert_eq!(within(key), ["The shed is locked at ten.", "The key hangs in the kiosk."]);
    for empty in ["<script src='x.js'/>", "<iframe src='x'/>", "<textarea/>", "<style/>"] {
        assert_eq!(within(&format!("{empty}<p>It is still here.</p>")), ["It is still here."], "{empty}");
    }
}

#[test]
fn a_page_in_a_form_is_a_page() {
    let text = ["Waste calendar", "Paper is collected on the second Friday of the month."];
    for tag in [
        "form", "header", "aside", "footer", "main", "article", "button", "nav", "section", "fieldset",
        "menu",
    ] {
        let page =
            format!("<{tag} id='aspnetForm'><div><h1>{}</h1><p>{}</p></div></{tag}>", text[0], text[1]);
        assert_eq!(within(&page), text, "{tag}");
        assert_eq!(
            within(&format!("<main></main>{page}<footer><a href=x>Imprint</a></footer>")),
            text,
            "{tag}"
        );
    }
    // A form that asks is none.
    let asks = "<h1>A</h1><p>The text of the page stands here, in a sentence.</p><form><label>Name</label><input><button>Send</button></form>";
    assert_eq!(within(asks).len(), 2);
    // A list of articles is one page.
    let all = "<article><h2>One</h2><p>The first was short.</p></article><article><h2>Two</h2><p>The second was a little longer.</p></article>";
    assert_eq!(within(all), ["One", "The first was short.", "Two", "The second was a little longer."]);
}

#[test]
fn what_is_linked_is_text() {
    let papers = "<h1>Forms</h1><p>You need these papers:</p><ul><li><a href=\"a\">Proof of residence</a></li><li><a href=\"b\">Two photographs</a></li></ul><p>Bring them on Monday.</p>";
    assert_eq!(
        within(papers),
        ["Forms", "You need these papers:", "Proof of residence", "Two photographs", "Bring them on Monday."]
    );
    assert_eq!(within(&papers.replace("<p>Bring them on Monday.</p>", "")).len(), 4);
    let porter = "<h2><a href=\"#x\">Opening hours</a></h2><p><a href=\"tel:1\">Call 555 0199 for the night porter</a></p><dl><dt><a href=\"y\">Sauna</a></dt><dd>Open on Friday.</dd></dl>";
    assert_eq!(
        within(porter),
        ["Opening hours", "Call 555 0199 for the night porter", "Sauna", "Open on Friday."]
    );
    let rows =
        "<h1>Offices</h1><table><tr><td><a href=a>North</a></td><td><a href=b>Alder</a></td></tr></table>";
    assert_eq!(within(rows), ["Offices", "North\tAlder"]);
    // A page of links is a page.
    assert_eq!(within("<ul><li><a href=a>One</a></li><li><a href=b>Two</a></li></ul>"), ["One", "Two"]);
}

#[test]
fn what_stands_around_is_left_out() {
    let text =
        "<h1>Title</h1><p>This is the article, and it says enough.</p><p>It has a second paragraph.</p>";
    let kept = ["Title", "This is the article, and it says enough.", "It has a second paragraph."];
    for around in [
        "<ul><li><a href=a>Home</a></li><li><a href=b>News</a></li></ul>",
        "<div class='site-nav'><a href=a>Home</a> | <a href=b>Contact us now</a></div>",
        "<div id=cookie-bar><p>We use cookies to make this site better. Read more.</p><button>Accept all</button></div>",
        "<div><p>本网站使用cookie来改善您的体验。</p><button>同意</button></div>",
        "<aside><h2>Related</h2><ul><li><a href=a>Another article</a></li><li><a href=b>A third</a></li></ul></aside>",
        "<footer><p>© 2024 The Company. All rights reserved.</p></footer>",
        "<p><a href=a>Share</a></p><p>|</p>",
        "<form><p>Subscribe</p><label>Mail</label><input></form>",
    ] {
        assert_eq!(within(&format!("{around}{text}")), kept, "{around}");
    }
    assert_eq!(within(&format!("{text}<p><a href=a>Previous</a> <a href=b>Next</a></p>")), kept);
    // A name is no reason alone, and neither are fields that nobody sees.
    let named = "<div class='card-header'>Opening hours</div><div class='order-tracking'>The cookie tin is sent on Monday.</div>";
    assert_eq!(within(&format!("{text}{named}")).len(), 5);
    let form = "<header>Town</header><form><input type=hidden><h1>Fees</h1><ul><li>garage: 40</li><li>attic: 20</li></ul></form>";
    assert_eq!(within(form), ["Town", "Fees", "garage: 40", "attic: 20"]);
    // Around a text, but saying something.
    let aside = "<aside><p>Note: bring a photograph with you.</p></aside>";
    assert_eq!(within(&format!("{text}{aside}")).len(), 4);
    let footer = "<footer><p>The office is open on Mondays from nine to twelve.</p></footer>";
    assert_eq!(within(&format!("{text}{footer}")).len(), 4);
}

#[test]
fn hidden_text_is_none() {
    let price = "<html><body><main><p>The ticket costs four crowns.</p><p style=\"display:none\">The ticket costs one cent.</p><p>Ask at the regis&shy;try for a dis&shy;count.</p></main></body></html>";
    assert_eq!(
        lines(price),
        ["The ticket costs four crowns.", "Ask at the regis\u{ad}try for a dis\u{ad}count."]
    );
    let without = "<noscript><p>The whole article stands here for readers whose browser runs no scripts at all, and it is long enough to be the page, not only a demand to turn on scripts; nothing else does.</p></noscript>";
    assert!(within(without)[0].starts_with("The whole article"));
    assert_eq!(within(&format!("<p>Text.</p>{}", "<noscript>Turn on JavaScript.</noscript>")), ["Text."]);
}

#[test]
fn cells_that_span_are_in_each_row() {
    let rowspan = "<table><tr><th>Region</th><th>City</th><th>Members</th></tr><tr><td rowspan=\"2\">North</td><td>Alder</td><td>12</td></tr><tr><td>Birch</td><td>34</td></tr></table>";
    assert_eq!(within(rowspan), ["Region\tCity\tMembers", "North\tAlder\t12", "North\tBirch\t34"]);
    let both = "<table><caption>Members</caption><tbody><tr><td rowspan=0>N</td><td colspan=2>wide</td><td>x</td></tr><tr><td>1</td><td>2</td><td rowspan=9>y</td></tr></tbody>\
                <tbody><tr><td>a</td><td>b</td></tr></tbody></table>";
    assert_eq!(within(both), ["Members", "N\twide\t\tx", "N\t1\t2\ty", "a\tb"]);
    let last = "<table><tr><td>a</td><td>b</td><td rowspan=2>c</td></tr><tr><td>d</td></tr></table>";
    assert_eq!(within(last), ["a\tb\tc", "d\t\tc"]);
    let nested = "<table><tr><th>Name</th><th>Part</th></tr><tr><td>one <table><tr><th>k</th><th>v</th></tr></table> two</td><td>z</td></tr></table>";
    assert_eq!(within(nested), ["Name\tPart", "one two\tz", "k\tv"]);
    let layout =
        "<table><tr><td><h1>Head</h1><p>A text in a column.</p></td><td>Beside it.</td></tr></table>";
    assert_eq!(within(layout), ["Head", "A text in a column.", "Beside it."]);
    assert_eq!(within("<table><tr><td><p>Alone.</p></td></tr></table>"), ["Alone."]);
}

#[test]
fn lists_keep_order_and_numbers() {
    let list = "<ol start=3><li>Three<ul><li>in it</li></ul>and on</li><li><p>Four</p><p>more</p></li></ol><ol type=a><li>x</li></ol><ol reversed><li>b</li><li>a</li></ol>";
    assert_eq!(within(list), ["3. Three", "in it", "and on", "4. Four", "more", "a) x", "2. b", "1. a"]);
    let kinds = blocks(
        "<dl><dt>Term</dt><dd>What it is.</dd></dl><details><summary>More</summary>Inside.</details><figure><img src=x><figcaption>A boat.</figcaption></figure><blockquote>Said.</blockquote>",
    );
    use BlockKind::{Caption, Item, Paragraph};
    let kinds: Vec<BlockKind> = kinds.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [Item, Item, Paragraph, Paragraph, Caption, Paragraph]);
}

#[test]
fn lines_read_as_they_look() {
    let of = |body: &str| within(body).join("|");
    assert_eq!(of("<p>un<wbr>broken <q>so</q> it<br>is</p>"), "unbroken “so” it\nis");
    assert_eq!(of("one<br><br>two"), "one|two");
    assert_eq!(
        of("<p>10<sup>-3</sup> m and H<sub>2</sub>O and a word<sup><a href='#n'>1</a></sup></p>"),
        "10⁻³ m and H2O and a word[1]"
    );
    assert_eq!(
        of("<p><ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>を読む。</p>"),
        "漢字を読む。|漢字 かんじ"
    );
    assert_eq!(of("<p>中文\n换行。</p>"), "中文换行。");
    assert_eq!(
        of(
            "<p>So <math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math> it is.</p>"
        ),
        "So a/(b + 1) it is."
    );
    assert_eq!(
        of("<p>See.<img alt='A boat on the lake'></p><h2><img alt='Acme'></h2>"),
        "See.|A boat on the lake|Acme"
    );
    assert_eq!(
        of("<h1>A</h1><p>Tags are <a href=a>one</a><a href=b>two</a> of many.</p>"),
        "A|Tags are one two of many."
    );
}

#[test]
fn encodings_and_frames_are_said() {
    let page = "<html><head><meta charset=gb2312></head><body><p>图书馆九点开门。</p></body></html>";
    let (gbk, ..) = encoding_rs::GBK.encode(page);
    assert_eq!(of("a.html", &gbk).unwrap()[0].text, "图书馆九点开门。");
    let page =
        "<?xml version='1.0' encoding='Shift_JIS'?><html xmlns='x'><body><p>駅は近い。</p></body></html>";
    let (sjis, ..) = encoding_rs::SHIFT_JIS.encode(page);
    assert_eq!(of("a.xhtml", &sjis).unwrap()[0].text, "駅は近い。");
    let utf16: Vec<u8> = page.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(of("a.html", &utf16).unwrap()[0].text, "駅は近い。");
    let frames = "<html><frameset><frame src='menu.html'><frame src='text.html'></frameset></html>";
    assert_eq!(
        of("a.html", frames.as_bytes()).unwrap()[0].notes,
        ["its text is in frames: menu.html, text.html"]
    );
}
