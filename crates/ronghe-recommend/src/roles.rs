//! Which column says what: guessed from names and kinds, in English and Chinese, unless it is said.
//!
//! Names are compared without case, marks between words and what stands after a colon (`user_id:token`). The words of a role are
//! tried in their order; where no name is one of them, the only name that contains such a word is taken, and for times the
//! only column of dates.

use crate::{Error, Result};
use ronghe_data::{Kind, Schema};
use serde::{Deserialize, Serialize};

/// What a column says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who.
    User,
    /// With which item.
    Item,
    /// How much.
    Weight,
    /// When.
    Time,
    /// In which domain the item is.
    Domain,
}

/// Which column has a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The one whose name and kind say so.
    #[default]
    Guess,
    /// The one of this name.
    Column(String),
    /// None. Users and items must have one.
    Without,
}

/// Which columns have the roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choices {
    /// Who.
    pub user: Choice,
    /// With which item.
    pub item: Choice,
    /// How much.
    pub weight: Choice,
    /// When.
    pub time: Choice,
    /// In which domain the item is.
    pub domain: Choice,
}

/// The column of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// Role.
    pub role: Role,
    /// Column.
    pub column: String,
    /// Whether it was guessed.
    pub guessed: bool,
}

const USERS: &[&str] = &[
    "userid",
    "user",
    "uid",
    "customerid",
    "customer",
    "reviewerid",
    "reviewer",
    "memberid",
    "member",
    "visitorid",
    "visitor",
    "buyerid",
    "buyer",
    "clientid",
    "accountid",
    "用户编号",
    "用户id",
    "用户",
    "用户名",
    "客户编号",
    "客户",
    "会员编号",
    "会员",
    "买家",
    "读者",
    "评论者",
];
const ITEMS: &[&str] = &[
    "itemid",
    "item",
    "iid",
    "movieid",
    "movie",
    "filmid",
    "film",
    "productid",
    "product",
    "asin",
    "parentasin",
    "sku",
    "isbn",
    "bookid",
    "book",
    "articleid",
    "article",
    "newsid",
    "songid",
    "song",
    "trackid",
    "track",
    "artistid",
    "artist",
    "gameid",
    "game",
    "videoid",
    "video",
    "documentid",
    "document",
    "contentid",
    "商品编号",
    "商品id",
    "商品",
    "物品编号",
    "物品",
    "影片编号",
    "影片",
    "电影编号",
    "电影",
    "产品编号",
    "产品",
    "图书编号",
    "图书",
    "书籍",
    "文章",
    "歌曲",
    "视频",
    "内容",
    "文档",
];
/// A weight of these names may be a rating.
const RATINGS: &[&str] =
    &["rating", "ratings", "stars", "star", "score", "overall", "评分", "打分", "星级", "分数"];
const COUNTS: &[&str] = &[
    "weight",
    "count",
    "counts",
    "plays",
    "playcount",
    "clicks",
    "views",
    "quantity",
    "qty",
    "purchases",
    "权重",
    "次数",
    "播放次数",
    "点击次数",
    "购买次数",
    "数量",
];
const TIMES: &[&str] = &[
    "timestamp",
    "time",
    "datetime",
    "date",
    "ts",
    "unixreviewtime",
    "reviewtime",
    "eventtime",
    "createdat",
    "时间戳",
    "时间",
    "日期",
];
const DOMAINS: &[&str] = &["domain", "domains", "领域", "域"];

/// A name without what does not count.
fn plain(name: &str) -> String {
    let name = name.split(':').next().unwrap_or(name);
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a weight of this name is a rating where its values look like one.
pub(crate) fn says_rating(name: &str) -> bool {
    let name = plain(name);
    RATINGS.iter().any(|word| name.contains(word))
}

impl Choices {
    fn of(&self, role: Role) -> &Choice {
        match role {
            Role::User => &self.user,
            Role::Item => &self.item,
            Role::Weight => &self.weight,
            Role::Time => &self.time,
            Role::Domain => &self.domain,
        }
    }

    /// The columns of `schema` that have the roles.
    pub fn assign(&self, schema: &Schema) -> Result<Vec<Assigned>> {
        let mut found: Vec<Assigned> = Vec::new();
        // What is said goes first, so that nothing else is guessed to be that column.
        for guessing in [false, true] {
            for role in [Role::User, Role::Item, Role::Weight, Role::Time, Role::Domain] {
                let column = match self.of(role) {
                    Choice::Column(name) if !guessing => Some(said(schema, &found, role, name)?),
                    Choice::Guess if guessing => guess(schema, &found, role),
                    _ => None,
                };
                if let Some(column) = column {
                    found.push(Assigned { role, column, guessed: guessing });
                }
            }
        }
        for (role, what, words) in [(Role::User, "users", "user, 用户"), (Role::Item, "items", "item, 商品")]
        {
            if !found.iter().any(|a| a.role == role) {
                return Err(Error::input(
                    "a table of events",
                    format!("a column of {what} ({words} ...)"),
                    format!("the columns {}", schema.names().join(", ")),
                    format!("say which column holds the {what}"),
                ));
            }
        }
        found.sort_by_key(|a| a.role);
        Ok(found)
    }
}

/// The column that names the items in a table of items.
pub(crate) fn item_of(schema: &Schema) -> Option<String> {
    guess(schema, &[], Role::Item)
}

fn said(schema: &Schema, found: &[Assigned], role: Role, name: &str) -> Result<String> {
    if schema.index(name).is_none() {
        return Err(Error::Unknown { what: "column", name: name.to_owned(), valid: schema.names() });
    }
    match found.iter().find(|a| a.column == name) {
        Some(other) => Err(Error::input(
            format!("column `{name}`"),
            "one role",
            format!("{:?} and {role:?}", other.role).to_lowercase(),
            "name another column",
        )),
        None => Ok(name.to_owned()),
    }
}

fn guess(schema: &Schema, found: &[Assigned], role: Role) -> Option<String> {
    let fits = |kind: Kind| match role {
        Role::User | Role::Item => !matches!(kind, Kind::Vector | Kind::Audio | Kind::Date),
        Role::Weight => matches!(kind, Kind::Number | Kind::Boolean | Kind::Category),
        Role::Time => matches!(kind, Kind::Date | Kind::Number),
        Role::Domain => matches!(kind, Kind::Category | Kind::Text | Kind::Identifier | Kind::Boolean),
    };
    let free = |name: &str| found.iter().all(|a| a.column != name);
    let columns: Vec<(String, &str, Kind)> = schema
        .columns
        .iter()
        .filter(|c| fits(c.kind) && free(&c.name))
        .map(|c| (plain(&c.name), c.name.as_str(), c.kind))
        .collect();
    let words: Vec<&str> = match role {
        Role::User => USERS.to_vec(),
        Role::Item => ITEMS.to_vec(),
        Role::Weight => RATINGS.iter().chain(COUNTS).copied().collect(),
        Role::Time => TIMES.to_vec(),
        Role::Domain => DOMAINS.to_vec(),
    };
    let called = words.iter().find_map(|word| columns.iter().find(|c| c.0 == *word));
    let only = |of: &dyn Fn(&&(String, &str, Kind)) -> bool| {
        let mut all = columns.iter().filter(of);
        all.next().filter(|_| all.next().is_none())
    };
    // Short words are parts of others: "ts" of "artists", "item" of nothing else.
    let within =
        |c: &&(String, &str, Kind)| words.iter().any(|w| w.chars().count() >= least(w) && c.0.contains(w));
    let found = called.or_else(|| match role {
        Role::User | Role::Item => only(&within),
        Role::Time => only(&|c| c.2 == Kind::Date),
        Role::Weight | Role::Domain => None,
    });
    found.map(|c| c.1.to_owned())
}

/// Letters that a word must have to be looked for within a name.
fn least(word: &str) -> usize {
    if word.is_ascii() { 4 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_data::ColumnSchema;

    fn assigned(choices: &Choices, columns: &[(&str, Kind)]) -> Result<Vec<(Role, String, bool)>> {
        let columns = columns.iter().map(|(name, kind)| ColumnSchema::new(*name, *kind)).collect();
        let found = choices.assign(&Schema { columns })?;
        Ok(found.into_iter().map(|a| (a.role, a.column, a.guessed)).collect())
    }

    #[test]
    fn names_of_both_languages() {
        use Kind::{Category, Date, Number, Text};
        for columns in [
            [
                ("user_id", Number),
                ("movie_id", Number),
                ("rating", Number),
                ("timestamp", Date),
                ("domain", Category),
            ],
            [("userId", Number), ("asin", Text), ("Stars", Number), ("ts", Number), ("domains", Category)],
            [
                ("user_id:token", Number),
                ("item_id:token", Number),
                ("weight", Number),
                ("Date", Date),
                ("DOMAIN", Text),
            ],
            [
                ("用户编号", Category),
                ("商品", Category),
                ("评分", Number),
                ("时间", Date),
                ("领域", Category),
            ],
            [("reviewerID", Text), ("影片", Text), ("次数", Number), ("日期", Date), ("领域", Text)],
            [("the user", Text), ("movie title", Text), ("count", Number), ("when", Date), ("domain", Text)],
        ] {
            let found = assigned(&Choices::default(), &columns).unwrap();
            let names: Vec<&str> = found.iter().map(|f| f.1.as_str()).collect();
            assert_eq!(names, columns.map(|c| c.0), "{found:?}");
        }
    }

    #[test]
    fn what_is_said_goes_first() {
        let columns =
            [("user", Kind::Text), ("item", Kind::Text), ("rating", Kind::Number), ("who", Kind::Text)];
        let choices = Choices {
            user: Choice::Column("who".into()),
            item: Choice::Column("user".into()),
            weight: Choice::Without,
            ..Choices::default()
        };
        let found = assigned(&choices, &columns).unwrap();
        assert_eq!(found, [(Role::User, "who".into(), false), (Role::Item, "user".into(), false)]);
        let choices = Choices { user: Choice::Column("usr".into()), ..Choices::default() };
        assert_eq!(
            assigned(&choices, &columns).unwrap_err().to_string(),
            "no column `usr` (did you mean `user`?); there are: user, item, rating, who"
        );
        let twice = Choices {
            user: Choice::Column("who".into()),
            item: Choice::Column("who".into()),
            ..Choices::default()
        };
        assert_eq!(
            assigned(&twice, &columns).unwrap_err().to_string(),
            "column `who`: expected one role, found user and item; name another column"
        );
    }

    #[test]
    fn a_table_without_users_says_its_columns() {
        let columns = [("a", Kind::Text), ("商品", Kind::Text)];
        assert_eq!(
            assigned(&Choices::default(), &columns).unwrap_err().to_string(),
            "a table of events: expected a column of users (user, 用户 ...), found the columns a, 商品; say which column holds the \
             users"
        );
        assert!(assigned(&Choices::default(), &[("user", Kind::Text), ("b", Kind::Text)]).is_err());
    }
}
