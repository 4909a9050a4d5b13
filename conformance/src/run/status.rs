//! What became of a case.

use serde::{Deserialize, Serialize};

/// What became of a case; of several the greatest counts, so that a status only rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The case says that it is not to be run.
    #[default]
    Disabled,
    /// The adapter does not have a feature that the case needs.
    Skip,
    /// All that was expected is so.
    Pass,
    /// Something is not.
    Fail,
    /// The suite could not find out.
    Error,
}

impl Status {
    /// All of them, from the least to the greatest.
    pub const ALL: [Self; 5] = [Self::Disabled, Self::Skip, Self::Pass, Self::Fail, Self::Error];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Skip => "skip",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }

    /// Rises to another status; never falls.
    pub fn rise(&mut self, to: Self) {
        *self = (*self).max(to);
    }

    /// Whether the plugin, or the suite, did not do what it must.
    #[must_use]
    pub fn is_bad(self) -> bool {
        self >= Self::Fail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_only_rises() {
        for (at, from) in Status::ALL.into_iter().enumerate() {
            for (against, to) in Status::ALL.into_iter().enumerate() {
                let mut status = from;
                status.rise(to);
                assert_eq!(status, Status::ALL[at.max(against)]);
            }
        }
    }

    #[test]
    fn only_failures_and_errors_are_bad() {
        assert_eq!(Status::ALL.map(Status::is_bad), [false, false, false, true, true]);
    }
}
