//! What is planted: the label and what each modality is told of it.

use super::rng::Rng;

/// Probability that the picture, the tone and the sentence show a bit of the label flipped: `[high bit, low bit]`.
pub(super) const FLIPS: [[f64; 2]; 3] = [[0.04, 0.20], [0.20, 0.04], [0.10, 0.14]];
/// Distance of the mean of `size` from its centre, in standard deviations, towards the high bit.
pub(super) const SIZE_SHIFT: f64 = 1.1;
/// Probability that `shop` is of the other pair than the low bit says.
pub(super) const SHOP_FLIP: f64 = 0.12;
/// Probability that `member` is not the exclusive or of the bits.
pub(super) const MEMBER_FLIP: f64 = 0.4;

/// One row before it is drawn and sounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latent {
    /// `2 high + low`.
    pub(super) label: usize,
    /// The bits that picture, tone and sentence show; `None` where the cell is missing.
    pub(super) views: [Option<[bool; 2]>; 3],
    /// Standardised size.
    pub(super) size: Option<f64>,
    /// Of which pair of shops.
    pub(super) shop: Option<bool>,
    pub(super) member: Option<bool>,
    pub(super) day_missing: bool,
}

impl Latent {
    pub(super) fn draw(rng: &mut Rng, missing: f64) -> Latent {
        let label = rng.below(4);
        let bits = [label & 2 != 0, label & 1 != 0];
        let views = FLIPS.map(|flips| {
            let view = [bits[0] ^ rng.chance(flips[0]), bits[1] ^ rng.chance(flips[1])];
            (!rng.chance(missing)).then_some(view)
        });
        let size = rng.normal() + if bits[0] { SIZE_SHIFT } else { -SIZE_SHIFT };
        let shop = bits[1] ^ rng.chance(SHOP_FLIP);
        let member = (bits[0] ^ bits[1]) ^ rng.chance(MEMBER_FLIP);
        Latent {
            label,
            views,
            size: (!rng.chance(missing)).then_some(size),
            shop: (!rng.chance(missing)).then_some(shop),
            member: (!rng.chance(missing)).then_some(member),
            day_missing: rng.chance(missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Log-likelihood of each label given what `part` shows: 0 to 2 a view, 3 the table columns.
    fn evidence(row: &Latent, part: usize) -> [f64; 4] {
        let log = |agrees: bool, flip: f64| if agrees { (1.0 - flip).ln() } else { flip.ln() };
        std::array::from_fn(|label| {
            let (high, low) = (label & 2 != 0, label & 1 != 0);
            if part < 3 {
                return row.views[part]
                    .map_or(0.0, |v| log(v[0] == high, FLIPS[part][0]) + log(v[1] == low, FLIPS[part][1]));
            }
            let size = row.size.map_or(0.0, |s| if high { s } else { -s } * SIZE_SHIFT);
            let shop = row.shop.map_or(0.0, |s| log(s == low, SHOP_FLIP));
            let member = row.member.map_or(0.0, |m| log(m == (high ^ low), MEMBER_FLIP));
            size + shop + member
        })
    }

    /// Accuracy of the best possible guess from these parts, ties shared.
    fn optimum(rows: &[Latent], parts: &[usize]) -> f64 {
        let mut right = 0.0;
        for row in rows {
            let mut total = [0.0; 4];
            for &part in parts {
                let e = evidence(row, part);
                (0..4).for_each(|l| total[l] += e[l]);
            }
            let best = total.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let ties: Vec<usize> = (0..4).filter(|&l| total[l] > best - 1e-9).collect();
            if ties.contains(&row.label) {
                right += 1.0 / ties.len() as f64;
            }
        }
        right / rows.len() as f64
    }

    /// The figures that the module's documentation states.
    #[test]
    fn the_planted_signal_is_as_documented() {
        let rows: Vec<Latent> = (0..200_000).map(|i| Latent::draw(&mut Rng::new(7, i), 0.08)).collect();
        let close = |parts: &[usize], stated: f64| {
            let found = optimum(&rows, parts);
            assert!((found - stated).abs() < 0.004, "{parts:?}: {found}, stated {stated}");
        };
        close(&[0], 0.727);
        close(&[1], 0.727);
        close(&[2], 0.732);
        close(&[3], 0.724);
        close(&[0, 1, 2, 3], 0.954);
        close(&[1, 2, 3], 0.911);
        close(&[0, 2, 3], 0.901);
        close(&[0, 1, 3], 0.928);
        close(&[0, 1, 2], 0.916);
    }
}
