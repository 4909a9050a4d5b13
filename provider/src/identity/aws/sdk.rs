//! The AWS SDK, for the identities that start from whatever credentials the node has.
//!
//! # Why
//!
//! - **Why the SDK at all?** Profiles, role chains, container and web identity credentials are the SDKs' own conventions.
//!   The operator who sets them up expects the SDKs' reading of them, not a second one.
//! - **Why not for the instance's role?** It is three small requests. Nothing here is constructed on that path.
//! - **Why its sources one by one and not `DefaultCredentialsChain`?** The order is that chain's. The chain does not say
//!   which of its sources failed, and its container source cannot be kept from trying again by itself.
//! - **Why are the SDK's own retries and time limits off?** They know neither the pull's deadline nor each other. Each
//!   request of the SDK is sent by [`crate::http`], with the deadline, the attempts and the patience of every other one.
//! - **Why is the environment no argument here?** The SDK reads variables and profile files by itself, and takes others
//!   only in its test build. It reads the process's own, which are those that `main` reads. A variable that is set to
//!   nothing counts as set for the SDK.

use std::time::{Duration, SystemTime};

use aws_config::Region as SdkRegion;
use aws_credential_types::Credentials;
use aws_sdk_sts::config::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;

use crate::config::Network;
use crate::endpoints::Region;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::{AwsError, ChainError, Origin, RoleSession};
use crate::secret::Secret;
use crate::time::{Deadline, now, pause};

mod assume_role;
mod chain;
mod http;

/// Says that this build holds the AWS SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sdk(());

impl Sdk {
    /// The SDK, where the build holds it.
    #[must_use]
    pub fn linked() -> Option<Self> {
        Some(Self(()))
    }

    /// The credentials that the node has, from the first of the default chain's sources that is set up.
    ///
    /// # Errors
    /// When no source is set up, or the first that is gives none.
    pub(super) async fn credentials(
        self,
        network: &Network,
        region: &Region,
        deadline: Deadline,
    ) -> Result<(AwsCredentials, Origin), ChainError> {
        chain::credentials(network, region, deadline).await
    }

    /// Assumes a role by a call that `base` signs.
    ///
    /// # Errors
    /// When STS cannot be reached, refuses, or answers in an unknown form.
    pub(super) async fn assume_role(
        self,
        network: &Network,
        region: &Region,
        base: &AwsCredentials,
        session: &RoleSession,
        deadline: Deadline,
    ) -> Result<AwsCredentials, AwsError> {
        assume_role::assume_role(network, region, base, session, deadline).await
    }
}

/// A region in the SDK's type: only one whose partition is known gets there.
fn sdk_region(region: &Region) -> SdkRegion {
    SdkRegion::new(region.as_str().to_owned())
}

/// The SDK's credentials, unless a part is empty.
fn from_sdk(credentials: &Credentials) -> Option<AwsCredentials> {
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Some(AwsCredentials {
        access_key_id: filled(credentials.access_key_id())?,
        secret_access_key: Secret::new(filled(credentials.secret_access_key())?),
        session_token: credentials.session_token().and_then(filled).map(Secret::new),
        expiration: credentials.expiry(),
    })
}

/// The crate's clock in the SDK's types.
#[derive(Clone, Copy, Debug)]
struct Clock;

impl AsyncSleep for Clock {
    fn sleep(&self, length: Duration) -> Sleep {
        Sleep::new(pause(length))
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        now()
    }
}
