//! What the EKS Pod Identity agent can answer, and when.

use std::time::Duration;

use mock_kit::Fault;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::site::Site;
use crate::workload::{pull_by_agent, pull_by_agent_in};

const AGENT: &str = "/v1/credentials";

fn token(site: &Site) -> String {
    site.pod_token("pod-identity", "pods.eks.amazonaws.com")
}

fn attempts(site: &Site) -> usize {
    site.cloud_requests().iter().filter(|request| request.ends_with(AGENT)).count()
}

/// Cause and hint of a refusal, and after how many attempts they were told.
async fn told(site: &Site) -> String {
    let outcome = pull_by_agent(site, &token(site)).await;
    let explanation = site.named(outcome.failure(4));
    assert!(site.artifactory_requests().is_empty(), "{:?}", site.artifactory_requests());
    let (_, told) = explanation.split_once("  caused by: ").expect("a cause");
    format!("{} x {}", attempts(site), without_request_id(told))
}

/// The id that EKS Auth gives a request differs each time.
fn without_request_id(text: &str) -> String {
    let Some((before, (_, after))) =
        text.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once("]: (")?)))
    else {
        return text.to_owned();
    };
    format!("{before}[ID]: ({after}")
}

#[tokio::test]
async fn what_the_agent_refuses_is_explained() {
    let mut report = String::new();
    for (status, text) in [
        (
            400,
            "[1]: (AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role., fault: client",
        ),
        (
            400,
            "[1]: (AccessDeniedException): User: arn:aws:sts::1:assumed-role/node/i is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: x, fault: client",
        ),
        (
            400,
            "[1]: (ExpiredTokenException): The specified Kubernetes service account token is expired., fault: client",
        ),
        (
            400,
            "[1]: (InvalidTokenException): The specified Kubernetes service account token is invalid., fault: client",
        ),
        (400, "[1]: (InvalidParameterException): The specified parameter is invalid., fault: client"),
        (
            400,
            "[1]: (InvalidRequestException): This exception is thrown if the request contains a semantic error., fault: client",
        ),
        (400, "Service account token missing pod claims"),
        (400, "Service account token cannot be empty"),
        (400, "Service account token failed basic claim validations: token is expired"),
        (400, "Service account token failed basic claim validations: token is not valid yet"),
        (
            403,
            "Access Denied. Called agent through invalid address, please use either [169.254.170.23 fd00:ec2::23] address not x",
        ),
        (403, "<html>blocked</html>"),
        (
            404,
            "[1]: (ResourceNotFoundException): The token included in the request has no service account role association for it., fault: client",
        ),
        (404, "404 page not found"),
        (429, "Too Many Requests"),
        (
            500,
            "error getting credentials to cache: unable to fetch credentials from EKS Auth: operation error EKS Auth: AssumeRoleForPodIdentity, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found",
        ),
        (500, "fetched credentials are expired or will expire within the next 9.00 seconds"),
        (503, "[1]: (ServiceUnavailableException): The service is currently unavailable., fault: server"),
    ] {
        let site = Site::start().await;
        site.cloud.kit().faults.add(Fault::reply(AGENT, status, format!("{text}\n")));
        report += &told(&site).await;
    }
    insta::assert_snapshot!(report, @r"
    1 x the EKS Pod Identity agent answered 400: [ID]: (AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role., fault: client
      hint: check the association's role: it must trust pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession
    1 x the EKS Pod Identity agent answered 400: [ID]: (AccessDeniedException): User: arn:aws:sts::1:assumed-role/node/i is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: x, fault: client
      hint: allow eks-auth:AssumeRoleForPodIdentity to the node's role (policy AmazonEKSWorkerNodePolicy)
    1 x the EKS Pod Identity agent answered 400: [ID]: (ExpiredTokenException): The specified Kubernetes service account token is expired., fault: client
      hint: check the node's clock; the kubelet sends a fresh token
    1 x the EKS Pod Identity agent answered 400: [ID]: (InvalidTokenException): The specified Kubernetes service account token is invalid., fault: client
      hint: the token must be of a pod of the agent's own cluster: check --cluster-name of the add-on eks-pod-identity-agent
    1 x the EKS Pod Identity agent answered 400: [ID]: (InvalidParameterException): The specified parameter is invalid., fault: client
      hint: check --cluster-name of the add-on eks-pod-identity-agent, and the association
    1 x the EKS Pod Identity agent answered 400: [ID]: (InvalidRequestException): This exception is thrown if the request contains a semantic error., fault: client
      hint: check --cluster-name of the add-on eks-pod-identity-agent, and the association
    1 x the EKS Pod Identity agent answered 400: Service account token missing pod claims
      hint: the token must be bound to a pod, as the kubelet's are: check `tokenAttributes` of the provider's entry
    1 x the EKS Pod Identity agent answered 400: Service account token cannot be empty
      hint: check that the agent itself is asked: no proxy may change the header `authorization`
    1 x the EKS Pod Identity agent answered 400: Service account token failed basic claim validations: token is expired
      hint: check the node's clock; the kubelet sends a fresh token
    1 x the EKS Pod Identity agent answered 400: Service account token failed basic claim validations: token is not valid yet
      hint: check the node's clock; the kubelet sends a fresh token
    1 x the EKS Pod Identity agent answered 403: Access Denied. Called agent through invalid address, please use either [169.254.170.23 fd00:ec2::23] address not x
      hint: unset AWS_CONTAINER_CREDENTIALS_FULL_URI, or set it to http://169.254.170.23/v1/credentials
    1 x the EKS Pod Identity agent answered 403: <html>blocked</html>
      hint: check that no proxy stands before 169.254.170.23
    1 x the EKS Pod Identity agent answered 404: [ID]: (ResourceNotFoundException): The token included in the request has no service account role association for it., fault: client
      hint: create a Pod Identity association for the pod's namespace and service account: aws eks create-pod-identity-association --cluster-name CLUSTER --namespace NAMESPACE --service-account NAME --role-arn ROLE
    1 x the EKS Pod Identity agent answered 404: 404 page not found
      hint: unset AWS_CONTAINER_CREDENTIALS_FULL_URI, or let its path be /v1/credentials
    3 x the EKS Pod Identity agent answered 429: Too Many Requests
      hint: the agent or the EKS Auth API is throttled; a longer `tokenLifetime` means fewer calls
    3 x the EKS Pod Identity agent answered 500: error getting credentials to cache: unable to fetch credentials from EKS Auth: operation error EKS Auth: AssumeRoleForPodIdentity, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found
      hint: give the node a role with the policy AmazonEKSWorkerNodePolicy; the agent asks EKS Auth with it
    3 x the EKS Pod Identity agent answered 500: fetched credentials are expired or will expire within the next 9.00 seconds
      hint: restart the agent on the node, which has not renewed the credentials, and check the node's clock
    3 x the EKS Pod Identity agent answered 503: [ID]: (ServiceUnavailableException): The service is currently unavailable., fault: server
      hint: check the agent's log, and that the node reaches the EKS Auth API (VPC endpoint eks-auth)
    ");
}

#[tokio::test]
async fn what_the_cluster_lacks_is_explained_by_the_agents_own_words() {
    let world = |aws: &str| mock_cloud::World::from_yaml(&format!("aws: {aws}")).expect("a world");
    let mut report = String::new();
    for aws in [
        "{podIdentity: {associations: []}}",
        "{roles: [{name: artifactory-pull}]}",
        "{roles: []}",
        "{otherRoles: [{name: pod-identity-pull}]}",
        "{podIdentity: {requestsPerSecond: 0}}",
    ] {
        let site = Site::with(world(aws), mock_artifactory::World::default()).await;
        report += &told(&site).await;
    }
    insta::assert_snapshot!(report, @r"
    1 x the EKS Pod Identity agent answered 404: [ID]: (ResourceNotFoundException): The token included in the request has no service account role association for it., fault: client
      hint: create a Pod Identity association for the pod's namespace and service account: aws eks create-pod-identity-association --cluster-name CLUSTER --namespace NAMESPACE --service-account NAME --role-arn ROLE
    1 x the EKS Pod Identity agent answered 400: [ID]: (AccessDeniedException): User: arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0 is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: arn:aws:eks:us-east-1:111122223333:cluster/artifactory-demo because no ident...
      hint: allow eks-auth:AssumeRoleForPodIdentity to the node's role (policy AmazonEKSWorkerNodePolicy)
    3 x the EKS Pod Identity agent answered 500: error getting credentials to cache: unable to fetch credentials from EKS Auth: operation error EKS Auth: AssumeRoleForPodIdentity, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found
      hint: give the node a role with the policy AmazonEKSWorkerNodePolicy; the agent asks EKS Auth with it
    1 x the EKS Pod Identity agent answered 400: [ID]: (AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role., fault: client
      hint: check the association's role: it must trust pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession
    3 x the EKS Pod Identity agent answered 429: Too Many Requests
      hint: the agent or the EKS Auth API is throttled; a longer `tokenLifetime` means fewer calls
    ");
}

#[tokio::test]
async fn an_agent_that_starts_is_waited_for() {
    let site = Site::start().await;
    let place = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let agent = site.cloud.url().replace("http://", "");
    let started = tokio::spawn(async move {
        artifactory_credential_provider::time::pause(Duration::from_millis(1500)).await;
        let listener = TcpListener::bind(place).await.expect("the same port");
        let (mut near, _) = listener.accept().await.expect("a connection");
        let mut far = TcpStream::connect(agent).await.expect("the agent");
        // The end of either side is the end of the pull.
        let _ = copy_bidirectional(&mut near, &mut far).await;
    });
    let uri = format!("http://{place}{AGENT}");
    let environment = site.environment_with("none", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri)]);
    let outcome = pull_by_agent_in(&site, &token(&site), &environment).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-pod-identity-puller");
    assert_eq!(attempts(&site), 1);
    started.await.expect("an agent");
}

#[tokio::test]
async fn credentials_in_their_last_seconds_are_asked_for_again() {
    let old = r#"{"AccessKeyId":"ASIAOLD","SecretAccessKey":"old","Token":"old","Expiration":"2020-01-01T00:00:00Z"}"#;
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply(AGENT, 200, old).times(1));
    let outcome = pull_by_agent(&site, &token(&site)).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-pod-identity-puller");
    assert_eq!(attempts(&site), 2);
}

#[tokio::test]
async fn credentials_that_the_agent_does_not_renew_are_refused() {
    let world = mock_cloud::World::from_yaml(
        "aws: {podIdentity: {credentialsLifetimeSeconds: 30, associations: [{namespace: default, serviceAccount: pod-identity, role: 'arn:aws:iam::111122223333:role/pod-identity-pull'}]}}",
    );
    let site = Site::with(world.expect("a world"), mock_artifactory::World::default()).await;
    let told = told(&site).await;
    assert!(told.starts_with("2 x the role's credentials expire in "), "{told}");
}
