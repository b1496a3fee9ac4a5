//! Domains made of what is known of the items, where the table of events names none: books by their subject, films by their genre.

use crate::{Error, Ids, Interactions, Items, Result};

/// Domain of the items that no rule takes.
const REST: &str = "other";

/// Which items are a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRule {
    /// Name of the domain.
    pub name: String,
    /// Columns of the table of items and their cells: an item of any of these is in the domain. Without any it takes every item.
    pub cells: Vec<(String, String)>,
}

impl DomainRule {
    /// Of `NAME:COLUMN=VALUE,COLUMN=VALUE`; of `NAME:` for every item.
    ///
    /// ```
    /// let rule = ronghe_recommend::DomainRule::parse("thrills:Action=1,Horror=1")?;
    /// assert_eq!((rule.name.as_str(), rule.cells.len()), ("thrills", 2));
    /// # Ok::<(), ronghe_recommend::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<DomainRule> {
        let parsed = text.split_once(':').and_then(|(name, cells)| {
            let cells = cells.split(',').map(str::trim).filter(|cell| !cell.is_empty());
            let cells = cells.map(|cell| {
                let (column, value) = cell.split_once('=')?;
                Some((column.trim().to_owned(), value.trim().to_owned()))
            });
            let name = name.trim().to_owned();
            (!name.is_empty()).then_some(DomainRule { name, cells: cells.collect::<Option<_>>()? })
        });
        parsed.ok_or_else(|| {
            let help = "an item of any of these cells is in the domain; NAME: takes all others";
            Error::input("a domain of items", "NAME:COLUMN=VALUE,COLUMN=VALUE", format!("`{text}`"), help)
        })
    }
}

/// Puts each item into the domain of the first rule that takes it, whatever its domain was; items that no rule takes are in `other`.
pub fn domains_of_items(of: &mut Interactions, items: &Items, rules: &[DomainRule]) -> Result<()> {
    let mut domains: Ids = rules.iter().map(|rule| &rule.name).collect();
    if domains.len() != rules.len() {
        let found = domains.names().join(", ");
        return Err(Error::input("domains of items", "a name for each rule", found, "name all differently"));
    }
    let column = |(name, value): &(String, String)| {
        let valid = || items.columns.iter().map(|c| c.name.clone()).collect();
        let place = items.column(name);
        place.map(|place| (place, value.clone())).ok_or_else(|| Error::Unknown {
            what: "column",
            name: name.clone(),
            valid: valid(),
        })
    };
    let places = rules.iter().map(|rule| rule.cells.iter().map(column).collect::<Result<Vec<_>>>());
    let places = places.collect::<Result<Vec<Vec<(usize, String)>>>>()?;
    let takes = |cells: &Vec<(usize, String)>, item: u32| {
        cells.is_empty() || cells.iter().any(|(place, value)| items.says(item, *place, value))
    };
    let first = |item: u32| places.iter().position(|cells| takes(cells, item));
    let found: Vec<Option<usize>> = (0..of.items.len() as u32).map(first).collect();
    if let Some(empty) = (0..rules.len()).find(|rule| !found.contains(&Some(*rule))) {
        let cells: Vec<String> =
            rules[empty].cells.iter().map(|(column, value)| format!("{column}={value}")).collect();
        let (what, expected) = (format!("the domain `{}`", rules[empty].name), "items that it takes");
        return Err(Error::input(
            what,
            expected,
            format!("none with {}", cells.join(" or ")),
            "mend its cells",
        ));
    }
    let rest = if found.contains(&None) { domains.add(REST) } else { 0 };
    of.domain_of = found.into_iter().map(|rule| rule.map_or(rest, |rule| rule as u32)).collect();
    of.domains = domains;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemColumn;
    use ronghe_data::Kind;

    fn setting() -> (Interactions, Items) {
        let column = |name: &str, kind| ItemColumn { name: name.into(), kind };
        let row = |cells: [&str; 2]| cells.iter().map(|c| Some((*c).to_owned())).collect();
        let items = Items {
            columns: vec![column("类型", Kind::Category), column("Action", Kind::Boolean)],
            rows: vec![
                row(["剧情|战争", "false"]),
                row(["剧情", "true"]),
                row(["喜剧", "false"]),
                Vec::new(),
            ],
            ..Items::default()
        };
        let of = Interactions {
            items: ["a", "b", "c", "d"].into_iter().collect(),
            domains: [""].into_iter().collect(),
            domain_of: vec![0; 4],
            ..Interactions::default()
        };
        (of, items)
    }

    fn applied(rules: &[&str]) -> Result<(Vec<String>, Vec<u32>)> {
        let (mut of, items) = setting();
        let rules = rules.iter().map(|rule| DomainRule::parse(rule)).collect::<Result<Vec<_>>>()?;
        domains_of_items(&mut of, &items, &rules)?;
        Ok((of.domains.names().to_vec(), of.domain_of))
    }

    #[test]
    fn the_first_rule_that_takes_an_item() {
        assert_eq!(
            applied(&["硬:Action=1,类型=战争"]).unwrap(),
            (vec!["硬".into(), "other".into()], vec![0, 0, 1, 1])
        );
        let found = applied(&["硬:Action=1", "剧:类型=剧情", "余:"]).unwrap();
        assert_eq!(found, (vec!["硬".into(), "剧".into(), "余".into()], vec![1, 0, 2, 2]));
    }

    #[test]
    fn rules_that_say_nothing_are_errors() {
        let message = |rules: &[&str]| applied(rules).unwrap_err().to_string();
        assert!(
            message(&["硬"])
                .starts_with("a domain of items: expected NAME:COLUMN=VALUE,COLUMN=VALUE, found `硬`")
        );
        assert!(message(&["硬:Action"]).contains("found `硬:Action`"));
        assert!(message(&["硬:Aktion=1"]).starts_with("no column `Aktion`"));
        assert!(message(&["硬:类型=西部"]).contains("none with 类型=西部"));
        assert!(message(&["硬:Action=1", "硬:类型=喜剧"]).contains("a name for each rule"));
    }
}
