//! What the nearest rows say: k nearest neighbours, each row left out once.
//!
//! ```text
//! s_ij = x_i . x_j / (|x_i| |x_j|)
//! class of i: the most frequent among the k rows j != i of largest s_ij; of equally frequent ones that with the larger
//!             sum of s_ij; a quantity: their mean
//! ```
//! Nothing is fitted, so that the figure shows the vectors as they are. n² d / 2 multiplications for n rows of width d, in
//! squares of 64 rows that stay in the cache; sparse rows go through the rows of each column instead. A row without any
//! length is at 0 from all others; of equally near rows the earlier one counts.

use super::{Features, Goal, Score};
use rayon::prelude::*;
use ronghe_vector::{Top, dot, top_k};

/// Rows of a side of a square.
const SIDE: usize = 64;

/// Tells each row from its `k` nearest other rows, for each of `ks`.
pub fn leave_one_out(features: &Features, goal: &Goal, ks: &[usize]) -> Vec<Score> {
    let most = ks.iter().copied().max().unwrap_or(0);
    let near = match features {
        Features::Dense { width, values } => dense(values, *width, most),
        Features::Sparse { width, rows } => sparse(rows, *width, most),
    };
    let all: Vec<usize> = (0..near.len()).collect();
    let score = |&k: &usize| {
        let told: Vec<f64> = near.iter().flat_map(|near| tell(goal, &near[..k.min(near.len())])).collect();
        goal.score(&all, &told)
    };
    ks.iter().map(score).collect()
}

/// Other rows by falling likeness.
type Near = Vec<(u32, f32)>;

/// A figure for each class, largest for the one that is said; or the quantity.
fn tell(goal: &Goal, near: &[(u32, f32)]) -> Vec<f64> {
    match goal {
        Goal::Classes { labels, count } => {
            let mut votes = vec![0.0; *count];
            // Likenesses sum to at most k, so that whole votes decide first.
            let whole = 4.0 * (near.len() as f64 + 1.0);
            near.iter().for_each(|&(j, s)| votes[labels[j as usize]] += whole + f64::from(s));
            votes
        }
        Goal::Numbers(numbers) => {
            let sum: f64 = near.iter().map(|&(j, _)| numbers[j as usize]).sum();
            vec![sum / near.len().max(1) as f64]
        }
    }
}

fn dense(values: &[f32], width: usize, most: usize) -> Vec<Near> {
    let width = width.max(1);
    let unit: Vec<f32> = values
        .par_chunks_exact(width)
        .flat_map_iter(|row| {
            let square: f64 = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
            let inverse = if square > 0.0 { (1.0 / square.sqrt()) as f32 } else { 0.0 };
            row.iter().map(move |v| v * inverse)
        })
        .collect();
    let rows: Vec<&[f32]> = unit.chunks_exact(width).collect();
    let blocks: Vec<Vec<Near>> = (0..rows.len().div_ceil(SIDE))
        .into_par_iter()
        .map(|block| {
            let mine = block * SIDE..rows.len().min((block + 1) * SIDE);
            let mut near = vec![Top::new(most); mine.len()];
            for start in (0..rows.len()).step_by(SIDE) {
                for (near, i) in near.iter_mut().zip(mine.clone()) {
                    for j in (start..rows.len().min(start + SIDE)).filter(|&j| j != i) {
                        near.push(j as u32, dot(rows[i], rows[j]));
                    }
                }
            }
            near.into_iter().map(Top::into_sorted).collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

fn sparse(rows: &[Vec<(u32, f32)>], width: usize, most: usize) -> Vec<Near> {
    let mut columns: Vec<Vec<(u32, f32)>> = vec![Vec::new(); width];
    let inverse: Vec<f32> = rows
        .iter()
        .map(|row| {
            let square: f64 = row.iter().map(|e| f64::from(e.1) * f64::from(e.1)).sum();
            if square > 0.0 { (1.0 / square.sqrt()) as f32 } else { 0.0 }
        })
        .collect();
    for (j, row) in (0u32..).zip(rows) {
        row.iter().for_each(|&(c, v)| columns[c as usize].push((j, v * inverse[j as usize])));
    }
    let one = |i: usize| {
        let mut likeness = vec![0.0f32; rows.len()];
        for &(c, v) in &rows[i] {
            let v = v * inverse[i];
            columns[c as usize].iter().for_each(|&(j, w)| likeness[j as usize] += v * w);
        }
        top_k((0u32..).zip(likeness).filter(|e| e.0 as usize != i), most)
    };
    (0..rows.len()).into_par_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::SplitMix;

    #[test]
    fn neighbours_by_hand() {
        // Angles 0, 10, 20, 80, 90 degrees.
        let angles = [0.0f32, 10.0, 20.0, 80.0, 90.0];
        let values = angles.iter().flat_map(|a| [a.to_radians().cos(), 2.0 * a.to_radians().sin()]);
        let features = Features::Dense { width: 2, values: values.collect() };
        let goal = Goal::Classes { labels: vec![0, 0, 0, 1, 1], count: 2 };
        let scores = leave_one_out(&features, &goal, &[1, 3]);
        assert_eq!(scores[0].right, [true; 5]);
        // Of three neighbours of the last two, two are of the other class.
        assert_eq!(scores[1].right, [true, true, true, false, false]);
        let numbers = Goal::Numbers(vec![1.0, 1.0, 1.0, 5.0, 5.0]);
        assert_eq!(leave_one_out(&features, &numbers, &[1])[0].value, 1.0);
    }

    #[test]
    fn equal_votes_go_to_the_nearer() {
        let features = Features::Dense { width: 2, values: vec![1.0, 0.0, 1.0, 0.1, 1.0, 0.5] };
        let goal = Goal::Classes { labels: vec![1, 1, 0], count: 2 };
        assert_eq!(leave_one_out(&features, &goal, &[2])[0].right, [true, true, false]);
    }

    #[test]
    fn sparse_and_dense_agree_and_squares_do_not_show() {
        let mut stream = SplitMix::named(3, "near");
        let (rows, width) = (150, 37);
        let draw = |stream: &mut SplitMix| if stream.unit() < 0.6 { 0.0 } else { stream.normal() };
        let values: Vec<f32> = (0..rows * width).map(|_| draw(&mut stream)).collect();
        let entries = |r: &[f32]| (0u32..).zip(r).filter(|e| *e.1 != 0.0).map(|(c, &v)| (c, v)).collect();
        let sparse_rows: Vec<Vec<(u32, f32)>> = values.chunks(width).map(entries).collect();
        let (a, b) = (dense(&values, width, 5), sparse(&sparse_rows, width, 5));
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a.len(), 5);
            assert!(a.iter().zip(b).all(|(x, y)| (x.1 - y.1).abs() < 1e-5), "{a:?} {b:?}");
            assert!(a.windows(2).all(|w| w[0].1 >= w[1].1));
        }
    }
}
