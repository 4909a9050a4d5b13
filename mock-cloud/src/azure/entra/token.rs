//! `/TENANT/oauth2/v2.0/token`: an application's token for a client assertion.
//!
//! ```text
//! form ─▶ tenant ─▶ application ─▶ resource ─▶ credential ─▶ signature ─▶ time ─▶ token
//! ```
//!
//! Source: Microsoft identity platform, "OAuth 2.0 client credentials flow", third case: access token request with a
//! federated credential.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::assertion::Assertion;
use super::error::{EntraError, Refusal};
use crate::azure::Azure;
use crate::azure::identity::Identity;
use crate::azure::token::{self, Target};
use crate::azure::world::Application;
use crate::discovery::Unverified;
use crate::query::Query;

/// Seconds that an application's token lives, as replies have it.
///
/// Source: Microsoft identity platform, "Configurable token lifetimes": 60 to 90 minutes.
const LIFETIME: i64 = 3599;

/// RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// As in recorded answers.
const HEADERS: [(http::HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store, no-cache"),
    (PRAGMA, "no-cache"),
    (EXPIRES, "-1"),
    (STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

pub(super) async fn token(
    State(azure): State<Azure>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Query::parse(std::str::from_utf8(&body).ok());
    let answer = match azure.application_token(&tenant, &form).await {
        Ok(reply) => Json(reply).into_response(),
        Err(error) => {
            let told = headers.get("client-request-id").and_then(|id| id.to_str().ok());
            let correlation_id = told.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
            Refusal { error, at: azure.0.clock.now(), correlation_id }.into_response()
        }
    };
    (HEADERS, answer).into_response()
}

impl Azure {
    async fn application_token(&self, tenant: &str, form: &Query) -> Result<Value, EntraError> {
        self.is_tenant(tenant)?;
        let request = Request::read(form)?;
        let application = self.application(request.client_id)?;
        let target = self.resource(request.scope)?;
        let assertion = Assertion::read(request.assertion(form)?)?;
        self.accept(&assertion, application)?;
        self.vouch(&assertion, request.assertion(form)?).await?;
        assertion.is_current(self.0.clock.now())?;
        let access_token = self.issue_to(application, &target)?;
        Ok(json!({
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": access_token,
        }))
    }

    fn application(&self, client_id: &str) -> Result<&Application, EntraError> {
        let mut applications = self.world().applications.iter();
        let application = applications.find(|it| it.client_id.eq_ignore_ascii_case(client_id));
        application.ok_or_else(|| EntraError::Application {
            client_id: client_id.to_owned(),
            tenant: self.world().tenant.clone(),
        })
    }

    /// What a scope `RESOURCE/.default` stands for.
    fn resource(&self, scope: &str) -> Result<Target, EntraError> {
        if scope.split_whitespace().count() > 1 {
            return Err(EntraError::Scopes(scope.to_owned()));
        }
        let resource = scope.strip_suffix("/.default").ok_or_else(|| EntraError::ScopeForm(scope.to_owned()))?;
        token::target(self.world(), resource)
            .map_err(|_| EntraError::Resource { resource: resource.to_owned(), tenant: self.world().tenant.clone() })
    }

    /// A credential that was added is seen by some servers later than by others.
    fn accept(&self, assertion: &Assertion, application: &Application) -> Result<(), EntraError> {
        assertion.accepted_by(application, self.world())?;
        let fewer = |left: usize| left.checked_sub(1);
        match self.0.unseen.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer) {
            Ok(left) => Err(assertion.unseen(left)),
            Err(_) => Ok(()),
        }
    }

    /// Asks the issuer of an assertion for its keys.
    async fn vouch(&self, assertion: &Assertion, text: &str) -> Result<(), EntraError> {
        let issuer = &assertion.issuer;
        let published_at = self.0.published_issuers.iter().find(|(name, _)| name == issuer);
        let published_at = published_at.map_or(issuer, |(_, url)| url);
        let verified = self.0.issuers.signed(text, issuer, published_at, &[Algorithm::RS256]).await;
        verified.map_err(|unverified| match unverified {
            Unverified::Unreachable => EntraError::IssuerUnreachable,
            Unverified::Token | Unverified::Key => EntraError::Signature,
        })
    }

    fn issue_to(&self, application: &Application, target: &Target) -> Result<String, EntraError> {
        let client_id = application.client_id.clone();
        let object_id = application.service_principal.clone().ok_or_else(|| EntraError::ServicePrincipal {
            client_id: client_id.clone(),
            tenant: self.world().tenant.clone(),
        })?;
        let identity = Identity { client_id, object_id, resource_id: None };
        Ok(self.sign(&identity, target, self.0.clock.unix(), LIFETIME))
    }
}

/// What a request for a token says, without its proof.
struct Request<'a> {
    client_id: &'a str,
    scope: &'a str,
}

impl<'a> Request<'a> {
    fn read(form: &'a Query) -> Result<Self, EntraError> {
        let needed = |name| form.first(name).filter(|it| !it.is_empty()).ok_or(EntraError::Parameter(name));
        let (grant_type, client_id, scope) = (needed("grant_type")?, needed("client_id")?, needed("scope")?);
        if grant_type != "client_credentials" {
            return Err(EntraError::GrantType(grant_type.to_owned()));
        }
        Ok(Self { client_id, scope })
    }

    /// The proof; no application of this world has a secret, so that each one is wrong.
    fn assertion(&self, form: &'a Query) -> Result<&'a str, EntraError> {
        let given = |name| form.first(name).filter(|it| !it.is_empty());
        match (given("client_assertion"), given("client_assertion_type"), given("client_secret")) {
            (Some(assertion), Some(ASSERTION_TYPE), _) => Ok(assertion),
            (Some(_), _, _) => Err(EntraError::Parameter("client_assertion_type")),
            (None, _, Some(_)) => Err(EntraError::ClientSecret(self.client_id.to_owned())),
            (None, _, None) => Err(EntraError::NoSecret),
        }
    }
}
