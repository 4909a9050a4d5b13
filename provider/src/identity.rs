//! Who asks: an identity of the node or of the pod, proved by the cloud or the cluster it runs in.

use std::time::Duration;

use crate::artifactory::OidcProvider;
use crate::cloud::{CloudError, Found};
use crate::config::{ConfigError, Network};
use crate::endpoints::Region;
use crate::http::{Http, HttpError};
use crate::kubelet::Workload;
use crate::secret::Secret;
use crate::time::Deadline;

pub mod aws;
pub mod azure;
pub mod gcp;
mod identities;
pub mod kubernetes;
mod order;

pub use identities::{Detected, Identities};
pub use order::{Asked, CHOICE, IDENTITY_ORDERS, IdentityOrder, Proved, Subject};

/// Where an identity comes from. The set is closed: configuration names one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// The role of the EC2 instance, from its metadata service.
    AwsInstanceRole(aws::InstanceRole),
    /// A role that the pod's service account token may assume (IRSA).
    AwsWebIdentity(aws::WebIdentity),
    /// The role that EKS associates with the pod's service account.
    AwsPodIdentity(aws::PodIdentity),
    /// A client of an Amazon Cognito user pool, whose secret the node's credentials may read.
    AwsCognito(aws::Cognito),
    /// A role that the node's own credentials may assume, in another account for one.
    AwsExternalRole(aws::ExternalRole),
    /// A managed identity of the Azure VM, from its metadata service.
    AzureManagedIdentity(azure::ManagedIdentity),
    /// An application that trusts a managed identity of the Azure VM.
    AzureFederated(azure::Federated),
    /// An application that trusts the cluster's issuer (Microsoft Entra Workload ID).
    AzureWorkloadIdentity(azure::WorkloadIdentity),
    /// A service account of the Compute Engine VM, from its metadata server.
    GcpMetadata(gcp::Metadata),
    /// A service account that the VM's one acts as.
    GcpImpersonation(gcp::Impersonation),
    /// A service account that a token of a cluster stands for.
    GcpWorkloadIdentity(gcp::WorkloadIdentity),
    /// A service account by Google's application default credentials.
    GcpApplicationDefault(gcp::ApplicationDefault),
    /// The pod's service account token itself.
    ServiceAccountToken(kubernetes::ServiceAccountToken),
    /// A service account token that the node keeps in a file.
    ServiceAccountTokenFile(kubernetes::ServiceAccountTokenFile),
}

/// Evidence of an identity, and whom it is meant for. Each kind has its own exchange; they cannot be mixed.
#[derive(Debug)]
pub enum Proof<'route> {
    /// A JWT of the cloud's or cluster's issuer, for an OIDC provider of Artifactory.
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
    /// None of the route's identities applies to this pull.
    #[error("the route has no identity for this pull: {}", .reasons.join("; "))]
    NoneApplies {
        /// Each identity's name and why it was passed over.
        reasons: Vec<String>,
    },
    /// Several of the route's identities were asked, as its order says, and none worked.
    #[error("no identity of the route works for this pull: {}; and {identity}", .reasons.join("; "))]
    NoneWorks {
        /// The name of each but the last one that was asked, and why it was passed over.
        reasons: Vec<String>,
        /// The name of the last one that was asked.
        identity: &'static str,
        /// What happened to the last one that was asked.
        #[source]
        last: Box<IdentityError>,
    },
    /// The pod chooses an identity that the route does not have.
    #[error("the service account asks for the identity `{choice}`, which the route does not have")]
    NotOffered {
        /// The annotation's value, cut and cleaned.
        choice: String,
        /// The names of those that it has.
        offered: String,
    },
    /// A service or signature of AWS.
    #[error(transparent)]
    Aws(#[from] aws::AwsError),
    /// Azure's metadata service or Entra ID.
    #[error(transparent)]
    Azure(#[from] azure::AzureError),
    /// A service of Google Cloud.
    #[error(transparent)]
    Gcp(#[from] gcp::GcpError),
    /// The pod's service account token.
    #[error(transparent)]
    ServiceAccountToken(#[from] kubernetes::TokenError),
    /// The node's service account token.
    #[error(transparent)]
    ServiceAccountTokenFile(#[from] kubernetes::TokenFileError),
    /// The cloud that the node is on is not known.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// What failed on the cloud that the node was found on.
    #[error("no cloud is named and the node is on {found}")]
    OnCloud {
        /// The cloud, and how it was found.
        found: Found,
        /// What failed.
        source: Box<IdentityError>,
    },
    /// The configuration lacks what the found cloud's identities need, or has something that is none.
    #[error(transparent)]
    Configuration(ConfigError),
    /// No client for the cloud's services could be made.
    #[error("no HTTP client could be made")]
    Client(#[source] HttpError),
}

/// Why an identity source is passed over for a pull: it is not an error, the next one is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassedOver {
    /// The kubelet sent no service account token.
    #[error("the request carries no service account token")]
    NoToken,
    /// The service account has not opted in by annotation.
    #[error("the service account lacks the annotation `{0}`")]
    NotAnnotated(&'static str),
    /// The service account has chosen another one by annotation.
    #[error("the service account has chosen another identity")]
    NotChosen,
    /// The order is strict, the identity is the node's, and the pull is a pod's.
    #[error("it is the node's, which `identityOrder: strict` keeps from pods")]
    KeptFromPods,
}

impl IdentitySource {
    /// The source's name in the configuration and in spans.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::AwsInstanceRole(_) => "awsInstanceRole",
            Self::AwsWebIdentity(_) => "awsWebIdentity",
            Self::AwsPodIdentity(_) => "awsPodIdentity",
            Self::AwsCognito(_) => "awsCognito",
            Self::AwsExternalRole(_) => "awsExternalRole",
            Self::AzureManagedIdentity(_) => "azureManagedIdentity",
            Self::AzureFederated(_) => "azureFederated",
            Self::AzureWorkloadIdentity(_) => "azureWorkloadIdentity",
            Self::GcpMetadata(_) => "gcpMetadata",
            Self::GcpImpersonation(_) => "gcpImpersonation",
            Self::GcpWorkloadIdentity(_) => "gcpWorkloadIdentity",
            Self::GcpApplicationDefault(_) => "gcpApplicationDefault",
            Self::ServiceAccountToken(_) => "serviceAccountToken",
            Self::ServiceAccountTokenFile(_) => "serviceAccountTokenFile",
        }
    }

    /// Whose rights the identity stands for.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::AwsInstanceRole(_)
            | Self::AwsExternalRole(_)
            | Self::AwsCognito(_)
            | Self::AzureManagedIdentity(_)
            | Self::AzureFederated(_)
            | Self::GcpMetadata(_)
            | Self::GcpImpersonation(_)
            | Self::GcpApplicationDefault(_)
            | Self::ServiceAccountTokenFile(_) => Subject::Node,
            Self::GcpWorkloadIdentity(identity) => identity.subject_token.subject(),
            Self::AwsWebIdentity(_)
            | Self::AwsPodIdentity(_)
            | Self::AzureWorkloadIdentity(_)
            | Self::ServiceAccountToken(_) => Subject::Pod,
        }
    }

    fn applies_to(&self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        match self {
            Self::AwsInstanceRole(_)
            | Self::AwsExternalRole(_)
            | Self::AwsCognito(_)
            | Self::AzureManagedIdentity(_)
            | Self::AzureFederated(_)
            | Self::GcpMetadata(_)
            | Self::GcpImpersonation(_)
            | Self::GcpApplicationDefault(_)
            | Self::ServiceAccountTokenFile(_) => Ok(()),
            Self::GcpWorkloadIdentity(identity) => identity.applies_to(workload),
            Self::AwsWebIdentity(identity) => identity.applies_to(workload),
            Self::AwsPodIdentity(_) => token(workload).map(|_| ()),
            Self::AzureWorkloadIdentity(identity) => identity.applies_to(workload),
            Self::ServiceAccountToken(identity) => identity.applies_to(workload),
        }
    }

    async fn prove(
        &self,
        workload: Option<&Workload>,
        network: &Network,
        deadline: Deadline,
    ) -> Result<Proof<'_>, IdentityError> {
        let metadata = || Http::metadata(deadline).map_err(IdentityError::Client);
        let cloud = || Http::cloud(&network.transport, deadline).map_err(IdentityError::Client);
        let endpoints = &network.endpoints;
        let google = || Ok::<_, IdentityError>(gcp::Google { metadata: metadata()?, network, deadline });
        Ok(match self {
            Self::AwsInstanceRole(role) => role.prove(&metadata()?, &endpoints.aws_metadata, deadline).await?,
            Self::AwsWebIdentity(identity) => {
                identity.prove(&metadata()?, &cloud()?, endpoints, workload, deadline).await?
            }
            Self::AwsPodIdentity(identity) => identity.prove(&metadata()?, endpoints, workload, deadline).await?,
            Self::AwsCognito(identity) => identity.prove(&metadata()?, &cloud()?, network, deadline).await?,
            Self::AwsExternalRole(role) => role.prove(&metadata()?, network, deadline).await?,
            Self::AzureManagedIdentity(identity) => identity.prove(&metadata()?, &endpoints.azure_metadata).await?,
            Self::AzureFederated(identity) => identity.prove(&metadata()?, &cloud()?, endpoints, deadline).await?,
            Self::AzureWorkloadIdentity(identity) => identity.prove(&cloud()?, endpoints, workload, deadline).await?,
            Self::GcpMetadata(identity) => identity.prove(&google()?).await?,
            Self::GcpImpersonation(identity) => identity.prove(&google()?).await?,
            Self::GcpWorkloadIdentity(identity) => identity.prove(&google()?, workload).await?,
            Self::GcpApplicationDefault(identity) => identity.prove(&google()?).await?,
            Self::ServiceAccountToken(identity) => identity.prove(workload)?,
            Self::ServiceAccountTokenFile(identity) => identity.prove()?,
        })
    }
}

/// The pod's token, if the kubelet sent one.
fn token(workload: Option<&Workload>) -> Result<&Secret, PassedOver> {
    workload.and_then(|workload| workload.service_account_token.as_ref()).ok_or(PassedOver::NoToken)
}

/// The annotation by which a service account opts in to its own identity, in the incumbent's words.
///
/// Source: jfrog-credentials-provider 1.4.0, README.
pub(crate) const OPT_IN: &str = "JFrogExchange";

/// Whether the pod's service account has opted in.
fn opted_in(workload: Option<&Workload>) -> Result<(), PassedOver> {
    match annotation(workload, OPT_IN) {
        Some("true") => Ok(()),
        _ => Err(PassedOver::NotAnnotated("JFrogExchange: \"true\"")),
    }
}

fn annotation<'w>(workload: Option<&'w Workload>, name: &str) -> Option<&'w str> {
    workload?.annotations.get(name).map(String::as_str).filter(|value| !value.is_empty())
}
