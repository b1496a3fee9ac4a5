//! What commands share: reading tables, the stop signal, the cache folder.

use crate::args::{ChosenModel, Common, Precision, Reading};
use crate::render;
use anyhow::{Context, Result, bail};
use ronghe::catalogue::{self, Cache};
use ronghe::explain::fingerprint;
use ronghe::{External, Model, PrecisionMode, Predictor, UnknownNames, artifact, match_columns};
use ronghe_data::read::{self, ReadOptions, Reader};
use ronghe_data::{Kind, Table};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Set when the user asks to stop.
pub(crate) fn stop_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        // The second time, whatever is going on.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        render::log("stopping after this step; press Ctrl-C again to stop at once");
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}

/// Sets the number of threads that decoding uses.
pub(crate) fn start_threads(common: &Common) {
    // It fails only if the pool is already there, in a test.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(common.threads).build_global();
}

/// The folder for downloads.
pub(crate) fn cache_folder(common: &Common) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    common
        .cache
        .clone()
        .or_else(|| set("RONGHE_CACHE"))
        .or_else(|| set("XDG_CACHE_HOME").map(|p| p.join("ronghe")))
        .or_else(|| set("LOCALAPPDATA").map(|p| p.join("ronghe")))
        .or_else(|| set("HOME").map(|p| p.join(".cache").join("ronghe")))
        .unwrap_or_else(|| PathBuf::from(".ronghe-cache"))
}

/// Where vectors of published networks are kept between runs.
pub(crate) fn vectors(cache: &Cache) -> PathBuf {
    cache.folder().join("vectors")
}

/// Reading options from the command line.
pub(crate) fn read_options(reading: &Reading) -> Result<ReadOptions> {
    let mut options = ReadOptions {
        encoding: reading.encoding.clone(),
        skip_bad_rows: reading.skip_bad_rows,
        ..ReadOptions::default()
    };
    for given in &reading.kinds {
        let (column, kind) =
            given.rsplit_once('=').with_context(|| format!("--kind {given}: expected COLUMN=KIND"))?;
        let Some(kind) = Kind::ALL.into_iter().find(|k| k.name() == kind) else {
            let valid: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
            bail!("--kind {given}: expected one of {}, found `{kind}`", valid.join(", "));
        };
        options.kinds.insert(column.to_owned(), kind);
    }
    Ok(options)
}

/// Opens a saved model.
pub(crate) fn open_model(folder: &Path, precision: &str, common: &Common) -> Result<Model> {
    let named = PrecisionMode::ALL.into_iter().find(|(name, _)| *name == precision);
    // The parser takes these names only.
    let mode = named.map_or(PrecisionMode::default(), |(_, mode)| mode);
    let cache = Cache::open(&cache_folder(common));
    // A name of the catalogue, or a path as the configuration had it.
    let published =
        |name: &str| if catalogue::find(name).is_ok() { cache.find(name) } else { Ok(name.into()) };
    Ok(Model::with_precision(artifact::load_from(folder, &published)?, common.threads, mode)?)
}

/// Says what each part of a model computed in, where that was not simply f32.
pub(crate) fn report_precision(model: &Model, precision: &Precision, common: &Common) {
    if precision.precision != "f32" && !common.quiet {
        let parts: Vec<String> = model.precision().iter().map(ToString::to_string).collect();
        render::log(&format!("precision {}: {}", precision.precision, parts.join("; ")));
    }
}

/// Reads a whole table and says how many rows were left out.
pub(crate) fn read_table(path: &Path, options: &ReadOptions) -> Result<Table> {
    let mut reader = read::open(path, options)?;
    let table = read::collect(reader.as_mut(), path)?;
    report_skipped(reader.as_ref());
    Ok(table)
}

/// Warns of rows that were left out.
pub(crate) fn report_skipped(reader: &dyn Reader) {
    let skipped = reader.skipped();
    if skipped.rows > 0 {
        render::warn(&format!("{} rows could not be read and are left out; the first:", skipped.rows));
        skipped.first.iter().take(3).for_each(|e| render::warn(&e.to_string()));
    }
}

/// A model to be asked: a saved one, or one in another program.
pub(crate) enum Asked {
    /// A folder.
    Saved(Box<Model>),
    /// A running program.
    External(Box<External>),
    /// A network in an ONNX file.
    #[cfg(feature = "onnx")]
    Onnx(Box<ronghe::onnx::Onnx>),
}

impl Asked {
    /// Opens the folder or the file, or starts the program. The parser takes one of them.
    pub(crate) fn open(chosen: &ChosenModel, common: &Common) -> Result<Asked> {
        match (&chosen.model, &chosen.model_command, &chosen.model_onnx) {
            (Some(folder), ..) => Ok(Asked::Saved(Box::new(open_model(folder, "f32", common)?))),
            (None, Some(command), _) => {
                let limit = Duration::from_secs(u64::from(chosen.answer_seconds));
                Ok(Asked::External(Box::new(External::start(command, limit)?)))
            }
            (None, None, Some(file)) => Asked::open_onnx(file),
            (None, None, None) => bail!("give the folder of a model, --model-command or --model-onnx"),
        }
    }

    #[cfg(feature = "onnx")]
    fn open_onnx(file: &Path) -> Result<Asked> {
        Ok(Asked::Onnx(Box::new(ronghe::onnx::Onnx::open(file)?)))
    }

    #[cfg(not(feature = "onnx"))]
    fn open_onnx(file: &Path) -> Result<Asked> {
        bail!(
            "--model-onnx {}: this program was built without ONNX; build it with `cargo build --release --features onnx`",
            file.display()
        )
    }

    pub(crate) fn predictor(&self) -> &dyn Predictor {
        match self {
            Asked::Saved(model) => model.as_ref(),
            Asked::External(external) => external.as_ref(),
            #[cfg(feature = "onnx")]
            Asked::Onnx(onnx) => onnx.as_ref(),
        }
    }

    /// What tells it from other models; for one whose files are not at hand, what it says of some rows.
    pub(crate) fn fingerprint(&self, chosen: &ChosenModel, rows: &Table) -> Result<String> {
        match (self, &chosen.model) {
            (Asked::Saved(_), Some(folder)) => Ok(artifact::fingerprint(folder)?),
            #[cfg(feature = "onnx")]
            (Asked::Onnx(onnx), _) => Ok(onnx.fingerprint().to_owned()),
            _ => Ok(fingerprint(self.predictor(), rows)?),
        }
    }

    /// The kinds of the columns it reads.
    fn kinds(&self) -> &BTreeMap<String, Kind> {
        match self {
            Asked::Saved(model) => &model.config().data.kinds,
            Asked::External(external) => external.kinds(),
            #[cfg(feature = "onnx")]
            Asked::Onnx(onnx) => onnx.kinds(),
        }
    }

    /// Reads a whole table as the model wants it.
    pub(crate) fn table(&self, path: &Path, reading: &Reading) -> Result<Table> {
        let mut reader = open_like(path, self.predictor(), self.kinds(), &read_options(reading)?)?;
        let table = read::collect(reader.as_mut(), path)?;
        report_skipped(reader.as_ref());
        Ok(table)
    }
}

/// Opens a table with the kinds that a model was trained on. Columns that the table lacks are no error here: to the
/// model they are missing.
pub(crate) fn open_like(
    path: &Path,
    model: &dyn Predictor,
    kinds: &BTreeMap<String, Kind>,
    options: &ReadOptions,
) -> Result<Box<dyn Reader>> {
    Like::find(path, model, kinds, options, false)?.open(path)
}

/// How a table is read for a model: the kinds it was trained on, its names for columns that the table writes otherwise.
pub(crate) struct Like {
    options: ReadOptions,
    renamed: BTreeMap<String, String>,
    reader: Option<Box<dyn Reader>>,
}

impl Like {
    /// Looks at the table, and says what is missing and what goes by another name. None of the model's columns is an error, unless
    /// that is allowed.
    pub(crate) fn find(
        path: &Path,
        model: &dyn Predictor,
        kinds: &BTreeMap<String, Kind>,
        options: &ReadOptions,
        allow_missing: bool,
    ) -> Result<Like> {
        let mut options = ReadOptions { like: kinds.clone(), ..options.clone() };
        let reader = read::open(path, &options)?;
        let inputs: Vec<String> = model.inputs().iter().flat_map(|i| i.columns.clone()).collect();
        let found = match_columns(&inputs, &model.task().columns, kinds, reader.schema());
        if !allow_missing {
            found.check(path, &inputs, reader.schema())?;
        }
        found.warning().iter().for_each(|warning| render::warn(warning));
        let Some(note) = found.note() else {
            return Ok(Like { options, renamed: BTreeMap::new(), reader: Some(reader) });
        };
        render::log(&note);
        for (theirs, ours) in &found.renamed {
            if let Some(kind) = kinds.get(ours) {
                options.like.insert(theirs.clone(), *kind);
            }
        }
        Ok(Like { options, renamed: found.renamed, reader: None })
    }

    /// The table from its first row.
    pub(crate) fn open(&mut self, path: &Path) -> Result<Box<dyn Reader>> {
        if let Some(reader) = self.reader.take() {
            return Ok(reader);
        }
        let reader = read::open(path, &self.options)?;
        Ok(if self.renamed.is_empty() { reader } else { read::renamed(reader, self.renamed.clone()) })
    }
}

/// Warns of names that training did not have.
pub(crate) fn report_unknown(names: &[UnknownNames]) {
    for unknown in names {
        render::warn(&format!(
            "`{}`: {} cells have names that training did not have ({}): to the model they are unknown",
            unknown.column,
            unknown.cells,
            unknown.examples.join(", ")
        ));
    }
}

/// Writes a file whole or not at all; its folder is made.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, bytes).with_context(|| path.display().to_string())?;
    std::fs::rename(&beside, path).with_context(|| path.display().to_string())
}
