//! The variables of Google Cloud.

use serde_json::Value;

use crate::site::Site;

#[tokio::test]
async fn jfrog_oidc_audience_is_the_audience_of_both_tokens() {
    let site = Site::start().await;
    for audience in ["artifactory", "elsewhere"] {
        let outcome = site.pull_in(&[], &site.environment_with("google", &[("jfrog_oidc_audience", audience)])).await;
        let asked = &site.cloud.kit().journal.requests()[0];
        assert!(asked.query.contains(&format!("audience={audience}")), "{}", asked.query);
        let body: Value = serde_json::from_str(&site.last_exchange().body).expect("JSON");
        assert_eq!(body["audience"], audience);
        assert_eq!(outcome.code, if audience == "artifactory" { 0 } else { 5 }, "{}", outcome.stderr);
        site.cloud.kit().journal.clear();
    }
    let unset = site.pull_in(&[], &site.environment_with("google", &[("jfrog_oidc_audience", "")])).await;
    assert!(unset.failure(3).contains("`jfrog_oidc_audience` is not set"), "{}", unset.stderr);
}
