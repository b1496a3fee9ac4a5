//! `ronghe nearest MODEL --data FILE --among FILE`

use super::explain::rows;
use crate::args::{Common, Nearest};
use crate::{Outcome, render, session, tables};
use anyhow::Result;
use ronghe::Predictor;
use ronghe::explain::{Nearest as Found, nearest};
use std::path::Path;

pub(crate) fn run(args: &Nearest, common: &Common) -> Result<Outcome> {
    let model = session::open_model(&args.model, "f32", common)?;
    let known = tables::Known::of_model(&model);
    let table = |path: &Path| tables::read_like(path, &model, &known, &args.reading);
    let data = table(&args.data)?;
    let chosen = data.take(&rows(&args.rows, data.rows())?)?;
    let found = nearest(&model, &chosen, &table(&args.among)?, args.neighbours as usize)?;
    if common.json {
        render::json(&found)?;
    } else {
        let target = model.task().columns.join(", ");
        found.iter().for_each(|one| render::out(&rendered(one, &target)));
    }
    Ok(Outcome::Done)
}

fn rendered(found: &Found, target: &str) -> String {
    let share = found.probability.map_or(String::new(), |p| format!(" ({p:.3})"));
    let mut text = format!("row {}: {target} {}{share}\n", found.row, found.prediction);
    for n in &found.neighbours {
        let truth = n.target.as_deref().unwrap_or("not known");
        text += &format!(
            "    row {:<7} distance {:.4}  predicted {}, is {truth}\n",
            n.row, n.distance, n.prediction
        );
    }
    text += &match (found.agree, found.mean) {
        _ if found.known == 0 => "    what they are is not known\n".to_owned(),
        (Some(agree), _) => format!("    {agree} of {} are {}\n", found.known, found.prediction),
        (None, Some(mean)) => format!("    mean of {}: {mean}\n", found.known),
        (None, None) => String::new(),
    };
    if found.doubtful() {
        text += "    note: most rows that the model takes to be alike are something else\n";
    }
    text
}
