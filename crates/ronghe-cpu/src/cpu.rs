//! What the processor can do.

use crate::kernels::gemm::narrow;
use crate::kernels::level;
use ronghe_graph::Precision;
use std::fmt;

/// The processor, for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    /// Architecture, such as `x86_64`.
    pub architecture: &'static str,
    /// Instruction sets that the kernels make use of.
    pub features: Vec<&'static str>,
    /// Logical cores that this process may use.
    pub cores: usize,
}

/// Looks at the processor this runs on.
pub fn detected_cpu() -> Cpu {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Cpu { architecture: std::env::consts::ARCH, features: features(), cores }
}

/// The precision of 16 bits in which this processor computes products faster than in f32, if there is one: bf16 where its
/// instruction beats two fused multiply-adds (measured once), else int16 where it has AVX512_VNNI.
pub fn fast_precision() -> Option<Precision> {
    if narrow::pairs_pay() { Some(Precision::Bf16) } else { level::vnni().then_some(Precision::Int16) }
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let known = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
    ];
    known.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} cores", self.architecture, self.cores)?;
        if !self.features.is_empty() {
            write!(f, ", {}", self.features.join(" "))?;
        }
        Ok(())
    }
}
