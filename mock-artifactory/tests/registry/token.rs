//! The token endpoint: what buys a registry token, what does not, and how long it lasts.

use crate::server::{ALICE, Server, basic};

const ENDPOINT: &str = "/artifactory/api/docker/docker-local/v2/token\
                        ?account=alice&service=art.example%3A8443&scope=repository%3Ahello%3Apull";
const MANIFEST: &str = "/v2/docker-local/hello/manifests/1";

#[tokio::test]
async fn a_password_an_access_token_and_a_reference_token_each_buy_one() {
    let server = Server::new();
    let token = server.access_token("alice", 600);
    let reference = token.reference_token.clone().unwrap();
    for secret in [ALICE.1, &token.access_token, &reference] {
        let answer = server.get(ENDPOINT, &basic(("alice", secret))).await;
        assert_eq!(answer.status, 200);
        let body = answer.json();
        assert_eq!(body["expires_in"], 3600);
        assert_eq!(body.as_object().unwrap().len(), 2, "no field but token and expires_in: {body}");
        let bearer = format!("Bearer {}", body["token"].as_str().unwrap());
        assert_eq!(server.get(MANIFEST, &bearer).await.status, 200);
    }
}

#[tokio::test]
async fn nothing_else_buys_one_and_the_text_says_why() {
    let server = Server::new();
    let (token, expired, revoked) =
        (server.access_token("alice", 600), server.access_token("alice", 10), server.access_token("alice", 600));
    server.revoke(&revoked);
    server.advance(10);
    let cases = [
        (basic(("alice", "wrong")), "Bad credentials"),
        (basic(("nobody", "alice-password")), "Bad credentials"),
        (basic(("alice", "")), "Bad credentials"),
        (basic(("bob", &token.access_token)), "Wrong username was used"),
        (basic(("alice", &expired.access_token)), "Token failed verification: expired"),
        (basic(("alice", expired.reference_token.as_deref().unwrap())), "Token failed verification: expired"),
        (basic(("alice", &revoked.access_token)), "Token failed verification: revoked"),
        ("Basic !".to_owned(), "Bad credentials"),
        (format!("Bearer {}", token.access_token), "Bad credentials"),
    ];
    for (authorization, message) in cases {
        let answer = server.get(ENDPOINT, &authorization).await;
        assert_eq!((answer.status.as_u16(), answer.message().as_str()), (401, message), "{authorization}");
        assert_eq!(answer.json()["errors"][0]["status"], 401);
    }
}

#[tokio::test]
async fn nobody_gets_none() {
    let server = Server::new();
    for endpoint in [ENDPOINT, "/v2/token", "/artifactory/api/docker/null/v2/token"] {
        let answer = server.send("GET", endpoint, &[]).await;
        assert_eq!(answer.status, 401, "{endpoint}");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Artifactory Realm\"");
    }
}

#[tokio::test]
async fn a_post_gets_none_even_with_a_credential() {
    let server = Server::new();
    for endpoint in [ENDPOINT, "/v2/token", "/artifactory/api/docker/null/v2/token"] {
        let answer = server.send("POST", endpoint, &[("authorization", &basic(ALICE))]).await;
        assert_eq!(answer.status, 401, "{endpoint}");
        let answer = server.send("POST", endpoint, &[]).await;
        assert_eq!(answer.status, 401, "{endpoint}");
    }
}

#[tokio::test]
async fn a_token_lasts_an_hour_of_the_mocks_clock() {
    let server = Server::new();
    let token = server.buy(ALICE, ENDPOINT).await;
    server.advance(3590);
    assert_eq!(server.get(MANIFEST, &token).await.status, 200);
    server.advance(11);
    let answer = server.get(MANIFEST, &token).await;
    assert_eq!((answer.status.as_u16(), answer.message().as_str()), (401, "Token failed verification: expired"));
    assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
}

#[tokio::test]
async fn a_token_that_nobody_handed_out_opens_nothing() {
    let server = Server::new();
    let mut token = server.buy(ALICE, ENDPOINT).await;
    let last = if token.pop() == Some('0') { '1' } else { '0' };
    token.push(last);
    for credential in [token.as_str(), "Bearer ", "Bearer abc", "Basic abc", "Digest abc"] {
        let answer = server.get(MANIFEST, credential).await;
        assert_eq!((answer.status.as_u16(), answer.message().as_str()), (401, "Bad credentials"), "{credential}");
        assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
    }
}

#[tokio::test]
async fn a_credential_of_the_platform_opens_the_registry_directly() {
    let server = Server::new();
    let token = server.access_token("alice", 600);
    let reference = token.reference_token.clone().unwrap();
    let credentials = [
        basic(ALICE),
        basic(("alice", &token.access_token)),
        basic(("alice", &reference)),
        format!("Bearer {}", token.access_token),
        format!("Bearer {reference}"),
    ];
    for credential in &credentials {
        assert_eq!(server.get(MANIFEST, credential).await.status, 200, "{credential}");
    }
    server.advance(600);
    for credential in &credentials[1..] {
        let answer = server.get(MANIFEST, credential).await;
        assert_eq!(answer.status, 401, "{credential}");
        assert_eq!(answer.message(), "Token failed verification: expired");
    }
}
