//! How long to train where the configuration does not say.
//!
//! Few rows make few steps an epoch: ten epochs of 120 rows are 20 steps, after which a network has learned next to nothing. So the
//! epochs are as many as make [`STEPS`] steps. A published network that training changes is different: its steps are expensive, and
//! it begins where others end.

use super::{InputConfig, ModelConfig};
use crate::{Result, encode};
use ronghe_data::Modality;

/// Steps of a training.
const STEPS: usize = 1500;
/// Epochs at least; also those of a published network.
pub(super) const LEAST: usize = 10;
/// Epochs at most: each has its figures on the validation rows, which cost more than a step over a handful of rows.
const MOST: usize = 300;
/// Epochs without a better one, as a share of all.
const PATIENCE: usize = 5;

/// Fills in the epochs for `rows` training rows, and how many without a better one end the training.
pub(super) fn fill(config: &mut ModelConfig, rows: usize) -> Result<()> {
    if config.training.epochs.is_some() {
        return Ok(());
    }
    let mut expensive = false;
    for input in &config.inputs {
        expensive |= runs_published(input)?;
    }
    let training = &mut config.training;
    let steps = rows.div_ceil(training.batch_size.max(1)).max(1);
    let epochs = if expensive { LEAST } else { STEPS.div_ceil(steps).clamp(LEAST, MOST) };
    training.epochs = Some(epochs);
    training.patience = training.patience.or(Some((epochs / PATIENCE).max(PATIENCE)));
    Ok(())
}

/// Whether every step runs a published network: one that is trained, or one whose cells are changed at random.
fn runs_published(input: &InputConfig) -> Result<bool> {
    if input.transfer.is_empty() {
        return Ok(false);
    }
    let modality = input.modality.unwrap_or(Modality::Tabular);
    let spec = encode::find(&input.encoder.kind, modality, &format!("inputs.{}", input.name))?;
    let changed = input.encoder.params.get("augment") != (spec.defaults)().get("augment");
    Ok(input.transfer.kind != "frozen" || changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NamedConfig;

    fn filled(rows: usize, change: impl FnOnce(&mut ModelConfig)) -> (Option<usize>, Option<usize>) {
        let mut config = ModelConfig::default();
        change(&mut config);
        fill(&mut config, rows).unwrap();
        (config.training.epochs, config.training.patience)
    }

    #[test]
    fn few_rows_get_enough_steps() {
        assert_eq!(filled(42, |_| {}), (Some(300), Some(60)));
        assert_eq!(filled(124, |_| {}), (Some(300), Some(60)));
        assert_eq!(filled(640, |_| {}), (Some(150), Some(30)));
        assert_eq!(filled(9_600, |_| {}), (Some(10), Some(5)));
        assert_eq!(filled(1_000_000, |_| {}), (Some(10), Some(5)));
        assert_eq!(filled(640, |c| c.training.batch_size = 16), (Some(38), Some(7)));
        assert_eq!(filled(0, |c| c.training.batch_size = 0), (Some(300), Some(60)));
    }

    #[test]
    fn what_is_written_stays() {
        assert_eq!(filled(42, |c| c.training.epochs = Some(3)), (Some(3), None));
        assert_eq!(filled(42, |c| c.training.patience = Some(7)), (Some(300), Some(7)));
    }

    #[test]
    fn a_published_network_that_runs_in_every_step_gets_few_epochs() {
        let named = |kind: &str| NamedConfig { kind: kind.into(), ..NamedConfig::default() };
        let input = |transfer: &str| InputConfig {
            name: "picture".into(),
            modality: Some(Modality::Image),
            columns: vec!["picture".into()],
            encoder: named("efficientnet_lite0"),
            transfer: named(transfer),
        };
        let with = |input: InputConfig| filled(100, |c| c.inputs = vec![input]).0;
        let mut frozen = input("frozen");
        let spec = encode::find("efficientnet_lite0", Modality::Image, "here").unwrap();
        frozen.encoder.params = (spec.defaults)().as_object().cloned().unwrap_or_default();
        assert_eq!(with(frozen.clone()), Some(300));
        assert_eq!(with(input("full")), Some(LEAST));
        assert_eq!(with(input("lora")), Some(LEAST));
        frozen.encoder.params.insert("augment".into(), "strong".into());
        assert_eq!(with(frozen), Some(LEAST));
    }
}
