//! What other libraries report, in plain words: the system's refusals, and what a parser found.

use std::io::{Error, ErrorKind};

/// Why reading or writing failed.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// let full: Error = ErrorKind::StorageFull.into();
/// assert_eq!(ronghe_data::plain::io(&full), "the disk is full: free some space, or choose another place");
/// ```
pub fn io(error: &Error) -> String {
    let known = match error.kind() {
        ErrorKind::NotFound => "No such file or folder",
        ErrorKind::PermissionDenied => "permission denied: change the permissions, or choose another place",
        ErrorKind::AlreadyExists => "there is something of that name already",
        ErrorKind::IsADirectory => "it is a folder, not a file",
        ErrorKind::NotADirectory => "a part of the path is a file, not a folder",
        ErrorKind::DirectoryNotEmpty => "the folder is not empty",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read: choose another place",
        ErrorKind::StorageFull => "the disk is full: free some space, or choose another place",
        ErrorKind::QuotaExceeded => {
            "the quota of the disk is used up: free some space, or choose another place"
        }
        ErrorKind::FileTooLarge => "the file is larger than the system allows",
        ErrorKind::InvalidFilename => "the name is too long, or not one that the system takes",
        ErrorKind::TooManyLinks => "too many links",
        ErrorKind::CrossesDevices => "it lies on another disk",
        ErrorKind::BrokenPipe => "the program that reads it has ended",
        ErrorKind::TimedOut => "no answer in time",
        ErrorKind::ConnectionRefused => "the connection was refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "the connection was broken off",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            "the network cannot be reached"
        }
        ErrorKind::AddrInUse => "the address is in use",
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy | ErrorKind::WouldBlock => {
            "it is in use by another program"
        }
        ErrorKind::Deadlock => "another program holds the lock",
        ErrorKind::OutOfMemory => "there is not enough memory",
        ErrorKind::Interrupted => "interrupted",
        ErrorKind::UnexpectedEof => "the file ends too early",
        _ => return without_numbers(&error.to_string()),
    };
    // A message of a library says more than its kind; that of the system says the same with a number.
    match error.get_ref() {
        Some(own) => without_numbers(&own.to_string()),
        None => known.to_owned(),
    }
}

/// The text without the system's numbers for refusals.
pub fn without_numbers(text: &str) -> String {
    const MARK: &str = " (os error ";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        let Some((number, after)) = after.split_once(')') else { break };
        out.push_str(before);
        rest = after;
        // Those that the standard library has no kind for, and whose own words are the system's.
        let known = match number.parse() {
            Ok(40) if cfg!(target_os = "linux") => "too many links, or links in a circle",
            Ok(23 | 24) if cfg!(unix) => {
                "too many files are open: close some, or raise the limit (`ulimit -n`)"
            }
            Ok(5) if cfg!(unix) => "the disk does not answer as it should",
            _ => continue,
        };
        let start = out.rfind(": ").map_or(0, |at| at + 2);
        out.truncate(start);
        out.push_str(known);
    }
    out.push_str(rest);
    out
}

/// Why a text is not the JSON that was expected.
pub fn json(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let place = match (error.line(), error.column()) {
        (0, _) => String::new(),
        (line, column) => format!(" in line {line}, column {column}"),
    };
    match error.classify() {
        Category::Io => "a file that cannot be read".into(),
        Category::Eof => format!("JSON that ends too early{place}"),
        Category::Syntax => format!("something that is no JSON{place}"),
        Category::Data => {
            let text = error.to_string();
            let text = text.split(" at line ").next().unwrap_or(&text);
            let (found, expected) = mismatch(text);
            match expected {
                Some(expected) => format!("{found} in place of {expected}{place}"),
                None => format!("{found}{place}"),
            }
        }
    }
}

/// What a value is and what it should be, from the words of a deserialiser: `invalid type: boolean `true`, expected a string`.
pub fn mismatch(message: &str) -> (String, Option<String>) {
    let (found, expected) = match message.split_once(", expected ") {
        Some((found, expected)) => (found, Some(wanted(expected))),
        None => (message, None),
    };
    let found =
        found.strip_prefix("invalid type: ").or(found.strip_prefix("invalid value: ")).unwrap_or(found);
    let is = |prefix: &str| found.strip_prefix(prefix);
    let plain = if let Some(text) = is("string \"").and_then(|t| t.strip_suffix('"')) {
        format!("`{text}`")
    } else if let Some(value) = is("boolean ").or(is("integer ")).or(is("floating point ")) {
        value.to_owned()
    } else if let Some(name) = is("unknown field ") {
        format!("the unknown name {name}")
    } else if let Some(name) = is("unknown variant ") {
        name.to_owned()
    } else if let Some(name) = is("missing field ") {
        format!("no {name}")
    } else if let Some(name) = is("duplicate field ") {
        format!("{name} twice")
    } else if let Some(length) = is("invalid length ") {
        format!("{length} values")
    } else if found.starts_with("data did not match any variant") {
        return ("something else".into(), Some("a name, or a mapping with `type`".into()));
    } else {
        match found {
            "null" | "unit value" | "Option value" => "nothing".into(),
            "sequence" => "a list".into(),
            "map" => "a mapping".into(),
            other => other.to_owned(),
        }
    };
    (plain, expected)
}

/// What was wanted, without the names of types.
fn wanted(expected: &str) -> String {
    match expected {
        "usize" | "u8" | "u16" | "u32" | "u64" => "a whole number from 0".into(),
        "isize" | "i8" | "i16" | "i32" | "i64" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "a string" | "string" | "string or map" => "a name".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        "a map" | "map" => "a mapping of settings".into(),
        other if other.starts_with("struct ") => "a mapping of settings".into(),
        other if other.starts_with("internally tagged enum") => "a mapping with `type`".into(),
        other if other.starts_with("variant of ") || other.starts_with("enum ") => "a name".into(),
        other => other.trim_start_matches("one of ").replace('`', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_system_have_no_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let missing = std::fs::read(folder.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("os error"));
        assert_eq!(io(&missing), "No such file or folder");
        assert_eq!(io(&Error::from_raw_os_error(123_456)).find("os error"), None);
        assert_eq!(
            without_numbers("a: No such file (os error 2), b: Bad address (os error 14); c"),
            "a: No such file, b: Bad address; c"
        );
        assert_eq!(io(&Error::other("a zip entry is damaged")), "a zip entry is damaged");
        assert_eq!(io(&ErrorKind::BrokenPipe.into()), "the program that reads it has ended");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn refusals_of_linux() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(io(&std::fs::read(folder.path()).unwrap_err()), "it is a folder, not a file");
        let link = folder.path().join("loop");
        std::os::unix::fs::symlink(&link, &link).unwrap();
        assert_eq!(io(&std::fs::read(&link).unwrap_err()), "too many links, or links in a circle");
        let full = std::fs::write("/dev/full", [0; 1 << 16]).unwrap_err();
        assert_eq!(io(&full), "the disk is full: free some space, or choose another place");
        let under = folder.path().join("file");
        std::fs::write(&under, "x").unwrap();
        let error = std::fs::read(under.join("more")).unwrap_err();
        assert_eq!(io(&error), "a part of the path is a file, not a folder");
    }

    #[test]
    fn words_of_a_parser_are_translated() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Row {
            #[allow(dead_code)]
            name: String,
        }
        let said = |text: &str| json(&serde_json::from_str::<Row>(text).unwrap_err());
        assert_eq!(said("{\"name\": true}"), "`true` in place of a name in line 1, column 13");
        assert_eq!(said("{\"name\": 5}"), "`5` in place of a name in line 1, column 10");
        assert_eq!(said("{}"), "no `name` in line 1, column 2");
        assert_eq!(said("{\"nam\": 1}"), "the unknown name `nam` in place of name in line 1, column 6");
        assert_eq!(said("{\"name\": "), "JSON that ends too early in line 1, column 9");
        assert_eq!(said("名字"), "something that is no JSON in line 1, column 1");
        let says = |message: &str| mismatch(message);
        assert_eq!(
            says("invalid type: string \"many\", expected usize"),
            ("`many`".into(), Some("a whole number from 0".into()))
        );
        assert_eq!(
            says("unknown variant `sgdd`, expected one of `adam`, `sgd`"),
            ("`sgdd`".into(), Some("adam, sgd".into()))
        );
        assert_eq!(says("invalid type: map, expected a string"), ("a mapping".into(), Some("a name".into())));
    }
}
