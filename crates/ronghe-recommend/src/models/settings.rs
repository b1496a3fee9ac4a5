//! Checks of settings.

use crate::{Error, Result};

/// At least 1.
pub(super) fn count(what: &str, value: usize) -> Result<()> {
    check(value > 0, what, "1 or more", &value)
}

/// A finite number above 0.
pub(super) fn above_zero(what: &str, value: f64) -> Result<()> {
    check(value > 0.0 && value.is_finite(), what, "a number above 0", &value)
}

/// A finite number, 0 or more.
pub(super) fn at_least_zero(what: &str, value: f64) -> Result<()> {
    check(value >= 0.0 && value.is_finite(), what, "a number, 0 or more", &value)
}

/// From 0 to 1.
pub(super) fn share(what: &str, value: f64) -> Result<()> {
    check((0.0..=1.0).contains(&value), what, "a share from 0 to 1", &value)
}

fn check(good: bool, what: &str, expected: &str, found: &impl ToString) -> Result<()> {
    if good {
        return Ok(());
    }
    Err(Error::input(what, expected, found.to_string(), "leave it out for the usual one"))
}
