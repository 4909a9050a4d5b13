//! Both listeners, certificates and the environment.

use std::net::{Ipv4Addr, SocketAddr};

use mock_cloud::{Certificates, Cloud, Listeners, MockCloud, World};
use mock_kit::{Authority, Kit, Listen, Server, TlsIdentity};
use serde_json::json;

use crate::client::{client, get, json, post, start};

#[tokio::test]
async fn both_listeners_serve_the_same_world() {
    let cloud = start().await;
    let trusting = client(Some(cloud.authority().certificate_pem()));
    let path = "/google/oauth2/v3/certs";
    let over_tls = trusting.get(format!("{}{path}", cloud.tls_url())).send().await.unwrap();
    let plain = get(&cloud, path).send().await.unwrap();
    assert_eq!(json(over_tls).await, json(plain).await);
    assert!(cloud.url().starts_with("http://127.0.0.1:"));
    assert!(cloud.tls_url().starts_with("https://127.0.0.1:"));
    assert_eq!(cloud.kit().journal.requests().len(), 2);
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_gets_nothing_over_tls() {
    let cloud = start().await;
    let other = Authority::generate();
    for client in [client(None), client(Some(other.certificate_pem()))] {
        assert!(client.get(cloud.tls_url()).send().await.is_err());
    }
    assert!(cloud.kit().journal.requests().is_empty());
}

#[tokio::test]
async fn tokens_name_the_plain_listener_as_their_issuer_wherever_they_are_asked_for() {
    let cloud = start().await;
    let trusting = client(Some(cloud.authority().certificate_pem()));
    let document = format!("{}/google/.well-known/openid-configuration", cloud.tls_url());
    let document = json(trusting.get(document).send().await.unwrap()).await;
    assert_eq!(document["issuer"], format!("{}/google", cloud.url()));
}

#[tokio::test]
async fn the_environment_names_the_plain_listener() {
    let cloud = start().await;
    let variables = cloud.environment();
    assert_eq!(variables["AWS_ENDPOINT_URL_STS"], cloud.url());
    let host = &variables["GCE_METADATA_HOST"];
    assert_eq!(format!("http://{host}"), cloud.url());
}

#[tokio::test]
async fn on_the_machine_of_one_cloud_the_shared_address_is_that_clouds() {
    let listeners = Listeners { cloud: Some(Cloud::Google), ..Listeners::default() };
    let cloud = MockCloud::start_on(World::default(), listeners).await.unwrap();
    let of = async |host: &str, path: &str| {
        let request =
            get(&cloud, path).header("host", host).header("metadata", "true").header("metadata-flavor", "Google");
        request.send().await.unwrap()
    };
    for path in ["/latest/meta-data/", "/metadata/versions", "/id/AB"] {
        let answer = of("169.254.169.254", path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["metadata-flavor"], "Google", "{path}");
    }
    assert_eq!(of("metadata.google.internal", "/").await.status(), 200);
    assert_eq!(of("169.254.169.254", "/__mock/clock").await.status(), 200);
    assert_eq!(of("127.0.0.1", "/metadata/versions").await.status(), 200, "which is no metadata service's address");
}

#[tokio::test]
async fn where_an_issuer_is_asked_for_its_keys_is_where_they_are() {
    let names = vec!["accounts.google.com".to_owned()];
    let world = World::default().with_real_issuers();
    let cloud = MockCloud::start_on(world, Listeners { names, ..Listeners::default() }).await.unwrap();
    let document = async |url: String, host: &str| {
        let trusting = client(Some(cloud.authority().certificate_pem()));
        json(trusting.get(url).header("host", host).send().await.unwrap()).await
    };
    let path = "/.well-known/openid-configuration";
    let own = document(format!("{}{path}", cloud.tls_url()), "accounts.google.com").await;
    assert_eq!(own["issuer"], "https://accounts.google.com");
    assert_eq!(own["jwks_uri"], "https://accounts.google.com/oauth2/v3/certs");
    let elsewhere = document(format!("{}/google{path}", cloud.url()), "127.0.0.1").await;
    assert_eq!(elsewhere["issuer"], "https://accounts.google.com");
    assert_eq!(elsewhere["jwks_uri"], format!("{}/google/oauth2/v3/certs", cloud.url()));
}

#[tokio::test]
async fn a_path_of_no_service_is_not_found() {
    let cloud = start().await;
    for path in ["/unknown", "/__mock/unknown"] {
        assert_eq!(get(&cloud, path).send().await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn another_server_serves_tls_with_a_certificate_that_was_asked_for() {
    let cloud = start().await;
    let names = json!({"names": ["127.0.0.1", "registry.test"]});
    let response = post(&cloud, "/__mock/certificates", &names).await;
    assert_eq!(response.status(), 200);
    let identity = json(response).await;
    let identity = TlsIdentity {
        certificates_pem: identity["certificate"].as_str().unwrap().into(),
        key_pem: identity["key"].as_str().unwrap().into(),
    };
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let router = axum::Router::new().fallback(async || "served");
    let server = Server::start(router, &Kit::new(), Listen::Tls(free, identity.into())).await.unwrap();
    let trusting = client(Some(cloud.authority().certificate_pem()));
    let response = trusting.get(server.url()).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "served");
}

#[tokio::test]
async fn a_certificate_needs_names_that_it_can_hold() {
    let cloud = start().await;
    for document in [
        json!({"names": []}),
        json!({"names": ["ü"]}),
        json!({"names": [""]}),
        json!({"names": "localhost"}),
        json!({}),
    ] {
        let response = post(&cloud, "/__mock/certificates", &document).await;
        assert_eq!(response.status(), 400, "{document}");
        let error = json(response).await["error"].to_string();
        assert!(error.contains("names"), "{error}");
    }
}

#[tokio::test]
async fn given_certificates_are_shown_and_no_others_are_issued() {
    let authority = Authority::generate();
    let identity = authority.issue(&["127.0.0.1".into()]);
    let listeners = Listeners { certificates: Certificates::Given(identity), ..Listeners::default() };
    let cloud = MockCloud::start_on(World::default(), listeners).await.unwrap();
    let trusting = client(Some(authority.certificate_pem()));
    assert_eq!(trusting.get(cloud.tls_url()).send().await.unwrap().status(), 200);
    let response = post(&cloud, "/__mock/certificates", &json!({"names": ["a"]})).await;
    assert_eq!(response.status(), 404);
    let trust = json(get(&cloud, "/__mock/trust").send().await.unwrap()).await;
    assert!(trust["ca"].is_null());
}

#[tokio::test]
async fn the_control_paths_of_the_kit_are_there() {
    let cloud = start().await;
    let fault = json!({"path": "/google/*", "status": 503});
    assert_eq!(post(&cloud, "/__mock/faults", &fault).await.status(), 204);
    let answer = get(&cloud, "/google/oauth2/v3/certs").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let requests = json(get(&cloud, "/__mock/requests").send().await.unwrap()).await;
    assert_eq!(requests[0]["status"], 503);
}
