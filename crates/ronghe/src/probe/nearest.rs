//! What an ImageNet classifier takes the target's classes for: the plainest picture of how near the two worlds are.

use super::Goal;
use crate::encode::backbone::{Published, Style, efficientnet_lite0, efficientnet_lite0_classifier};
use crate::{Error, Result};
use ronghe_cpu::CpuExecutor;
use ronghe_graph::{Builder, DType, Executor, Feed, Mode, Shape, Tensor, Weights};
use serde::Serialize;
use std::path::Path;

/// What the pictures of one class, or all of them, are taken for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Taken {
    /// The class; the target's name for a quantity.
    pub label: String,
    /// Its pictures.
    pub rows: usize,
    /// The most frequent names and their shares of the pictures.
    pub names: Vec<(String, f64)>,
    /// Mean probability of each picture's first name.
    pub confidence: f64,
}

/// What the classifier says of the pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageNetView {
    /// Mean over all pictures of their first name's probability.
    pub confidence: f64,
    /// Class by class, the most frequent ones first.
    pub classes: Vec<Taken>,
}

/// Classes shown.
const MOST_CLASSES: usize = 20;
const NAMES: usize = 3;
const BATCH: usize = 256;
/// Larger than the list of names can be.
const MAX_NAME_BYTES: u64 = 1 << 20;

/// The encoder whose vectors the classifier reads.
pub(super) const ENCODER: &str = "efficientnet_lite0";
/// Catalogue name of the names of its classes.
pub(super) const NAMES_ITEM: &str = "imagenet-classes";

/// Names the pictures whose EfficientNet-Lite0 vectors `[rows, 1280]` are given, with the published classifier in the file
/// `weights` and the names in the file `names`.
pub fn imagenet_view(
    vectors: &[f32],
    width: usize,
    goal: &Goal,
    labels: &[String],
    weights: &Path,
    names: &Path,
    executor: &CpuExecutor,
) -> Result<ImageNetView> {
    let names = read_names(names)?;
    let rows = vectors.len() / width.max(1);
    let published = Published::open(weights, None)?;
    let loaded = published.weights(|b| {
        let x = b.input("x", &Shape::batch(&[32, 32, 3]), DType::F32)?;
        let features = efficientnet_lite0(b, x, Style::Keras, true)?;
        efficientnet_lite0_classifier(b, features.pooled, names.len()).map(drop)
    })?;
    let mut head: Weights = loaded.into_iter().filter(|(name, _)| name.starts_with("_fc.")).collect();
    let mut b = Builder::new(&mut head, Mode::Infer, 0);
    let pooled = b.input("pooled", &Shape::batch(&[width]), DType::F32)?;
    let logits = efficientnet_lite0_classifier(&mut b, pooled, names.len())?;
    let graph = b.finish();
    let mut plan = executor.compile(&graph, &[logits])?;
    let mut first = Vec::with_capacity(rows);
    for batch in vectors.chunks(BATCH * width.max(1)) {
        let pooled = Tensor::f32(&[batch.len() / width.max(1), width], batch.to_vec())?;
        let found = plan.run(&head, &Feed::default().with("pooled", pooled))?;
        first.extend(found.get(0).chunks_exact(names.len()).map(best));
    }
    Ok(view(&first, goal, labels, &names))
}

/// The likeliest class and its probability.
fn best(scores: &[f32]) -> (usize, f64) {
    let best = (0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best });
    let sum: f64 = scores.iter().map(|&s| f64::from(s - scores[best]).exp()).sum();
    (best, 1.0 / sum)
}

fn view(first: &[(usize, f64)], goal: &Goal, labels: &[String], names: &[String]) -> ImageNetView {
    let groups: Vec<(String, Vec<usize>)> = match goal {
        Goal::Classes { labels: classes, count } => (0..*count)
            .map(|class| (labels[class].clone(), (0..first.len()).filter(|&r| classes[r] == class).collect()))
            .collect(),
        Goal::Numbers(_) => vec![(labels.join(", "), (0..first.len()).collect())],
    };
    let mut classes: Vec<Taken> = groups
        .into_iter()
        .filter(|g| !g.1.is_empty())
        .map(|(l, rows)| taken(l, &rows, first, names))
        .collect();
    // Stable: of equally frequent ones, the order of the labels.
    classes.sort_by_key(|c| std::cmp::Reverse(c.rows));
    classes.truncate(MOST_CLASSES);
    let confidence = first.iter().map(|f| f.1).sum::<f64>() / first.len().max(1) as f64;
    ImageNetView { confidence, classes }
}

fn taken(label: String, rows: &[usize], first: &[(usize, f64)], names: &[String]) -> Taken {
    let mut counts = vec![0usize; names.len()];
    rows.iter().for_each(|&r| counts[first[r].0] += 1);
    let mut order: Vec<usize> = (0..names.len()).filter(|&i| counts[i] > 0).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(counts[i]));
    let n = rows.len() as f64;
    let names = order.iter().take(NAMES).map(|&i| (names[i].clone(), counts[i] as f64 / n)).collect();
    let confidence = rows.iter().map(|&r| first[r].1).sum::<f64>() / n;
    Taken { label, rows: rows.len(), names, confidence }
}

fn read_names(path: &Path) -> Result<Vec<String>> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let wrong = |found: String| Error::Artifact {
        path: path.to_owned(),
        expected: "a JSON list of 1,000 names".into(),
        found,
        mend: format!("fetch it again with `ronghe pull {NAMES_ITEM}`"),
    };
    let bytes = std::fs::metadata(path).map_err(io)?.len();
    if bytes > MAX_NAME_BYTES {
        return Err(wrong(format!("{bytes} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    let names: Vec<String> = serde_json::from_str(&text).map_err(|e| wrong(ronghe_data::plain::json(&e)))?;
    if names.len() == 1000 { Ok(names) } else { Err(wrong(format!("{} names", names.len()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_by_class() {
        let names: Vec<String> = ["cat", "dog", "cup"].map(str::to_owned).into();
        let labels: Vec<String> = ["动物", "thing"].map(str::to_owned).into();
        let goal = Goal::Classes { labels: vec![0, 0, 1, 0], count: 2 };
        let found = view(&[(1, 0.5), (0, 1.0), (2, 0.25), (1, 0.75)], &goal, &labels, &names);
        assert_eq!(found.confidence, 0.625);
        assert_eq!((found.classes[0].label.as_str(), found.classes[0].rows), ("动物", 3));
        assert_eq!(found.classes[0].names, [("dog".to_owned(), 2.0 / 3.0), ("cat".to_owned(), 1.0 / 3.0)]);
        assert_eq!(found.classes[1].confidence, 0.25);
        let (class, sure) = best(&[0.0, 2f32.ln(), 0.0]);
        assert!(class == 1 && (sure - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_list_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.json");
        for (text, part) in [("[\"a\"]", "1 names"), ("{}", "a mapping in place of a list")] {
            std::fs::write(&path, text).unwrap();
            let message = read_names(&path).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains("ronghe pull imagenet-classes"), "{message}");
        }
    }
}
