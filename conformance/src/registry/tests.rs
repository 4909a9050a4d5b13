//! Pulls from mock-artifactory, good and bad.

use mock_artifactory::{MockArtifactory, World};
use mock_kit::Fault;

use super::*;

async fn artifactory(redirect_blobs: bool) -> MockArtifactory {
    let mut world = World::default();
    world.answers.redirect_blobs = redirect_blobs;
    MockArtifactory::start(world, None).await.unwrap()
}

fn client(artifactory: &MockArtifactory) -> Client {
    Client::trusting(artifactory.ca_pem()).unwrap()
}

fn hello(artifactory: &MockArtifactory) -> ImageName {
    ImageName::parse(&format!("{}/docker-local/hello:1", artifactory.host())).unwrap()
}

fn auth(password: &str) -> RegistryAuth {
    RegistryAuth { username: "static-puller".into(), password: password.into() }
}

async fn pull(artifactory: &MockArtifactory, auth: Option<&RegistryAuth>) -> Result<Pulled, PullError> {
    client(artifactory).pull(&hello(artifactory), auth).await
}

#[tokio::test]
async fn a_credential_pulls_every_part_in_containerds_order() {
    let artifactory = artifactory(false).await;
    let pulled = pull(&artifactory, Some(&auth("static-password"))).await.unwrap();
    assert_eq!(pulled.layers.len(), 2);
    let requests = artifactory.kit().journal.requests();
    let seen: Vec<_> = requests.iter().map(|it| (it.method.as_str(), it.status.unwrap_or_default())).collect();
    let expected = [
        ("HEAD", 401),
        ("POST", 401),
        ("GET", 200),
        ("HEAD", 200),
        ("GET", 200),
        ("GET", 200),
        ("GET", 200),
        ("GET", 200),
    ];
    assert_eq!(seen, expected);
    assert!(requests[2].header("authorization").unwrap().starts_with("Basic "));
    assert!(requests[2].query.contains("scope=repository%3Ahello%3Apull"), "{}", requests[2].query);
    for request in &requests[3..] {
        assert!(request.header("authorization").unwrap().starts_with("Bearer "), "{}", request.path);
    }
}

#[tokio::test]
async fn a_wrong_password_and_no_credential_are_refused_at_the_token_endpoint() {
    let artifactory = artifactory(false).await;
    for auth in [Some(auth("wrong")), None] {
        let error = pull(&artifactory, auth.as_ref()).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.status()), ("token: answered with 401 Unauthorized", Some(401)));
    }
}

#[tokio::test]
async fn a_repository_that_the_user_may_not_read_is_refused() {
    let artifactory = artifactory(false).await;
    let image = ImageName::parse(&format!("{}/docker-private/hello:1", artifactory.host())).unwrap();
    let error = client(&artifactory).pull(&image, Some(&auth("static-password"))).await.unwrap_err();
    assert!(error.status().is_some_and(|status| (401..=404).contains(&status)), "{error}");
}

#[tokio::test]
async fn a_layer_of_other_bytes_is_refused() {
    let artifactory = artifactory(false).await;
    let good = pull(&artifactory, Some(&auth("static-password"))).await.unwrap();
    let Descriptor { digest, size } = good.layers[1].clone();
    let path = format!("/v2/docker-local/hello/blobs/{digest}");
    let other = vec![b'x'; usize::try_from(size).unwrap()];
    artifactory.kit().faults.add(Fault::reply(path, 200, other.clone()));
    let error = pull(&artifactory, Some(&auth("static-password"))).await.unwrap_err();
    let expected = DigestError::Digest { expected: digest, got: Digest::of(&other) };
    assert!(matches!(&error, PullError::Content { step: "layer", source } if *source == expected), "{error}");
}

#[tokio::test]
async fn a_layer_of_more_or_fewer_bytes_is_refused() {
    let artifactory = artifactory(false).await;
    let good = pull(&artifactory, Some(&auth("static-password"))).await.unwrap();
    for length in [good.layers[0].size + 1, good.layers[0].size - 1] {
        let path = format!("/v2/docker-local/hello/blobs/{}", good.layers[0].digest);
        let other = vec![b'x'; usize::try_from(length).unwrap()];
        artifactory.kit().faults.clear();
        artifactory.kit().faults.add(Fault::reply(path, 200, other));
        let error = pull(&artifactory, Some(&auth("static-password"))).await.unwrap_err();
        assert!(matches!(error, PullError::Content { .. } | PullError::Protocol { step: "layer", .. }), "{error}");
    }
}

#[tokio::test]
async fn a_manifest_of_other_bytes_is_refused() {
    let artifactory = artifactory(false).await;
    let good = pull(&artifactory, Some(&auth("static-password"))).await.unwrap();
    let path = format!("/v2/docker-local/hello/manifests/{}", good.manifest.digest);
    artifactory.kit().faults.add(Fault::reply(path, 200, "{}"));
    let error = pull(&artifactory, Some(&auth("static-password"))).await.unwrap_err();
    assert!(matches!(error, PullError::Content { step: "manifest by digest", .. }), "{error}");
}

#[tokio::test]
async fn a_redirect_is_followed_without_the_token() {
    let artifactory = artifactory(true).await;
    pull(&artifactory, Some(&auth("static-password"))).await.unwrap();
    let requests = artifactory.kit().journal.requests();
    let stored: Vec<_> = requests.iter().filter(|it| it.path.starts_with("/filestore/")).collect();
    assert_eq!(stored.len(), 3);
    for request in stored {
        assert_eq!(request.header("authorization"), None);
    }
}

#[tokio::test]
async fn a_second_redirect_is_refused() {
    let artifactory = artifactory(true).await;
    artifactory.kit().faults.add(Fault::reply("/filestore/*", 302, "").header("location", "/elsewhere"));
    let error = pull(&artifactory, Some(&auth("static-password"))).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.status()), ("config: answered with 302 Found", Some(302)));
}

#[tokio::test]
async fn a_challenge_that_is_none_ends_the_pull() {
    let artifactory = artifactory(false).await;
    artifactory.kit().faults.add(Fault::reply("/v2/*", 401, ""));
    let error = pull(&artifactory, Some(&auth("static-password"))).await.unwrap_err();
    assert_eq!(error.to_string(), "manifest by tag: 401 without a Bearer or Basic challenge");
}

#[tokio::test]
async fn a_registry_that_asks_for_the_credential_itself_gets_it_with_every_request() {
    let artifactory = artifactory(false).await;
    let asks = || Fault::reply("/v2/*", 401, "").header("www-authenticate", "Basic realm=\"r\",service=\"s\"");
    artifactory.kit().faults.add(asks().times(1));
    pull(&artifactory, Some(&auth("static-password"))).await.unwrap();
    let requests = artifactory.kit().journal.requests();
    assert!(requests.iter().all(|it| it.path.starts_with("/v2/docker-local/hello/")), "no token endpoint is asked");
    for request in &requests[1..] {
        assert!(request.header("authorization").unwrap().starts_with("Basic "), "{}", request.path);
    }
    artifactory.kit().faults.add(asks());
    let error = pull(&artifactory, None).await.unwrap_err();
    assert_eq!(error.status(), Some(401));
}

#[tokio::test]
async fn a_registry_of_another_authority_is_not_spoken_to() {
    let (artifactory, other) = (artifactory(false).await, artifactory(false).await);
    let error = client(&other).pull(&hello(&artifactory), Some(&auth("static-password"))).await.unwrap_err();
    assert!(matches!(error, PullError::NoAnswer { .. }), "{error}");
    assert!(artifactory.kit().journal.requests().is_empty());
}

#[tokio::test]
async fn authorities_that_are_no_certificates_are_refused() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(Client::trusting(broken), Err(ClientError::Authorities(_))));
}
