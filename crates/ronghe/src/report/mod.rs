//! Reports: one page that stands alone, and tables for a terminal.
//!
//! Both are pure functions of plain data; whoever measured fills in [`ReportData`]. The page ([`html`]) loads
//! nothing, runs nothing and carries its pictures and sounds with it; it reads in light and dark, wide and narrow.
//!
//! | file | what |
//! |---|---|
//! | `data` | what a report is made of |
//! | `page` | the page, section by section |
//! | `results`, `curves`, `confusion`, `explained` | the sections that draw |
//! | `recommended` | the page of recommended items |
//! | `gather` | fills a report from studies and explanations |
//! | `text` | results and explanations for a terminal |
//! | `plot` | charts of explanations, in the page and as files |
//! | `svg`, `media`, `number`, `escape` | shapes, data URIs, figures, safe text |
//! | `words` | the report's own words in each language |

mod confusion;
mod curves;
mod data;
mod escape;
mod explained;
pub mod gather;
mod media;
mod number;
mod page;
mod plot;
mod recommended;
mod results;
mod svg;
pub mod text;
mod words;

pub use data::{
    Command, Confusion, Content, Curve, ExplainedRow, Interval, Note, ReportData, Results, SchemaRow, Score,
    Series, Shown,
};
pub use page::html;
#[cfg(feature = "png")]
pub use plot::Rasterizer;
pub use plot::{Ground, plots, plots_on};
pub use recommended::{Recommendations, RecommendedItem, RecommendedList, recommendations};
pub use words::Language;
