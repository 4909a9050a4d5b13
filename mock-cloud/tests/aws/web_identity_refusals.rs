//! Tokens that STS does not take, in its own words.

use std::time::Duration;

use mock_cloud::World;
use mock_kit::Fault;
use serde_json::{Value, json};

use crate::cluster::{Cluster, DISCOVERY, KEYS, ROLE};
use crate::question::error;

const NO_JWT: &str = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
                      AssumeRoleWithWebIdentity documentation for requirements";

fn no_provider(issuer: &str) -> String {
    format!("No OpenIDConnect provider found in your account for {issuer}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_audience_is_incorrect() {
    let cluster = Cluster::default().await;
    for audience in [json!(["pods.eks.amazonaws.com"]), json!("sts.amazonaws.com.cn"), json!(["a", "b"])] {
        let answer = cluster.assume(ROLE, &cluster.token(&json!({"aud": audience})));
        assert_eq!(error(&answer), (400, "InvalidIdentityToken", "Incorrect token audience"), "{audience}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_the_account_has_not_registered_is_unknown_to_it() {
    let cluster = Cluster::default().await;
    let google = format!("{}/google", cluster.cloud.url());
    let foreign = cluster.signed_by("google", &json!({"aud": "sts.amazonaws.com", "sub": "1"}));
    let slash = format!("{}/", cluster.issuer());
    let claims = json!({"iss": slash, "aud": "sts.amazonaws.com", "sub": "system:serviceaccount:default:app"});
    for (issuer, token) in [(google, foreign), (slash, cluster.signed_by("kubernetes", &claims))] {
        let answer = cluster.assume(ROLE, &token);
        assert_eq!(error(&answer), (400, "InvalidIdentityToken", no_provider(&issuer).as_str()));
    }
    let other_account = "arn:aws:iam::444455556666:role/cross-account-pull";
    let answer = cluster.assume(other_account, &cluster.token(&json!({})));
    assert_eq!(error(&answer).2, no_provider(&cluster.issuer()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_of_another_partition_knows_no_provider() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({}));
    let parameters = [("RoleArn", ROLE), ("RoleSessionName", "app-1"), ("WebIdentityToken", token.as_str())];
    assert_eq!(cluster.ask_at("/sts/eu-west-1/", &parameters).status, 200);
    let answer = cluster.ask_at("/sts/us-gov-west-1/", &parameters);
    assert_eq!(error(&answer).2, no_provider(&cluster.issuer()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_over_says_when() {
    let cluster = Cluster::default().await;
    let (issued, expiry) = (cluster.now() - 7200, cluster.now() + 600);
    let token = cluster.token(&json!({"iat": issued, "nbf": issued, "exp": expiry}));
    assert_eq!(cluster.assume(ROLE, &token).status, 200);
    cluster.cloud.kit().clock.advance(Duration::from_secs(601));
    let before = cluster.now();
    let answer = cluster.assume(ROLE, &token);
    let texts = (before..=before + 2)
        .map(|now| format!("Token expired: current date/time {now} must be before the expiration date/time {expiry}"));
    let (status, code, message) = error(&answer);
    assert_eq!((status, code), (400, "ExpiredTokenException"));
    assert!(texts.into_iter().any(|text| text == message), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_future_is_not_taken_yet() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({"nbf": cluster.now() + 300, "exp": cluster.now() + 900}));
    assert_eq!(error(&cluster.assume(ROLE, &token)).1, "InvalidIdentityToken");
    cluster.cloud.kit().clock.advance(Duration::from_secs(300));
    assert_eq!(cluster.assume(ROLE, &token).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_missing_is_named() {
    let cluster = Cluster::default().await;
    for claim in ["aud", "sub"] {
        let answer = cluster.assume(ROLE, &cluster.token(&json!({ claim: Value::Null })));
        let message = format!("Missing a required claim: {claim}");
        assert_eq!(error(&answer), (400, "InvalidIdentityToken", message.as_str()));
    }
    let answer = cluster.assume(ROLE, &cluster.token(&json!({"exp": "soon"})));
    assert_eq!(error(&answer).2, "Missing a required claim: exp");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_token_is_none() {
    let cluster = Cluster::default().await;
    for text in ["abcd", "a.b.c", "e30.e30", "e30.e30.e30.e30", "bm8.bm8.bm8"] {
        assert_eq!(error(&cluster.assume(ROLE, text)), (400, "InvalidIdentityToken", NO_JWT), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_changed_does_not_verify() {
    let cluster = Cluster::default().await;
    let (mine, other) = (cluster.token(&json!({"sub": "system:serviceaccount:a:b"})), cluster.token(&json!({})));
    let (mine, other): (Vec<&str>, Vec<&str>) = (mine.split('.').collect(), other.split('.').collect());
    let without_algorithm = "eyJhbGciOiJub25lIn0";
    let with_shared_secret = "eyJhbGciOiJIUzI1NiJ9";
    for forged in [
        [mine[0], other[1], mine[2]].join("."),
        [without_algorithm, other[1], ""].join("."),
        [with_shared_secret, other[1], other[2]].join("."),
        [other[0], other[1], ""].join("."),
    ] {
        assert_eq!(error(&cluster.assume(ROLE, &forged)), (400, "InvalidIdentityToken", NO_JWT), "{forged}");
    }
    assert_eq!(cluster.assume(ROLE, &other.join(".")).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_issuer_does_not_publish_cannot_be_had() {
    let cluster = Cluster::default().await;
    let claims = json!({
        "iss": cluster.issuer(), "aud": ["sts.amazonaws.com"], "sub": "system:serviceaccount:default:app",
    });
    let foreign = cluster.signed_by("google", &claims);
    assert_eq!(error(&cluster.assume(ROLE, &foreign)), (400, "InvalidIdentityToken", NO_KEY));
    let old = cluster.token(&json!({}));
    cluster.control("/__mock/issuers/kubernetes/rotate", &json!({}));
    let new = cluster.token(&json!({}));
    for token in [&old, &new] {
        assert_eq!(cluster.assume(ROLE, token).status, 200);
    }
    cluster.control("/__mock/issuers/kubernetes/retire", &json!({}));
    assert_eq!(error(&cluster.assume(ROLE, &old)).2, NO_KEY);
    assert_eq!(cluster.assume(ROLE, &new).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_down_is_told_from_one_that_publishes_nothing_usable() {
    let cluster = Cluster::default().await;
    let token = cluster.token(&json!({}));
    let (url, issuer) = (cluster.cloud.url(), cluster.issuer());
    let document = |issuer: &str, keys: &str, leave_out: &str| {
        let mut document = json!({
            "issuer": issuer,
            "jwks_uri": format!("{url}{keys}"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        document.as_object_mut().unwrap().remove(leave_out);
        Fault::reply(DISCOVERY, 200, document.to_string())
    };
    let unusable = |fault| (fault, "InvalidIdentityToken");
    let cases = [
        (Fault::reset(DISCOVERY), "IDPCommunicationError"),
        (Fault::reply(DISCOVERY, 503, ""), "IDPCommunicationError"),
        (Fault::truncate(DISCOVERY), "IDPCommunicationError"),
        (Fault::reset(KEYS), "IDPCommunicationError"),
        (Fault::reply(KEYS, 500, "{}"), "IDPCommunicationError"),
        unusable(Fault::reply(DISCOVERY, 404, "")),
        unusable(Fault::reply(DISCOVERY, 200, "<html>")),
        unusable(Fault::reply(DISCOVERY, 302, "").header("location", "/elsewhere")),
        unusable(Fault::reply(KEYS, 403, "")),
        unusable(Fault::reply(KEYS, 200, r#"{"keys":[]}"#)),
        unusable(document("https://other.test", KEYS, "")),
        unusable(document(&issuer, "/id/none/keys", "")),
        unusable(document(&issuer, KEYS, "jwks_uri")),
        unusable(document(&issuer, KEYS, "response_types_supported")),
        unusable(document(&issuer, KEYS, "subject_types_supported")),
        unusable(document(&issuer, KEYS, "id_token_signing_alg_values_supported")),
    ];
    let faults = &cluster.cloud.kit().faults;
    for (index, (fault, expected)) in cases.into_iter().enumerate() {
        faults.add(fault);
        let answer = cluster.assume(ROLE, &token);
        let (status, code, message) = error(&answer);
        assert_eq!((status, code), (400, expected), "{index}");
        assert!(code == "IDPCommunicationError" || message == NO_KEY, "{message}");
        faults.clear();
    }
    faults.add(document(&issuer, KEYS, ""));
    assert_eq!(cluster.assume(ROLE, &token).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_request_shows_is_answered_before_the_issuer_is_asked() {
    let cluster = Cluster::default().await;
    for claims in [json!({"aud": "a"}), json!({"exp": 1}), json!({"iss": "https://other.test"}), json!({"sub": null})] {
        assert_eq!(cluster.assume(ROLE, &cluster.token(&claims)).status, 400);
    }
    let requests = cluster.cloud.kit().journal.requests();
    assert!(requests.iter().all(|request| request.path == "/"), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_constraint_is_named_and_a_token_is_never_repeated() {
    let cluster = Cluster::default().await;
    let long = "secret".repeat(3334);
    let violation = |what| format!("Value at 'webIdentityToken' failed to satisfy constraint: Member must {what}");
    for (tokens, message) in [
        (&[][..], violation("not be null")),
        (&[""], violation("have length greater than or equal to 4")),
        (&["abc"], violation("have length greater than or equal to 4")),
        (&[long.as_str()], violation("have length less than or equal to 20000")),
    ] {
        let basics = [("RoleArn", ROLE), ("RoleSessionName", "app-1")];
        let token = tokens.iter().map(|token| ("WebIdentityToken", *token));
        let answer = cluster.ask(&basics.into_iter().chain(token).collect::<Vec<_>>());
        let message = format!("1 validation error detected: {message}");
        assert_eq!(error(&answer), (400, "ValidationError", message.as_str()));
    }
    let message = error(&cluster.ask(&[])).2.to_owned();
    assert!(message.starts_with("3 validation errors detected: Value null at 'roleArn'"), "{message}");
    let token = cluster.token(&json!({}));
    let basics = [("RoleArn", "arn:aws:iam::1:role/x/y/z"), ("RoleSessionName", "app-1"), ("WebIdentityToken", &token)];
    assert_eq!(error(&cluster.ask(&basics)), (400, "ValidationError", "arn:aws:iam::1:role/x/y/z is invalid"));
    let malformed = [("RoleArn", ROLE), ("DurationSeconds", "")];
    assert_eq!(error(&cluster.ask(&malformed)), (400, "MalformedInput", "missing value for decimal type"));
    for parameter in ["Policy", "PolicyArns.member.1.arn", "ProviderId"] {
        let parameters =
            [("RoleArn", ROLE), ("RoleSessionName", "app-1"), ("WebIdentityToken", &token), (parameter, "x")];
        assert_eq!(cluster.ask(&parameters).status, 501, "{parameter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_client_ids_takes_no_audience() {
    let world = World::from_yaml("aws: {oidcProviders: [{issuer: '{kubernetes}'}]}").unwrap();
    let cluster = Cluster::start(world).await;
    let answer = cluster.assume(ROLE, &cluster.token(&json!({})));
    assert_eq!(error(&answer).2, "Incorrect token audience");
}
