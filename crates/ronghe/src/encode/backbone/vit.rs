//! Vision transformer (Dosovitskiy et al. 2021; DINO: Caron et al. 2021): square patches become tokens by one
//! convolution, a class token stands before them, position embeddings are added, then pre-norm transformer blocks.
//!
//! `x[N, H, W, 3] -> tokens[N, 1 + H W / P^2, D]`, of which the class token is the picture's vector. About
//! `layers T (8 D^2 + 4 D hidden + 4 T D)` flops a picture; the small one has 21.7 million parameters and 9.2 billion flops
//! at 224 px with patches of 16. For other sizes the position embeddings, a grid, are interpolated by bicubic
//! convolution (Keys 1981, a = -3/4) when they are loaded, as Hugging Face does.
//!
//! Files: Hugging Face's folders, and DINO's own .pth files, whose names timm has too. Those have no configuration beside
//! them; pixels are then those of DINO (ImageNet's statistics), or -1..1 with `style: keras`, as timm's others expect.

use super::hugging_face::{self, wrong};
use super::layout::{Layout, Order, same_name};
use super::{Architecture, Backbone, PictureFeatures, Pixels, Published, Style};
use ronghe_graph::layers::{BlockNames, NormOrder, TransformerBlock, conv2d, layer_norm, transformer_block};
use ronghe_graph::{Act, Builder, Error, Init, Op, Result, Shape, Tensor, ValueId, Window};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) static BACKBONE: Backbone = Backbone {
    name: "vit",
    summary: "vision transformers with a class token, DINO among them",
    layouts: &[
        Layout {
            name: "Hugging Face",
            marks: &[
                "embeddings.cls_token",
                "embeddings.patch_embeddings.projection.weight",
                "layernorm.weight",
            ],
            own: &["embeddings.patch_embeddings.", "encoder.", "layernorm."],
            order: Order::Torch,
            style: Style::Torch,
            theirs: same_name,
            adapt: Some(interpolate),
            part: None,
            pixels: None,
        },
        // Query, key and value are one layer; the optional config.json beside is Hugging Face's.
        Layout {
            name: "DINO and timm",
            marks: &["cls_token", "pos_embed", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"],
            own: &["patch_embed.", "blocks.", "norm."],
            order: Order::Torch,
            style: Style::Torch,
            theirs: |name, _| fused(name).unwrap_or_else(|| name.to_owned()),
            adapt: Some(interpolate),
            part: Some(|name| {
                let third = FUSED.iter().position(|part| name.contains(part))?;
                Some((third, FUSED.len()))
            }),
            pixels: None,
        },
    ],
    describe: |file| Ok(Architecture::Vit(read_config(file)?)),
};

/// Layers of ours that DINO and timm keep as one.
const FUSED: [&str; 3] = [".attention.query.", ".attention.key.", ".attention.value."];

/// Layers of a block: ours, DINO's.
const PARTS: [[&str; 2]; 8] = [
    ["layernorm_before", "norm1"],
    ["attention.attention.query", "attn.qkv"],
    ["attention.attention.key", "attn.qkv"],
    ["attention.attention.value", "attn.qkv"],
    ["attention.output.dense", "attn.proj"],
    ["layernorm_after", "norm2"],
    ["intermediate.dense", "mlp.fc1"],
    ["output.dense", "mlp.fc2"],
];

/// DINO's name of a tensor of ours.
fn fused(name: &str) -> Option<String> {
    match name {
        "embeddings.cls_token" => return Some("cls_token".into()),
        "embeddings.position_embeddings" => return Some("pos_embed".into()),
        _ => {}
    }
    let (layer, variable) = name.rsplit_once('.')?;
    Some(match layer {
        "embeddings.patch_embeddings.projection" => format!("patch_embed.proj.{variable}"),
        "layernorm" => format!("norm.{variable}"),
        _ => {
            let (index, part) = layer.strip_prefix("encoder.layer.")?.split_once('.')?;
            let [_, theirs] = PARTS.iter().find(|names| names[0] == part)?;
            format!("blocks.{index}.{theirs}.{variable}")
        }
    })
}

/// Shape of a vision transformer; reads Hugging Face's config.json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VitConfig {
    /// Width of a token.
    #[serde(rename = "hidden_size")]
    pub width: usize,
    /// Number of blocks.
    #[serde(rename = "num_hidden_layers")]
    pub layers: usize,
    /// Heads of each.
    #[serde(rename = "num_attention_heads")]
    pub heads: usize,
    /// Width inside the feed-forward layers.
    #[serde(rename = "intermediate_size")]
    pub hidden: usize,
    /// Height and width of a patch.
    #[serde(rename = "patch_size")]
    pub patch: usize,
    /// Height and width of the pictures that it was trained on.
    #[serde(rename = "image_size")]
    pub size: usize,
    /// Added to the variance in the norms.
    #[serde(rename = "layer_norm_eps", default = "tiny")]
    pub eps: f32,
    /// Activation inside the feed-forward layers.
    #[serde(rename = "hidden_act", default = "gelu")]
    pub act: Act,
    /// Scale of its pixels.
    #[serde(default = "symmetric")]
    pub pixels: Pixels,
}

/// Width of a head where no configuration tells the number of heads.
const HEAD_WIDTH: usize = 64;
const MAX_LAYERS: usize = 256;

fn tiny() -> f32 {
    1e-12
}

fn gelu() -> Act {
    Act::Gelu
}

fn symmetric() -> Pixels {
    Pixels::SYMMETRIC
}

impl VitConfig {
    /// Reads a config.json, named `path` in errors.
    pub fn from_json(path: &str, text: &[u8]) -> Result<VitConfig> {
        let expected = [("model_type", json!("vit")), ("num_channels", json!(3)), ("qkv_bias", json!(true))];
        let config: VitConfig = hugging_face::config(path, text, &expected)?;
        config.check(path)?;
        Ok(config)
    }

    pub(super) fn check(&self, path: &str) -> Result<()> {
        let sizes = [
            ("hidden_size", self.width, 16_384),
            ("num_hidden_layers", self.layers, MAX_LAYERS),
            ("num_attention_heads", self.heads, 1024),
            ("intermediate_size", self.hidden, 65_536),
            ("patch_size", self.patch, 256),
            ("image_size", self.size, 4096),
        ];
        hugging_face::sizes(path, &sizes)?;
        if !self.width.is_multiple_of(self.heads) {
            let (width, heads) = (self.width, self.heads);
            return Err(wrong(
                path,
                format!("hidden_size {width} is not divisible by {heads} attention heads"),
            ));
        }
        if !(0.0..1.0).contains(&self.eps) {
            return Err(wrong(path, "layer_norm_eps must be in 0..1".into()));
        }
        self.pixels.check(path)
    }
}

/// What preprocessor_config.json says of pixels of 0 to 1.
#[derive(Deserialize)]
struct Preprocessor {
    image_mean: [f32; 3],
    image_std: [f32; 3],
}

fn read_config(file: &Published) -> Result<VitConfig> {
    let Some((path, text)) = file.beside("config.json")? else {
        if let Some(config) = from_shapes(file) {
            config.check(&file.place())?;
            return Ok(config);
        }
        return Err(file.wrong("expected config.json beside the weights: it has the number of heads".into()));
    };
    let mut config = VitConfig::from_json(&path, &text)?;
    if let Some((path, text)) = file.beside("preprocessor_config.json")? {
        let read: Preprocessor = hugging_face::config(&path, &text, &[("do_normalize", json!(true))])?;
        let bytes = |v: [f32; 3]| v.map(|v| v * 255.0);
        config.pixels = Pixels { mean: bytes(read.image_mean), std: bytes(read.image_std) };
        config.check(&path)?;
    }
    Ok(config)
}

/// What the shapes of DINO's and timm's tensors tell. All that both publish under these names have heads of
/// [`HEAD_WIDTH`], 1e-6 in their norms and the exact GELU.
fn from_shapes(file: &Published) -> Option<VitConfig> {
    let shape = |ours: &str| file.tensor(ours, 0).map(|t| t.shape().to_vec());
    let &[width, _, patch, _] = shape("embeddings.patch_embeddings.projection.weight")?.as_slice() else {
        return None;
    };
    let &[1, places, _] = shape("embeddings.position_embeddings")?.as_slice() else { return None };
    let hidden = *shape("encoder.layer.0.intermediate.dense.weight")?.first()?;
    let fused = |i: usize| file.tensor(&format!("encoder.layer.{i}.attention.attention.query.weight"), 2);
    if !file.any(|name| name == "blocks.0.attn.qkv.weight") || !width.is_multiple_of(HEAD_WIDTH) {
        return None;
    }
    let pixels = match file.style() {
        Style::Torch => Pixels::IMAGENET,
        Style::Keras => Pixels::SYMMETRIC,
    };
    Some(VitConfig {
        width,
        layers: (0..MAX_LAYERS).take_while(|&i| fused(i).is_some()).count(),
        heads: width / HEAD_WIDTH,
        hidden,
        patch,
        size: square_root(places)?.checked_mul(patch)?,
        eps: 1e-6,
        act: Act::Gelu,
        pixels,
    })
}

/// The trunk over `x[N, H, W, 3]`, whose sides the patch divides: the map of the patches' tokens
/// `[N, H / P, W / P, D]`, and the class token, both after the last norm.
pub fn vit(b: &mut Builder<'_>, x: ValueId, config: &VitConfig) -> Result<PictureFeatures> {
    let (patch, width) = (config.patch, config.width);
    let grid = |axis: usize| {
        let side = b.shape(x).0.get(axis).and_then(|d| d.fixed());
        side.filter(|s| *s > 0 && s.is_multiple_of(patch)).map(|s| s / patch)
    };
    let (Some(rows), Some(columns)) = (grid(1), grid(2)) else {
        return Err(Error::Shape {
            op: "ViT",
            expected: format!("a picture whose height and width are multiples of its patches of {patch}"),
            found: b.shape(x).to_string(),
        });
    };
    let patches = rows * columns;
    let mut tokens = b.scoped("embeddings", |b| {
        let window = Window::square(patch, patch, 0);
        let embedded = conv2d(b, "patch_embeddings.projection", x, width, window, true)?;
        let flat = b.op(Op::Reshape { shape: Shape::batch(&[patches * width]) }, &[embedded])?;
        // One class token a row: nothing of the row, and the token.
        let of_row = b.op(Op::Slice { start: 0, len: width }, &[flat])?;
        let nothing = b.op(Op::Affine { scale: 0.0, offset: 0.0 }, &[of_row])?;
        let class = b.weight("cls_token", &[width], Init::Normal(0.02))?;
        let class = b.op(Op::Add, &[nothing, class])?;
        let all = b.op(Op::Concat, &[class, flat])?;
        let tokens = b.op(Op::Reshape { shape: Shape::batch(&[1 + patches, width]) }, &[all])?;
        let places = b.weight("position_embeddings", &[1 + patches, width], Init::Normal(0.02))?;
        b.op(Op::Add, &[tokens, places])
    })?;
    let block = TransformerBlock {
        heads: config.heads,
        causal: false,
        hidden: config.hidden,
        act: config.act,
        eps: config.eps,
        dropout: 0.0,
        order: NormOrder::Pre,
        names: BlockNames::VIT,
    };
    for i in 0..config.layers {
        tokens = transformer_block(b, &format!("encoder.layer.{i}"), tokens, None, &block)?;
    }
    let tokens = layer_norm(b, "layernorm", tokens, config.eps)?;
    let pooled = b.op(Op::SelectToken { index: 0 }, &[tokens])?;
    let flat = b.op(Op::Reshape { shape: Shape::batch(&[(1 + patches) * width]) }, &[tokens])?;
    let map = b.op(Op::Slice { start: width, len: patches * width }, &[flat])?;
    let map = b.op(Op::Reshape { shape: Shape::batch(&[rows, columns, width]) }, &[map])?;
    Ok(PictureFeatures { map, pooled })
}

/// Position embeddings `[1, 1 + G G, D]` for another square grid, the class token's as they are.
fn interpolate(name: &str, tensor: &Tensor, expected: &[usize]) -> Result<Option<Tensor>> {
    let (&[1, from, width], &[to, expected_width]) = (tensor.shape(), expected) else { return Ok(None) };
    let (Some(from), Some(to)) = (square_root(from), square_root(to)) else { return Ok(None) };
    if name != "embeddings.position_embeddings" || width != expected_width {
        return Ok(None);
    }
    let (class, grid) = tensor.as_f32().split_at(width);
    // Rows, then columns: the weights of both are the same.
    let weights = bicubic(from, to);
    let mut tall = vec![0.0; to * from * width];
    for (i, taps) in weights.iter().enumerate() {
        for &(source, weight) in taps {
            let line = &grid[source * from * width..][..from * width];
            let out = &mut tall[i * from * width..][..from * width];
            out.iter_mut().zip(line).for_each(|(y, x)| *y += weight * x);
        }
    }
    let mut out = class.to_vec();
    out.resize((1 + to * to) * width, 0.0);
    for i in 0..to {
        for (j, taps) in weights.iter().enumerate() {
            let cell = &mut out[(1 + i * to + j) * width..][..width];
            for &(source, weight) in taps {
                let x = &tall[(i * from + source) * width..][..width];
                cell.iter_mut().zip(x).for_each(|(y, x)| *y += weight * x);
            }
        }
    }
    Ok(Some(Tensor::f32(expected, out)?))
}

/// The side of a square grid behind a class token.
fn square_root(tokens: usize) -> Option<usize> {
    let patches = tokens.checked_sub(1)?;
    let side = patches.isqrt();
    (side > 0 && side * side == patches).then_some(side)
}

/// The four elements that each of `to` new ones is made of, and their weights; beyond the ends stand the ends.
fn bicubic(from: usize, to: usize) -> Vec<[(usize, f32); 4]> {
    const A: f64 = -0.75;
    let near = |t: f64| ((A + 2.0) * t - (A + 3.0)) * t * t + 1.0;
    let far = |t: f64| ((A * t - 5.0 * A) * t + 8.0 * A) * t - 4.0 * A;
    (0..to)
        .map(|i| {
            let centre = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
            let t = centre - centre.floor();
            let weights = [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)];
            let place = |k: usize| (centre.floor() as isize + k as isize - 1).clamp(0, from as isize - 1);
            [0, 1, 2, 3].map(|k| (place(k) as usize, weights[k] as f32))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::{DType, Symbol, Weights, passes};

    const SMALL: &str = r#"{"model_type": "vit", "hidden_size": 384, "num_hidden_layers": 12,
        "num_attention_heads": 6, "intermediate_size": 1536, "patch_size": 16, "image_size": 224,
        "num_channels": 3, "qkv_bias": true, "hidden_act": "gelu", "layer_norm_eps": 1e-12}"#;

    #[test]
    fn the_small_one_has_its_published_size() -> Result<()> {
        let config = VitConfig::from_json("config.json", SMALL.as_bytes())?;
        let mut weights = Weights::new();
        let mut b = Builder::outline(&mut weights);
        let x = b.input("picture", &Shape::batch(&[224, 224, 3]), DType::F32)?;
        let features = vit(&mut b, x, &config)?;
        assert_eq!(b.shape(features.map), &Shape::batch(&[14, 14, 384]));
        assert_eq!(b.shape(features.pooled), &Shape::batch(&[384]));
        b.graph.set_output("pooled", features.pooled);
        let graph = b.finish();
        assert_eq!(weights.elements().1, 21_665_664);
        let (small, _) = passes::infer_optimise(&graph, weights)?;
        assert!(small.nodes().iter().all(|n| n.op.name() != "Activate"));
        let cost = passes::cost(&small, &|s| (s == Symbol(0)).then_some(1))?;
        assert!((9.0e9..9.4e9).contains(&(cost.flops as f64)), "{}", cost.flops);
        Ok(())
    }

    #[test]
    fn pictures_that_patches_do_not_fill_are_refused() -> Result<()> {
        let config = VitConfig::from_json("config.json", SMALL.as_bytes())?;
        let mut weights = Weights::new();
        let mut b = Builder::outline(&mut weights);
        let x = b.input("picture", &Shape::batch(&[100, 96, 3]), DType::F32)?;
        let message = vit(&mut b, x, &config).map_err(|e| e.to_string());
        assert!(
            message.is_err_and(|m| m.contains("multiples of its patches of 16, found [batch, 100, 96, 3]"))
        );
        Ok(())
    }

    #[test]
    fn odd_configurations_are_refused_by_field() {
        for (from, to, field) in [
            ("\"vit\"", "\"dinov2\"", "model_type"),
            ("\"qkv_bias\": true", "\"qkv_bias\": false", "qkv_bias"),
            ("\"num_attention_heads\": 6", "\"num_attention_heads\": 7", "attention heads"),
            ("\"patch_size\": 16", "\"patch_size\": 0", "patch_size"),
            ("\"image_size\": 224", "\"image_size\": 999999", "image_size"),
        ] {
            let message = VitConfig::from_json("config.json", SMALL.replace(from, to).as_bytes())
                .map_err(|e| e.to_string());
            assert!(message.as_ref().is_err_and(|m| m.contains(field)), "{message:?}");
        }
    }

    #[test]
    fn weights_of_interpolation_sum_to_one_and_keep_an_equal_grid() {
        for (from, to) in [(14, 14), (14, 6), (2, 7), (1, 3)] {
            for (i, taps) in bicubic(from, to).iter().enumerate() {
                let sum: f32 = taps.iter().map(|t| t.1).sum();
                assert!((sum - 1.0).abs() < 1e-6);
                if from == to {
                    assert_eq!(taps[1], (i, 1.0));
                }
            }
        }
    }
}
