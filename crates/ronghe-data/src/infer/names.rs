//! What the name of a column says of it.

/// Words that say a column names the row.
const ROW_NAMES: &[&str] =
    &["id", "ids", "uuid", "guid", "key", "index", "idx", "unnamed", "编号", "序号", "标识", "主键"];

/// Words that say whole numbers are names, not quantities.
const CODE_NAMES: &[&str] =
    &["id", "code", "zip", "zipcode", "postcode", "postal", "编号", "代码", "编码", "邮编"];

/// Words that say a column holds numbers by which people, things and papers are called.
const NAMING: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "mobile",
    "fax",
    "ssn",
    "passport",
    "iban",
    "isbn",
    "issn",
    "ean",
    "upc",
    "gtin",
    "imei",
    "vin",
    "barcode",
    "号",
    "号码",
    "號",
    "號碼",
    "电话",
    "電話",
    "手机",
    "手機",
    "身份证",
    "座机",
    "传真",
    "条码",
    "条形码",
    "流水",
];

/// Names that end like those but say something else.
const NOT_NAMING: &[&str] = &[
    "型号",
    "型號",
    "信号",
    "信號",
    "符号",
    "符號",
    "称号",
    "口号",
    "逗号",
    "等号",
    "正负号",
    "尺号",
    "尺码号",
    "班号",
];

/// What people number: `order_no`, `Invoice Number`.
const NUMBERED: &[&str] = &[
    "order",
    "account",
    "invoice",
    "phone",
    "card",
    "customer",
    "student",
    "employee",
    "serial",
    "ticket",
    "policy",
    "case",
    "contract",
    "member",
    "licence",
    "license",
    "registration",
    "tracking",
    "receipt",
    "passport",
    "transaction",
    "reference",
    "ref",
    "record",
    "patient",
    "client",
    "user",
    "part",
    "tax",
    "social",
    "security",
];

/// How such a name ends.
const NUMBER_WORDS: &[&str] = &["number", "no", "nr", "num", "nbr"];

/// Words that say a number counts seconds.
const TIME_NAMES: &[&str] = &[
    "timestamp",
    "time",
    "date",
    "datetime",
    "ts",
    "epoch",
    "at",
    "created",
    "updated",
    "modified",
    "unix",
    "时间",
    "时间戳",
    "日期",
    "時間",
];

/// Whether the name says that the column names the row.
pub(super) fn of_rows(name: &str) -> bool {
    any_word(name, ROW_NAMES)
}

/// Whether the name says that whole numbers are names.
pub(super) fn of_codes(name: &str) -> bool {
    any_word(name, CODE_NAMES)
}

/// Whether the name says that numbers are a point in time.
pub(super) fn of_times(name: &str) -> bool {
    any_word(name, TIME_NAMES)
}

/// Whether the name says that numbers are what something is called by.
pub(super) fn naming(name: &str) -> bool {
    let words = words(name);
    if words.iter().any(|w| NOT_NAMING.iter().any(|n| w.ends_with(n))) {
        return false;
    }
    let numbered = |w: &String| NUMBERED.contains(&w.as_str());
    let counted = words.last().is_some_and(|last| NUMBER_WORDS.contains(&last.as_str()));
    any_of(&words, NAMING) || counted && words.len() > 1 && words[..words.len() - 1].iter().any(numbered)
}

fn any_word(name: &str, among: &[&str]) -> bool {
    any_of(&words(name), among)
}

/// Chinese names end with the word that says what they are.
fn any_of(words: &[String], among: &[&str]) -> bool {
    words.iter().any(|word| among.iter().any(|w| *w == word || (!w.is_ascii() && word.ends_with(w))))
}

/// The words of a name in lower case: `user_id`, `userId` and `User ID` are `user` and `id`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut last_lower = false;
    for c in name.chars().chain([' ']) {
        let boundary = !c.is_alphanumeric() || (c.is_uppercase() && last_lower);
        if boundary && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        last_lower = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_name() {
        for name in [
            "手机号",
            "身份证号码",
            "联系电话",
            "学号",
            "订单号",
            "phone_number",
            "orderNo",
            "Invoice Number",
            "tel",
            "手机号（必填）",
        ] {
            assert!(naming(name), "{name}");
        }
        for name in ["型号", "信号", "number", "no", "rooms_number", "价格", "面积", "phones sold"] {
            assert!(!naming(name), "{name}");
        }
        assert!(of_rows("userId") && of_codes("邮政编码") && of_codes("股票代码") && of_times("created_at"));
    }
}
