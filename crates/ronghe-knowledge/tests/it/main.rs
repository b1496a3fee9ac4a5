//! From files to answers, over stores in temporary folders.

mod ask;
mod double;
mod endpoint;
mod hostile;
mod robust;
mod store;
