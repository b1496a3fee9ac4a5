//! Readers, profiles and writers on files that the tests write.

mod bad_input;
mod formats;
mod profile;
mod robust;
mod support;
mod write;
