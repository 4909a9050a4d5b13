//! What AWS requests are signed with.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::identity::Identity;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::identity::aws::AwsError;
use crate::secret::Secret;
use crate::time::{Deadline, now, pause};

/// The pause before credentials that are about to end are asked for again.
const RENEWAL_PAUSE: Duration = Duration::from_secs(1);

/// Credentials that outlive the deadline. Those that do not are asked for once more: whoever gives them may be renewing them.
pub(super) async fn lasting<E: Into<AwsError>>(
    deadline: Deadline,
    ask: impl AsyncFn() -> Result<AwsCredentials, E>,
) -> Result<AwsCredentials, AwsError> {
    let credentials = ask().await.map_err(Into::into)?;
    if credentials.outlive(deadline).is_ok() || deadline.remaining().is_none_or(|left| left <= RENEWAL_PAUSE) {
        return Ok(credentials);
    }
    pause(RENEWAL_PAUSE).await;
    ask().await.map_err(Into::into)
}

/// A key: of a role until it expires, or of an IAM user for good.
#[derive(Debug)]
pub(super) struct AwsCredentials {
    /// The access key id.
    pub(super) access_key_id: String,
    /// The secret access key.
    pub(super) secret_access_key: Secret,
    /// The session token; an IAM user's own key has none.
    pub(super) session_token: Option<Secret>,
    /// When it ends, where whoever gave it says so.
    pub(super) expiration: Option<SystemTime>,
}

impl AwsCredentials {
    /// Complete credentials of a role, or `None` when a part is absent or the expiry is no RFC 3339 time.
    pub(super) fn complete(
        access_key_id: Option<String>,
        secret_access_key: Option<Secret>,
        session_token: Option<Secret>,
        expiration: Option<&str>,
    ) -> Option<Self> {
        Some(Self {
            access_key_id: access_key_id.filter(|id| !id.is_empty())?,
            secret_access_key: secret_access_key.filter(|key| !key.is_empty())?,
            session_token: Some(session_token.filter(|token| !token.is_empty())?),
            expiration: Some(OffsetDateTime::parse(expiration?, &Rfc3339).ok()?.into()),
        })
    }

    /// The credentials as the signer takes them.
    pub(super) fn identity(&self) -> Identity {
        self.to_sdk().into()
    }

    /// Refuses credentials that end before `deadline`: a signature made with them may be dead when Artifactory uses it.
    pub(super) fn outlive(&self, deadline: Deadline) -> Result<(), AwsError> {
        let Some(expiration) = self.expiration else { return Ok(()) };
        let left = expiration.duration_since(now()).unwrap_or_default();
        let needed: Duration = deadline.remaining().unwrap_or_default();
        if left > needed { Ok(()) } else { Err(AwsError::Expiring { left }) }
    }

    /// The credentials as the SDK's clients take them.
    pub(super) fn to_sdk(&self) -> Credentials {
        Credentials::new(
            &self.access_key_id,
            self.secret_access_key.expose(),
            self.session_token.as_ref().map(|token| token.expose().to_owned()),
            self.expiration,
            env!("CARGO_PKG_NAME"),
        )
    }

    #[cfg(test)]
    pub(super) fn until(expiration: &str) -> Self {
        let secret = |text: &str| Some(Secret::new(text.to_owned()));
        let id = Some("ASIAEXAMPLE".to_owned());
        Self::complete(id, secret("secret-access-key"), secret("session-token"), Some(expiration)).expect("complete")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_end_within_the_deadline_are_refused() {
        let deadline = Deadline::after(Duration::from_secs(55));
        assert!(AwsCredentials::until("2100-01-02T03:04:05Z").outlive(deadline).is_ok());
        let error = AwsCredentials::until("2001-01-02T03:04:05Z").outlive(deadline);
        assert!(matches!(error, Err(AwsError::Expiring { .. })));
    }

    #[test]
    fn a_users_own_key_has_no_end() {
        let key =
            AwsCredentials { session_token: None, expiration: None, ..AwsCredentials::until("2001-01-02T03:04:05Z") };
        assert!(key.outlive(Deadline::after(Duration::from_secs(55))).is_ok());
        assert_eq!((key.to_sdk().session_token(), key.to_sdk().expiry()), (None, None));
    }

    #[test]
    fn an_expiry_may_have_fractions_and_offsets() {
        let expiration = |text: &str| {
            let expiration = AwsCredentials::until(text).expiration.expect("an expiry");
            expiration.duration_since(SystemTime::UNIX_EPOCH)
        };
        assert_eq!(expiration("2030-01-02T03:04:05Z").expect("later").as_secs(), 1_893_553_445);
        assert_eq!(expiration("2030-01-02T03:04:05.123456789Z").expect("later").as_secs(), 1_893_553_445);
        assert_eq!(expiration("2030-01-02T04:04:05+01:00").expect("later").as_secs(), 1_893_553_445);
    }
}
