//! The exchange: a proof goes to Artifactory, a short-lived registry credential comes back.

use serde_json::json;

use crate::http::{Http, HttpError, Reply, Request};
use crate::identity::kubernetes::ShownToken;
use crate::identity::{Proof, SignedRequest};
use crate::lifetime::Lifetime;
use crate::secret::Secret;
use crate::telemetry::step;

mod reply;
mod url;
pub use reply::ReplyError;
pub use url::{ArtifactoryUrl, ArtifactoryUrlError, Scheme};

/// What a registry takes: a name, a token or password, and how long they hold.
#[derive(Debug)]
pub struct RegistryCredential {
    /// The user name exactly as Artifactory gave it; it can hold a slash.
    pub username: String,
    /// The access token, used as the password.
    pub access_token: Secret,
    /// What is left of the token's life.
    pub lifetime: Lifetime,
}

/// The OIDC provider of Artifactory that an ID token is meant for, with the request's optional fields.
///
/// Source: JFrog REST API, "OIDC Token Exchange".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    /// The provider's name (`provider_name`).
    pub name: String,
    /// Artifactory's provider type (`provider_type`).
    pub provider_type: String,
    /// The audience that the resulting token is asked for (`audience`).
    pub audience: Option<String>,
    /// The one identity mapping to be used (`identity_mapping_name`).
    pub identity_mapping_name: Option<String>,
    /// The project whose mappings count (`project_key`).
    pub project_key: Option<String>,
    /// Which form of token is asked for (`include_reference_token`).
    pub token_form: TokenForm,
}

impl OidcProvider {
    /// The provider of this name, with nothing else said.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            provider_type: GENERIC_PROVIDER_TYPE.to_owned(),
            audience: None,
            identity_mapping_name: None,
            project_key: None,
            token_form: TokenForm::default(),
        }
    }
}

/// The provider type that the incumbent always sends and that every server knows.
pub const GENERIC_PROVIDER_TYPE: &str = "Generic OpenID Connect";

/// The form of Artifactory token that is used as the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenForm {
    /// A JWT.
    #[default]
    AccessToken,
    /// A reference token of 64 characters, for registries that limit the length of a password.
    ReferenceToken,
}

/// Why Artifactory gave no credential.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// No complete reply.
    #[error("no reply from Artifactory")]
    Transport(#[source] HttpError),
    /// No client for Artifactory could be made, for want of root certificates or a proxy's credentials.
    #[error("no HTTP client could be made")]
    Client(#[from] HttpError),
    /// A refusal, with Artifactory's own words.
    #[error("Artifactory answered {status}{}", .message.as_ref().map(|message| format!(": {message}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The message of Artifactory's error document, cut and cleaned; `None` when there was no such document.
        message: Option<String>,
        /// What the proof says of itself, if it was a cluster's token.
        token: Option<Box<ShownToken>>,
    },
    /// A page of a proxy before Artifactory that wants a client certificate, or another one than it was shown.
    #[error("a proxy before Artifactory answered {status}: it asks for a client certificate that it trusts")]
    ClientCertificate {
        /// The HTTP status.
        status: u16,
    },
    /// A redirect, which is never followed with a proof.
    #[error("Artifactory answered {status}, a redirect, which is not followed with a proof")]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// A reply of status 200 that holds no usable credential.
    #[error("Artifactory's answer holds no usable credential")]
    Reply(#[source] ReplyError),
}

/// Trades a proof for a registry credential.
///
/// # Errors
/// When Artifactory cannot be reached, refuses, or answers with something that is no credential.
pub async fn exchange(
    http: &Http,
    artifactory: &ArtifactoryUrl,
    proof: Proof<'_>,
) -> Result<RegistryCredential, ExchangeError> {
    let shown = || match &proof {
        Proof::IdToken { token, .. } => ShownToken::read(token),
        Proof::SignedCallerIdentity { .. } => None,
    };
    let (request, form) = match &proof {
        Proof::IdToken { token, provider } => (id_token_request(artifactory, token, provider), provider.token_form),
        Proof::SignedCallerIdentity { request, token_lifetime } => {
            (caller_identity_request(artifactory, request, token_lifetime.as_secs()), TokenForm::AccessToken)
        }
    };
    let reply = http.send(&request).await.map_err(ExchangeError::Transport)?;
    refuse_failure(&reply, shown)?;
    let credential = reply::credential(reply.body(), form, crate::time::now()).map_err(ExchangeError::Reply)?;
    step::exchanged(&credential);
    Ok(credential)
}

/// POST /access/api/v1/oidc/token. Source: JFrog REST API, "OIDC Token Exchange"; RFC 8693 section 2.1.
fn id_token_request(artifactory: &ArtifactoryUrl, token: &Secret, provider: &OidcProvider) -> Request {
    let mut document = json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "subject_token": token.expose(),
        "provider_name": provider.name,
        "provider_type": provider.provider_type,
    });
    let optional = [
        ("audience", &provider.audience),
        ("identity_mapping_name", &provider.identity_mapping_name),
        ("project_key", &provider.project_key),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            document[name] = json!(value);
        }
    }
    if provider.token_form == TokenForm::ReferenceToken {
        document["include_reference_token"] = json!(true);
    }
    Request::post_json(artifactory.endpoint("/access/api/v1/oidc/token"), &document)
}

/// POST /access/api/v1/aws/token with the signed headers of an STS call; `Host` is signed and not forwarded, since
/// Artifactory puts in the host of the STS it calls. Source: JFrog documentation, "Passwordless access for Amazon EKS".
fn caller_identity_request(artifactory: &ArtifactoryUrl, signed: &SignedRequest, expires_in: u64) -> Request {
    let region = signed.region.as_ref().map(|region| format!("?region={}", region.as_str())).unwrap_or_default();
    let url = artifactory.endpoint(&format!("/access/api/v1/aws/token{region}"));
    signed
        .headers
        .iter()
        .fold(Request::post_json(url, &json!({ "expires_in": expires_in })), |request, (name, value)| {
            request.secret_header(name, value)
        })
}

fn refuse_failure(reply: &Reply, shown: impl Fn() -> Option<ShownToken>) -> Result<(), ExchangeError> {
    let status = reply.status.as_u16();
    match status {
        200 => Ok(()),
        300..=399 => Err(ExchangeError::Redirected { status }),
        400 if reply::asks_for_certificate(reply.body()) => Err(ExchangeError::ClientCertificate { status }),
        _ => {
            Err(ExchangeError::Refused { status, message: reply::refusal(reply.body()), token: shown().map(Box::new) })
        }
    }
}
