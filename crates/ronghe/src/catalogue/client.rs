//! Runs a registry's ordinary client. Names and paths are arguments of their own; no shell sees them.
//!
//! pip is given the hash of the one archive that is wanted (`--require-hashes`), so that it refuses another one before it
//! looks inside. npm runs no scripts of packages. Mirrors and proxies are those the client is set up with.

use super::{Client, Package};
use crate::{Error, Result};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// The programs to run.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Python 3 with pip.
    pub python: PathBuf,
    /// npm.
    pub npm: PathBuf,
    /// apt-get.
    pub apt_get: PathBuf,
    /// dpkg-deb, which opens Debian packages.
    pub dpkg_deb: PathBuf,
}

impl Default for Clients {
    fn default() -> Clients {
        let (python, npm) = if cfg!(windows) { ("python", "npm.cmd") } else { ("python3", "npm") };
        Clients {
            python: python.into(),
            npm: npm.into(),
            apt_get: "apt-get".into(),
            dpkg_deb: "dpkg-deb".into(),
        }
    }
}

/// How often a running client is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What a client may put on the disk beside the archive (copies, tools to build it).
const SLACK: u64 = 256 << 20;

/// Bytes of a client's last words that are told.
const WORDS: u64 = 4096;

/// Fetches the archive of `package` into the folder `work`. `watch` is told the bytes there so far, and says whether to
/// go on.
pub(super) fn fetch(
    package: &Package,
    work: &Path,
    clients: &Clients,
    watch: &mut dyn FnMut(u64) -> bool,
) -> Result<PathBuf> {
    let into = work.join("download");
    let temporary = work.join("temporary");
    for folder in [&into, &temporary] {
        fs::create_dir_all(folder).map_err(|e| io_error(folder, e))?;
    }
    let (program, arguments) = arguments(package, work, &into, clients)?;
    let log = work.join("log");
    let words = File::create(&log).map_err(|e| io_error(&log, e))?;
    let copy = words.try_clone().map_err(|e| io_error(&log, e))?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&into).env("TMPDIR", &temporary);
    command.stdin(Stdio::null()).stdout(words).stderr(copy);
    let client = package.client.name();
    let mut child = command.spawn().map_err(|e| not_started(program, client, e))?;
    let status = attend(&mut child, work, 4 * package.bytes + SLACK, watch);
    if status.is_err() {
        // It may have ended by itself; it must not outlive this call.
        let _ = child.kill();
        let _ = child.wait();
    }
    let status = status?;
    let last = last_words(&log);
    if !status.success() && last.contains("No module named pip") {
        return Err(missing(program, client));
    }
    if !status.success() {
        return Err(failed(package, format!("{status}: {last}")));
    }
    only_file(&into, package, &last)
}

fn arguments<'a>(
    package: &Package,
    work: &Path,
    into: &Path,
    clients: &'a Clients,
) -> Result<(&'a Path, Vec<OsString>)> {
    let mut list: Vec<OsString> = Vec::new();
    let mut add = |arguments: &[&str]| list.extend(arguments.iter().map(OsString::from));
    Ok(match package.client {
        Client::Pip => {
            let wanted = work.join("wanted.txt");
            let line = format!("{}=={} --hash=sha256:{}\n", package.name, package.version, package.sha256);
            fs::write(&wanted, line).map_err(|e| io_error(&wanted, e))?;
            add(&["-m", "pip", "download", "--no-deps", "--require-hashes", "--ignore-requires-python"]);
            add(&["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]);
            if let Some(platform) = package.platform {
                add(&["--platform", platform]);
            }
            list.extend(["-d".into(), into.into(), "-r".into(), wanted.into()]);
            (&clients.python, list)
        }
        Client::Npm => {
            let wanted = format!("{}@{}", package.name, package.version);
            add(&["pack", &wanted, "--ignore-scripts", "--loglevel", "error"]);
            (&clients.npm, list)
        }
        Client::Apt => {
            let wanted = format!("{}={}", package.name, package.version);
            add(&["download", "-q", &wanted]);
            (&clients.apt_get, list)
        }
    })
}

/// Waits for the end of the client.
fn attend(
    child: &mut Child,
    work: &Path,
    most: u64,
    watch: &mut dyn FnMut(u64) -> bool,
) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().map_err(|e| io_error(work, e))? {
            return Ok(status);
        }
        let bytes = size_of(work, 0);
        if bytes > most {
            return Err(Error::Artifact {
                path: work.to_owned(),
                expected: format!("a download of at most {most} bytes"),
                found: "more".into(),
                mend: "nothing was kept; check where the client fetches from".into(),
            });
        }
        if !watch(bytes) {
            return Err(Error::Stopped);
        }
        sleep(LOOK);
    }
}

/// Bytes of the files below a folder. What vanishes meanwhile counts nothing.
fn size_of(folder: &Path, depth: usize) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(io::Result::ok).map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() && depth < 8 => size_of(&entry.path(), depth + 1),
        Ok(meta) if meta.is_file() => meta.len(),
        _ => 0,
    });
    sizes.sum()
}

fn only_file(folder: &Path, package: &Package, last: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).map_err(|e| io_error(folder, e))?;
    let mut files = entries.filter_map(io::Result::ok).map(|e| e.path()).filter(|p| p.is_file());
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(file),
        (None, _) => Err(failed(package, format!("it fetched nothing: {last}"))),
        _ => Err(failed(package, "it fetched more than one file".into())),
    }
}

/// The last lines of the log, on one line, without control characters.
fn last_words(log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(WORDS)))?;
        let mut bytes = Vec::new();
        file.take(WORDS).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let lines = lines[lines.len().saturating_sub(5)..].join(" / ");
    lines.chars().filter(|c| !c.is_control()).collect()
}

fn failed(package: &Package, found: String) -> Error {
    let lists = match package.client {
        Client::Apt => "`apt-get update`, ",
        _ => "",
    };
    Error::Fetch {
        package: format!("{} {}", package.name, package.version),
        client: package.client.name(),
        found,
        mend: format!(
            "try {lists}the network and the client's own settings (mirror, proxy), or fetch the file elsewhere and \
             give it with --from"
        ),
    }
}

/// A program could not be started; `client` is what to install.
pub(super) fn not_started(program: &Path, client: &'static str, e: io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::NotFound => missing(program, client),
        _ => io_error(program, e),
    }
}

fn missing(program: &Path, client: &'static str) -> Error {
    let install = match client {
        "pip" => "install Python 3 with pip",
        "npm" => "install Node.js, which brings npm",
        _ => "use Debian, or a system made from it",
    };
    Error::ClientMissing {
        program: program.to_owned(),
        client,
        mend: format!("{install}; or fetch the file elsewhere and give it with --from"),
    }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}
