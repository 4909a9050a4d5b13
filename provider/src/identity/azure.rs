//! Azure: a managed identity of the node or the pod's own token, shown to Artifactory directly or by way of Entra ID.
//!
//! ```text
//! managed identity ── token for Artifactory's application ──────────────────────────────▶ Artifactory
//! managed identity ── token for the exchange ─┐
//! pod's token ────────────────────────────────┴─ client assertion ─▶ Entra ID ── token ─▶ Artifactory
//! ```
//!
//! # Layout
//!
//! - `metadata`: the instance metadata service: tokens of managed identities, the name of the cloud.
//! - `managed_identity`: a managed identity, directly.
//! - `federated`: a managed identity as the client assertion of an application.
//! - `workload_identity`: the pod's token as the client assertion of an application.
//! - `entra`: the application's token for a client assertion.
//!
//! # Why not the crate `azure_identity`?
//!
//! It is made for services that live long. Its credential for virtual machines puts a retry plan of its own, up to six
//! attempts in 72 s, in the place of its caller's, which is more than the kubelet's whole minute; the metadata service's
//! address is fixed in it; and a program with it has twice the size (5.0 MB instead of 2.5 MB) and needs half as much
//! memory again (4.5 MB instead of 3.0 MB resident). Each flow here is one or two small requests, and the AADSTS code of
//! a refusal, by which the remedy is found, is read from the reply and not from the text of an error.

use crate::identity::kubernetes::TokenError;

mod entra;
mod federated;
mod managed_identity;
mod metadata;
mod workload_identity;

pub use entra::{Assertion, EntraError, Refusal, TenantId};
pub use federated::Federated;
pub use managed_identity::ManagedIdentity;
pub use metadata::{IdentityChoice, MetadataError, MetadataRefusal};
pub use workload_identity::{ClientChoice, WorkloadIdentity};

/// Why an identity of Azure could not be proved.
#[derive(Debug, thiserror::Error)]
pub enum AzureError {
    /// The instance metadata service.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The pod's service account token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Entra ID.
    #[error(transparent)]
    Entra(#[from] EntraError),
}
