//! What commands share: the stop signal, the cache folder, opening models.

use crate::args::{ChosenModel, Common, Precision, Reading};
use crate::render;
use crate::tables::{self, Known};
use anyhow::{Context, Result, bail};
use ronghe::catalogue::{self, Cache};
use ronghe::explain::fingerprint;
use ronghe::{External, Model, PrecisionMode, Predictor, artifact};
use ronghe_data::Table;
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

/// Milliseconds since 1970.
pub(crate) fn now() -> Option<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
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

    /// What the columns are that it knows.
    fn known(&self) -> Known {
        match self {
            Asked::Saved(model) => Known::of_model(model),
            Asked::External(external) => Known::of_kinds(external.kinds()),
            #[cfg(feature = "onnx")]
            Asked::Onnx(onnx) => Known::of_kinds(onnx.kinds()),
        }
    }

    /// Reads a whole table as the model wants it.
    pub(crate) fn table(&self, path: &Path, reading: &Reading) -> Result<Table> {
        tables::read_like(path, self.predictor(), &self.known(), reading)
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
