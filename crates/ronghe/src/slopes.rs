//! What predictions rise by as the features of a row rise.

use crate::Result;
use ronghe_data::Table;
use ronghe_data::decode::Fit;
use std::ops::Range;

/// A predictor as a differentiable function of features: what cells are after preparation (pixels, scaled numbers, vectors of
/// categories), all inputs side by side, F numbers a row.
pub trait Slopes: Send + Sync {
    /// Which cells the features are made of. Together all F, each once.
    fn places(&self) -> &[Place];

    /// Features of each row. A cell that cannot be read is an error.
    fn features(&self, rows: &Table) -> Result<Features>;

    /// Predictions of rows of features, `[rows, width]` as of [`Predictions`](crate::Predictions), and of each row the derivative of
    /// prediction `of[row]` with respect to each of its features, `[rows, F]`. `present` says which inputs the rows have.
    fn slopes(&self, features: &[f32], present: &[bool], of: &[usize]) -> Result<(Vec<f32>, Vec<f32>)>;
}

/// Features of some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// `[rows, F]`
    pub values: Vec<f32>,
    /// Whether a row has each input, a row.
    pub present: Vec<Vec<bool>>,
}

/// Features that the cells of one column become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Column.
    pub column: String,
    /// Which features.
    pub features: Range<usize>,
    /// Of a picture, where they stand in it.
    pub pixels: Option<Pixels>,
}

/// The pixels of a picture in reading order, the channels of a pixel one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pixels {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels a row.
    pub width: usize,
    /// Features a pixel.
    pub channels: usize,
    /// How pictures of other sizes become them.
    pub fit: Fit,
}

impl Pixels {
    /// The pixel of a picture of `height` by `width` pixels under the centre of the pixel in `row` and `column` here; none
    /// beside the picture.
    pub fn under(&self, row: usize, column: usize, height: usize, width: usize) -> Option<(usize, usize)> {
        let (h, w) = (height as f64, width as f64);
        let (to_h, to_w) = (self.height as f64, self.width as f64);
        // Pixels of the picture for one here, down and across.
        let [down, across] = match self.fit {
            Fit::Stretch => [h / to_h, w / to_w],
            Fit::Cover => [(h / to_h).min(w / to_w); 2],
            Fit::Contain => [(h / to_h).max(w / to_w); 2],
        };
        let one = |at: usize, to: f64, size: f64, step: f64| {
            let place = size / 2.0 + (at as f64 + 0.5 - to / 2.0) * step;
            (0.0..size).contains(&place).then_some(place as usize)
        };
        Some((one(row, to_h, h, down)?, one(column, to_w, w, across)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_lie_over_those_they_are_made_of() {
        let pixels = |fit| Pixels { height: 4, width: 4, channels: 1, fit };
        for fit in [Fit::Stretch, Fit::Cover, Fit::Contain] {
            let same = (0..4).all(|r| (0..4).all(|c| pixels(fit).under(r, c, 4, 4) == Some((r, c))));
            assert!(same, "{fit:?}");
        }
        assert_eq!(pixels(Fit::Stretch).under(3, 3, 8, 40), Some((7, 35)));
        // The middle square of a wide picture; bars above and below it.
        assert_eq!(pixels(Fit::Cover).under(0, 0, 8, 40), Some((1, 17)));
        assert_eq!(pixels(Fit::Contain).under(0, 0, 8, 40), None);
        assert_eq!(pixels(Fit::Contain).under(1, 0, 20, 40), Some((5, 5)));
    }
}
