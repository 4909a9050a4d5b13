//! What has to be so after each part of the demo.

use std::io;

use super::attempt::{Attempt, PullAttempt};
use super::check::Checks;
use super::endpoint::{Request, listed};
use super::identity::{Asks, Issuer};
use super::node::Node;
use super::secrets::Secrets;
use crate::kubelet::{CredentialProviderResponse, Ending, GoDuration, NoAnswer, Run};
use crate::registry::Descriptor;

/// How Artifactory refuses at its token endpoint.
const UNAUTHORIZED: u16 = 401;

/// Judges one pull.
pub(super) fn of_pull(attempt: &Attempt, node: &Node, secrets: &Secrets) -> Checks {
    let mut checks = Checks::default();
    let exited = attempt.run.as_ref().is_ok_and(|run| run.ending == Ending::Exited(0));
    checks.expect("the provider ends well", exited, "exit code 0", ending(&attempt.run));
    let taken = attempt.response().is_some();
    checks.expect("the kubelet takes the answer", taken, "a response of v1", refusal(attempt.answer.as_ref()));
    if let Some(response) = attempt.response() {
        of_response(&mut checks, response, attempt, node);
    }
    of_requests(&mut checks, attempt);
    let pull = attempt.pull.as_ref();
    let pulled = pull.is_some_and(|pull| pull.result.is_ok());
    let got = pull.map_or_else(|| "no credential to pull with".to_owned(), PullAttempt::ending);
    checks.expect("the image is pulled, each digest as announced", pulled, "manifest, config and layers", got);
    let found = secrets.in_text(&attempt.stderr());
    checks.expect_none("standard error holds no secret", found);
    checks
}

/// Judges a pull that must be refused.
pub(super) fn of_refusal(pull: &PullAttempt) -> Checks {
    let mut checks = Checks::default();
    let status = pull.result.as_ref().err().and_then(crate::registry::PullError::status);
    let expected = format!("an answer with {UNAUTHORIZED}");
    checks.expect("the registry refuses", status == Some(UNAUTHORIZED), expected, pull.ending());
    checks
}

/// Judges where secrets went; `shown` is all that the demo has written.
pub(super) fn of_secrets(node: &Node, secrets: &Secrets, shown: &str) -> Checks {
    let mut checks = Checks::default();
    let [cloud, artifactory] = [node.cloud.kit(), node.artifactory.kit()].map(|kit| kit.journal.requests());
    let astray = cloud.iter().map(|request| secrets.astray_at_cloud(request)).sum();
    checks.expect_none("the cloud sees no credential of Artifactory", astray);
    let astray = artifactory.iter().map(|request| secrets.astray_at_artifactory(request)).sum();
    checks.expect_none("Artifactory sees no secret that stays with a cloud", astray);
    let astray = cloud.iter().chain(&artifactory).map(|request| secrets.keys_in(request)).sum();
    checks.expect_none("no request holds a secret access key", astray);
    let astray = cloud.iter().chain(&artifactory).map(|request| secrets.astray_clients(request)).sum();
    checks.expect_none("only its token endpoint sees the secret of a Cognito client", astray);
    let astray = secrets.shown_to_both(&cloud, &artifactory);
    checks.expect_none("a proof is shown to a cloud or to Artifactory, never to both", astray);
    let found = secrets.in_text(shown);
    checks.expect_none("this output holds no secret", found);
    checks
}

fn of_response(checks: &mut Checks, response: &CredentialProviderResponse, attempt: &Attempt, node: &Node) {
    let (keys, registry): (Vec<_>, _) = (response.auth.keys().map(String::as_str).collect(), node.image.registry());
    let got = if keys.is_empty() { "an empty auth".to_owned() } else { keys.join(", ") };
    checks.expect("auth names the image's registry and no other", keys == [registry], registry, got);
    if let Some(auth) = attempt.auth(node) {
        let (user, password) = (auth.username.len(), auth.password.len());
        let got = format!("a username of {user} and a password of {password} characters");
        checks.expect("the credential is complete", user > 0 && password > 0, "a username and a password", got);
    }
    let limit = attempt.lifetime.map_or(i64::MAX, |lifetime| lifetime.left);
    let cached = response.cache_duration.map(GoDuration::as_secs);
    let fits = cached.is_some_and(|seconds| seconds > 0 && seconds < limit);
    let expected = attempt.lifetime.map_or_else(
        || "a cacheDuration above 0s".to_owned(),
        |lifetime| format!("a cacheDuration above 0s and below {}", GoDuration::from_secs(lifetime.left)),
    );
    let got = response.cache_duration.map_or_else(|| "none".to_owned(), |duration| duration.to_string());
    checks.expect("the answer is kept for less than the token lives", fits, expected, got);
}

/// A proof is exchanged once; most are the cloud's to give, a pod's token is one by itself, and a static credential none.
fn of_requests(checks: &mut Checks, attempt: &Attempt) {
    let requests = attempt.timeline.requests();
    let exchanges = attempt.timeline.artifactory.len();
    let proofs = requests.len() - exchanges;
    let (is_so, expected) = match attempt.identity.asks() {
        Asks::CloudAndArtifactory => {
            (proofs > 0 && exchanges == 1, "requests to the cloud and one exchange, all granted")
        }
        Asks::Artifactory => (proofs == 0 && exchanges == 1, "one exchange, granted"),
        Asks::Nobody => (requests.is_empty(), "none"),
    };
    let granted = requests.iter().all(Request::is_granted);
    checks.expect("the provider asks what it needs", is_so && granted, expected, listed(&requests));
    if attempt.identity.asks() != Asks::Nobody {
        let verification = attempt.timeline.verification();
        let (can_be_none, expected) = match attempt.identity.issuer() {
            Issuer::Own => (false, "at least one request"),
            Issuer::Shared => (true, "none where it has the issuer's keys already"),
        };
        let is_so = (can_be_none || !verification.is_empty()) && verification.iter().all(Request::is_granted);
        checks.expect("Artifactory verifies the proof with its issuer", is_so, expected, listed(&verification));
    }
}

fn ending(run: &io::Result<Run>) -> String {
    match run {
        Ok(run) => run.ending.to_string(),
        Err(error) => format!("no run: {error}"),
    }
}

fn refusal(answer: Option<&Result<CredentialProviderResponse, NoAnswer>>) -> String {
    match answer {
        Some(Err(error)) => error.to_string(),
        Some(Ok(_)) => "a response".to_owned(),
        None => "nothing".to_owned(),
    }
}

/// All that a pull brought, manifest first.
pub(super) fn parts(pull: &PullAttempt) -> Vec<Descriptor> {
    match &pull.result {
        Ok(pulled) => [&pulled.manifest, &pulled.config].into_iter().chain(&pulled.layers).cloned().collect(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;
    use crate::demo::trace::Tracer;
    use crate::kubelet::RegistryAuth;
    use crate::registry::Client;

    /// Sends what a program might send to the metadata service.
    fn ask(node: &Node, query: &str) {
        let mut stream = TcpStream::connect(node.cloud.url().trim_start_matches("http://")).unwrap();
        write!(stream, "GET /latest/?{query} HTTP/1.1\r\nhost: metadata\r\nconnection: close\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }

    fn failed(node: &Node, secrets: &Secrets, shown: &str) -> Vec<&'static str> {
        of_secrets(node, secrets, shown).failed().map(|(check, ..)| check).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_secret_that_goes_astray_is_found_wherever_it_went() {
        let node = Node::start(Tracer::default()).await.unwrap();
        let aws = node.cloud.secrets();
        let key = aws.iter().find(|secret| secret.len() == 40).unwrap().clone();
        let client = aws.iter().find(|secret| secret.len() == 51).unwrap().clone();
        let secrets = Secrets::of(aws, &[], vec!["eyJ.a-proof".to_owned()], vec![node.password().to_owned()]);
        ask(&node, "t=nothing");
        assert_eq!(failed(&node, &secrets, "a table"), [""; 0]);
        assert_eq!(failed(&node, &secrets, &key), ["this output holds no secret"]);
        ask(&node, &format!("t={}", node.password()));
        assert_eq!(failed(&node, &secrets, ""), ["the cloud sees no credential of Artifactory"]);
        ask(&node, "t=eyJ.a-proof");
        assert_eq!(failed(&node, &secrets, ""), ["the cloud sees no credential of Artifactory"]);
        for (secret, check) in [
            (&*client, "only its token endpoint sees the secret of a Cognito client"),
            (&key, "no request holds a secret access key"),
        ] {
            assert!(!failed(&node, &secrets, "").contains(&check), "{check}");
            ask(&node, &format!("t={secret}"));
            assert!(failed(&node, &secrets, "").contains(&check), "{check}");
        }
        for (secret, check) in [
            ("eyJ.a-proof", "a proof is shown to a cloud or to Artifactory, never to both"),
            (&key, "Artifactory sees no secret that stays with a cloud"),
        ] {
            let auth = RegistryAuth { username: "u".into(), password: secret.to_owned() };
            let client = Client::trusting(node.artifactory.ca_pem()).unwrap();
            assert!(!failed(&node, &secrets, "").contains(&check), "{check}");
            client.pull(&node.image, Some(&auth)).await.unwrap_err();
            assert!(failed(&node, &secrets, "").contains(&check), "{check}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pull_that_is_granted_or_gets_no_answer_is_no_refusal() {
        let node = Node::start(Tracer::default()).await.unwrap();
        let auth = RegistryAuth { username: node.username.clone(), password: node.password().to_owned() };
        let client = Client::trusting(node.artifactory.ca_pem()).unwrap();
        let granted = PullAttempt::make(&node, &client, Some(&auth)).await;
        assert_eq!(of_refusal(&granted).failed().count(), 1);
        let stranger = Client::trusting("").unwrap();
        let unanswered = PullAttempt::make(&node, &stranger, None).await;
        assert_eq!(of_refusal(&unanswered).failed().count(), 1);
        let refused = PullAttempt::make(&node, &client, None).await;
        assert_eq!(of_refusal(&refused).failed().count(), 0);
    }
}
