//! Training: from a table and a configuration to a fitted model.
//!
//! | file | what |
//! |---|---|
//! | `fit` | the whole: encoders, epochs, calibration, test |
//! | `steps` | the epochs: batches, steps, checkpoints |
//! | `rows` | which rows a model has seen, by content |
//! | `phase` | the networks while the same weights are trained |
//! | `judge` | figures of validation and test rows |
//! | `split` | which rows train, tune and test |
//! | `source` | rows of all inputs: cells, or vectors of published networks |
//! | `trunks` | published networks: what of them is open when |
//! | `runner` | a network whose frozen part is computed as in prediction |
//! | `diverged` | a training that has left the finite numbers |
//! | `feeder` | feeds, made beside the step before where they take work |
//! | `blend` | mixup |
//! | `targets` | what the loss is fed |
//! | `weighing` | how much each class counts |
//! | `outliers` | numbers out of all proportion |
//! | `place` | the output folder: one writer, nothing destroyed |
//! | `why` | what was chosen, in words |
//! | `schedule` | learning rate by step |
//! | `best` | the best epochs' weights and their average |
//! | `checkpoint` | what a killed training needs to go on, bit for bit |
//! | `background` | training rows that go with the model |
//! | `save` | the model folder with figures and card |
//! | `observe` | what training tells while it runs |

mod background;
mod best;
mod blend;
mod checkpoint;
mod diverged;
mod feeder;
mod fit;
mod judge;
mod observe;
mod outliers;
mod phase;
mod place;
mod rows;
mod runner;
mod save;
mod schedule;
mod source;
mod split;
mod steps;
mod targets;
mod trunks;
mod weighing;
mod why;

pub use background::Background;
pub use fit::{FitOptions, Fitted, fit};
pub use observe::{EpochReport, Event, Observer, Quiet};
pub(crate) use place::go_on;
pub use place::{CHECKPOINT, Claim, Place, REQUEST};
pub use rows::{Part, ROWS, SeenRows};
pub use save::{MetricsFile, RunFacts, save};
pub use split::split;
pub use why::{chosen_epochs, chosen_task};
