//! Shapes. Horizontal places are percentages of the drawing, so that bars stretch with the page while their heights,
//! dots and strokes keep their pixels.

/// A range of values laid over the width of a drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From the smallest to the largest value, with a margin (a share of the range) at both ends.
    pub(super) fn over(values: impl IntoIterator<Item = f64>, margin: f64) -> Scale {
        let (low, high) = values
            .into_iter()
            .filter(|v| v.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return Scale { low: 0.0, high: 1.0 };
        }
        // A single value stands in the middle.
        let range = if high > low { high - low } else { low.abs().max(1.0) };
        let margin = if high > low { margin } else { 0.5 };
        Scale { low: low - margin * range, high: high + margin * range }
    }

    /// Where the value lies, 0 to 100.
    pub(super) fn percent(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low) * 100.0).clamp(0.0, 100.0)
    }

    /// Round values inside the range, about `wanted` of them.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last.min(first + 20)).map(|i| i as f64 * step).collect()
    }
}

/// A drawing of full width and `height` pixels; `label` says it to those who do not see it.
pub(super) fn strip(height: u32, label: &str, body: &str) -> String {
    format!(
        "<svg class=\"strip\" height=\"{height}\" role=\"img\" aria-label=\"{}\">{body}</svg>",
        super::escape::html(label)
    )
}

/// A bar between two places, `x` in percent.
pub(super) fn bar(x: (f64, f64), y: f64, height: f64, class: &str) -> String {
    let (left, width) = (x.0.min(x.1), (x.1 - x.0).abs());
    format!(
        "<rect class=\"{class}\" x=\"{left:.3}%\" y=\"{y}\" width=\"{width:.3}%\" height=\"{height}\" rx=\"2\"/>"
    )
}

/// A line, `x` in percent.
pub(super) fn line(x: (f64, f64), y: (f64, f64), class: &str) -> String {
    format!("<line class=\"{class}\" x1=\"{:.3}%\" y1=\"{}\" x2=\"{:.3}%\" y2=\"{}\"/>", x.0, y.0, x.1, y.1)
}

/// A dot, `x` in percent.
pub(super) fn dot(x: f64, y: f64, radius: f64, class: &str) -> String {
    format!("<circle class=\"{class}\" cx=\"{x:.3}%\" cy=\"{y}\" r=\"{radius}\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_within_the_margins() {
        let scale = Scale::over([2.0, 4.0], 0.1);
        assert!((scale.percent(3.0) - 50.0).abs() < 1e-9 && scale.percent(2.0) > 8.0);
        assert_eq!(scale.ticks(4), [2.0, 3.0, 4.0]);
        assert!((Scale::over([5.0], 0.1).percent(5.0) - 50.0).abs() < 1e-9);
        assert_eq!(Scale::over([], 0.1), Scale { low: 0.0, high: 1.0 });
    }
}
