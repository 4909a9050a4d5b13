//! A case as its file has it: one sentence of the contract, a world, pulls, and what must come of them.
//!
//! `conformance/cases/README.md` says what each key means. A case never knows whose plugin it is for.

mod expect;
mod family;
mod world;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(super) use self::expect::{Answer, Asked, Exit, Expect, From, Kept, Stderr};
pub(super) use self::world::{Mapped, Service, World};
use super::facts::Facts;
use crate::kubelet::ApiVersion;

/// One case, strict about its keys: a misspelt one would be an expectation that nobody holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// Area and name, by its folder and file; a member of a family has its own name behind them.
    #[serde(skip)]
    pub(super) id: String,
    /// The text that it was read from; a member of a family has its own words in it.
    #[serde(skip)]
    pub(super) text: String,
    pub(super) rule: String,
    pub(super) source: String,
    pub(super) level: Level,
    #[serde(default)]
    pub(super) disabled: Option<String>,
    #[serde(default)]
    pub(super) features: Vec<String>,
    #[serde(default)]
    pub(super) identity: Option<String>,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) world: World,
    #[serde(default)]
    pub(super) pull: Pull,
    #[serde(default)]
    pub(super) expect: Expect,
    #[serde(default)]
    pub(super) then: Vec<Then>,
    /// Read before, as the family.
    #[serde(default, rename = "each")]
    _each: Vec<BTreeMap<String, String>>,
}

/// How much depends on a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// What a kubelet, or who runs it, cannot do without.
    Core,
    /// What a good plugin does.
    Extended,
}

/// One pull.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Pull {
    pub(super) api_version: Version,
    pub(super) image: String,
    pub(super) service_account: Option<String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) token: Token,
    pub(super) stdin: Option<String>,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) environment: BTreeMap<String, String>,
}

/// A later pull of the same node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    #[serde(default)]
    pub(super) after: Option<String>,
    #[serde(default)]
    pub(super) pull: Pull,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// A version of the API, in short.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Version {
    #[default]
    V1,
    V1Beta1,
    V1Alpha1,
}

/// Which token of the pod's service account the kubelet sends, if the adapter's entry asks for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Token {
    /// One for the audience of the entry.
    #[default]
    Valid,
    /// One whose hour is over.
    Expired,
    /// One for another audience.
    OtherAudience,
    /// None, as for a static pod.
    None,
}

/// Why a file is no case.
#[derive(Debug, Error)]
#[error("`{file}`: {problem}")]
pub struct CaseError {
    file: String,
    problem: String,
}

impl Case {
    /// Reads a file, which is one case or a family.
    pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Self>, CaseError> {
        let failed = |problem: String| CaseError { file: file.to_owned(), problem };
        let id = file.strip_suffix(".toml").unwrap_or(file);
        if id.split('/').count() != 2 {
            return Err(failed("a case is a file AREA/NAME.toml".to_owned()));
        }
        let members = family::members(text).map_err(failed)?;
        let parsed = members.into_iter().map(|member| Self::member(format!("{id}{}", member.suffix), member.text));
        parsed.collect::<Result<_, _>>().map_err(failed)
    }

    /// Reads one case, by its id and its own text.
    pub(super) fn member(id: String, text: String) -> Result<Self, String> {
        let mut case: Self = toml::from_str(&text).map_err(|error| error.to_string())?;
        // A member of a family that needs nothing of its own has an empty word there.
        case.features.retain(|feature| !feature.is_empty());
        case.world.faults(|text| Facts::sample().render(text))?;
        Ok(Self { id, text, ..case })
    }

    /// The area, which is the folder.
    pub(super) fn area(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// What the adapter must have: the features, and the identity where the case names one.
    pub(super) fn needs(&self) -> impl Iterator<Item = &str> {
        self.features.iter().chain(&self.identity).map(String::as_str)
    }
}

impl Default for Pull {
    fn default() -> Self {
        Self {
            api_version: Version::default(),
            image: "{image}".to_owned(),
            service_account: None,
            annotations: BTreeMap::new(),
            token: Token::default(),
            stdin: None,
            fields: BTreeMap::new(),
            environment: BTreeMap::new(),
        }
    }
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Extended => "extended",
        }
    }
}

impl std::convert::From<Version> for ApiVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::V1 => Self::V1,
            Version::V1Beta1 => Self::V1Beta1,
            Version::V1Alpha1 => Self::V1Alpha1,
        }
    }
}

#[cfg(test)]
mod tests;
