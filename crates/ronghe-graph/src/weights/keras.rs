//! Keras 3's .keras files: a ZIP archive with the layers in `config.json` and their variables in `model.weights.h5`.
//!
//! In the HDF5 file a layer goes by its class in snake case and a counter, a variable by its number:
//! `layers/functional/layers/conv2d_1/vars/0`. Here they get the names of the configuration, as in Keras' own .h5 files:
//! `mobilenetv2/Conv1/kernel`.

use super::cursor::Cursor;
use super::h5;
use super::zip::Zip;
use crate::{Result, Weights};
use serde_json::Value;
use std::collections::BTreeMap;

/// The entry with the variables.
const WEIGHTS: &str = "model.weights.h5";
const CONFIG: &str = "config.json";

/// A parsed configuration takes many times its bytes.
const MAX_CONFIG_BYTES: usize = 64 << 20;
const MAX_LAYERS: usize = 1 << 16;
const MAX_NAME: usize = 1024;

/// Variables of classes of layers, in the order of their numbers. A flag of the layer's configuration behind a name: the
/// variable is only there where the flag is not `false`.
const VARIABLES: &[(&str, &[(&str, &str)])] = &[
    ("conv1d", KERNEL_BIAS),
    ("conv2d", KERNEL_BIAS),
    ("depthwise_conv2d", KERNEL_BIAS),
    ("dense", KERNEL_BIAS),
    ("separable_conv2d", &[("depthwise_kernel", ""), ("pointwise_kernel", ""), ("bias", "use_bias")]),
    (
        "batch_normalization",
        &[("gamma", "scale"), ("beta", "center"), ("moving_mean", ""), ("moving_variance", "")],
    ),
    ("layer_normalization", &[("gamma", "scale"), ("beta", "center")]),
    ("embedding", &[("embeddings", "")]),
];

const KERNEL_BIAS: &[(&str, &str)] = &[("kernel", ""), ("bias", "use_bias")];

/// Whether an archive is a .keras file, and not one of PyTorch.
pub(super) fn is_keras(path: &str, bytes: &[u8]) -> Result<bool> {
    Ok(Zip::read(path, bytes)?.names().any(|name| name == WEIGHTS))
}

/// All variables of the layers of a .keras file, named `path` in errors. A variable's name is that of its layer (and of
/// the models around it), then that of the variable, or its number in a layer of a class that is not known here. The
/// optimiser's variables are left out; layouts stay as they are (see [`super::layout`]).
pub fn read(path: &str, bytes: &[u8]) -> Result<Weights> {
    let zip = Zip::read(path, bytes)?;
    let file = Cursor::new(path, "Keras", bytes);
    let config = zip.get(CONFIG)?;
    if config.len() > MAX_CONFIG_BYTES {
        return file.fail(format!("{CONFIG} of {} bytes, at most {MAX_CONFIG_BYTES} are read", config.len()));
    }
    let config: Value = serde_json::from_slice(config).map_err(|e| file.error(format!("{CONFIG}: {e}")))?;
    let mut names = Names { file: &file, layers: 0, variables: BTreeMap::new() };
    names.model(&config["config"], "", "")?;

    let mut weights = Weights::new();
    for (place, param) in h5::read(path, zip.get(WEIGHTS)?)? {
        if place.starts_with("optimizer/") {
            continue;
        }
        let name = names.of(&place).unwrap_or(place);
        weights.insert(&name, param.tensor, param.trainable);
    }
    Ok(weights)
}

/// Names of variables by the place of their layer in the HDF5 file.
struct Names<'f> {
    file: &'f Cursor<'f>,
    layers: usize,
    /// Name of the layer, and names of its variables.
    variables: BTreeMap<String, (String, Vec<&'static str>)>,
}

impl Names<'_> {
    /// The layers of one model. serde_json allows 128 levels, so this ends before the stack does.
    fn model(&mut self, config: &Value, place: &str, name: &str) -> Result<()> {
        let mut counters: BTreeMap<String, usize> = BTreeMap::new();
        for layer in config["layers"].as_array().map(Vec::as_slice).unwrap_or_default() {
            self.layers += 1;
            if self.layers > MAX_LAYERS {
                return self.file.fail(format!("{CONFIG}: more than {MAX_LAYERS} layers"));
            }
            let own = &layer["config"];
            let (Some(class), Some(called)) = (layer["class_name"].as_str(), own["name"].as_str()) else {
                return self.file.fail(format!("{CONFIG}: a layer without `class_name` or `name`"));
            };
            let class = snake_case(class);
            let count = counters.entry(class.clone()).or_default();
            let number = if *count == 0 { String::new() } else { format!("_{count}") };
            *count += 1;
            let place = format!("{place}layers/{class}{number}/");
            let name = if name.is_empty() { called.to_owned() } else { format!("{name}/{called}") };
            if place.len().max(name.len()) > MAX_NAME {
                return self.file.fail(format!("{CONFIG}: a name of more than {MAX_NAME} bytes"));
            }
            if own["layers"].is_array() {
                self.model(own, &place, &name)?;
            } else if let Some((_, variables)) = VARIABLES.iter().find(|(known, _)| *known == class) {
                let there = |flag: &str| own.get(flag) != Some(&Value::Bool(false));
                let variables = variables.iter().filter(|(_, flag)| there(flag)).map(|(v, _)| *v);
                self.variables.insert(place, (name, variables.collect()));
            } else {
                self.variables.insert(place, (name, Vec::new()));
            }
        }
        Ok(())
    }

    /// `LAYER/VARIABLE` of a place such as `layers/conv2d/vars/0`.
    fn of(&self, place: &str) -> Option<String> {
        let (layer, number) = place.rsplit_once("vars/")?;
        let (name, variables) = self.variables.get(layer)?;
        let number: usize = number.parse().ok()?;
        Some(match variables.get(number) {
            Some(variable) => format!("{name}/{variable}"),
            None => format!("{name}/{number}"),
        })
    }
}

/// Keras' spelling of a class inside files: `DepthwiseConv2D` becomes `depthwise_conv2d`, `ReLU` `re_lu`. Of a class
/// registered as `package>Name` the name counts.
fn snake_case(class: &str) -> String {
    let class = class.rsplit('>').next().unwrap_or_default();
    let class: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut out = String::new();
    for (i, &c) in class.iter().enumerate() {
        let lower = |c: Option<&char>| c.is_some_and(char::is_ascii_lowercase);
        let starts_word = lower(class.get(i + 1)) || (i > 0 && lower(class.get(i - 1)));
        if i > 0 && c.is_ascii_uppercase() && starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::zip::tests::pack;

    /// Written by Keras 3.15: see `versus/golden/keras_files.py`.
    const TINY: &[u8] = include_bytes!("../../tests/golden/tiny.keras");
    const TINY_H5: &[u8] = include_bytes!("../../tests/golden/tiny.h5");

    #[test]
    fn both_files_of_keras_hold_the_same_variables() -> Result<()> {
        let zipped = read("tiny.keras", TINY)?;
        let names: Vec<&str> = zipped.iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "head/bias",
                "head/kernel",
                "plain_norm/beta",
                "plain_norm/moving_mean",
                "plain_norm/moving_variance",
                "trunk/mix/bias",
                "trunk/mix/kernel",
                "trunk/mix_norm/beta",
                "trunk/mix_norm/gamma",
                "trunk/mix_norm/moving_mean",
                "trunk/mix_norm/moving_variance",
                "trunk/point/kernel",
                "trunk/stem/bias",
                "trunk/stem/kernel",
            ]
        );
        assert_eq!(zipped.get("trunk/mix/kernel").map(|t| t.shape().to_vec()), Some(vec![3, 3, 4, 1]));
        // The older format repeats the layer's name and keeps the optimiser beside the weights.
        let plain = h5::read("tiny.h5", TINY_H5)?;
        for (name, param) in zipped.iter() {
            let layer = name.rsplit_once('/').map_or(name, |(layer, _)| layer);
            let nested = format!("model_weights/{name}");
            let twice = format!("model_weights/{layer}/{name}");
            let found = plain.get(&nested).or_else(|| plain.get(&twice));
            assert_eq!(found, Some(&param.tensor), "{name}");
        }
        Ok(())
    }

    #[test]
    fn classes_are_spelt_as_keras_does() {
        for (class, expected) in [
            ("Conv2D", "conv2d"),
            ("DepthwiseConv2D", "depthwise_conv2d"),
            ("BatchNormalization", "batch_normalization"),
            ("ReLU", "re_lu"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("mine>MyLSTMCell", "my_lstm_cell"),
        ] {
            assert_eq!(snake_case(class), expected);
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        for len in (0..TINY.len()).step_by(211) {
            assert!(read("cut", &TINY[..len]).is_err(), "{len}");
        }
        for i in (0..TINY.len()).step_by(61) {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = TINY.to_vec();
                bytes[i] ^= flip;
                let _ = read("flipped", &bytes);
            }
        }
    }

    #[test]
    fn hostile_configurations_are_refused() {
        let h5 = TINY_H5;
        let message = |config: &str| {
            let bytes = pack(&[(CONFIG, config.as_bytes()), (WEIGHTS, h5)]);
            read("evil.keras", &bytes).map_err(|e| e.to_string()).err().unwrap_or_default()
        };
        assert!(message("{").contains("config.json: EOF"));
        assert!(message(&"[".repeat(100_000)).contains("recursion limit"));
        let nameless = r#"{"config": {"layers": [{"class_name": "Dense", "config": {}}]}}"#;
        assert!(message(nameless).contains("a layer without `class_name` or `name`"));
        let layer = r#"{"class_name": "Dense", "config": {"name": "d"}},"#;
        let many = format!(r#"{{"config": {{"layers": [{} null]}}}}"#, layer.repeat(MAX_LAYERS + 1));
        assert!(message(&many).contains("more than 65536 layers"));
        let long = format!(
            r#"{{"config": {{"layers": [{{"class_name": "Dense", "config": {{"name": "{}"}}}}]}}}}"#,
            "d".repeat(2000)
        );
        assert!(message(&long).contains("a name of more than 1024 bytes"));
        assert!(
            read("bare.keras", &pack(&[(WEIGHTS, h5)]))
                .is_err_and(|e| e.to_string().contains("`config.json`"))
        );
    }
}
