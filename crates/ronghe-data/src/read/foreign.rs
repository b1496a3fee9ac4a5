//! Formats that are known but not read: what they are and how to convert them.

use super::{bytes, packed};
use crate::{Error, Result};
use std::path::Path;

/// A format that is not read.
struct Foreign {
    name: &'static str,
    endings: &'static [&'static str],
    /// What its files begin with, if that tells.
    magic: Option<&'static [u8]>,
    mend: &'static str,
}

static FOREIGN: &[Foreign] = &[
    Foreign {
        name: "ORC",
        endings: &["orc"],
        magic: Some(b"ORC"),
        mend: "convert it: `pyarrow.orc.read_table(...)`, then `pyarrow.parquet.write_table`",
    },
    Foreign {
        name: "Avro",
        endings: &["avro"],
        magic: Some(b"Obj\x01"),
        mend: "convert it to Parquet, such as with DuckDB: `COPY (FROM read_avro('in.avro')) TO 'out.parquet'`",
    },
    Foreign {
        name: "a SQLite database",
        endings: &["sqlite", "sqlite3", "db", "db3"],
        magic: Some(b"SQLite format 3\0"),
        mend: "export the table: `sqlite3 -header -csv FILE 'select * from TABLE' > table.csv`",
    },
    Foreign {
        name: "a DuckDB database",
        endings: &["duckdb"],
        magic: None,
        mend: "export the table: `COPY TABLE_NAME TO 'table.parquet'`",
    },
    Foreign {
        name: "HDF5",
        endings: &["h5", "hdf5", "hdf"],
        magic: Some(b"\x89HDF\r\n\x1a\n"),
        mend: "convert it with pandas (`read_hdf`) or h5py, and write Parquet or .npz",
    },
    Foreign {
        name: "MATLAB",
        endings: &["mat"],
        magic: Some(b"MATLAB 5.0 MAT-file"),
        mend: "convert it: `scipy.io.loadmat(...)`, then `numpy.savez('table.npz', x=..., y=...)`; or `writetable` in MATLAB",
    },
    Foreign {
        name: "Stata",
        endings: &["dta"],
        magic: Some(b"<stata_dta>"),
        mend: "convert it: `pandas.read_stata(...).to_parquet('table.parquet')`",
    },
    Foreign {
        name: "SPSS",
        endings: &["sav", "zsav", "por"],
        magic: Some(b"$FL"),
        mend: "convert it: `pandas.read_spss(...).to_parquet('table.parquet')`",
    },
    Foreign {
        name: "SAS",
        endings: &["sas7bdat", "xpt"],
        magic: None,
        mend: "convert it: `pandas.read_sas(...).to_parquet('table.parquet')`",
    },
    Foreign {
        name: "an R data file",
        endings: &["rds", "rdata", "rda"],
        magic: None,
        mend: "write it from R: `write.csv(table, 'table.csv', row.names = FALSE)`",
    },
    Foreign {
        name: "a Python pickle",
        endings: &["pkl", "pickle", "joblib"],
        magic: None,
        mend: "pickles can run programs and are not read as tables: load it in Python and write Parquet, CSV or .npz",
    },
    Foreign {
        name: "TFRecord",
        endings: &["tfrecord", "tfrecords"],
        magic: None,
        mend: "convert it with TensorFlow, or download the set as Parquet (`datasets`); WebDataset archives are read, too",
    },
    Foreign {
        name: "ARFF",
        endings: &["arff"],
        magic: None,
        mend: "convert it: `scipy.io.arff.loadarff`, or write CSV from Weka",
    },
    Foreign {
        name: "libsvm (LABEL INDEX:VALUE ...)",
        endings: &["libsvm", "svmlight", "svm"],
        magic: None,
        mend: "convert it: `sklearn.datasets.load_svmlight_file(...)`, then write CSV or .npz",
    },
    Foreign {
        name: "a 7z archive",
        endings: &["7z"],
        magic: Some(b"7z\xbc\xaf\x27\x1c"),
        mend: "unpack it, and give the file or folder in it",
    },
    Foreign {
        name: "a RAR archive",
        endings: &["rar"],
        magic: Some(b"Rar!\x1a\x07"),
        mend: "unpack it, and give the file or folder in it",
    },
];

/// Bytes looked at.
const LOOK: u64 = 4096;

/// The error for a file of a known format that is not read; nothing for others.
pub(super) fn refuse(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let head = bytes::head(path, LOOK)?;
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let ending = packed::unpacked_name(&name).rsplit_once('.').map_or("", |(_, e)| e);
    let by_content =
        |f: &&Foreign| f.magic.is_some_and(|m| head.starts_with(m)) || sniffed(&head) == Some(f.name);
    let by_name = |f: &&Foreign| f.endings.contains(&ending);
    let found = FOREIGN.iter().find(by_content).or_else(|| FOREIGN.iter().find(by_name));
    match found {
        Some(foreign) => {
            Err(Error::file(path, "a table of a format that is read here", foreign.name, foreign.mend))
        }
        None => Ok(()),
    }
}

/// What the first bytes are of formats that no fixed bytes begin.
fn sniffed(head: &[u8]) -> Option<&'static str> {
    if head.get(8..12) == Some(b"DUCK") {
        return Some("a DuckDB database");
    }
    // A pickle of protocol 2 to 5; from 4 on with its first frame.
    if matches!(head, [0x80, 2..=3, b'c' | b'(' | b'}' | b']', ..] | [0x80, 4..=5, 0x95, ..]) {
        return Some("a Python pickle");
    }
    if is_record(head) {
        return Some("TFRecord");
    }
    let text = std::str::from_utf8(head).or_else(|e| std::str::from_utf8(&head[..e.valid_up_to()])).ok()?;
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let arff = lines.clone().find(|l| !l.starts_with('%'));
    if arff.is_some_and(|l| l.get(..9).is_some_and(|l| l.eq_ignore_ascii_case("@relation"))) {
        return Some("ARFF");
    }
    let rows: Vec<&str> = lines.by_ref().take(5).collect();
    // The last line may be cut off.
    let rows = if rows.len() > 1 { &rows[..rows.len() - 1] } else { &rows[..] };
    (!rows.is_empty() && rows.iter().all(|l| is_sparse(l))).then_some("libsvm (LABEL INDEX:VALUE ...)")
}

/// A record: length (64 bits), its checksum, then a message whose first field is a group of features.
fn is_record(head: &[u8]) -> bool {
    let Some(Ok(length)) = head.get(..8).map(<[u8; 8]>::try_from) else { return false };
    let length = u64::from_le_bytes(length);
    (4..1 << 32).contains(&length)
        && head.get(12) == Some(&0x0a)
        && head.get(13).is_some_and(|&b| u64::from(b & 0x7f) < length)
        && head.get(..12).is_some_and(|h| h[4..8] == [0; 4])
        && !head[..8].iter().all(u8::is_ascii_graphic)
}

/// `1 3:0.5 7:1`: a label, then numbers with growing indices.
fn is_sparse(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    let label = words.next().is_some_and(|l| l.split(',').all(|l| l.parse::<f64>().is_ok()));
    let mut last = None;
    let mut pairs = 0;
    for word in words {
        let Some((index, value)) = word.split_once(':') else { return false };
        let Ok(index) = index.parse::<u64>() else { return false };
        if value.parse::<f64>().is_err() || last.is_some_and(|l| l >= index) {
            return false;
        }
        (last, pairs) = (Some(index), pairs + 1);
    }
    label && pairs > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_no_fixed_bytes_begin() {
        assert_eq!(sniffed(b"% a comment\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n"), Some("ARFF"));
        assert_eq!(sniffed(b"1 1:0.5 3:2\n-1 2:1e-3 # note\n+1 1:"), Some("libsvm (LABEL INDEX:VALUE ...)"));
        assert_eq!(sniffed(b"\x80\x04\x95\x10\0\0\0\0\0\0\0"), Some("a Python pickle"));
        for text in ["time value\n1 12:30\n2 13:40\n", "a,b\n1,2\n", "", "图片,标签\n", "1 2 3\n4 5 6\n"]
        {
            assert_eq!(sniffed(text.as_bytes()), None, "{text}");
        }
    }
}
