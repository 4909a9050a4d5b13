//! Each identity's example, set up as it says: a pull with it, and none where one part of it is missing or different.

use crate::example::Example;
use crate::site::Site;

/// Every folder of an identity.
fn folders() -> Vec<&'static str> {
    let mut folders = vec![
        "aws-instance-role",
        "aws-web-identity",
        "aws-pod-identity",
        "aws-cognito",
        "azure-managed-identity",
        "azure-federated",
        "azure-workload-identity",
        "google-metadata",
        "google-impersonation",
        "google-workload-identity",
        "google-application-default",
        "service-account-token",
    ];
    folders.extend(cfg!(feature = "aws-sdk").then_some("aws-external-role"));
    folders
}

/// What the folder says somebody else on the node writes.
fn write_token(folder: &str, site: &Site) {
    let audience = if folder == "google-application-default" { "google-sts" } else { "artifactory" };
    site.file("token", site.pod_token("app", audience));
}

#[tokio::test]
async fn each_example_pulls_once_artifactory_has_its_mapping_and_not_before() {
    for folder in folders() {
        let example = Example::of(folder);
        let site = example.unmapped_site().await;
        write_token(folder, &site);
        let outcome = example.pull(&site).await;
        assert!(outcome.failure(5).contains("mapping"), "{folder}: {}", outcome.stderr);
        example.map(&site).await;
        let (username, password) = example.pull(&site).await.credential(&site.host());
        assert_eq!(username, example.user(), "{folder}");
        assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200, "{folder}");
        assert_eq!(site.read_manifest("docker-private", &username, &password).await, 403, "{folder}");
    }
}

/// A folder, one of its files, a text in it, what is there instead, the exit code, and what the explanation names.
type Refusal = (&'static str, &'static str, &'static str, &'static str, i32, &'static str);

const REFUSALS: [Refusal; 16] = [
    ("aws-instance-role", "trust-policy.json", "ec2", "lambda", 4, "ec2.amazonaws.com must be allowed sts:AssumeRole"),
    ("aws-instance-role", "iam-role.json", "eks-node", "other", 5, "iam_role mapping"),
    ("aws-web-identity", "trust-policy.json", "default:app", "default:other", 4, "system:serviceaccount:default:app"),
    ("aws-web-identity", "trust-policy.json", ":aud\": \"sts", ":aud\": \"other", 4, ":aud\": \"sts.amazonaws.com"),
    (
        "aws-web-identity",
        "open-id-connect-provider.json",
        "sts.amazonaws.com",
        "other",
        4,
        "client id `sts.amazonaws.com`",
    ),
    ("aws-pod-identity", "trust-policy.json", "sts:TagSession", "sts:GetSessionToken", 4, "sts:TagSession"),
    ("aws-pod-identity", "association.json", "\"app\"", "\"other\"", 4, "create a Pod Identity association"),
    ("aws-cognito", "policy.json", "ListUserPools", "ListUsers", 4, "cognito-idp:ListUserPools"),
    ("aws-cognito", "identity-mapping.json", "artifactory/pull", "artifactory/push", 5, "identity mapping"),
    ("azure-managed-identity", "identity-mapping.json", "33333333-", "00000000-", 5, "identity mapping"),
    ("azure-federated", "federated-identity-credential.json", "33333333-", "00000000-", 4, "AADSTS700213"),
    (
        "azure-workload-identity",
        "federated-identity-credential.json",
        "default:app",
        "default:other",
        4,
        "AADSTS700213",
    ),
    ("google-metadata", "identity-mapping.json", "nodes@", "others@", 5, "identity mapping"),
    ("google-impersonation", "policy.json", "nodes@", "others@", 4, "IAM_PERMISSION_DENIED"),
    ("google-workload-identity", "pool-provider.json", "== 'default'", "== 'other'", 4, "attribute condition"),
    ("service-account-token", "identity-mapping.json", "default:*", "other:*", 5, "identity mapping"),
];

#[tokio::test]
async fn each_example_with_one_text_changed_is_refused() {
    for (folder, file, from, to, code, named) in REFUSALS {
        assert_refused(&Example::of(folder).with(file, from, to), code, named).await;
    }
    if cfg!(feature = "aws-sdk") {
        let example = || Example::of("aws-external-role");
        assert_refused(&example().with("trust-policy.json", "-external-id", "-other"), 4, "sts:ExternalId").await;
        assert_refused(&example().with("policy.json", "cross-account-pull", "other"), 4, "cross-account-pull").await;
    }
}

async fn assert_refused(example: &Example, code: i32, named: &str) {
    let site = example.site().await;
    let outcome = example.pull(&site).await;
    assert!(outcome.failure(code).contains(named), "{named}: {}", outcome.stderr);
}

/// The variables know no external id; the file does.
#[cfg(feature = "aws-sdk")]
#[tokio::test]
async fn the_variables_of_another_accounts_role_are_enough_without_an_external_id() {
    let condition = r#"{"StringEquals": {"sts:ExternalId": "artifactory-external-id"}}"#;
    let open = Example::of("aws-external-role").with("trust-policy.json", condition, "{}");
    let site = open.site().await;
    let outcome = open.pull_with(&site, "kubelet-environment.yaml", &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, open.user());
}

#[tokio::test]
async fn without_a_pods_token_the_clusters_example_takes_the_nodes() {
    let example = Example::of("service-account-token").with(
        "kubelet.yaml",
        "serviceAccountTokenAudience",
        "serviceAccountTokenAudienceOfNobody",
    );
    let site = example.site().await;
    let outcome = example.pull(&site).await;
    assert!(outcome.failure(4).contains("serviceAccountTokenFile.path"), "{}", outcome.stderr);
    write_token("service-account-token", &site);
    assert_eq!(example.pull(&site).await.credential(&site.host()).0, example.user());
}

#[test]
fn one_account_of_google_has_one_set_up_in_artifactory() {
    let (one, others) = ("google-impersonation", ["google-workload-identity", "google-application-default"]);
    for (other, name) in
        others.into_iter().flat_map(|other| [(other, "oidc-provider.json"), (other, "identity-mapping.json")])
    {
        assert_eq!(Example::of(one).text(name), Example::of(other).text(name), "{other}/{name}");
    }
}

#[test]
fn nodes_may_ask_for_tokens_of_every_audience_that_an_entry_names() {
    let rbac = Example::of(".").text("rbac.yaml");
    let rules = rbac.split("---").next().expect("a role");
    let rules: serde_json::Value = serde_saphyr::from_str(rules).expect("YAML");
    let mut named = Vec::new();
    for folder in folders() {
        let entry = Example::of(folder).yaml("kubelet.yaml")["providers"][0].take();
        named.extend(entry["tokenAttributes"]["serviceAccountTokenAudience"].as_str().map(str::to_owned));
    }
    named.sort();
    let mut allowed: Vec<_> = rules["rules"][0]["resources"]
        .as_array()
        .expect("audiences")
        .iter()
        .filter_map(|audience| audience.as_str())
        .collect();
    allowed.sort_unstable();
    assert_eq!(named, allowed);
}
