//! L-BFGS: minimises a smooth function of many variables from its values and gradients.
//!
//! ```text
//! s_k = x_{k+1} - x_k,  y_k = g_{k+1} - g_k,  rho_k = 1 / y_k.s_k         the last 10 pairs
//! direction   d = -H g by the two loops; H_0 = (s.y / y.y) I of the last pair
//! step        t with f(x + t d) <= f + c1 t g.d and |g(x + t d).d| <= -c2 g.d,  c1 = 1e-4, c2 = 0.9
//! ```
//! `x`, `g`, `d` are vectors of n variables. A step is found by widening a bracket and then narrowing it with cubic
//! interpolation. O(n) memory and time an iteration (40 n multiplications) beside the function itself, mostly called once.
//! Source: Nocedal and Wright 2006, algorithms 3.5, 3.6, 7.4, 7.5.

use crate::linalg::dot;
use std::collections::VecDeque;

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Largest entry of the gradient, by size, that counts as none.
    pub gradient: f64,
    /// Most iterations.
    pub iterations: usize,
}

/// Where the search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The variables.
    pub at: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Iterations taken.
    pub iterations: usize,
    /// Whether the gradient is as small as was asked. If not, the iterations were spent, or no step went down any more:
    /// rounding sets an end.
    pub converged: bool,
}

const MEMORY: usize = 10;
const DOWN: f64 = 1e-4;
const FLAT: f64 = 0.9;
const LINE_STEPS: usize = 25;

/// Minimises `f`, which writes its gradient into its second argument and returns its value.
///
/// ```
/// use ronghe_stats::lbfgs::{Stop, minimise};
/// let bowl = |x: &[f64], g: &mut [f64]| {
///     g[0] = 2.0 * (x[0] - 3.0);
///     (x[0] - 3.0).powi(2)
/// };
/// let found = minimise(bowl, vec![0.0], Stop { gradient: 1e-9, iterations: 20 });
/// assert!(found.converged && (found.at[0] - 3.0).abs() < 1e-9);
/// ```
pub fn minimise(mut f: impl FnMut(&[f64], &mut [f64]) -> f64, start: Vec<f64>, stop: Stop) -> Minimum {
    let n = start.len();
    let mut x = start;
    let mut g = vec![0.0; n];
    let mut value = f(&x, &mut g);
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let mut iterations = 0;
    while iterations < stop.iterations && largest(&g) > stop.gradient {
        let mut d = direction(&g, &pairs);
        if dot(&d, &g) >= 0.0 {
            // Rounding has spoilt the memory: steepest descent again.
            pairs.clear();
            d = g.iter().map(|v| -v).collect();
        }
        // Without a memory nothing says how long a step is.
        let first = if pairs.is_empty() { (1.0 / norm(&g)).min(1.0) } else { 1.0 };
        let Some(step) = line(&mut f, &x, &d, value, dot(&g, &d), first) else {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
            continue;
        };
        iterations += 1;
        let s: Vec<f64> = step.x.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = step.g.iter().zip(&g).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > f64::EPSILON * norm(&s) * norm(&y) {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back(Pair { scale: curvature / dot(&y, &y), rho: 1.0 / curvature, s, y });
        }
        (x, g, value) = (step.x, step.g, step.value);
    }
    let converged = largest(&g) <= stop.gradient;
    Minimum { at: x, value, iterations, converged }
}

struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
    scale: f64,
}

fn direction(g: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = g.iter().map(|v| -v).collect();
    let mut alphas = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let alpha = pair.rho * dot(&pair.s, &q);
        add(&mut q, -alpha, &pair.y);
        alphas.push(alpha);
    }
    if let Some(last) = pairs.back() {
        q.iter_mut().for_each(|v| *v *= last.scale);
    }
    for (pair, alpha) in pairs.iter().zip(alphas.into_iter().rev()) {
        let beta = pair.rho * dot(&pair.y, &q);
        add(&mut q, alpha - beta, &pair.s);
    }
    q
}

/// A point on the line.
struct Point {
    t: f64,
    value: f64,
    slope: f64,
    x: Vec<f64>,
    g: Vec<f64>,
}

/// A step that satisfies both conditions; failing that, the lowest one that goes down enough; `None` if none does.
fn line(
    f: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
    x: &[f64],
    d: &[f64],
    value: f64,
    slope: f64,
    first: f64,
) -> Option<Point> {
    let mut probe = |t: f64| {
        let at: Vec<f64> = x.iter().zip(d).map(|(x, d)| x + t * d).collect();
        let mut g = vec![0.0; at.len()];
        let value = f(&at, &mut g);
        let slope = dot(&g, d);
        Point { t, value, slope, x: at, g }
    };
    // Close to the minimum only the slopes still tell points apart: values agree to rounding.
    let slack = 4.0 * f64::EPSILON * value.abs();
    let enough = |p: &Point| p.value.is_finite() && p.value <= value + DOWN * p.t * slope + slack;
    // Ends of the bracket: `low` is the better one.
    let mut low = (0.0, value, slope);
    let mut high: Option<(f64, f64, f64)> = None;
    let mut best: Option<Point> = None;
    let mut t = first;
    for _ in 0..LINE_STEPS {
        let p = probe(t);
        let end = (p.t, p.value, p.slope);
        if !enough(&p) || p.value > low.1 + slack {
            high = Some(end);
        } else {
            if p.slope.abs() <= -FLAT * slope {
                return Some(p);
            }
            let onwards = high.map_or(1.0, |h| h.0 - low.0);
            if p.slope * onwards >= 0.0 {
                high = Some(low);
            }
            low = end;
            if best.as_ref().is_none_or(|b| p.value < b.value) {
                best = Some(p);
            }
        }
        t = match high {
            None => 2.0 * t,
            Some(high) => between(low, high),
        };
    }
    best
}

/// Where the cubic through two ends with their slopes is lowest, away from the ends; the middle where there is none.
fn between(a: (f64, f64, f64), b: (f64, f64, f64)) -> f64 {
    let middle = 0.5 * (a.0 + b.0);
    let d1 = a.2 + b.2 - 3.0 * (a.1 - b.1) / (a.0 - b.0);
    let root = d1 * d1 - a.2 * b.2;
    if !(root >= 0.0 && b.1.is_finite()) {
        return middle;
    }
    let d2 = (b.0 - a.0).signum() * root.sqrt();
    let t = b.0 - (b.0 - a.0) * (b.2 + d2 - d1) / (b.2 - a.2 + 2.0 * d2);
    let margin = 0.1 * (b.0 - a.0).abs();
    let (left, right) = (a.0.min(b.0) + margin, a.0.max(b.0) - margin);
    if t.is_finite() { t.clamp(left, right) } else { middle }
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |m, v| f64::max(m, v.abs()))
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(a, b)| *a += factor * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        for n in [2, 10, 40] {
            let f = |x: &[f64], g: &mut [f64]| {
                g.fill(0.0);
                let mut value = 0.0;
                for i in 0..n - 1 {
                    let (a, b) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
                    value += 100.0 * a * a + b * b;
                    g[i] += -400.0 * a * x[i] - 2.0 * b;
                    g[i + 1] += 200.0 * a;
                }
                value
            };
            let start = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
            let found = minimise(f, start, Stop { gradient: 1e-10, iterations: 500 });
            assert!(found.converged, "{n}: {} after {}", found.value, found.iterations);
            // Even the other valley of the long ones ends with a flat gradient; the short one has no other.
            if n == 2 {
                assert!(found.at.iter().all(|v| (v - 1.0).abs() < 1e-9), "{:?}", found.at);
                assert!(found.iterations < 60, "{}", found.iterations);
            }
        }
    }

    #[test]
    fn a_quadratic_of_ill_shape_is_solved() {
        // Eigenvalues from 1e-2 to 1e2.
        let scale = |i: usize| 10f64.powf(-2.0 + 4.0 * i as f64 / 29.0);
        let f = |x: &[f64], g: &mut [f64]| {
            (0..30)
                .map(|i| {
                    g[i] = scale(i) * (x[i] - i as f64);
                    0.5 * scale(i) * (x[i] - i as f64).powi(2)
                })
                .sum()
        };
        let found = minimise(f, vec![0.0; 30], Stop { gradient: 1e-9, iterations: 2000 });
        assert!(found.converged);
        assert!(found.at.iter().enumerate().all(|(i, v)| (v - i as f64).abs() < 1e-5), "{:?}", found.at);
    }

    #[test]
    fn nothing_to_do_and_nowhere_to_go_end_at_once() {
        let flat = minimise(
            |_, g| {
                g.fill(0.0);
                1.0
            },
            vec![5.0],
            Stop { gradient: 0.0, iterations: 9 },
        );
        assert_eq!((flat.at[0], flat.iterations, flat.converged), (5.0, 0, true));
        // A function that lies about its slope goes nowhere.
        let wrong = minimise(
            |x, g| {
                g[0] = -1.0;
                x[0]
            },
            vec![0.0],
            Stop { gradient: 1e-6, iterations: 9 },
        );
        assert_eq!((wrong.at[0], wrong.converged), (0.0, false));
    }

    #[test]
    fn a_wall_is_backed_away_from() {
        // Infinite left of zero: -ln x + x is lowest at 1.
        let f = |x: &[f64], g: &mut [f64]| {
            g[0] = 1.0 - 1.0 / x[0];
            if x[0] <= 0.0 { f64::INFINITY } else { x[0] - x[0].ln() }
        };
        let found = minimise(f, vec![30.0], Stop { gradient: 1e-10, iterations: 100 });
        assert!(found.converged && (found.at[0] - 1.0).abs() < 1e-9, "{found:?}");
    }
}
