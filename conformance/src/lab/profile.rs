//! Faults by name: documents beside this file, or a file of the same form.

use std::str::FromStr;

use mock_kit::Fault;
use serde::Deserialize;
use serde_json::Value;

const BUILT_IN: [(&str, &str); 6] = [
    ("access-starting", include_str!("profiles/access-starting.json")),
    ("entra-propagation-lag", include_str!("profiles/entra-propagation-lag.json")),
    ("imds-hop-limit", include_str!("profiles/imds-hop-limit.json")),
    ("imds-silent", include_str!("profiles/imds-silent.json")),
    ("imds-throttled", include_str!("profiles/imds-throttled.json")),
    ("sts-unreachable", include_str!("profiles/sts-unreachable.json")),
];

/// What goes wrong in a lab from its start.
#[derive(Clone, Debug)]
pub struct Profile {
    /// At the clouds.
    pub(super) cloud: Vec<Fault>,
    /// At Artifactory.
    pub(super) artifactory: Vec<Fault>,
    /// The hosts without a route; `*` stands for any characters.
    unreachable: Vec<String>,
    /// How many assertions Entra ID refuses at first.
    pub(super) unseen_assertions: usize,
}

/// A profile as it is written; `cloud` and `artifactory` hold what `/__mock/faults` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    cloud: Vec<Value>,
    #[serde(default)]
    artifactory: Vec<Value>,
    #[serde(default)]
    unreachable: Vec<String>,
    #[serde(default)]
    unseen_assertions: usize,
}

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Neither a name nor a file.
    #[error("is neither a file nor one of {}", Profile::NAMES.join(", "))]
    Unknown,
    /// The file is not a profile.
    #[error("is no profile: {0}")]
    Document(String),
}

impl Profile {
    /// The names of those that are built in.
    pub const NAMES: [&str; 6] =
        [BUILT_IN[0].0, BUILT_IN[1].0, BUILT_IN[2].0, BUILT_IN[3].0, BUILT_IN[4].0, BUILT_IN[5].0];

    /// Whether there is no way to a host.
    pub(super) fn cuts_off(&self, host: &str) -> bool {
        self.unreachable.iter().any(|pattern| match pattern.split_once('*') {
            Some((start, end)) => host.len() >= pattern.len() - 1 && host.starts_with(start) && host.ends_with(end),
            None => host == pattern,
        })
    }

    fn from_json(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let faults = |documents: Vec<Value>| Fault::from_json(&Value::Array(documents).to_string());
        Ok(Self {
            cloud: faults(document.cloud)?,
            artifactory: faults(document.artifactory)?,
            unreachable: document.unreachable,
            unseen_assertions: document.unseen_assertions,
        })
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == text).map(|(_, document)| (*document).to_owned());
        let document = built_in.or_else(|| std::fs::read_to_string(text).ok()).ok_or(ProfileError::Unknown)?;
        Self::from_json(&document).map_err(ProfileError::Document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_makes_something_go_wrong() {
        for name in Profile::NAMES {
            let profile: Profile = name.parse().unwrap();
            let faults = profile.cloud.len() + profile.artifactory.len() + profile.unreachable.len();
            assert!(faults + profile.unseen_assertions > 0, "{name}");
        }
    }

    #[test]
    fn a_host_is_cut_off_by_its_pattern_only() {
        let profile: Profile = "sts-unreachable".parse().unwrap();
        for host in ["sts.us-east-1.amazonaws.com", "sts.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"] {
            assert!(profile.cuts_off(host), "{host}");
        }
        for host in ["sts.googleapis.com", "sts.windows.net", "cognito-idp.us-east-1.amazonaws.com"] {
            assert!(!profile.cuts_off(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_profile_is_told() {
        assert!("no-such-profile".parse::<Profile>().unwrap_err().to_string().contains("imds-silent"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("profile.json");
        std::fs::write(&file, r#"{"about": "x", "clouds": []}"#).unwrap();
        let error = file.to_str().unwrap().parse::<Profile>().unwrap_err().to_string();
        assert!(error.contains("`clouds`"), "{error}");
    }
}
