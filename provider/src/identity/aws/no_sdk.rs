//! The place of the AWS SDK in a build without it: an identity that needs it cannot be configured.

use std::future::Ready;

use crate::config::Network;
use crate::endpoints::Region;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::{AwsError, ChainError, Origin, RoleSession};
use crate::time::Deadline;

/// Has no value: this build does not hold the AWS SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {}

impl Sdk {
    /// The SDK, where the build holds it.
    #[must_use]
    pub fn linked() -> Option<Self> {
        None
    }

    pub(super) fn credentials(
        self,
        _: &Network,
        _: &Region,
        _: Deadline,
    ) -> Ready<Result<(AwsCredentials, Origin), ChainError>> {
        match self {}
    }

    pub(super) fn assume_role(
        self,
        _: &Network,
        _: &Region,
        _: &AwsCredentials,
        _: &RoleSession,
        _: Deadline,
    ) -> Ready<Result<AwsCredentials, AwsError>> {
        match self {}
    }
}
