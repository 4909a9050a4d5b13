//! What a credential opens, and what it leaves closed.

use mock_artifactory::world::Anonymous;

use crate::server::{ALICE, BOB, Server, basic};

const LOCAL: &str = "/v2/docker-local/hello/manifests/1";
const LOCAL_API: &str = "/v2/docker-local/team/app/api/manifests/v1";
const PRIVATE: &str = "/v2/docker-private/hello/manifests/1";

fn endpoint(repository: &str, scopes: &[&str]) -> String {
    let scopes: Vec<_> = scopes.iter().map(|scope| format!("scope=repository:{scope}:pull")).collect();
    format!("/artifactory/api/docker/{repository}/v2/token?{}", scopes.join("&"))
}

#[tokio::test]
async fn a_token_opens_the_images_it_was_asked_for_and_no_other() {
    let server = Server::new();
    // endpoint's repository, scopes, and whether LOCAL and LOCAL_API open
    let cases: [(&str, &[&str], [u16; 2]); 8] = [
        ("docker-local", &["hello"], [200, 401]),
        ("docker-local", &["docker-local/hello"], [200, 401]),
        ("docker-local", &["docker-local/hello", "hello"], [200, 401]),
        ("docker-local", &["hello", "team/app/api"], [200, 200]),
        ("docker-local", &["app/api"], [401, 401]),
        ("docker-local", &[], [401, 401]),
        ("null", &["docker-local/hello"], [200, 401]),
        ("null", &["hello"], [401, 401]),
    ];
    for (repository, scopes, expected) in cases {
        let token = server.buy(ALICE, &endpoint(repository, scopes)).await;
        assert_eq!(server.get("/v2/", &token).await.status, 200);
        for (path, expected) in [LOCAL, LOCAL_API].into_iter().zip(expected) {
            assert_eq!(server.get(path, &token).await.status, expected, "{repository} {scopes:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_subdomains_token_endpoint_is_its_repositorys() {
    let server = Server::new();
    // the bare /v2/token, by host: the scope of a challenge names a repository only at a subdomain
    for (host, expected) in [("docker-local.art.example", 200), ("art.example", 401)] {
        let headers = [("host", host), ("authorization", &*basic(ALICE))];
        let bought = server.send("GET", "/v2/token?scope=repository:hello:pull", &headers).await;
        let token = format!("Bearer {}", bought.json()["token"].as_str().unwrap());
        assert_eq!(server.get(LOCAL, &token).await.status, expected, "{host}");
    }
}

#[tokio::test]
async fn a_token_of_one_repository_does_not_open_the_same_image_of_another() {
    let server = Server::new();
    let token = server.buy(BOB, &endpoint("docker-private", &["hello"])).await;
    assert_eq!(server.get(PRIVATE, &token).await.status, 200);
    let answer = server.get(LOCAL, &token).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "UNAUTHORIZED"));
    assert!(answer.header("www-authenticate").contains("/docker-local/v2/token"));
}

#[tokio::test]
async fn a_token_does_not_open_what_its_owner_may_not_read() {
    let server = Server::new();
    let token = server.buy(ALICE, &endpoint("docker-private", &["hello"])).await;
    let access_token = server.access_token("alice", 600).access_token;
    for credential in [token, basic(ALICE), format!("Bearer {access_token}")] {
        let answer = server.get(PRIVATE, &credential).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "UNAUTHORIZED"));
        assert_eq!(answer.message(), "The client does not have permission for manifest");
    }
}

#[tokio::test]
async fn each_way_in_asks_for_the_same_permission() {
    let server = Server::new();
    for (host, path) in [
        ("art.example", "/v2/docker-private/hello/tags/list"),
        ("art.example", "/artifactory/api/docker/docker-private/v2/hello/tags/list"),
        ("docker-private.art.example", "/v2/hello/tags/list"),
    ] {
        let ask = async |user| {
            let headers = [("host", host), ("authorization", &*basic(user))];
            server.send("GET", path, &headers).await.status.as_u16()
        };
        assert_eq!((ask(BOB).await, ask(ALICE).await), (200, 403), "{host}{path}");
    }
}

#[tokio::test]
async fn where_anonymous_access_is_on_only_the_named_repositories_are_open() {
    let anonymous = Anonymous { repositories: vec!["docker-local".into()] };
    let server = Server::with(|world| world.anonymous = Some(anonymous));
    assert_eq!(server.send("GET", "/v2/", &[]).await.status, 200);
    assert_eq!(server.send("GET", LOCAL, &[]).await.status, 200);
    let answer = server.send("GET", PRIVATE, &[]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
    let answer = server.send("GET", &endpoint("docker-local", &["hello"]), &[]).await;
    let token = format!("Bearer {}", answer.json()["token"].as_str().unwrap());
    assert_eq!(server.get(LOCAL, &token).await.status, 200);
    assert_eq!(server.get(LOCAL_API, &token).await.status, 401);
}

#[tokio::test]
async fn a_wrong_credential_is_refused_even_where_none_is_needed() {
    let anonymous = Anonymous { repositories: vec!["docker-local".into()] };
    let server = Server::with(|world| world.anonymous = Some(anonymous));
    assert_eq!(server.get(LOCAL, &basic(("alice", "wrong"))).await.status, 401);
}
