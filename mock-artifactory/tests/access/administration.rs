//! Providers, mappings and roles through the REST API, as set-up scripts change them.

use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::server::{Running, json_body};

const PROVIDERS: &str = "/access/api/v1/oidc";
const MAPPINGS: &str = "/access/api/v1/oidc/ci/identity_mappings";
const ROLES: &str = "/access/api/v1/aws/iam_role";

async fn both() -> (Issuer, Running) {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    (issuer, running)
}

fn provider(issuer: &str) -> Value {
    json!({"name": "ci", "issuer_url": issuer, "provider_type": "Generic OpenID Connect", "use_default_proxy": false})
}

fn mapping(username: &str) -> Value {
    json!({
        "name": "build",
        "description": "what a script sends",
        "provider_name": "ci",
        "priority": 1,
        "claims": {"sub": "ann"},
        "token_spec": {"username": username, "scope": "applied-permissions/user", "audience": "*@*", "expires_in": 120},
    })
}

#[tokio::test]
async fn a_provider_and_a_mapping_that_a_script_made_are_used() {
    let (issuer, running) = both().await;
    let token = issuer.token(&json!({}));
    let fields = json!({"provider_name": "ci"});
    assert_eq!(running.exchange(&token, fields.clone()).await.status, 404);
    assert_eq!(running.administer("POST", PROVIDERS, &provider(&issuer.url())).await.status, 201);
    assert_eq!(running.exchange(&token, fields.clone()).await.status, 403);
    assert_eq!(running.administer("POST", MAPPINGS, &mapping("ann")).await.status, 201);
    let answer = running.exchange(&token, fields.clone()).await;
    assert_eq!((answer.username(), answer.body["expires_in"].as_u64()), ("ann", Some(120)));

    let replaced = running.administer("PUT", &format!("{MAPPINGS}/build"), &mapping("bob")).await;
    assert_eq!(replaced.body["token_spec"]["username"], "bob");
    assert_eq!(running.exchange(&token, fields.clone()).await.username(), "bob");
    assert_eq!(running.administer("DELETE", &format!("{MAPPINGS}/build"), &Value::Null).await.status, 204);
    assert_eq!(running.exchange(&token, fields.clone()).await.status, 403);
    assert_eq!(running.administer("DELETE", &format!("{PROVIDERS}/ci"), &Value::Null).await.status, 204);
    assert_eq!(running.exchange(&token, fields).await.status, 404);
}

#[tokio::test]
async fn what_was_written_is_read_back() {
    let (issuer, running) = both().await;
    running.administer("POST", PROVIDERS, &provider(&issuer.url())).await;
    running.administer("POST", MAPPINGS, &mapping("ann")).await;
    let read = running.administer("GET", &format!("{PROVIDERS}/ci"), &Value::Null).await;
    assert_eq!(read.body["token_issuer"], issuer.url());
    assert_eq!(read.body["provider_type"], "Generic OpenID Connect");
    let all = running.administer("GET", PROVIDERS, &Value::Null).await;
    let names: Vec<&str> =
        all.body.as_array().unwrap().iter().map(|provider| provider["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ci", "idp"]);
    assert_eq!(running.administer("GET", &format!("{MAPPINGS}/build"), &Value::Null).await.body, mapping("ann"));
    assert_eq!(running.administer("GET", MAPPINGS, &Value::Null).await.body, json!([mapping("ann")]));
}

#[tokio::test]
async fn removing_a_provider_removes_its_mappings() {
    let (issuer, running) = both().await;
    let one = format!("{PROVIDERS}/ci");
    running.administer("POST", PROVIDERS, &provider(&issuer.url())).await;
    running.administer("POST", MAPPINGS, &mapping("ann")).await;
    running.administer("DELETE", &one, &Value::Null).await;
    running.administer("POST", PROVIDERS, &provider(&issuer.url())).await;
    assert_eq!(running.administer("GET", MAPPINGS, &Value::Null).await.body, json!([]));
}

#[tokio::test]
async fn a_provider_can_be_replaced_but_not_made_twice() {
    let (issuer, running) = both().await;
    assert_eq!(running.administer("POST", PROVIDERS, &provider(&issuer.url())).await.status, 201);
    assert_eq!(running.administer("POST", PROVIDERS, &provider(&issuer.url())).await.error().1, "CONFLICT");
    let mut other = provider("https://issuer.example.com");
    other["description"] = "moved".into();
    let path = format!("{PROVIDERS}/ci");
    assert_eq!(running.administer("PUT", &path, &other).await.body["description"], "moved");
    assert_eq!(
        running.exchange(&issuer.token(&json!({})), json!({"provider_name": "ci"})).await.message(),
        "Invalid token, issuer"
    );
    assert_eq!(running.administer("PUT", &format!("{PROVIDERS}/none"), &other).await.error().0, 404);
}

#[tokio::test]
async fn what_the_real_server_refuses_is_refused() {
    let (issuer, running) = both().await;
    for (field, value) in [
        ("name", json!("Not-A-Name")),
        ("issuer_url", json!("http://issuer.example.com")),
        ("provider_type", json!("Google")),
        ("name", json!(null)),
    ] {
        let mut body = provider(&issuer.url());
        body[field] = value;
        let answer = running.administer("POST", PROVIDERS, &body).await;
        assert_eq!((answer.error().0, answer.error().1), (400, "BAD_REQUEST"), "{body}");
    }
    assert_eq!(running.administer("POST", MAPPINGS, &mapping("ann")).await.error().0, 404);
    for arn in ["arn:aws:iam::111122223333:role/path/name", "arn:aws-cn:iam::111122223333:role/name"] {
        let answer = running.administer("PUT", ROLES, &json!({"username": "ann", "iam_role": arn})).await;
        assert_eq!((answer.error().0, answer.error().1), (400, "BAD_REQUEST"), "{arn}");
    }
}

#[tokio::test]
async fn a_projects_mapping_lives_beside_the_global_one_of_the_same_name() {
    let (issuer, running) = both().await;
    running.administer("POST", PROVIDERS, &provider(&issuer.url())).await;
    running.administer("POST", MAPPINGS, &mapping("global")).await;
    let in_project = format!("{MAPPINGS}?project_key=acme");
    assert_eq!(running.administer("POST", &in_project, &mapping("project")).await.status, 201);
    assert_eq!(running.administer("POST", &in_project, &mapping("project")).await.status, 409);
    let token = issuer.token(&json!({}));
    let fields = json!({"provider_name": "ci", "project_key": "acme"});
    assert_eq!(running.exchange(&token, fields.clone()).await.username(), "project");
    assert_eq!(running.exchange(&token, json!({"provider_name": "ci"})).await.username(), "global");
    let one = format!("{MAPPINGS}/build?project_key=acme");
    assert_eq!(running.administer("GET", &one, &Value::Null).await.body["project_key"], "acme");
    assert_eq!(running.administer("DELETE", &one, &Value::Null).await.status, 204);
    assert_eq!(running.exchange(&token, fields).await.username(), "global");
}

#[tokio::test]
async fn a_users_role_is_put_read_and_removed() {
    let (_issuer, running) = both().await;
    let role = json!({"username": "ann", "iam_role": "arn:aws:iam::111122223333:role/pull"});
    let path = format!("{ROLES}/ann");
    assert_eq!(running.administer("GET", &path, &Value::Null).await.error().0, 404);
    assert_eq!(running.administer("PUT", ROLES, &role).await.status, 200);
    assert_eq!(running.administer("GET", &path, &Value::Null).await.body, role);
    assert_eq!(running.administer("DELETE", &path, &Value::Null).await.status, 204);
    assert_eq!(running.administer("DELETE", &path, &Value::Null).await.error().0, 404);
}

#[tokio::test]
async fn only_administrators_administer() {
    let (issuer, running) = both().await;
    let token = running.exchange(&issuer.token(&json!({})), json!({})).await.access_token().to_owned();
    let (one, mapped) = (format!("{PROVIDERS}/idp"), format!("{PROVIDERS}/idp/identity_mappings"));
    let (mapping_path, role_path) = (format!("{mapped}/anyone"), format!("{ROLES}/ann"));
    let new_provider = provider(&issuer.url());
    let role = json!({"username": "ann", "iam_role": "arn:aws:iam::111122223333:role/pull"});
    let requests = [
        ("GET", PROVIDERS, &Value::Null),
        ("POST", PROVIDERS, &new_provider),
        ("GET", &one, &Value::Null),
        ("PUT", &one, &new_provider),
        ("DELETE", &one, &Value::Null),
        ("GET", &mapped, &Value::Null),
        ("POST", &mapped, &mapping("eve")),
        ("GET", &mapping_path, &Value::Null),
        ("PUT", &mapping_path, &mapping("eve")),
        ("DELETE", &mapping_path, &Value::Null),
        ("PUT", ROLES, &role),
        ("GET", &role_path, &Value::Null),
        ("DELETE", &role_path, &Value::Null),
        ("DELETE", "/access/api/v1/tokens/revoke", &json!({"token": token})),
    ];
    for (method, path, body) in requests {
        let request = || json_body(running.request(method, path), body);
        assert_eq!(running.send(request()).await.error().0, 401, "{method} {path}");
        assert_eq!(running.send(request().bearer_auth(&token)).await.error().0, 403, "{method} {path}");
        assert_eq!(
            running.send(request().basic_auth("ann", Some("ann-password"))).await.error().0,
            403,
            "{method} {path}"
        );
        let wrong = running.send(request().basic_auth("admin", Some("guess"))).await;
        assert_eq!(wrong.error(), (401, "UNAUTHORIZED", "Bad credentials"), "{method} {path}");
    }
    assert_eq!(running.exchange(&issuer.token(&json!({})), json!({})).await.username(), "ann");
}

#[tokio::test]
async fn the_server_says_that_it_is_up_and_which_it_is() {
    let (_issuer, running) = both().await;
    for path in ["/access/api/v1/system/ping", "/artifactory/api/system/ping"] {
        let answer = running.request("GET", path).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "OK"), "{path}");
    }
    for path in ["/artifactory/api/v1/system/readiness", "/artifactory/api/v1/system/liveness"] {
        assert_eq!(running.send(running.request("GET", path)).await.body, json!({"code": "OK"}), "{path}");
    }
    let version = running.send(running.request("GET", "/artifactory/api/system/version")).await;
    assert!(version.body["version"].as_str().unwrap().starts_with("7."));
    let health = running.send(running.request("GET", "/router/api/v1/system/health")).await;
    assert_eq!(health.body["router"]["state"], "HEALTHY");
    let unknown = running.send(running.request("GET", "/access/api/v1/none")).await;
    assert_eq!(unknown.error(), (404, "NOT_FOUND", "Not Found"));
    let unknown = running.send(running.request("GET", "/artifactory/api/none")).await;
    assert_eq!(unknown.body, json!({"errors": [{"status": 404, "message": "Not Found"}]}));
}
