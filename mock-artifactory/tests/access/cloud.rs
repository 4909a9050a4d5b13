//! Both mocks together: the default worlds agree, and mock STS and the mock issuers decide.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::{v4, v4a};
use aws_smithy_runtime_api::client::identity::Identity;
use mock_artifactory::World;
use mock_cloud::MockCloud;
use serde_json::{Value, json};

use crate::server::{Answer, Running, json_body};

const AZURE: [(&str, &str); 3] = [
    ("tid", "11111111-2222-4333-8444-555555555555"),
    ("oid", "33333333-4444-4555-8666-777777777777"),
    ("aud", "44444444-5555-4666-8777-888888888888"),
];
const GOOGLE: [(&str, &str); 2] =
    [("email", "artifactory-pull@artifactory-demo.iam.gserviceaccount.com"), ("aud", "artifactory")];

struct Both {
    cloud: MockCloud,
    running: Running,
    plain: reqwest::Client,
}

/// The headers of a signed `GetCallerIdentity`.
type Signature = Vec<(String, String)>;

enum Scheme<'a> {
    /// SigV4, for one region.
    Symmetric(&'a str),
    /// SigV4A, for a set of regions.
    Asymmetric(&'a str),
}

impl Both {
    async fn start() -> Self {
        Self::with(mock_cloud::World::default(), World::default()).await
    }

    async fn with(cloud: mock_cloud::World, world: World) -> Self {
        let cloud = MockCloud::start(cloud).await.unwrap();
        let running = Running::start(world, Some(&cloud.url())).await;
        Self { cloud, running, plain: mock_artifactory::trust::client("").unwrap() }
    }

    async fn token(&self, issuer: &str, claims: &[(&str, &str)]) -> String {
        let claims: Value = claims.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let url = format!("{}/__mock/issuers/{issuer}/tokens", self.cloud.url());
        let answer = json_body(self.plain.post(url), &claims).send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()["token"].as_str().unwrap().to_owned()
    }

    /// The instance role's credentials, from IMDSv2.
    async fn credentials(&self, role: &str) -> Value {
        let url = self.cloud.url();
        let ask = self.plain.put(format!("{url}/latest/api/token"));
        let ask = ask.header("x-aws-ec2-metadata-token-ttl-seconds", "60");
        let token = ask.send().await.unwrap().text().await.unwrap();
        let ask = self.plain.get(format!("{url}/latest/meta-data/iam/security-credentials/{role}"));
        let answer = ask.header("x-aws-ec2-metadata-token", token).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    async fn signed(&self, role: &str, host: &str, scheme: Scheme<'_>) -> Signature {
        let credentials = self.credentials(role).await;
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let session = Some(text("Token"));
        let identity: Identity =
            Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), session, None, "test").into();
        let now = u64::try_from(self.cloud.kit().clock.unix()).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        let settings = SigningSettings::default();
        let parameters: SigningParams<'_> = match scheme {
            Scheme::Symmetric(region) => {
                let builder = v4::SigningParams::builder().identity(&identity).region(region);
                builder.name("sts").time(time).settings(settings).build().unwrap().into()
            }
            Scheme::Asymmetric(regions) => {
                let builder = v4a::SigningParams::builder().identity(&identity).region_set(regions);
                builder.name("sts").time(time).settings(settings).build().unwrap().into()
            }
        };
        let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
        let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(b"")).unwrap();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    async fn exchange(&self, region: &str, signature: &Signature) -> Answer {
        let path = format!("/access/api/v1/aws/token?region={region}");
        let mut request = json_body(self.running.request("POST", &path), &json!({"expires_in": 18000}));
        for (name, value) in signature {
            request = request.header(name, value);
        }
        self.running.send(request).await
    }
}

fn changed(signature: &Signature, name: &str, value: &str) -> Signature {
    let mut signature = signature.clone();
    signature.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    signature.push((name.to_owned(), value.to_owned()));
    signature
}

const STS: &str = "sts.us-east-1.amazonaws.com";
const ROLE: &str = "artifactory-pull";

#[tokio::test]
async fn the_instance_role_becomes_its_user_with_either_signature() {
    let both = Both::start().await;
    for scheme in [Scheme::Asymmetric("us-east-1"), Scheme::Asymmetric("*"), Scheme::Symmetric("us-east-1")] {
        let signature = both.signed(ROLE, STS, scheme).await;
        let answer = both.exchange("us-east-1", &signature).await;
        assert_eq!((answer.status, answer.username()), (200, "aws-puller"));
        let principal = both.running.artifactory.state().authenticate("aws-puller", answer.access_token()).unwrap();
        assert!(principal.may_read("docker-local") && !principal.may_read("docker-private"));
    }
}

#[tokio::test]
async fn a_signature_for_the_global_host_goes_without_a_region() {
    let both = Both::start().await;
    let signature = both.signed(ROLE, "sts.amazonaws.com", Scheme::Asymmetric("*")).await;
    assert_eq!(both.exchange("", &signature).await.username(), "aws-puller");
    assert_eq!(both.exchange("us-east-1", &signature).await.error().0, 401);
}

#[tokio::test]
async fn a_region_other_than_the_signed_one_is_refused() {
    let both = Both::start().await;
    let signature = both.signed(ROLE, STS, Scheme::Asymmetric("us-east-1")).await;
    for region in ["us-west-2", "eu-central-1", ""] {
        let answer = both.exchange(region, &signature).await;
        assert_eq!((answer.error().0, answer.error().1), (401, "UNAUTHORIZED"), "{region}");
        assert!(answer.message().contains("SignatureDoesNotMatch"), "{answer:?}");
    }
    let elsewhere = both.signed(ROLE, "sts.us-west-2.amazonaws.com", Scheme::Asymmetric("us-east-1")).await;
    assert_eq!(both.exchange("us-west-2", &elsewhere).await.error().0, 401);
}

#[tokio::test]
async fn changed_headers_are_refused() {
    let both = Both::start().await;
    let signature = both.signed(ROLE, STS, Scheme::Asymmetric("us-east-1")).await;
    assert_eq!(both.exchange("us-east-1", &signature).await.status, 200);
    let value = |name: &str| signature.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).unwrap().1.clone();
    let session = value("x-amz-security-token");
    let other_session = format!("{}{}", if session.starts_with('A') { "B" } else { "A" }, &session[1..]);
    let authorization = value("authorization");
    let end = authorization.len() - 1;
    let flipped = if authorization.ends_with('0') { "1" } else { "0" };
    let tampered = [
        ("authorization", format!("{}{flipped}", &authorization[..end])),
        ("authorization", authorization.replacen("Credential=AS", "Credential=AX", 1)),
        ("x-amz-security-token", other_session),
        ("x-amz-region-set", "*".to_owned()),
        ("x-amz-date", format!("{}1Z", &value("x-amz-date")[..14])),
    ];
    for (name, value) in tampered {
        if signature.iter().any(|(key, old)| key.eq_ignore_ascii_case(name) && *old == value) {
            continue;
        }
        let answer = both.exchange("us-east-1", &changed(&signature, name, &value)).await;
        assert_eq!(answer.error().0, 401, "{name} {value}");
    }
    let mut unsessioned = signature.clone();
    unsessioned.retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-security-token"));
    assert_eq!(both.exchange("us-east-1", &unsessioned).await.error().0, 401);
}

#[tokio::test]
async fn an_old_signature_is_refused() {
    let both = Both::start().await;
    let signature = both.signed(ROLE, STS, Scheme::Asymmetric("us-east-1")).await;
    both.cloud.kit().clock.advance(Duration::from_mins(16));
    let answer = both.exchange("us-east-1", &signature).await;
    assert!(answer.message().contains("SignatureDoesNotMatch"), "{answer:?}");
}

#[tokio::test]
async fn a_role_without_a_user_and_one_of_another_account_are_refused() {
    let unmapped = mock_cloud::World::from_yaml("aws: {roles: [{name: other-role}]}").unwrap();
    let foreign = "aws: {account: '444455556666', roles: [{name: artifactory-pull}]}";
    let foreign = mock_cloud::World::from_yaml(foreign).unwrap();
    for (cloud, role) in [(unmapped, "other-role"), (foreign, ROLE)] {
        let both = Both::with(cloud, World::default()).await;
        let signature = both.signed(role, STS, Scheme::Asymmetric("us-east-1")).await;
        let answer = both.exchange("us-east-1", &signature).await;
        assert_eq!(answer.error(), (403, "FORBIDDEN", "No user has the caller's role"));
    }
}

#[tokio::test]
async fn one_provider_serves_every_cloud_and_each_cloud_has_its_own() {
    let both = Both::start().await;
    let azure = both.token("azure", &AZURE).await;
    let google = both.token("google", &GOOGLE).await;
    let exchange =
        async |token: &str, provider: &str| both.running.exchange(token, json!({"provider_name": provider})).await;
    assert_eq!(exchange(&azure, "mock-cloud").await.username(), "azure-puller");
    assert_eq!(exchange(&azure, "azure").await.username(), "azure-puller");
    assert_eq!(exchange(&google, "mock-cloud").await.username(), "mock-cloud/google-node");
    assert_eq!(exchange(&google, "google").await.username(), "google/google-node");
    assert_eq!(exchange(&google, "azure").await.message(), "Invalid token, issuer");
    assert_eq!(exchange(&azure, "google").await.message(), "Invalid token, issuer");
}

#[tokio::test]
async fn the_default_worlds_audiences_are_those_that_the_incumbent_sends() {
    let both = Both::start().await;
    let azure = both.token("azure", &AZURE).await;
    let google = both.token("google", &GOOGLE).await;
    let exchange = async |token: &str, audience: &str| {
        let fields = json!({"provider_name": "mock-cloud", "audience": audience});
        both.running.exchange(token, fields).await.status
    };
    assert_eq!((exchange(&azure, "*@*").await, exchange(&google, "artifactory").await), (200, 200));
    assert_eq!((exchange(&azure, "artifactory").await, exchange(&google, "*@*").await), (400, 400));
}

#[tokio::test]
async fn an_identity_that_the_default_world_does_not_know_is_refused() {
    let both = Both::start().await;
    for (index, name) in ["tid", "oid", "aud"].into_iter().enumerate() {
        let mut claims = AZURE;
        claims[index].1 = "66666666-7777-4888-8999-000000000000";
        let token = both.token("azure", &claims).await;
        let answer = both.running.exchange(&token, json!({"provider_name": "azure"})).await;
        assert_eq!(answer.error().0, 403, "{name}");
    }
    for claims in [[GOOGLE[0], ("aud", "other")], [("email", "eve@example.com"), GOOGLE[1]]] {
        let token = both.token("google", &claims).await;
        let answer = both.running.exchange(&token, json!({"provider_name": "google"})).await;
        assert_eq!(answer.error().0, 403, "{claims:?}");
    }
}

#[tokio::test]
async fn a_rotated_issuer_is_followed() {
    let both = Both::start().await;
    let fields = json!({"provider_name": "google"});
    let before = both.token("google", &GOOGLE).await;
    assert_eq!(both.running.exchange(&before, fields.clone()).await.status, 200);
    let rotate = format!("{}/__mock/issuers/google/rotate", both.cloud.url());
    assert!(both.plain.post(rotate).send().await.unwrap().status().is_success());
    let after = both.token("google", &GOOGLE).await;
    assert_eq!(both.running.exchange(&after, fields).await.status, 200);
}

#[tokio::test]
async fn one_authority_certifies_both_mocks() {
    let both = Both::start().await;
    let ca = both.cloud.authority().certificate_pem();
    assert_eq!(both.running.artifactory.ca_pem().trim(), ca.trim());
    let client = mock_artifactory::trust::client(ca).unwrap();
    for url in [
        format!("{}/artifactory/api/system/ping", both.running.artifactory.url()),
        format!("{}/latest/", both.cloud.tls_url()),
    ] {
        assert!(client.get(&url).send().await.is_ok(), "{url}");
    }
}

#[tokio::test]
async fn a_cloud_that_cannot_certify_is_trusted_beside_an_own_authority() {
    let identity = mock_kit::Authority::generate().issue(&["127.0.0.1".to_owned()]);
    let listeners =
        mock_cloud::Listeners { certificates: mock_cloud::Certificates::Given(identity), ..Default::default() };
    let cloud = MockCloud::start_on(mock_cloud::World::default(), listeners).await.unwrap();
    let running = Running::start(World::default(), Some(&cloud.url())).await;
    assert_eq!(running.send(running.request("GET", "/access/api/v1/system/readiness")).await.status, 200);
}

#[tokio::test]
async fn the_environment_points_at_the_mock_and_its_provider() {
    let both = Both::start().await;
    let environment = both.running.artifactory.environment();
    let expected = [
        ("artifactory_url".to_owned(), both.running.artifactory.host()),
        ("jfrog_oidc_provider_name".to_owned(), "mock-cloud".to_owned()),
    ];
    assert_eq!(environment, expected.into());
}

#[tokio::test]
async fn without_a_cloud_its_providers_are_left_out() {
    let running = Running::start(World::default(), None).await;
    assert!(!running.artifactory.environment().contains_key("jfrog_oidc_provider_name"));
    assert_eq!(running.administer("GET", "/access/api/v1/oidc", &Value::Null).await.body, json!([]));
    assert_eq!(running.exchange("a.b.c", json!({"provider_name": "azure"})).await.status, 404);
}

#[tokio::test]
async fn an_issuer_that_the_cloud_does_not_have_stops_the_start() {
    let cloud = MockCloud::start(mock_cloud::World::default()).await.unwrap();
    let world = "service_id: jfac@1\nproviders: [{name: idp, issuer: {trusted: gitlab}}]";
    let world = World::from_yaml(world).unwrap();
    let error = mock_artifactory::MockArtifactory::start(world, Some(&cloud.url())).await.err().unwrap();
    assert!(error.to_string().contains("`gitlab`"), "{error}");
}
