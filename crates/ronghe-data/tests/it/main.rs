//! Readers, profiles and writers on files that the tests write.

mod bad_input;
mod containers;
mod formats;
mod profile;
mod refused;
mod robust;
mod shards;
mod support;
mod write;
