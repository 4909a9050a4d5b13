//! Google Cloud: a service account, proved by an ID token that Google signs for Artifactory.
//!
//! Every way ends the same: an ID token with the account's address and Artifactory's audience. On a VM the metadata server
//! signs one. Whoever else may act as an account has the IAM Credentials API sign one, with an access token of its own. An
//! access token itself proves nothing to Artifactory, and what the Security Token Service gives is always one.
//!
//! # Layout
//!
//! - `metadata`: the VM's own account, or its access token.
//! - `impersonation`: another account, by the VM's; `iam_credentials` signs.
//! - `workload_identity`: an account, by a token of a cluster; `subject_token` is that, `sts` takes it.
//! - `application_default`: whichever of these the file of `GOOGLE_APPLICATION_CREDENTIALS` describes.
//!
//! # Why no client library
//!
//! The crate `gcp_auth` has the metadata server's address as a constant, gives access tokens and no ID tokens, and brings an
//! HTTP client of its own, which knows neither the pull's deadline nor its roots and proxies. Each way here is one to three
//! small requests.

use crate::config::Network;
use crate::http::{Http, HttpError};
use crate::identity::kubernetes::TokenError;
use crate::time::Deadline;

mod application_default;
mod iam_credentials;
mod impersonation;
mod metadata;
mod sts;
mod subject_token;
mod workload_identity;

pub use application_default::{ApplicationDefault, ApplicationDefaultError};
pub use iam_credentials::{Caller, IamCredentialsError, Refusal};
pub use impersonation::{Impersonation, Target};
pub(crate) use metadata::is_account;
pub use metadata::{ForeignAccount, Metadata, MetadataError, MetadataItem, MetadataServer};
pub use sts::{StsError, SubjectClaims};
pub use subject_token::{SubjectToken, SubjectTokenError};
pub use workload_identity::{PoolProvider, WorkloadIdentity};

/// Why no service account could be proved.
#[derive(Debug, thiserror::Error)]
pub enum GcpError {
    /// The metadata server.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The pod's service account token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A token that a file or an address holds.
    #[error(transparent)]
    SubjectToken(#[from] SubjectTokenError),
    /// The Security Token Service.
    #[error(transparent)]
    Sts(#[from] StsError),
    /// The IAM Credentials API.
    #[error(transparent)]
    IamCredentials(#[from] IamCredentialsError),
    /// The application default credentials.
    #[error(transparent)]
    ApplicationDefault(#[from] ApplicationDefaultError),
    /// No client for Google's services could be made.
    #[error("no HTTP client could be made")]
    Client(#[source] HttpError),
}

/// The way to Google's services in one pull.
pub struct Google<'a> {
    /// The client for the metadata server.
    pub metadata: Http,
    /// How the other services are reached.
    pub network: &'a Network,
    /// When the pull ends.
    pub deadline: Deadline,
}

impl Google<'_> {
    /// The client for everything beyond the link. It reads root certificates, so it is made only once it is needed.
    fn cloud(&self) -> Result<Http, GcpError> {
        Http::cloud(&self.network.transport, self.deadline).map_err(GcpError::Client)
    }
}
