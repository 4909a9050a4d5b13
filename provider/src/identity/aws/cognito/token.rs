//! The token endpoint: the client's secret for an access token of its own.
//!
//! Source: Amazon Cognito developer guide, "The token issuer endpoint".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::http::{Http, HttpError, Request};
use crate::identity::aws::cognito::secret::Client;
use crate::identity::aws::cognito::user_pool::TokenSource;
use crate::secret::{Secret, quote_foreign};

/// Why the token endpoint gave no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenEndpointError {
    /// No complete reply.
    #[error("cannot reach the token endpoint `{endpoint}`")]
    Transport {
        /// Its address.
        endpoint: String,
        /// What happened.
        source: HttpError,
    },
    /// A refusal, with the endpoint's own code.
    #[error("the token endpoint `{endpoint}` refused the scope `{scope}` with `{code}`")]
    Refused {
        /// Its address.
        endpoint: String,
        /// What was asked for.
        scope: String,
        /// The error's code, such as `invalid_client` (RFC 6749 section 5.2).
        code: String,
    },
    /// A reply that is not what the endpoint documents.
    #[error("the token endpoint `{endpoint}` answered {status} in an unknown form")]
    Form {
        /// Its address.
        endpoint: String,
        /// The HTTP status.
        status: u16,
    },
}

/// Gets an access token of the client's own.
///
/// The client says who it is by Basic, not in the form: RFC 6749 section 2.3.1 recommends it, and headers can be marked as
/// secret. Both parts go in as they are: Cognito's have no character that the encoding of that section would change.
pub(super) async fn access_token(
    http: &Http,
    source: &TokenSource,
    client: &Client,
    scope: &str,
) -> Result<Secret, TokenEndpointError> {
    let endpoint = || source.endpoint.clone();
    let scope = format!("{}/{scope}", source.identifier);
    let fields = [("grant_type", "client_credentials"), ("scope", scope.as_str())];
    let pair = Secret::new(format!("{}:{}", client.id.expose(), client.secret.expose()));
    let basic = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())));
    let request = Request::post_form(endpoint(), &fields).secret_header("authorization", &basic);
    let reply = http.send(&request).await;
    let reply = reply.map_err(|source| TokenEndpointError::Transport { endpoint: endpoint(), source })?;
    let form = || TokenEndpointError::Form { endpoint: endpoint(), status: reply.status.as_u16() };
    if reply.is_ok() {
        let issued: Issued = serde_json::from_slice(reply.body()).map_err(|_| form())?;
        return issued.access_token.filter(|token| !token.is_empty()).ok_or_else(form);
    }
    let refusal: Refusal = serde_json::from_slice(reply.body()).map_err(|_| form())?;
    Err(TokenEndpointError::Refused { endpoint: endpoint(), scope, code: quote_foreign(&refusal.error) })
}

#[derive(Deserialize)]
struct Issued {
    access_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}
