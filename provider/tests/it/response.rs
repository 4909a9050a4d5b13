//! Which images an answer covers, and for how long the kubelet keeps it.

use serde_json::json;

use crate::program::{Outcome, request, run};
use crate::site::Site;

async fn pull(site: &Site, routes: &str, image: &str) -> Outcome {
    let config = site.file("config.yaml", format!("routes:\n{routes}"));
    let outcome = run(&["--config", &config], &site.environment("none"), &request(image)).await;
    site.check_leaks(&outcome);
    outcome
}

fn by_role(site: &Site, patterns: &str, response: &str) -> String {
    let host = site.host();
    format!(
        "  - {{artifactoryUrl: '{host}', matchImages: [{patterns}], identity: {{awsInstanceRole: {{tokenLifetime: 1h}}}}, response: {{{response}}}}}\n"
    )
}

#[tokio::test]
async fn each_scope_has_the_auth_keys_that_cover_it_and_nothing_else() {
    let site = Site::start().await;
    let host = site.host();
    let patterns = format!("'{host}', docker.acme.example, '*.mirror.example:5000'");
    for (response, scope, keys) in [
        ("", "Registry", vec!["docker.acme.example"]),
        ("cacheKeyType: Registry", "Registry", vec!["docker.acme.example"]),
        ("cacheKeyType: Image", "Image", vec!["docker.acme.example/team/app"]),
        ("cacheKeyType: Global", "Global", vec!["*.mirror.example:5000", host.as_str(), "docker.acme.example"]),
    ] {
        let outcome = pull(&site, &by_role(&site, &patterns, response), "docker.acme.example/team/app").await;
        let answer = outcome.response();
        assert_eq!(answer["cacheKeyType"], scope);
        let mut found: Vec<_> = answer["auth"].as_object().expect("an object").keys().collect();
        found.sort_unstable();
        assert_eq!(found, keys, "{response}");
    }
}

#[tokio::test]
async fn a_registry_of_several_routes_is_kept_by_image_and_the_others_by_registry() {
    let site = Site::start().await;
    let host = site.host();
    let routes = by_role(&site, &format!("'{host}', other.example"), "")
        + "  - {matchImages: [other.example/team], static: {username: u, password: hunter22}}\n";
    site.plant("hunter22");
    for (image, scope, key) in [
        (format!("{host}/docker-local/hello"), "Registry", host.clone()),
        ("other.example/app".to_owned(), "Image", "other.example/app".to_owned()),
        ("other.example/team/app".to_owned(), "Image", "other.example/team/app".to_owned()),
    ] {
        let answer = pull(&site, &routes, &image).await.response();
        assert_eq!(answer["cacheKeyType"], scope, "{image}");
        assert!(answer["auth"].get(&key).is_some(), "{answer}");
    }
}

#[tokio::test]
async fn a_scope_that_hides_images_is_refused_at_load() {
    let site = Site::start().await;
    let host = site.host();
    let fixed = "  - {matchImages: [a.example/team], static: {username: u, password: p}}\n";
    let global = by_role(&site, "a.example", "cacheKeyType: Global");
    let registry = by_role(&site, "'*.example'", "cacheKeyType: Registry");
    let path = by_role(&site, "a.example/x", "cacheKeyType: Registry");
    for (routes, hidden) in [
        (registry.clone() + fixed, "with `cacheKeyType: Registry` a kept answer hides `a.example/team`"),
        (path, "with `cacheKeyType: Registry` a kept answer hides `a.example/x`"),
        (global + fixed, "with `cacheKeyType: Global` a kept answer hides `a.example/team`"),
    ] {
        let outcome = pull(&site, &routes, &format!("{host}/x/y")).await;
        assert!(outcome.failure(3).contains(hidden), "{}", outcome.stderr);
        assert!(site.cloud_requests().is_empty());
    }
    let outcome = pull(&site, &(registry + fixed), &format!("{host}/x/y")).await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to read the configuration
      caused by: route 1: with `cacheKeyType: Registry` a kept answer hides `a.example/team`
      hint: leave `cacheKeyType` out, which takes the registry where that hides nothing; or set it to `Image`
    ");
    let elsewhere = "  - {matchImages: [a.example.com/team], static: {username: u, password: p}}\n";
    let apart = by_role(&site, &format!("'{host}'"), "cacheKeyType: Registry") + elsewhere;
    assert_eq!(pull(&site, &apart, &site.image()).await.credential(&host).0, "aws-puller");
}

#[tokio::test]
async fn margin_jitter_floor_and_cap_are_the_routes() {
    let site = Site::start().await;
    let patterns = format!("'{}'", site.host());
    for (response, kept) in [
        ("margin: 20m, jitter: 0s", "39m59s"),
        ("margin: 20m, jitter: 0s, maximumCacheDuration: 90s", "1m30s"),
        ("margin: 2h, minimumCacheDuration: 2m", "2m0s"),
    ] {
        let answer = pull(&site, &by_role(&site, &patterns, response), &site.image()).await.response();
        let [found, expected] = [answer["cacheDuration"].as_str().expect("a text"), kept].map(seconds);
        assert!(found.abs_diff(expected) <= 10, "{response}: {}", answer["cacheDuration"]);
    }
}

fn seconds(text: &str) -> u64 {
    let (minutes, seconds) = text.trim_end_matches('s').split_once('m').expect("minutes and seconds");
    minutes.parse::<u64>().expect("a number") * 60 + seconds.parse::<u64>().expect("a number")
}

#[tokio::test]
async fn words_and_bounds_that_cannot_be_meant_are_refused() {
    let site = Site::start().await;
    let patterns = format!("'{}'", site.host());
    for (response, words) in [
        ("cacheKeyType: registry", "`cacheKeyType` is `registry`, which is not one of: Image, Registry, Global"),
        ("cacheType: Pod", "`cacheType` is `Pod`, which is not one of: ServiceAccount, Token"),
        ("margin: 5s", "`margin` is `5s`, which is not a duration of at least `10s`"),
        ("jitter: 1.5s", "`jitter` is `1.5s`, which is not a duration such as"),
        ("minimumCacheDuration: 2m, maximumCacheDuration: 1m", "not at most `maximumCacheDuration`"),
    ] {
        let outcome = pull(&site, &by_role(&site, &patterns, response), &site.image()).await;
        assert!(outcome.failure(3).contains(words), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn a_credential_that_is_the_pods_own_token_is_not_answered_unless_the_kubelet_takes_it() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    let route = |response: &str| {
        format!("routes: [{{matchImages: [quay.example], static: {{username: u, tokenFile: '{}'}}{response}}}]", {
            site.file("token", &token)
        })
    };
    let stdin = crate::workload::request("quay.example/x", &token, &json!({}));
    let config = site.file("config.yaml", route(""));
    let refused = run(&["--config", &config], &site.environment("none"), &stdin).await;
    insta::assert_snapshot!(refused.failure(5), @r"
    error: failed to answer the kubelet
      caused by: the credential is the pod's own service account token, which the kubelet takes with `cacheType: Token` only
      hint: set `cacheType: Token` in the `tokenAttributes` of the provider's entry and in `response` of the route, or have Artifactory give out a token of its own
    ");
    assert!(!refused.stderr.contains(&token));
    let config = site.file("config.yaml", route(", response: {cacheType: Token}"));
    let answered = run(&["--config", &config], &site.environment("none"), &stdin).await;
    assert_eq!(answered.credential("quay.example").1, token);
    let config = site.file("config.yaml", route(""));
    let other = crate::workload::request("quay.example/x", &site.pod_token("plain", "artifactory"), &json!({}));
    let other = run(&["--config", &config], &site.environment("none"), &other).await;
    assert_eq!(other.credential("quay.example").1, token, "another pod's token is no echo");
}
