//! The samples of a tar archive.

use crate::Result;
use crate::read::tar::{Entry, Tar};
use std::path::Path;

/// The files of one name.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Name with its folders, without endings.
    pub(super) key: String,
    /// Endings, with the contents that were asked for.
    pub(super) files: Vec<(String, Option<Vec<u8>>)>,
}

/// Reads samples one after another.
pub(super) struct Samples {
    tar: Tar,
    /// The first file of the sample to come.
    ahead: Option<Entry>,
    part_bytes: usize,
}

impl Samples {
    pub(super) fn open(path: &Path, part_bytes: usize) -> Result<Samples> {
        let mut tar = Tar::open(path)?;
        let ahead = tar.next_file()?;
        Ok(Samples { tar, ahead, part_bytes })
    }

    /// The next sample, with the contents of the files whose ending is `wanted`.
    pub(super) fn next(&mut self, wanted: &dyn Fn(&str) -> bool) -> Result<Option<Sample>> {
        let mut sample: Option<Sample> = None;
        while let Some(entry) = self.ahead.take() {
            let named = split(&entry.name);
            if let (Some(sample), Some((key, _))) = (&sample, &named)
                && sample.key != *key
            {
                self.ahead = Some(entry);
                break;
            }
            match named {
                Some((key, ending)) => {
                    let content = if wanted(&ending) {
                        Some(self.tar.content(&entry, self.part_bytes)?)
                    } else {
                        self.tar.skip(entry.size)?;
                        None
                    };
                    let sample =
                        sample.get_or_insert_with(|| Sample { key: key.to_owned(), files: Vec::new() });
                    sample.files.push((ending, content));
                }
                None => self.tar.skip(entry.size)?,
            }
            self.ahead = self.tar.next_file()?;
        }
        Ok(sample)
    }
}

/// Name and ending in lower case; `None` for hidden files and those without ending.
fn split(path: &str) -> Option<(&str, String)> {
    let start = path.rfind('/').map_or(0, |i| i + 1);
    let name = &path[start..];
    let point = name.find('.').filter(|&i| i > 0)?;
    let ending = &name[point + 1..];
    (!ending.is_empty())
        .then(|| (path[..start + point].trim_start_matches("./"), ending.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_end_at_the_first_point_after_the_folders() {
        assert_eq!(split("./v1.0/000.SEG.png"), Some(("v1.0/000", "seg.png".into())));
        assert_eq!(split("图1.jpg"), Some(("图1", "jpg".into())));
        assert_eq!(split("a/.hidden"), None);
        assert_eq!(split("a/README"), None);
    }
}
