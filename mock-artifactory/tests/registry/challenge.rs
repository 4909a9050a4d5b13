//! Where a client without a credential is sent.

use crate::server::{ALICE, HOST, Server, basic};

/// Header by header what containerd issue 6339 and nerdctl issue 4244 captured.
#[tokio::test]
async fn a_pull_without_a_credential_is_challenged_as_captured() {
    let server = Server::new();
    let answer = server.send("GET", "/v2/docker-local/team/app/api/manifests/v1", &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.header("www-authenticate"),
        format!(
            "Bearer realm=\"https://{HOST}/artifactory/api/docker/docker-local/v2/token\",\
             service=\"{HOST}\",scope=\"repository:team/app/api:pull\""
        )
    );
    assert_eq!(answer.header("content-type"), "application/json;charset=ISO-8859-1");
    assert_eq!(answer.header("docker-distribution-api-version"), "registry/2.0");
    assert!(!answer.header("x-artifactory-id").is_empty());
    assert!(!answer.header("x-artifactory-node-id").is_empty());
    assert!(answer.header("x-jfrog-version").starts_with("Artifactory/7."));
    let body = "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\",\"detail\":null}]}";
    assert_eq!(std::str::from_utf8(&answer.body).unwrap().trim_end(), body);
    assert_eq!(answer.body.len(), 87);
}

#[tokio::test]
async fn every_pull_endpoint_is_challenged_for_its_image() {
    let server = Server::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    let paths = [
        "/v2/docker-local/hello/manifests/1".to_owned(),
        "/v2/docker-local/hello/tags/list".to_owned(),
        format!("/v2/docker-local/hello/blobs/{digest}"),
        format!("/v2/docker-local/hello/manifests/{digest}"),
        "/v2/docker-local/hello/manifests/absent".to_owned(),
    ];
    for path in paths {
        for method in ["GET", "HEAD"] {
            let answer = server.send(method, &path, &[]).await;
            assert_eq!(answer.status, 401, "{method} {path}");
            let challenge = answer.header("www-authenticate");
            assert!(challenge.ends_with("scope=\"repository:hello:pull\""), "{challenge}");
        }
    }
}

#[tokio::test]
async fn each_method_names_its_repository_in_the_realm() {
    let server = Server::new();
    let subdomain = "docker-local.art.example:8443";
    let cases = [
        ("/v2/", HOST, "null", ""),
        ("/v2", HOST, "null", ""),
        ("/v2/", subdomain, "docker-local", ""),
        ("/v2/hello/manifests/1", subdomain, "docker-local", ",scope=\"repository:hello:pull\""),
        ("/artifactory/api/docker/docker-local/v2/", HOST, "docker-local", ""),
        ("/artifactory/api/docker/docker-local/v2", HOST, "docker-local", ""),
        (
            "/artifactory/api/docker/docker-local/v2/team/app/api/manifests/v1",
            HOST,
            "docker-local",
            ",scope=\"repository:team/app/api:pull\"",
        ),
    ];
    for (path, host, repository, scope) in cases {
        let answer = server.send("GET", path, &[("host", host)]).await;
        assert_eq!(answer.status, 401, "{path}");
        let realm = format!("https://{host}/artifactory/api/docker/{repository}/v2/token");
        let expected = format!("Bearer realm=\"{realm}\",service=\"{host}\"{scope}");
        assert_eq!(answer.header("www-authenticate"), expected, "{path} at {host}");
    }
}

#[tokio::test]
async fn the_base_url_that_a_proxy_names_is_the_realms() {
    let server = Server::new();
    let proxied = [("host", "10.0.0.7"), ("x-jfrog-override-base-url", "http://art.example:80")];
    let answer = server.send("GET", "/v2/", &proxied).await;
    assert_eq!(
        answer.header("www-authenticate"),
        "Bearer realm=\"http://art.example:80/artifactory/api/docker/null/v2/token\",service=\"art.example:80\""
    );
}

#[tokio::test]
async fn the_ping_lets_a_credential_in() {
    let server = Server::new();
    let answer = server.get("/v2/", &basic(ALICE)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("docker-distribution-api-version"), "registry/2.0");
    assert_eq!(answer.body, "{}");
}

#[tokio::test]
async fn writes_are_refused_whoever_asks() {
    let server = Server::new();
    let paths = ["/v2/docker-local/hello/blobs/uploads/", "/v2/docker-local/hello/manifests/1", "/v2/"];
    for path in paths {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = server.send(method, path, &[("authorization", &basic(ALICE))]).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "UNSUPPORTED"), "{method} {path}");
        }
    }
}
