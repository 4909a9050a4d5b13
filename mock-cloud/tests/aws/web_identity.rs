//! `AssumeRoleWithWebIdentity`: a pod's token for a role's session.

use std::time::Duration;

use mock_cloud::World;
use serde_json::json;

use crate::cluster::{Cluster, DISCOVERY, KEYS, ROLE};
use crate::question::{Question, credentials, element, error, form};
use crate::renewal::unix;
use crate::wire::send;

const DENIED: (u16, &str, &str) = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");

/// A world whose role trusts the cluster's pods under a condition.
fn trusting(condition: &str) -> World {
    let yaml = format!(
        "
aws:
  otherRoles:
    - name: conditional
      path: /pods/
      maxSessionDuration: 43200
      trust:
        Statement:
          Effect: Allow
          Principal: {{Federated: 'arn:aws:iam::111122223333:oidc-provider/{{kubernetes}}'}}
          Action: sts:AssumeRoleWithWebIdentity
          Condition: {condition}
"
    );
    World::from_yaml(&yaml).unwrap()
}

const CONDITIONAL: &str = "arn:aws:iam::111122223333:role/pods/conditional";

#[tokio::test(flavor = "multi_thread")]
async fn a_pods_token_opens_a_session_without_any_signature() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({}));
    let answer = cluster.assume(ROLE, &token);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = answer.header("x-amzn-requestid").unwrap();
    let [role_id, key, secret, session_token, end] =
        ["AssumedRoleId", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
            .map(|name| element(&answer, name));
    let provider = cluster.issuer().replace("http://", "");
    assert_eq!(
        answer.body,
        format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
             <AssumeRoleWithWebIdentityResult>\n    <Audience>sts.amazonaws.com</Audience>\n    <AssumedRoleUser>\n      \
             <AssumedRoleId>{role_id}</AssumedRoleId>\n      \
             <Arn>arn:aws:sts::111122223333:assumed-role/web-identity-pull/app-1</Arn>\n    </AssumedRoleUser>\n    \
             <Provider>arn:aws:iam::111122223333:oidc-provider/{provider}</Provider>\n    <Credentials>\n      \
             <AccessKeyId>{key}</AccessKeyId>\n      <SecretAccessKey>{secret}</SecretAccessKey>\n      \
             <SessionToken>{session_token}</SessionToken>\n      <Expiration>{end}</Expiration>\n    </Credentials>\n    \
             <SubjectFromWebIdentityToken>system:serviceaccount:default:app</SubjectFromWebIdentityToken>\n  \
             </AssumeRoleWithWebIdentityResult>\n  <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  \
             </ResponseMetadata>\n</AssumeRoleWithWebIdentityResponse>\n"
        )
    );
    let identity = cluster.ask_as(&credentials(&answer), &Question::default());
    assert_eq!(element(&identity, "Arn"), "arn:aws:sts::111122223333:assumed-role/web-identity-pull/app-1");
    assert_eq!(element(&identity, "UserId"), role_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_question_may_be_a_get_and_whatever_signature_it_has_is_passed_over() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({}));
    let query = form(&[
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "app-1"),
        ("WebIdentityToken", &token),
    ]);
    for authorization in [None, Some("AWS4-HMAC-SHA256 Credential=a"), Some("Bearer x")] {
        let authorization = authorization.map(|value| ("authorization", value));
        let headers: Vec<_> = [("connection", "close")].into_iter().chain(authorization).collect();
        let answer = send(cluster.address, "GET", &format!("/?{query}"), &headers, b"");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_pod_is_denied() {
    let cluster = Cluster::default().await;
    for subject in [
        "system:serviceaccount:default:other",
        "system:serviceaccount:kube-system:app",
        "system:serviceaccount:default:app2",
    ] {
        let answer = cluster.assume(ROLE, &cluster.token(&json!({"sub": subject})));
        assert_eq!(error(&answer), DENIED, "{subject}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_exist_or_trusts_others_is_denied_alike() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({}));
    for role in ["nobody", "artifactory-pull", "pod-identity-pull"] {
        let answer = cluster.assume(&format!("arn:aws:iam::111122223333:role/{role}"), &token);
        assert_eq!(error(&answer), DENIED, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conditions_of_the_role_decide() {
    for (condition, granted) in [
        ("{StringLike: {'{kubernetes}:sub': 'system:serviceaccount:default:*'}}", true),
        ("{StringLike: {'{kubernetes}:sub': 'system:serviceaccount:kube-*:app'}}", false),
        ("{StringEquals: {'{kubernetes}:sub': 'system:serviceaccount:default:*'}}", false),
        ("{StringEquals: {'{kubernetes}:sub': ['x', 'system:serviceaccount:default:app']}}", true),
        ("{StringEquals: {'{kubernetes}:aud': sts.amazonaws.com}}", true),
        ("{StringEquals: {'{kubernetes}:aud': pods.eks.amazonaws.com}}", false),
        ("{StringEquals: {'oidc.eks.us-east-1.amazonaws.com/id/AB:aud': sts.amazonaws.com}}", false),
        ("{StringLike: {sts:RoleSessionName: 'app-*'}}", true),
        ("{StringLike: {sts:RoleSessionName: 'web-*'}}", false),
        ("{ArnLike: {aws:FederatedProvider: 'arn:aws:iam::111122223333:oidc-provider/*'}}", true),
        ("{'Null': {'{kubernetes}:amr': 'true'}}", true),
        ("{}", true),
    ] {
        let cluster = Cluster::start(trusting(condition)).await;
        let answer = cluster.assume(CONDITIONAL, &cluster.token(&json!({})));
        if granted {
            assert_eq!(element(&answer, "Arn"), "arn:aws:sts::111122223333:assumed-role/conditional/app-1");
        } else {
            assert_eq!(error(&answer), DENIED, "{condition}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_audience_of_several_will_do_and_is_the_one_that_is_told() {
    let cluster = Cluster::default().await;
    let answer =
        cluster.assume(ROLE, &cluster.token(&json!({"aud": ["https://kubernetes.default.svc", "sts.amazonaws.com"]})));
    assert_eq!(element(&answer, "Audience"), "sts.amazonaws.com");
    let answer = cluster.assume(ROLE, &cluster.token(&json!({"aud": "sts.amazonaws.com"})));
    assert_eq!(element(&answer, "Audience"), "sts.amazonaws.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_as_long_as_the_role_allows_and_outlives_its_token() {
    let cluster = Cluster::start(trusting("{}")).await;
    let ask = |seconds: &[&str], role_arn| {
        let token = cluster.token(&json!({"exp": cluster.now() + 60}));
        let basics = [("RoleArn", role_arn), ("RoleSessionName", "app-1"), ("WebIdentityToken", token.as_str())];
        let duration = seconds.iter().map(|seconds| ("DurationSeconds", *seconds));
        cluster.ask(&basics.into_iter().chain(duration).collect::<Vec<_>>())
    };
    for (seconds, lifetime) in [(&[][..], 3600), (&["900"], 900), (&["43200"], 43_200)] {
        let before = cluster.now();
        let end = unix(element(&ask(seconds, CONDITIONAL), "Expiration"));
        assert!((lifetime..lifetime + 3).contains(&(end - before)), "{seconds:?}");
    }
    let message = "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member \
                   must have value less than or equal to 43200";
    assert_eq!(error(&ask(&["43201"], CONDITIONAL)), (400, "ValidationError", message));

    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({}));
    let ask = |seconds| {
        let basics = [("RoleArn", ROLE), ("RoleSessionName", "app-1"), ("WebIdentityToken", token.as_str())];
        cluster.ask(&[basics.as_slice(), &[("DurationSeconds", seconds)]].concat())
    };
    assert_eq!(ask("3600").status, 200);
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert_eq!(error(&ask("3601")), (400, "ValidationError", message));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_ends_of_a_pull_expire_by_different_names() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({"exp": cluster.now() + 600}));
    let session = credentials(&cluster.assume(ROLE, &token));
    cluster.cloud.kit().clock.advance(Duration::from_hours(1));
    let answer = cluster.assume(ROLE, &token);
    assert_eq!((answer.status, element(&answer, "Code")), (400, "ExpiredTokenException"));
    let answer = cluster.ask_as(&session, &Question::default());
    assert_eq!((answer.status, element(&answer, "Code")), (403, "ExpiredToken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issuer_is_asked_for_its_document_and_its_keys_once_each() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({}));
    assert_eq!(cluster.assume(ROLE, &token).status, 200);
    let requests = cluster.cloud.kit().journal.requests();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths.iter().filter(|path| [DISCOVERY, KEYS].contains(path)).count(), 2, "{paths:?}");
    let of_sts = requests.iter().filter(|request| {
        request.headers.iter().any(|(name, value)| name == "user-agent" && value == "mock-cloud-sts")
    });
    assert_eq!(of_sts.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_a_world_names_is_asked_where_it_is_published() {
    let issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
    let mut world = World::default();
    world.kubernetes.issuer = Some(issuer.into());
    let cluster = Cluster::start(world).await;
    let answer = cluster.assume(ROLE, &cluster.token(&json!({})));
    let provider = issuer.replace("https://", "arn:aws:iam::111122223333:oidc-provider/");
    assert_eq!(element(&answer, "Provider"), provider);
}
