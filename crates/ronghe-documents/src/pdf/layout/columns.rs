//! Pieces of lines in the order of reading: columns one after the other, tables row by row, lines from above.
//!
//! A gutter is an empty strip beside which pieces begin at one edge, as far up and down as nothing crosses it. The
//! longest one cuts its area into what is above it, on its left, on its right and below it, and each is cut again.
//! O(n²) in the pieces of a page at worst, of which there are few hundred.

use super::bidi;
use super::lines::{Piece, append, is_dense};

/// Cuts within each other.
const DEPTH: usize = 24;
/// Edges of an area that are tried.
const EDGES: usize = 48;
/// Pieces of a page beyond which it is read line by line.
const PIECES: usize = 20_000;
/// Columns beside each other, as a power of two.
const COLUMNS: usize = 3;
/// Words of a line (two Chinese characters are one) from which on it is prose and not a cell.
const PROSE: f64 = 2.5;

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) base: f64,
    pub(super) size: f64,
    pub(super) bold: bool,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Area {
    /// Lines under each other.
    Lines(Vec<Line>),
    /// Rows of a table: cells with tabs between them.
    Table(Vec<Line>),
}

/// The parts of a page in the order of reading.
pub(super) fn areas(pieces: Vec<Piece>) -> Vec<Area> {
    let right = pieces.iter().map(|p| bidi::balance(&p.text)).sum::<i64>() > 0;
    let mut found = Vec::new();
    let depth = if pieces.len() > PIECES { DEPTH } else { 0 };
    cut(pieces, right, depth, &mut found);
    found
}

fn cut(pieces: Vec<Piece>, right: bool, depth: usize, found: &mut Vec<Area>) {
    if pieces.is_empty() {
        return;
    }
    let Some(gutter) = (depth < DEPTH).then(|| widest(&pieces)).flatten() else {
        found.push(Area::Lines(lines(pieces, right)));
        return;
    };
    let (mut above, mut beside, mut below) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        match piece.base {
            b if b < gutter.top => above.push(piece),
            b if b > gutter.bottom => below.push(piece),
            _ => beside.push(piece),
        }
    }
    cut(above, right, depth + 1, found);
    let rows = levels(beside);
    match cells(&rows, gutter.edge) {
        // A table above or below columns, with the same gutter.
        Some((first, last)) if first > 0 || last < rows.len() => {
            let mut rows = rows.into_iter();
            let before = rows.by_ref().take(first).flatten().collect();
            let within = rows.by_ref().take(last - first).flatten().collect();
            cut(before, right, depth + 1, found);
            found.push(Area::Table(table(within, right)));
            cut(rows.flatten().collect(), right, depth + 1, found);
        }
        Some(_) => found.push(Area::Table(table(rows.into_iter().flatten().collect(), right))),
        None => {
            let (first, second): (Vec<Piece>, Vec<Piece>) =
                rows.into_iter().flatten().partition(|p| p.left < gutter.edge - 1.0);
            if is_table(&first, &second) {
                found.push(Area::Table(table(first.into_iter().chain(second).collect(), right)));
            } else {
                let (first, second) = if right { (second, first) } else { (first, second) };
                cut(first, right, depth + 1, found);
                cut(second, right, depth + 1, found);
            }
        }
    }
    cut(below, right, depth + 1, found);
}

/// An empty strip: where what is on its right begins, and the base lines from which to which it goes.
struct Gutter {
    edge: f64,
    top: f64,
    bottom: f64,
}

/// The gutter with the most lines on both sides.
fn widest(pieces: &[Piece]) -> Option<Gutter> {
    let mut edges: Vec<f64> = pieces.iter().map(|p| p.left).collect();
    edges.sort_by(f64::total_cmp);
    // Edges at which several pieces begin.
    let mut common: Vec<(f64, usize)> = Vec::new();
    for edge in edges {
        match common.last_mut() {
            Some((at, count)) if edge - *at < 2.0 => *count += 1,
            _ => common.push((edge, 1)),
        }
    }
    common.retain(|(_, count)| *count >= 2);
    common.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.total_cmp(&b.0)));
    common.truncate(EDGES);
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by(|a, b| a.base.total_cmp(&b.base));
    let mut best: Option<(f64, Gutter)> = None;
    for (edge, _) in common {
        let crosses = |p: &&Piece| p.left < edge - 1.0 && p.right > edge - 0.6 * p.size;
        for run in sorted.split(crosses) {
            if let Some((score, gutter)) = within(run, edge)
                && best.as_ref().is_none_or(|(b, _)| score > *b)
            {
                best = Some((score, gutter));
            }
        }
    }
    best.map(|(_, gutter)| gutter)
}

/// How good a gutter is along a run of pieces that do not cross it.
fn within(run: &[&Piece], edge: f64) -> Option<(f64, Gutter)> {
    let (left, right): (Vec<&Piece>, Vec<&Piece>) = run.iter().copied().partition(|p| p.left < edge - 1.0);
    let top = left.first()?.base.max(right.first()?.base);
    let bottom = left.last()?.base.min(right.last()?.base);
    let size = left[0].size.max(right[0].size);
    let both = |side: &[&Piece]| {
        let mut last = f64::NEG_INFINITY;
        let beside = side.iter().filter(|p| (top - size..=bottom + size).contains(&p.base));
        beside
            .filter(|p| {
                let next = p.base - last > 0.5 * p.size;
                last = if next { p.base } else { last };
                next
            })
            .count()
    };
    let lines = both(&left).min(both(&right));
    let near = left.iter().filter(|p| (top - size..=bottom + size).contains(&p.base));
    let gap = edge - near.map(|p| p.right).fold(f64::NEG_INFINITY, f64::max);
    // A few lines may have a gap at one place by chance.
    if lines < 2 || gap < size * least(lines) {
        return None;
    }
    // Numbers and bullets of a list belong to what they stand before.
    let marks = left.iter().filter(|p| is_mark(&p.text)).count();
    if 10 * marks >= 8 * left.len() && gap < 4.0 * size {
        return None;
    }
    // What stands alone far above or below the rest is not beside it.
    let near = |side: &[&Piece], down: bool, most: f64| {
        let mut at = if down { bottom } else { top };
        let mut order: Vec<f64> =
            side.iter().map(|p| p.base).filter(|b| if down { *b > at } else { *b < at }).collect();
        order.sort_by(|a, b| if down { a.total_cmp(b) } else { b.total_cmp(a) });
        for base in order {
            if (base - at).abs() > most * size {
                break;
            }
            at = base;
        }
        at
    };
    let top = near(&left, false, 2.2).min(near(&right, false, 2.2));
    // The first column may be the longer one; what is below it is read before the second.
    let bottom = near(&left, true, 4.5).max(near(&right, true, 2.2));
    Some((
        lines as f64 + (gap / size).min(20.0) / 100.0,
        Gutter { edge, top: top - 0.01, bottom: bottom + 0.01 },
    ))
}

/// How wide a gutter beside so many lines is at least, in parts of the size: gaps between words of justified lines stand
/// below each other as well.
fn least(lines: usize) -> f64 {
    match lines {
        ..5 => 2.0,
        5..7 => 1.2,
        _ => 0.7,
    }
}

/// Whether a text is the mark of an item: `•`, `1.`, `(a)`, `[12]`, `一、`.
pub(super) fn is_mark(text: &str) -> bool {
    let text = text.trim();
    let count = text.chars().count();
    if count == 1 && text.chars().all(|c| !c.is_alphanumeric()) {
        return true;
    }
    let inner = text
        .trim_start_matches(['(', '[', '（', '［'])
        .trim_end_matches(['.', ')', ']', '、', '）', '．', '］', ':']);
    let closed = inner.len() < text.len();
    let numeral = inner.chars().all(|c| c.is_ascii_digit() || c == '.' || "一二三四五六七八九十".contains(c));
    let roman = inner.chars().all(|c| "ivxlIVXL".contains(c));
    let letter = inner.chars().count() == 1;
    count <= 7 && !inner.is_empty() && closed && (numeral || roman || letter)
}

/// Words of a text, two characters of a dense script as one.
fn words(text: &str) -> f64 {
    let dense = text.chars().filter(|c| is_dense(*c)).count();
    let others = text
        .split(|c: char| c.is_whitespace() || is_dense(c))
        .filter(|w| w.chars().any(char::is_alphanumeric));
    dense as f64 / 2.0 + others.count() as f64
}

/// The longest run of three rows and more of short cells on both sides of an edge: its first row and that behind it.
fn cells(rows: &[Vec<Piece>], edge: f64) -> Option<(usize, usize)> {
    let all = || rows.iter().flatten();
    let left = all().map(|p| p.left).fold(f64::INFINITY, f64::min);
    let right = all().map(|p| p.right).fold(f64::NEG_INFINITY, f64::max);
    let short = |side: &[&Piece], wide: f64| {
        let filled: f64 = side.iter().map(|p| p.right - p.left).sum();
        side.iter().all(|p| words(&p.text) < PROSE) && filled < 0.7 * wide
    };
    let kind = |row: &Vec<Piece>| {
        let (first, second): (Vec<&Piece>, Vec<&Piece>) = row.iter().partition(|p| p.left < edge - 1.0);
        let both = !first.is_empty() && !second.is_empty();
        let gap = edge - first.iter().map(|p| p.right).fold(f64::NEG_INFINITY, f64::max);
        let apart = first.first().is_none_or(|p| gap > p.size);
        (both, apart && short(&first, edge - left) && short(&second, right - edge))
    };
    let (mut best, mut start, mut count): (Option<(usize, usize, usize)>, usize, usize) = (None, 0, 0);
    for (at, row) in rows.iter().enumerate() {
        match kind(row) {
            (true, true) => {
                start = if count == 0 { at } else { start };
                count += 1;
                if count >= 3 && best.is_none_or(|(.., most)| count > most) {
                    best = Some((start, at + 1, count));
                }
            }
            // The second line of a cell.
            (false, true) if count > 0 && at > 0 && kind(&rows[at - 1]).0 => {}
            _ => count = 0,
        }
    }
    let (start, mut end, _) = best?;
    while end < rows.len() && matches!(kind(&rows[end]), (false, true)) && close(&rows[end - 1], &rows[end]) {
        end += 1;
    }
    let (first, second): (Vec<&Piece>, Vec<&Piece>) =
        rows[start..end].iter().flatten().partition(|p| p.left < edge - 1.0);
    let prose = by_column(&first, &second) || is_justified(&rows[start..end], (left, right), edge);
    (!prose).then_some((start, end))
}

/// Whether rows are lines of prose that were stretched to both edges, with gaps that chance put below each other.
fn is_justified(rows: &[Vec<Piece>], (left, right): (f64, f64), edge: f64) -> bool {
    let flush = |row: &&Vec<Piece>| {
        let end = row.iter().map(|p| p.right).fold(f64::NEG_INFINITY, f64::max);
        row[0].left < left + 2.0 && end > right - 2.0
    };
    let gap = |row: &Vec<Piece>| {
        let before = row.iter().filter(|p| p.left < edge - 1.0).map(|p| p.right);
        let after = row.iter().filter(|p| p.left >= edge - 1.0).map(|p| p.left);
        (after.fold(f64::INFINITY, f64::min) - before.fold(f64::NEG_INFINITY, f64::max)) / row[0].size
    };
    // The last line of a paragraph is not stretched.
    rows.iter().filter(flush).count() + 1 >= rows.len()
        && rows.iter().map(gap).filter(|g| g.is_finite()).all(|g| g < 5.0)
}

fn close(above: &[Piece], below: &[Piece]) -> bool {
    above.first().zip(below.first()).is_some_and(|(a, b)| b.base - a.base < 1.4 * a.size)
}

/// Whether lines of two words and more were drawn one side after the other.
fn by_column(left: &[&Piece], right: &[&Piece]) -> bool {
    let (last, first) = (left.iter().map(|p| p.order).max(), right.iter().map(|p| p.order).min());
    let mean = |side: &[&Piece]| side.iter().map(|p| words(&p.text)).sum::<f64>() / side.len().max(1) as f64;
    last < first && left.len().min(right.len()) >= 4 && mean(left).min(mean(right)) >= 2.0
}

/// Whether a side of a gutter is prose: lines that are long, or fill it.
fn is_prose(side: &[Piece], within: usize) -> bool {
    let rows = levels(side.to_vec());
    let left = side.iter().map(|p| p.left).fold(f64::INFINITY, f64::min);
    let right = side.iter().map(|p| p.right).fold(f64::NEG_INFINITY, f64::max);
    let mut counts: Vec<f64> = rows.iter().map(|r| r.iter().map(|p| words(&p.text)).sum()).collect();
    counts.sort_by(f64::total_cmp);
    let mut filled: Vec<f64> = rows
        .iter()
        .map(|r| r.iter().map(|p| p.right - p.left).sum::<f64>() / (right - left).max(1.0))
        .collect();
    filled.sort_by(f64::total_cmp);
    let middle = |of: &[f64]| of.get(of.len() / 2).copied().unwrap_or(0.0);
    if middle(&counts) >= PROSE && middle(&filled) > 0.7 {
        return true;
    }
    // Columns beside each other are looked at one by one.
    let Some(gutter) = (within < COLUMNS).then(|| widest(side)).flatten() else { return false };
    let (first, second): (Vec<Piece>, Vec<Piece>) =
        side.iter().cloned().partition(|p| p.left < gutter.edge - 1.0);
    is_prose(&first, within + 1) && is_prose(&second, within + 1)
}

/// Whether two sides of a gutter are cells beside each other and not columns of prose.
fn is_table(left: &[Piece], right: &[Piece]) -> bool {
    let (few, many) = if left.len() < right.len() { (left, right) } else { (right, left) };
    let level = few.iter().filter(|p| many.iter().any(|q| (p.base - q.base).abs() < 0.25 * p.size)).count();
    let sides = [left, right].map(|side| side.iter().collect::<Vec<_>>());
    10 * level >= 8 * few.len()
        && !(is_prose(left, 0) && is_prose(right, 0))
        && !by_column(&sides[0], &sides[1])
}

/// Pieces on one base line.
fn levels(mut pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    pieces.sort_by(|a, b| a.base.total_cmp(&b.base).then(a.left.total_cmp(&b.left)));
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if piece.base - row[0].base < 0.3 * piece.size.min(row[0].size) => row.push(piece),
            _ => rows.push(vec![piece]),
        }
    }
    rows.iter_mut().for_each(|row| row.sort_by(|a, b| a.left.total_cmp(&b.left)));
    rows
}

fn line(row: &[Piece], text: String) -> Line {
    let long = row.iter().max_by_key(|p| p.text.len()).unwrap_or(&row[0]);
    Line {
        text,
        left: row.iter().map(|p| p.left).fold(f64::INFINITY, f64::min),
        right: row.iter().map(|p| p.right).fold(f64::NEG_INFINITY, f64::max),
        base: long.base,
        size: long.size,
        bold: row.iter().all(|p| p.bold),
    }
}

/// Lines of pieces, those on one base line joined.
fn lines(pieces: Vec<Piece>, right: bool) -> Vec<Line> {
    let joined = |row: Vec<Piece>| {
        let mut texts: Vec<&str> = row.iter().map(|p| p.text.as_str()).collect();
        if right {
            texts.reverse();
        }
        let text = texts.join(" ");
        line(&row, text)
    };
    levels(pieces).into_iter().map(joined).collect()
}

/// Rows of a table.
fn table(pieces: Vec<Piece>, right: bool) -> Vec<Line> {
    let columns = columns(&pieces);
    let column = |p: &Piece| {
        let over = |c: &(f64, f64)| p.right.min(c.1) - p.left.max(c.0);
        // A cell over several columns stands in its first.
        columns.iter().position(|c| over(c) > 0.3 * (c.1 - c.0).min(p.right - p.left)).unwrap_or(0)
    };
    let mut rows: Vec<(Vec<Vec<Piece>>, f64)> = Vec::new();
    for level in levels(pieces) {
        let base = level[0].base;
        let size = level[0].size;
        let mut cells: Vec<Vec<Piece>> = vec![Vec::new(); columns.len()];
        level.into_iter().for_each(|p| cells[column(&p)].push(p));
        // A line without a first cell and with few others goes on with the row above.
        let filled = |cells: &[Vec<Piece>]| cells.iter().filter(|c| !c.is_empty()).count();
        let key = if right { columns.len() - 1 } else { 0 };
        let more = rows.last().is_some_and(|(above, last)| {
            let fits = cells.iter().zip(above).all(|(c, a)| c.is_empty() || !a.is_empty());
            cells[key].is_empty() && fits && filled(&cells) < filled(above) && base - last < 1.6 * size
        });
        match rows.last_mut() {
            Some((above, last)) if more => {
                above.iter_mut().zip(cells).for_each(|(a, c)| a.extend(c));
                *last = base;
            }
            _ => rows.push((cells, base)),
        }
    }
    let row = |(mut cells, _): (Vec<Vec<Piece>>, f64)| {
        if right {
            cells.reverse();
        }
        let text = |cell: &Vec<Piece>| {
            let mut text = String::new();
            cell.iter().for_each(|p| append(&mut text, &p.text));
            text
        };
        let mut whole = String::new();
        for (at, cell) in cells.iter().map(text).enumerate() {
            // What a label says is part of it: `Town: Basel`.
            let label = whole.ends_with([':', '：']) && !cell.is_empty();
            whole.push_str(if at == 0 {
                ""
            } else if label {
                " "
            } else {
                "\t"
            });
            whole.push_str(&cell);
        }
        let all: Vec<Piece> = cells.into_iter().flatten().collect();
        line(&all, whole.trim().to_owned())
    };
    rows.into_iter().map(row).collect()
}

/// Left and right edges of the columns of a table, narrow cells first, so that a wide one joins no columns.
fn columns(pieces: &[Piece]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by(|a, b| (a.right - a.left).total_cmp(&(b.right - b.left)));
    let mut columns: Vec<(f64, f64)> = Vec::new();
    for piece in sorted {
        let near = 0.3 * piece.size;
        let over: Vec<usize> = (0..columns.len())
            .filter(|i| piece.left < columns[*i].1 + near && piece.right > columns[*i].0 - near)
            .collect();
        match over.as_slice() {
            [] => columns.push((piece.left, piece.right)),
            [one] => {
                let column = &mut columns[*one];
                *column = (column.0.min(piece.left), column.1.max(piece.right));
            }
            _ => {}
        }
    }
    columns.sort_by(|a, b| a.0.total_cmp(&b.0));
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, left: f64, base: f64, order: usize) -> Piece {
        let right = left + 5.0 * text.chars().count() as f64;
        Piece { text: text.into(), left, right, base, size: 10.0, bold: false, order }
    }

    fn texts(pieces: Vec<Piece>) -> Vec<String> {
        let of = |area: Area| match area {
            Area::Lines(lines) => lines,
            Area::Table(rows) => rows,
        };
        areas(pieces).into_iter().flat_map(of).map(|l| l.text).collect()
    }

    #[test]
    fn columns_are_read_one_after_the_other() {
        let mut all = vec![piece("A heading over both of the columns here", 60.0, 0.0, 9)];
        for row in 0..3 {
            let base = 20.0 + 12.0 * f64::from(row);
            all.push(piece(&format!("{row} four words left"), 0.0, base, 0));
            all.push(piece(&format!("{row} four words right"), 120.0, base, 0));
        }
        all.push(piece("A line below that is as wide as the page", 0.0, 80.0, 9));
        assert_eq!(
            texts(all),
            [
                "A heading over both of the columns here",
                "0 four words left",
                "1 four words left",
                "2 four words left",
                "0 four words right",
                "1 four words right",
                "2 four words right",
                "A line below that is as wide as the page",
            ]
        );
    }

    #[test]
    fn tables_are_read_row_by_row() {
        let mut all = Vec::new();
        for (row, (name, price)) in
            [("Apple", "1.20"), ("Quince", "3"), ("Pear", "2.10")].into_iter().enumerate()
        {
            all.push(piece(name, 0.0, 20.0 * row as f64, 0));
            all.push(piece("red and round", 80.0, 20.0 * row as f64, 0));
            all.push(piece(price, 200.0, 20.0 * row as f64, 0));
        }
        all.push(piece("or long", 80.0, 31.0, 0));
        let expected =
            ["Apple\tred and round\t1.20", "Quince\tred and round or long\t3", "Pear\tred and round\t2.10"];
        assert_eq!(texts(all), expected);
    }

    #[test]
    fn marks_of_items_are_no_column() {
        let all = (0..4).flat_map(|i| {
            let base = 12.0 * f64::from(i);
            [piece(&format!("{i}."), 0.0, base, 0), piece("an item of several words", 20.0, base, 0)]
        });
        assert_eq!(texts(all.collect())[0], "0. an item of several words");
        assert!(is_mark("•") && is_mark("(a)") && is_mark("一、") && !is_mark("12") && !is_mark("word."));
    }
}
