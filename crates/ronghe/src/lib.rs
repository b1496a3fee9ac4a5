//! ronghe
