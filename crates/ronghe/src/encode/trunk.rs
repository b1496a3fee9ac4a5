//! Trunks: published networks inside an encoder. Their weights stand under `trunk` in the encoder's scope.

use crate::Result;
use ronghe_graph::{Builder, Error, ValueId, Weights};

const SCOPE: &str = "trunk";

/// Writes a trunk.
pub(super) fn write<T>(
    b: &mut Builder<'_>,
    write: impl FnOnce(&mut Builder<'_>) -> ronghe_graph::Result<T>,
) -> Result<T> {
    Ok(b.scoped(SCOPE, write)?)
}

/// The weights of `loaded` that the trunk written by `build` declares, under the trunk's names. One that is missing is an
/// error: a network must not be published in part and random in part without anyone knowing.
pub(super) fn pretrained(
    loaded: Weights,
    build: impl FnOnce(&mut Builder<'_>) -> Result<Option<ValueId>>,
) -> Result<Weights> {
    let mut weights = Weights::new();
    weights.absorb(SCOPE, loaded);
    let before: Vec<String> = weights.iter().map(|(name, _)| name.to_owned()).collect();
    let mut b = Builder::outline(&mut weights);
    build(&mut b)?;
    let graph = b.finish();
    if let Some((name, &value)) = graph.weights().iter().find(|(n, _)| before.binary_search(n).is_err()) {
        let expected = graph.value(value).shape.clone();
        return Err(Error::MissingWeight { name: name.clone(), expected, similar: Vec::new() }.into());
    }
    weights.retain(|name| graph.weights().contains_key(name));
    Ok(weights)
}
