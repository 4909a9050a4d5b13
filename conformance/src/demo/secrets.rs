//! Every secret that the mocks know, and where one may not be.
//!
//! They are not listed by hand: AWS's are those that mock-cloud drew; proofs, passwords and tokens are those that reached
//! mock-artifactory, read from its journal; the credentials are those that the provider answered with.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mock_kit::Recorded;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What session tokens of AWS begin with. They are the one secret of AWS that is sent to Artifactory, since STS needs
/// the header `X-Amz-Security-Token`.
const SESSION_TOKEN_START: &str = "IQoJ";

/// What JWTs begin with: `{"` in Base64. A cloud's are proofs, for another service of the cloud or for Artifactory.
const JWT_START: &str = "eyJ";

/// Shorter ones are not looked for: they would be found, and redacted, in the middle of words.
const SHORTEST: usize = 6;

/// What stands for a secret where one is shown.
const REDACTED: &str = "[secret]";

/// The secrets of one world so far.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    aws: Vec<String>,
    proofs: Vec<String>,
    credentials: Vec<String>,
}

impl Secrets {
    /// Collects what mock-cloud drew and what mock-artifactory's journal shows, beside the proofs and credentials known
    /// already.
    pub(super) fn of(drawn: Vec<String>, journal: &[Recorded], proofs: Vec<String>, credentials: Vec<String>) -> Self {
        let (tokens, aws): (Vec<_>, Vec<_>) = drawn.into_iter().partition(|secret| secret.starts_with(JWT_START));
        let mut secrets = Self { aws, proofs: proofs.into_iter().chain(tokens).collect(), credentials };
        for request in journal {
            secrets.credentials.extend(request.header("authorization").and_then(credential));
            secrets.proofs.extend(subject_token(&request.body));
        }
        for list in [&mut secrets.aws, &mut secrets.proofs, &mut secrets.credentials] {
            list.retain(|secret| secret.len() >= SHORTEST);
            list.sort_unstable();
            list.dedup();
        }
        secrets
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all().count()
    }

    /// How many secrets a text holds.
    pub(super) fn in_text(&self, text: &str) -> usize {
        count(self.all(), text)
    }

    /// How many of Artifactory's credentials a request to the cloud holds.
    pub(super) fn astray_at_cloud(&self, request: &Recorded) -> usize {
        count(self.credentials.iter(), &whole(request))
    }

    /// How many secrets that never leave the node a request to Artifactory holds: the role's secret access key and the
    /// session tokens of the metadata service.
    pub(super) fn astray_at_artifactory(&self, request: &Recorded) -> usize {
        count(self.aws.iter().filter(|secret| !secret.starts_with(SESSION_TOKEN_START)), &whole(request))
    }

    /// Replaces every secret in a text.
    pub(super) fn redacted(&self, text: &str) -> String {
        let forms = self.all().flat_map(|secret| forms(secret));
        forms.fold(text.to_owned(), |text, form| text.replace(&form, REDACTED))
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.aws.iter().chain(&self.proofs).chain(&self.credentials)
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

    #[test]
    fn a_redacted_text_holds_none() {
        let text = format!("x pass/word y {} z", BASE64_STANDARD.encode("id-token"));
        assert_eq!(secrets().redacted(&text), "x [secret] y [secret] z");
    }
}
