//! The EKS Pod Identity agent, asked by a node with the token of a pod.

use std::time::Duration;

use mock_cloud::aws::pod_identity::SessionTagging;
use mock_cloud::aws::world::{Role, Trust};
use mock_cloud::kubernetes::{Pod, TokenRequest};
use mock_cloud::{MockCloud, World};
use reqwest::Response;
use serde_json::{Value, json};

use crate::client::{client, get, header, json, post, start};
use crate::signer::{Call, Key};

const AUDIENCE: &str = "pods.eks.amazonaws.com";
const POD: &str = "deployment-7d4b9c5f8-abcde";
const UID: &str = "7d3f1c52-9b1e-4f0a-8c6d-2e4b5a6c7d8e";

fn token_for(cloud: &MockCloud, account: &str, audience: &str) -> String {
    let request = TokenRequest::bound(audience, Pod { name: POD.into(), uid: UID.into() });
    cloud.service_account_token("default", account, &request).unwrap().token
}

fn token(cloud: &MockCloud) -> String {
    token_for(cloud, "pod-identity", AUDIENCE)
}

async fn ask(cloud: &MockCloud, token: &str) -> Response {
    get(cloud, "/v1/credentials").header("authorization", token).send().await.unwrap()
}

/// The status and the text of a refusal, which Go wrote.
async fn refusal(response: Response) -> (u16, String) {
    assert_eq!(header(&response, "content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
    let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
    (status, text.strip_suffix('\n').unwrap().to_owned())
}

/// The status and what follows the request id in an error of EKS Auth.
async fn eks_auth_refusal(response: Response) -> (u16, String) {
    let (status, text) = refusal(response).await;
    let (id, rest) = text.strip_prefix('[').unwrap().split_once("]: ").unwrap();
    assert_eq!(id.len(), 36, "{text}");
    (status, rest.to_owned())
}

async fn start_with(change: impl FnOnce(&mut World)) -> MockCloud {
    let mut world = World::default();
    change(&mut world);
    MockCloud::start(world).await.unwrap()
}

/// Who STS says that credentials are.
async fn caller(cloud: &MockCloud, credentials: &Value) -> String {
    let call = Call {
        service: "sts",
        region: "us-east-1",
        host: None,
        target: "none",
        content_type: "application/x-www-form-urlencoded",
        body: "Action=GetCallerIdentity&Version=2011-06-15".into(),
    };
    let answer = call.ask(cloud, &Key::of(credentials)).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    text.split_once("<Arn>").unwrap().1.split_once("</Arn>").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_token_of_a_pod_gives_credentials_of_the_role_that_sts_knows() {
    let cloud = start().await;
    let answer = ask(&cloud, &token(&cloud)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    let text = answer.text().await.unwrap();
    let credentials: Value = serde_json::from_str(&text).unwrap();
    let order = [
        "{\"AccessKeyId\":\"ASIA",
        "\",\"SecretAccessKey\":\"",
        "\",\"Token\":\"",
        "\",\"AccountId\":\"111122223333\",\"Expiration\":\"",
    ];
    let places: Vec<_> = order.iter().map(|part| text.find(part).unwrap()).collect();
    assert!(places.is_sorted() && places[0] == 0 && text.ends_with("Z\"}"), "{places:?}");
    assert_eq!(credentials.as_object().unwrap().len(), 5);
    let expiry = credentials["Expiration"].as_str().unwrap();
    let expiry = time::OffsetDateTime::parse(expiry, &time::format_description::well_known::Rfc3339).unwrap();
    let left = expiry.unix_timestamp() - cloud.kit().clock.unix();
    assert!((21_590..=21_600).contains(&left), "{left}");
    let arn = caller(&cloud, &credentials).await;
    let start = "arn:aws:sts::111122223333:assumed-role/pod-identity-pull/eks-artifactor-deployment-";
    assert_eq!(arn.strip_prefix(start).unwrap().len(), 36, "{arn}");
    for name in ["SecretAccessKey", "Token"] {
        assert!(cloud.secrets().contains(&credentials[name].as_str().unwrap().to_owned()));
    }
}

#[tokio::test]
async fn any_method_will_do_and_no_other_path() {
    let cloud = start().await;
    let url = format!("{}/v1/credentials", cloud.url());
    let posted = client(None).post(&url).header("authorization", token(&cloud)).send().await.unwrap();
    assert_eq!(posted.status(), 200);
    for path in ["/v1/credential", "/", "/v1/credentials/"] {
        let answer = get(&cloud, path).header("host", "169.254.170.23").send().await.unwrap();
        assert_eq!(refusal(answer).await, (404, "404 page not found".into()), "{path}");
    }
}

#[tokio::test]
async fn the_agent_is_called_by_its_own_addresses_or_a_loopback_one() {
    let cloud = start().await;
    let at = async |host: &str| {
        let request = get(&cloud, "/v1/credentials").header("host", host).header("authorization", token(&cloud));
        request.send().await.unwrap()
    };
    for host in ["169.254.170.23", "169.254.170.23:80", "[fd00:ec2::23]", "localhost:9", "[::1]:9"] {
        assert_eq!(at(host).await.status(), 200, "{host}");
    }
    for (host, called) in [("agent.example:80", "agent.example"), ("169.254.170.2", "169.254.170.2")] {
        let text = format!(
            "Access Denied. Called agent through invalid address, please use either [169.254.170.23 fd00:ec2::23] \
             address not {called}"
        );
        assert_eq!(refusal(at(host).await).await, (403, text));
    }
}

#[tokio::test]
async fn a_request_without_a_token_or_with_what_is_none_is_refused() {
    let cloud = start().await;
    let none = get(&cloud, "/v1/credentials").send().await.unwrap();
    assert_eq!(refusal(none).await, (400, "Service account token cannot be empty".into()));
    let malformed = "Service account token cannot be parsed: token is malformed: ";
    let bearer = format!("Bearer {}", token(&cloud));
    for (token, text) in [
        ("nonsense", "token contains an invalid number of segments"),
        (&*bearer, "could not base64 decode header: illegal base64 data at input byte 6"),
    ] {
        assert_eq!(refusal(ask(&cloud, token).await).await, (400, format!("{malformed}{text}")));
    }
}

#[tokio::test]
async fn a_token_whose_time_is_over_or_has_not_come_is_refused_by_the_agent() {
    let cloud = start().await;
    let token = token(&cloud);
    assert_eq!(ask(&cloud, &token).await.status(), 200);
    cloud.kit().clock.advance(Duration::from_secs(3601));
    let basic = "Service account token failed basic claim validations: ";
    assert_eq!(refusal(ask(&cloud, &token).await).await, (400, format!("{basic}token is expired")));
    let later = cloud.kit().clock.unix() + 60;
    let claims = json!({"nbf": later, "iat": later, "exp": later + 600});
    let early = json(post(&cloud, "/__mock/issuers/kubernetes/tokens", &claims).await).await;
    let early = early["token"].as_str().unwrap();
    assert_eq!(refusal(ask(&cloud, early).await).await, (400, format!("{basic}token is not valid yet")));
}

#[tokio::test]
async fn a_token_that_is_bound_to_no_pod_is_refused() {
    let cloud = start().await;
    let request = TokenRequest { audiences: vec![AUDIENCE.into()], ..TokenRequest::default() };
    let unbound = cloud.service_account_token("default", "pod-identity", &request).unwrap().token;
    let text = "Service account token missing pod claims";
    assert_eq!(refusal(ask(&cloud, &unbound).await).await, (400, text.into()));
}

#[tokio::test]
async fn eks_auth_refuses_a_token_for_another_audience() {
    let cloud = start().await;
    let token = token_for(&cloud, "pod-identity", "sts.amazonaws.com");
    let text = "(InvalidTokenException): The specified Kubernetes service account token is invalid., fault: client";
    assert_eq!(eks_auth_refusal(ask(&cloud, &token).await).await, (400, text.into()));
}

#[tokio::test]
async fn eks_auth_refuses_a_token_that_the_cluster_did_not_sign() {
    let (cloud, other) = (start().await, start().await);
    let (ours, theirs) = (token(&cloud), token(&other));
    let head = |token: &str| token.rsplit_once('.').unwrap().0.to_owned();
    let mut signature = ours.rsplit_once('.').unwrap().1.to_owned();
    signature.replace_range(0..1, if signature.starts_with('A') { "B" } else { "A" });
    let altered = format!("{}.{signature}", head(&ours));
    let exchanged = format!("{}.{}", head(&token(&cloud)), ours.rsplit_once('.').unwrap().1);
    for token in [theirs, altered, exchanged] {
        let (status, text) = eks_auth_refusal(ask(&cloud, &token).await).await;
        assert_eq!(status, 400);
        assert!(text.starts_with("(InvalidTokenException): "), "{text}");
    }
    assert_eq!(ask(&cloud, &ours).await.status(), 200);
}

#[tokio::test]
async fn a_service_account_without_an_association_is_not_found() {
    let cloud = start().await;
    for account in ["app", "plain"] {
        let token = token_for(&cloud, account, AUDIENCE);
        let text = "(ResourceNotFoundException): The token included in the request has no service account role \
                    association for it., fault: client";
        assert_eq!(eks_auth_refusal(ask(&cloud, &token).await).await, (404, text.into()));
    }
}

#[tokio::test]
async fn an_association_is_for_its_namespace() {
    let cloud = start_with(|world| world.aws.pod_identity.associations[0].namespace = "other".into()).await;
    assert_eq!(eks_auth_refusal(ask(&cloud, &token(&cloud)).await).await.0, 404);
}

#[tokio::test]
async fn a_role_that_does_not_trust_pods_is_not_assumed() {
    for role in ["arn:aws:iam::111122223333:role/web-identity-pull", "arn:aws:iam::111122223333:role/none"] {
        let cloud = start_with(|world| world.aws.pod_identity.associations[0].role = role.into()).await;
        let text = "(AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the \
                    associated role., fault: client";
        assert_eq!(eks_auth_refusal(ask(&cloud, &token(&cloud)).await).await, (400, text.into()));
    }
}

fn trusting(actions: &str, condition: &str) -> Role {
    let yaml = format!(
        "{{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: {{Service: pods.eks.amazonaws.com}}, \
         Action: {actions}, Condition: {condition}}}]}}"
    );
    let world =
        World::from_yaml(&format!("aws: {{otherRoles: [{{name: pod-identity-pull, trust: {yaml}}}]}}")).unwrap();
    let role = world.aws.other_roles[0].clone();
    assert!(matches!(role.trust, Trust::Policy(_)));
    role
}

#[tokio::test]
async fn the_trust_policy_of_the_role_sees_the_cluster_and_the_tags() {
    let both = "['sts:AssumeRole', 'sts:TagSession']";
    let equals = |key: &str, value: &str| format!("{{StringEquals: {{'{key}': '{value}'}}}}");
    let cluster = "arn:aws:eks:us-east-1:111122223333:cluster/artifactory-demo";
    for (actions, condition, status) in [
        (both, "{}".into(), 200),
        ("sts:AssumeRole", "{}".into(), 400),
        (both, equals("aws:SourceArn", cluster), 200),
        (both, equals("aws:SourceArn", "arn:aws:eks:us-east-1:111122223333:cluster/other"), 400),
        (both, equals("aws:SourceAccount", "111122223333"), 200),
        (both, equals("aws:RequestTag/eks-cluster-name", "artifactory-demo"), 200),
        (both, equals("aws:RequestTag/eks-cluster-arn", cluster), 200),
        (both, equals("aws:RequestTag/kubernetes-namespace", "default"), 200),
        (both, equals("aws:RequestTag/kubernetes-namespace", "other"), 400),
        (both, equals("aws:RequestTag/kubernetes-service-account", "pod-identity"), 200),
        (both, equals("aws:RequestTag/kubernetes-pod-name", POD), 200),
        (both, equals("aws:RequestTag/kubernetes-pod-uid", UID), 200),
        (both, equals("aws:RequestTag/kubernetes-pod-uid", "00000000-0000-4000-8000-000000000000"), 400),
    ] {
        let role = trusting(actions, &condition);
        let cloud = start_with(|world| world.aws.other_roles = vec![role]).await;
        assert_eq!(ask(&cloud, &token(&cloud)).await.status(), status, "{actions} {condition}");
    }
}

#[tokio::test]
async fn an_association_may_leave_out_the_tags() {
    for (tags, status) in [(SessionTagging::Enabled, 400), (SessionTagging::Disabled, 200)] {
        let role = trusting("sts:AssumeRole", "{}");
        let cloud = start_with(|world| {
            world.aws.other_roles = vec![role];
            world.aws.pod_identity.associations[0].session_tags = tags;
        })
        .await;
        assert_eq!(ask(&cloud, &token(&cloud)).await.status(), status);
    }
}

#[tokio::test]
async fn the_node_itself_must_be_allowed_to_ask() {
    let idle = Role::new("idle", Trust::Ec2);
    let cloud = start_with(|world| world.aws.roles = vec![idle]).await;
    let text = "(AccessDeniedException): User: arn:aws:sts::111122223333:assumed-role/idle/i-0123456789abcdef0 is not \
                authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: \
                arn:aws:eks:us-east-1:111122223333:cluster/artifactory-demo because no identity-based policy allows \
                the eks-auth:AssumeRoleForPodIdentity action, fault: client";
    assert_eq!(eks_auth_refusal(ask(&cloud, &token(&cloud)).await).await, (400, text.into()));
    let cloud = start_with(|world| world.aws.roles.clear()).await;
    let (status, text) = refusal(ask(&cloud, &token(&cloud)).await).await;
    assert_eq!(status, 500);
    assert!(text.contains("no EC2 IMDS role found"), "{text}");
}

#[tokio::test]
async fn the_same_token_gets_the_same_credentials_for_three_hours_and_another_token_others() {
    let cloud = start().await;
    let request = TokenRequest { expiration_seconds: Some(86_400), ..TokenRequest::bound(AUDIENCE, Pod::new(POD)) };
    let token_of_a_day = cloud.service_account_token("default", "pod-identity", &request).unwrap().token;
    let first = json(ask(&cloud, &token_of_a_day).await).await;
    let other = json(ask(&cloud, &token(&cloud)).await).await;
    assert_ne!(first["AccessKeyId"], other["AccessKeyId"]);
    cloud.kit().clock.advance(Duration::from_secs(3 * 3600 - 60));
    assert_eq!(json(ask(&cloud, &token_of_a_day).await).await, first);
    cloud.kit().clock.advance(Duration::from_secs(120));
    assert_ne!(json(ask(&cloud, &token_of_a_day).await).await["AccessKeyId"], first["AccessKeyId"]);
}

#[tokio::test]
async fn credentials_that_are_nearly_over_are_not_handed_out_again() {
    let cloud = start_with(|world| world.aws.pod_identity.credentials_lifetime_seconds = 60).await;
    let token = token(&cloud);
    let first = json(ask(&cloud, &token).await).await;
    cloud.kit().clock.advance(Duration::from_secs(30));
    assert_eq!(json(ask(&cloud, &token).await).await, first);
    cloud.kit().clock.advance(Duration::from_secs(20));
    assert_ne!(json(ask(&cloud, &token).await).await["AccessKeyId"], first["AccessKeyId"]);
}

#[tokio::test]
async fn credentials_that_are_nearly_over_are_not_handed_out() {
    for (seconds, status) in [(15, 500), (20, 200)] {
        let cloud = start_with(|world| world.aws.pod_identity.credentials_lifetime_seconds = seconds).await;
        let answer = ask(&cloud, &token(&cloud)).await;
        assert_eq!(answer.status(), status);
        if status == 500 {
            let (_, text) = refusal(answer).await;
            let start = "fetched credentials are expired or will expire within the next 1";
            assert!(text.starts_with(start) && text.ends_with(" seconds"), "{text}");
        }
    }
}

#[tokio::test]
async fn too_many_requests_are_refused_before_anything_else() {
    let cloud = start_with(|world| world.aws.pod_identity.requests_per_second = 2).await;
    let token = token(&cloud);
    assert_eq!(ask(&cloud, &token).await.status(), 200);
    let again = get(&cloud, "/v1/credentials").header("host", "agent.example").send().await.unwrap();
    assert_eq!(refusal(again).await, (429, "Too Many Requests".into()));
    cloud.kit().clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&cloud, &token).await.status(), 200);
}

#[tokio::test]
async fn the_environment_does_not_hide_the_instance_role_and_trust_says_where_the_agent_is() {
    let cloud = start().await;
    assert!(!cloud.environment().contains_key("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    let trust = json(get(&cloud, "/__mock/trust").send().await.unwrap()).await;
    let agent = trust["pod_identity"].as_str().unwrap();
    assert_eq!(agent, format!("{}/v1/credentials", cloud.url()));
    let answer = client(None).get(agent).header("authorization", token(&cloud)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
