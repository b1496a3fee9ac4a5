//! Networks with published weights: functions that write their graphs under the names of the published files, and
//! loaders that bring those files into our layouts. They know nothing of tables, columns or encoders.
//!
//! | file | network | weights named as in |
//! |---|---|---|
//! | `mobilenet_v2` | [`mobilenet_v2`] | torchvision |
//! | `mobilenet_v2_keras` | [`load_mobilenet_v2_keras`] | Keras, renamed to torchvision's |
//! | `efficientnet_lite` | [`efficientnet_lite0`] | efficientnet-lite-pytorch |
//! | `bert` | [`bert`] | Hugging Face, without the `bert.` prefix |
//!
//! `inverted` is the block that both picture networks are made of.

mod bert;
mod efficientnet_lite;
mod inverted;
mod mobilenet_v2;
mod mobilenet_v2_keras;

pub use bert::{BertConfig, bert, bert_pooler, load_bert};
pub use efficientnet_lite::{efficientnet_lite0, efficientnet_lite0_classifier, load_efficientnet_lite0};
pub use inverted::Padding;
pub use mobilenet_v2::{MobileNetV2, load_mobilenet_v2, mobilenet_v2, mobilenet_v2_classifier};
pub use mobilenet_v2_keras::load_mobilenet_v2_keras;

use ronghe_graph::ValueId;

/// What a picture network makes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureFeatures {
    /// The last feature map, `[N, H', W', C]`.
    pub map: ValueId,
    /// Its mean over the picture, `[N, C]`.
    pub pooled: ValueId,
}
