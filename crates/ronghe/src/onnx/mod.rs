//! A model in an ONNX file as a [`Predictor`]. With the feature `onnx`.
//!
//! ```text
//! rows -> one float tensor [N, ...] -> network -> one float tensor [N, K] -> link -> predictions
//! ```
//!
//! What goes in and what comes out is not in the file; a YAML file beside it, `NAME.onnx.yaml`, says it ([`Spec`]). A network
//! whose first dimension is fixed gets that many rows at a time, the last ones filled up with zeros.

mod feed;
mod spec;

pub use spec::{OutputLink, Picture, PixelLayout, Spec};

use crate::{Error, InputInfo, Predictions, Predictor, Result, Task, TaskKind};
use rayon::prelude::*;
use ronghe_data::{Kind, Modality, Table};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{DimLike, Factoid};

/// Largest file that is read.
const MOST_BYTES: u64 = 2 << 30;
/// Rows in one call of a network that takes any number.
const ROWS: usize = 64;
/// Largest number of elements of a row.
const MOST_ELEMENTS: usize = 1 << 26;

type Plan = TypedRunnableModel<TypedModel>;

/// A network read from a file.
pub struct Onnx {
    path: PathBuf,
    hash: String,
    spec: Spec,
    task: Task,
    inputs: Vec<InputInfo>,
    kinds: BTreeMap<String, Kind>,
    plan: Plan,
    /// Rows that one call takes; none where any number does.
    rows: Option<usize>,
    /// Dimensions of a row.
    shape: Vec<usize>,
    element: DatumType,
}

impl Onnx {
    /// Reads the network and the file beside it that says what goes in and comes out.
    pub fn open(path: &Path) -> Result<Onnx> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(io)?.len();
        if size > MOST_BYTES {
            return Err(failed(path, &format!("a file of at most {MOST_BYTES} bytes"), &size.to_string()));
        }
        let bytes = std::fs::read(path).map_err(io)?;
        // The reader answers some damaged files with a panic.
        let read = catch_unwind(AssertUnwindSafe(|| onnx().model_for_read(&mut bytes.as_slice())));
        let model = match read {
            Ok(Ok(model)) => model,
            Ok(Err(error)) => return Err(failed(path, "a network in ONNX format", &chain(&error))),
            Err(_) => return Err(failed(path, "a network in ONNX format", "a damaged one")),
        };
        let beside = spec::beside(path);
        let declared = Declared::of(&model);
        let spec = match std::fs::read_to_string(&beside) {
            Ok(text) => Spec::parse(&text, &beside)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(failed(
                    path,
                    &format!("a file `{}` beside it that says what goes in and comes out", beside.display()),
                    &format!("none; such as\n{}", declared.template()),
                ));
            }
            Err(source) => return Err(Error::Io { path: beside, source }),
        };
        let compiled = catch_unwind(AssertUnwindSafe(|| compile(path, &model, &declared, &spec, &beside)));
        let (plan, rows, shape, element) =
            compiled.unwrap_or_else(|_| Err(failed(path, "a network in ONNX format", "a damaged one")))?;
        let hash = Sha256::new().chain_update(&bytes).chain_update(format!("{spec:?}")).finalize();
        let task = spec.task();
        let (inputs, kinds) = match (&spec.picture, spec.columns.as_slice()) {
            (Some(picture), _) => {
                let info = InputInfo {
                    name: picture.column.clone(),
                    modality: Modality::Image,
                    columns: vec![picture.column.clone()],
                };
                (vec![info], BTreeMap::from([(picture.column.clone(), Kind::Image)]))
            }
            (None, columns) => {
                let info = InputInfo {
                    name: "columns".into(),
                    modality: Modality::Tabular,
                    columns: columns.to_vec(),
                };
                (vec![info], columns.iter().map(|c| (c.clone(), Kind::Number)).collect())
            }
        };
        let hash = hash.iter().map(|b| format!("{b:02x}")).collect();
        Ok(Onnx { path: path.to_owned(), hash, spec, task, inputs, kinds, plan, rows, shape, element })
    }

    /// The kinds of the columns it reads.
    pub fn kinds(&self) -> &BTreeMap<String, Kind> {
        &self.kinds
    }

    /// What tells it from other models: a hash of both files.
    pub fn fingerprint(&self) -> &str {
        &self.hash
    }

    /// Predictions of as many rows as `features` hold.
    fn run(&self, features: &[f32]) -> Result<Vec<f64>> {
        let each: usize = self.shape.iter().product();
        let rows = features.len() / each.max(1);
        let mut features = features.to_vec();
        let batch = self.rows.unwrap_or(rows);
        features.resize(batch * each, 0.0);
        let shape: Vec<usize> = [batch].into_iter().chain(self.shape.iter().copied()).collect();
        let wrong = |error: TractError| failed(&self.path, "predictions", &chain(&error));
        let tensor = Tensor::from_shape(&shape, &features).map_err(wrong)?;
        let tensor = tensor.cast_to_dt(self.element).map_err(wrong)?.into_owned();
        let ran = catch_unwind(AssertUnwindSafe(|| self.plan.run(tvec![tensor.into()])));
        let out = ran.map_err(|_| failed(&self.path, "predictions", "a damaged network"))?.map_err(wrong)?;
        let found = out[0].cast_to::<f64>().map_err(wrong)?;
        let found = found.as_slice::<f64>().map_err(wrong)?;
        let width = self.spec.outputs();
        if found.len() != batch * width {
            return Err(failed(
                &self.path,
                &format!("{width} numbers a row, as `task` and `labels` say"),
                &format!("{} for {batch} rows", found.len()),
            ));
        }
        let mut values = Vec::with_capacity(rows * self.task.labels.len());
        found.chunks_exact(width).take(rows).for_each(|row| self.spec.link(row, &mut values));
        Ok(values)
    }
}

impl Predictor for Onnx {
    fn task(&self) -> &Task {
        &self.task
    }

    fn inputs(&self) -> &[InputInfo] {
        &self.inputs
    }

    fn predict(&self, table: &Table) -> Result<Predictions> {
        let batch = self.rows.unwrap_or(ROWS);
        let starts: Vec<usize> = (0..table.rows()).step_by(batch).collect();
        let chunk = |&start: &usize| {
            let rows = table.slice(start, batch.min(table.rows() - start));
            self.run(&feed::features(&self.spec, &rows, &self.shape)?)
        };
        let parts = starts.par_iter().map(chunk).collect::<Result<Vec<_>>>()?;
        let width = if self.task.kind == TaskKind::Regression { 1 } else { self.task.labels.len() };
        Ok(Predictions { kind: self.task.kind, values: parts.concat(), width })
    }
}

/// What the file itself says.
struct Declared {
    /// Name, and dimensions where they are fixed.
    inputs: Vec<(String, Vec<Option<usize>>)>,
    outputs: Vec<String>,
}

impl Declared {
    fn of(model: &InferenceModel) -> Declared {
        let dimensions = |fact: &InferenceFact| {
            fact.shape
                .dims()
                .map(|d| d.concretize().and_then(|d| d.to_usize().ok()))
                .collect::<Vec<Option<usize>>>()
        };
        let inputs = model.input_outlets().unwrap_or_default().iter().enumerate();
        let inputs = inputs.map(|(i, outlet)| {
            let known = model.input_fact(i).map(dimensions).unwrap_or_default();
            (model.node(outlet.node).name.clone(), known)
        });
        let outputs = model.output_outlets().unwrap_or_default().iter();
        let outputs = outputs.map(|&outlet| {
            model.outlet_label(outlet).map_or_else(|| model.node(outlet.node).name.clone(), str::to_owned)
        });
        Declared { inputs: inputs.collect(), outputs: outputs.collect() }
    }

    /// A file to start from.
    fn template(&self) -> String {
        let shape = self.inputs.first().map_or(&[][..], |(_, shape)| shape.as_slice());
        let output = self.outputs.last().map_or("", String::as_str);
        spec::template(shape, output)
    }
}

/// The network made ready to run: with rows of any number, else of the number that it was written for.
fn compile(
    path: &Path,
    model: &InferenceModel,
    declared: &Declared,
    spec: &Spec,
    beside: &Path,
) -> Result<(Plan, Option<usize>, Vec<usize>, DatumType)> {
    let [(_, dimensions)] = declared.inputs.as_slice() else {
        let names: Vec<&str> = declared.inputs.iter().map(|i| i.0.as_str()).collect();
        let found = format!("{} ({})", names.len(), names.join(", "));
        return Err(failed(path, "a network of one input", &found));
    };
    let output = match &spec.output {
        Some(name) if declared.outputs.contains(name) => name.clone(),
        Some(name) => {
            return Err(Error::UnknownName {
                place: beside.display().to_string(),
                what: "output of the network",
                name: name.clone(),
                valid: declared.outputs.clone(),
            });
        }
        None => declared.outputs.last().cloned().unwrap_or_default(),
    };
    let shape = spec.shape();
    let declared_row = dimensions.get(1..).unwrap_or_default();
    let fits = declared_row.len() == shape.len()
        && declared_row.iter().zip(&shape).all(|(d, s)| d.is_none_or(|d| d == *s));
    if !(dimensions.is_empty() || fits) || shape.iter().product::<usize>() > MOST_ELEMENTS {
        return Err(Error::Setting {
            place: beside.display().to_string(),
            setting: if spec.picture.is_some() { "picture" } else { "columns" }.into(),
            expected: format!(
                "rows of the shape {}, which the network takes",
                spec::shape_text(declared_row)
            ),
            found: format!("{shape:?}"),
        });
    }
    let wrong = |error: TractError| {
        failed(path, "a network of operations that are known here (those of tract)", &chain(&error))
    };
    let element = model.input_fact(0).ok().and_then(|f| f.datum_type.concretize()).unwrap_or(DatumType::F32);
    let ready = |rows: TDim| -> TractResult<Plan> {
        let mut model = model.clone().with_output_names([&output])?;
        let dims: Vec<TDim> = [rows].into_iter().chain(shape.iter().map(|&d| d.to_dim())).collect();
        model.set_input_fact(0, InferenceFact::dt_shape(element, dims))?;
        model.into_optimized()?.into_runnable()
    };
    if let Some(fixed) = dimensions.first().copied().flatten() {
        return Ok((ready(fixed.to_dim()).map_err(wrong)?, Some(fixed.max(1)), shape, element));
    }
    let plan = ready(model.symbols.sym("N").into()).map_err(wrong)?;
    Ok((plan, None, shape, element))
}

fn failed(path: &Path, expected: &str, found: &str) -> Error {
    Error::External {
        command: path.display().to_string(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// An error with its causes, each in a few words.
fn chain(error: &TractError) -> String {
    let causes = error.chain().map(|cause| cause.to_string().chars().take(160).collect::<String>());
    causes.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
