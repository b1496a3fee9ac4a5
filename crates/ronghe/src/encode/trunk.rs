//! Trunks: published networks inside an encoder, frozen or trained on.
//!
//! A trunk's weights stand under `trunk` in the encoder's scope. A frozen one is computed once a row and its result kept
//! (`passes::split_frozen`), so that only what lies behind it costs anything in training.

use crate::Result;
use ronghe_graph::{Builder, Error, Mode, ValueId, Weights};
use std::collections::BTreeSet;

const SCOPE: &str = "trunk";

/// Writes a trunk; none of its weights is trained unless `trainable`.
pub(super) fn write(
    b: &mut Builder<'_>,
    trainable: bool,
    write: impl FnOnce(&mut Builder<'_>) -> ronghe_graph::Result<ValueId>,
) -> Result<ValueId> {
    let made = b.scoped(SCOPE, write)?;
    if !trainable {
        let prefix = b.full_name(&format!("{SCOPE}."));
        let names: Vec<String> =
            b.weights.iter().map(|(n, _)| n.to_owned()).filter(|n| n.starts_with(&prefix)).collect();
        names.iter().for_each(|name| b.weights.set_trainable(name, false));
    }
    Ok(made)
}

/// The weights of `loaded` that a trunk declares, under the trunk's names. One that is missing is an error: a network
/// must not be published in part and random in part without anyone knowing.
pub(super) fn pretrained(
    loaded: Weights,
    build: impl FnOnce(&mut Builder<'_>) -> Result<ValueId>,
) -> Result<Weights> {
    let mut weights = Weights::new();
    weights.absorb(SCOPE, loaded);
    let before: BTreeSet<String> = weights.iter().map(|(name, _)| name.to_owned()).collect();
    let mut b = Builder::new(&mut weights, Mode::Infer, 0);
    build(&mut b)?;
    let graph = b.finish();
    let of_trunk = |name: &str| name.starts_with(SCOPE);
    if let Some((name, &value)) = graph.weights().iter().find(|(n, _)| of_trunk(n) && !before.contains(*n)) {
        let expected = graph.value(value).shape.clone();
        return Err(Error::MissingWeight { name: name.clone(), expected, similar: Vec::new() }.into());
    }
    weights.retain(|name| of_trunk(name) && graph.weights().contains_key(name));
    Ok(weights)
}
