//! The four identities that the demo pulls with.

use serde::Serialize;

/// Who proves what to Artifactory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The role of an EC2 instance.
    AwsInstanceRole,
    /// The managed identity of an Azure virtual machine.
    AzureManagedIdentity,
    /// The service account of a Compute Engine instance.
    GcpMetadata,
    /// A username and a password in a file: nothing is proven or exchanged.
    Static,
}

impl Identity {
    /// All of them, in the order shown.
    pub const ALL: [Self; 4] = [Self::AwsInstanceRole, Self::AzureManagedIdentity, Self::GcpMetadata, Self::Static];

    /// The name for a person.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::AwsInstanceRole => "AWS instance role",
            Self::AzureManagedIdentity => "Azure managed identity",
            Self::GcpMetadata => "GCP metadata ID token",
            Self::Static => "static credential",
        }
    }

    /// The value of `cloud_provider`; `None` where no cloud proves anything.
    pub(super) const fn cloud_provider(self) -> Option<&'static str> {
        match self {
            Self::AwsInstanceRole => Some("aws"),
            Self::AzureManagedIdentity => Some("azure"),
            Self::GcpMetadata => Some("google"),
            Self::Static => None,
        }
    }
}
