//! What every encoder keeps to, over the whole table of encoders.

mod augment;
pub(crate) mod fixtures;

use fixtures::{Case, cases, column, missing_row, odd_row};
use ronghe::embed::Embedder;
use ronghe::encode::{ENCODERS, Encoder, FitInput, Prepared, State, default_encoder};
use ronghe_cpu::CpuExecutor;
use ronghe_data::{Kind, Modality, Table};
use ronghe_graph::{
    Builder, DType, Executor, Feed, Graph, Init, Mode, Op, Shape, Tensor, ValueId, Weights, grad, layers,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The weights that a training would start from.
fn start(encoder: &dyn Encoder) -> ronghe::Result<Weights> {
    let mut weights = Weights::new();
    if let Some(pretrained) = encoder.pretrained()? {
        weights.absorb("encode.x", pretrained);
    }
    build(encoder, &mut weights, Mode::Train)?;
    Ok(weights)
}

fn build(encoder: &dyn Encoder, weights: &mut Weights, mode: Mode) -> ronghe::Result<(Graph, ValueId)> {
    let mut b = Builder::new(weights, mode, 7);
    let vector = b.scoped("encode.x", |b| encoder.write(b))?;
    Ok((b.finish(), vector))
}

/// The vectors of the chosen rows, row by row.
fn vectors(
    encoder: &dyn Encoder,
    weights: &Weights,
    prepared: &Prepared,
    rows: &[usize],
) -> ronghe::Result<Vec<Vec<f32>>> {
    let mut weights = weights.clone();
    let (graph, vector) = build(encoder, &mut weights, Mode::Infer)?;
    let mut plan = CpuExecutor::new(2).compile(&graph, &[vector])?;
    let mut feed = Feed::default();
    prepared.feed(rows, "encode.x", &mut feed)?;
    let out = plan.run(&weights, &feed)?;
    assert_eq!(out.shape(0)[0], rows.len());
    Ok(out.get(0).chunks(out.shape(0)[1]).map(<[f32]>::to_vec).collect())
}

fn all(table: &Table) -> Vec<usize> {
    (0..table.rows()).collect()
}

#[test]
fn names_are_distinct_and_defaults_are_in_the_table() -> Outcome {
    let names: BTreeSet<(&str, &str)> = ENCODERS.iter().map(|e| (e.modality.name(), e.name)).collect();
    assert_eq!(names.len(), ENCODERS.len());
    let table = fixtures::table(8)?;
    for (modality, name) in [
        (Modality::Tabular, "size"),
        (Modality::Text, "sentence"),
        (Modality::Image, "picture"),
        (Modality::Audio, "tone"),
    ] {
        for at_hand in [true, false] {
            let chosen = default_encoder(modality, &table.select(&[name])?, &|_| at_hand);
            let spec = ronghe::encode::find(chosen, modality, "test")?;
            assert!(spec.needs.is_empty(), "{chosen} for a small picture");
        }
    }
    Ok(())
}

#[test]
fn gradients_reach_every_trainable_weight() -> Outcome {
    for Case { spec, name, encoder, table } in cases()? {
        let mut weights = start(encoder.as_ref())?;
        let mut b = Builder::new(&mut weights, Mode::Train, 7);
        let vector = b.scoped("encode.x", |b| encoder.write(b))?;
        let y = layers::linear(&mut b, "head", vector, 1, true, Init::GlorotUniform)?;
        let target = b.input("target", &Shape::batch(&[1]), DType::F32)?;
        let weight = b.input("weight", &Shape::batch(&[1]), DType::F32)?;
        let loss = b.op(Op::SquaredError, &[y, target, weight])?;
        let mut graph = b.finish();
        let trainable: BTreeSet<String> =
            weights.iter().filter(|(_, p)| p.trainable).map(|(n, _)| n.to_owned()).collect();
        assert_eq!(trainable.iter().any(|n| n.starts_with("encode.x.trunk.")), spec.published, "{name}");

        let gradients = grad(&mut graph, loss, &trainable)?;
        let outputs: Vec<ValueId> = gradients.values().copied().collect();
        let mut plan = CpuExecutor::new(2).compile(&graph, &outputs)?;
        let rows: Vec<usize> = (0..24).collect();
        let mut feed = Feed { seed: 3, ..Feed::default() };
        encoder.prepare(&table)?.feed(&rows, "encode.x", &mut feed)?;
        let targets = rows.iter().map(|&r| (r % 5) as f32 - 2.0).collect();
        feed.inputs.insert("target".into(), Tensor::f32(&[rows.len(), 1], targets)?);
        feed.inputs.insert("weight".into(), Tensor::full(&[rows.len(), 1], 1.0));
        let out = plan.run(&weights, &feed)?;
        for weight in &trainable {
            let at = gradients.keys().position(|n| n == weight);
            let Some(at) = at else { panic!("{name}: no gradient for {weight}") };
            let gradient = out.get(at);
            assert!(gradient.iter().all(|g| g.is_finite()), "{name}: {weight}");
            assert!(gradient.iter().any(|&g| g != 0.0), "{name}: the gradient of {weight} is zero");
        }
    }
    Ok(())
}

#[test]
fn a_trunk_is_the_whole_of_what_was_published() -> Outcome {
    for Case { spec, name, encoder, table } in cases()? {
        let Some(published) = encoder.pretrained()? else {
            assert!(!spec.published, "{name} has no weights");
            continue;
        };
        let mut weights = Weights::new();
        weights.absorb("encode.x", published.clone());
        let mut b = Builder::new(&mut weights, Mode::Infer, 7);
        let Some(trunk) = b.scoped("encode.x", |b| encoder.trunk(b))? else { panic!("{name} has no trunk") };
        let graph = b.finish();
        let names = |weights: &Weights| weights.iter().map(|(n, _)| n.to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(graph.weights().keys().cloned().collect::<BTreeSet<_>>(), names(&weights), "{name}");
        assert_eq!(weights.len(), published.len(), "{name}");

        // Vectors of the embedder, computed and kept, are those of the trunk as it stands in the network.
        let prepared = encoder.prepare(&table)?;
        let rows: Vec<usize> = (0..table.rows())
            .filter(|&row| prepared.present[row])
            .take(3)
            .flat_map(|row| [row, row])
            .collect();
        let mut plan = CpuExecutor::new(2).compile(&graph, &[trunk])?;
        let mut feed = Feed::default();
        prepared.feed(&rows, "encode.x", &mut feed)?;
        let expected = plan.run(&weights, &feed)?.get(0).to_vec();
        let folder = tempfile::tempdir()?;
        for kept in [0, 6] {
            let executor = CpuExecutor::new(2);
            let embedder = Embedder::new(encoder.as_ref(), &published, &executor, Some(folder.path()))?;
            let Some(mut embedder) = embedder else { panic!("{name} has no trunk") };
            let mut warn = |e: &ronghe::Error| panic!("{name}: {e}");
            let found = embedder.embed(&table, &rows, &mut warn, &mut |_, _| Ok(()))?;
            assert_eq!((found.kept, found.present.as_slice()), (kept, [true; 6].as_slice()), "{name}");
            let worst = found.vectors.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{name}: {worst}");
        }
    }
    Ok(())
}

#[test]
fn a_saved_encoder_makes_the_same_bits() -> Outcome {
    for Case { spec, name, encoder, table } in cases()? {
        let weights = start(encoder.as_ref())?;
        let State { json, files } = encoder.state();
        let text = serde_json::to_string(&json)?;
        let loaded = (spec.load)(&State { json: serde_json::from_str(&text)?, files: files.clone() })?;
        let (a, b) = (encoder.prepare(&table)?, loaded.prepare(&table)?);
        assert_eq!(a, b, "{name}");
        let rows = all(&table);
        assert_eq!(
            vectors(encoder.as_ref(), &weights, &a, &rows)?,
            vectors(loaded.as_ref(), &weights, &b, &rows)?,
            "{name}"
        );
        assert!(loaded.pretrained()?.is_none());
        assert_eq!(loaded.state(), encoder.state(), "{name}");
        assert!((spec.load)(&State { json: json!({"a": 1}), files }).is_err(), "{name} loads nonsense");
    }
    Ok(())
}

#[test]
fn training_and_inference_declare_the_same_weights_and_inputs() -> Outcome {
    for Case { name, encoder, table, .. } in cases()? {
        let mut weights = start(encoder.as_ref())?;
        let declared = weights.len();
        let (train, _) = build(encoder.as_ref(), &mut weights, Mode::Train)?;
        let (infer, vector) = build(encoder.as_ref(), &mut weights, Mode::Infer)?;
        assert_eq!(weights.len(), declared, "{name}");
        assert_eq!(infer.value(vector).shape.rank(), 2);
        let inputs = |g: &Graph| g.inputs().keys().cloned().collect::<Vec<_>>();
        assert_eq!(inputs(&train), inputs(&infer));
        let fed: Vec<String> =
            encoder.prepare(&table)?.fields.keys().map(|f| format!("encode.x.{f}")).collect();
        assert_eq!(fed, inputs(&infer), "{name}");
    }
    Ok(())
}

#[test]
fn missing_and_odd_cells_are_no_error() -> Outcome {
    for Case { spec, name, encoder, table } in cases()? {
        let weights = start(encoder.as_ref())?;
        let missing = encoder.prepare(&missing_row(&table)?)?;
        assert_eq!(missing.present, [false], "{name}");
        let odd = encoder.prepare(&odd_row(spec.modality)?)?;
        assert_eq!(
            (odd.present.as_slice(), odd.bad.as_slice()),
            ([true].as_slice(), [].as_slice()),
            "{name}"
        );
        for prepared in [missing, odd] {
            let made = vectors(encoder.as_ref(), &weights, &prepared, &[0])?;
            assert!(made[0].iter().all(|v| v.is_finite()), "{name}: {:?}", made[0]);
        }
        let none = encoder.prepare(&table.slice(0, 0))?;
        assert_eq!(none.rows(), 0);
    }
    Ok(())
}

#[test]
fn cells_that_cannot_be_read_are_listed_and_count_as_missing() -> Outcome {
    for Case { spec, name, encoder, .. } in cases()? {
        let broken: Vec<Option<&[u8]>> = vec![Some(b"GIF89a, cut off"), None];
        let table = match spec.modality {
            Modality::Image => column("picture", Kind::Image, fixtures::bytes(&broken))?,
            Modality::Audio => column("tone", Kind::Audio, fixtures::bytes(&broken))?,
            _ => continue,
        };
        let prepared = encoder.prepare(&table)?;
        assert_eq!(prepared.present, [false, false]);
        assert_eq!(prepared.bad.len(), 1, "{name}");
        assert_eq!(prepared.bad[0].row, 0);
        assert!(prepared.bad[0].message.contains("row 1"), "{}", prepared.bad[0].message);
    }
    Ok(())
}

#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() -> Outcome {
    for Case { name, encoder, table, .. } in cases()? {
        let weights = start(encoder.as_ref())?;
        let rows = [4, 11, 2, 30, 7, 18, 25];
        let together = vectors(encoder.as_ref(), &weights, &encoder.prepare(&table)?, &rows)?;
        for (&row, expected) in rows.iter().zip(&together) {
            let alone = encoder.prepare(&table.slice(row, 1))?;
            let found = &vectors(encoder.as_ref(), &weights, &alone, &[0])?[0];
            let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{name}: row {row} differs by {worst}");
        }
    }
    Ok(())
}

#[test]
fn threads_change_nothing() -> Outcome {
    let with = |threads: usize| -> Result<Vec<(State, Prepared)>, Box<dyn std::error::Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let made = pool.install(|| -> ronghe::Result<_> {
            cases()?.iter().map(|c| Ok((c.encoder.state(), c.encoder.prepare(&c.table)?))).collect()
        });
        Ok(made?)
    };
    assert!(with(1)? == with(5)?, "state or cells depend on the number of threads");
    Ok(())
}

#[test]
fn parameters_are_checked_by_name_and_value() -> Outcome {
    let table = fixtures::table(8)?;
    let files = |name: &str| -> ronghe::Result<std::path::PathBuf> { Ok(name.into()) };
    for spec in ENCODERS {
        let table = fixtures::columns_of(&table, spec.modality)?;
        let fit =
            |params: Value| (spec.fit)(&FitInput { table: &table, params: &params, files: &files, seed: 1 });
        let defaults = (spec.defaults)();
        let first = defaults.as_object().and_then(|o| o.keys().next().cloned()).unwrap_or_default();
        let message = |params| fit(params).err().map(|e| e.to_string()).unwrap_or_default();
        let unknown = message(json!({"widht": 3}));
        assert!(unknown.contains("widht") && unknown.contains(&first), "{}: {unknown}", spec.name);
        let wrong = message(json!({"dropout": "much"}));
        assert!(wrong.contains("dropout"), "{}: {wrong}", spec.name);
        assert!(message(json!({"dropout": 1.5})).contains("1.5"), "{}", spec.name);
    }
    Ok(())
}
