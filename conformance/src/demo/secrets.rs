//! Every secret that the mocks know, and where one may not be.
//!
//! They are not listed by hand: the clouds' are those that mock-cloud drew; proofs, passwords and tokens are those that
//! reached mock-artifactory, read from its journal; the credentials are those that the provider answered with.
//!
//! | secret | may be in requests to |
//! |---|---|
//! | secret access key | nobody: it signs |
//! | session token of a role | AWS, and Artifactory, whose call for the caller's identity has it |
//! | session token of a metadata service, Google's access token | the clouds |
//! | secret of a Cognito client | Cognito's token endpoint |
//! | token of a service account, of a managed identity, of an application | the clouds or Artifactory, each token one side only |
//! | credential of Artifactory | Artifactory |

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mock_kit::Recorded;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What session tokens of AWS begin with. They are the one secret of AWS that is sent to Artifactory, since STS needs
/// the header `X-Amz-Security-Token`.
const SESSION_TOKEN_START: &str = "IQoJ";

/// What JWTs begin with: `{"` in Base64. A cloud's are proofs, for another service of the cloud, such as a client
/// assertion, or for Artifactory.
const JWT_START: &str = "eyJ";

/// Characters of a secret access key: AWS Identity and Access Management API reference, `AccessKey`, whose example has 40.
const ACCESS_KEY: usize = 40;

/// The path of Cognito's token endpoint, and what mock-cloud has in front of it where it is not asked by its name.
const TOKEN_ENDPOINT: (&str, &str) = ("/cognito/", "/oauth2/token");

/// Shorter ones are not looked for: they would be found, and redacted, in the middle of words.
const SHORTEST: usize = 6;

/// What stands for a secret where one is shown.
const REDACTED: &str = "[secret]";

/// The secrets of one world so far.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    clouds: Vec<String>,
    /// Those of Cognito's clients, each also as the pair that makes Basic credentials.
    clients: Vec<String>,
    proofs: Vec<String>,
    credentials: Vec<String>,
}

impl Secrets {
    /// Collects what mock-cloud drew and what mock-artifactory's journal shows, beside the proofs and credentials known
    /// already.
    pub(crate) fn of(drawn: Vec<String>, journal: &[Recorded], proofs: Vec<String>, credentials: Vec<String>) -> Self {
        let (tokens, clouds): (Vec<_>, Vec<_>) = drawn.into_iter().partition(|secret| secret.starts_with(JWT_START));
        let clients = clouds.iter().filter_map(|secret| client_secret(secret)).flatten().collect();
        let mut secrets = Self { clouds, clients, proofs: proofs.into_iter().chain(tokens).collect(), credentials };
        for request in journal {
            secrets.credentials.extend(request.header("authorization").and_then(credential));
            secrets.proofs.extend(subject_token(&request.body));
        }
        for list in [&mut secrets.clouds, &mut secrets.proofs, &mut secrets.credentials] {
            list.retain(|secret| secret.len() >= SHORTEST);
            list.sort_unstable();
            list.dedup();
        }
        secrets
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all().count()
    }

    /// How many secrets a text holds.
    pub(crate) fn in_text(&self, text: &str) -> usize {
        count(self.all(), text)
    }

    /// How many of Artifactory's credentials a request to the cloud holds.
    pub(crate) fn astray_at_cloud(&self, request: &Recorded) -> usize {
        count(self.credentials.iter(), &whole(request))
    }

    /// How many secrets that stay with the clouds a request to Artifactory holds.
    pub(crate) fn astray_at_artifactory(&self, request: &Recorded) -> usize {
        count(self.clouds.iter().filter(|secret| !secret.starts_with(SESSION_TOKEN_START)), &whole(request))
    }

    /// How many secret access keys a request holds, whoever is asked.
    pub(crate) fn keys_in(&self, request: &Recorded) -> usize {
        count(self.clouds.iter().filter(|secret| secret.len() == ACCESS_KEY), &whole(request))
    }

    /// How many secrets of Cognito's clients a request holds that does not ask for their token.
    pub(crate) fn astray_clients(&self, request: &Recorded) -> usize {
        let (start, end) = TOKEN_ENDPOINT;
        let is_theirs = request.path.strip_suffix(end).is_some_and(|path| path.is_empty() || path.starts_with(start));
        if is_theirs { 0 } else { count(self.clients.iter(), &whole(request)) }
    }

    /// How many proofs both the clouds and Artifactory were shown: a client assertion, or a pod's token for STS, that
    /// reaches Artifactory, and a token for Artifactory that reaches a cloud.
    pub(crate) fn shown_to_both(&self, cloud: &[Recorded], artifactory: &[Recorded]) -> usize {
        let text = |requests: &[Recorded]| requests.iter().map(whole).collect::<Vec<_>>().join("\n");
        let (cloud, artifactory) = (text(cloud), text(artifactory));
        self.proofs
            .iter()
            .filter(|proof| count([*proof].into_iter(), &cloud) + count([*proof].into_iter(), &artifactory) == 2)
            .count()
    }

    /// Replaces every secret in a text.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let forms = self.all().flat_map(|secret| forms(secret));
        forms.fold(text.to_owned(), |text, form| text.replace(&form, REDACTED))
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.clouds.iter().chain(&self.proofs).chain(&self.credentials)
    }
}

/// As it is, and as Base64 has it.
fn forms(secret: &str) -> [String; 2] {
    [secret.to_owned(), BASE64_STANDARD.encode(secret)]
}

fn count<'a>(secrets: impl Iterator<Item = &'a String>, text: &str) -> usize {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    let holds = |form: &String| text.contains(form) || decoded.contains(form);
    secrets.filter(|secret| forms(secret).iter().any(holds)).count()
}

/// All of a request that can carry something, with Basic credentials in the clear.
fn whole(request: &Recorded) -> String {
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let clear = request.header("authorization").and_then(basic);
    let parts = [request.path.clone(), request.query.clone()].into_iter().chain(headers).chain(clear);
    parts.chain([request.body.clone()]).collect::<Vec<_>>().join("\n")
}

fn credential(authorization: &str) -> Option<String> {
    match basic(authorization) {
        Some(pair) => pair.split_once(':').map(|(_, password)| password.to_owned()),
        None => authorization.strip_prefix("Bearer ").map(str::to_owned),
    }
}

fn basic(authorization: &str) -> Option<String> {
    let encoded = authorization.strip_prefix("Basic ")?;
    String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
}

/// A client's secret, and its pair for Basic, from a document of Secrets Manager as the exchange by Cognito has it.
fn client_secret(document: &str) -> Option<[String; 2]> {
    let document: Value = serde_json::from_str(document).ok()?;
    let (id, secret) = (document.get("client-id")?.as_str()?, document.get("client-secret")?.as_str()?);
    Some([format!("{id}:{secret}"), secret.to_owned()])
}

fn subject_token(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.get("subject_token")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)], query: &str, body: &str) -> Recorded {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Recorded {
            at: String::new(),
            at_us: 0,
            method: "GET".into(),
            host: String::new(),
            path: "/".into(),
            query: query.into(),
            headers: headers.iter().map(owned).collect(),
            body: body.into(),
            tls: None,
            status: None,
        }
    }

    fn basic_header(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    fn secrets() -> Secrets {
        let journal = [
            request(&[("authorization", &basic_header("user:pass/word"))], "", ""),
            request(&[("authorization", "Bearer registry-token")], "", ""),
            request(&[], "", r#"{"subject_token":"id-token"}"#),
        ];
        Secrets::of(
            vec!["secret+key".into(), "IQoJsession".into(), "eyJtoken".into()],
            &journal,
            vec!["pod-token".into()],
            vec!["access-token".into(), "any".into(), String::new()],
        )
    }

    #[test]
    fn secrets_are_found_in_journals() {
        let all = [
            "pass/word",
            "registry-token",
            "id-token",
            "secret+key",
            "IQoJsession",
            "access-token",
            "pod-token",
            "eyJtoken",
        ];
        assert_eq!(secrets().len(), all.len());
        for secret in all {
            assert_eq!(secrets().in_text(&format!("a {secret} b")), 1, "{secret}");
        }
        assert_eq!(secrets().in_text("user and anything else"), 0);
    }

    #[test]
    fn a_secret_in_disguise_is_found() {
        assert_eq!(secrets().in_text("q=secret%2Bkey"), 1);
        assert_eq!(secrets().in_text(&BASE64_STANDARD.encode("access-token")), 1);
        assert_eq!(
            secrets().astray_at_cloud(&request(&[("authorization", &basic_header("u:access-token"))], "", "")),
            1
        );
        assert_eq!(secrets().astray_at_cloud(&request(&[], "t=pass%2Fword", "")), 1);
    }

    #[test]
    fn each_side_may_see_its_own() {
        let own = request(&[("x-amz-security-token", "IQoJsession")], "", "id-token pod-token eyJtoken");
        assert_eq!(secrets().astray_at_artifactory(&own), 0);
        assert_eq!(secrets().astray_at_cloud(&own), 0);
        assert_eq!(secrets().astray_at_artifactory(&request(&[], "", "secret+key")), 1);
    }

    /// Secrets of the kinds that the clouds draw, and a request that carries one of them.
    fn drawn() -> Secrets {
        let document = r#"{"client-id":"client","client-secret":"of-a-client"}"#;
        let drawn =
            ["k".repeat(ACCESS_KEY), "ya29.token".into(), document.into(), "of-a-client".into(), "eyJ.one".into()];
        Secrets::of(drawn.into(), &[], Vec::new(), Vec::new())
    }

    #[test]
    fn what_stays_with_the_clouds_is_astray_at_artifactory() {
        for secret in ["ya29.token", "of-a-client", &"k".repeat(ACCESS_KEY)] {
            let held = request(&[("authorization", &format!("Bearer {secret}"))], "", "");
            assert_eq!(drawn().astray_at_artifactory(&held), 1, "{secret}");
        }
        assert_eq!(drawn().astray_at_artifactory(&request(&[], "", "ya29.other")), 0);
    }

    #[test]
    fn a_secret_access_key_is_never_sent() {
        assert_eq!(drawn().keys_in(&request(&[], "", &"k".repeat(ACCESS_KEY))), 1);
        assert_eq!(drawn().keys_in(&request(&[], "", "ya29.token of-a-client")), 0);
    }

    #[test]
    fn the_secret_of_a_client_is_for_its_token_endpoint() {
        let mut asked = request(&[("authorization", &basic_header("client:of-a-client"))], "", "");
        for (path, is_astray) in [
            ("/cognito/artifactory-demo/oauth2/token", false),
            ("/oauth2/token", false),
            ("/metadata/identity/oauth2/token", true),
            ("/", true),
            ("/access/api/v1/oidc/token", true),
        ] {
            path.clone_into(&mut asked.path);
            assert_eq!(drawn().astray_clients(&asked) > 0, is_astray, "{path}");
        }
        let pair = request(&[], "", &BASE64_STANDARD.encode("client:of-a-client"));
        assert!(drawn().astray_clients(&pair) > 0);
    }

    #[test]
    fn a_proof_is_shown_to_one_side() {
        let (held, other) = ([request(&[], "", "client_assertion=eyJ.one")], [request(&[], "", "eyJ.two")]);
        assert_eq!(drawn().shown_to_both(&held, &other), 0);
        assert_eq!(drawn().shown_to_both(&other, &held), 0);
        assert_eq!(drawn().shown_to_both(&held, &held), 1);
    }

    #[test]
    fn a_redacted_text_holds_none() {
        let text = format!("x pass/word y {} z", BASE64_STANDARD.encode("id-token"));
        assert_eq!(secrets().redacted(&text), "x [secret] y [secret] z");
    }
}
