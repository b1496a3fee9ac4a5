//! Shapes with symbolic dimensions.

use std::fmt;

/// A dimension known only when the graph runs (the batch, a number of tokens). `Symbol(0)` is always the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u16);

/// One dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Known now.
    Fixed(usize),
    /// Known when the graph runs.
    Sym(Symbol),
}

impl Dim {
    /// The batch dimension.
    pub const BATCH: Dim = Dim::Sym(Symbol(0));

    /// The size, if it is known now.
    pub fn fixed(self) -> Option<usize> {
        match self {
            Dim::Fixed(n) => Some(n),
            Dim::Sym(_) => None,
        }
    }
}

impl From<usize> for Dim {
    fn from(n: usize) -> Dim {
        Dim::Fixed(n)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Fixed(n) => write!(f, "{n}"),
            Dim::Sym(Symbol(0)) => write!(f, "batch"),
            Dim::Sym(Symbol(k)) => write!(f, "tokens{k}"),
        }
    }
}

/// Dimensions of a value, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shape(pub Vec<Dim>);

impl Shape {
    /// A shape whose dimensions are all known.
    pub fn fixed(dims: &[usize]) -> Shape {
        Shape(dims.iter().map(|&d| Dim::Fixed(d)).collect())
    }

    /// `[batch, dims...]`
    pub fn batch(dims: &[usize]) -> Shape {
        let mut out = vec![Dim::BATCH];
        out.extend(dims.iter().map(|&d| Dim::Fixed(d)));
        Shape(out)
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The innermost dimension, if it is known now.
    pub fn last(&self) -> Option<usize> {
        self.0.last().and_then(|d| d.fixed())
    }

    /// All dimensions but the innermost.
    pub fn leading(&self) -> Shape {
        Shape(self.0[..self.rank().saturating_sub(1)].to_vec())
    }

    /// This shape with another innermost dimension.
    pub fn with_last(&self, last: usize) -> Shape {
        let mut out = self.leading();
        out.0.push(Dim::Fixed(last));
        out
    }

    /// Whether the innermost dimensions of `self` are `suffix`.
    pub fn ends_with(&self, suffix: &Shape) -> bool {
        self.0.ends_with(&suffix.0)
    }

    /// Product of the known dimensions (symbolic ones count one).
    pub fn known_elements(&self) -> usize {
        self.0.iter().filter_map(|d| d.fixed()).product()
    }

    /// Sizes under a binding of symbols to sizes; `None` if a symbol is unbound.
    pub fn resolve(&self, bind: &dyn Fn(Symbol) -> Option<usize>) -> Option<Vec<usize>> {
        self.0
            .iter()
            .map(|d| match d {
                Dim::Fixed(n) => Some(*n),
                Dim::Sym(s) => bind(*s),
            })
            .collect()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[")?;
        for (i, d) in self.0.iter().enumerate() {
            if i > 0 {
                write!(f, ", ")?;
            }
            write!(f, "{d}")?;
        }
        write!(f, "]")
    }
}
