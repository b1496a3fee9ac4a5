//! Word and PowerPoint files: XML inside a ZIP file (ECMA-376, ISO/IEC 29500).
//!
//! | file | what |
//! |---|---|
//! | `xml` | a walk through XML, and a tree of it |
//! | `package` | the parts of a package and what leads from one to another |
//! | `word` | stories of paragraphs and tables |
//! | `runs` | what stands in a paragraph: text, fields, ruby, boxes |
//! | `tables` | tables of Word files |
//! | `styles`, `numbering` | headings, lists and their numbers |
//! | `math`, `symbols` | formulas in a line; signs of symbol fonts |
//! | `slides` | presentations |
//! | `drawing`, `charts` | text of shapes; charts and diagrams |

pub(crate) mod charts;
mod drawing;
mod math;
mod numbering;
pub(crate) mod package;
mod runs;
pub(crate) mod slides;
mod styles;
mod symbols;
mod tables;
pub(crate) mod word;
mod xml;

pub(crate) use xml::{Step, attribute, attributes, walk, walk_from};
