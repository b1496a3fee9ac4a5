//! Specs of maskers as they are written: `NAME[:SIZE][/FILL]`, a size being numbers with `x` between them.

use super::{MASKERS, MaskerEntry};
use crate::{Error, Result};
use ronghe_data::Modality;

/// Most parts of a cell.
const MOST_PARTS: usize = 4096;

/// How the cells of a column are masked.
#[derive(Clone)]
pub struct MaskSpec {
    /// The masker.
    pub masker: &'static MaskerEntry,
    /// Its numbers.
    pub size: Vec<usize>,
    /// Name of its fill.
    pub fill: &'static str,
}

impl MaskSpec {
    /// Reads a spec for cells of `modality`; `place` says where it stands.
    pub fn parse(text: &str, modality: Modality, place: &str) -> Result<MaskSpec> {
        let (head, fill) = text.split_once('/').map_or((text, None), |(h, f)| (h, Some(f)));
        let (name, size) = head.split_once(':').map_or((head, None), |(n, s)| (n, Some(s)));
        let unknown = |what: &'static str, name: &str, valid: Vec<String>| Error::UnknownName {
            place: place.to_owned(),
            what,
            name: name.to_owned(),
            valid,
        };
        let fitting = || MASKERS.iter().copied().filter(|m| m.modalities.contains(&modality));
        let masker = fitting().find(|m| m.name == name).ok_or_else(|| {
            unknown("masker for this modality", name, fitting().map(|m| m.name.to_owned()).collect())
        })?;
        let fill = match fill {
            None => masker.fills[0].name,
            Some(given) => {
                masker.fills.iter().find(|f| f.name == given).map(|f| f.name).ok_or_else(|| {
                    unknown(
                        "fill of this masker",
                        given,
                        masker.fills.iter().map(|f| f.name.to_owned()).collect(),
                    )
                })?
            }
        };
        let size = match size {
            None => masker.size.iter().map(|(_, default)| *default).collect(),
            Some(given) => numbers(given, masker).ok_or_else(|| Error::Setting {
                place: place.to_owned(),
                setting: format!("size of `{name}`"),
                expected: expected(masker),
                found: format!("`{given}`"),
            })?,
        };
        Ok(MaskSpec { masker, size, fill })
    }

    /// The masker of its own of a modality, `whole` for columns.
    pub fn default_of(modality: Modality) -> MaskSpec {
        let own = MASKERS.iter().skip(1).copied().find(|m| m.modalities.contains(&modality));
        let masker = own.unwrap_or(MASKERS[0]);
        let size = masker.size.iter().map(|(_, default)| *default).collect();
        MaskSpec { masker, size, fill: masker.fills[0].name }
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let numbers: Vec<String> = self.size.iter().map(usize::to_string).collect();
        let size = if numbers.is_empty() { String::new() } else { format!(":{}", numbers.join("x")) };
        format!("{}{size}/{}", self.masker.name, self.fill)
    }
}

fn numbers(given: &str, masker: &MaskerEntry) -> Option<Vec<usize>> {
    let numbers =
        given.split('x').map(|n| n.parse().ok().filter(|&n| n > 0)).collect::<Option<Vec<usize>>>()?;
    let parts = numbers.iter().try_fold(1, |all: usize, &n| all.checked_mul(n))?;
    (numbers.len() == masker.size.len() && parts <= MOST_PARTS).then_some(numbers)
}

fn expected(masker: &MaskerEntry) -> String {
    match masker.size {
        [] => "none".into(),
        size => {
            let names: Vec<&str> = size.iter().map(|(name, _)| *name).collect();
            let usual: Vec<String> = size.iter().map(|(_, default)| default.to_string()).collect();
            format!("{}, such as {} (at most {MOST_PARTS} parts)", names.join(" x "), usual.join("x"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_read_and_written() {
        for modality in Modality::ALL {
            let usual = MaskSpec::default_of(modality).text();
            assert_eq!(MaskSpec::parse(&usual, modality, "here").unwrap().text(), usual);
        }
        let image = |text: &str| MaskSpec::parse(text, Modality::Image, "--mask").map(|s| s.text());
        assert_eq!(image("patches").unwrap(), "patches:7x7/blur");
        assert_eq!(image("patches:4x9/inpaint").unwrap(), "patches:4x9/inpaint");
        assert_eq!(image("whole/missing").unwrap(), "whole/missing");
        let said = |text: &str| image(text).unwrap_err().to_string();
        assert!(said("words").contains("whole, patches, pixels, superpixels"), "{}", said("words"));
        assert!(said("patches/red").contains("blur, mean, background, inpaint"), "{}", said("patches/red"));
        for wrong in ["patches:7", "patches:0x3", "patches:x", "patches:900x900", "pixels:3"] {
            assert!(said(wrong).contains("expected"), "{}", said(wrong));
        }
    }
}
