//! Batches of which the next is decoded beside the work with the present one.

use super::batches::Batches;
use crate::Result;
use arrow_array::RecordBatch;
use std::path::PathBuf;

/// A batch of more bytes than this is worked with alone, so that pictures and sounds are not in memory twice.
const MOST: usize = 64 << 20;

/// A batch and where it is from.
pub(super) struct Placed {
    /// Its rows.
    pub(super) batch: RecordBatch,
    /// Its file and the rows before it there, as [`Batches::place`] says.
    pub(super) place: Option<(PathBuf, usize)>,
}

/// Batches, of which one is decoded ahead.
pub(super) struct Ahead {
    batches: Box<dyn Batches>,
    next: Option<Result<Option<Placed>>>,
}

impl Ahead {
    /// All of `batches`.
    pub(super) fn new(batches: Box<dyn Batches>) -> Ahead {
        Ahead { batches, next: None }
    }

    /// What `work` makes of the next batch, while the one after it is decoded; `None` at the end.
    pub(super) fn each<T: Send>(&mut self, work: impl FnOnce(Placed) -> T + Send) -> Result<Option<T>> {
        let next = self.next.take().unwrap_or_else(|| decode(self.batches.as_mut()))?;
        let Some(present) = next else { return Ok(None) };
        if present.batch.get_array_memory_size() > MOST {
            return Ok(Some(work(present)));
        }
        let (done, next) = rayon::join(|| work(present), || decode(self.batches.as_mut()));
        // What is wrong with the next batch is said when it is asked for.
        self.next = Some(next);
        Ok(Some(done))
    }
}

fn decode(batches: &mut dyn Batches) -> Result<Option<Placed>> {
    let batch = batches.next()?;
    let place = batches.place().map(|(file, before)| (file.to_owned(), before));
    Ok(batch.map(|batch| Placed { batch, place }))
}
