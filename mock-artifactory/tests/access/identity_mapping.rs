//! Which mapping a token meets, and whom that makes of it.

use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::server::{ANYONE_IS_ANN, Answer, Running, world};

async fn exchange(mappings: &str, claims: Value, fields: Value) -> Answer {
    let issuer = Issuer::start().await;
    let running = Running::with_mappings(&issuer.url(), mappings).await;
    running.exchange(&issuer.token(&claims), fields).await
}

fn user(name: &str, priority: u64, claims: &str) -> String {
    format!(
        "{{name: {name}, priority: {priority}, claims: {claims}, token_spec: {{username: {name}, scope: applied-permissions/user}}}}"
    )
}

#[tokio::test]
async fn the_lowest_number_is_tried_first_wherever_it_stands() {
    let mappings = format!("[{}, {}, {}]", user("second", 20, "{}"), user("first", 3, "{}"), user("third", 100, "{}"));
    assert_eq!(exchange(&mappings, json!({}), json!({})).await.username(), "first");
}

#[tokio::test]
async fn a_mapping_that_does_not_match_leaves_the_turn_to_the_next() {
    let mappings = format!("[{}, {}]", user("bob", 1, "{sub: bob}"), user("ann", 2, "{sub: ann}"));
    assert_eq!(exchange(&mappings, json!({"sub": "ann"}), json!({})).await.username(), "ann");
    assert_eq!(exchange(&mappings, json!({"sub": "bob"}), json!({})).await.username(), "bob");
}

#[tokio::test]
async fn no_matching_mapping_is_answered_as_the_world_says() {
    let mappings = format!("[{}]", user("bob", 1, "{sub: bob}"));
    let answer = exchange(&mappings, json!({}), json!({})).await;
    assert_eq!(answer.error(), (403, "FORBIDDEN", "No identity mapping matches the token's claims"));
    let issuer = Issuer::start().await;
    let mut world = world(&issuer.url(), &mappings);
    world.answers.no_mapping = 401;
    let running = Running::start(world, None).await;
    assert_eq!(running.exchange(&issuer.token(&json!({})), json!({})).await.error().1, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_wildcard_stands_for_any_part_of_a_claim() {
    let mappings = format!("[{}]", user("ci", 1, "{sub: 'repo:acme/*:ref:refs/heads/*', aud: demo}"));
    let allowed = json!({"sub": "repo:acme/app:ref:refs/heads/main"});
    assert_eq!(exchange(&mappings, allowed, json!({})).await.username(), "ci");
    for sub in ["repo:evil/app:ref:refs/heads/main", "repo:acme/app:ref:refs/tags/v1"] {
        assert_eq!(exchange(&mappings, json!({"sub": sub}), json!({})).await.status, 403, "{sub}");
    }
}

#[tokio::test]
async fn a_token_for_another_audience_matches_no_mapping_that_lists_one() {
    let mappings = format!("[{}]", user("ann", 1, "{aud: demo}"));
    assert_eq!(exchange(&mappings, json!({"aud": "demo"}), json!({})).await.status, 200);
    assert_eq!(exchange(&mappings, json!({"aud": ["other", "demo"]}), json!({})).await.status, 200);
    assert_eq!(exchange(&mappings, json!({"aud": "other"}), json!({})).await.status, 403);
    assert_eq!(exchange(&mappings, json!({"aud": null}), json!({})).await.status, 403);
}

#[tokio::test]
async fn a_named_mapping_is_the_only_one_tried() {
    let mappings = format!("[{}, {}]", user("first", 1, "{}"), user("bob", 2, "{sub: bob}"));
    let forced = json!({"identity_mapping_name": "bob"});
    assert_eq!(exchange(&mappings, json!({"sub": "bob"}), forced.clone()).await.username(), "bob");
    assert_eq!(exchange(&mappings, json!({"sub": "ann"}), forced).await.status, 403);
    assert_eq!(exchange(&mappings, json!({}), json!({"identity_mapping_name": "nobody"})).await.status, 403);
    assert_eq!(exchange(&mappings, json!({}), json!({"identity_mapping_name": ""})).await.username(), "first");
}

#[tokio::test]
async fn a_projects_mapping_comes_first_for_that_project_and_counts_for_no_other() {
    let project = user("project", 50, "{}").replacen("name:", "project_key: acme, name:", 1);
    let mappings = format!("[{project}, {}]", user("global", 1, "{}"));
    assert_eq!(exchange(&mappings, json!({}), json!({"project_key": "acme"})).await.username(), "project");
    assert_eq!(exchange(&mappings, json!({}), json!({"project_key": "other"})).await.username(), "global");
    assert_eq!(exchange(&mappings, json!({}), json!({})).await.username(), "global");
    assert_eq!(exchange(&format!("[{project}]"), json!({}), json!({})).await.status, 403);
}

#[tokio::test]
async fn a_token_of_groups_has_the_provider_and_the_mapping_for_its_name() {
    let issuer = Issuer::start().await;
    let scope = "applied-permissions/groups:\"pullers\",";
    let mappings = format!("[{{name: node, priority: 1, token_spec: {{scope: '{scope}', expires_in: 60}}}}]");
    let running = Running::with_mappings(&issuer.url(), &mappings).await;
    let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
    assert_eq!((answer.username(), answer.body["scope"].as_str().unwrap()), ("idp/node", scope));
    assert_eq!(answer.body["expires_in"], 60);
    let state = running.artifactory.state();
    let principal = state.authenticate("idp/node", answer.access_token()).unwrap();
    assert!(principal.may_read("docker-local"));
    assert!(!principal.may_read("docker-test-1"));
    assert_eq!(state.authenticate("node", answer.access_token()).unwrap_err().to_string(), "Wrong username was used");
}

#[tokio::test]
async fn a_pattern_takes_the_user_from_the_claims_or_fails() {
    let mappings = "[{name: anyone, priority: 1, token_spec: {username_pattern: 'idp-{{preferred}}'}}]";
    assert_eq!(exchange(mappings, json!({"preferred": "eve"}), json!({})).await.username(), "idp-eve");
    let answer = exchange(mappings, json!({}), json!({})).await;
    assert_eq!(answer.error(), (400, "BAD_REQUEST", "The token has no claim preferred"));
}

#[tokio::test]
async fn a_pattern_takes_the_groups_from_the_claims() {
    let mappings = "[{name: anyone, priority: 1, token_spec: {groups_pattern: '{{groups}}'}}]";
    let answer = exchange(mappings, json!({"groups": ["pullers", "testers"]}), json!({})).await;
    assert_eq!(answer.body["scope"], "applied-permissions/groups:\"pullers\",\"testers\"");
    assert_eq!(answer.username(), "idp/anyone");
}

#[tokio::test]
async fn a_pattern_verifies_a_claim_and_makes_a_name_of_it() {
    let mappings = "[{name: anyone, priority: 1, token_spec: {username_pattern: '({{mail}})@acme.example | $1'}}]";
    assert_eq!(exchange(mappings, json!({"mail": "eve@acme.example"}), json!({})).await.username(), "eve");
    let answer = exchange(mappings, json!({"mail": "eve@evil.example"}), json!({})).await;
    assert_eq!(answer.error(), (400, "BAD_REQUEST", "The claim mail does not match the pattern"));
    let groups = "[{name: anyone, priority: 1, token_spec: {groups_pattern: '{{groups}} | $0-pull'}}]";
    let answer = exchange(groups, json!({"groups": ["a", "b"]}), json!({})).await;
    assert_eq!(answer.body["scope"], "applied-permissions/groups:\"a-pull\",\"b-pull\"");
}

#[tokio::test]
async fn statuses_that_no_source_tells_are_the_worlds() {
    let issuer = Issuer::start().await;
    for (mappings, status, code) in [
        ("[{name: a, priority: 1, token_spec: {username_pattern: '{{preferred}}'}}]", 403, "FORBIDDEN"),
        ("[{name: a, priority: 1, token_spec: {scope: applied-permissions/user}}]", 401, "UNAUTHORIZED"),
    ] {
        let mut world = world(&issuer.url(), mappings);
        (world.answers.unmatched_pattern, world.answers.nameless_token) = (403, 401);
        let running = Running::start(world, None).await;
        let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
        assert_eq!((answer.error().0, answer.error().1), (status, code), "{mappings}");
    }
}

#[tokio::test]
async fn a_mapping_without_a_user_has_no_name_to_issue() {
    let mappings = "[{name: anyone, priority: 1, token_spec: {scope: applied-permissions/user}}]";
    let answer = exchange(mappings, json!({}), json!({})).await;
    assert_eq!(answer.error(), (400, "BAD_REQUEST", "Invalid formatted name"));
}

#[tokio::test]
async fn a_user_reads_its_own_and_its_groups_repositories_and_no_other() {
    let issuer = Issuer::start().await;
    let running = Running::with_mappings(&issuer.url(), &format!("[{ANYONE_IS_ANN}]")).await;
    let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
    let principal = running.artifactory.state().authenticate("ann", answer.access_token()).unwrap();
    assert!(principal.may_read("docker-local"));
    assert!(principal.may_read("docker-test-1"));
    assert!(!principal.may_read("docker-private"));
}
