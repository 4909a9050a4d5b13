//! The matrix: every endpoint on the path, met by every fault, ends in time with the right code and number of attempts.

use std::time::Duration;

use mock_kit::{Fault, Kit, Recorded};
use tokio::task::JoinSet;

use crate::program::{Outcome, run};
use crate::site::Site;
use crate::{cognito, google, workload};

/// One request of a pull.
struct Endpoint {
    /// The cloud of a node's pull, or the way of another.
    way: &'static str,
    method: &'static str,
    path: &'static str,
    /// The operation of AWS, where a path serves several.
    target: Option<&'static str>,
    /// The exit code of the step it belongs to.
    code: i32,
    /// The exit code of its silence.
    silence: i32,
}

/// The ways of a pod's pull.
const WEB_IDENTITY: &str = "web identity";
const POD_IDENTITY: &str = "Pod Identity";
const FEDERATION: &str = "workload identity federation";

/// The ways of a node's pull that are not its cloud's first: a Google account that the VM's one acts as, an application of
/// Entra ID, a client of a user pool, and a role of another account.
const IMPERSONATION: &str = "impersonation";
const FEDERATED: &str = "azure, federated";
const COGNITO: &str = "aws, cognito";
#[cfg(feature = "aws-sdk")]
const EXTERNAL_ROLE: &str = "aws, external role";

/// The call that signs an ID token for another account.
const SIGNING: &str = "/v1/projects/-/serviceAccounts/images@artifactory-demo.iam.gserviceaccount.com:generateIdToken";

/// Where an application of Entra ID gets its token.
const ENTRA: &str = "/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token";

const ENDPOINTS: &[Endpoint] = &[
    Endpoint::on_the_link("aws", "PUT", "/latest/api/token"),
    Endpoint::on_the_link("aws", "GET", "/latest/meta-data/placement/region"),
    Endpoint::on_the_link("aws", "GET", "/latest/meta-data/iam/security-credentials/artifactory-pull"),
    Endpoint::on_the_link("azure", "GET", "/metadata/identity/oauth2/token"),
    Endpoint::on_the_link("google", "GET", "/computeMetadata/v1/instance/service-accounts/*"),
    Endpoint::on_the_link(POD_IDENTITY, "GET", "/v1/credentials"),
    Endpoint::on_the_link(IMPERSONATION, "GET", "/computeMetadata/v1/instance/service-accounts/default/token"),
    Endpoint::of_a_cloud(IMPERSONATION, SIGNING),
    Endpoint::of_a_cloud(FEDERATION, "/v1/token"),
    Endpoint::of_a_cloud(FEDERATED, ENTRA),
    Endpoint::of_a_cloud(WEB_IDENTITY, "/"),
    #[cfg(feature = "aws-sdk")]
    Endpoint::of_a_cloud(EXTERNAL_ROLE, "/"),
    Endpoint::of_a_cloud(COGNITO, "/").operation(cognito::SECRET),
    Endpoint::of_a_cloud(COGNITO, "/").operation(cognito::POOLS),
    Endpoint::of_a_cloud(COGNITO, cognito::TOKEN),
    Endpoint::of_artifactory("aws", "/access/api/v1/aws/token"),
    Endpoint::of_artifactory("azure", "/access/api/v1/oidc/token"),
];

impl Endpoint {
    /// A service on the link answers at once or not at all, so its silence is final.
    const fn on_the_link(way: &'static str, method: &'static str, path: &'static str) -> Self {
        Self { way, method, path, target: None, code: 4, silence: 4 }
    }

    /// A cloud's service may have the whole deadline.
    const fn of_a_cloud(way: &'static str, path: &'static str) -> Self {
        Self { way, method: "POST", path, target: None, code: 4, silence: 6 }
    }

    const fn of_artifactory(way: &'static str, path: &'static str) -> Self {
        Self { way, method: "POST", path, target: None, code: 5, silence: 6 }
    }

    const fn operation(self, target: &'static str) -> Self {
        Self { target: Some(target), ..self }
    }

    /// A fault of this endpoint and of no other.
    fn only(&self, fault: Fault) -> Fault {
        let fault = fault.on(self.method);
        match self.target {
            Some(target) => fault.when("x-amz-target", target),
            None => fault,
        }
    }

    fn concerns(&self, request: &Recorded) -> bool {
        let path = match self.path.strip_suffix('*') {
            Some(prefix) => request.path.starts_with(prefix),
            None => request.path == self.path,
        };
        let target = self.target.is_none_or(|target| request.header("x-amz-target") == Some(target));
        request.method == self.method && path && target
    }

    fn kit<'s>(&self, site: &'s Site) -> &'s Kit {
        if self.code == 5 { site.artifactory.kit() } else { site.cloud.kit() }
    }

    fn attempts(&self, site: &Site) -> usize {
        self.kit(site).journal.requests().iter().filter(|request| self.concerns(request)).count()
    }

    /// A pull that comes by this endpoint and has this many seconds.
    async fn pull(&self, site: &Site, deadline: &str) -> Outcome {
        let changes = [("AWS_REGION", ""), ("http_timeout_seconds", deadline)];
        match self.way {
            WEB_IDENTITY => {
                let token = site.pod_token("app", "sts.amazonaws.com");
                workload::pull(site, "aws", &token, &workload::opted_in(), &changes).await
            }
            POD_IDENTITY => {
                let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
                let stdin = workload::request(&site.image(), &token, &serde_json::json!({}));
                let agent = format!("{}/v1/credentials", site.cloud.url());
                let changes = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str())];
                by_file(site, deadline, "identity: {awsPodIdentity: {}}", &stdin, &changes).await
            }
            FEDERATION => {
                let token = site.pod_token("app", "google-sts");
                let stdin = workload::request(&site.image(), &token, &serde_json::json!({}));
                let provider = "oidcProvider: {name: google, audience: artifactory}";
                let route = format!("identity: {{{}}}, {provider}", google::federation(google::IMAGES));
                by_file(site, deadline, &route, &stdin, &[]).await
            }
            #[cfg(feature = "aws-sdk")]
            EXTERNAL_ROLE => {
                let role = crate::external_role::ROLE;
                let route = format!(
                    "identity: {{awsExternalRole: {{roleArn: '{role}', externalId: artifactory-external-id}}}}"
                );
                by_file(site, deadline, &route, &crate::program::request(&site.image()), &[]).await
            }
            IMPERSONATION => {
                let account = ("google_service_account_email", "images@artifactory-demo.iam.gserviceaccount.com");
                site.pull_in(&[], &site.environment_with("google", &[&changes[..], &[account]].concat())).await
            }
            FEDERATED => {
                let changes = [&changes[..], &[("azure_auth_method", "")]].concat();
                site.pull_in(&[], &site.environment_with("azure", &changes)).await
            }
            COGNITO => site.pull_in(&[], &cognito::environment(site, &changes)).await,
            cloud => site.pull_in(&[], &site.environment_with(cloud, &changes)).await,
        }
    }

    fn silence(&self) -> Expected {
        if self.silence == 6 { Expected::Deadline } else { Expected::Failure { attempts: 1 } }
    }

    /// The region has a second source; its absence is no failure.
    fn is_region(&self) -> bool {
        self.path.ends_with("region")
    }

    /// The one service that says 404 when it is being updated.
    fn is_azure_metadata(&self) -> bool {
        self.path.starts_with("/metadata/")
    }
}

/// What a fault must lead to.
enum Expected {
    /// The step's own exit code after this many attempts.
    Failure { attempts: usize },
    /// The deadline's exit code.
    Deadline,
    /// A response after this many attempts.
    Response { attempts: usize },
}

/// A pull by a file with one route.
async fn by_file(site: &Site, deadline: &str, route: &str, stdin: &[u8], changes: &[(&str, &str)]) -> Outcome {
    let config = format!("{{deadline: {deadline}s, routes: [{{artifactoryUrl: '{}', {route}}}]}}", site.host());
    let config = site.file("config.yaml", config);
    let outcome = run(&["--config", &config], &site.environment_with("none", changes), stdin).await;
    site.check_leaks(&outcome);
    outcome
}

/// Meets every endpoint, a few at a time: most of the time is waiting.
async fn each<F: Future<Output = ()> + Send + 'static>(meet: impl Fn(&'static Endpoint) -> F) {
    for group in ENDPOINTS.chunks(4) {
        group.iter().map(&meet).collect::<JoinSet<()>>().join_all().await;
    }
}

async fn meet(endpoint: &Endpoint, name: &str, fault: Fault, deadline: &str, expected: Expected) {
    let site = Site::start().await;
    endpoint.kit(&site).faults.add(endpoint.only(fault));
    let outcome = endpoint.pull(&site, deadline).await;
    let target = endpoint.target.unwrap_or(endpoint.path);
    let context = format!("{name} on {} {target} ({}): {}", endpoint.method, endpoint.way, outcome.stderr);
    let limit = Duration::from_secs(deadline.parse::<u64>().expect("seconds") + 1);
    assert!(outcome.took < limit, "{context} took {:?}", outcome.took);
    let attempts = match expected {
        Expected::Failure { attempts } => {
            assert_eq!(outcome.code, endpoint.code, "{context}");
            outcome.failure(endpoint.code);
            Some(attempts)
        }
        Expected::Deadline => {
            assert_eq!(outcome.code, 6, "{context}");
            outcome.failure(6);
            None
        }
        Expected::Response { attempts } => {
            assert_eq!(outcome.code, 0, "{context}");
            outcome.credential(&site.host());
            Some(attempts)
        }
    };
    if let Some(attempts) = attempts {
        assert_eq!(endpoint.attempts(&site), attempts, "{context}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_final() {
    each(|endpoint| async move {
        for status in [400, 401, 403, 404] {
            let expected = match status {
                404 if endpoint.is_region() => Expected::Response { attempts: 1 },
                404 if endpoint.is_azure_metadata() => Expected::Failure { attempts: 3 },
                _ => Expected::Failure { attempts: 1 },
            };
            meet(endpoint, &format!("status {status}"), Fault::reply(endpoint.path, status, ""), "20", expected).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_errors_are_tried_three_times() {
    each(|endpoint| async move {
        for status in [500, 503] {
            let fault = Fault::reply(endpoint.path, status, "");
            meet(endpoint, &format!("status {status}"), fault, "20", Expected::Failure { attempts: 3 }).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passing_error_passes() {
    each(|endpoint| async move {
        let throttled = Fault::reply(endpoint.path, 429, "").header("retry-after", "1").times(1);
        meet(endpoint, "throttled once", throttled, "20", Expected::Response { attempts: 2 }).await;
        meet(endpoint, "reset once", Fault::reset(endpoint.path).times(1), "20", Expected::Response { attempts: 2 })
            .await;
        meet(endpoint, "cut once", Fault::truncate(endpoint.path).times(1), "20", Expected::Response { attempts: 2 })
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn azures_metadata_is_asked_again_while_it_is_updated() {
    each(|endpoint| async move {
        for status in [404, 410].into_iter().filter(|_| endpoint.is_azure_metadata()) {
            let fault = Fault::reply(endpoint.path, status, "").times(1);
            meet(endpoint, &format!("status {status} once"), fault, "20", Expected::Response { attempts: 2 }).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    each(|endpoint| async move {
        let throttled = Fault::reply(endpoint.path, 429, "").header("retry-after", "30");
        meet(endpoint, "throttled for long", throttled, "10", Expected::Failure { attempts: 1 }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_are_tried_three_times() {
    each(|endpoint| async move {
        meet(endpoint, "reset", Fault::reset(endpoint.path), "20", Expected::Failure { attempts: 3 }).await;
        meet(endpoint, "cut", Fault::truncate(endpoint.path), "20", Expected::Failure { attempts: 3 }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_are_none_are_final() {
    each(|endpoint| async move {
        let page = Fault::reply(endpoint.path, 200, "<html>sign in</html>").header("content-type", "text/html");
        meet(endpoint, "a page", page, "20", Expected::Failure { attempts: 1 }).await;
        let large = Fault::reply(endpoint.path, 200, vec![b'x'; 10_000_000]);
        meet(endpoint, "ten megabytes", large, "20", Expected::Failure { attempts: 1 }).await;
        let redirect = Fault::reply(endpoint.path, 302, "").header("location", "http://127.0.0.1:9/");
        meet(endpoint, "a redirect", redirect, "20", Expected::Failure { attempts: 1 }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn silence_ends_with_the_services_patience_or_the_deadline() {
    each(|endpoint| async move {
        meet(endpoint, "a hang", Fault::hang(endpoint.path), "4", endpoint.silence()).await;
        let slow = Fault::drip(endpoint.path, Duration::from_secs(1));
        meet(endpoint, "a drip", slow, "4", endpoint.silence()).await;
    })
    .await;
}

#[tokio::test]
async fn nobody_listening_is_tried_three_times_and_explained() {
    let site = Site::start().await;
    let nobody = "http://127.0.0.1:9";
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", nobody),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", nobody),
        ("GCE_METADATA_HOST", "127.0.0.1:9"),
    ];
    for cloud in crate::site::CLOUDS {
        let outcome = site.pull_in(&[], &site.environment_with(cloud, &variables)).await;
        let explanation = outcome.failure(4);
        assert!(explanation.contains("Connection refused") && explanation.contains("169.254.169.254"), "{explanation}");
    }
    let environment = site.environment_with("azure", &[("artifactory_url", "127.0.0.1:9")]);
    let outcome = crate::program::run(&[], &environment, &crate::program::request("127.0.0.1:9/x")).await;
    assert!(outcome.failure(5).contains("Connection refused"));
}
