//! The kernels, one family of operations a file. Each file's `run` computes every operation of its family.
//!
//! - dense: [`linear`] over [`gemm`]; pictures: [`conv`], [`depthwise`], [`pool`], all over [`slide`], and [`chain`]; [`norm`], [`layer_norm`]
//! - for inference with narrow numbers: [`gemm::narrow`], [`depthwise_int8`]
//! - for factor models: [`normal`], many small systems of normal equations
//! - [`elementwise`], [`dropout`], [`tokens`], [`attention`], [`embed`], [`shape`], [`softmax`], [`loss`]
//!
//! Inner loops are plain Rust under [`multiversion`], which compiles them for AVX-512, for AVX2 and for the baseline
//! and picks one when called. All three give the same bits, except in [`gemm`], [`depthwise`] and [`normal`]: these use
//! fused multiply-add, which the baseline lacks.

pub(crate) mod attention;
pub(crate) mod chain;
pub(crate) mod conv;
pub(crate) mod depthwise;
pub(crate) mod depthwise_int8;
pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod embed;
pub(crate) mod gemm;
pub(crate) mod lanes;
mod layer_norm;
pub(crate) mod level;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod math;
pub(crate) mod norm;
pub(crate) mod normal;
pub(crate) mod pool;
pub(crate) mod shape;
mod slide;
pub(crate) mod softmax;
pub(crate) mod tokens;

/// Wraps a function so that its body is compiled for each [`Level`](level::Level) and the best one runs. Arguments are plain
/// identifiers; what the body calls should be `#[inline(always)]`. Call it on whole rows or blocks: the choice is made
/// at each call.
///
/// `fn name[S: Set](..)`: the body is generic over the registers that [`lanes`] has for the level.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident[$set:ident: Set]($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(unsafe_code)]
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn body<$set: $crate::kernels::lanes::Set>($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                fn avx512($($arg: $ty),*) $(-> $ret)? {
                    body::<$crate::kernels::lanes::Avx512>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $ty),*) $(-> $ret)? {
                    body::<$crate::kernels::lanes::Avx2>($($arg),*)
                }
                match $crate::kernels::level::level() {
                    // SAFETY: the processor has the instructions, as just detected.
                    $crate::kernels::level::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::kernels::level::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernels::level::Level::Baseline => {}
                }
            }
            body::<$crate::kernels::lanes::Baseline>($($arg),*)
        }
    };
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(unsafe_code)]
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn body($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2")]
                fn avx512($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                match $crate::kernels::level::level() {
                    // SAFETY: the processor has the instructions, as just detected.
                    $crate::kernels::level::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::kernels::level::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernels::level::Level::Baseline => {}
                }
            }
            body($($arg),*)
        }
    };
}
pub(crate) use multiversion;

/// Goes over `c` columns in stretches of 16, 8 and 1: `$body` sees the first column as `$at` and the width as the
/// constant `$lanes`.
macro_rules! columns {
    ($c:expr, $at:ident, $lanes:ident, $body:block) => {{
        let mut $at = 0;
        $crate::kernels::columns!(@ $c, $at, $lanes, $body, 16);
        $crate::kernels::columns!(@ $c, $at, $lanes, $body, 8);
        $crate::kernels::columns!(@ $c, $at, $lanes, $body, 1);
    }};
    (@ $c:expr, $at:ident, $lanes:ident, $body:block, $width:literal) => {{
        const $lanes: usize = $width;
        while $at + $lanes <= $c {
            $body
            $at += $lanes;
        }
    }};
}
pub(crate) use columns;

/// Whether every processor of this target has fused multiply-add.
pub(crate) const ALWAYS_FMA: bool = cfg!(target_feature = "fma") || cfg!(target_arch = "aarch64");

/// `a b + c`, in one step where `FMA` says that there is such a step.
#[inline(always)]
pub(crate) fn madd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[cfg(test)]
mod tests {
    multiversion! {
        /// Sum of products, one after the other.
        fn dot(a: &[f32], b: &[f32]) -> f32 {
            a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + x * y)
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let a: Vec<f32> = (0..100).map(|i| (i as f32).sin()).collect();
        let plain = a.iter().fold(0.0f32, |sum, x| sum + x * x);
        assert_eq!(dot(&a, &a).to_bits(), plain.to_bits());
    }
}
