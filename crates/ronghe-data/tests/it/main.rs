//! Readers, profiles and writers on files that the tests write.

mod bad_input;
mod containers;
mod folders;
mod formats;
mod idx;
mod profile;
mod refused;
mod robust;
mod shards;
mod support;
mod typed;
mod write;
