//! Layers: functions that write operations and declare weights. One copy of each.
