//! Vectors of `keyring`: credentials for images, keys as they are kept, and images on Docker Hub.

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::{GoVersion, Keyring, is_on_default_registry, normalised_key};

#[derive(Deserialize)]
#[serde(untagged)]
enum Vector {
    Lookups { auth_keys_by_provider: Vec<Vec<String>>, lookups: Vec<LookUp> },
    DefaultRegistry { image: String, default: bool },
    Normalisation { key: String, normalised: Option<String> },
}

#[derive(Deserialize)]
struct LookUp {
    image: String,
    creds: Vec<String>,
    found: Option<bool>,
}

pub(super) fn outcomes(entry: &Value) -> Vec<Outcome> {
    match serde_json::from_value(entry.clone()) {
        Err(error) => vec![Outcome::skipped(&format!("it has another shape: {error}"))],
        Ok(Vector::Lookups { auth_keys_by_provider, lookups }) => {
            let keyring = keyring(&auth_keys_by_provider);
            lookups.iter().map(|look_up| look_up.outcome(&keyring)).collect()
        }
        Ok(Vector::DefaultRegistry { image, default }) => {
            let got = is_on_default_registry(&image);
            vec![Outcome::of(&format!("`{image}` on Docker Hub"), [(default.to_string(), got.to_string())])]
        }
        Ok(Vector::Normalisation { key, normalised }) => {
            let got = normalised_key(&key, GoVersion::default()).ok();
            let shown = |key: Option<String>| key.map_or("no key".to_owned(), |key| format!("`{key}`"));
            vec![Outcome::of(&format!("the key `{key}`"), [(shown(normalised), shown(got))])]
        }
    }
}

/// A keyring of keys, each with its credential's name after the last `=`.
fn keyring(providers: &[Vec<String>]) -> Keyring<&str> {
    let mut keyring = Keyring::new(GoVersion::default());
    for provider in providers {
        keyring.add(provider.iter().map(|key| key.rsplit_once('=').unwrap_or((key, ""))));
    }
    keyring
}

impl LookUp {
    fn outcome(&self, keyring: &Keyring<&str>) -> Outcome {
        let Self { image, creds, found } = self;
        let got: Vec<_> = keyring.look_up(image).into_iter().map(|(_key, name)| (*name).to_owned()).collect();
        let is_found = found.map(|found| (format!("found: {found}"), format!("found: {}", !got.is_empty())));
        let names = (creds.join(", "), got.join(", "));
        Outcome::of(&format!("credentials for `{image}`"), [names].into_iter().chain(is_found))
    }
}
