//! Names of weights: from one framework's to ours, and against what a graph needs.

use crate::{DType, Error, Graph, Result, Weights};
use std::collections::BTreeMap;

/// Replaces text in every name, pair after pair. A pattern is taken literally; `^` at its start binds it to the start of
/// the name, `$` at its end to the end. Two weights that would get one name are an error.
///
/// ```
/// use ronghe_graph::{Tensor, Weights, weights::rename};
/// let mut weights = Weights::new();
/// weights.insert("bert.norm.gamma", Tensor::zeros(&[2]), true);
/// let weights = rename(weights, &[("^bert.", ""), (".gamma$", ".weight")])?;
/// assert!(weights.get("norm.weight").is_some());
/// # Ok::<(), ronghe_graph::Error>(())
/// ```
pub fn rename(weights: Weights, pairs: &[(&str, &str)]) -> Result<Weights> {
    let mut renamed = BTreeMap::new();
    for (name, param) in weights {
        let new = pairs.iter().fold(name, |name, (pattern, to)| replaced(&name, pattern, to));
        if renamed.insert(new.clone(), param).is_some() {
            return Err(Error::DuplicateWeight { name: new });
        }
    }
    Ok(renamed.into_iter().collect())
}

fn replaced(name: &str, pattern: &str, to: &str) -> String {
    let (start, rest) = pattern.strip_prefix('^').map_or((false, pattern), |p| (true, p));
    let (end, text) = rest.strip_suffix('$').map_or((false, rest), |p| (true, p));
    match (start, end) {
        (false, false) => name.replace(text, to),
        (true, true) if name == text => to.to_owned(),
        (true, false) => {
            name.strip_prefix(text).map_or_else(|| name.to_owned(), |tail| format!("{to}{tail}"))
        }
        (false, true) => {
            name.strip_suffix(text).map_or_else(|| name.to_owned(), |head| format!("{head}{to}"))
        }
        (true, true) => name.to_owned(),
    }
}

/// Whether `weights` has every weight of `graph` in its shape; the error names the first that it has not, and those
/// that look alike.
pub fn check(graph: &Graph, weights: &Weights) -> Result<()> {
    for (name, &value) in graph.weights() {
        let expected = &graph.value(value).shape;
        let Some(tensor) = weights.get(name) else {
            let similar = similar(name, weights.iter().map(|(n, _)| n));
            return Err(Error::MissingWeight { name: name.clone(), expected: expected.clone(), similar });
        };
        if tensor.dtype() != DType::F32 {
            return Err(Error::WeightType {
                name: name.clone(),
                expected: DType::F32,
                found: tensor.dtype(),
            });
        }
        if *expected != crate::Shape::fixed(tensor.shape()) {
            return Err(Error::WeightShape {
                name: name.clone(),
                expected: expected.clone(),
                found: tensor.shape().to_vec(),
            });
        }
    }
    Ok(())
}

/// Up to three of `names` that share most dotted parts with `name`.
pub(super) fn similar<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let score = |other: &str| {
        let shared = other.split('.').filter(|p| parts.contains(p)).count();
        let all = parts.len().max(other.split('.').count());
        (2 * shared >= all).then_some(shared)
    };
    let mut found: Vec<(usize, &str)> = names.filter_map(|n| Some((score(n)?, n))).collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    found.into_iter().take(3).map(|(_, n)| n.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Op, Shape, Tensor};

    #[test]
    fn anchors_bind_and_clashes_are_errors() -> Result<()> {
        let named = |names: &[&str]| -> Weights {
            let mut weights = Weights::new();
            names.iter().for_each(|n| weights.insert(n, Tensor::zeros(&[1]), true));
            weights
        };
        let out = rename(named(&["model.a.model.w"]), &[("^model.", ""), ("a.", "b.")])?;
        assert_eq!(out.iter().map(|(n, _)| n).collect::<Vec<_>>(), ["b.model.w"]);
        let out = rename(named(&["x.fc"]), &[("^x.fc$", "head"), ("^x$", "never")])?;
        assert!(out.get("head").is_some());
        let clash = rename(named(&["a.w", "b.w"]), &[("^a", "b")]);
        assert!(matches!(clash, Err(Error::DuplicateWeight { name }) if name == "b.w"));
        Ok(())
    }

    #[test]
    fn a_missing_weight_is_named_with_its_likes() -> Result<()> {
        let mut graph = Graph::new();
        let x = graph.input("x", &Shape::batch(&[4]), DType::F32)?;
        let w = graph.weight("layer.0.query.weight", &[2, 4])?;
        graph.push1(Op::Linear { act: crate::Act::Identity }, &[x, w])?;
        let mut weights = Weights::new();
        weights.insert("bert.layer.0.query.weight", Tensor::zeros(&[2, 4]), true);
        weights.insert("other", Tensor::zeros(&[2, 4]), true);
        let message = check(&graph, &weights).map_err(|e| e.to_string());
        let expected =
            "weight `layer.0.query.weight` [2, 4] is missing; the file has bert.layer.0.query.weight";
        assert_eq!(message, Err(expected.to_owned()));
        weights.insert("layer.0.query.weight", Tensor::zeros(&[4, 2]), true);
        assert!(matches!(check(&graph, &weights), Err(Error::WeightShape { .. })));
        weights.insert("layer.0.query.weight", Tensor::i32(&[2, 4], vec![0; 8])?, true);
        let message = check(&graph, &weights).map_err(|e| e.to_string());
        assert_eq!(message, Err("weight `layer.0.query.weight`: expected F32, found I32".to_owned()));
        weights.insert("layer.0.query.weight", Tensor::zeros(&[2, 4]), true);
        check(&graph, &weights)
    }
}
