//! Executes a [`ronghe_graph`] network on CPU, forward and backward.
//!
//! [`CpuExecutor`] compiles a graph to a [`Plan`](ronghe_graph::Plan): only the nodes that the asked outputs need, a
//! memory layout for each binding of the symbolic dimensions, buffers shared by values that never live at once.
//! Results do not depend on the number of threads: work is cut into blocks whose number follows from the sizes alone,
//! and partial sums are added in block order.

mod buffer;
mod call;
mod cpu;
mod dispatch;
mod inverse;
mod kernels;
mod layout;
mod optimise;
mod packed;
mod plan;
mod rows;
mod scan;
mod step;
mod subset;
#[cfg(test)]
mod testing;
mod threads;

pub use cpu::{Cpu, detected_cpu, fast_precision};
pub use kernels::gemm::{cross, gram, inner, multiply};
pub use kernels::normal::{Normal, System, combine, dots};
pub use optimise::{Optimizer, OptimizerConfig};
pub use plan::CpuExecutor;
pub use rows::SparseRows;
pub use scan::{at_least, scan_int8};
pub use subset::SubsetSums;
