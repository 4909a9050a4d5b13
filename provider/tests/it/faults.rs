//! The matrix: every endpoint on the path, met by every fault, ends in time with the right code and number of attempts.

use std::time::Duration;

use mock_kit::{Fault, Kit};

use crate::program::{Outcome, run};
use crate::site::Site;
use crate::workload;

/// One request of a pull.
struct Endpoint {
    /// The cloud of a node's pull, or the way of a pod's.
    cloud: &'static str,
    method: &'static str,
    path: &'static str,
    /// The exit code of the step it belongs to.
    code: i32,
}

/// The ways of a pod's pull, and of a Google account that the VM's one acts as.
const WEB_IDENTITY: &str = "web identity";
const POD_IDENTITY: &str = "Pod Identity";
const IMPERSONATION: &str = "impersonation";

/// The call that signs an ID token for another one.
const SIGNING: &str = "/v1/projects/-/serviceAccounts/images@artifactory-demo.iam.gserviceaccount.com:generateIdToken";

/// A node's pull by way of Entra ID.
const FEDERATED: &str = "azure, federated";

const ENDPOINTS: [Endpoint; 12] = [
    Endpoint { cloud: "aws", method: "PUT", path: "/latest/api/token", code: 4 },
    Endpoint { cloud: "aws", method: "GET", path: "/latest/meta-data/placement/region", code: 4 },
    Endpoint {
        cloud: "aws",
        method: "GET",
        path: "/latest/meta-data/iam/security-credentials/artifactory-pull",
        code: 4,
    },
    Endpoint { cloud: "azure", method: "GET", path: "/metadata/identity/oauth2/token", code: 4 },
    Endpoint {
        cloud: FEDERATED,
        method: "POST",
        path: "/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token",
        code: 4,
    },
    Endpoint { cloud: "google", method: "GET", path: "/computeMetadata/v1/instance/service-accounts/*", code: 4 },
    Endpoint { cloud: WEB_IDENTITY, method: "POST", path: "/", code: 4 },
    Endpoint { cloud: POD_IDENTITY, method: "GET", path: "/v1/credentials", code: 4 },
    Endpoint {
        cloud: IMPERSONATION,
        method: "GET",
        path: "/computeMetadata/v1/instance/service-accounts/default/token",
        code: 4,
    },
    Endpoint { cloud: IMPERSONATION, method: "POST", path: SIGNING, code: 4 },
    Endpoint { cloud: "aws", method: "POST", path: "/access/api/v1/aws/token", code: 5 },
    Endpoint { cloud: "azure", method: "POST", path: "/access/api/v1/oidc/token", code: 5 },
];

impl Endpoint {
    fn kit<'s>(&self, site: &'s Site) -> &'s Kit {
        if self.code == 5 { site.artifactory.kit() } else { site.cloud.kit() }
    }

    fn attempts(&self, site: &Site) -> usize {
        let requests = self.kit(site).journal.requests();
        let concerns = |path: &str| match self.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.path,
        };
        requests.iter().filter(|request| request.method == self.method && concerns(&request.path)).count()
    }

    /// A pull that comes by this endpoint and has this many seconds.
    async fn pull(&self, site: &Site, deadline: &str) -> Outcome {
        let changes = [("AWS_REGION", ""), ("http_timeout_seconds", deadline)];
        match self.cloud {
            WEB_IDENTITY => {
                let token = site.pod_token("app", "sts.amazonaws.com");
                workload::pull(site, "aws", &token, &workload::opted_in(), &changes).await
            }
            POD_IDENTITY => {
                let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
                let stdin = workload::request(&site.image(), &token, &serde_json::json!({}));
                let identity = "identity: {awsPodIdentity: {}}";
                let config =
                    format!("{{deadline: {deadline}s, routes: [{{artifactoryUrl: '{}', {identity}}}]}}", site.host());
                let config = site.file("config.yaml", config);
                let agent = format!("{}/v1/credentials", site.cloud.url());
                let environment = site.environment_with("none", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &agent)]);
                let outcome = run(&["--config", &config], &environment, &stdin).await;
                site.check_leaks(&outcome);
                outcome
            }
            IMPERSONATION => {
                let account = ("google_service_account_email", "images@artifactory-demo.iam.gserviceaccount.com");
                site.pull_in(&[], &site.environment_with("google", &[&changes[..], &[account]].concat())).await
            }
            FEDERATED => {
                let changes = [&changes[..], &[("azure_auth_method", "")]].concat();
                site.pull_in(&[], &site.environment_with("azure", &changes)).await
            }
            cloud => site.pull_in(&[], &site.environment_with(cloud, &changes)).await,
        }
    }

    /// A service on the link answers at once or not at all, so its silence is final; the others may have the deadline.
    fn silence(&self) -> Expected {
        if self.code == 4 && ![WEB_IDENTITY, FEDERATED].contains(&self.cloud) && self.path != SIGNING {
            Expected::Failure { attempts: 1 }
        } else {
            Expected::Deadline
        }
    }

    /// The region has a second source; its absence is no failure.
    fn is_region(&self) -> bool {
        self.path.ends_with("region")
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

async fn meet(endpoint: &Endpoint, name: &str, fault: Fault, deadline: &str, expected: Expected) {
    let site = Site::start().await;
    endpoint.kit(&site).faults.add(fault.on(endpoint.method));
    let outcome = endpoint.pull(&site, deadline).await;
    let context = format!("{name} on {} {}: {}", endpoint.method, endpoint.path, outcome.stderr);
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
    for endpoint in &ENDPOINTS {
        for status in [400, 401, 403, 404] {
            let expected = match status {
                404 if endpoint.is_region() => Expected::Response { attempts: 1 },
                _ => Expected::Failure { attempts: 1 },
            };
            meet(endpoint, &format!("status {status}"), Fault::reply(endpoint.path, status, ""), "20", expected).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_errors_are_tried_three_times() {
    for endpoint in &ENDPOINTS {
        for status in [500, 503] {
            let fault = Fault::reply(endpoint.path, status, "");
            meet(endpoint, &format!("status {status}"), fault, "20", Expected::Failure { attempts: 3 }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passing_error_passes() {
    for endpoint in &ENDPOINTS {
        let throttled = Fault::reply(endpoint.path, 429, "").header("retry-after", "1").times(1);
        meet(endpoint, "throttled once", throttled, "20", Expected::Response { attempts: 2 }).await;
        meet(endpoint, "reset once", Fault::reset(endpoint.path).times(1), "20", Expected::Response { attempts: 2 })
            .await;
        meet(endpoint, "cut once", Fault::truncate(endpoint.path).times(1), "20", Expected::Response { attempts: 2 })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    for endpoint in &ENDPOINTS {
        let throttled = Fault::reply(endpoint.path, 429, "").header("retry-after", "30");
        meet(endpoint, "throttled for long", throttled, "10", Expected::Failure { attempts: 1 }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_are_tried_three_times() {
    for endpoint in &ENDPOINTS {
        meet(endpoint, "reset", Fault::reset(endpoint.path), "20", Expected::Failure { attempts: 3 }).await;
        meet(endpoint, "cut", Fault::truncate(endpoint.path), "20", Expected::Failure { attempts: 3 }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_are_none_are_final() {
    for endpoint in &ENDPOINTS {
        let page = Fault::reply(endpoint.path, 200, "<html>sign in</html>").header("content-type", "text/html");
        meet(endpoint, "a page", page, "20", Expected::Failure { attempts: 1 }).await;
        let large = Fault::reply(endpoint.path, 200, vec![b'x'; 10_000_000]);
        meet(endpoint, "ten megabytes", large, "20", Expected::Failure { attempts: 1 }).await;
        let redirect = Fault::reply(endpoint.path, 302, "").header("location", "http://127.0.0.1:9/");
        meet(endpoint, "a redirect", redirect, "20", Expected::Failure { attempts: 1 }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn silence_ends_with_the_services_patience_or_the_deadline() {
    for endpoint in &ENDPOINTS {
        meet(endpoint, "a hang", Fault::hang(endpoint.path), "4", endpoint.silence()).await;
        let slow = Fault::drip(endpoint.path, Duration::from_secs(1));
        meet(endpoint, "a drip", slow, "4", endpoint.silence()).await;
    }
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
