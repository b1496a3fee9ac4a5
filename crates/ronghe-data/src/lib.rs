//! ronghe-data
