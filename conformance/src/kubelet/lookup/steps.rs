//! What happened at one provider.

use std::time::Duration;

use super::super::config::ProviderEntry;
use super::super::exec::Ending;
use super::super::log::LogLine;
use super::super::matching::{ImageAddress, UrlError};
use super::super::service_account::Skip;
use super::super::{CacheKeyType, CredentialProviderResponse, GoDuration, Mismatch, RegistryAuth, ResponseError};

/// What happened at one provider.
#[derive(Clone, Debug)]
pub struct ProviderLookUp {
    /// Its name.
    pub provider: String,
    /// Its entries of `matchImages`, in order, and whether each is for the image.
    pub entries: Vec<EntryMatch>,
    /// What followed.
    pub step: Step,
    /// The credentials that it gave, by key.
    pub auth: Vec<(String, RegistryAuth)>,
    /// The token of the service account that it was asked with.
    pub token: Option<SentToken>,
    /// What the kubelet logs of it.
    pub log: Vec<LogLine>,
}

/// A token that was sent; `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct SentToken(pub(super) String);

impl SentToken {
    /// The token, for who must recognise it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SentToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SentToken")
    }
}

/// An entry of `matchImages` and an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryMatch {
    /// The entry.
    pub entry: String,
    /// Why it is not for the image; `None` if it is.
    pub miss: Option<Miss>,
}

/// Why an entry is not for an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It breaks a rule.
    Mismatch(Mismatch),
    /// A label of it is no pattern.
    BadPattern,
    /// The image is no URL.
    BadImage(UrlError),
}

/// What followed the matching.
#[derive(Clone, Debug)]
pub enum Step {
    /// Nothing: no entry is for the image.
    NotForImage,
    /// Nothing: the pod or its service account lacks something.
    Skipped(Skip),
    /// Nothing: no token was issued.
    NoToken(String),
    /// Nothing: a name is too long for a key of the cache.
    NoKey(String),
    /// A kept answer was found.
    FromCache {
        /// What it was kept for.
        key_type: CacheKeyType,
        /// Its last moment, since 1970.
        until: Duration,
    },
    /// The program could not be started.
    NotStarted(String),
    /// The program was run, by this look-up or by another at the same time.
    Ran {
        /// How long it took.
        took: Duration,
        /// How it ended.
        ending: Ending,
        /// What it wrote to standard error.
        stderr: String,
        /// What came of it.
        result: Result<(Kept, CredentialProviderResponse), NotUsed>,
    },
}

/// For how long an answer is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Not at all, since its duration is 0.
    Not,
    /// In vain, since its duration is negative.
    InVain(GoDuration),
    /// To a moment since 1970.
    Until {
        /// How long it is kept.
        duration: GoDuration,
        /// Its last moment.
        until: Duration,
    },
}

/// Why an answer was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotUsed {
    /// The run failed.
    Failed,
    /// It is no response that the kubelet takes.
    Response(ResponseError),
    /// It holds the token of the service account as a password.
    EchoedToken,
}

impl EntryMatch {
    /// Holds all entries of a provider against an image.
    pub(super) fn all(entry: &ProviderEntry, image: &Result<ImageAddress, UrlError>) -> Vec<Self> {
        let of_entry = |(text, pattern): &(String, super::super::ImagePattern)| {
            let miss = match image {
                Err(error) => Some(Miss::BadImage(error.clone())),
                Ok(image) => pattern.mismatch(image).map_or(Some(Miss::BadPattern), |it| it.map(Miss::Mismatch)),
            };
            Self { entry: text.clone(), miss }
        };
        entry.match_images.iter().map(of_entry).collect()
    }
}

impl ProviderLookUp {
    /// The entry that came nearest to the image, if none is for it.
    #[must_use]
    pub fn nearest(&self) -> Option<&EntryMatch> {
        if self.entries.iter().any(|entry| entry.miss.is_none()) {
            return None;
        }
        let nearness = |entry: &&EntryMatch| match &entry.miss {
            Some(Miss::Mismatch(mismatch)) => mismatch.nearness(),
            _ => 0,
        };
        // The first of several that are equally near.
        self.entries.iter().rev().max_by_key(nearness)
    }
}

impl std::fmt::Display for Miss {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mismatch(mismatch) => mismatch.fmt(formatter),
            Self::BadPattern => formatter.write_str("a label of the entry is no pattern"),
            Self::BadImage(error) => write!(formatter, "the image is no URL: {error}"),
        }
    }
}
