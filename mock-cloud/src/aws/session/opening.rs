//! What a session is asked to be.

use std::time::Duration;

use super::SessionTags;
use crate::aws::trust_policy::Context;

/// What a session is asked to be.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// The session name.
    pub(crate) name: String,
    /// How long it is valid.
    pub(crate) lifetime: Duration,
    /// Its tags.
    pub(crate) tags: SessionTags,
    /// Who stands behind it.
    pub(crate) source_identity: Option<String>,
}

impl Opening {
    /// A session with a name and a lifetime, and no more.
    pub(crate) fn new(name: &str, lifetime: Duration) -> Self {
        Self { name: name.into(), lifetime, tags: SessionTags::default(), source_identity: None }
    }

    /// Adds what a trust policy may ask about the session.
    ///
    /// [IAM user guide, IAM and AWS STS condition context keys](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html).
    pub(crate) fn described_in(&self, context: Context) -> Context {
        let context = context
            .with("sts:RoleSessionName", [&self.name])
            .with("sts:SourceIdentity", &self.source_identity)
            .with("aws:TagKeys", self.tags.keys())
            .with("sts:TransitiveTagKeys", self.tags.transitive_keys());
        self.tags.iter().fold(context, |context, (key, value)| context.with(&format!("aws:RequestTag/{key}"), [value]))
    }
}
