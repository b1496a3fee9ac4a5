//! A cooperative game: what each set of players achieves together.

use super::{Coalition, Gradual};
use crate::{Error, Result};

/// Something that pays every coalition of its players. Asked twice for one coalition, it answers the same.
pub trait Game: Send + Sync {
    /// Number of players.
    fn players(&self) -> usize;

    /// Number of payments a coalition gets (one a class, or one).
    fn outputs(&self) -> usize;

    /// Payments of many coalitions at once.
    fn values(&self, coalitions: &[Coalition]) -> Result<Values>;

    /// Players who are known to change nothing, whoever else is there.
    fn idle(&self) -> Vec<usize> {
        Vec::new()
    }

    /// The same game between coalitions, where players can take part to a degree and slopes are known.
    fn gradual(&self) -> Option<Box<dyn Gradual + '_>> {
        None
    }
}

/// Payments of some coalitions, `[coalitions, outputs]`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    data: Vec<f64>,
    outputs: usize,
}

impl Values {
    /// Checks that there is a finite number for each of `coalitions` and `outputs`.
    pub fn new(data: Vec<f64>, coalitions: usize, outputs: usize) -> Result<Values> {
        if data.len() != coalitions * outputs || outputs == 0 {
            return Err(Error::Explain {
                what: "values of a game".into(),
                expected: format!("{coalitions} x {outputs} numbers"),
                found: format!("{}", data.len()),
                mend: "this is a defect of the predictor; please report it".into(),
            });
        }
        if let Some(bad) = data.iter().find(|v| !v.is_finite()) {
            return Err(Error::Explain {
                what: "prediction of a masked row".into(),
                expected: "a finite number".into(),
                found: bad.to_string(),
                mend: "train again with a smaller learning rate, or look for extreme cells in the row".into(),
            });
        }
        Ok(Values { data, outputs })
    }

    /// Payments of the `i`-th coalition.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.outputs..(i + 1) * self.outputs]
    }

    /// Number of coalitions.
    pub fn len(&self) -> usize {
        self.data.len() / self.outputs
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_number() {
        assert!(Values::new(vec![1.0, f64::NAN], 2, 1).is_err());
        assert!(Values::new(vec![1.0], 2, 1).is_err());
        let values = Values::new(vec![1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
        assert_eq!((values.row(1), values.len()), (&[3.0, 4.0][..], 2));
    }
}
