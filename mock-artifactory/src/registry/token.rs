//! The token endpoint, which trades a credential for a registry token.

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode, Uri};
use serde_json::json;

use super::Registry;
use super::caller::{Credential, refused};
use super::grant::{LIFETIME, Pull};
use crate::access::{Principal, Refusal};
use crate::service_error::ArtifactoryError;

impl Registry {
    /// Answers a request to the token endpoint of a repository, or of none.
    ///
    /// GET takes Basic only. POST, the form of OAuth 2 that containerd tries first, gets 401: containerd
    /// then falls back to GET, with a case for Artifactory (containerd pull request 2166).
    pub(crate) fn hand_out(
        &self,
        repository: Option<&str>,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Response {
        let asked = match *method {
            Method::GET | Method::HEAD => self.asker(headers),
            _ => Err(None),
        };
        match asked {
            Ok(principal) => self.token(repository, uri, principal),
            Err(refusal) => unauthorized(refusal),
        }
    }

    /// Tells who asks for a token; the error is `None` when nobody says who it is.
    fn asker(&self, headers: &HeaderMap) -> Result<Principal, Option<Refusal>> {
        match Credential::of(headers) {
            None => self.state.anonymous().ok_or(None),
            Some(Credential::Basic { username, secret }) => Ok(self.state.authenticate(&username, &secret)?),
            Some(Credential::Bearer(_) | Credential::Malformed) => Err(Some(Refusal::BadCredentials)),
        }
    }

    fn token(&self, repository: Option<&str>, uri: &Uri, principal: Principal) -> Response {
        let query = parameters(uri);
        let scopes = query.iter().filter(|(name, _)| name == "scope");
        let images = Pull::parse(repository, scopes.map(|(_, scope)| scope.as_str()));
        let token = self.grants.issue(principal, images, self.now());
        axum::Json(json!({ "token": token, "expires_in": LIFETIME })).into_response()
    }
}

/// Reads a query; one that is no form has no parameters.
pub(crate) fn parameters(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs)
}

/// Refuses with the challenge of Artifactory's REST API, since it is a Basic credential that is wanted.
fn unauthorized(refusal: Option<Refusal>) -> Response {
    let mut response = refusal.map_or_else(anonymous_refused, refused);
    let basic = HeaderValue::from_static("Basic realm=\"Artifactory Realm\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, basic);
    response
}

fn anonymous_refused() -> Response {
    let message = "Authentication is required";
    ArtifactoryError::new(StatusCode::UNAUTHORIZED, message).into_response()
}
