//! A language model behind an OpenAI-compatible address: llama.cpp's server, Ollama, vLLM and their like.
//!
//! `POST {base}/chat/completions` with `stream: true`; what comes are lines `data: {...}` up to `data: [DONE]`, or one JSON
//! object where a server does not stream. A server that is busy is asked again ([`super::again`]), a request that fails otherwise is
//! not. Content may be text or a list of parts of it; what a model thinks is not content. Nothing but the given address is opened: no redirects, no proxy. Without the
//! feature `tls` the address is `http://`. Source: OpenAI's API reference, chat completions.

use super::again::{self, wait};
use super::{Generate, Prompt};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, SystemTime};
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
        let mut response = self.ask("models", None)?;
        let status = response.status().as_u16();
        let text = self.text(&mut response)?;
        if status != 200 {
            return Err(self.refused(status, &text, ""));
        }
        let list: Value = serde_json::from_str(&text).map_err(|_| self.strange("a list of models", &text))?;
        let names = list["data"].as_array().into_iter().flatten();
        Ok(names.filter_map(|m| m["id"].as_str().map(str::to_owned)).collect())
    }

    /// Asks for `path`, with a body or without; again where the server is busy.
    fn ask(&self, path: &str, body: Option<&str>) -> Result<Response<ureq::Body>> {
        let address = format!("{}/{path}", self.base);
        let key = self.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut before = 0;
        loop {
            let answered = match body {
                Some(body) => {
                    let request = self.agent.post(&address).content_type("application/json");
                    match &key {
                        Some(key) => request.header("Authorization", key).send(body),
                        None => request.send(body),
                    }
                }
                None => match &key {
                    Some(key) => self.agent.get(&address).header("Authorization", key).call(),
                    None => self.agent.get(&address).call(),
                },
            };
            let response = answered.map_err(|e| self.unreached(&e))?;
            let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
            match wait(response.status().as_u16(), after, before, SystemTime::now()) {
                Some(time) => std::thread::sleep(time),
                None => return Ok(response),
            }
            before += 1;
        }
    }

    /// What a reply says, as far as it is read.
    fn text(&self, response: &mut Response<ureq::Body>) -> Result<String> {
        let mut bytes = Vec::new();
        let read = response.body_mut().as_reader().take(MOST_REPLY).read_to_end(&mut bytes);
        if response.status().as_u16() == 200 {
            read.map_err(|e| self.cut(&e))?;
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn unreached(&self, error: &ureq::Error) -> Error {
        Error::Server {
            address: self.base.clone(),
            expected: "a server that answers".into(),
            found: error.to_string(),
            mend: "start it, and see that address and port are right".into(),
        }
    }

    /// A reply that did not go well. `models`: those that the server has, if that is what it may be about.
    fn refused(&self, status: u16, text: &str, models: &str) -> Error {
        let mend = match status {
            401 | 403 => {
                "give the name of the environment variable that holds the key with --key-env".to_owned()
            }
            404 if !models.is_empty() => format!("its models are: {models}"),
            404 => "see that the address is that of an OpenAI-compatible server".to_owned(),
            300..=399 => "redirects are not followed: give the last address".to_owned(),
            400 | 413 => "ask for fewer sentences, or start the server with a larger context".to_owned(),
            429 | 500..=599 => {
                format!("it was asked {} times at most: try later, or see what it logs", again::MOST + 1)
            }
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
        let mut response = self.ask("chat/completions", Some(&body.to_string()))?;
        let status = response.status().as_u16();
        if status != 200 {
            let text = self.text(&mut response)?;
            // Once, and whatever comes of it: it only says how to mend what went wrong.
            let models =
                if status == 404 { self.models().unwrap_or_default().join(", ") } else { String::new() };
            return Err(self.refused(status, &text, &models));
        }
        let mut reader = BufReader::new(response.body_mut().as_reader().take(MOST_REPLY));
        let (mut line, mut done, mut seen) = (String::new(), false, Seen::Nothing);
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
            let message = if choice["message"].is_object() { &choice["message"] } else { &choice["delta"] };
            match &message["content"] {
                Value::String(text) => {
                    seen = Seen::Content;
                    on_text(text)?;
                }
                Value::Array(parts) => {
                    seen = Seen::Content;
                    parts.iter().filter_map(of_part).try_for_each(&mut *on_text)?;
                }
                Value::Null if seen == Seen::Content => {}
                Value::Null => {
                    let thinks =
                        ["reasoning_content", "reasoning"].iter().any(|name| message[*name].is_string());
                    seen = if thinks { Seen::Thoughts } else { seen };
                }
                other => {
                    return Err(self.strange("content that is a text or a list of parts", &other.to_string()));
                }
            }
            done = choice["finish_reason"].is_string();
        }
        if !done {
            return Err(self.cut(&std::io::Error::other("the end of the stream in the middle of it")));
        }
        let (found, mend) = match seen {
            Seen::Content => return Ok(()),
            Seen::Thoughts => {
                ("only what it thinks", "start the server with thinking switched off, or take another model")
            }
            Seen::Nothing => ("content null", "see that the model is one for chat"),
        };
        Err(Error::Server {
            address: self.base.clone(),
            expected: format!("text from model `{}`", self.model),
            found: found.into(),
            mend: mend.into(),
        })
    }
}

/// What a reply has had so far.
#[derive(PartialEq)]
enum Seen {
    Nothing,
    Thoughts,
    Content,
}

/// The text of a part of a message; none for pictures, thoughts and the like.
fn of_part(part: &Value) -> Option<&str> {
    let kind = part["type"].as_str().unwrap_or("text");
    let text = matches!(kind, "text" | "output_text").then(|| &part["text"]);
    part.as_str().or_else(|| text?.as_str())
}

/// The beginning of what a server said.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(SHOWN).collect()
}
