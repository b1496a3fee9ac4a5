//! ronghe-cpu
