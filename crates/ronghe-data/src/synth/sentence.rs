//! The sentence of a row, English or Chinese. High bit: a word for small or for large. Low bit: a place in the green or in the
//! town. Everything else means nothing.

use super::rng::Rng;

/// The words of one language.
struct Phrases {
    openings: [&'static str; 6],
    acts: [&'static str; 5],
    /// By the high bit.
    sizes: [[&'static str; 4]; 2],
    things: [&'static str; 4],
    /// By the low bit.
    places: [[&'static str; 4]; 2],
    closings: [&'static str; 6],
}

const ENGLISH: Phrases = Phrases {
    openings: [
        "Yesterday",
        "This morning",
        "On the way home",
        "To be honest,",
        "As usual,",
        "Wang Fang says that",
    ],
    acts: ["we noticed", "we passed", "I remember", "they described", "everybody talked about"],
    sizes: [["a small", "a tiny", "a little", "a slight"], ["a large", "a heavy", "a huge", "a massive"]],
    things: ["thing", "shape", "figure", "one"],
    places: [
        ["among the leaves", "near the river", "in the garden", "above the field"],
        ["beside the road", "at the station", "on the bridge", "near the factory"],
    ],
    closings: [
        "and nobody minded.",
        "just before lunch.",
        "as far as I know.",
        "while Tom was waiting.",
        "for two minutes.",
        "once again.",
    ],
};

const CHINESE: Phrases = Phrases {
    openings: ["昨天", "今天早上", "回家路上", "老实说，", "和往常一样，", "听王芳说，"],
    acts: ["我们看到了", "大家注意到", "我还记得", "他们提起", "有人谈论"],
    sizes: [["小小的", "轻巧的", "细小的", "微小的"], ["巨大的", "沉重的", "庞大的", "很大的"]],
    things: ["东西", "身影", "物体", "家伙"],
    places: [["在树林里", "在河边", "在花园里", "在田野上"], ["在马路旁", "在车站", "在桥上", "在工厂附近"]],
    closings: [
        "，没有人在意。",
        "，那时快到中午了。",
        "，据我所知。",
        "，小明正在等人。",
        "，持续了两分钟。",
        "，又是一次。",
    ],
};

/// A sentence that tells the bits.
pub(super) fn write(rng: &mut Rng, bits: [bool; 2]) -> String {
    let chinese = rng.chance(0.5);
    let p = if chinese { &CHINESE } else { &ENGLISH };
    let (size, place) = (rng.pick(&p.sizes[usize::from(bits[0])]), rng.pick(&p.places[usize::from(bits[1])]));
    let (opening, act) = (rng.pick(&p.openings), rng.pick(&p.acts));
    let (thing, closing) = (rng.pick(&p.things), rng.pick(&p.closings));
    let mut said = if chinese {
        format!("{opening}{act}{size}{thing}{place}{closing}")
    } else {
        format!("{opening} {act} {size} {thing} {place} {closing}")
    };
    // Sometimes a word of the other language that means nothing, as people write.
    if rng.chance(0.15) {
        said.push_str(rng.pick(if chinese {
            &["OK.", "哈哈，nice!"]
        } else {
            &[" 好的。", " 是吗？"]
        }));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_can_be_read() {
        for i in 0..200u64 {
            let bits = [i & 2 != 0, i & 1 != 0];
            let said = write(&mut Rng::new(3, i), bits);
            let tells = |choice: fn(&Phrases) -> &[[&'static str; 4]; 2], bit: bool| {
                [&ENGLISH, &CHINESE]
                    .iter()
                    .any(|p| choice(p)[usize::from(bit)].iter().any(|w| said.contains(w)))
            };
            assert!(tells(|p| &p.sizes, bits[0]) && !tells(|p| &p.sizes, !bits[0]), "{said}");
            assert!(tells(|p| &p.places, bits[1]) && !tells(|p| &p.places, !bits[1]), "{said}");
        }
    }
}
