//! What each type of OIDC provider asks for.

use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::server::{Answer, Running, world};

const PROVIDERS: &str = "/access/api/v1/oidc";

/// An exchange at a provider of these fields, made by the REST API, whose mapping takes everyone.
async fn exchange(fields: &Value, claims: &Value) -> Answer {
    let issuer = Issuer::start().await;
    let running = Running::start(world(&issuer.url(), "[]"), None).await;
    let mut provider = json!({"name": "typed", "issuer_url": issuer.url()});
    provider.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = running.administer("POST", PROVIDERS, &provider).await;
    assert_eq!(made.status, 201, "{made:?}");
    let mapping = json!({"name": "all", "priority": 1, "claims": {}, "token_spec": {"username": "ann", "scope": "applied-permissions/user"}});
    running.administer("POST", &format!("{PROVIDERS}/typed/identity_mappings"), &mapping).await;
    running.exchange(&issuer.token(claims), json!({"provider_name": "typed"})).await
}

async fn refused(fields: &Value) -> String {
    let running = Running::start(world("https://issuer.example.com", "[]"), None).await;
    let mut provider = json!({"name": "typed", "issuer_url": "https://token.actions.githubusercontent.com"});
    provider.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = running.administer("POST", PROVIDERS, &provider).await;
    answer.message().to_owned()
}

#[tokio::test]
async fn a_restricted_github_provider_takes_its_own_organization_only() {
    let fields = json!({"provider_type": "GitHub", "organization": "acme"});
    assert_eq!(exchange(&fields, &json!({"repository_owner": "acme"})).await.username(), "ann");
    for claims in [json!({"repository_owner": "evil"}), json!({})] {
        let answer = exchange(&fields, &claims).await;
        assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, organization"), "{claims}");
    }
}

#[tokio::test]
async fn a_permissive_github_provider_takes_every_organization() {
    let fields = json!({"provider_type": "GitHub", "organization": "acme", "enable_permissive_configuration": true});
    assert_eq!(exchange(&fields, &json!({"repository_owner": "other"})).await.username(), "ann");
}

#[tokio::test]
async fn the_organization_is_enforced_for_github_itself_only() {
    for kind in ["GitHub Enterprise", "Generic OpenID Connect", "Azure"] {
        let fields = json!({"provider_type": kind, "organization": "acme"});
        assert_eq!(exchange(&fields, &json!({})).await.username(), "ann", "{kind}");
    }
}

#[tokio::test]
async fn an_azure_provider_with_an_application_takes_its_tokens_only() {
    let fields = json!({"provider_type": "Azure", "azure_app_id": "app"});
    assert_eq!(exchange(&fields, &json!({"aud": "app"})).await.username(), "ann");
    for aud in ["api://app", "other"] {
        let answer = exchange(&fields, &json!({"aud": aud})).await;
        assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, application"), "{aud}");
    }
    let generic = json!({"provider_type": "Generic OpenID Connect", "azure_app_id": "app"});
    assert_eq!(exchange(&generic, &json!({"aud": "other"})).await.username(), "ann");
}

#[tokio::test]
async fn a_github_provider_without_what_it_needs_is_not_made() {
    assert_eq!(refused(&json!({"provider_type": "GitHub"})).await, "Organization is required");
    assert_eq!(refused(&json!({"provider_type": "GitHub Enterprise"})).await, "Organization is required");
    let elsewhere = json!({"provider_type": "GitHub", "organization": "acme", "issuer_url": "https://token.actions.githubusercontent.com.evil.example.com"});
    assert_eq!(refused(&elsewhere).await, "Issuer URL must be GitHub's");
    for fields in [
        json!({"provider_type": "GitHub", "enable_permissive_configuration": true}),
        json!({"provider_type": "GitHub", "organization": "acme", "issuer_url": "https://token.actions.githubusercontent.com/acme"}),
        json!({"provider_type": "GitHub Enterprise", "organization": "acme", "issuer_url": "https://github.example.com"}),
    ] {
        assert_eq!(refused(&fields).await, "", "{fields}");
    }
}
