//! From files to answers, over stores in temporary folders.

mod ask;
mod double;
mod endpoint;
mod robust;
mod store;
