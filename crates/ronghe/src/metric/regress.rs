//! `RMSE = sqrt(mean (y - p)²)`, `MAE = mean |y - p|`, `R² = 1 - sum (y - p)² / sum (y - mean y)²`.

use super::Metrics;
use crate::Predictions;

pub(super) fn numbers(predictions: &Predictions, truth: &[Option<f64>], metrics: &mut Metrics) {
    let pairs: Vec<(f64, f64)> =
        truth.iter().enumerate().filter_map(|(row, y)| Some(((*y)?, predictions.row(row)[0]))).collect();
    let n = pairs.len() as f64;
    metrics.rows = pairs.len();
    let squared: f64 = pairs.iter().map(|(y, p)| (y - p).powi(2)).sum();
    let absolute: f64 = pairs.iter().map(|(y, p)| (y - p).abs()).sum();
    let mean = pairs.iter().map(|(y, _)| y).sum::<f64>() / n;
    let spread: f64 = pairs.iter().map(|(y, _)| (y - mean).powi(2)).sum();
    metrics.push("rmse", (squared / n).sqrt(), None);
    metrics.push("mae", absolute / n, None);
    metrics.push("r2", 1.0 - squared / spread, None);
}
