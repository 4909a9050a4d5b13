//! What a file of vectors is about, by its name.

use std::path::Path;

use serde_json::Value;

use super::outcome::Outcome;
use super::{caches, configs, directories, durations, images, keyrings, patterns, responses};

/// A kind of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ConfigDir,
    Config,
    Match,
    Image,
    Response,
    Duration,
    Keyring,
    Cache,
}

impl Kind {
    /// A name that is part of another comes after it.
    const ALL: [Self; 8] = [
        Self::ConfigDir,
        Self::Config,
        Self::Match,
        Self::Image,
        Self::Response,
        Self::Duration,
        Self::Keyring,
        Self::Cache,
    ];

    /// The kind whose name is in the file's name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|kind| name.contains(kind.name()))
    }

    pub(super) fn names() -> String {
        Self::ALL.map(|kind| format!("`{}`", kind.name())).join(", ")
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ConfigDir => "config_dir",
            Self::Config => "config",
            Self::Match => "match",
            Self::Image => "image",
            Self::Response => "response",
            Self::Duration => "duration",
            Self::Keyring => "keyring",
            Self::Cache => "cache",
        }
    }

    /// What comes of one entry, which for some kinds is several vectors.
    pub(super) fn outcomes(self, entry: &Value) -> Vec<Outcome> {
        match self {
            Self::ConfigDir => vec![directories::outcome(entry)],
            Self::Config => vec![configs::outcome(entry)],
            Self::Match => vec![patterns::outcome(entry)],
            Self::Image => vec![images::outcome(entry)],
            Self::Response => vec![responses::outcome(entry)],
            Self::Duration => vec![durations::outcome(entry)],
            Self::Keyring => keyrings::outcomes(entry),
            Self::Cache => vec![caches::outcome(entry)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_within_a_name() {
        let kind = |path: &str| Kind::of(Path::new(path));
        assert_eq!(kind("a/match.json"), Some(Kind::Match));
        assert_eq!(kind("hidden-match.json"), Some(Kind::Match));
        assert_eq!(kind("match-2.json"), Some(Kind::Match));
        assert_eq!(kind("config.json"), Some(Kind::Config));
        assert_eq!(kind("more_config_dir.json"), Some(Kind::ConfigDir));
        assert_eq!(kind("config-dir-2.json"), Some(Kind::ConfigDir));
        assert_eq!(kind("match/other.json"), None);
    }
}
