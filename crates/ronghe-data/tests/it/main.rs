//! Readers on files that the tests write.

mod bad_input;
mod formats;
mod support;
