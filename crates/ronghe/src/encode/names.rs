//! Names that training did not have.

/// Examples kept of a column.
const EXAMPLES: usize = 3;

/// Cells of a column of names that hold names no training cell had: to the model they are all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownNames {
    /// The column.
    pub column: String,
    /// How many cells.
    pub cells: usize,
    /// The first few of the names, each once.
    pub examples: Vec<String>,
}

impl UnknownNames {
    /// Counts one more cell.
    pub(crate) fn add(&mut self, name: &str) {
        self.cells += 1;
        if self.examples.len() < EXAMPLES && !self.examples.iter().any(|n| n == name) {
            self.examples.push(name.to_owned());
        }
    }
}
