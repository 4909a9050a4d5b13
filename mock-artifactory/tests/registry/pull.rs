//! Whole pulls, request by request as clients make them, and the manifests they get.

use mock_artifactory::registry::Digest;
use serde_json::Value;

use crate::server::{ALICE, Server, basic, blobs};

const MANIFEST: &str = "/v2/docker-local/hello/manifests/1";
const ABSENT: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Follows a challenge: the realm's path with service and scopes as its query.
fn token_url(challenge: &str, own_scope: &str) -> String {
    let value = |key: &str| {
        let (_, rest) = challenge.split_once(&format!("{key}=\"")).unwrap_or(("", "\""));
        rest.split('"').next().unwrap().to_owned()
    };
    let realm = value("realm");
    let (_, path) = realm.strip_prefix("https://").unwrap().split_once('/').unwrap();
    format!("/{path}?scope={}&scope={own_scope}&service={}", value("scope"), value("service"))
}

/// HEAD, challenge, POST token, GET token, HEAD, GET by digest, blobs: containerd's core/remotes/docker.
#[tokio::test]
async fn containerd_pulls() {
    let server = Server::new();
    let answer = server.send("HEAD", MANIFEST, &[]).await;
    assert_eq!(answer.status, 401);
    let url = token_url(answer.header("www-authenticate"), "repository:docker-local/hello:pull");
    assert_eq!(server.send("POST", &url, &[]).await.status, 401);
    let token = server.buy(ALICE, &url).await;

    let head = server.head(MANIFEST, &token).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let digest = head.header("docker-content-digest").to_owned();
    let manifest = server.get(&format!("/v2/docker-local/hello/manifests/{digest}"), &token).await;
    assert_eq!(manifest.status, 200);
    assert_eq!(Digest::of(&manifest.body).to_string(), digest);
    assert_eq!(head.header("content-length"), manifest.body.len().to_string());
    assert_eq!(head.header("content-type"), manifest.json()["mediaType"]);

    for digest in blobs(&manifest.json()) {
        let blob = server.get(&format!("/v2/docker-local/hello/blobs/{digest}"), &token).await;
        assert_eq!(blob.status, 200);
        assert_eq!(Digest::of(&blob.body).to_string(), digest);
    }
}

/// Ping, GET token at the ping's realm with the image's name as scope: containers/image, `docker_client.go`.
#[tokio::test]
async fn skopeo_pulls() {
    let server = Server::new();
    let ping = server.send("GET", "/v2/", &[]).await;
    assert_eq!(ping.status, 401);
    let challenge = ping.header("www-authenticate");
    assert!(challenge.contains("/null/v2/token"), "{challenge}");
    let token = server.buy(ALICE, &token_url(challenge, "repository:docker-local/hello:pull")).await;
    let manifest = server.get(MANIFEST, &token).await;
    assert_eq!(manifest.status, 200);
    for digest in blobs(&manifest.json()) {
        let blob = server.get(&format!("/v2/docker-local/hello/blobs/{digest}"), &token).await;
        assert_eq!(Digest::of(&blob.body).to_string(), digest);
    }
}

#[tokio::test]
async fn a_manifest_is_the_same_by_tag_and_by_digest_and_by_every_method() {
    let server = Server::new();
    let by_tag = server.get(MANIFEST, &basic(ALICE)).await;
    let digest = by_tag.header("docker-content-digest");
    assert_eq!(digest, Digest::of(&by_tag.body).to_string());
    assert_eq!(by_tag.header("content-type"), "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(by_tag.header("etag"), format!("\"{}\"", &digest[7..]));
    let paths = [
        format!("/v2/docker-local/hello/manifests/{digest}"),
        format!("/v2/docker-local/hello/manifests/{}", digest.replace(':', "%3A")),
        "/artifactory/api/docker/docker-local/v2/hello/manifests/1".to_owned(),
    ];
    for path in paths {
        let answer = server.get(&path, &basic(ALICE)).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &by_tag.body), "{path}");
    }
    let headers = [("host", "docker-local.art.example"), ("authorization", &*basic(ALICE))];
    assert_eq!(server.send("GET", "/v2/hello/manifests/1", &headers).await.body, by_tag.body);
}

#[tokio::test]
async fn a_client_that_takes_other_manifests_only_gets_none() {
    let server = Server::new();
    let ask = async |accept| {
        let headers = [("authorization", &*basic(ALICE)), ("accept", accept)];
        server.send("GET", MANIFEST, &headers).await
    };
    assert_eq!(ask("application/vnd.oci.image.manifest.v1+json").await.status, 200);
    assert_eq!(ask("*/*").await.status, 200);
    let answer = ask("application/vnd.docker.distribution.manifest.v2+json").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "MANIFEST_UNKNOWN"));
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let server = Server::new();
    let hello = "/v2/docker-local/hello";
    let cases = [
        (format!("{hello}/manifests/absent"), 404, "MANIFEST_UNKNOWN", ("manifest", "hello")),
        (format!("{hello}/manifests/{ABSENT}"), 404, "MANIFEST_UNKNOWN", ("manifest", "hello")),
        ("/v2/docker-local/absent/manifests/1".to_owned(), 404, "MANIFEST_UNKNOWN", ("manifest", "absent")),
        ("/v2/absent/hello/manifests/1".to_owned(), 404, "NAME_UNKNOWN", ("name", "absent")),
        ("/v2/hello/manifests/1".to_owned(), 404, "NAME_UNKNOWN", ("name", "hello")),
        ("/v2/docker-local/absent/tags/list".to_owned(), 404, "NAME_UNKNOWN", ("name", "absent")),
        (format!("{hello}/blobs/{ABSENT}"), 404, "BLOB_UNKNOWN", ("blobSum", ABSENT)),
        (format!("{hello}/blobs/sha256:12"), 400, "DIGEST_INVALID", ("", "")),
        (format!("{hello}/manifests/sha256:12"), 400, "DIGEST_INVALID", ("", "")),
    ];
    for (path, status, code, (key, value)) in cases {
        let answer = server.get(&path, &basic(ALICE)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{path}");
        let detail = &answer.json()["errors"][0]["detail"];
        let expected = if key.is_empty() { Value::Null } else { serde_json::json!({ key: value }) };
        assert_eq!(detail, &expected, "{path}");
        assert!(!answer.message().is_empty());
    }
}

#[tokio::test]
async fn a_blob_of_another_image_is_not_the_images() {
    let server = Server::new();
    let manifest = server.get("/v2/docker-local/team/app/api/manifests/v1", &basic(ALICE)).await;
    let own = format!("/v2/docker-local/team/app/api/blobs/{}", blobs(&manifest.json())[0]);
    assert_eq!(server.get(&own, &basic(ALICE)).await.status, 200);
    let other = own.replace("team/app/api", "absent");
    assert_eq!(server.get(&other, &basic(ALICE)).await.code(), "BLOB_UNKNOWN");
}
