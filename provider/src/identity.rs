//! Who the node is: one identity source per route, proved by the cloud it runs in.

use std::time::Duration;

use crate::artifactory::OidcProvider;
use crate::endpoints::{Endpoints, Region};
use crate::http::{Http, HttpError};
use crate::secret::Secret;
use crate::time::Deadline;

pub mod aws;
pub mod azure;
pub mod gcp;

/// Where an identity comes from. The set is closed: configuration names one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// The role of the EC2 instance, from its metadata service.
    AwsInstanceRole(aws::InstanceRole),
    /// A managed identity of the Azure VM, from its metadata service.
    AzureManagedIdentity(azure::ManagedIdentity),
    /// A service account of the Compute Engine VM, from its metadata server.
    GcpMetadata(gcp::Metadata),
}

/// Evidence of an identity, and whom it is meant for. Each kind has its own exchange; they cannot be mixed.
#[derive(Debug)]
pub enum Proof<'route> {
    /// A JWT of the cloud's issuer, for an OIDC provider of Artifactory.
    IdToken {
        /// The JWT.
        token: Secret,
        /// The provider it is meant for.
        provider: &'route OidcProvider,
    },
    /// The signed headers of an STS `GetCallerIdentity` call, which Artifactory makes.
    SignedCallerIdentity {
        /// The signed call.
        request: SignedRequest,
        /// The life that is asked for Artifactory's token.
        token_lifetime: Duration,
    },
}

/// A signed request that somebody else sends: its headers without `Host`, and the region whose host was signed.
#[derive(Debug)]
pub struct SignedRequest {
    /// The signature's headers, by lower-case name.
    pub headers: Vec<(&'static str, Secret)>,
    /// The region of the STS; `None` is the global one.
    pub region: Option<Region>,
}

/// Why no identity could be proved.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// EC2's metadata service or the signature.
    #[error(transparent)]
    Aws(#[from] aws::AwsError),
    /// Azure's metadata service.
    #[error(transparent)]
    Azure(#[from] azure::AzureError),
    /// Compute Engine's metadata server.
    #[error(transparent)]
    Gcp(#[from] gcp::GcpError),
    /// No client for metadata services could be made.
    #[error("no HTTP client could be made")]
    Client(#[source] HttpError),
}

impl IdentitySource {
    /// Proves the identity to whoever the proof is meant for.
    ///
    /// # Errors
    /// When the cloud does not answer, refuses, or answers with something unusable.
    pub async fn prove(&self, endpoints: &Endpoints, deadline: Deadline) -> Result<Proof<'_>, IdentityError> {
        let http = Http::metadata(deadline).map_err(IdentityError::Client)?;
        Ok(match self {
            Self::AwsInstanceRole(role) => role.prove(&http, &endpoints.aws_metadata, deadline).await?,
            Self::AzureManagedIdentity(identity) => identity.prove(&http, &endpoints.azure_metadata).await?,
            Self::GcpMetadata(metadata) => metadata.prove(&http, &endpoints.gcp_metadata).await?,
        })
    }

    /// The source's name in the configuration and in spans.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::AwsInstanceRole(_) => "awsInstanceRole",
            Self::AzureManagedIdentity(_) => "azureManagedIdentity",
            Self::GcpMetadata(_) => "gcpMetadata",
        }
    }
}

/// A query value, escaped so that it stays one value.
fn query_value(text: &str) -> percent_encoding::PercentEncode<'_> {
    const RESERVED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_query_value_cannot_add_a_parameter() {
        assert_eq!(super::query_value("api://a&b=c#d").to_string(), "api%3A%2F%2Fa%26b%3Dc%23d");
    }
}
