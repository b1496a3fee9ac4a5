//! What to know before believing an explanation.

use super::{Explanation, RowExplanation};

/// A modality that carries more than this share of all attributions leaves the others little to say.
const MOST_SHARE: f64 = 0.9;

/// Notes on the whole; `clamped` predictions lay beyond what the link can show.
pub(super) fn of(found: &RowExplanation, clamped: usize) -> Vec<String> {
    let background = (found.background == 1).then(|| {
        "the background is a single row: everything is told beside that row, not beside what is usual"
            .to_owned()
    });
    let clamped = (clamped > 0).then(|| {
        let of = found.rows_predicted * found.modalities.outputs.len();
        format!("{clamped} of {of} predicted probabilities were 0 or 1 but for 1e-7 and were held at log-odds of 16.1")
    });
    background.into_iter().chain(clamped).chain(lopsided(&found.modalities)).collect()
}

/// A modality that carries nearly everything.
fn lopsided(e: &Explanation) -> Option<String> {
    let sizes: Vec<f64> = e.attributions.iter().map(|a| a[e.explained].abs()).collect();
    let total: f64 = sizes.iter().sum();
    let (at, &largest) = sizes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    (sizes.len() > 1 && largest > MOST_SHARE * total).then(|| {
        format!("{} carries {:.0} % of all attributions here", e.players[at].name, 100.0 * largest / total)
    })
}
