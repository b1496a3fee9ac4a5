//! What every encoder keeps to that changes training rows at random.

use super::fixtures::{Case, case, cases, small, table};
use super::{Outcome, start, vectors};
use ronghe::encode::{ENCODERS, Encoder, EncoderSpec, Prepared, State};
use ronghe_data::Modality;
use ronghe_graph::SplitMix;
use serde_json::{Value, json};

/// The setting that makes an encoder change training rows, if it can.
fn setting(spec: &EncoderSpec) -> Option<(&'static str, Value)> {
    Some(match spec.modality {
        Modality::Tabular => return None,
        Modality::Text => ("token_dropout", json!(0.4)),
        Modality::Image => ("augment", json!("strong")),
        Modality::Audio => ("augment", json!({"time_shift": 0.2, "time_masks": 2, "frequency_masks": 1})),
    })
}

fn augmented() -> ronghe::Result<Vec<Case>> {
    let table = table(48)?;
    let mut cases = Vec::new();
    for &spec in ENCODERS {
        if let Some((key, value)) = setting(spec) {
            let mut params = small(spec);
            params[key] = value;
            cases.push(case(spec, ", augmented", &params, &table)?);
        }
    }
    Ok(cases)
}

fn changed(encoder: &dyn Encoder, before: &Prepared, seed: u64) -> Prepared {
    let mut after = before.clone();
    encoder.augment(&mut after, &mut SplitMix::named(seed, "augment"));
    after
}

#[test]
fn nothing_is_changed_unless_asked_for() -> Outcome {
    for Case { name, encoder, table, .. } in cases()? {
        assert!(!encoder.augments(), "{name}");
        let before = encoder.prepare(&table)?;
        assert!(changed(encoder.as_ref(), &before, 1) == before, "{name}");
    }
    Ok(())
}

#[test]
fn rows_change_alike_with_a_seed_at_any_number_of_threads() -> Outcome {
    for Case { name, encoder, table, .. } in augmented()? {
        assert!(encoder.augments(), "{name}");
        let before = encoder.prepare(&table)?;
        let with = |threads: usize| -> Result<Prepared, Box<dyn std::error::Error>> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            Ok(pool.install(|| changed(encoder.as_ref(), &before, 1)))
        };
        let after = with(1)?;
        assert!(after == with(5)?, "{name} depends on the number of threads");
        assert!(after != before && after != changed(encoder.as_ref(), &before, 2), "{name}");
        assert_eq!((&after.present, &after.bad), (&before.present, &before.bad), "{name}");
        let first: Vec<usize> = (0..9).collect();
        let alone = changed(encoder.as_ref(), &before.take(&first), 1);
        assert!(alone == after.take(&first), "{name}: a row depends on those after it");
    }
    Ok(())
}

#[test]
fn changed_rows_can_be_encoded() -> Outcome {
    for Case { name, encoder, table, .. } in augmented()? {
        let weights = start(encoder.as_ref())?;
        let before = encoder.prepare(&table)?;
        let rows: Vec<usize> = (0..table.rows()).collect();
        let after = changed(encoder.as_ref(), &before, 1);
        for row in &rows {
            assert_eq!(after.length(*row) > 0, before.length(*row) > 0, "{name}: row {row} has nothing left");
        }
        let made = vectors(encoder.as_ref(), &weights, &after, &rows)?;
        assert!(made.iter().flatten().all(|v| v.is_finite()), "{name}");
        assert!(made != vectors(encoder.as_ref(), &weights, &before, &rows)?, "{name}");
    }
    Ok(())
}

#[test]
fn settings_are_saved_and_wrong_ones_are_refused() -> Outcome {
    let table = table(8)?;
    for Case { spec, name, encoder, .. } in augmented()? {
        let State { json, files } = encoder.state();
        let loaded = (spec.load)(&State { json: json.clone(), files })?;
        assert!(loaded.augments(), "{name}");
        assert_eq!(loaded.state().json, json, "{name}");
        let Some((key, _)) = setting(spec) else { continue };
        for wrong in [json!("lihgt"), json!(0.9), json!({"shfit": 1})] {
            let mut params = small(spec);
            params[key] = wrong;
            let message = case(spec, "", &params, &table).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(spec.name) && message.contains(key), "{name}: {message}");
        }
    }
    Ok(())
}
