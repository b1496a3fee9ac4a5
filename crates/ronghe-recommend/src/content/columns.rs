//! Names, truths, quantities and dates as numbers.

use crate::{Features, Items};
use ronghe_data::Kind;
use std::collections::BTreeMap;

/// Different names of a column that each become a feature, at most; a column of more tells items apart and nothing about them.
const MOST_NAMES: usize = 500;
/// Ranges of equal numbers of items that quantities and dates are cut into.
const RANGES: usize = 7;

/// A flag a name of a column of few names (`|` joins several), truths as 0 and 1; a flag for each of seven ranges of a quantity or of dates,
/// since what people like is seldom a straight line, or where there are fewer than three values the quantity itself, with mean 0 and
/// deviation 1. None if no column says anything.
pub(super) fn features(items: &Items) -> Option<Features> {
    let mut columns: Vec<(String, Vec<f32>)> = Vec::new();
    for (place, column) in items.columns.iter().enumerate() {
        match column.kind {
            Kind::Category | Kind::Boolean => columns.extend(flags(items, place, &column.name)),
            Kind::Number | Kind::Date => columns.extend(quantity(items, place, &column.name)),
            _ => {}
        }
    }
    if columns.is_empty() {
        return None;
    }
    let width = columns.len();
    let mut values = vec![0.0; items.rows.len() * width];
    for (at, (_, column)) in columns.iter().enumerate() {
        column.iter().enumerate().for_each(|(item, value)| values[item * width + at] = *value);
    }
    Some(Features { width, values, names: columns.into_iter().map(|(name, _)| name).collect() })
}

fn flags(items: &Items, place: usize, name: &str) -> Vec<(String, Vec<f32>)> {
    let parts = |item: usize| items.cell(item as u32, place).unwrap_or("").split('|').map(str::trim);
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for item in 0..items.rows.len() {
        parts(item).filter(|p| !p.is_empty()).for_each(|part| *names.entry(part).or_default() += 1);
    }
    if names.len() > MOST_NAMES {
        return Vec::new();
    }
    // A name of one item says nothing of another, one of all items nothing at all.
    let useful = names.iter().filter(|(_, count)| **count > 1 && **count < items.rows.len());
    let flag = |name: &str| {
        (0..items.rows.len()).map(|i| f32::from(u8::from(parts(i).any(|p| p == name)))).collect()
    };
    useful.map(|(value, _)| (format!("{name}: {value}"), flag(value))).collect()
}

/// The ranges of a column of numbers or dates, or the column itself, standardised.
fn quantity(items: &Items, place: usize, name: &str) -> Vec<(String, Vec<f32>)> {
    let date = items.columns[place].kind == Kind::Date;
    let number = |cell: &str| if date { years(cell) } else { cell.parse().ok() };
    let cell = |item: usize| items.cell(item as u32, place);
    let values: Vec<Option<f64>> = (0..items.rows.len()).map(|i| cell(i).and_then(number)).collect();
    let mut sorted: Vec<(f64, usize)> =
        values.iter().enumerate().filter_map(|(i, x)| Some(((*x)?, i))).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = sorted.len() as f64;
    let mean = sorted.iter().map(|x| x.0).sum::<f64>() / count;
    let deviation = (sorted.iter().map(|x| (x.0 - mean).powi(2)).sum::<f64>() / count).sqrt();
    // Not a number where no cell is one.
    if deviation.is_nan() || deviation == 0.0 {
        return Vec::new();
    }
    let mut starts: Vec<usize> = (0..RANGES).map(|r| sorted.len() * r / RANGES).collect();
    // A value is in one range, however often it comes.
    starts.iter_mut().for_each(|s| *s = sorted.partition_point(|x| x.0 < sorted[*s].0));
    starts.dedup();
    if starts.len() < 3 {
        let whole = values.iter().map(|x| x.map_or(0.0, |x| ((x - mean) / deviation) as f32)).collect();
        return vec![(name.to_owned(), whole)];
    }
    let mut columns = Vec::new();
    for (r, &start) in starts.iter().enumerate() {
        let last = starts.get(r + 1).map_or(sorted.len(), |next| *next) - 1;
        let (low, high) = (sorted[start], sorted[last]);
        let flag = |x: &Option<f64>| f32::from(u8::from(x.is_some_and(|x| x >= low.0 && x <= high.0)));
        let said = |item: usize| cell(item).unwrap_or_default();
        columns.push((
            format!("{name}: {} to {}", said(low.1), said(high.1)),
            values.iter().map(flag).collect(),
        ));
    }
    columns
}

/// Years, with the day as a fraction, of a date as a table shows it: `1995-01-31`, whatever follows.
fn years(cell: &str) -> Option<f64> {
    let mut parts = cell.get(..10)?.splitn(3, '-').map(|part| part.parse::<f64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    Some(year + (month - 1.0) / 12.0 + (day - 1.0) / 372.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemColumn;

    #[test]
    fn features_are_flags_and_quantities() {
        let column = |name: &str, kind| ItemColumn { name: name.into(), kind };
        let row = |cells: [&str; 4]| cells.iter().map(|c| (!c.is_empty()).then(|| (*c).to_owned())).collect();
        let items = Items {
            columns: vec![
                column("类型", Kind::Category),
                column("彩色", Kind::Boolean),
                column("年", Kind::Number),
                column("网址", Kind::Category),
            ],
            rows: vec![
                row(["剧情|战争", "true", "1994", "http://a"]),
                row(["剧情", "false", "1984", "http://b"]),
                row(["战争", "", "", "http://c"]),
                Vec::new(),
            ],
            ..Items::default()
        };
        let found = features(&items).unwrap();
        // Names of one item (彩色, 网址) say nothing of another.
        assert_eq!(found.names, ["类型: 剧情", "类型: 战争", "年"]);
        assert_eq!(found.row(0), [1.0, 1.0, 1.0]);
        assert_eq!(found.row(1), [1.0, 0.0, -1.0]);
        assert_eq!(found.row(3), [0.0; 3]);
    }

    #[test]
    fn quantities_and_dates_have_ranges() {
        let column = |name: &str, kind| ItemColumn { name: name.into(), kind };
        let row =
            |i: usize| vec![Some(format!("{}", i / 2)), Some(format!("{}-03-0{}", 1990 + i, 1 + i % 9))];
        let items = Items {
            columns: vec![column("price", Kind::Number), column("来", Kind::Date)],
            rows: (0..28).map(row).collect(),
            ..Items::default()
        };
        let found = features(&items).unwrap();
        assert_eq!(found.width, 14);
        assert_eq!(found.names[..2], ["price: 0 to 1", "price: 2 to 3"]);
        assert_eq!(found.names[13], "来: 2014-03-07 to 2017-03-01");
        // Each item is in one range of each.
        for item in 0..28 {
            let row = found.row(item);
            assert_eq!((row[..7].iter().sum::<f32>(), row[7..].iter().sum::<f32>()), (1.0, 1.0), "{item}");
        }
    }
}
