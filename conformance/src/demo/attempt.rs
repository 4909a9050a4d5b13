//! One pull with one identity: the run of the provider, then the pull with what it answered.

use std::io;
use std::path::Path;

use super::endpoint::Request;
use super::identity::Identity;
use super::lifetime::Lifetime;
use super::node::Node;
use super::timeline::{Timeline, milliseconds};
use crate::kubelet::{
    ApiVersion, CredentialProviderRequest, CredentialProviderResponse, Decoding, Environment, NoAnswer, RegistryAuth,
    Run, TIMEOUT,
};
use crate::registry::{Client, PullError, Pulled};

/// The version of the provider's entry in the kubelet's configuration.
const VERSION: ApiVersion = ApiVersion::V1;

/// What happened, not judged yet.
pub(super) struct Attempt {
    pub(super) identity: Identity,
    /// The service account token that the provider was given.
    pub(super) pod_token: Option<String>,
    pub(super) run: io::Result<Run>,
    /// `None`: there was no run.
    pub(super) answer: Option<Result<CredentialProviderResponse, NoAnswer>>,
    pub(super) timeline: Timeline,
    /// Of the token in the answer, when the answer came.
    pub(super) lifetime: Option<Lifetime>,
    /// `None`: there was no credential for the registry.
    pub(super) pull: Option<PullAttempt>,
}

/// A pull, with its requests.
pub(super) struct PullAttempt {
    pub(super) result: Result<Pulled, PullError>,
    pub(super) requests: Vec<Request>,
    pub(super) milliseconds: f64,
}

impl Attempt {
    /// Asks the provider as the kubelet does and pulls with the answer.
    ///
    /// The kubelet's own environment is empty here: a proxy or an AWS profile of the person who watches would otherwise
    /// reach the provider.
    pub(super) async fn make(node: &Node, client: &Client, program: &Path, identity: Identity) -> Self {
        let (mark, started) = (node.mark(), node.now());
        let pod_token = identity.pod().map(|pod| node.service_account_token(&pod)).transpose();
        let run = match &pod_token {
            Ok(token) => run(node, program, identity, token.as_deref()).await,
            Err(error) => Err(io::Error::other(error.to_string())),
        };
        let (ended, (cloud, artifactory)) = (node.now(), node.since(mark));
        let timeline = Timeline { started, ended, cloud, artifactory };
        let answer = run.as_ref().ok().map(|run| run.answer(VERSION, Decoding::Strict));
        let pod_token = pod_token.ok().flatten();
        let mut attempt = Self { identity, pod_token, run, answer, timeline, lifetime: None, pull: None };
        if let Some(auth) = attempt.auth(node).cloned() {
            attempt.lifetime = Lifetime::of(&auth.password, node.artifactory.kit().clock.unix());
            attempt.pull = Some(PullAttempt::make(node, client, Some(&auth)).await);
        }
        attempt
    }

    /// The response, if the kubelet uses it.
    pub(super) fn response(&self) -> Option<&CredentialProviderResponse> {
        self.answer.as_ref()?.as_ref().ok()
    }

    /// The credential under the registry's own name; other keys are not looked at.
    pub(super) fn auth(&self, node: &Node) -> Option<&RegistryAuth> {
        self.response()?.auth.get(node.image.registry())
    }

    /// Every password in the answer, under whatever key.
    pub(super) fn passwords(&self) -> impl Iterator<Item = String> {
        self.response().into_iter().flat_map(|response| response.auth.values()).map(|auth| auth.password.clone())
    }

    /// What the provider wrote to standard error.
    pub(super) fn stderr(&self) -> String {
        self.run.as_ref().map(|run| String::from_utf8_lossy(&run.stderr).into_owned()).unwrap_or_default()
    }
}

async fn run(node: &Node, program: &Path, identity: Identity, pod_token: Option<&str>) -> io::Result<Run> {
    let mut request = CredentialProviderRequest::new(VERSION, node.image.repository());
    request.service_account_token = pod_token;
    request.service_account_annotations = identity.pod().map(|pod| pod.annotations).unwrap_or_default();
    node.provider(program, identity)?.run(&Environment::new(), request.to_json(), TIMEOUT).await
}

impl PullAttempt {
    pub(super) async fn make(node: &Node, client: &Client, auth: Option<&RegistryAuth>) -> Self {
        let (mark, started) = (node.mark(), node.now());
        let result = client.pull(&node.image, auth).await;
        let milliseconds = milliseconds(started, node.now());
        let (_cloud, artifactory) = node.since(mark);
        Self { result, requests: artifactory.iter().map(|seen| (&seen.request).into()).collect(), milliseconds }
    }

    /// How the pull ended, in words.
    pub(super) fn ending(&self) -> String {
        match &self.result {
            Ok(_) => "a pull".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}
