//! `ronghe predict MODEL --data FILE`

use super::evaluate::warn_bad;
use crate::args::{Common, Predict};
use crate::{Outcome, outputs, render, session, tables, watch};
use anyhow::{Result, ensure};
use ronghe::evaluation::add_names;
use ronghe::{Output, Predictor, TaskKind};
use ronghe_data::write::{self, BatchWriter, TextEncoding};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Significant digits in text.
const DIGITS: usize = 6;

pub(crate) fn run(args: &Predict, common: &Common) -> Result<Outcome> {
    if let Some(out) = &args.out {
        outputs::check_predictions(out, &args.data, &args.model)?;
    }
    let format = match &args.out {
        Some(path) => write::format_of(path)?.name,
        None if common.json => "jsonl",
        None => "csv",
    };
    let encoding = encoding(args, format)?;
    let model = session::open_model(&args.model, &args.precision.precision, common)?;
    let quantity = model.task().kind == TaskKind::Regression;
    ensure!(args.top.is_none() || !quantity, "--top: this model predicts a quantity, there are no classes");
    let output = Output {
        with_input: args.with_input,
        top: args.top.unwrap_or(0) as usize,
        digits: args.digits.map_or(if format == "parquet" { 0 } else { DIGITS }, |digits| digits as usize),
    };
    let options = tables::read_options(&args.reading)?;
    let known = tables::Known::of_model(&model);
    let wanted = if args.with_input { tables::Wanted::All } else { tables::Wanted::Inputs };
    let mut like = tables::Like::find(&args.data, &model, &known, &options, wanted, args.allow_missing)?;
    let mut pieces = watch::Pieces::new(like.open(&args.data)?, "predicting", common);
    let mut writer: Option<Box<dyn BatchWriter>> = None;
    let (mut rows, mut unknown) = (0, Vec::new());
    while let Some(table) = pieces.next_piece()? {
        let detailed = model.predict_detailed(&table)?;
        warn_bad(&detailed.bad, args.reading.skip_bad_rows)?;
        add_names(&mut unknown, model.unknown_names(&table)?);
        let batch = model.record_batch(&table, &detailed, output)?;
        rows += batch.num_rows();
        let schema = batch.schema_ref();
        let writer = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(match &args.out {
                Some(path) => write::create_in(path, schema, encoding)?,
                None => write::stream(Box::new(std::io::stdout()), format, schema, encoding)?,
            }),
        };
        writer.write(&batch)?;
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    tables::report_skipped(pieces.reader());
    tables::report_unknown(&unknown);
    session::report_precision(&model, &args.precision, common);
    if let (Some(path), false) = (&args.out, common.quiet) {
        render::log(&format!("{rows} predictions in {}", path.display()));
    }
    Ok(Outcome::Done)
}

/// The encoding asked for; otherwise UTF-8, in a file after a mark where the table shows that its reader needs one.
fn encoding(args: &Predict, format: &str) -> Result<TextEncoding> {
    if let Some(name) = &args.out_encoding {
        ensure!(
            matches!(format, "csv" | "tsv"),
            "--out-encoding {name}: {format} has one encoding only; name a .csv or .tsv file with --out"
        );
        return Ok(TextEncoding::find(name)?);
    }
    let other = args.reading.encoding.as_ref().is_some_and(|name| {
        let name = name.trim().to_ascii_lowercase();
        name != "utf-8" && name != "utf8"
    });
    let needed = args.out.is_some() && (other || has_mark(&args.data));
    Ok(if needed { TextEncoding::UTF8_WITH_MARK } else { TextEncoding::default() })
}

/// Whether a file begins with a byte order mark.
fn has_mark(path: &Path) -> bool {
    let mut head = Vec::new();
    // One that cannot be read is reported when it is opened as a table.
    let read = File::open(path).and_then(|file| file.take(3).read_to_end(&mut head));
    read.is_ok() && [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"].iter().any(|mark| head.starts_with(mark))
}
