//! Mathematics in f64 that several rooms need. No dependencies, no input or output, no threads.
//!
//! | module | what |
//! |---|---|
//! | [`linalg`] | `dot`; the Cholesky factor of a matrix and the systems solved by it |
//! | [`lbfgs`] | minimises a smooth function of many variables |
//! | [`lars`] | least angle regression and the lasso, from moments |
//! | [`interval`] | Wilson's interval of a share; paired differences |
//! | [`student`] | how far standard errors of few samples reach |
//! | [`bootstrap`] | intervals of a mean by drawing anew |
//! | [`rank`] | nDCG, recall and reciprocal rank of a ranked list |
//! | [`random`] | SplitMix64: streams of random numbers, orders and subsets |
//!
//! Every sum is added in one fixed order, so the same numbers give the same bits.

pub mod bootstrap;
pub mod interval;
pub mod lars;
pub mod lbfgs;
pub mod linalg;
pub mod random;
pub mod rank;
pub mod student;
