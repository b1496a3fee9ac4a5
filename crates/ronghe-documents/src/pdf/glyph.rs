//! Glyphs at their places on a page, and the matrices that put them there.

use std::rc::Rc;

/// A map of places: `x' = a x + c y + e`, `y' = b x + d y + f`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn at(x: f64, y: f64) -> Matrix {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y])
    }

    pub(super) fn scale(x: f64, y: f64) -> Matrix {
        Matrix([x, 0.0, 0.0, y, 0.0, 0.0])
    }

    /// First this, then `next`.
    pub(super) fn then(self, next: Matrix) -> Matrix {
        let ([a, b, c, d, e, f], n) = (self.0, next.0);
        Matrix([
            a * n[0] + b * n[2],
            a * n[1] + b * n[3],
            c * n[0] + d * n[2],
            c * n[1] + d * n[3],
            e * n[0] + f * n[2] + n[4],
            e * n[1] + f * n[3] + n[5],
        ])
    }

    pub(super) fn place(self, x: f64, y: f64) -> [f64; 2] {
        let [a, b, c, d, e, f] = self.0;
        [a * x + c * y + e, b * x + d * y + f]
    }
}

/// A glyph on a page; lengths in points, `y` upwards.
#[derive(Debug, Clone)]
pub(super) struct Glyph {
    /// Where it begins on its base line; in vertical lines the middle of its upper edge.
    pub(super) from: [f64; 2],
    /// Where it ends.
    pub(super) to: [f64; 2],
    /// Height of its font.
    pub(super) size: f64,
    /// Its text; empty where nothing says it.
    pub(super) text: Rc<str>,
    /// Whether its line runs from top to bottom.
    pub(super) vertical: bool,
    pub(super) bold: bool,
    /// Number of its font on the page.
    pub(super) font: u32,
    /// Whether its text is only its code taken for Unicode.
    pub(super) guess: bool,
}

/// What is on a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) glyphs: Vec<Glyph>,
    /// Names of the fonts of its glyphs.
    pub(super) fonts: Vec<String>,
    /// Left, lower, right and upper edge of what is shown of it.
    pub(super) bounds: Option<[f64; 4]>,
    /// Pictures on it.
    pub(super) pictures: usize,
    /// Lines and areas that are painted.
    pub(super) paths: usize,
    /// Whether a limit ended it before its end.
    pub(super) cut: bool,
    /// Notes that stand beside it, not on it.
    pub(super) remarks: Vec<String>,
}
