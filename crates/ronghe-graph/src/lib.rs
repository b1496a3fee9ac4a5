//! A neural network as plain data.
//!
//! A [`Graph`] is a list of typed operations over values whose shapes may contain symbolic dimensions (the batch, the
//! number of tokens). Everything else is a small function over it: [`shape inference`](Op::infer), the
//! [`gradient`](grad) graph, [`passes`], [`layers`] that write operations, and [`weights`] that come from files.
//! This crate executes nothing: an [`Executor`] does, and `ronghe-cpu` has one.
//!
//! Conventions, everywhere: tensors are row-major; pictures are `[batch, height, width, channel]`; a dense weight is
//! `[out, in]`; a convolution weight is `[out, kernel_h, kernel_w, in]`; a depthwise weight is
//! `[kernel_h, kernel_w, channel]`.

mod act;
mod blocks;
mod builder;
mod error;
mod executor;
mod grad;
mod graph;
mod infer;
pub mod layers;
mod op;
pub mod passes;
mod random;
mod shape;
mod tensor;
pub mod weights;

pub use act::Act;
pub use blocks::Blocks;
pub use builder::{Builder, Init, Mode};
pub use error::{Error, Result};
pub use executor::{Executor, Feed, Outputs, Plan, Precision};
pub use grad::{grad, pullback};
pub use graph::{Graph, Node, NodeId, Source, Update, Value, ValueId};
pub use op::{Op, Window};
pub use random::SplitMix;
pub use shape::{Dim, Shape, Symbol};
pub use tensor::{DType, Data, Tensor};
pub use weights::{Param, Weights};
