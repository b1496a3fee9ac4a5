//! Regions of a picture that are like in colour and close together (SLIC).
//!
//! Pixels are gathered by k-means in five dimensions, `D^2 = |lab_p - lab_k|^2 + (m / S)^2 |xy_p - xy_k|^2`, Lab the CIE colours, `S`
//! the distance of the first centres on a grid of about N, `m = 10`; a centre looks at pixels within S to each side
//! twice over, ten rounds. Pieces that hang on to no region of at least a quarter of its fair share join their
//! neighbour. No random start, so one picture has one answer. `O(rounds * pixels)`.
//! Source: Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk 2012.

use super::MaskerEntry;
use super::canvas::{self, FILLS, Places};
use crate::explain::Part;
use ronghe_data::Modality;
use ronghe_data::decode::Picture;

pub(super) static SUPERPIXELS: MaskerEntry = MaskerEntry {
    name: "superpixels",
    modalities: &[Modality::Image],
    summary: "regions of like colour (SLIC)",
    size: &[("regions", 50)],
    fills: &FILLS,
    build: Some(|input| {
        canvas::divide(input, |picture, (height, width), size| {
            let (labels, count) = regions(picture, size[0]);
            let large = |y: usize, x: usize| {
                labels[y * picture.height / height * picture.width + x * picture.width / width]
            };
            let parts = runs(height, width, count, large)
                .into_iter()
                .enumerate()
                .map(|(i, runs)| (format!("region {}", i + 1), Part::Region { runs }))
                .collect();
            let small = |y: usize, x: usize| labels[y * picture.width + x];
            Ok(Places { parts, runs: runs(picture.height, picture.width, count, small) })
        })
    }),
};

const ROUNDS: usize = 10;
const COMPACTNESS: f32 = 10.0;
const NONE: usize = usize::MAX;

/// The runs of pixels of each label, in reading order.
fn runs(
    height: usize,
    width: usize,
    count: usize,
    label: impl Fn(usize, usize) -> usize,
) -> Vec<Vec<(usize, usize)>> {
    let mut found = vec![Vec::new(); count];
    for y in 0..height {
        let mut start = 0;
        for x in 1..=width {
            if x == width || label(y, x) != label(y, start) {
                found[label(y, start)].push((y * width + start, x - start));
                start = x;
            }
        }
    }
    found
}

/// The region of each pixel, and how many regions there are.
fn regions(picture: &Picture, wanted: usize) -> (Vec<usize>, usize) {
    let (height, width) = (picture.height, picture.width);
    let colours: Vec<[f32; 3]> = picture.pixels.chunks_exact(picture.channels).map(lab).collect();
    let step = ((height * width) as f32 / wanted as f32).sqrt().max(1.0);
    let cuts = |side: usize| ((side as f32 / step).round() as usize).clamp(1, side);
    let (rows, columns) = (cuts(height), cuts(width));
    // A centre: three colours, then row and column.
    let mut centres: Vec<[f32; 5]> = (0..rows * columns)
        .map(|i| {
            let (y, x) = (
                (2 * (i / columns) + 1) * height / (2 * rows),
                (2 * (i % columns) + 1) * width / (2 * columns),
            );
            let [l, a, b] = colours[y * width + x];
            [l, a, b, y as f32, x as f32]
        })
        .collect();
    let nearness = (COMPACTNESS / step).powi(2);
    let mut labels = vec![0; height * width];
    for _ in 0..ROUNDS {
        let mut best = vec![f32::INFINITY; height * width];
        for (k, &[l, a, b, cy, cx]) in centres.iter().enumerate() {
            let window = |centre: f32, side: usize| {
                ((centre - 2.0 * step).max(0.0) as usize)..((centre + 2.0 * step) as usize + 1).min(side)
            };
            for y in window(cy, height) {
                for x in window(cx, width) {
                    let [pl, pa, pb] = colours[y * width + x];
                    let colour = (pl - l).powi(2) + (pa - a).powi(2) + (pb - b).powi(2);
                    let place = (y as f32 - cy).powi(2) + (x as f32 - cx).powi(2);
                    let distance = colour + nearness * place;
                    if distance < best[y * width + x] {
                        best[y * width + x] = distance;
                        labels[y * width + x] = k;
                    }
                }
            }
        }
        let mut sums = vec![[0.0_f64; 6]; centres.len()];
        for (i, &k) in labels.iter().enumerate() {
            let [l, a, b] = colours[i].map(f64::from);
            let more = [l, a, b, (i / width) as f64, (i % width) as f64, 1.0];
            sums[k].iter_mut().zip(more).for_each(|(s, v)| *s += v);
        }
        for (centre, sum) in centres.iter_mut().zip(sums).filter(|(_, s)| s[5] > 0.0) {
            *centre = std::array::from_fn(|d| (sum[d] / sum[5]) as f32);
        }
    }
    connected(&labels, height, width, (height * width / centres.len() / 4).max(1))
}

/// Pieces that hang together, small ones joined to the piece before them in reading order.
fn connected(labels: &[usize], height: usize, width: usize, least: usize) -> (Vec<usize>, usize) {
    let mut found = vec![NONE; labels.len()];
    let mut count = 0;
    for start in 0..labels.len() {
        if found[start] != NONE {
            continue;
        }
        let neighbour = match (start % width, start / width) {
            (x, _) if x > 0 => Some(found[start - 1]),
            (_, y) if y > 0 => Some(found[start - width]),
            _ => None,
        };
        let mut piece = vec![start];
        found[start] = count;
        let mut next = 0;
        while let Some(&at) = piece.get(next) {
            next += 1;
            let (y, x) = (at / width, at % width);
            let sides = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then(|| at + 1),
                (y > 0).then(|| at - width),
                (y + 1 < height).then(|| at + width),
            ];
            for side in sides.into_iter().flatten() {
                if found[side] == NONE && labels[side] == labels[start] {
                    found[side] = count;
                    piece.push(side);
                }
            }
        }
        match neighbour {
            Some(other) if piece.len() < least => piece.iter().for_each(|&at| found[at] = other),
            _ => count += 1,
        }
    }
    (found, count)
}

/// CIE Lab (D65) of a pixel of sRGB or grey.
fn lab(pixel: &[u8]) -> [f32; 3] {
    let channel = |i: usize| {
        let v = f32::from(pixel[i.min(pixel.len() - 1)]) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = [channel(0), channel(1), channel(2)];
    let curve = |t: f32| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = curve((0.412_4 * r + 0.357_6 * g + 0.180_5 * b) / 0.950_5);
    let y = curve(0.212_6 * r + 0.715_2 * g + 0.072_2 * b);
    let z = curve((0.019_3 * r + 0.119_2 * g + 0.950_5 * b) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_their_known_places() {
        let near = |pixel: &[u8], want: [f32; 3]| {
            assert!(lab(pixel).iter().zip(want).all(|(a, b)| (a - b).abs() < 0.6), "{:?}", lab(pixel));
        };
        near(&[255, 255, 255], [100.0, 0.0, 0.0]);
        near(&[255, 0, 0], [53.2, 80.1, 67.2]);
        near(&[119], [50.0, 0.0, 0.0]);
    }

    #[test]
    fn regions_follow_edges_and_hang_together() {
        // Red left of a slanted line, blue right of it.
        let (height, width) = (60, 80);
        let red = |i: usize| i % width < 30 + i / width / 3;
        let pixels =
            (0..height * width).flat_map(|i| if red(i) { [220, 30, 30] } else { [20, 40, 200] }).collect();
        let picture = Picture { height, width, channels: 3, pixels };
        let (labels, count) = regions(&picture, 50);
        assert!((30..=70).contains(&count), "{count}");
        assert_eq!(labels, regions(&picture, 50).0);
        let mut reds = vec![(0, 0); count];
        labels.iter().enumerate().for_each(|(i, &k)| if red(i) { reds[k].0 += 1 } else { reds[k].1 += 1 });
        let mixed: i32 = reds.iter().map(|&(a, b)| a.min(b)).sum();
        assert!(mixed < 40, "{mixed} pixels on the wrong side");
        let (_, pieces) = connected(&labels, height, width, 1);
        assert_eq!(pieces, count);
    }

    #[test]
    fn runs_are_the_regions() {
        let labels = [0, 0, 1, 1, 0, 1];
        let found = runs(2, 3, 2, |y, x| labels[y * 3 + x]);
        assert_eq!(found, [vec![(0, 2), (4, 1)], vec![(2, 1), (3, 1), (5, 1)]]);
        let tiny = Picture { height: 1, width: 1, channels: 1, pixels: vec![3] };
        assert_eq!(regions(&tiny, 50), (vec![0], 1));
    }
}
