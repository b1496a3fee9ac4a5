//! How far the reading of rows has come, and how long it will still take: a bar on a terminal, a line now and then elsewhere.

use crate::args::Common;
use crate::render;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use ronghe::{InputInfo, Predictions, Predictor, Task};
use ronghe_data::read::{Reader, Skipped, Warning};
use ronghe_data::{Schema, Table};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines come at most this often.
const EVERY: Duration = Duration::from_secs(10);

/// Rows done, of those there are.
pub(crate) struct Rows {
    stage: &'static str,
    total: Option<usize>,
    done: usize,
    started: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl Rows {
    /// Of `total` rows, where that is known.
    pub(crate) fn new(stage: &'static str, total: Option<usize>, common: &Common) -> Rows {
        let live = std::io::stderr().is_terminal() && !common.quiet;
        let bar = live.then(|| bar(stage, total));
        let now = Instant::now();
        Rows { stage, total, done: 0, started: now, said: now, bar, quiet: common.quiet }
    }

    /// Counts rows that are done.
    pub(crate) fn add(&mut self, rows: usize) {
        self.done += rows;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
        } else if !self.quiet && self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            render::log(&line(self.stage, self.done, self.total, self.started.elapsed()));
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar(stage: &'static str, total: Option<usize>) -> ProgressBar {
    let template = match total {
        Some(_) => "{prefix} [{bar:30}] {pos}/{len} rows, {per_sec}, {eta} left",
        None => "{prefix} {spinner} {pos} rows, {per_sec}",
    };
    let bar = match total {
        Some(total) => ProgressBar::new(total as u64),
        None => ProgressBar::new_spinner(),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(stage);
    bar
}

/// What is said where there is no bar.
fn line(stage: &str, done: usize, total: Option<usize>, so_far: Duration) -> String {
    let Some(total) = total.filter(|&total| total >= done && done > 0) else {
        return format!("{stage}: {done} rows");
    };
    let left = so_far.mul_f64((total - done) as f64 / done as f64);
    format!("{stage}: {done} of {total} rows, about {} left", HumanDuration(left))
}

/// `reader`, whose rows are counted as done when the next ones are asked for.
pub(crate) fn reader(reader: Box<dyn Reader>, stage: &'static str, common: &Common) -> Watched {
    let rows = Rows::new(stage, reader.rows(), common);
    Watched { reader, rows, last: 0 }
}

/// A reader that says how far it is.
pub(crate) struct Watched {
    reader: Box<dyn Reader>,
    rows: Rows,
    last: usize,
}

impl Reader for Watched {
    fn schema(&self) -> &Schema {
        self.reader.schema()
    }

    fn rows(&self) -> Option<usize> {
        self.reader.rows()
    }

    fn next_batch(&mut self) -> ronghe_data::Result<Option<Table>> {
        self.rows.add(std::mem::take(&mut self.last));
        let batch = self.reader.next_batch()?;
        match &batch {
            Some(table) => self.last = table.rows(),
            None => self.rows.end(),
        }
        Ok(batch)
    }

    fn skipped(&self) -> &Skipped {
        self.reader.skipped()
    }

    fn warnings(&self) -> &[Warning] {
        self.reader.warnings()
    }
}

/// Rows that are predicted at a time, so that it shows how far it is.
const PIECE: usize = 512;

/// The batches of `reader` in pieces, each counted as done when the next one is asked for.
pub(crate) struct Pieces {
    reader: Box<dyn Reader>,
    rows: Rows,
    batch: Option<Table>,
    at: usize,
    last: usize,
}

impl Pieces {
    /// Of all rows.
    pub(crate) fn new(reader: Box<dyn Reader>, stage: &'static str, common: &Common) -> Pieces {
        let rows = Rows::new(stage, reader.rows(), common);
        Pieces { reader, rows, batch: None, at: 0, last: 0 }
    }

    /// The next rows; none at the end.
    pub(crate) fn next_piece(&mut self) -> anyhow::Result<Option<Table>> {
        self.rows.add(std::mem::take(&mut self.last));
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|b| self.at < b.rows()) {
                self.last = PIECE.min(batch.rows() - self.at);
                let piece = batch.slice(self.at, self.last);
                self.at += self.last;
                return Ok(Some(piece));
            }
            self.batch = self.reader.next_batch()?;
            self.at = 0;
            if self.batch.is_none() {
                self.rows.end();
                return Ok(None);
            }
        }
    }

    /// The reader, at its end.
    pub(crate) fn reader(&self) -> &dyn Reader {
        self.reader.as_ref()
    }
}

/// A predictor whose rows are counted.
pub(crate) struct Counted<'a> {
    model: &'a dyn Predictor,
    rows: Mutex<Rows>,
}

impl<'a> Counted<'a> {
    /// Until it has predicted `total` rows.
    pub(crate) fn new(
        model: &'a dyn Predictor,
        stage: &'static str,
        total: usize,
        common: &Common,
    ) -> Counted<'a> {
        Counted { model, rows: Mutex::new(Rows::new(stage, Some(total), common)) }
    }
}

impl Predictor for Counted<'_> {
    fn task(&self) -> &Task {
        self.model.task()
    }

    fn inputs(&self) -> &[InputInfo] {
        self.model.inputs()
    }

    fn predict(&self, table: &Table) -> ronghe::Result<Predictions> {
        let found = self.model.predict(table)?;
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).add(table.rows());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_said_where_the_number_of_rows_is_known() {
        let second = Duration::from_secs(1);
        assert_eq!(
            line("predicting", 100, Some(400), 20 * second),
            "predicting: 100 of 400 rows, about 60 seconds left"
        );
        assert_eq!(line("predicting", 100, None, 20 * second), "predicting: 100 rows");
        // A file that turns out to have more rows than it said.
        assert_eq!(line("reading", 500, Some(400), second), "reading: 500 rows");
        assert_eq!(line("reading", 0, Some(400), second), "reading: 0 rows");
    }
}
