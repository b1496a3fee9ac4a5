//! Nothing that is read is written over.

use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Refuses an output file that is one of the inputs, by whatever name or link, or a file in one that is a folder.
pub(crate) fn refuse_inputs(option: &str, out: &Path, inputs: &[&Path]) -> Result<()> {
    for input in inputs {
        if same(out, input) {
            bail!(
                "{option} {}: that is the input, and it would be lost: name another file or folder",
                out.display()
            );
        }
        if input.is_dir() && out.is_file() && within(out, input) {
            bail!(
                "{option} {}: that is a file of the input {}, and it would be lost: name another one",
                out.display(),
                input.display()
            );
        }
    }
    Ok(())
}

/// Refuses a folder in which one of the files to be written is an input.
pub(crate) fn refuse_inputs_in(option: &str, folder: &Path, names: &[&str], inputs: &[&Path]) -> Result<()> {
    refuse_inputs(option, folder, inputs)?;
    names.iter().try_for_each(|name| refuse_inputs(option, &folder.join(name), inputs))
}

/// Refuses a file for predictions that is the table, a file of the model, or a file that holds no predictions.
pub(crate) fn check_predictions(out: &Path, data: &Path, model: &Path) -> Result<()> {
    refuse_inputs("--out", out, &[data])?;
    ensure!(
        !within(out, model),
        "--out {}: that is in the folder of the model: name a file elsewhere",
        out.display()
    );
    if out.is_dir() {
        bail!("--out {}: that is a folder: name a file in it, such as predictions.csv", out.display());
    }
    // A pipe or a device keeps nothing.
    if out.is_file() && !holds_predictions(out)? {
        bail!(
            "--out {}: there is a file of that name which holds no predictions: remove it, or name another one",
            out.display()
        );
    }
    Ok(())
}

/// Whether a file is empty or names a column `prediction`: at its beginning, or in the end as Parquet does.
fn holds_predictions(path: &Path) -> Result<bool> {
    const MOST: u64 = 1 << 16;
    let place = || path.display().to_string();
    let mut file = File::open(path).with_context(place)?;
    let length = file.metadata().with_context(place)?.len();
    let mut bytes = Vec::new();
    (&mut file).take(MOST).read_to_end(&mut bytes).with_context(place)?;
    if length > MOST {
        file.seek(SeekFrom::Start(length.saturating_sub(MOST))).with_context(place)?;
        file.take(MOST).read_to_end(&mut bytes).with_context(place)?;
    }
    // UTF-16 has a zero beside each of these letters.
    bytes.retain(|&byte| byte != 0);
    Ok(length == 0 || bytes.windows(10).any(|w| w == b"prediction"))
}

/// The path with every link followed; of a file that is not there yet, its folder's.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = fs::canonicalize(path) {
        return Some(real);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
}

fn within(file: &Path, folder: &Path) -> bool {
    matches!((real(file), real(folder)), (Some(file), Some(folder)) if file.starts_with(&folder))
}

fn same(a: &Path, b: &Path) -> bool {
    if matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b) {
        return true;
    }
    same_content(a, b)
}

/// Whether two names are of one file on the disk.
#[cfg(unix)]
fn same_content(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |path: &Path| fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    place(a).is_some_and(|found| place(b) == Some(found))
}

#[cfg(not(unix))]
fn same_content(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(out: &Path, inputs: &[&Path]) -> Option<String> {
        refuse_inputs("--out", out, inputs).err().map(|e| e.to_string())
    }

    #[test]
    fn an_input_is_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("tables")).unwrap();
        for name in ["t.csv", "tables/a.csv"] {
            fs::write(at(name), "a\n1\n").unwrap();
        }
        let data = at("t.csv");
        assert!(refused(&data, &[&data]).is_some_and(|m| m.contains("that is the input")));
        assert!(refused(&at("tables/../t.csv"), &[&data]).is_some());
        assert!(refused(&at("p.csv"), &[&data]).is_none());
        assert!(
            refused(&at("tables/a.csv"), &[&at("tables")]).is_some_and(|m| m.contains("a file of the input"))
        );
        assert!(refused(&at("tables/p.csv"), &[&at("tables")]).is_none());
        assert!(refuse_inputs_in("--out", folder.path(), &["t.csv"], &[&data]).is_err());
        assert!(refuse_inputs_in("--out", folder.path(), &["report.html"], &[&data]).is_ok());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&data, at("soft.csv")).unwrap();
            fs::hard_link(&data, at("hard.csv")).unwrap();
            assert!(refused(&at("soft.csv"), &[&data]).is_some());
            assert!(refused(&at("hard.csv"), &[&data]).is_some());
            assert!(refused(&data, &[&at("soft.csv")]).is_some());
        }
    }

    #[test]
    fn only_predictions_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (data, model) = (at("new.csv"), at("model"));
        fs::create_dir(&model).unwrap();
        let said = |name: &str| check_predictions(&at(name), &data, &model).err().map(|e| e.to_string());
        assert_eq!(said("p.csv"), None);
        fs::write(at("p.csv"), "row,prediction\n1,a\n").unwrap();
        assert_eq!(said("p.csv"), None);
        fs::write(at("p.parquet"), [&[1; 200_000][..], b"prediction"].concat()).unwrap();
        assert_eq!(said("p.parquet"), None);
        fs::write(at("train.csv"), "title,price\na,1\n").unwrap();
        assert!(said("train.csv").is_some_and(|m| m.contains("holds no predictions")));
        assert!(said("model/p.csv").is_some_and(|m| m.contains("folder of the model")));
        assert!(said("model").is_some());
    }
}
