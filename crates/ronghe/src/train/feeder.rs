//! The feeds of an epoch's steps. Where making one takes work (decoding, random changes), it is made beside the step
//! before, on a thread of its own.

use super::blend::Blend;
use super::source::Source;
use super::targets::TargetFeed;
use crate::config::ModelConfig;
use crate::{Error, Result};
use ronghe_graph::{Feed, SplitMix};
use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;

/// Feeds made ahead.
const AHEAD: usize = 2;

/// Makes feeds.
#[derive(Clone, Copy)]
pub(super) struct Feeder<'a> {
    pub(super) config: &'a ModelConfig,
    pub(super) source: &'a Source,
    pub(super) targets: &'a TargetFeed<'a>,
    /// Inputs of the training network.
    pub(super) reads: &'a BTreeSet<String>,
}

impl Feeder<'_> {
    /// The feed of step `step` (from 0, of the whole training) with `rows`: the same whoever makes it, whenever.
    fn make(&self, rows: &[usize], step: usize) -> Result<Feed> {
        let Feeder { config, source, .. } = self;
        let mut stream = SplitMix::named(config.seed, &format!("step/{step}"));
        let mut feed = Feed { seed: stream.next_u64(), ..Feed::default() };
        source.feed(rows, self.reads, Some(feed.seed), &mut feed)?;
        source.feed_present(rows, Some((config.training.modality_dropout, &mut stream)), &mut feed)?;
        let blend = Blend::draw(rows.len(), config.training.mixup, &mut stream);
        if let Some(blend) = &blend {
            let names: Vec<&str> = config.inputs.iter().map(|i| i.name.as_str()).collect();
            blend.apply(&names, &mut feed)?;
        }
        self.targets.feed(rows, blend.as_ref(), &mut feed)?;
        Ok(feed)
    }

    /// Hands the feed of each batch to `step`, in order. Batches are given with the number of their step.
    pub(super) fn each(
        &self,
        batches: &[(usize, &[usize])],
        mut step: impl FnMut(&[usize], Feed) -> Result<()>,
    ) -> Result<()> {
        if !self.source.is_slow(self.reads) {
            return batches.iter().try_for_each(|&(number, rows)| step(rows, self.make(rows, number)?));
        }
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(AHEAD);
            let feeder = *self;
            scope.spawn(move || {
                for &(number, rows) in batches {
                    // Nobody listens any more: the training was stopped or has failed.
                    if sender.send(feeder.make(rows, number)).is_err() {
                        return;
                    }
                }
            });
            for &(_, rows) in batches {
                let made = receiver.recv().map_err(|_| Error::Stopped)?;
                step(rows, made?)?;
            }
            Ok(())
        })
    }
}
