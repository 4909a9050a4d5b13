//! Vectors of `image`: what a credential provider is asked about for an image.

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::ImageName;

#[derive(Deserialize)]
struct Vector {
    image: String,
    repo_sent_to_plugin: Option<String>,
    error: Option<String>,
}

pub(super) fn outcome(entry: &Value) -> Outcome {
    Outcome::read(entry, |Vector { image, repo_sent_to_plugin, error }: Vector| {
        let expected = match (repo_sent_to_plugin, error) {
            (Some(repository), _) => repository,
            (None, Some(error)) => format!("error: {}", error.trim_start_matches("error: ")),
            (None, None) => return Outcome::skipped("it expects neither a repository nor an error"),
        };
        let got = match ImageName::parse(&image) {
            Ok(name) => name.repository().to_owned(),
            Err(error) => format!("error: {error}"),
        };
        Outcome::of(&format!("`{image}`"), [(expected, got)])
    })
}
