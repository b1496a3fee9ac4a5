//! Readers, profiles and writers on files that the tests write.

mod bad_input;
mod folders;
mod formats;
mod idx;
mod profile;
mod robust;
mod support;
mod write;
