//! A language model behind an OpenAI-compatible address: llama.cpp's server, Ollama, vLLM and their like.
//!
//! `POST {base}/chat/completions` with `stream: true`; what comes are lines `data: {...}` up to `data: [DONE]`, or one JSON
//! object where a server does not stream. Nothing but the given address is opened: no redirects, no proxy. Without the
//! feature `tls` the address is `http://`. Source: OpenAI's API reference, chat completions.

use super::{Generate, Prompt};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;
use ureq::Agent;
use ureq::http::Response;

/// To connect.
const CONNECT: Duration = Duration::from_secs(10);
/// Until the last token: a model on a small processor takes its time over the passages.
const WHOLE: Duration = Duration::from_secs(900);
/// Bytes of a reply that are read.
const MOST_REPLY: u64 = 16 << 20;
/// Bytes of a server's own words that are shown.
const SHOWN: usize = 300;

/// A model behind an address.
pub struct Endpoint {
    /// Up to `/v1`.
    base: String,
    model: String,
    key: Option<String>,
    agent: Agent,
}

impl Endpoint {
    /// The model called `model`, or the only one that the server has. `address`: `http://HOST:PORT`, with or without `/v1`.
    pub fn open(address: &str, model: Option<&str>, key: Option<String>) -> Result<Endpoint> {
        let trimmed = address.trim().trim_end_matches('/');
        let trimmed = trimmed.strip_suffix("/chat/completions").unwrap_or(trimmed);
        let secure = cfg!(feature = "tls") && trimmed.starts_with("https://");
        if !trimmed.starts_with("http://") && !secure {
            let mend = match trimmed.starts_with("https://") {
                true => "build with `--features tls`, or give the address of a server on this machine",
                false => "give the address that the server prints when it starts",
            };
            return Err(Error::Server {
                address: address.to_owned(),
                expected: "an address such as http://127.0.0.1:8080".into(),
                found: format!("`{trimmed}`"),
                mend: mend.into(),
            });
        }
        let base = if trimmed.ends_with("/v1") { trimmed.to_owned() } else { format!("{trimmed}/v1") };
        let agent: Agent = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .into();
        let mut endpoint = Endpoint { base, model: String::new(), key, agent };
        endpoint.model = match model {
            Some(model) => model.to_owned(),
            None => {
                let mut all = endpoint.models()?;
                match (all.pop(), all.is_empty()) {
                    (Some(only), true) => only,
                    (last, _) => {
                        all.extend(last);
                        return Err(Error::Server {
                            address: endpoint.base,
                            expected: "one model".into(),
                            found: if all.is_empty() { "none".into() } else { all.join(", ") },
                            mend: "name one with --model".into(),
                        });
                    }
                }
            }
        };
        Ok(endpoint)
    }

    /// Names of the server's models.
    fn models(&self) -> Result<Vec<String>> {
        let request = self.agent.get(format!("{}/models", self.base));
        let request = match &self.key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        };
        let text = self.text(request.call().map_err(|e| self.unreached(&e))?)?;
        let list: Value = serde_json::from_str(&text).map_err(|_| self.strange("a list of models", &text))?;
        let names = list["data"].as_array().into_iter().flatten();
        Ok(names.filter_map(|m| m["id"].as_str().map(str::to_owned)).collect())
    }

    /// A reply that went well, whole.
    fn text(&self, mut response: Response<ureq::Body>) -> Result<String> {
        let mut text = String::new();
        let read = response.body_mut().as_reader().take(MOST_REPLY).read_to_string(&mut text);
        let status = response.status().as_u16();
        if status != 200 {
            return Err(self.refused(status, &text));
        }
        read.map_err(|e| self.cut(&e))?;
        Ok(text)
    }

    fn unreached(&self, error: &ureq::Error) -> Error {
        Error::Server {
            address: self.base.clone(),
            expected: "a server that answers".into(),
            found: error.to_string(),
            mend: "start it, and see that address and port are right".into(),
        }
    }

    fn refused(&self, status: u16, text: &str) -> Error {
        let mend = match status {
            401 | 403 => {
                "give the name of the environment variable that holds the key with --key-env".to_owned()
            }
            404 => match self.models() {
                Ok(all) if !all.is_empty() => format!("its models are: {}", all.join(", ")),
                _ => "see that the address is that of an OpenAI-compatible server".to_owned(),
            },
            300..=399 => "redirects are not followed: give the last address".to_owned(),
            400 | 413 => "ask for fewer sentences, or start the server with a larger context".to_owned(),
            _ => "see what the server logs".to_owned(),
        };
        Error::Server {
            address: self.base.clone(),
            expected: format!("a reply of model `{}`", self.model),
            found: format!("status {status}: {}", shown(text)),
            mend,
        }
    }

    fn strange(&self, expected: &str, text: &str) -> Error {
        Error::Server {
            address: self.base.clone(),
            expected: expected.to_owned(),
            found: format!("`{}`", shown(text)),
            mend: "see that the address is that of an OpenAI-compatible server".into(),
        }
    }

    fn cut(&self, error: &std::io::Error) -> Error {
        Error::Server {
            address: self.base.clone(),
            expected: "a whole reply".into(),
            found: error.to_string(),
            mend: "try again; what was checked before stands".into(),
        }
    }
}

impl Generate for Endpoint {
    fn name(&self) -> &str {
        &self.model
    }

    fn generate(
        &self,
        prompt: &Prompt,
        most_tokens: usize,
        on_text: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let body = json!({
            "model": self.model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            "temperature": 0,
            "seed": 0,
            "max_tokens": most_tokens,
            "stream": true,
        });
        let request =
            self.agent.post(format!("{}/chat/completions", self.base)).content_type("application/json");
        let request = match &self.key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        };
        let mut response = request.send(body.to_string()).map_err(|e| self.unreached(&e))?;
        if response.status().as_u16() != 200 {
            self.text(response)?;
            return Ok(());
        }
        let mut reader = BufReader::new(response.body_mut().as_reader().take(MOST_REPLY));
        let (mut line, mut done) = (String::new(), false);
        while !done {
            line.clear();
            if reader.read_line(&mut line).map_err(|e| self.cut(&e))? == 0 {
                break;
            }
            let event = line.trim();
            let data = match event.strip_prefix("data:") {
                Some(data) => data.trim(),
                // A server that does not stream: one object, in one line or many.
                None if event.starts_with('{') => {
                    reader.read_to_string(&mut line).map_err(|e| self.cut(&e))?;
                    line.trim()
                }
                None => continue,
            };
            if data == "[DONE]" {
                done = true;
                continue;
            }
            let piece: Value = serde_json::from_str(data).map_err(|_| self.strange("JSON", data))?;
            if let Some(error) = piece.get("error") {
                return Err(self.strange("a reply", &error.to_string()));
            }
            let choice = &piece["choices"][0];
            let text = choice["delta"]["content"].as_str().or_else(|| choice["message"]["content"].as_str());
            if let Some(text) = text {
                on_text(text)?;
            }
            done = choice["finish_reason"].is_string();
        }
        if !done {
            return Err(self.cut(&std::io::Error::other("the end of the stream in the middle of it")));
        }
        Ok(())
    }
}

/// The beginning of what a server said.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(SHOWN).collect()
}
