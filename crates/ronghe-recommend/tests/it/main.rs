//! The crate beside other libraries.

mod figures;
