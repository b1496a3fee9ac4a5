//! Tables: which are tables and which only place things on a page, and the cells of a row with those that span into it.

use super::hide::Seen;
use super::tree::Tree;

/// Rows that a cell spans, at most, and columns.
const MOST_SPAN: (usize, usize) = (1000, 100);
/// Columns of a row, at most.
const MOST_COLUMNS: usize = 4096;
/// A cell that is repeated in the rows it spans has so many bytes at most.
const MOST_REPEATED: usize = 500;
/// A cell with more characters, and more than this share of the table, is a part of a page.
const LARGE: (usize, f64) = (400, 0.6);

/// What is known of each table before it is read.
#[derive(Default)]
struct About {
    rows: usize,
    cells: usize,
    headed: bool,
    /// Something is in a cell that stands on a page, not in a table.
    heavy: bool,
    largest: usize,
    in_row: usize,
    /// A row has several cells.
    wide: bool,
}

/// For each node, whether it is a table that holds rows of cells; others only place things.
pub(super) fn of_cells(tree: &Tree<'_>, seen: &Seen) -> Vec<bool> {
    let mut about: Vec<About> = Vec::new();
    // The table around each node, from 1; 0 is none.
    let mut around = vec![0_u32; tree.nodes.len()];
    let mut tables = Vec::new();
    for at in 0..tree.nodes.len() {
        let parent = tree.nodes[at].parent;
        let mut table = around[parent];
        let name = tree.name(at);
        if let Some(about) = (table as usize).checked_sub(1).and_then(|t| about.get_mut(t)) {
            match name {
                "tr" => (about.rows, about.in_row) = (about.rows + 1, 0),
                "td" | "th" => {
                    about.cells += 1;
                    about.headed |= name == "th";
                    about.largest = about.largest.max(seen.characters(tree, at));
                    about.in_row += 1;
                    about.wide |= about.in_row > 1;
                }
                "caption" | "thead" => about.headed = true,
                "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "pre" | "hr" | "article" | "section"
                | "nav" | "header" | "main" | "form" | "ul" | "ol" | "dl" | "blockquote" => {
                    about.heavy = true;
                }
                _ => {}
            }
        }
        if name == "table" {
            about.push(About::default());
            tables.push(at);
            table = about.len() as u32;
        }
        around[at] = table;
    }
    let mut found = vec![false; tree.nodes.len()];
    for (about, at) in about.iter().zip(tables) {
        let large =
            about.largest > LARGE.0 && about.largest as f64 > LARGE.1 * seen.characters(tree, at) as f64;
        found[at] =
            about.cells > 1 && (about.wide || about.rows == 0) && (about.headed || !(about.heavy || large));
    }
    found
}

/// A table that is being read.
#[derive(Default)]
pub(super) struct Table {
    /// False for one that only places things.
    pub(super) cells: bool,
    row: Vec<String>,
    /// Of each column what spans into the next rows: how many, and what.
    spans: Vec<(usize, String)>,
    /// Columns of the cell that is open.
    wide: usize,
    /// Rows of the cell that is open.
    high: usize,
    pub(super) open: bool,
    /// Which of the tables around it has the open cell that it stands in.
    pub(super) outer: Option<usize>,
    /// What stands before it in the cell around it.
    before: String,
    /// Rows of tables within the row that is open, for after it.
    pub(super) within: Vec<super::blocks::Piece>,
}

impl Table {
    pub(super) fn new(cells: bool, outer: Option<usize>, before: String) -> Table {
        Table { cells, outer, before, ..Table::default() }
    }

    /// Its rows that are for after the row around it, and what stood before it there.
    pub(super) fn leave(self) -> (Vec<super::blocks::Piece>, String) {
        (self.within, self.before)
    }

    /// A row begins.
    pub(super) fn enter_row(&mut self) {
        self.row.clear();
    }

    /// A cell begins that spans so many rows and columns. `budget` bounds the bytes that are repeated in all.
    pub(super) fn enter_cell(&mut self, rows: Option<&str>, columns: Option<&str>, budget: &mut usize) {
        self.spanned(budget);
        let count = |text: Option<&str>| text.and_then(|t| t.parse::<usize>().ok());
        // Zero says: to the end.
        self.high = count(rows).map_or(1, |n| if n == 0 { MOST_SPAN.0 } else { n.min(MOST_SPAN.0) });
        self.wide = count(columns).unwrap_or(1).clamp(1, MOST_SPAN.1);
        self.open = true;
    }

    /// Cells from above that stand before the next.
    fn spanned(&mut self, budget: &mut usize) {
        while self.spans.get(self.row.len()).is_some_and(|(left, _)| *left > 0) {
            self.repeat(self.row.len(), budget);
        }
    }

    /// What spans into a column of this row.
    fn repeat(&mut self, column: usize, budget: &mut usize) {
        let Some((left, text)) = self.spans.get_mut(column) else { return };
        let goes_on = *left > 0;
        *left = left.saturating_sub(1);
        self.row.push(if goes_on { text.clone() } else { String::new() });
        match budget.checked_sub(text.len() + 1) {
            Some(rest) => *budget = rest,
            None => self.spans.clear(),
        }
    }

    pub(super) fn leave_cell(&mut self, text: String) {
        self.open = false;
        let at = self.row.len();
        let wide = self.wide.min(MOST_COLUMNS.saturating_sub(at));
        if wide == 0 {
            // Beyond all bounds, but not lost.
            if let Some(last) = self.row.last_mut() {
                last.push(' ');
                last.push_str(&text);
            }
            return;
        }
        if self.high > 1 {
            self.spans.resize(self.spans.len().max(at + wide), (0, String::new()));
            for (i, span) in self.spans[at..at + wide].iter_mut().enumerate() {
                let repeated = i == 0 && text.len() <= MOST_REPEATED;
                *span = (self.high - 1, if repeated { text.clone() } else { String::new() });
            }
        }
        self.row.push(text);
        self.row.resize(at + wide, String::new());
    }

    /// The row that ends, cells apart by tabs.
    pub(super) fn leave_row(&mut self, budget: &mut usize) -> String {
        self.spanned(budget);
        // Columns that go on below, to the right of an end that came too soon.
        while self.row.len() < self.spans.len() {
            self.repeat(self.row.len(), budget);
        }
        std::mem::take(&mut self.row).join("\t").trim_end().to_owned()
    }

    /// A part of the table ends: nothing spans beyond it.
    pub(super) fn leave_part(&mut self) {
        self.spans.clear();
    }
}
