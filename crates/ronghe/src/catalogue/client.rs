//! Runs a registry's ordinary client. Names and paths are arguments of their own; no shell sees them.
//!
//! pip is given the hash of the one archive that is wanted (`--require-hashes`), so that it refuses another one before it
//! looks inside. npm runs no scripts of packages. Mirrors and proxies are those the client is set up with.
//!
//! What a client can do when it was stopped half-way:
//!
//! | client | a connection that breaks | a new start |
//! |---|---|---|
//! | pip | goes on within the run from 25.1 on (it is told to by `PIP_RESUME_RETRIES`) | begins again, unless its own cache has the whole archive |
//! | npm | begins again | begins again, unless its own cache has the whole archive |
//! | apt-get | goes on within the run | goes on with its file where the server says that it is still the same, else begins again |
//! | hf | goes on within the run | goes on with its `.incomplete` files |
//!
//! A finished archive is kept until it has been unpacked, whatever client it came by. The client holds the lock of the
//! item: if its caller is killed, the next one waits for its end and takes what it fetched.

use super::cache::{io_error, is_refusal};
use super::staging::{Staging, files_in};
use super::{Client, Package, digest};
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
    /// The client of the hub of models, and its former name, tried in this order.
    pub hub: Vec<PathBuf>,
}

impl Default for Clients {
    fn default() -> Clients {
        let (python, npm) = if cfg!(windows) { ("python", "npm.cmd") } else { ("python3", "npm") };
        Clients {
            python: python.into(),
            npm: npm.into(),
            apt_get: "apt-get".into(),
            dpkg_deb: "dpkg-deb".into(),
            hub: vec!["hf".into(), "huggingface-cli".into()],
        }
    }
}

/// How often a running client is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What a client may put on the disk beside the archive (copies, tools to build it).
const SLACK: u64 = 256 << 20;

/// Bytes of a client's last words that are told.
const WORDS: u64 = 4096;

/// Fetches the archive of `package`, if it is not there already; the file has the right hash. `watch` is told the bytes
/// there so far, and says whether to go on.
pub(super) fn fetch(
    package: &Package,
    staging: &Staging,
    clients: &Clients,
    lock: &File,
    watch: &mut dyn FnMut(u64) -> bool,
) -> Result<PathBuf> {
    if let Some(archive) = staging.finished(package)? {
        return Ok(archive);
    }
    let goes_on = package.client == Client::Apt;
    if !goes_on {
        staging.forget()?;
    }
    let (program, arguments) = arguments(package, staging, clients)?;
    let run = Run {
        program,
        client: package.client.name(),
        arguments,
        least: package.bytes,
        most: 4 * package.bytes + SLACK,
    };
    let fetched = run.run(staging, lock, watch).and_then(|ended| {
        let last = ended.map_err(|found| failed(package, found))?;
        if let Some(archive) = staging.finished(package)? {
            return Ok(archive);
        }
        let Some(other) = files_in(&staging.download())?.pop() else {
            return Err(failed(package, format!("it fetched nothing: {last}")));
        };
        let found = digest::of_file(&other).map_err(|e| io_error(&other, e))?;
        staging.forget()?;
        Err(Error::Checksum {
            path: other.file_name().map(PathBuf::from).unwrap_or(other),
            expected: package.sha256.to_owned(),
            found: found.sha256,
            mend: "the registry gave another file; nothing was kept: check where the client fetches from"
                .into(),
        })
    });
    if fetched.is_err() && !goes_on {
        staging.forget()?;
    }
    fetched
}

/// One run of a client.
pub(super) struct Run<'a> {
    pub(super) program: &'a Path,
    pub(super) client: &'static str,
    pub(super) arguments: Vec<OsString>,
    /// Bytes that it has to put on the disk, and that it may.
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Run<'_> {
    /// Runs it in the download folder. Its last words, or how it failed.
    pub(super) fn run(
        self,
        staging: &Staging,
        lock: &File,
        watch: &mut dyn FnMut(u64) -> bool,
    ) -> Result<std::result::Result<String, String>> {
        let log = staging.folder().join("log");
        let words = File::create(&log).map_err(|e| io_error(&log, e))?;
        let copy = words.try_clone().map_err(|e| io_error(&log, e))?;
        // An empty file to read, and with it the lock for as long as the client lives.
        let held = lock.try_clone().map_err(|e| io_error(staging.folder(), e))?;
        let mut command = Command::new(self.program);
        command.args(&self.arguments).current_dir(staging.download());
        command.env("TMPDIR", staging.temporary()).env("PIP_RESUME_RETRIES", "10");
        command.stdin(Stdio::from(held)).stdout(words).stderr(copy);
        let mut child = command.spawn().map_err(|e| not_started(self.program, self.client, e))?;
        let status = attend(&mut child, staging.folder(), self.most, watch);
        if status.is_err() {
            // It may have ended by itself; it must not outlive this call.
            let _ = child.kill();
            let _ = child.wait();
        }
        let status = status?;
        let last = last_words(&log);
        if status.success() {
            return Ok(Ok(last));
        }
        if last.contains("No module named pip") {
            return Err(missing(self.program, self.client));
        }
        if let Some((_, kind)) = REFUSALS.iter().find(|(words, _)| last.contains(words)) {
            return Err(io_error(staging.folder(), (*kind).into()));
        }
        // Where the log is on the same disk, the client could not say why.
        if let Err(e) = room(&staging.temporary(), self.least)
            && is_refusal(e.kind())
        {
            return Err(io_error(staging.folder(), e));
        }
        Ok(Err(format!("{status}: {last}")))
    }
}

/// Whether the disk takes so many bytes.
fn room(folder: &Path, bytes: u64) -> io::Result<()> {
    let path = folder.join("room");
    let written = io::copy(&mut io::repeat(0).take(bytes), &mut File::create(&path)?);
    fs::remove_file(&path)?;
    written.map(drop)
}

/// How clients say that the disk takes no more.
const REFUSALS: [(&str, io::ErrorKind); 3] = [
    ("No space left on device", io::ErrorKind::StorageFull),
    ("ENOSPC", io::ErrorKind::StorageFull),
    ("Disk quota exceeded", io::ErrorKind::QuotaExceeded),
];

fn arguments<'a>(
    package: &Package,
    staging: &Staging,
    clients: &'a Clients,
) -> Result<(&'a Path, Vec<OsString>)> {
    let mut list: Vec<OsString> = Vec::new();
    let mut add = |arguments: &[&str]| list.extend(arguments.iter().map(OsString::from));
    Ok(match package.client {
        Client::Pip => {
            let wanted = staging.folder().join("wanted.txt");
            let line = format!("{}=={} --hash=sha256:{}\n", package.name, package.version, package.sha256);
            fs::write(&wanted, line).map_err(|e| io_error(&wanted, e))?;
            add(&["-m", "pip", "download", "--no-deps", "--require-hashes", "--ignore-requires-python"]);
            add(&["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]);
            if let Some(platform) = package.platform {
                add(&["--platform", platform]);
            }
            list.extend(["-d".into(), staging.download().into(), "-r".into(), wanted.into()]);
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
        "hf" => {
            let mend = "install it with `pip install -U huggingface_hub`; or fetch the files by hand into a folder and \
                        name that instead, `weights: FOLDER`";
            return Error::ClientMissing { program: program.to_owned(), client, mend: mend.into() };
        }
        _ => "use Debian, or a system made from it",
    };
    Error::ClientMissing {
        program: program.to_owned(),
        client,
        mend: format!("{install}; or fetch the file elsewhere and give it with --from"),
    }
}
