//! One pull of one image, in the steps that containerd takes.
//!
//! ```text
//!  HEAD manifest by tag ──▶ 401, Bearer challenge ──▶ POST token (refused) ──▶ GET token with Basic
//!        └──▶ HEAD again with the token ──▶ GET manifest by digest ──▶ GET config ──▶ GET each layer
//! ```
//!
//! Upstream: <https://github.com/containerd/containerd>, `core/remotes/docker`: `resolver.go`, `fetcher.go`,
//! `authorizer.go`. Of the credential nothing but the token endpoint sees anything, unless the registry asks for it by a
//! Basic challenge, as Amazon ECR does; a redirect is followed once, without the token.
//!
//! # Layout
//!
//! - `challenge`: the `WWW-Authenticate` header
//! - `content`: digests, descriptors, manifests
//! - `token`: the token endpoint
//!
//! # Why a client of its own
//!
//! A pull must show which request of it failed and why, and must refuse content that is not what its digest says. A
//! client that a person would use does both only on a terminal.

mod challenge;
mod content;
mod token;

use std::sync::Arc;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;

use challenge::Challenge;
pub use content::{Descriptor, Digest, DigestError};
use content::{MANIFEST_TYPES, Manifest};

use crate::kubelet::{ImageName, RegistryAuth};

/// OCI distribution specification, "Pushing Manifests": registries should take at least this many bytes.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// Pulls images; trusts one set of authorities and uses no proxy.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
}

/// What a pull brought, every digest and size of it verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The manifest.
    pub manifest: Descriptor,
    /// The image's configuration.
    pub config: Descriptor,
    /// Its layers, lowest first.
    pub layers: Vec<Descriptor>,
}

/// Why a client cannot be made.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The authorities are no PEM certificates.
    #[error("the certificate authorities are not readable")]
    Authorities(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The client library refuses its settings.
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}

/// Why a pull failed.
#[derive(Debug, Error)]
pub enum PullError {
    /// No answer.
    #[error("{step}: no answer")]
    NoAnswer {
        /// What was asked for.
        step: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that ends the pull.
    #[error("{step}: answered with {status}")]
    Refused {
        /// What was asked for.
        step: &'static str,
        /// The answer.
        status: StatusCode,
    },
    /// An answer that is not what the protocol has there.
    #[error("{step}: {problem}")]
    Protocol {
        /// What was asked for.
        step: &'static str,
        /// What is wrong with the answer.
        problem: &'static str,
    },
    /// Content that is not what its digest or size says.
    #[error("{step}: {source}")]
    Content {
        /// What was asked for.
        step: &'static str,
        /// What it is instead.
        source: DigestError,
    },
}

impl PullError {
    /// The status that ended the pull, if one did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(status.as_u16()),
            _ => None,
        }
    }

    const fn protocol(step: &'static str, problem: &'static str) -> Self {
        Self::Protocol { step, problem }
    }
}

impl Client {
    /// Makes a client that trusts these authorities, in PEM, and no others.
    ///
    /// # Errors
    ///
    /// The authorities are not PEM.
    ///
    /// # Panics
    ///
    /// Never: ring has the default protocol versions.
    pub fn trusting(authorities: &str) -> Result<Self, ClientError> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            let certificate = certificate.map_err(|error| ClientError::Authorities(error.into()))?;
            roots.add(certificate).map_err(|error| ClientError::Authorities(error.into()))?;
        }
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        #[expect(clippy::disallowed_methods, reason = "the one place where this crate makes its client")]
        let builder = reqwest::Client::builder();
        let http = builder.tls_backend_preconfigured(tls).redirect(Policy::none()).no_proxy().build();
        Ok(Self { http: http.map_err(ClientError::Http)? })
    }

    /// Pulls an image, as someone or as nobody.
    ///
    /// # Errors
    ///
    /// The registry refuses, does not answer as one, or serves content that is not what its digest says.
    pub async fn pull(&self, image: &ImageName, auth: Option<&RegistryAuth>) -> Result<Pulled, PullError> {
        let mut pull = Pull { http: &self.http, image, auth, authorization: None };
        let resolved = pull.resolve().await?;
        let (manifest, parsed) = pull.manifest(&resolved).await?;
        let config = pull.blob("config", parsed.config).await?;
        let mut layers = Vec::with_capacity(parsed.layers.len());
        for layer in parsed.layers {
            layers.push(pull.blob("layer", layer).await?);
        }
        Ok(Pulled { manifest, config, layers })
    }
}

/// A pull under way.
struct Pull<'a> {
    http: &'a reqwest::Client,
    image: &'a ImageName,
    auth: Option<&'a RegistryAuth>,
    authorization: Option<HeaderValue>,
}

impl Pull<'_> {
    /// Finds the digest that the image's name stands for; gets a token when the registry asks for one.
    async fn resolve(&mut self) -> Result<Digest, PullError> {
        const STEP: &str = "manifest by tag";
        let reference = self.image.digest().or(self.image.tag()).unwrap_or("latest");
        let url = self.url(&format!("manifests/{reference}"), STEP)?;
        let mut answer = self.send(Method::HEAD, &url, STEP).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.authorization = Some(self.authorized(&answer, STEP).await?);
            answer = self.send(Method::HEAD, &url, STEP).await?;
        }
        let answer = granted(answer, STEP)?;
        let digest = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        let digest = digest.and_then(Digest::parse);
        digest.ok_or(PullError::protocol(STEP, "no Docker-Content-Digest of SHA-256"))
    }

    /// The `Authorization` that answers a challenge: a token, or the credential where a registry wants that itself.
    async fn authorized(&self, answer: &Response, step: &'static str) -> Result<HeaderValue, PullError> {
        match (Challenge::of(answer.headers()), self.auth) {
            (Some(Challenge::Bearer(challenge)), auth) => token::fetch(self.http, &challenge, auth).await,
            (Some(Challenge::Basic), Some(auth)) => token::basic(auth),
            (Some(Challenge::Basic), None) => Err(PullError::Refused { step, status: answer.status() }),
            (None, _) => Err(PullError::protocol(step, "401 without a Bearer or Basic challenge")),
        }
    }

    async fn manifest(&self, digest: &Digest) -> Result<(Descriptor, Manifest), PullError> {
        const STEP: &str = "manifest by digest";
        let url = self.url(&format!("manifests/{digest}"), STEP)?;
        let answer = granted(self.send(Method::GET, &url, STEP).await?, STEP)?;
        let bytes = body(answer, LARGEST_MANIFEST, STEP).await?;
        let size = bytes.len() as u64;
        let descriptor = Descriptor { digest: digest.clone(), size };
        descriptor.verify(&bytes).map_err(|source| PullError::Content { step: STEP, source })?;
        let manifest = serde_json::from_slice(&bytes);
        Ok((descriptor, manifest.map_err(|_| PullError::protocol(STEP, "not the manifest of one image"))?))
    }

    async fn blob(&self, step: &'static str, descriptor: Descriptor) -> Result<Descriptor, PullError> {
        let url = self.url(&format!("blobs/{}", descriptor.digest), step)?;
        let mut answer = self.send(Method::GET, &url, step).await?;
        if answer.status().is_redirection() {
            let place = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let place = place.and_then(|place| url.join(place).ok());
            let place = place.ok_or(PullError::protocol(step, "a redirect to nowhere"))?;
            answer = answered(self.http.get(place), step).await?;
        }
        let bytes = body(granted(answer, step)?, descriptor.size, step).await?;
        descriptor.verify(&bytes).map_err(|source| PullError::Content { step, source })?;
        Ok(descriptor)
    }

    fn url(&self, rest: &str, step: &'static str) -> Result<Url, PullError> {
        let url = format!("https://{}/v2/{}/{rest}", self.image.registry(), self.image.path());
        url.parse().map_err(|_| PullError::protocol(step, "the image's name makes no URL"))
    }

    async fn send(&self, method: Method, url: &Url, step: &'static str) -> Result<Response, PullError> {
        let mut request = self.http.request(method, url.clone()).header(ACCEPT, MANIFEST_TYPES);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        answered(request, step).await
    }
}

async fn answered(request: reqwest::RequestBuilder, step: &'static str) -> Result<Response, PullError> {
    request.send().await.map_err(|source| PullError::NoAnswer { step, source: source.without_url() })
}

fn granted(answer: Response, step: &'static str) -> Result<Response, PullError> {
    match answer.status() {
        StatusCode::OK => Ok(answer),
        status => Err(PullError::Refused { step, status }),
    }
}

/// Reads a body that may not be larger than this.
async fn body(mut answer: Response, largest: u64, step: &'static str) -> Result<Vec<u8>, PullError> {
    let mut bytes = Vec::new();
    let broken = |source: reqwest::Error| PullError::NoAnswer { step, source: source.without_url() };
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > largest {
            return Err(PullError::protocol(step, "more bytes than announced"));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
