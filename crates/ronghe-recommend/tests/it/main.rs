//! The crate beside other libraries, and on tables that are not as they should be.

mod bad_input;
mod conformance;
mod figures;
