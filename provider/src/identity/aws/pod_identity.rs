//! EKS Pod Identity: the role that EKS associates with the pod's service account, from the agent on the node.
//!
//! The role's trust policy allows `sts:AssumeRole` and `sts:TagSession` to `pods.eks.amazonaws.com`. Source: Amazon EKS user
//! guide, "EKS Pod Identities"; eks-pod-identity-agent, README.

use std::time::Duration;

use serde::Deserialize;

use crate::endpoints::Endpoints;
use crate::http::{Http, HttpError, Reply, Request};
use crate::identity::Proof;
use crate::identity::aws::credentials::{AwsCredentials, lasting};
use crate::identity::aws::pod_region::pod_region;
use crate::identity::aws::{AwsError, CallerIdentity, each_cause};
use crate::identity::kubernetes::usable;
use crate::kubelet::Workload;
use crate::secret::{Secret, quote_foreign};
use crate::time::{Deadline, pause};

/// The audience that the agent takes. Source: as above.
const AUDIENCE: &str = "pods.eks.amazonaws.com";

/// How long an agent that refuses connections is waited for: on a fresh node its pod starts beside the first pulls.
const START: Duration = Duration::from_secs(3);
/// The pause between two looks at an agent that refuses connections.
const START_PAUSE: Duration = Duration::from_millis(500);

/// The role that EKS associates with the pod's service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodIdentity {
    /// How it is shown to Artifactory; without a region the token's issuer and then the metadata service are asked.
    pub caller: CallerIdentity,
}

/// Why the agent gave no credentials.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No complete reply.
    #[error("cannot get credentials from the EKS Pod Identity agent")]
    Transport(#[source] HttpError),
    /// None of the addresses can be connected to.
    #[error("cannot connect to the EKS Pod Identity agent: {causes}")]
    Unreachable {
        /// Each address and what happened there.
        causes: String,
    },
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
        let (token, claims) = usable(workload, Some(AUDIENCE))?;
        let addresses = endpoints.pod_identity.addresses();
        let region = async { Ok(pod_region(&self.caller, &claims, metadata, endpoints).await?) };
        let ask = async || credentials(metadata, &addresses, token, deadline).await;
        let (region, credentials) = tokio::try_join!(region, lasting(deadline, ask))?;
        self.caller.sign(&credentials, region, deadline)
    }
}

/// Asks until the agent answers, or has refused connections for as long as its start may take.
async fn credentials(
    http: &Http,
    addresses: &[&str],
    token: &Secret,
    deadline: Deadline,
) -> Result<AwsCredentials, AgentError> {
    let started = Deadline::after(deadline.remaining().unwrap_or_default().min(START));
    loop {
        let failures = match ask_each(http, addresses, token).await {
            Ok(reply) => return read(&reply?),
            Err(failures) => failures,
        };
        // A silent address is not about to start: the link that leads to it is missing.
        let starting = failures.iter().all(|(_, error)| matches!(error, HttpError::Connect { .. }));
        if !starting || started.remaining().is_none_or(|left| left <= START_PAUSE) {
            return Err(unreachable(failures));
        }
        pause(START_PAUSE).await;
    }
}

/// What an address answers, or why none of them can be connected to: a node may have one of the two families only.
async fn ask_each<'a>(
    http: &Http,
    addresses: &[&'a str],
    token: &Secret,
) -> Result<Result<Reply, AgentError>, Vec<(&'a str, HttpError)>> {
    let mut failures = Vec::new();
    for address in addresses {
        let request = Request::get((*address).to_owned()).secret_header("authorization", token);
        match http.send(&request).await {
            Ok(reply) => return Ok(Ok(reply)),
            Err(error @ (HttpError::Connect { .. } | HttpError::Silence { .. })) => failures.push((*address, error)),
            Err(error) => return Ok(Err(AgentError::Transport(error))),
        }
    }
    Err(failures)
}

fn unreachable(failures: Vec<(&str, HttpError)>) -> AgentError {
    match <[_; 1]>::try_from(failures) {
        Ok([(_, error)]) => AgentError::Transport(error),
        Err(several) => AgentError::Unreachable { causes: each_cause(&several) },
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_agent_that_neither_family_reaches_is_waited_for_and_explained_with_both() {
        let deadline = Deadline::after(Duration::from_secs(20));
        let http = Http::metadata(deadline).expect("a client");
        let addresses = ["http://127.0.0.1:9/v1/credentials", "http://127.0.0.2:9/v1/credentials"];
        let token = Secret::new("token".to_owned());
        let error = credentials(&http, &addresses, &token, deadline).await.expect_err("nobody listens");
        assert_eq!(
            error.to_string(),
            "cannot connect to the EKS Pod Identity agent: at 127.0.0.1:9: cannot connect: Connection refused; \
             at 127.0.0.2:9: cannot connect: Connection refused"
        );
        let left = deadline.remaining().expect("it ends in time");
        assert!((14..=18).contains(&left.as_secs()), "{left:?}");
    }
}
