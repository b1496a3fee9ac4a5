//! Layers: functions that write operations and declare weights under the names that PyTorch and Hugging Face use. One
//! copy of each, composed everywhere.
//!
//! | file | layers |
//! |---|---|
//! | `linear` | [`linear`], [`feed_forward`] |
//! | `conv` | [`conv2d`], [`depthwise`] |
//! | `norm` | [`batch_norm`], [`layer_norm`] |
//! | `embed` | [`embedding`], [`first_embedding`] |
//! | `attention` | [`self_attention`], [`transformer_block`] |
//!
//! Activations stay operations of their own, so that every layer has a gradient; [`crate::passes::fuse_activations`]
//! joins them for inference.

mod attention;
mod conv;
mod embed;
mod linear;
mod norm;

pub use attention::{
    AttentionNames, BlockNames, NormOrder, TransformerBlock, self_attention, transformer_block,
};
pub use conv::{conv2d, depthwise};
pub use embed::{embedding, first_embedding};
pub use linear::{feed_forward, linear};
pub use norm::{BatchNorm, batch_norm, layer_norm};
