//! What a token says about itself, read without verifying it: only its issuer and its audience can do that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};

use crate::secret::Secret;

/// The claims of a JWT that the provider reads (RFC 7519 section 4.1).
#[derive(Debug, Default, Deserialize)]
pub struct Claims {
    /// The subject, as Artifactory writes it: `jfac@ID/users/NAME` or `PROVIDER/MAPPING`.
    #[serde(default)]
    pub sub: Option<String>,
    /// The issuer.
    #[serde(default)]
    pub iss: Option<String>,
    /// The audiences, of which a token may carry one as a text or several as an array.
    #[serde(default, deserialize_with = "one_or_several")]
    pub aud: Vec<String>,
    /// What a Kubernetes token says of its service account.
    #[serde(default, rename = "kubernetes.io")]
    pub kubernetes: Option<Kubernetes>,
    /// The expiry, in seconds since 1970; a token without one does not expire.
    #[serde(default)]
    pub exp: Option<f64>,
    /// The beginning of its life, in seconds since 1970.
    #[serde(default)]
    pub nbf: Option<f64>,
}

/// Whom a Kubernetes token was issued to.
///
/// Source: kubernetes `pkg/serviceaccount/claims.go`.
#[derive(Debug, Default, Deserialize)]
pub struct Kubernetes {
    /// The namespace.
    #[serde(default)]
    pub namespace: String,
    /// The service account.
    #[serde(default)]
    pub serviceaccount: Named,
}

/// An object of the cluster, by its name.
#[derive(Debug, Default, Deserialize)]
pub struct Named {
    /// The name.
    #[serde(default)]
    pub name: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match OneOrSeveral::deserialize(deserializer)? {
        OneOrSeveral::One(audience) => vec![audience],
        OneOrSeveral::Several(audiences) => audiences,
    })
}

impl Claims {
    /// Reads the claims of a compact JWT; anything else, such as a reference token, is `None`.
    #[must_use]
    pub fn read(token: &Secret) -> Option<Self> {
        let mut segments = token.expose().split('.');
        let (_, Some(payload), Some(_), None) = (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return None;
        };
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// The user name that Artifactory's subject stands for.
    ///
    /// A user's subject carries the name behind `/users/` (or, from older servers, behind the last slash of `jfrt@...`);
    /// every other subject is the name, slashes included. Source: jfrog-client-go, `ExtractUsernameFromAccessToken`.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        let subject = self.sub.as_deref()?;
        let name = match subject.split_once("/users/") {
            Some((_, name)) => name,
            None if subject.starts_with("jfrt@") => subject.rsplit('/').next()?,
            None => subject,
        };
        Some(name).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> Secret {
        Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)))
    }

    #[test]
    fn a_subject_becomes_the_name_that_artifactory_accepts() {
        let table = [
            ("jfac@01fs/users/admin", "admin"),
            ("jfrt@01fs/users/admin", "admin"),
            ("jfrt@01fs/reader", "reader"),
            ("yahav/test-repo", "yahav/test-repo"),
            ("jfac@01fs/users/team/robot", "team/robot"),
        ];
        for (subject, name) in table {
            let claims = Claims::read(&token(&format!(r#"{{"sub":"{subject}"}}"#))).expect("claims");
            assert_eq!(claims.username(), Some(name), "{subject}");
        }
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        for text in ["", "cmVmdGtuOjAxOjE3", "a.b", "a.b.c", "a.b.c.d", "e30.bm90anNvbg.x"] {
            assert!(Claims::read(&Secret::new(text.to_owned())).is_none(), "{text}");
        }
    }

    #[test]
    fn a_cluster_token_says_whom_it_was_issued_to() {
        let payload = r#"{"iss":"https://k","aud":["a","b"],"kubernetes.io":{"namespace":"n","serviceaccount":{"name":"s","uid":"u"}}}"#;
        let claims = Claims::read(&token(payload)).expect("claims");
        assert_eq!(
            (claims.iss.as_deref(), claims.aud.as_slice()),
            (Some("https://k"), &["a".to_owned(), "b".to_owned()][..])
        );
        let kubernetes = claims.kubernetes.expect("a cluster's token");
        assert_eq!((kubernetes.namespace.as_str(), kubernetes.serviceaccount.name.as_str()), ("n", "s"));
        assert_eq!(Claims::read(&token(r#"{"aud":"one"}"#)).expect("claims").aud, ["one"]);
    }

    #[test]
    fn a_token_without_an_expiry_is_still_a_token() {
        let claims = Claims::read(&token(r#"{"sub":"a","aud":["x"]}"#)).expect("claims");
        assert_eq!(claims.exp, None);
    }
}
