//! What an operator knows about the world, by name: `{registry}` in an adapter or a case.

use std::collections::BTreeMap;

use thiserror::Error;

/// Every name, for `conformance/cases/README.md` and for the check of adapters.
const NAMES: [&str; 32] = [
    "registry",
    "host",
    "at_port",
    "image",
    "cloud",
    "cloud_host",
    "cloud_tls",
    "ca_file",
    "folder",
    "program_folder",
    "username",
    "password",
    "password_file",
    "token_file",
    "oidc_provider",
    "region",
    "role",
    "external_role",
    "external_id",
    "tenant",
    "application",
    "application_uri",
    "node_client",
    "node_account",
    "other_account",
    "pool_provider",
    "secret",
    "user_pool",
    "user_pool_path",
    "resource_server",
    "resource_scope",
    "port",
];

/// Facts by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts(BTreeMap<String, String>);

/// A name that is no fact.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{{{0}}}` is no fact of the world; conformance/cases/README.md lists them")]
pub struct UnknownFact(pub(super) String);

impl Facts {
    /// Every name with itself as its value.
    pub(super) fn sample() -> Self {
        NAMES.iter().fold(Self::default(), |facts, name| facts.with(name, name))
    }

    /// Adds a fact.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Replaces names in braces by their values. Braces around anything but small letters and `_` are text.
    pub(super) fn render(&self, text: &str) -> Result<String, UnknownFact> {
        let (mut rendered, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, after)) = rest.split_once('{') {
            rendered.push_str(before);
            let name = after.split('}').next().unwrap_or_default();
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if is_name && after.len() > name.len() {
                rendered.push_str(self.0.get(name).ok_or_else(|| UnknownFact(name.to_owned()))?);
                rest = &after[name.len() + 1..];
            } else {
                rendered.push('{');
                rest = after;
            }
        }
        rendered.push_str(rest);
        Ok(rendered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_facts_and_all_else_is_text() {
        let facts = Facts::default().with("registry", "r.io");
        let rendered = |text| facts.render(text);
        assert_eq!(rendered("{registry}/x{registry}").unwrap(), "r.io/xr.io");
        for text in ["{identity: {awsPodIdentity: {}}}", "{", "a}", "{registry", "{A}", r#"{"a":1}"#] {
            assert_eq!(rendered(text).unwrap(), text);
        }
        assert_eq!(rendered("{registri}"), Err(UnknownFact("registri".to_owned())));
    }

    #[test]
    fn the_readme_lists_every_fact() {
        let readme = include_str!("../../cases/README.md");
        for name in NAMES {
            assert!(readme.contains(&format!("`{{{name}}}`")), "{name}");
        }
    }
}
