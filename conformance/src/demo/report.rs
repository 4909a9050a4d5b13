//! The facts that are shown, as a table or as JSON: the same for both, without any secret.

use serde::Serialize;

use super::attempt::{Attempt, PullAttempt};
use super::check::{Checks, Verdict};
use super::endpoint::Request;
use super::expectation;
use super::identity::Identity;
use super::node::Node;
use super::secrets::Secrets;
use super::timeline::Times;
use crate::registry::Descriptor;

/// The whole demo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Report {
    pub(super) verdict: Verdict,
    pub(super) provider: String,
    pub(super) image: String,
    pub(super) pulls: Vec<PullReport>,
    pub(super) refusals: Vec<RefusalReport>,
    pub(super) secrets: SecretsReport,
    pub(super) total_ms: f64,
}

/// One pull with one identity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct PullReport {
    pub(super) identity: Identity,
    pub(super) verdict: Verdict,
    pub(super) image: String,
    /// What the provider asked.
    pub(super) requests: Vec<Request>,
    /// What Artifactory asked to verify the proof.
    pub(super) verification: Vec<Request>,
    /// What the cloud asked to verify a pod's token.
    pub(super) cloud_verification: Vec<Request>,
    pub(super) answer: Option<AnswerFacts>,
    /// From issue to expiry; `None` for what does not say.
    pub(super) token_lifetime_seconds: Option<i64>,
    pub(super) times_ms: Times,
    pub(super) pull: Option<PullFacts>,
    pub(super) checks: Checks,
    /// Only of a pull that failed, and redacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stderr: Option<String>,
}

/// What the provider answered for the image's registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct AnswerFacts {
    pub(super) username: String,
    pub(super) password_characters: usize,
    pub(super) cache_key_type: &'static str,
    pub(super) cache_duration: Option<String>,
    pub(super) cache_duration_seconds: Option<i64>,
}

/// What a pull asked and brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PullFacts {
    pub(super) requests: Vec<Request>,
    /// Manifest, config, layers; empty if the pull failed.
    pub(super) verified: Vec<Descriptor>,
}

/// A pull that has to be refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct RefusalReport {
    pub(super) credential: Refused,
    pub(super) verdict: Verdict,
    /// How it ended.
    pub(super) ending: String,
    pub(super) requests: Vec<Request>,
    pub(super) pull_ms: f64,
    pub(super) checks: Checks,
}

/// With what nobody may pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Refused {
    /// Without a credential.
    None,
    /// With one that Artifactory never issued.
    Garbage,
}

/// Where secrets went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct SecretsReport {
    pub(super) verdict: Verdict,
    /// How many secrets were looked for.
    pub(super) known: usize,
    pub(super) checks: Checks,
}

impl PullReport {
    /// Judges a pull and keeps what may be shown.
    pub(super) fn of(attempt: &Attempt, node: &Node, secrets: &Secrets) -> Self {
        let mut checks = expectation::of_pull(attempt, node, secrets);
        checks.redact(|text| secrets.redacted(text));
        let verdict = checks.verdict();
        let stderr = (verdict == Verdict::Failed).then(|| secrets.redacted(attempt.stderr().trim_end()));
        Self {
            identity: attempt.identity,
            verdict,
            image: node.image_text(),
            requests: attempt.timeline.requests(),
            verification: attempt.timeline.verification(),
            cloud_verification: attempt.timeline.cloud_verification(),
            answer: AnswerFacts::of(attempt, node, secrets),
            token_lifetime_seconds: attempt.lifetime.map(|lifetime| lifetime.whole),
            times_ms: Times { pull: attempt.pull.as_ref().map(|pull| pull.milliseconds), ..attempt.timeline.times() },
            pull: attempt.pull.as_ref().map(PullFacts::of),
            checks,
            stderr,
        }
    }
}

impl AnswerFacts {
    fn of(attempt: &Attempt, node: &Node, secrets: &Secrets) -> Option<Self> {
        let (response, auth) = (attempt.response()?, attempt.auth(node)?);
        Some(Self {
            username: secrets.redacted(&auth.username),
            password_characters: auth.password.chars().count(),
            cache_key_type: response.cache_key_type.as_str(),
            cache_duration: response.cache_duration.map(|duration| duration.to_string()),
            cache_duration_seconds: response.cache_duration.map(crate::kubelet::GoDuration::as_secs),
        })
    }
}

impl PullFacts {
    fn of(pull: &PullAttempt) -> Self {
        Self { requests: pull.requests.clone(), verified: expectation::parts(pull) }
    }

    /// How many bytes were verified.
    pub(super) fn bytes(&self) -> u64 {
        self.verified.iter().map(|part| part.size).sum()
    }
}

impl RefusalReport {
    /// Judges a pull that has to be refused.
    pub(super) fn of(credential: Refused, pull: PullAttempt) -> Self {
        let checks = expectation::of_refusal(&pull);
        let (verdict, ending) = (checks.verdict(), pull.ending());
        Self { credential, verdict, ending, requests: pull.requests, pull_ms: pull.milliseconds, checks }
    }
}

impl Refused {
    pub(super) const ALL: [Self; 2] = [Self::None, Self::Garbage];

    /// The name for a person.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::None => "no credential",
            Self::Garbage => "garbage credential",
        }
    }
}

impl SecretsReport {
    /// Judges where secrets went.
    pub(super) fn of(node: &Node, secrets: &Secrets, shown: &str) -> Self {
        let checks = expectation::of_secrets(node, secrets, shown);
        Self { verdict: checks.verdict(), known: secrets.len(), checks }
    }
}
