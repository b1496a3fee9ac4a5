//! `ronghe predict MODEL --data FILE`

use super::evaluate::warn_bad;
use crate::args::{Common, Predict};
use crate::{Outcome, render, session};
use anyhow::Result;
use ronghe_data::write::{self, BatchWriter};

pub(crate) fn run(args: &Predict, common: &Common) -> Result<Outcome> {
    let model = session::open_model(&args.model, &args.precision.precision, common)?;
    let options = session::read_options(&args.reading)?;
    let mut reader = session::open_like(&args.data, &model, &model.config().data.kinds, &options)?;
    let mut writer: Option<Box<dyn BatchWriter>> = None;
    let mut rows = 0;
    while let Some(table) = reader.next_batch()? {
        let detailed = model.predict_detailed(&table)?;
        warn_bad(&detailed.bad, args.reading.skip_bad_rows)?;
        let batch = model.record_batch(&table, &detailed)?;
        rows += batch.num_rows();
        let writer = match &mut writer {
            Some(writer) => writer,
            None => {
                let format = if common.json { "jsonl" } else { "csv" };
                writer.insert(match &args.out {
                    Some(path) => write::create(path, batch.schema_ref())?,
                    None => write::stream(Box::new(std::io::stdout()), format, batch.schema_ref())?,
                })
            }
        };
        writer.write(&batch)?;
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    session::report_skipped(reader.as_ref());
    session::report_precision(&model, &args.precision, common);
    if let (Some(path), false) = (&args.out, common.quiet) {
        render::log(&format!("{rows} predictions in {}", path.display()));
    }
    Ok(Outcome::Done)
}
