//! Published files of picture networks: which network one holds, and its weights in our names and layouts.
//!
//! The network asks for its tensors one by one; [`Layout`] says what each is called in the file. So whatever is missing,
//! of another shape, or left over is found before anything is computed, and named as the file names it.

use super::hugging_face::{beside, weight_file};
use super::layout::Layout;
use super::{Architecture, BACKBONES, Backbone, Style};
use ronghe_graph::{Builder, DType, Error, Result, Shape, Tensor, Weights};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file that was recognised.
#[derive(Debug)]
pub struct Published {
    file: PathBuf,
    backbone: &'static Backbone,
    layout: &'static Layout,
    style: Style,
    /// Under the layout's names.
    weights: Weights,
}

impl Published {
    /// Reads a weight file, or a folder with one, in any format of [`Weights::load`]. `style` overrules what usually goes
    /// with files of its layout.
    pub fn open(path: &Path, style: Option<Style>) -> Result<Published> {
        let file = weight_file(path);
        let weights = Weights::load(&file)?;
        Published::recognise(&file, weights, style)
    }

    /// As [`Published::open`], of weights that have been read from `file`.
    pub fn recognise(file: &Path, weights: Weights, style: Option<Style>) -> Result<Published> {
        let weights = layer_and_variable(weights);
        let mut layouts = BACKBONES.iter().flat_map(|&b| b.layouts.iter().map(move |l| (b, l)));
        let found = layouts
            .find_map(|(backbone, layout)| Some((backbone, layout, layout.prefix(&weights)?.to_owned())));
        let Some((backbone, layout, prefix)) = found else {
            return Err(unknown(file, &weights));
        };
        let weights = weights
            .into_iter()
            .filter_map(|(name, param)| Some((name.strip_prefix(&prefix)?.to_owned(), param)))
            .collect();
        let style = style.unwrap_or(layout.style);
        Ok(Published { file: file.to_owned(), backbone, layout, style, weights })
    }

    /// The network's entry in the table.
    pub fn backbone(&self) -> &'static Backbone {
        self.backbone
    }

    /// Whose file it is.
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Which member of its family the file holds.
    pub fn architecture(&self) -> Result<Architecture> {
        (self.backbone.describe)(self)
    }

    /// The weights of `architecture`'s trunk for pictures of `size` pixels a side.
    pub fn trunk(&self, architecture: &Architecture, size: usize) -> Result<Weights> {
        if architecture.family() != self.backbone.name {
            let (wanted, found) = (architecture.family(), self.backbone.name);
            let layout = self.layout.name;
            return Err(
                self.wrong(format!("expected weights of {wanted}, found those of {found} ({layout})"))
            );
        }
        self.weights(|b| {
            let x = b.input("picture", &Shape::batch(&[size, size, 3]), DType::F32)?;
            architecture.write(b, x, true).map(drop)
        })
    }

    /// The weights that `write` declares.
    pub fn weights(&self, write: impl FnOnce(&mut Builder<'_>) -> Result<()>) -> Result<Weights> {
        self.pull(write).map_err(|error| match error {
            Error::WeightFile { .. } | Error::Io { .. } => error,
            // Which file, and what it was taken for.
            other => self.wrong(other.to_string()),
        })
    }

    fn pull(&self, write: impl FnOnce(&mut Builder<'_>) -> Result<()>) -> Result<Weights> {
        let mut declared = Weights::new();
        let mut b = Builder::outline(&mut declared);
        write(&mut b)?;
        let mut out = Weights::new();
        let mut used = BTreeSet::new();
        for (name, param) in declared.iter() {
            let (theirs, tensor) = self.layout.take(&self.weights, name, param.tensor.shape())?;
            used.insert(theirs);
            out.insert(name, tensor, param.trainable);
        }
        for (name, param) in self.weights.iter() {
            let own = self.layout.own.iter().any(|start| name.starts_with(start));
            if own && !used.contains(name) && !name.ends_with(".num_batches_tracked") {
                let found = param.tensor.shape().to_vec();
                return Err(Error::UnexpectedWeight { name: name.to_owned(), found });
            }
        }
        Ok(out)
    }

    /// The file, for messages.
    pub(super) fn place(&self) -> String {
        self.file.display().to_string()
    }

    /// An error about this file.
    pub(super) fn wrong(&self, what: String) -> Error {
        Error::WeightFile { path: self.place(), format: self.backbone.name, what }
    }

    /// Whose habits its network has.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// The file's tensor for ours of this name and so many dimensions.
    pub(super) fn tensor(&self, ours: &str, rank: usize) -> Option<&Tensor> {
        self.weights.get(&(self.layout.theirs)(ours, rank))
    }

    /// Output channels of our dense convolution `name`.
    pub(super) fn outputs(&self, name: &str) -> Option<usize> {
        self.layout.order.outputs(self.tensor(&format!("{name}.weight"), 4)?.shape())
    }

    /// Whether the file has a tensor whose name, as the file has it, passes.
    pub(super) fn any(&self, passes: impl Fn(&str) -> bool) -> bool {
        self.weights.iter().any(|(name, _)| passes(name))
    }

    /// A description beside the file, with its place.
    pub(super) fn beside(&self, name: &str) -> Result<Option<(String, Vec<u8>)>> {
        beside(&self.file, name)
    }
}

/// Keras' paths cut to `LAYER/VARIABLE` (`model_weights/mobilenetv2/Conv1/kernel:0` is `Conv1/kernel`), the optimiser's
/// left out; `layers/conv2d_1/vars/0` of a .weights.h5 file is `conv2d_1/0`; names without slashes stay.
fn layer_and_variable(weights: Weights) -> Weights {
    weights
        .into_iter()
        .filter(|(name, _)| !name.starts_with("optimizer_weights/") && !name.starts_with("optimizer/"))
        .map(|(name, param)| {
            let mut parts = name.rsplit('/').filter(|part| *part != "vars");
            match (parts.next(), parts.next()) {
                (Some(variable), Some(layer)) => {
                    let variable = variable.trim_end_matches(":0");
                    // As Keras 2 called it.
                    let variable = if variable == "depthwise_kernel" { "kernel" } else { variable };
                    (format!("{layer}/{variable}"), param)
                }
                _ => (name, param),
            }
        })
        .collect()
}

fn unknown(file: &Path, weights: &Weights) -> Error {
    let known: Vec<String> = BACKBONES
        .iter()
        .map(|b| {
            let layouts: Vec<&str> = b.layouts.iter().map(|l| l.name).collect();
            format!("{} ({})", b.name, layouts.join(", "))
        })
        .collect();
    let names: Vec<&str> = weights.iter().map(|(name, _)| name).take(3).collect();
    Error::WeightFile {
        path: file.display().to_string(),
        format: "picture network",
        what: format!(
            "expected one of {}; found tensors such as {}",
            known.join(", "),
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        ),
    }
}
