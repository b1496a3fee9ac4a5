//! Which vector instructions the kernels use.

use std::sync::OnceLock;

/// Instruction sets that `multiversion` compiles for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Baseline,
    Avx2,
    Avx512,
}

/// The best level of this processor, or a lower one that the environment variable `RONGHE_CPU` (`avx2`, `baseline`)
/// asks for, so that tests reach every path.
#[inline]
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let found = detected();
        match std::env::var("RONGHE_CPU").as_deref() {
            Ok("baseline") => Level::Baseline,
            Ok("avx2") if found == Level::Avx512 => Level::Avx2,
            _ => found,
        }
    })
}

/// Whether products of bytes have their instruction.
pub(crate) fn vnni() -> bool {
    level() == Level::Avx512 && has().0
}

/// Whether products of bf16 have their instruction.
pub(crate) fn bf16() -> bool {
    level() == Level::Avx512 && has().1
}

/// Instructions for products of bytes and of bf16 beside AVX-512.
fn has() -> (bool, bool) {
    #[cfg(target_arch = "x86_64")]
    return (is_x86_feature_detected!("avx512vnni"), is_x86_feature_detected!("avx512bf16"));
    #[cfg(not(target_arch = "x86_64"))]
    (false, false)
}

fn detected() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
        {
            return Level::Avx512;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Level::Avx2;
        }
    }
    Level::Baseline
}
