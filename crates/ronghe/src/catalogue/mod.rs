//! stand-in until the catalogue is merged
use std::path::{Path, PathBuf};
pub struct Cache(PathBuf);
impl Cache {
    pub fn open(folder: &Path) -> Cache {
        Cache(folder.to_owned())
    }
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let p = self.0.join(name);
        p.exists().then_some(p)
    }
    pub fn find(&self, name: &str) -> crate::Result<PathBuf> {
        self.path(name).ok_or_else(|| crate::Error::WeightsNeeded {
            encoder: String::new(),
            weights: name.into(),
            mend: format!("run `ronghe pull {name}`"),
        })
    }
}
