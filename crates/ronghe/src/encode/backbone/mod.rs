//! Networks with published weights: functions that write their graphs, and loaders that bring the published files into
//! our names and layouts. They know nothing of tables, columns or encoders.
//!
//! A picture network is a file here, an arm of [`Architecture`] and a row of [`BACKBONES`]:
//!
//! | file | network | its files |
//! |---|---|---|
//! | `mobilenet_v2` | [`mobilenet_v2`] of any width | torchvision's, timm's, Keras' with names or numbers (`mobilenet_v2_layouts`) |
//! | `efficientnet_lite` | [`efficientnet_lite0`] | timm's, efficientnet-lite-pytorch's |
//! | `resnet` | [`resnet`] of depth 18 to 152 | torchvision's and timm's, which agree |
//! | `squeezenet` | [`squeezenet`] 1.1 | torchvision's, the NumPy arrays of Keras' release |
//! | `vit` | [`vit`], DINO among them | Hugging Face's, DINO's own and timm's |
//!
//! `published` recognises a file and takes its weights by its `layout`; `style` has the habits that names do not tell;
//! `inverted` is the block of the first two. `bert` ([`bert`], [`load_bert`]) reads texts and stands apart;
//! `hugging_face` is what it shares with `vit`.

mod architecture;
mod bert;
mod efficientnet_lite;
mod hugging_face;
mod inverted;
mod layout;
mod mobilenet_v2;
mod mobilenet_v2_layouts;
mod published;
mod resnet;
mod squeezenet;
mod style;
mod vit;

pub use architecture::Architecture;
pub use bert::{BertConfig, bert, bert_pooler, load_bert};
pub use efficientnet_lite::{efficientnet_lite0, efficientnet_lite0_classifier};
pub use inverted::Padding;
pub use layout::Layout;
pub use mobilenet_v2::{MobileNetV2, mobilenet_v2, mobilenet_v2_classifier};
pub use published::Published;
pub use resnet::{ResNet, resnet};
pub use squeezenet::{squeezenet, squeezenet_classifier};
pub use style::{Pixels, Style};
pub use vit::{VitConfig, vit};

use ronghe_graph::{Result, ValueId};

/// What a picture network makes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureFeatures {
    /// The last feature map, `[N, H', W', C]`.
    pub map: ValueId,
    /// One vector a picture, `[N, C]`: the mean of the map, or the class token of a transformer.
    pub pooled: ValueId,
}

/// An entry of the table of picture networks.
#[derive(Debug)]
pub struct Backbone {
    /// Name.
    pub name: &'static str,
    /// One line of help.
    pub summary: &'static str,
    /// The layouts of its files.
    pub layouts: &'static [Layout],
    /// Which member of the family a file holds.
    pub(crate) describe: fn(&Published) -> Result<Architecture>,
}

/// All picture networks.
pub static BACKBONES: &[&Backbone] = &[
    &mobilenet_v2_layouts::BACKBONE,
    &efficientnet_lite::BACKBONE,
    &resnet::BACKBONE,
    &squeezenet::BACKBONE,
    &vit::BACKBONE,
];
