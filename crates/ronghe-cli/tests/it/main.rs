//! The built program, run as a user runs it.

mod bad_input;
mod pipeline;
mod resume;
mod support;
mod transfer_report;
