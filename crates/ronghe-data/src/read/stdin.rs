//! Standard input as a file: written to a temporary one once, so that it can be read as often as a table is.

use crate::{Error, Result};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Bytes of standard input, at most.
const MOST: u64 = 64 << 30;

/// The name by which standard input is asked for.
const NAME: &str = "-";
/// The name of the file, which messages show.
const FILE: &str = "standard input";

static SPOOLED: Mutex<Option<TempDir>> = Mutex::new(None);

/// The file that holds standard input if that is what `path` asks for, else `path`.
pub(super) fn file(path: &Path) -> Result<PathBuf> {
    if path != Path::new(NAME) {
        return Ok(path.to_owned());
    }
    let mut spooled = SPOOLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = spooled.as_ref() {
        return Ok(folder.path().join(FILE));
    }
    let folder = tempfile::Builder::new().prefix("ronghe-").tempdir().map_err(|e| Error::io(path, e))?;
    let file = folder.path().join(FILE);
    spool(&mut io::stdin().lock(), &file, MOST)?;
    *spooled = Some(folder);
    Ok(file)
}

/// Whether `path` is the file that holds standard input.
pub(super) fn is_spooled(path: &Path) -> bool {
    let spooled = SPOOLED.lock().unwrap_or_else(PoisonError::into_inner);
    spooled.as_ref().is_some_and(|folder| path.parent() == Some(folder.path()))
}

/// Removes what was kept of standard input; a program calls it at its end.
pub fn forget_stdin() {
    SPOOLED.lock().unwrap_or_else(PoisonError::into_inner).take();
}

fn spool(input: &mut dyn Read, file: &Path, most: u64) -> Result<()> {
    let shown = Path::new(FILE);
    let mut out = File::create(file).map_err(|e| Error::io(file, e))?;
    let copied = io::copy(&mut input.take(most + 1), &mut out).map_err(|e| Error::io(shown, e))?;
    if copied > most {
        return Err(Error::Limit {
            path: shown.to_owned(),
            what: "the size in bytes".into(),
            found: format!("more than {most}"),
            limit: most.to_string(),
            mend: "write it to a file, and give the file".into(),
        });
    }
    out.flush().map_err(|e| Error::io(file, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_beyond_the_limit_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        spool(&mut &b"a,b\n1,2\n"[..], &file, 8).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"a,b\n1,2\n");
        let e = spool(&mut &b"a,b\n1,2\n3"[..], &file, 8).unwrap_err().to_string();
        assert_eq!(
            e,
            "standard input: the size in bytes is more than 8, above the limit of 8; write it to a file, and give the \
             file"
        );
    }
}
