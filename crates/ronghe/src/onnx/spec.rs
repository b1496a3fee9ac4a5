//! What goes into a network and what comes out.

use crate::{Error, Result, Task, TaskKind};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What `NAME.onnx.yaml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What is predicted.
    pub task: TaskKind,
    /// Name of the target column.
    pub target: String,
    /// Names of the classes or labels in the order of the outputs; none for a quantity.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Number columns in the order of the tensor's; or a picture.
    #[serde(default)]
    pub columns: Vec<String>,
    /// A picture column; or number columns.
    #[serde(default)]
    pub picture: Option<Picture>,
    /// Name of the output tensor; the last one where left out.
    #[serde(default)]
    pub output: Option<String>,
    /// What turns the output into probabilities.
    #[serde(default)]
    pub link: OutputLink,
    /// What stands for a missing cell: each number, or each element of a picture. An error where left out.
    #[serde(default)]
    pub missing: Option<f32>,
}

/// How a picture becomes a tensor: `(pixel * scale - mean) / std`, pixels 0 to 255.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// The column.
    pub column: String,
    /// Pixels from top to bottom; pictures are stretched to it.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Order of the dimensions.
    #[serde(default)]
    pub layout: PixelLayout,
    /// Factor of each pixel.
    #[serde(default = "per_255")]
    pub scale: f32,
    /// Taken off, by channel; 0 where left out.
    #[serde(default)]
    pub mean: Vec<f32>,
    /// Divided by, by channel; 1 where left out.
    #[serde(default)]
    pub std: Vec<f32>,
}

fn per_255() -> f32 {
    1.0 / 255.0
}

/// Order of the dimensions of pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelLayout {
    /// `[N, channels, height, width]`, as in PyTorch.
    #[default]
    Nchw,
    /// `[N, height, width, channels]`, as in Keras.
    Nhwc,
    /// `[N, height * width * channels]`, channels last.
    Flat,
}

/// What turns the output into probabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputLink {
    /// It is probabilities, or the quantity.
    #[default]
    None,
    /// `exp(x_k) / sum of exp(x)`
    Softmax,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
}

/// Where the file stands.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".yaml");
    name.into()
}

impl Spec {
    /// Parses and checks it; `file` stands in errors.
    pub fn parse(text: &str, file: &Path) -> Result<Spec> {
        let wrong = |setting: &str, expected: &str, found: String| Error::Setting {
            place: file.display().to_string(),
            setting: setting.into(),
            expected: expected.into(),
            found,
        };
        let spec: Spec = serde_saphyr::from_str(text)
            .map_err(|e| wrong("YAML", "task, target, labels, and columns or picture", e.to_string()))?;
        let least = match spec.task {
            TaskKind::Regression => 0,
            TaskKind::MultiLabel => 1,
            TaskKind::Binary | TaskKind::MultiClass => 2,
        };
        let exactly = (spec.task == TaskKind::Binary).then_some(2);
        if spec.labels.len() < least || exactly.is_some_and(|n| spec.labels.len() != n) {
            let expected = exactly.map_or(format!("at least {least} names"), |n| format!("{n} names"));
            return Err(wrong("labels", &expected, spec.labels.len().to_string()));
        }
        if spec.columns.is_empty() == spec.picture.is_none() {
            return Err(wrong("columns", "either columns or a picture", "both or none".into()));
        }
        if let Some(picture) = &spec.picture {
            let sides = [picture.height, picture.width];
            if !matches!(picture.channels, 1 | 3) || sides.iter().any(|s| !(1..=8192).contains(s)) {
                let found = format!("{} x {} x {}", picture.height, picture.width, picture.channels);
                return Err(wrong("picture", "1 or 3 channels, sides of 1 to 8192", found));
            }
            for (name, list) in [("picture.mean", &picture.mean), ("picture.std", &picture.std)] {
                if !(list.is_empty() || list.len() == picture.channels) {
                    return Err(wrong(name, "a number for each channel", list.len().to_string()));
                }
            }
        }
        if spec.link == OutputLink::Softmax && !matches!(spec.task, TaskKind::MultiClass | TaskKind::Binary) {
            return Err(wrong("link", "none or sigmoid, for there are no classes", "softmax".into()));
        }
        if spec.link == OutputLink::Sigmoid
            && matches!(spec.task, TaskKind::MultiClass | TaskKind::Regression)
        {
            return Err(wrong("link", "none or softmax", "sigmoid".into()));
        }
        Ok(spec)
    }

    pub(super) fn task(&self) -> Task {
        let labels = match self.task {
            TaskKind::Regression => vec![self.target.clone()],
            _ => self.labels.clone(),
        };
        Task {
            kind: self.task,
            columns: vec![self.target.clone()],
            separator: String::new(),
            labels,
            mean: 0.0,
            std: 1.0,
        }
    }

    /// Dimensions of a row.
    pub(super) fn shape(&self) -> Vec<usize> {
        match &self.picture {
            None => vec![self.columns.len()],
            Some(Picture { height, width, channels, layout, .. }) => match layout {
                PixelLayout::Nchw => vec![*channels, *height, *width],
                PixelLayout::Nhwc => vec![*height, *width, *channels],
                PixelLayout::Flat => vec![height * width * channels],
            },
        }
    }

    /// Numbers that the network gives a row: for two classes with the link `sigmoid` that of the second.
    pub(super) fn outputs(&self) -> usize {
        match (self.task, self.link) {
            (TaskKind::Regression, _) | (TaskKind::Binary, OutputLink::Sigmoid) => 1,
            _ => self.labels.len(),
        }
    }

    /// Appends what the numbers of a row say.
    pub(super) fn link(&self, row: &[f64], out: &mut Vec<f64>) {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        match self.link {
            OutputLink::None => out.extend_from_slice(row),
            OutputLink::Softmax => {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = row.iter().map(|x| (x - largest).exp()).sum();
                out.extend(row.iter().map(|x| (x - largest).exp() / sum));
            }
            OutputLink::Sigmoid if self.task == TaskKind::Binary => {
                row.iter().for_each(|&x| out.extend([sigmoid(-x), sigmoid(x)]));
            }
            OutputLink::Sigmoid => out.extend(row.iter().map(|&x| sigmoid(x))),
        }
    }
}

/// The dimensions of a row, `?` where any will do.
pub(super) fn shape_text(dimensions: &[Option<usize>]) -> String {
    let each = dimensions.iter().map(|d| d.map_or("?".to_owned(), |d| d.to_string()));
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

/// A file for a network whose input has these dimensions, to start from.
pub(super) fn template(dimensions: &[Option<usize>], output: &str) -> String {
    let picture = |layout: &str, [c, h, w]: [Option<usize>; 3]| {
        let size = |d: Option<usize>, usual: usize| d.unwrap_or(usual);
        format!(
            "picture: {{column: picture, height: {}, width: {}, channels: {}, layout: {layout}, scale: 0.00392156862745098}}",
            size(h, 224),
            size(w, 224),
            size(c, 3)
        )
    };
    let input = match *dimensions {
        [_, c, h, w] if matches!(c, Some(1 | 3)) => picture("nchw", [c, h, w]),
        [_, h, w, c] => picture("nhwc", [c, h, w]),
        _ => {
            let count = dimensions.get(1).copied().flatten().unwrap_or(2).min(1000);
            let names: Vec<String> = (1..=count).map(|i| format!("column{i}")).collect();
            format!("columns: [{}]", names.join(", "))
        }
    };
    format!(
        "task: multi_class        # binary, multi_class, multi_label or regression\ntarget: label\nlabels: [first, second]\n{input}\noutput: {output}\nlink: softmax            # none (probabilities, a quantity), softmax or sigmoid\n"
    )
}
