//! Cells that are shown or hidden as a whole.

use super::{FillEntry, MaskerEntry};
use ronghe_data::Modality;

pub(super) static WHOLE: MaskerEntry = MaskerEntry {
    name: "whole",
    modalities: &Modality::ALL,
    summary: "the cell is one player",
    size: &[],
    fills: &[
        FillEntry {
            name: "background",
            summary: "the cells of background rows; what the value does beside what is usual",
        },
        FillEntry {
            name: "missing",
            summary: "missing; what the value does beside nothing (the model must know missing)",
        },
        FillEntry {
            name: "gaussian",
            summary: "numbers that go with the shown ones, by the background's covariance; other cells as `background`",
        },
    ],
    build: None,
};
