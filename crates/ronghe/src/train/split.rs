//! The split that a configuration asks for.

use crate::config::{ModelConfig, SplitKind, TargetConfig};
use crate::{Error, Result, Targets, Task};
use ronghe_data::{Kind, Shares, Split, SplitBy, Table};
use ronghe_graph::SplitMix;

/// At most `most` of `rows` of each class, in their order.
fn per_class(config: &ModelConfig, table: &Table, rows: &[usize], most: usize) -> Result<Vec<usize>> {
    let TargetConfig { task, separator, .. } = &config.target;
    let task = Task::fit(table, &config.target.all(), *task, separator.as_deref().unwrap_or("|"))?;
    let Targets::Classes(classes) = task.targets(table)? else {
        return Err(Error::Setting {
            place: "configuration".into(),
            setting: "data.per_class".into(),
            expected: "a target of classes".into(),
            found: task.columns.join(", "),
        });
    };
    let mut order = rows.to_vec();
    SplitMix::named(config.seed, "data.per_class").shuffle(&mut order);
    let mut left = vec![most; task.labels.len()];
    order.retain(|&row| {
        let left = usize::try_from(classes[row]).ok().map(|class| &mut left[class]);
        left.is_some_and(|left| std::mem::replace(left, left.saturating_sub(1)) > 0)
    });
    order.sort_unstable();
    Ok(order)
}

/// Splits the rows of `table` by a resolved configuration, and keeps of them what `data.rows` and `data.per_class` say.
pub fn split(config: &ModelConfig, table: &Table) -> Result<Split> {
    let target = config.target.all().into_iter().next().unwrap_or_default();
    let column = |what: &str| {
        config.split.column.clone().ok_or_else(|| Error::Setting {
            place: "configuration".into(),
            setting: "split.column".into(),
            expected: format!("the column of {what}"),
            found: "nothing".into(),
        })
    };
    let by = match config.split.kind {
        SplitKind::Auto | SplitKind::Random => SplitBy::Random,
        SplitKind::Stratified => SplitBy::Stratified { column: column("classes")? },
        SplitKind::Group => SplitBy::Group { column: column("groups")? },
        SplitKind::Time => SplitBy::Time { column: column("times")? },
        SplitKind::Column => {
            let classes = table.find(&target).is_ok_and(|(_, kind)| kind != Kind::Number);
            SplitBy::Column { column: column("parts")?, stratify: classes.then_some(target) }
        }
    };
    let shares = Shares { validation: config.split.validation, test: config.split.test };
    let mut split = ronghe_data::split(table, &by, shares, config.seed)?;
    if let Some(rows) = config.data.rows.filter(|&rows| rows < table.rows()) {
        let mut kept: Vec<usize> = (0..table.rows()).collect();
        SplitMix::named(config.seed, "data.rows").shuffle(&mut kept);
        let mut keep = vec![false; table.rows()];
        kept[..rows].iter().for_each(|&row| keep[row] = true);
        for part in [&mut split.train, &mut split.validation, &mut split.test] {
            part.retain(|&row| keep[row]);
        }
    }
    if let Some(most) = config.data.per_class {
        split.train = per_class(config, table, &split.train, most)?;
    }
    Ok(split)
}
