//! EKS Pod Identity: the role that EKS associates with the pod's service account, from the agent on the node.
//!
//! The role's trust policy allows `sts:AssumeRole` and `sts:TagSession` to `pods.eks.amazonaws.com`. Source: Amazon EKS user
//! guide, "EKS Pod Identities"; eks-pod-identity-agent, README.

use serde::Deserialize;

use crate::endpoints::Endpoints;
use crate::http::{Http, HttpError, Reply, Request};
use crate::identity::Proof;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::imds::Imds;
use crate::identity::aws::{AwsError, CallerIdentity};
use crate::identity::kubernetes::usable;
use crate::kubelet::Workload;
use crate::secret::{Secret, quote_foreign};
use crate::time::Deadline;

/// The audience that the agent takes. Source: as above.
const AUDIENCE: &str = "pods.eks.amazonaws.com";

/// The role that EKS associates with the pod's service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodIdentity {
    /// How it is shown to Artifactory; without a region the metadata service is asked.
    pub caller: CallerIdentity,
}

/// Why the agent gave no credentials.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No complete reply.
    #[error("cannot get credentials from the EKS Pod Identity agent")]
    Transport(#[source] HttpError),
    /// A refusal, with the agent's own words.
    #[error("the EKS Pod Identity agent answered {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The text of the reply, cut and cleaned.
        message: String,
    },
    /// A reply that is not what the agent documents.
    #[error("the EKS Pod Identity agent answered in an unknown form")]
    Form,
}

impl PodIdentity {
    /// Shows the pod's token to the agent and signs with what it gives. The agent is never reached through a proxy.
    ///
    /// # Errors
    /// When the token is not for the agent, or the agent does not answer or refuses.
    pub async fn prove<'route>(
        &self,
        metadata: &Http,
        endpoints: &Endpoints,
        workload: Option<&Workload>,
        deadline: Deadline,
    ) -> Result<Proof<'route>, AwsError> {
        let (token, _) = usable(workload, Some(AUDIENCE))?;
        let credentials = credentials(metadata, &endpoints.pod_identity.addresses(), token).await?;
        let region = match &self.caller.region {
            Some(region) => Some(region.clone()),
            None => Imds::open(metadata, &endpoints.aws_metadata).await?.region().await?,
        };
        self.caller.sign(&credentials, region, deadline)
    }
}

/// Asks each address in turn; the next one only when nothing could be connected to, since a node has one of two families.
async fn credentials(http: &Http, addresses: &[&str], token: &Secret) -> Result<AwsCredentials, AgentError> {
    let mut last = AgentError::Form;
    for address in addresses {
        let request = Request::get((*address).to_owned()).secret_header("authorization", token);
        match http.send(&request).await {
            Ok(reply) => return read(&reply),
            Err(error @ (HttpError::Connect { .. } | HttpError::Silence { .. })) => last = AgentError::Transport(error),
            Err(error) => return Err(AgentError::Transport(error)),
        }
    }
    Err(last)
}

fn read(reply: &Reply) -> Result<AwsCredentials, AgentError> {
    if !reply.is_ok() {
        return Err(AgentError::Refused { status: reply.status.as_u16(), message: quote_foreign(&reply.text()) });
    }
    let document: Document = serde_json::from_slice(reply.body()).map_err(|_| AgentError::Form)?;
    let Document { access_key_id, secret_access_key, token, expiration } = document;
    AwsCredentials::complete(access_key_id, secret_access_key, token, expiration.as_deref()).ok_or(AgentError::Form)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    token: Option<Secret>,
    expiration: Option<String>,
}
