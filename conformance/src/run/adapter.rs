//! How one plugin is configured: facts of a world to arguments, variables and files. It says nothing about what is expected.

mod lab;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use thiserror::Error;

use self::lab::Lab;
pub(super) use self::lab::{Machine, Surroundings};
use super::facts::{Facts, UnknownFact};
use crate::kubelet::CacheType;

/// What every plugin has that is led to mocks on free ports, and none in a lab: its registry is named with a port.
const PORT: &str = "registry-port";

/// One plugin's adapter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adapter {
    /// The name that it is chosen by.
    #[serde(skip)]
    pub(super) name: String,
    /// The text that it was read from.
    #[serde(skip)]
    pub(super) text: String,
    /// What the plugin is called.
    pub(super) title: String,
    /// The features that it has beside its identities.
    #[serde(default)]
    pub(super) features: BTreeSet<String>,
    /// The identity of cases that name none.
    pub(super) default: String,
    /// Variables of every identity.
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    setting: BTreeMap<String, Setting>,
    /// Each case is run in a lab; without it the plugin is led to mocks on free ports.
    #[serde(default)]
    lab: Option<Lab>,
    identity: BTreeMap<String, Identity>,
}

/// What an operator may set; `{value}` is what a case sets it to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    env: BTreeMap<String, String>,
}

/// An entry of the kubelet's configuration for one identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Files by name, in the folder `{folder}`.
    #[serde(default)]
    file: BTreeMap<String, String>,
    /// `tokenAttributes`, where the entry has them.
    #[serde(default)]
    pub(super) token: Option<TokenEntry>,
    /// What of the lab is another for this identity.
    #[serde(default)]
    lab: Option<lab::Own>,
}

/// `tokenAttributes` of an entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenEntry {
    pub(super) audience: String,
    /// The keys of annotations that are sent.
    #[serde(default)]
    pub(super) annotations: Vec<String>,
    #[serde(default)]
    pub(super) cache_type: CacheTypeWord,
}

/// `cacheType` of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum CacheTypeWord {
    #[default]
    ServiceAccount,
    Token,
}

/// An entry with the facts of one world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) args: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, String>,
}

/// Why a text is no adapter, or none of that name is there.
#[derive(Debug, Error)]
pub enum AdapterError {
    /// Neither built in nor a file.
    #[error("there is no adapter `{name}`: use {known}, or a file")]
    Unknown {
        /// The name.
        name: String,
        /// Those that are built in.
        known: String,
    },
    /// A file that is none.
    #[error("`{file}`: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Adapter {
    /// Reads an adapter.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, AdapterError> {
        let failed = |problem: String| AdapterError::File { file: file.to_owned(), problem };
        let mut adapter: Self = toml::from_str(text).map_err(|error| failed(error.to_string()))?;
        let base = file.rsplit('/').next().unwrap_or(file);
        adapter.name = String::from(base.strip_suffix(".toml").unwrap_or(base));
        text.clone_into(&mut adapter.text);
        if !adapter.identity.contains_key(&adapter.default) {
            return Err(failed(format!("`default` is `{}`, and there is no such `identity`", adapter.default)));
        }
        if adapter.lab.is_none() {
            adapter.features.insert(PORT.to_owned());
        }
        let stray = adapter.identity.iter().find(|(_, identity)| identity.lab.is_some() && adapter.lab.is_none());
        if let Some((name, _)) = stray {
            return Err(failed(format!("`identity.{name}` has `lab`, and the adapter has none")));
        }
        let sample = Facts::sample();
        for identity in adapter.identity.keys() {
            let settings = adapter.setting.keys().map(|name| (name.clone(), "1".to_owned())).collect();
            let entry = adapter.entry(identity, &settings, &sample);
            entry.map_err(|error| failed(format!("`identity.{identity}`: {error}")))?;
        }
        Ok(adapter)
    }

    /// Whether the plugin has a feature, an identity, or a setting as `setting.NAME`.
    pub(super) fn has(&self, feature: &str) -> bool {
        let setting = feature.strip_prefix("setting.").is_some_and(|name| self.setting.contains_key(name));
        setting || self.features.contains(feature) || self.identity.contains_key(feature)
    }

    /// All that [`Adapter::has`] answers yes to.
    pub(super) fn declared(&self) -> Vec<String> {
        let settings = self.setting.keys().map(|name| format!("setting.{name}"));
        self.features.iter().chain(self.identity.keys()).cloned().chain(settings).collect()
    }

    /// The identity of that name.
    pub(super) fn identity(&self, name: &str) -> Option<&Identity> {
        self.identity.get(name)
    }

    /// The lab that a case of an identity is run in; `None` where the plugin is led to mocks on free ports.
    pub(super) fn surroundings(&self, identity: &str) -> Option<Surroundings> {
        let own = self.identity.get(identity).and_then(|identity| identity.lab.as_ref());
        self.lab.as_ref().map(|lab| lab.surroundings(own))
    }

    /// The kubelet's entry for an identity; a setting that the plugin does not have is left out.
    pub(super) fn entry(
        &self,
        identity: &str,
        settings: &BTreeMap<String, String>,
        facts: &Facts,
    ) -> Result<Entry, UnknownFact> {
        let found = self.identity.get(identity).ok_or_else(|| UnknownFact(identity.to_owned()))?;
        let mut env = rendered(&self.env, facts)?;
        env.extend(rendered(&found.env, facts)?);
        for (name, value) in settings {
            if let Some(setting) = self.setting.get(name) {
                env.extend(rendered(&setting.env, &facts.clone().with("value", value))?);
            }
        }
        let args = found.args.iter().map(|text| facts.render(text)).collect::<Result<_, _>>()?;
        Ok(Entry { args, env, files: rendered(&found.file, facts)? })
    }
}

fn rendered(texts: &BTreeMap<String, String>, facts: &Facts) -> Result<BTreeMap<String, String>, UnknownFact> {
    texts.iter().map(|(name, text)| Ok((name.clone(), facts.render(text)?))).collect()
}

impl From<CacheTypeWord> for CacheType {
    fn from(word: CacheTypeWord) -> Self {
        match word {
            CacheTypeWord::ServiceAccount => Self::ServiceAccount,
            CacheTypeWord::Token => Self::Token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title = 't'\nfeatures = ['declines']\ndefault = 'static'\n\
                        env = {A = '{registry}', B = 'all'}\n[setting.time-limit-seconds]\nenv = {LIMIT = '{value}'}\n\
                        [identity.static]\nargs = ['--config', '{folder}/c.yaml']\nenv = {B = 'one'}\n\
                        file = {'c.yaml' = 'user: {username}'}\n";

    #[test]
    fn an_entry_has_the_facts_of_the_world() {
        let adapter = Adapter::parse("adapters/x.toml", TEXT).unwrap();
        assert_eq!(adapter.name, "x");
        let settings = [("time-limit-seconds", "6"), ("unheard-of", "1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let facts = Facts::sample().with("registry", "r.io").with("folder", "/f").with("username", "u");
        let entry = adapter.entry("static", &settings.into(), &facts).unwrap();
        assert_eq!(entry.args, ["--config", "/f/c.yaml"]);
        let expected = [("A", "r.io"), ("B", "one"), ("LIMIT", "6")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(entry.env, expected.into());
        assert_eq!(entry.files["c.yaml"], "user: u");
    }

    #[test]
    fn features_identities_and_settings_are_declared() {
        let adapter = Adapter::parse("x.toml", TEXT).unwrap();
        assert_eq!(adapter.declared(), ["declines", "registry-port", "static", "setting.time-limit-seconds"]);
        assert!(adapter.declared().iter().all(|feature| adapter.has(feature)));
        assert!(!adapter.has("exchange") && !adapter.has("time-limit-seconds"));
    }

    #[test]
    fn an_adapter_with_a_lab_has_no_port_and_its_identities_may_say_more() {
        let text = format!("{TEXT}lab = {{machine = 'google'}}\n[lab]\nregistry = 'us-docker.pkg.dev'\n");
        let adapter = Adapter::parse("x.toml", &text).unwrap();
        let surroundings = adapter.surroundings("static").unwrap();
        assert_eq!((surroundings.machine, surroundings.registry.as_str()), (Machine::Google, "us-docker.pkg.dev"));
        assert!(!adapter.has("registry-port"));
        assert_eq!(Adapter::parse("x.toml", TEXT).unwrap().surroundings("static"), None);
    }

    #[test]
    fn a_mistake_is_named() {
        for (from, to, words) in [
            (
                "[identity.static]",
                "[identity.static]\nlab = {}",
                "`identity.static` has `lab`, and the adapter has none",
            ),
            ("[identity.static]", "[lab]\nregistry = 'a.test:443'\n[identity.static]", "`a.test:443` is no host name"),
            ("[identity.static]", "[lab]\nmachine = 'moon'\n[identity.static]", "moon"),
            ("'static'", "'none'", "`default` is `none`"),
            ("{registry}", "{registri}", "{registri}"),
            ("title", "titel", "titel"),
        ] {
            let error = Adapter::parse("x.toml", &TEXT.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains("x.toml") && error.contains(words), "{error}");
        }
    }
}
