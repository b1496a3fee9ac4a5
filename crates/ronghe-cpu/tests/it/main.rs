//! Tests of the executor from outside: against a reference in f64, against finite differences, against PyTorch.

mod cases;
mod forward;
mod golden;
mod gradient;
mod reference;
mod training;
