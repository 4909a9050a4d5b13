//! The variables that every entry has, whichever the cloud.

use std::time::Duration;

use mock_kit::Fault;
use serde_json::Value;

use crate::program::Outcome;
use crate::site::{CLOUDS, Site};

async fn pull(site: &Site, cloud: &str, changes: &[(&str, &str)]) -> Outcome {
    site.pull_in(&[], &site.environment_with(cloud, changes)).await
}

#[tokio::test]
async fn cloud_provider_says_whose_identity_is_proved() {
    let site = Site::start().await;
    for (cloud, service) in CLOUDS.into_iter().zip([
        "PUT /latest/api/token",
        "GET /metadata/identity/oauth2/token",
        "GET /computeMetadata/v1/",
    ]) {
        site.cloud.kit().journal.clear();
        pull(&site, cloud, &[]).await.response();
        assert!(site.cloud_requests()[0].starts_with(service), "{cloud}: {:?}", site.cloud_requests());
    }
    for misspelt in ["AWS", "Azure", "gcp"] {
        assert!(pull(&site, misspelt, &[]).await.failure(3).contains("`cloud_provider` to one of: aws, azure, google"));
    }
}

#[tokio::test]
async fn http_timeout_seconds_bounds_the_whole_pull() {
    let site = Site::start().await;
    site.artifactory.kit().faults.add(Fault::latency("/access/*", Duration::from_millis(1_500)));
    let outcome = pull(&site, "azure", &[("http_timeout_seconds", "1")]).await;
    outcome.failure(6);
    assert!(outcome.took < Duration::from_millis(1_500), "{:?}", outcome.took);
    for default in ["", "0", "30s"] {
        pull(&site, "azure", &[("http_timeout_seconds", default)]).await.response();
    }
}

#[tokio::test]
async fn secret_ttl_seconds_is_the_life_that_is_asked_for() {
    let site = Site::start().await;
    for (value, asked) in [("", 18_000), ("14400", 14_400), ("1.2096e+06", 1_209_600)] {
        pull(&site, "aws", &[("secret_ttl_seconds", value)]).await.response();
        let body: Value = serde_json::from_str(&site.last_exchange().body).expect("JSON");
        assert_eq!(body, serde_json::json!({"expires_in": asked}), "{value}");
    }
    pull(&site, "azure", &[("secret_ttl_seconds", "60")]).await.response();
    assert!(!site.last_exchange().body.contains("expires_in"), "an identity mapping has a life of its own");
}

#[tokio::test]
async fn jfrog_oidc_provider_name_is_named_in_every_exchange_of_a_token() {
    let site = Site::start().await;
    for (cloud, method, provider) in
        [("azure", "", "azure"), ("google", "", "google"), ("aws", "cognito_oidc", "cognito")]
    {
        let method = ("aws_auth_method", method);
        pull(&site, cloud, &[method, ("jfrog_oidc_provider_name", provider)]).await.response();
        let body: Value = serde_json::from_str(&site.last_exchange().body).expect("JSON");
        assert_eq!(body["provider_name"], provider);
        let unset = pull(&site, cloud, &[method, ("jfrog_oidc_provider_name", "")]).await;
        assert!(unset.failure(3).contains("`jfrog_oidc_provider_name` is not set"), "{}", unset.stderr);
    }
}

#[tokio::test]
async fn what_has_no_effect_changes_nothing() {
    let site = Site::start().await;
    let plain = pull(&site, "aws", &[]).await.credential(&site.host()).0;
    let asked = site.cloud_requests();
    for value in ["", "info", "INFO", "debug", "DEBUG", "nonsense"] {
        site.cloud.kit().journal.clear();
        let outcome = pull(&site, "aws", &[("log_level", value)]).await;
        assert_eq!(outcome.credential(&site.host()).0, plain, "{value}");
        assert_eq!(site.cloud_requests().len(), asked.len(), "{value}");
    }
    let failed = |value: &'static str| {
        let changes = [("aws_role_name", "nobody"), ("log_level", value)];
        let environment = site.environment_with("aws", &changes);
        let site = &site;
        async move { site.pull_in(&[], &environment).await.failure(4).to_owned() }
    };
    assert_eq!(failed("debug").await, failed("").await, "a failure is told whole in any case");
}

#[tokio::test]
async fn no_update_is_looked_for_whatever_the_variables_say() {
    let releases = wiremock::MockServer::start().await;
    let site = Site::start().await;
    let url = releases.uri();
    for disabled in ["", "false", "0", "true", "True", "1"] {
        let changes = [
            ("disable_provider_autoupdate", disabled),
            ("JFROG_CREDENTIAL_PROVIDER_RELEASES_URL", &url),
            ("JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_URL", &url),
            ("JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_SUFFIX", "/v"),
        ];
        pull(&site, "aws", &changes).await.response();
    }
    assert_eq!(releases.received_requests().await.expect("recorded").len(), 0);
    assert!(site.artifactory_requests().iter().all(|request| request == "POST /access/api/v1/aws/token"));
}
