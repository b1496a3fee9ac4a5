//! Linear models against scikit-learn.

use ronghe::probe::{Features, Goal, Linear};
use ronghe_stats::lbfgs::Stop;
use serde_json::Value;

fn floats(value: &Value) -> Vec<f64> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_f64).collect()
}

#[test]
fn coefficients_are_those_of_scikit_learn() {
    let golden: Value = serde_json::from_str(include_str!("../golden/linear.json")).expect("JSON");
    let values: Vec<f32> = floats(&golden["values"]).into_iter().map(|v| v as f32).collect();
    let width = 6;
    let features = Features::Dense { width, values };
    let rows: Vec<usize> = (0..features.rows()).collect();
    let problems = golden["problems"].as_array().expect("problems");
    assert_eq!((features.rows(), problems.len()), (120, 6));
    for problem in problems {
        let count = problem["classes"].as_u64().expect("a number") as usize;
        let strength = problem["strength"].as_f64().expect("a number");
        let goal = if count > 1 {
            let labels = floats(&problem["labels"]).into_iter().map(|v| v as usize).collect();
            Goal::Classes { labels, count }
        } else {
            Goal::Numbers(floats(&problem["numbers"]))
        };
        let stop = Stop { gradient: 1e-12, iterations: 5000 };
        let model = Linear::fit(&features, &goal, &rows, strength, None, stop);
        let weight = |j: usize, c: usize| match count {
            2 => model.weight(j, 1) - model.weight(j, 0),
            _ => model.weight(j, c),
        };
        let intercept = |c: usize| match count {
            2 => model.intercept(1) - model.intercept(0),
            _ => model.intercept(c) - (0..count).map(|c| model.intercept(c)).sum::<f64>() / count as f64,
        };
        let what = format!("{count} classes, strength {strength}");
        let objective = problem["objective"].as_f64().expect("a number");
        assert!((model.objective() - objective).abs() < 1e-9, "{what}: {} {objective}", model.objective());
        let theirs = floats(&problem["coefficients"]);
        for (i, theirs) in theirs.iter().enumerate() {
            let ours = weight(i % width, i / width);
            assert!((ours - theirs).abs() < 1e-6 * theirs.abs().max(1.0), "{what} {i}: {ours} {theirs}");
        }
        if count > 1 {
            for (c, theirs) in floats(&problem["intercepts"]).iter().enumerate() {
                assert!(
                    (intercept(c) - theirs).abs() < 1e-6 * theirs.abs().max(1.0),
                    "{what}: {}",
                    intercept(c)
                );
            }
        }
    }
}
