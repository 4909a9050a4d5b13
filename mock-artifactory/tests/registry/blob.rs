//! Blobs: whole, in part, and by redirect to storage that wants no credential.

use bytes::Bytes;
use mock_artifactory::registry::Digest;

use crate::server::{ALICE, Answer, Server, basic, blobs};

/// The path and the bytes of the image's config.
async fn config(server: &Server) -> (String, Bytes) {
    let manifest = server.get("/v2/docker-local/hello/manifests/1", &basic(ALICE)).await.json();
    let digest = &blobs(&manifest)[0];
    let direct = Server::new();
    let path = format!("/v2/docker-local/hello/blobs/{digest}");
    let bytes = direct.get(&path, &basic(ALICE)).await.body;
    assert_eq!(&Digest::of(&bytes).to_string(), digest);
    (path, bytes)
}

async fn range(server: &Server, method: &str, path: &str, range: &str) -> Answer {
    server.send(method, path, &[("authorization", &basic(ALICE)), ("range", range)]).await
}

#[tokio::test]
async fn a_part_of_a_blob_is_the_bytes_that_were_asked_for() {
    let server = Server::new();
    let (path, whole) = config(&server).await;
    let length = whole.len();
    let cases = [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=3-7".to_owned(), 3..8),
        (format!("bytes={}-", length - 1), length - 1..length),
        (format!("bytes=5-{}", length + 100), 5..length),
        ("bytes=-4".to_owned(), length - 4..length),
        (format!("bytes=-{}", length + 1), 0..length),
    ];
    for (header, expected) in cases {
        let answer = range(&server, "GET", &path, &header).await;
        assert_eq!(answer.status, 206, "{header}");
        assert_eq!(answer.body, whole[expected.clone()], "{header}");
        assert_eq!(answer.header("content-length"), expected.len().to_string());
        let content_range = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
        assert_eq!(answer.header("content-range"), content_range);
    }
}

#[tokio::test]
async fn a_range_beyond_the_blob_is_refused_and_a_strange_one_is_ignored() {
    let server = Server::new();
    let (path, whole) = config(&server).await;
    let beyond = range(&server, "GET", &path, &format!("bytes={}-", whole.len())).await;
    assert_eq!((beyond.status.as_u16(), beyond.body.len()), (416, 0));
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", whole.len()));
    for (method, header) in [("GET", "bytes=0-1,3-4"), ("GET", "lines=1-2"), ("HEAD", "bytes=0-1")] {
        let answer = range(&server, method, &path, header).await;
        assert_eq!(answer.status, 200, "{method} {header}");
        assert_eq!(answer.header("content-length"), whole.len().to_string());
        assert_eq!(answer.header("accept-ranges"), "bytes");
    }
}

/// Asks for a blob of a server that redirects; answers the path and query of the storage.
async fn location(server: &Server, path: &str) -> String {
    let headers = [("host", "127.0.0.1:8443"), ("authorization", &*basic(ALICE))];
    let answer = server.send("GET", path, &headers).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (302, 0));
    let location = answer.header("location");
    location.strip_prefix("https://localhost:8443").unwrap().to_owned()
}

fn redirecting() -> Server {
    Server::with(|world| world.answers.redirect_blobs = true)
}

#[tokio::test]
async fn a_redirected_blob_comes_from_storage_without_a_credential() {
    let server = redirecting();
    let (path, whole) = config(&server).await;
    let location = location(&server, &path).await;
    let answer = server.send("GET", &location, &[]).await;
    assert_eq!((answer.status.as_u16(), &answer.body), (200, &whole));
    let part = server.send("GET", &location, &[("range", "bytes=2-3")]).await;
    assert_eq!((part.status.as_u16(), part.body), (206, whole.slice(2..4)));
    assert_eq!(server.head(&path, &basic(ALICE)).await.status, 200);
}

#[tokio::test]
async fn storage_refuses_a_request_that_brings_its_credential_along() {
    let server = redirecting();
    let (path, _) = config(&server).await;
    let location = location(&server, &path).await;
    let answer = server.get(&location, &basic(ALICE)).await;
    assert_eq!(answer.status, 400);
    let body = std::str::from_utf8(&answer.body).unwrap();
    assert!(body.contains("<Code>InvalidArgument</Code>"), "{body}");
    assert!(body.contains("Only one auth mechanism allowed"), "{body}");
}

#[tokio::test]
async fn storage_refuses_an_address_that_is_old_changed_or_unsigned() {
    let server = redirecting();
    let (path, _) = config(&server).await;
    let location = location(&server, &path).await;
    let unsigned = location.split('?').next().unwrap();
    let other = location.replacen("sha256:", "sha256:0", 1);
    let (start, query) = location.split_once("?Expires=").unwrap();
    let (_, signature) = query.split_once('&').unwrap();
    let longer = format!("{start}?Expires=99999999999&{signature}");
    let cases = [(unsigned, 403), (&*other, 404), (&*longer, 403)];
    for (address, expected) in cases {
        assert_eq!(server.send("GET", address, &[]).await.status, expected, "{address}");
    }
    server.advance(301);
    let expired = server.send("GET", &location, &[]).await;
    assert_eq!(expired.status, 403);
    assert!(expired.body.ends_with(b"<Message>Request has expired</Message></Error>"));
}

#[tokio::test]
async fn nobody_is_redirected_without_a_credential() {
    let server = redirecting();
    let (path, _) = config(&server).await;
    assert_eq!(server.send("GET", &path, &[]).await.status, 401);
}
