//! How far long work is, and whether it is to go on.

/// Told how far a fit is (done, of how many steps); false stops it with [`crate::Error::Stopped`].
pub type Progress<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);
