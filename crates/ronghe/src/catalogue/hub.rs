//! Repositories of a hub of models, `hub:OWNER/NAME[@REVISION]`, by the hub's own client.
//!
//! ```text
//! hf download OWNER/NAME --include '*.json', '*.safetensors', 'README.md'; 'pytorch_model.bin' if there are none
//!     -> CACHE/hub/OWNER--NAME/: weights, config.json, tokenizer.json, preprocessor_config.json, README.md
//! ```
//! Nothing pins such files: the first pull writes down their hashes, and [`Cache::verify`] holds them against those. The
//! licence is what the repository says of itself. The client is tested here only by a script that stands for it.

use super::cache::{Cache, are_whole, io_error, marked, settle};
use super::client::{Clients, Run};
use super::collect::Kept;
use super::digest;
use super::pull::{Progress, Step};
use super::staging::{Staging, files_in};
use crate::{Error, Result};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

const PREFIX: &str = "hub:";
/// Files that are kept beside the weights.
const KEPT: [&str; 4] = ["README.md", "config.json", "preprocessor_config.json", "tokenizer.json"];
const BIN: &str = "pytorch_model.bin";
/// Bytes of a repository, with what the client keeps beside.
const MOST: u64 = 16 << 30;
/// Weight files of a repository.
const MOST_FILES: usize = 256;
/// Bytes of a description that are read.
const TEXT: u64 = 16 << 20;

/// A repository by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    owner: String,
    name: String,
    /// Branch, tag or commit; the usual one if `None`.
    revision: Option<String>,
}

/// A repository that is in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name as [`super::pull`] takes it, with the revision that was asked for.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Licence, as the repository states it.
    pub licence: String,
    /// Bytes of its files.
    pub bytes: u64,
}

impl Repository {
    /// The repository that `name` means; `None` if it does not begin with `hub:`.
    pub fn parse(name: &str) -> Option<Result<Repository>> {
        let rest = name.strip_prefix(PREFIX)?;
        let (path, revision) = match rest.split_once('@') {
            Some((path, revision)) => (path, Some(revision)),
            None => (rest, None),
        };
        let plain = |text: &str, more: &[char]| {
            let known =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') || more.contains(&c);
            (1..=96).contains(&text.len()) && text.chars().all(known) && !text.starts_with(['-', '.', '/'])
        };
        // A hub allows neither in names, so that a folder stands for one repository.
        let part = |text: &str| plain(text, &[]) && !text.contains("--") && !text.contains("..");
        let sound = match path.split_once('/') {
            Some((owner, name)) => part(owner) && part(name) && revision.is_none_or(|r| plain(r, &['/'])),
            None => false,
        };
        let (true, Some((owner, own))) = (sound, path.split_once('/')) else {
            return Some(Err(Error::Setting {
                place: "hub".into(),
                setting: name.to_owned(),
                expected: "hub:OWNER/NAME or hub:OWNER/NAME@REVISION, of letters, digits and - _ .".into(),
                found: rest.to_owned(),
            }));
        };
        let revision = revision.map(str::to_owned);
        Some(Ok(Repository { owner: owner.to_owned(), name: own.to_owned(), revision }))
    }

    fn folder(&self) -> String {
        format!("{}--{}", self.owner, self.name)
    }

    fn shown(&self) -> String {
        let revision = self.revision.as_ref().map(|r| format!("@{r}")).unwrap_or_default();
        format!("{PREFIX}{}/{}{revision}", self.owner, self.name)
    }
}

impl Cache {
    pub(super) fn repository_folder(&self, repository: &Repository) -> PathBuf {
        self.folder().join("hub").join(repository.folder())
    }

    /// What is here of a repository, if it is whole and of the revision asked for.
    pub fn repository(&self, repository: &Repository) -> Option<Held> {
        let held = held(&self.repository_folder(repository))?;
        let found = Repository::parse(&held.name)?.ok()?;
        let same = found.owner == repository.owner && found.name == repository.name;
        let wanted = repository.revision.is_none() || repository.revision == found.revision;
        (same && wanted).then_some(held)
    }

    /// All repositories that are here as a whole, by name.
    pub fn repositories(&self) -> Vec<Held> {
        let Ok(entries) = fs::read_dir(self.folder().join("hub")) else { return Vec::new() };
        let mut all: Vec<Held> = entries.filter_map(io::Result::ok).filter_map(|e| held(&e.path())).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}

fn held(folder: &Path) -> Option<Held> {
    let (header, files) = marked(folder)?;
    let (name, licence) = header.split_once(' ')?;
    let bytes = files.iter().map(|f| f.digest.bytes).sum();
    let (name, licence) = (name.to_owned(), licence.to_owned());
    are_whole(folder, &files).then(|| Held { name, folder: folder.to_owned(), licence, bytes })
}

/// Fetches a repository unless it is here in the revision asked for.
pub(super) fn pull(
    repository: &Repository,
    cache: &Cache,
    clients: &Clients,
    progress: &mut dyn Progress,
) -> Result<PathBuf> {
    if let Some(held) = cache.repository(repository) {
        return Ok(held.folder);
    }
    let shown = repository.shown();
    let slot = format!("hub.{}", repository.folder());
    let mut bring = || {
        let lock = cache.lock(&slot, &mut || {
            progress.step(&shown, Step::Waiting);
        })?;
        if let Some(held) = cache.repository(repository) {
            return Ok(held.folder);
        }
        cache.staged(&slot, |staging| {
            let (staged, last) = (&staging, String::new());
            let mut job = Job {
                repository,
                clients,
                staging: staged,
                lock: &lock,
                progress: &mut *progress,
                shown: &shown,
                last,
            };
            let fetched = job.fetch();
            if let Err(Error::ClientMissing { .. }) = fetched {
                staging.forget()?;
            }
            let weights = fetched?;
            if !progress.step(&shown, Step::Unpacking) {
                return Err(Error::Stopped);
            }
            let kept = keep(&staging, &weights)?;
            let licence = licence(&staging.files());
            let folder = cache.repository_folder(repository);
            settle(&folder, staging, &format!("{shown} {licence}"), &kept)?;
            Ok(folder)
        })
    };
    bring().map_err(|e| cache.explain(&shown, None, e))
}

struct Job<'a> {
    repository: &'a Repository,
    clients: &'a Clients,
    staging: &'a Staging,
    lock: &'a File,
    progress: &'a mut dyn Progress,
    shown: &'a str,
    /// The client's last words.
    last: String,
}

impl Job<'_> {
    /// Fetches what there is; names of the weight files. One pattern a run: the client's versions differ in how they take
    /// several.
    fn fetch(&mut self) -> Result<Vec<String>> {
        let download = self.staging.download();
        if fs::read_to_string(download.join(REVISION)).ok().as_deref() != Some(self.shown) {
            // Half of another revision would be taken for half of this one.
            self.staging.forget()?;
            let marker = download.join(REVISION);
            fs::write(&marker, self.shown).map_err(|e| io_error(&marker, e))?;
        }
        for pattern in ["*.json", "README.md", "*.safetensors"] {
            self.run(pattern)?;
        }
        let names = |wanted: &dyn Fn(&str) -> bool| -> Result<Vec<String>> {
            let files = files_in(&download)?;
            let names = files.iter().filter_map(|p| Some(p.file_name()?.to_str()?.to_owned()));
            Ok(names.filter(|name| wanted(name)).collect())
        };
        let mut weights = names(&|name| name.ends_with(".safetensors"))?;
        if weights.is_empty() {
            self.run(BIN)?;
            weights = names(&|name| name == BIN)?;
        }
        if weights.is_empty() || weights.len() > MOST_FILES {
            return Err(self.failed(format!(
                "expected up to {MOST_FILES} .safetensors files or {BIN}, found {}: {}",
                weights.len(),
                self.last
            )));
        }
        // Without a network the client is content with what there is.
        if let Some(missing) = missing_part(&download, &weights) {
            return Err(self.failed(format!("it did not bring `{missing}`: {}", self.last)));
        }
        Ok(weights)
    }

    fn run(&mut self, pattern: &str) -> Result<()> {
        let mut missing = None;
        for program in &self.clients.hub {
            let Repository { owner, name, revision } = self.repository;
            let mut arguments: Vec<std::ffi::OsString> =
                vec!["download".into(), format!("{owner}/{name}").into()];
            if let Some(revision) = revision {
                arguments.extend(["--revision".into(), revision.into()]);
            }
            for (option, value) in [("--include", pattern), ("--exclude", "*/*")] {
                arguments.extend([option.into(), value.into()]);
            }
            arguments.extend(["--local-dir".into(), self.staging.download().into()]);
            let run = Run { program, client: "hf", arguments, least: 0, most: MOST };
            let (progress, shown) = (&mut *self.progress, self.shown);
            let mut watch = |done| progress.step(shown, Step::Fetching { done, total: 0 });
            match run.run(self.staging, self.lock, &mut watch) {
                Err(e @ Error::ClientMissing { .. }) => missing = missing.or(Some(e)),
                Err(e) => return Err(e),
                Ok(Err(found)) => return Err(self.failed(found)),
                Ok(Ok(last)) => {
                    self.last = last;
                    return Ok(());
                }
            }
        }
        Err(missing.unwrap_or_else(|| self.failed("no client is named".into())))
    }

    fn failed(&self, found: String) -> Error {
        Error::Fetch {
            package: self.shown.to_owned(),
            client: "hf",
            found,
            mend: "check the name, the network and the client's own settings (`hf auth login`, mirror, proxy), or fetch \
                   the files by hand into a folder and name that instead, `weights: FOLDER`"
                .into(),
        }
    }
}

/// In the download folder: what the half-finished work there is of.
const REVISION: &str = ".ronghe-revision";

/// A file that the list of a network in several files names and that is not here.
fn missing_part(folder: &Path, weights: &[String]) -> Option<String> {
    let text = read_text(&folder.join("model.safetensors.index.json"))?;
    let index: Value = serde_json::from_str(&text).ok()?;
    let named = index.get("weight_map")?.as_object()?.values().filter_map(Value::as_str);
    named.into_iter().find(|name| !weights.iter().any(|w| w == name)).map(str::to_owned)
}

/// The beginning of a text file.
fn read_text(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(TEXT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Moves the wanted files, hashed before the first is moved, so that a stop leaves all or almost none to fetch again.
fn keep(staging: &Staging, weights: &[String]) -> Result<Vec<Kept>> {
    let download = staging.download();
    let beside = KEPT.iter().map(|name| (*name).to_owned()).filter(|name| download.join(name).is_file());
    let mut kept = Vec::new();
    for path in beside.chain(weights.iter().cloned()) {
        let file = download.join(&path);
        kept.push(Kept { digest: digest::of_file(&file).map_err(|e| io_error(&file, e))?, path });
    }
    for Kept { path, .. } in &kept {
        let file = download.join(path);
        fs::rename(&file, staging.files().join(path)).map_err(|e| io_error(&file, e))?;
    }
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(kept)
}

/// The licence that README.md states between its first two lines of `---`, or config.json; else `not stated`.
fn licence(folder: &Path) -> String {
    let text = |name: &str| read_text(&folder.join(name));
    let config = || {
        let config: Value = serde_json::from_str(&text("config.json")?).ok()?;
        Some(config.get("license")?.as_str()?.to_owned())
    };
    let found = text("README.md").and_then(|text| from_front_matter(&text)).or_else(config);
    let found = found.map(|found| found.chars().filter(|c| !c.is_control()).take(80).collect::<String>());
    found.filter(|found| !found.trim().is_empty()).unwrap_or_else(|| "not stated".into())
}

fn from_front_matter(text: &str) -> Option<String> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    if lines.next()?.trim() != "---" {
        return None;
    }
    let lines: Vec<&str> = lines.take_while(|line| line.trim() != "---").collect();
    let plain = |value: &str| value.trim().trim_matches(['"', '\'']).to_owned();
    let field = |name: &str| {
        let at = lines
            .iter()
            .position(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))?;
        let value = plain(&lines[at][name.len() + 1..]);
        // One licence a line, as a list.
        let next = lines.get(at + 1).and_then(|line| line.trim_start().strip_prefix("- ")).map(plain);
        Some(if value.is_empty() { next? } else { value })
    };
    let licence = field("license")?;
    match (licence.as_str(), field("license_name")) {
        ("other", Some(name)) => Some(name),
        _ => Some(licence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_odd_ones_refused() {
        let parsed = Repository::parse("hub:facebook/dino-vits16@v1.0").map(|r| r.map_err(|e| e.to_string()));
        let Some(Ok(found)) = parsed else { panic!("{parsed:?}") };
        assert_eq!(
            (found.folder().as_str(), found.revision.as_deref()),
            ("facebook--dino-vits16", Some("v1.0"))
        );
        assert_eq!(found.shown(), "hub:facebook/dino-vits16@v1.0");
        assert!(Repository::parse("minilm").is_none());
        for odd in [
            "", "a", "a/b/c", "a/", "/b", "../b", "a/..", "a--b/c", "-a/b", "a/b@", "a/b@-x", "a/b c",
            "a/b@x y",
        ] {
            let refused = Repository::parse(&format!("hub:{odd}")).map(|r| r.map_err(|e| e.to_string()));
            assert!(matches!(&refused, Some(Err(m)) if m.contains("hub:OWNER/NAME")), "{odd}: {refused:?}");
        }
    }

    #[test]
    fn the_licence_is_what_the_readme_says() {
        let found = |text: &str| from_front_matter(text);
        assert_eq!(
            found("---\ntags:\n- x\nlicense: apache-2.0\n---\nlicense: mit").as_deref(),
            Some("apache-2.0")
        );
        assert_eq!(found("---\nlicense:\n- mit\n- x\n---").as_deref(), Some("mit"));
        assert_eq!(
            found("---\nlicense: other\nlicense_name: \"own-terms\"\n---").as_deref(),
            Some("own-terms")
        );
        assert_eq!(found("---\nlicense_link: x\n---\nlicense: mit"), None);
        assert_eq!(found("# A model\nlicense: mit"), None);
    }

    /// A script that stands for the client: each file of `source` that the pattern fits goes to the folder, and what it
    /// was asked is written down.
    #[cfg(unix)]
    fn client(home: &Path) -> Clients {
        use std::os::unix::fs::PermissionsExt;
        let script = format!(
            "#!/bin/sh\ntest \"$1\" = download || exit 9\necho \"$@\" >> '{0}/asked'\nfor last; do :; done\n\
             while [ \"$1\" != --include ]; do shift; done\ncd '{0}/source' || exit 8\n\
             for f in $2; do test -f \"$f\" && cp \"$f\" \"$last/\"; done\nmkdir -p \"$last/.cache\"\nexit 0\n",
            home.display()
        );
        let path = home.join("hf");
        fs::write(&path, script).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
        fs::create_dir_all(home.join("source")).expect("a folder");
        Clients { hub: vec![home.join("absent"), path], ..Clients::default() }
    }

    #[cfg(unix)]
    #[test]
    fn a_repository_is_pulled_once_and_its_hashes_hold() -> Result<()> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let clients = client(home.path());
        let put =
            |name: &str, text: &str| fs::write(home.path().join("source").join(name), text).expect("a file");
        put("README.md", "---\nlicense: mit\n---\n");
        put("config.json", "{}");
        put("vocab.json", "{}");
        put(BIN, "unsafe");
        put("model.safetensors", "weights");
        let name = "hub:some-one/a.net";
        assert!(cache.find(name).unwrap_err().to_string().contains("ronghe pull hub:some-one/a.net"));
        let folder = super::super::pull(name, &cache, &clients, &mut ())?;
        assert_eq!(folder, cache.folder().join("hub/some-one--a.net"));
        let mut names: Vec<String> = fs::read_dir(&folder)
            .expect("a folder")
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, [".verified", "README.md", "config.json", "model.safetensors"]);
        let held = cache.repositories();
        assert_eq!((held.len(), held[0].licence.as_str(), held[0].name.as_str()), (1, "mit", name));
        assert_eq!((cache.path(name), cache.verify(name)?), (Some(folder.clone()), folder.clone()));
        // Once; another revision anew.
        let absent = Clients { hub: vec![home.path().join("absent")], ..Clients::default() };
        super::super::pull(name, &cache, &absent, &mut ())?;
        let message =
            super::super::pull("hub:some-one/a.net@v2", &cache, &absent, &mut ()).unwrap_err().to_string();
        assert!(message.contains("huggingface_hub") && message.contains("weights: FOLDER"), "{message}");
        super::super::pull("hub:some-one/a.net@v2", &cache, &clients, &mut ())?;
        let asked = fs::read_to_string(home.path().join("asked")).expect("what was asked");
        assert!(
            asked.lines().last().is_some_and(|l| l.contains("some-one/a.net --revision v2 --include")),
            "{asked}"
        );
        assert!(!asked.contains(BIN), "{asked}");
        // A changed file of the same size is found by its hash, one of another size at once.
        fs::write(folder.join("model.safetensors"), "Weights").expect("a file");
        let message = cache.verify(name).unwrap_err().to_string();
        assert!(message.contains("sha256") && message.contains("model.safetensors"), "{message}");
        fs::write(folder.join("model.safetensors"), "w").expect("a file");
        assert_eq!(cache.path(name), None);
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn the_older_file_does_and_none_is_an_error() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let clients = client(home.path());
        let message = super::super::pull("hub:a/b", &cache, &clients, &mut ()).unwrap_err().to_string();
        assert!(message.contains("hub:a/b") && message.contains("found 0"), "{message}");
        fs::write(home.path().join("source").join(BIN), "pickle").expect("a file");
        let source = home.path().join("source");
        let index = r#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#;
        fs::write(source.join("model.safetensors.index.json"), index).expect("a file");
        fs::write(source.join("model-1.safetensors"), "x").expect("a file");
        let message = super::super::pull("hub:a/b", &cache, &clients, &mut ()).unwrap_err().to_string();
        assert!(message.contains("did not bring `model-2.safetensors`"), "{message}");
        fs::remove_file(source.join("model.safetensors.index.json")).expect("a file");
        fs::remove_file(source.join("model-1.safetensors")).expect("a file");
        fs::remove_dir_all(cache.folder()).expect("a folder");
        let folder = super::super::pull("hub:a/b", &cache, &clients, &mut ()).expect("a folder");
        assert!(folder.join(BIN).is_file());
        assert_eq!(cache.repositories()[0].licence, "not stated");
    }
}
