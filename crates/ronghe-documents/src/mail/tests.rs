use super::super::read::of;
use super::*;

fn documents(mail: &str) -> Vec<Document> {
    of("a.eml", mail.replace('\n', "\r\n").as_bytes()).unwrap()
}

/// A mail of parts between `--x` lines.
fn parts(kind: &str, parts: &[&str]) -> Vec<Document> {
    let mut mail = format!(
        "Subject: s\nDate: Mon, 4 Mar 2024 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=x\n\n"
    );
    parts.iter().for_each(|part| mail += &format!("--x\n{part}\n"));
    documents(&(mail + "--x--\n"))
}

const HTML: &str = "Content-Type: text/html; charset=utf-8\n\n<html><body><p>The sauna is heated on Fridays from six.</p></body></html>";

#[test]
fn a_mail_has_its_subject_and_day() {
    let mail = "From: Li <li@example.org>\nSubject: =?utf-8?B?5L2g5aW9?=\nDate: Tue, 29 Feb 2000 12:00:00 +0000\n\
        Content-Type: text/plain; charset=utf-8\n\nFirst.\n\nSecond.\n";
    let document = documents(mail).remove(0);
    assert_eq!((document.title.as_deref(), document.date.as_deref()), (Some("你好"), Some("2000-02-29")));
    assert_eq!(document.text, "From: Li <li@example.org>\n\nFirst.\n\nSecond.");
    let boxed = format!("\n\nFrom li Tue Feb 29 12:00:00 2000\n{mail}");
    assert_eq!(documents(&boxed)[0], document);
    assert_eq!(
        documents("Subject: x\nno line between, and no header\n")[0].text,
        "no line between, and no header"
    );
    assert!(of("a.eml", b"\xd0\xcf\x11\xe0 and so on").unwrap_err().to_string().contains("Outlook"));
}

#[test]
fn a_forwarded_letter_is_a_document() {
    let letter = "Content-Type: message/rfc822\nContent-Disposition: attachment; filename=\"boiler.eml\"\n\n\
        From: Cy <cy@example.org>\nTo: Ada <ada@example.org>\nSubject: boiler\nDate: Fri, 1 Mar 2024 09:00:00 +0000\nContent-Type: text/plain\n\n\
        The boiler was repaired on the first of March for ninety crowns.";
    let found = parts("mixed", &["Content-Type: text/plain\n\nPlease see below.", letter]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].text, "Please see below.");
    assert_eq!((found[1].title.as_deref(), found[1].date.as_deref()), (Some("boiler"), Some("2024-03-01")));
    assert!(
        found[1].text.starts_with("From: Cy <cy@example.org>\n\nTo: Ada")
            && found[1].text.ends_with("ninety crowns.")
    );
    // In a digest letters need no type.
    let digest = parts("digest", &["\nSubject: one\n\nFirst.", "\nSubject: two\n\nSecond."]);
    let titles: Vec<_> = digest.iter().map(|d| (d.title.as_deref().unwrap(), d.text.as_str())).collect();
    assert_eq!(titles, [("s", ""), ("one", "First."), ("two", "Second.")]);
    // A file of a letter.
    let file = letter.replace("message/rfc822", "application/octet-stream");
    assert_eq!(parts("mixed", &[&file])[1].title.as_deref(), Some("boiler"));
}

#[test]
fn every_part_is_read_in_its_order() {
    let lift = documents("Subject: lift\nContent-Type: text\n\nThe lift carries six people.\n");
    assert_eq!(lift[0].text, "The lift carries six people.");
    let other = documents("Content-Type: text/x-new; charset=big5\n\nAs it is.\n");
    assert_eq!(other[0].text, "As it is.");
    let first = "Content-Type: text/html; charset=utf-8\n\n<html><body><p>Hello<br>The spare key hangs in the kiosk.</p><table><tr><td>Room</td><td>Key</td></tr><tr><td>Attic</td><td>blue</td></tr></table></body></html>";
    let second = "Content-Type: multipart/alternative; boundary=\"y\"\n\n--y\nContent-Type: text/plain\n\n--y\nContent-Type: text/html\n\n<p>The cellar key is red.</p>\n--y--";
    let found = parts("mixed", &[first, second]);
    assert_eq!(
        found[0].text,
        "Hello\nThe spare key hangs in the kiosk.\n\nRoom\tKey\n\nAttic\tblue\n\nThe cellar key is red."
    );
    let footer = "Content-Type: text/plain; charset=utf-8\n\nTo leave this list, write to tenants-leave@lists.example.org";
    let found = parts("mixed", &[HTML, footer]);
    assert_eq!(
        found[0].text,
        "The sauna is heated on Fridays from six.\n\nTo leave this list, write to tenants-leave@lists.example.org"
    );
}

#[test]
fn invitations_and_attached_files() {
    let calendar = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART:20240314T183000Z\nDTEND;TZID=Europe/Berlin:20240314T200000\n\
        SUMMARY:House meeting\\, all\nORGANIZER;CN=\"Ada: B\":mailto:ada@example.org\nLOCATION:Laundry room on the\n  second floor\nDESCRIPTION:One.\\nTwo.\nBEGIN:VALARM\nDESCRIPTION:no\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR";
    let csv = "Content-Type: text/csv; name=\"fees.csv\"\nContent-Disposition: attachment; filename=\"fees.csv\"\n\nname,fee\ngarage,forty crowns";
    let markdown = "Content-Type: text/markdown\n\nThe roof has *eleven* chimneys.";
    let picture = "Content-Type: image/png\nContent-Disposition: inline; filename*=utf-8''%E5%9B%BE.png\nContent-Transfer-Encoding: base64\n\nAAAA";
    let found =
        parts("mixed", &["Content-Type: text/plain\n\nYou are invited.", calendar, csv, markdown, picture]);
    let lines: Vec<&str> = found[0].text.split("\n\n").collect();
    let expected = [
        "You are invited.",
        "Summary: House meeting, all; Location: Laundry room on the second floor; Start: 2024-03-14 18:30 UTC; \
         End: 2024-03-14 20:00 Europe/Berlin; Organizer: Ada: B <ada@example.org>",
        "One.\nTwo.",
        "The roof has eleven chimneys.",
    ];
    assert_eq!(lines, expected);
    assert_eq!(found[0].notes, ["attached file left out: 图.png (image/png)"]);
    assert_eq!(
        (found[1].title.as_deref(), found[1].text.as_str()),
        (Some("fees.csv"), "name: garage; fee: forty crowns")
    );
    assert_eq!(found[1].date.as_deref(), Some("2024-03-04"));
    // A type that says nothing, with a name that does.
    let page = "Content-Type: application/octet-stream; name=a.html\nContent-Transfer-Encoding: base64\n\nPHA+VGhlIGdhdGUgY2xvc2VzIGF0IG5pbmUuPC9wPg==";
    assert_eq!(parts("mixed", &[page])[1].text, "The gate closes at nine.");
    let text = "Content-Type: text/plain; charset=gb2312\nContent-Disposition: attachment; filename=\"=?gb2312?B?zfjT0Q==?=.txt\"\nContent-Transfer-Encoding: base64\n\nxOO6ww==";
    assert_eq!(parts("mixed", &[text])[1].text, "你好");
}

#[test]
fn the_richer_alternative_is_read() {
    let plain = "Content-Type: text/plain\n\nThe sauna is heated on Fridays from six. https://example.org/a/very/long/address/that/counts/for/nothing/at/all";
    let event = "Content-Type: text/calendar\n\nBEGIN:VEVENT\nSUMMARY:Sauna\nEND:VEVENT";
    assert_eq!(parts("alternative", &[plain, HTML])[0].text, "The sauna is heated on Fridays from six.");
    assert_eq!(
        parts("alternative", &[HTML, event])[0].text,
        "The sauna is heated on Fridays from six.\n\nSummary: Sauna"
    );
    let empty = "Content-Type: text/html\n\n<p>See below</p>";
    assert!(parts("alternative", &[plain, empty])[0].text.starts_with("The sauna is heated"));
    let related = format!(
        "Content-Type: multipart/related; boundary=y\n\n--y\n{HTML}\n--y\nContent-Type: image/gif\n\nGIF\n--y--"
    );
    let found = parts("alternative", &["Content-Type: text/plain\n\nYour program shows no HTML.", &related]);
    assert_eq!(found[0].text, "The sauna is heated on Fridays from six.");
    let report = parts(
        "report; report-type=delivery-status",
        &[
            "Content-Type: text/plain\n\nIt was not delivered.",
            "Content-Type: message/delivery-status\n\nStatus: 5.1.1",
        ],
    );
    assert_eq!(report[0].text, "It was not delivered.\n\nStatus: 5.1.1");
    assert_eq!(
        parts("encrypted", &["Content-Type: application/octet-stream\n\nx"])[0].notes,
        ["an encrypted part was left out"]
    );
    let signed = parts("signed", &[HTML, "Content-Type: application/pgp-signature; name=s.asc\n\nx"]);
    assert_eq!((signed.len(), signed[0].notes.len()), (1, 0));
}

#[test]
fn lines_flow() {
    let mail = "Content-Type: text/plain; format=flowed\n\nThe gate \ncloses at nine.\n> It was \n> open.\n>> So?\n\n-- \nAda\n";
    assert_eq!(documents(mail)[0].text, "The gate closes at nine.\n> It was open.\n>> So?\n\n-- \nAda");
    let chinese = "Content-Type: text/plain; format=flowed; delsp=yes; charset=utf-8\n\n大门九点 \n关闭。\n";
    assert_eq!(of("a.eml", chinese.as_bytes()).unwrap()[0].text, "大门九点关闭。");
    let raw =
        [b"Subject: ".as_slice(), &encoding_rs::GBK.encode("关于大门开放时间的通知").0, b"\r\n\r\nText.\r\n"]
            .concat();
    assert_eq!(of("a.eml", &raw).unwrap()[0].title.as_deref(), Some("关于大门开放时间的通知"));
    let japanese = b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$BF|K\\8l\x1b(B\r\n";
    assert_eq!(of("a.eml", japanese).unwrap()[0].text, "日本語");
}
