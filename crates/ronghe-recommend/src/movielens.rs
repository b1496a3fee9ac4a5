//! The forms in which MovieLens comes: `u.data` (tabs, no header), `ratings.dat` and `movies.dat` (`::`), `ratings.csv` and
//! `movies.csv`, `u.item` (windows-1252, `|`, a flag a genre), and tables of any format with a column a genre.

use crate::collect::{Clock, Collector};
use crate::roles::{Assigned, Role};
use crate::source::{Loaded, Source, finish};
use crate::{Error, Interactions, Progress, Result};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The genres of `u.item`, in the order of its flags.
const GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];
const RATINGS: [&str; 4] = ["u.data", "ratings.dat", "ratings.csv", "ratings.parquet"];
const FILMS: [&str; 4] = ["u.item", "movies.dat", "movies.csv", "films.parquet"];
const COLUMNS: [&str; 4] = ["user_id", "item_id", "rating", "timestamp"];

/// How a file of ratings is to be read.
#[derive(Debug)]
pub(crate) struct Form {
    /// The file; that of a folder of MovieLens where the folder was given.
    pub path: PathBuf,
    /// Whether `::` stands between cells.
    pub double_colons: bool,
    /// Names of the columns of a file that names none.
    pub columns: Option<[&'static str; 4]>,
}

/// The form of a file of ratings, from its first line.
pub(crate) fn form(path: &Path) -> Result<Form> {
    let path = within(path, &RATINGS);
    let mut head = Vec::new();
    if path.is_file() {
        let file = File::open(&path).map_err(|e| io(&path, &e))?;
        file.take(4096).read_to_end(&mut head).map_err(|e| io(&path, &e))?;
    }
    let first = head.split(|&b| b == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let whole = |cell: &str| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
    let cells: Vec<&str> = first.trim_end().split('\t').collect();
    Ok(Form {
        path,
        double_colons: first.matches("::").count() == 3,
        columns: (cells.len() == 4 && cells.iter().all(|c| whole(c))).then_some(COLUMNS),
    })
}

/// The first of these files in a folder; else the path itself.
fn within(path: &Path, names: &[&str]) -> PathBuf {
    let inside = |name: &&str| Some(path.join(name)).filter(|p| p.is_file());
    names.iter().find_map(inside).filter(|_| path.is_dir()).unwrap_or_else(|| path.to_owned())
}

fn io(path: &Path, error: &std::io::Error) -> Error {
    Error::input(path.display().to_string(), "a file that can be read", error.to_string(), "check the path")
}

/// A line's text: UTF-8, else windows-1252, whose letters are those of ISO 8859-1.
fn text(line: &[u8]) -> Cow<'_, str> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(line.iter().map(|&b| char::from(b)).collect()),
    }
}

/// Lines of a file, one after another, with their numbers from 1.
fn lines(path: &Path, mut each: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
    let mut file = BufReader::new(File::open(path).map_err(|e| io(path, &e))?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        // A line of ratings or of a film is short: more is another kind of file.
        let read = file.by_ref().take(1 << 20).read_until(b'\n', &mut line).map_err(|e| io(path, &e))?;
        if read == 0 {
            break;
        }
        each(number, &text(&line))?;
    }
    Ok(())
}

/// Reads `user::item::rating::time`.
pub(crate) fn read_ratings(
    path: &Path,
    source: &Source,
    progress: Progress<'_>,
) -> Result<(Interactions, Loaded)> {
    let mut collector = Collector::new(Clock::Counted);
    let mut skipped = 0;
    lines(path, |number, line| {
        if number % 65_536 == 0 && !progress(number, 0) {
            return Err(Error::Stopped);
        }
        let cells: Vec<&str> = line.split("::").map(str::trim).collect();
        let parsed = match cells[..] {
            [user, item, rating, time] => rating.parse().ok().zip(time.parse().ok()).map(|n| (user, item, n)),
            _ => None,
        };
        match parsed {
            Some((user, item, (rating, time))) => {
                let named = |name: &'_ str| !name.is_empty();
                let (user, item) = (Some(user).filter(|n| named(n)), Some(item).filter(|n| named(n)));
                collector.push(user, item, "", Some(rating), Some(time));
            }
            None if line.trim().is_empty() => {}
            None if source.read.skip_bad_rows => skipped += 1,
            None => {
                return Err(Error::input(
                    format!("{}: row {number}", path.display()),
                    "user::item::rating::time",
                    format!("`{}`", line.chars().take(60).collect::<String>()),
                    "mend the row, or skip bad rows",
                ));
            }
        }
        Ok(())
    })?;
    let roles = [Role::User, Role::Item, Role::Weight, Role::Time].into_iter().zip(COLUMNS);
    let columns = roles.map(|(role, name)| Assigned { role, column: name.into(), guessed: true }).collect();
    let (found, mut loaded) = finish(collector, source, Some("rating"), columns);
    loaded.skipped = skipped;
    Ok((found, loaded))
}

/// A film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Film {
    /// Its name among the items.
    pub id: String,
    /// Title, with the year in brackets as a rule.
    pub title: String,
    /// Genres in the order of the file.
    pub genres: Vec<String>,
}

/// The films of a file in one of MovieLens' own forms (`u.item`, `movies.dat`), or of that in its folder; none for any other table.
pub(crate) fn films(path: &Path) -> Result<Option<Vec<Film>>> {
    let path = within(path, &FILMS);
    if !path.extension().is_some_and(|e| e == "item" || e == "dat") {
        return Ok(None);
    }
    let mut films = Vec::new();
    lines(&path, |number, line| {
        if !line.trim().is_empty() {
            films.push(film(line).ok_or_else(|| {
                Error::input(
                    format!("{}: row {number}", path.display()),
                    "id::title::genres, or id|title|...| and 19 flags",
                    format!("`{}`", line.chars().take(60).collect::<String>()),
                    "mend the row",
                )
            })?);
        }
        Ok(())
    })?;
    Ok(Some(films))
}

/// The table of films in a folder of MovieLens, if there is one.
pub fn beside(path: &Path) -> Option<PathBuf> {
    path.is_dir().then(|| within(path, &FILMS)).filter(|films| films.is_file())
}

fn film(line: &str) -> Option<Film> {
    if let [id, title, genres] = line.split("::").collect::<Vec<_>>()[..] {
        let genres = listed(genres);
        return Some(Film { id: id.into(), title: title.into(), genres });
    }
    let cells: Vec<&str> = line.split('|').collect();
    if cells.len() != 5 + GENRES.len() {
        return None;
    }
    let genres = GENRES.iter().zip(&cells[5..]).filter(|(_, flag)| flag.trim() == "1");
    Some(Film {
        id: cells[0].into(),
        title: cells[1].into(),
        genres: genres.map(|(g, _)| (*g).to_owned()).collect(),
    })
}

fn listed(genres: &str) -> Vec<String> {
    genres.split('|').map(str::trim).filter(|g| !g.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Encoders;
    use crate::{ItemSource, Items};
    use ronghe_data::read::ReadOptions;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, content)| std::fs::write(folder.path().join(name), content).unwrap());
        folder
    }

    #[test]
    fn ratings_of_three_forms_are_the_same_events() {
        let rows = [
            ("196", "242", "3", "881250949"),
            ("186", "302", "5", "891717742"),
            ("22", "377", "4", "878887116"),
        ];
        let lines = |between: &str, head: &str| {
            let row = |r: &(&str, &str, &str, &str)| [r.0, r.1, r.2, r.3].join(between);
            head.to_owned() + &rows.iter().map(row).collect::<Vec<_>>().join("\n") + "\n"
        };
        let mut all = Vec::new();
        for (name, content) in [
            ("u.data", lines("\t", "")),
            ("ratings.dat", lines("::", "")),
            ("ratings.csv", lines(",", "userId,movieId,rating,timestamp\n")),
        ] {
            let folder = folder(&[(name, content.as_bytes())]);
            let inside = crate::source::read(folder.path(), &Source::default(), &|_, _| true).unwrap();
            let file =
                crate::source::read(&folder.path().join(name), &Source::default(), &|_, _| true).unwrap();
            assert_eq!(inside.0.events, file.0.events);
            assert_eq!((inside.1.counts.liked, inside.1.counts.below), (2, 1), "{name}");
            all.push((inside.0.users.names().to_vec(), inside.0.items.names().to_vec(), inside.0.events));
        }
        assert_eq!(all[0].0, ["22", "186", "196"]);
        assert_eq!(all[0].2[2].time, 891_717_742_000);
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn films_of_three_forms_are_the_same_items() {
        let flags = |on: &[usize]| {
            (0..19).map(|i| if on.contains(&i) { "1" } else { "0" }).collect::<Vec<_>>().join("|")
        };
        let mut item = format!("1|Toy Story (1995)|01-Jan-1995||http|{}\n2|Caf", flags(&[3, 5])).into_bytes();
        item.push(0xe9);
        item.extend(format!(" (1990)|01-Jan-1990||http|{}\n", flags(&[8])).into_bytes());
        let dat = b"1::Toy Story (1995)::Animation|Comedy\n2::Caf\xe9 (1990)::Drama\n";
        let csv =
            "movieId,title,genres\n1,Toy Story (1995),Animation|Comedy\n2,Café (1990),Drama\n".as_bytes();
        for (name, content) in [("u.item", &item[..]), ("movies.dat", dat), ("movies.csv", csv)] {
            let folder = folder(&[(name, content)]);
            assert_eq!(beside(folder.path()), Some(folder.path().join(name)));
            let mut of = Interactions {
                items: ["2", "9"].into_iter().collect(),
                domain_of: vec![0; 2],
                ..Interactions::default()
            };
            let source =
                ItemSource { id: None, read: &ReadOptions::default(), encoders: Encoders::default() };
            let found = Items::read(&folder.path().join(name), &source, &mut of, &|_, _| true).unwrap();
            let (first, second) = (of.items.number("1").unwrap(), of.items.number("2").unwrap());
            assert_eq!((first, second, of.domain_of.len(), found.rows.len()), (2, 0, 3, 3), "{name}");
            assert_eq!(found.title(first), Some("Toy Story (1995)"), "{name}");
            let genres = found.column("genres").unwrap();
            assert_eq!(
                (found.cell(first, genres), found.cell(second, genres)),
                (Some("Animation|Comedy"), Some("Drama"))
            );
            assert_eq!(found.text(second), "Café (1990). Drama", "{name}");
        }
    }

    #[test]
    fn bad_rows_have_their_place() {
        let folder = folder(&[
            ("ratings.dat", b"1::2::5::7\n1::2::five::7\n\n3::4::5::8\n"),
            ("movies.dat", b"1::x\n"),
        ]);
        let path = folder.path().join("ratings.dat");
        let error = crate::source::read(&path, &Source::default(), &|_, _| true).unwrap_err().to_string();
        assert!(error.ends_with("row 2: expected user::item::rating::time, found `1::2::five::7`; mend the row, or skip bad rows"), "{error}");
        let read = ReadOptions { skip_bad_rows: true, ..ReadOptions::default() };
        let (of, found) =
            crate::source::read(&path, &Source { read, ..Source::default() }, &|_, _| true).unwrap();
        assert_eq!((of.events.len(), found.skipped), (2, 1));
        assert!(films(&folder.path().join("movies.dat")).unwrap_err().to_string().contains("row 1"));
    }
}
