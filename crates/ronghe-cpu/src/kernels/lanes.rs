//! Numbers side by side in a register, for loops that the compiler would not turn into vector instructions well.
//!
//! A kernel is written once over [`Lanes`] and compiled for each [`Set`] by `multiversion`. [`Plain`] is the twin in
//! plain Rust that the others are checked against.

use crate::kernels::{ALWAYS_FMA, madd};

/// Numbers side by side.
///
/// # Safety of all functions
/// The processor has the instructions of the type, as in a function that `multiversion` compiles for them; pointers are
/// valid for [`Lanes::LEN`] elements.
#[allow(unsafe_code, clippy::missing_safety_doc)]
pub(crate) trait Lanes: Copy {
    const LEN: usize;
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, b: Self) -> Self;
    /// `self b + c`, in one step where the processor has it.
    unsafe fn madd(self, b: Self, c: Self) -> Self;
    /// The larger; `self` where it is not a number.
    unsafe fn at_least(self, least: Self) -> Self;
    /// The smaller; `self` where it is not a number.
    unsafe fn at_most(self, most: Self) -> Self;
    /// All of them added up, halves onto each other.
    unsafe fn sum(self) -> f32;
}

/// The registers of an instruction set.
pub(crate) trait Set {
    type Wide: Lanes;
    type Narrow: Lanes;
    type One: Lanes;
}

/// Goes over `$width` columns as wide as the [`Set`] allows: `$body` sees the first column as `$at` and the type as `$v`.
macro_rules! lanes {
    ($set:ident, $width:expr, $at:ident, $v:ident, $body:block) => {{
        let mut $at = 0;
        $crate::kernels::lanes::lanes!(@ $set, $width, $at, $v, $body, Wide, Narrow, One);
    }};
    (@ $set:ident, $width:expr, $at:ident, $v:ident, $body:block, $($size:ident),*) => {
        $({
            type $v<S> = <S as $crate::kernels::lanes::Set>::$size;
            let step = <$v<$set> as $crate::kernels::lanes::Lanes>::LEN;
            while $at + step <= $width {
                $body
                $at += step;
            }
        })*
    };
}
pub(crate) use lanes;

/// Plain Rust.
#[derive(Debug)]
pub(crate) struct Baseline;

impl Set for Baseline {
    type Wide = Plain<8>;
    type Narrow = Plain<4>;
    type One = Plain<1>;
}

/// N numbers in an array.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain<const N: usize>([f32; N]);

impl<const N: usize> Plain<N> {
    #[inline(always)]
    fn with(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Plain(std::array::from_fn(|i| f(self.0[i], b.0[i])))
    }
}

#[allow(unsafe_code)]
impl<const N: usize> Lanes for Plain<N> {
    const LEN: usize = N;
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Plain([x; N])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        Plain(unsafe { *from.cast() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { *to.cast() = self.0 }
    }
    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        self.with(b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn madd(self, b: Self, c: Self) -> Self {
        Plain(std::array::from_fn(|i| madd::<ALWAYS_FMA>(self.0[i], b.0[i], c.0[i])))
    }
    #[inline(always)]
    unsafe fn at_least(self, least: Self) -> Self {
        self.with(least, |a, least| if a < least { least } else { a })
    }
    #[inline(always)]
    unsafe fn at_most(self, most: Self) -> Self {
        self.with(most, |a, most| if a > most { most } else { a })
    }
    #[inline(always)]
    unsafe fn sum(mut self) -> f32 {
        let mut half = N / 2;
        while half > 0 {
            for i in 0..half {
                self.0[i] += self.0[i + half];
            }
            half /= 2;
        }
        self.0[0]
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Lanes, Set};
    use std::arch::x86_64::*;

    #[derive(Debug)]
    pub(crate) struct Avx512;

    impl Set for Avx512 {
        type Wide = __m512;
        type Narrow = __m256;
        type One = f32;
    }

    #[derive(Debug)]
    pub(crate) struct Avx2;

    impl Set for Avx2 {
        type Wide = __m256;
        type Narrow = __m128;
        type One = f32;
    }

    /// # Safety
    /// The processor has AVX-512.
    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn sum512(x: __m512) -> f32 {
        // SAFETY: the caller's promise; the upper half is taken as doubles, which AVX512F alone can.
        unsafe {
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(x)));
            sum256(_mm256_add_ps(_mm512_castps512_ps256(x), high))
        }
    }

    /// # Safety
    /// The processor has AVX2.
    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn sum256(x: __m256) -> f32 {
        // SAFETY: the caller's promise.
        unsafe { sum128(_mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x))) }
    }

    /// # Safety
    /// The processor has AVX2.
    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn sum128(x: __m128) -> f32 {
        // SAFETY: the caller's promise.
        unsafe {
            let two = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    /// Implements [`Lanes`] by the instructions of a register.
    macro_rules! register {
        ($kind:ty, $len:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $madd:ident, $max:ident, $min:ident, $sum:ident) => {
            #[allow(unsafe_code)]
            impl Lanes for $kind {
                const LEN: usize = $len;
                #[inline(always)]
                unsafe fn splat(x: f32) -> Self {
                    // SAFETY: the caller's promise, as in all that follow.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: as above.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: as above.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn add(self, b: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $add(self, b) }
                }
                #[inline(always)]
                unsafe fn madd(self, b: Self, c: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $madd(self, b, c) }
                }
                // The instructions give their second operand where one is not a number.
                #[inline(always)]
                unsafe fn at_least(self, least: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $max(least, self) }
                }
                #[inline(always)]
                unsafe fn at_most(self, most: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $min(most, self) }
                }
                #[inline(always)]
                unsafe fn sum(self) -> f32 {
                    // SAFETY: as above.
                    unsafe { $sum(self) }
                }
            }
        };
    }
    register!(
        __m512,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_fmadd_ps,
        _mm512_max_ps,
        _mm512_min_ps,
        sum512
    );
    register!(
        __m256,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_fmadd_ps,
        _mm256_max_ps,
        _mm256_min_ps,
        sum256
    );
    register!(
        __m128,
        4,
        _mm_set1_ps,
        _mm_loadu_ps,
        _mm_storeu_ps,
        _mm_add_ps,
        _mm_fmadd_ps,
        _mm_max_ps,
        _mm_min_ps,
        sum128
    );

    #[allow(unsafe_code)]
    impl Lanes for f32 {
        const LEN: usize = 1;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            x
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller's promise.
            unsafe { *from }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller's promise.
            unsafe { *to = self }
        }
        #[inline(always)]
        unsafe fn add(self, b: Self) -> Self {
            self + b
        }
        #[inline(always)]
        unsafe fn madd(self, b: Self, c: Self) -> Self {
            self.mul_add(b, c)
        }
        #[inline(always)]
        unsafe fn at_least(self, least: Self) -> Self {
            if self < least { least } else { self }
        }
        #[inline(always)]
        unsafe fn at_most(self, most: Self) -> Self {
            if self > most { most } else { self }
        }
        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::multiversion;
    use crate::testing::numbers;

    multiversion! {
        /// `y = min(max(a b + b, least), most) + a`
        #[allow(unsafe_code)]
        fn every_function[S: Set](a: &[f32], b: &[f32], y: &mut [f32]) {
            lanes!(S, y.len(), at, V, {
                // SAFETY: as many elements as the type has begin at column `at`.
                unsafe {
                    let (p, q) = (V::<S>::load(a.as_ptr().add(at)), V::<S>::load(b.as_ptr().add(at)));
                    let bounded = p.madd(q, q).at_least(V::<S>::splat(-0.5)).at_most(V::<S>::splat(0.25));
                    bounded.add(p).store(y.as_mut_ptr().add(at));
                }
            });
        }
    }

    #[test]
    fn registers_compute_as_plain_rust_does() {
        let (mut a, b) = (numbers(61, 1), numbers(61, 2));
        (a[3], a[40], a[60]) = (f32::NAN, f32::INFINITY, -0.0);
        let mut y = vec![0.0; 61];
        every_function(&a, &b, &mut y);
        for (i, y) in y.into_iter().enumerate() {
            let exact = (f64::from(a[i]) * f64::from(b[i]) + f64::from(b[i])) as f32;
            let expected = exact.clamp(-0.5, 0.25) + a[i];
            assert!(
                (y - expected).abs() <= 1e-6 || y.is_nan() && expected.is_nan() || y == expected,
                "{i}: {y} {expected}"
            );
        }
    }
}
