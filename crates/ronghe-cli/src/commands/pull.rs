//! `ronghe pull NAME`

use crate::Outcome;
use crate::args::{Common, Pull};
use anyhow::Result;

pub fn run(_args: &Pull, _common: &Common) -> Result<Outcome> {
    anyhow::bail!("not merged yet")
}
