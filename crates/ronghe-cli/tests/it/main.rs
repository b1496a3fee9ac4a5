//! The built program, run as a user runs it.

mod answers;
mod any_model;
mod bad_input;
mod explain_alone;
mod knowledge;
mod outputs;
mod pipeline;
mod recommend;
mod resume;
mod support;
mod transfer_report;
mod verbs;
