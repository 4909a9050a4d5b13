//! Pulls with static credentials: several in one route, Docker configurations, and by environment.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::program::{Outcome, request, run};
use crate::site::Site;

/// A pull of any image by a configuration file.
async fn pull(site: &Site, config: &str, image: &str) -> Outcome {
    let config = site.file("config.yaml", config);
    let outcome = run(&["--config", &config], &site.environment("none"), &request(image)).await;
    site.check_leaks(&outcome);
    assert!(site.cloud_requests().is_empty() && site.artifactory_requests().is_empty(), "no request at all");
    outcome
}

/// A pull by a route of one Docker configuration for these registries.
async fn pull_by_docker_config(site: &Site, registries: &[&str], auths: &Value, image: &str) -> Outcome {
    let path = site.file("config.json", auths.to_string());
    let registries = serde_json::to_string(registries).expect("JSON");
    pull(site, &format!("routes: [{{matchImages: {registries}, static: {{dockerConfigFile: '{path}'}}}}]"), image).await
}

#[tokio::test]
async fn the_longest_pattern_of_a_route_wins() {
    let site = Site::start().await;
    for secret in ["password-any", "password-quay", "password-team"] {
        site.plant(secret);
    }
    let team = site.file("team", "password-team\n");
    let config = format!(
        "
routes:
  - static:
      credentials:
        - {{matchImages: ['*.example.com', docker.io], username: any, password: password-any}}
        - {{matchImages: [quay.example.com], username: quay, token: password-quay}}
        - {{matchImages: [quay.example.com/team], username: team, passwordFile: '{team}'}}
"
    );
    for (image, registry, username, scope) in [
        ("quay.example.com/team/app", "quay.example.com", "team", "Image"),
        ("quay.example.com/other", "quay.example.com", "quay", "Image"),
        ("ghcr.example.com/team/app", "ghcr.example.com", "any", "Registry"),
        ("docker.io/library/nginx", "docker.io", "any", "Registry"),
    ] {
        let outcome = pull(&site, &config, image).await;
        let expected = (username.to_owned(), format!("password-{username}"));
        assert_eq!(outcome.credential(registry), expected, "{image}");
        assert_eq!(outcome.response()["cacheKeyType"], scope, "one registry, two answers");
    }
    let declined = pull(&site, &config, "quay.io/x").await.response();
    assert_eq!((&declined["auth"], &declined["cacheDuration"]), (&json!({}), &json!("0s")));
}

#[tokio::test]
async fn a_file_is_read_again_at_each_pull() {
    let site = Site::start().await;
    let path = site.file("password", site.plant("old-password"));
    let config = format!("routes: [{{matchImages: [quay.io], static: {{username: u, passwordFile: '{path}'}}}}]");
    assert_eq!(pull(&site, &config, "quay.io/x").await.credential("quay.io").1, "old-password");
    site.file("password", site.plant("new-password"));
    assert_eq!(pull(&site, &config, "quay.io/x").await.credential("quay.io").1, "new-password");
}

#[tokio::test]
async fn a_docker_configuration_opens_the_registry() {
    let site = Site::start().await;
    site.plant("other-password");
    let auths = json!({"auths": {
        format!("https://{}/v1/", site.host()): {"auth": "c3RhdGljLXB1bGxlcjpzdGF0aWMtcGFzc3dvcmQ="},
        "quay.io": {"username": "other", "password": "other-password"},
    }});
    let host = site.host();
    let outcome = pull_by_docker_config(&site, &[&host], &auths, &site.image()).await;
    let (username, password) = outcome.credential(&host);
    assert_eq!(outcome.response()["cacheKeyType"], "Image", "the file's next keys may have paths");
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200);
}

#[tokio::test]
async fn a_registry_that_the_route_does_not_name_gets_nothing_whatever_the_file_holds() {
    let site = Site::start().await;
    let auths = json!({"auths": {"quay.io": {"username": "other", "password": site.plant("other-password")}}});
    let declined = pull_by_docker_config(&site, &["ghcr.io"], &auths, "quay.io/x").await;
    assert_eq!(declined.response()["auth"], json!({}));
}

#[tokio::test]
async fn docker_hubs_images_get_the_key_that_the_kubelet_looks_up() {
    let site = Site::start().await;
    site.plant("hub-password");
    for key in ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "https://docker.io/v2/", "*.io"] {
        let auths = json!({"auths": {key: {"username": "hub", "password": "hub-password"}}});
        for image in ["docker.io/library/nginx", "docker.io/acme/app"] {
            let outcome = pull_by_docker_config(&site, &["docker.io"], &auths, image).await;
            assert_eq!(outcome.credential("docker.io"), ("hub".to_owned(), "hub-password".to_owned()), "{key} {image}");
        }
    }
}

#[tokio::test]
async fn a_mirror_of_docker_hub_in_artifactory_gets_its_token_under_docker_hubs_key() {
    let site = Site::start().await;
    let config = format!(
        "routes: [{{matchImages: [docker.io], artifactoryUrl: '{}', identity: {{gcpMetadata: {{audience: artifactory}}}}, oidcProvider: {{name: google}}}}]",
        site.host()
    );
    let config = site.file("config.yaml", config);
    let outcome = run(&["--config", &config], &site.environment("none"), &request("docker.io/library/nginx")).await;
    site.check_leaks(&outcome);
    let (username, password) = outcome.credential("docker.io");
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200, "the mirror takes it");
}

#[tokio::test]
async fn what_a_docker_configuration_cannot_give_is_explained() {
    let site = Site::start().await;
    site.plant("hidden-value");
    let explain = async |auths: Value| {
        let outcome = pull_by_docker_config(&site, &["quay.io"], &auths, "quay.io/x").await;
        site.named(outcome.failure(3))
    };
    insta::assert_snapshot!(explain(json!({"auths": {"ghcr.io": {"auth": "dTpw"}}})).await, @r"
    error: failed to read the static credential
      caused by: `auths` of `DIRECTORY/config.json` has no entry for `quay.io/x`
      hint: add an entry for the registry to `auths` (for Docker Hub `https://index.docker.io/v1/`), or remove the registry from `matchImages`
    ");
    insta::assert_snapshot!(explain(json!({"auths": {"quay.io": {"auth": "dTpw", "identitytoken": "hidden-value"}}})).await, @r"
    error: failed to read the static credential
      caused by: the entry `quay.io` of `DIRECTORY/config.json` holds the field `identitytoken`
      hint: write a user name and password for `quay.io`: the kubelet takes nothing else from a credential provider
    ");
    insta::assert_snapshot!(explain(json!({"auths": {}, "credHelpers": {"quay.io": "ecr-login"}})).await, @r"
    error: failed to read the static credential
      caused by: `DIRECTORY/config.json` leaves `quay.io` to the credential helper `ecr-login`
      hint: write a user name and password for `quay.io` into `auths`; a node has no credential helpers to run
    ");
    insta::assert_snapshot!(explain(json!({"auths": {"quay.io": {"auth": "hidden-value"}}})).await, @r"
    error: failed to read the static credential
      caused by: `auth` of the entry `quay.io` of `DIRECTORY/config.json` is no base64 of `user:password`
      hint: write `auth` of `quay.io` anew: printf %s user:password | base64 --wrap=0
    ");
    insta::assert_snapshot!(explain(json!({"auths": {"quay.io": {"username": "u"}}})).await, @r"
    error: failed to read the static credential
      caused by: the entry `quay.io` of `DIRECTORY/config.json` has no user name or no password
      hint: write `auth`, or `username` and `password`, for `quay.io`
    ");
    insta::assert_snapshot!(explain(json!({"auths": "hidden-value"})).await, @r#"
    error: failed to read the static credential
      caused by: `DIRECTORY/config.json` is no Docker configuration: no JSON object with `auths`
      hint: write it as `kubectl create secret docker-registry` does: {"auths": {"HOST": {"auth": ".."}}}
    "#);
}

#[tokio::test]
async fn a_docker_configuration_that_is_gone_is_named() {
    let site = Site::start().await;
    let config = "routes: [{matchImages: [quay.io], static: {dockerConfigFile: /nowhere/config.json}}]";
    insta::assert_snapshot!(pull(&site, config, "quay.io/x").await.failure(3), @r"
    error: failed to read the static credential
      caused by: no Docker configuration could be read
      caused by: cannot read `/nowhere/config.json`: No such file or directory (os error 2)
      hint: name a Docker configuration that the kubelet's user can read in `dockerConfigFile`
    ");
}

#[tokio::test]
async fn a_password_file_that_is_empty_or_a_token_that_has_expired_is_not_answered() {
    let site = Site::start().await;
    let path = site.file("password", "\n");
    let config = format!("routes: [{{matchImages: [quay.io], static: {{username: u, passwordFile: '{path}'}}}}]");
    insta::assert_snapshot!(site.named(pull(&site, &config, "quay.io/x").await.failure(3)), @r"
    error: failed to read the static credential
      caused by: `DIRECTORY/password` holds no password
      hint: write the password into the file; an empty one is never sent
    ");
    site.file("password", site.plant("e30.eyJleHAiOjF9.c2lnbmF0dXJl"));
    insta::assert_snapshot!(site.named(pull(&site, &config, "quay.io/x").await.failure(3)), @r"
    error: failed to read the static credential
      caused by: the static token of `u` has expired
      hint: replace the token of `u` where the route has it, and check the node's clock
    ");
}

fn variables(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_variables_of_the_static_provider_serve_every_image_that_the_kubelet_asks_about() {
    for prefix in ["KSCP", "SCP"] {
        let environment = variables(&[
            (&format!("{prefix}_REGISTRY_USERNAME"), "robot"),
            (&format!("{prefix}_REGISTRY_PASSWORD"), "robot-password"),
        ]);
        for (image, registry) in [("docker.io/library/nginx", "docker.io"), ("quay.io:8443/a/b", "quay.io:8443")] {
            let outcome = run(&[], &environment, &request(image)).await;
            assert_eq!(outcome.credential(registry), ("robot".to_owned(), "robot-password".to_owned()));
            let response = outcome.response();
            assert_eq!((&response["cacheKeyType"], &response["cacheDuration"]), (&json!("Registry"), &json!("5m0s")));
        }
    }
}

#[tokio::test]
async fn half_of_the_static_providers_variables_is_refused() {
    let outcome = run(&[], &variables(&[("KSCP_REGISTRY_USERNAME", "robot")]), &request("quay.io/x")).await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to read the configuration
      caused by: `KSCP_REGISTRY_PASSWORD` is not set, which is the password of the static credential
      hint: set `KSCP_REGISTRY_PASSWORD` in the `env` of the provider's entry in the kubelet's configuration, or use --config
    ");
    let both =
        [("KSCP_REGISTRY_USERNAME", "u"), ("KSCP_REGISTRY_PASSWORD", "p-4711"), ("KSCP_CACHE_DURATION", "eight")];
    let outcome = run(&[], &variables(&both), &request("quay.io/x")).await;
    assert!(!outcome.stderr.contains("p-4711"));
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to read the configuration
      caused by: `KSCP_CACHE_DURATION` is `eight`, which is not a duration such as `8h`
      hint: set `KSCP_CACHE_DURATION` to a duration such as `8h`
    ");
}

#[tokio::test]
async fn static_routes_that_cannot_work_are_refused() {
    let site = Site::start().await;
    let explain =
        async |route: &str| pull(&site, &format!("routes: [{route}]"), "quay.io/x").await.failure(3).to_owned();
    insta::assert_snapshot!(explain("{matchImages: [quay.io], static: {username: u, password: p, dockerConfigFile: /x}}").await, @r"
    error: failed to read the configuration
      caused by: route 1: `static` needs exactly one of `username`, `credentials`, `dockerConfigFile`
      hint: write one credential with `username`, several under `credentials`, or name a `dockerConfigFile`
    ");
    insta::assert_snapshot!(explain("{matchImages: [index.docker.io], static: {username: u, password: p}}").await, @r"
    error: failed to read the configuration
      caused by: route 1: `index.docker.io` in `matchImages` matches no image: the kubelet asks for Docker Hub's as `docker.io`
      hint: write `docker.io` in `matchImages`
    ");
    insta::assert_snapshot!(explain("{static: {dockerConfigFile: /x}}").await, @r"
    error: failed to read the configuration
      caused by: route 1: `matchImages` is missing, which says where the credential may go
      hint: add `matchImages` with the registries that may see the credential
    ");
    insta::assert_snapshot!(explain("{matchImages: [quay.io], static: {credentials: [{matchImages: [quay.io], username: u, token: t}]}}").await, @r"
    error: failed to read the configuration
      caused by: route 1: `matchImages` has no effect on this route
      hint: remove `matchImages` from the route
    ");
    insta::assert_snapshot!(explain("{static: {credentials: [{matchImages: [quay.io], username: u}]}}").await, @r"
    error: failed to read the configuration
      caused by: route 1: a static credential needs exactly one of `password`, `passwordFile`, `token`, `tokenFile`
      hint: keep one of them, and not empty; `passwordFile` is read at every pull
    ");
}
