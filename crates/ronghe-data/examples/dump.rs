#![allow(missing_docs, clippy::print_stdout)]
use ronghe_data::Kind;
use ronghe_data::read::{ReadOptions, open};
use std::hash::{DefaultHasher, Hash, Hasher};
fn main() {
    for file in std::env::args().skip(1) {
        let path = std::path::Path::new(&file);
        for mode in 0..4 {
            let mut o = ReadOptions::default();
            if mode == 1 {
                o.skip_bad_rows = true;
                o.batch_rows = 500;
            }
            if mode == 2 {
                o.also_missing = vec!["nix".into()];
            }
            if mode == 3 {
                let Ok(r) = open(path, &ReadOptions::default()) else { continue };
                for (i, n) in r.schema().names().iter().enumerate() {
                    if matches!(r.schema().columns[i].kind, Kind::Image | Kind::Audio) {
                        continue;
                    }
                    let k =
                        [Kind::Category, Kind::Number, Kind::Text, Kind::Vector, Kind::Date, Kind::Boolean]
                            [i % 6];
                    o.kinds.insert(n.clone(), k);
                }
            }
            println!("== {file} {mode}");
            let mut r = match open(path, &o) {
                Ok(r) => r,
                Err(e) => {
                    println!("open: {e}");
                    continue;
                }
            };
            println!("{:?}\n{:?} {:?}", r.schema(), r.rows(), r.warnings());
            let mut sums: Vec<DefaultHasher> =
                r.schema().columns.iter().map(|_| DefaultHasher::new()).collect();
            let mut rows = 0;
            let mut batches = 0;
            loop {
                match r.next_batch() {
                    Ok(None) => break,
                    Err(e) => {
                        println!("error: {e}");
                        break;
                    }
                    Ok(Some(t)) => {
                        batches += 1;
                        for row in 0..t.rows() {
                            for (c, s) in sums.iter_mut().enumerate() {
                                (t.row_number(row), t.is_missing(c, row), t.display(c, row)).hash(s);
                                if let Some(v) = t.vector(c, row) {
                                    v.iter().for_each(|x| x.to_bits().hash(s));
                                }
                                if !t.is_missing(c, row)
                                    && let Some(b) = t.media(c, row)
                                {
                                    format!("{b:?}").hash(s);
                                }
                            }
                        }
                        rows += t.rows();
                    }
                }
            }
            println!("{rows} {batches} {:?}", sums.iter().map(Hasher::finish).collect::<Vec<_>>());
            println!(
                "skipped {} {:?}",
                r.skipped().rows,
                r.skipped().first.iter().map(ToString::to_string).collect::<Vec<_>>()
            );
        }
    }
}
