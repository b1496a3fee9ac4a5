//! From files to answers, over stores in temporary folders.
#![allow(clippy::print_stdout)]

mod ask;
mod damage;
mod double;
mod endpoint;
mod kills;
mod robust;
mod store;
mod upkeep;
