//! The three metadata services, all asked at once: the first whose answer is its own wins.
//!
//! They share one address, which a captive portal or another cloud may answer as well. So each answer is judged by what only
//! that service says.

use std::time::Duration;

use serde::Deserialize;
use tokio::task::JoinSet;

use super::{Cloud, Found, Step};
use crate::endpoints::Endpoints;
use crate::http::{Http, HttpError, Reply, Request};
use crate::time::Deadline;

/// How long all of them together may take: a service on the link answers within some milliseconds or not at all.
const PATIENCE: Duration = Duration::from_millis(300);

/// The header with the life of a session of EC2's service, which the request asks for and the answer grants.
///
/// Source: EC2 user guide, "Use the Instance Metadata Service to access instance metadata"; that the answer has it too, AWS
/// SDK for Rust, `aws_config::imds::client::TokenError::NoTtl`.
const EC2_LIFE: &str = "x-aws-ec2-metadata-token-ttl-seconds";
/// The life asked for, in seconds: the session is for nothing else.
const EC2_SECONDS: u32 = 60;

/// The document about the virtual machine in the first version that has `azEnvironment`. Later versions hold the user data,
/// which can be larger than a reply of the link may be.
///
/// Source: Azure VM documentation, "Azure Instance Metadata Service", "Instance metadata".
const AZURE_COMPUTE: &str = "/metadata/instance/compute?api-version=2018-10-01&format=json";

/// The root of the metadata. Source: Compute Engine documentation, "View and query VM metadata".
const GOOGLE_ROOT: &str = "/computeMetadata/v1/";

/// One service at one address.
struct Probe {
    cloud: Cloud,
    base: String,
    judge: fn(&Reply) -> Result<(), Problem>,
}

/// Why an address is not that of the cloud's service.
#[derive(Clone, Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("answered {0}")]
    Status(u16),
    #[error("answered without {0}")]
    Impostor(&'static str),
}

/// Asks every service, and gives the first that is one, else what each of them did instead.
pub(super) async fn ask(endpoints: &Endpoints, deadline: Deadline) -> Result<Result<Found, Vec<String>>, HttpError> {
    let http = Http::metadata(deadline)?;
    let patience = PATIENCE.min(deadline.remaining().ok_or(HttpError::Deadline)?);
    let (probes, requests): (Vec<_>, Vec<_>) = probes(endpoints).into_iter().unzip();
    let mut asked = JoinSet::new();
    for (place, request) in requests.into_iter().enumerate() {
        let http = http.clone();
        asked.spawn(async move { (place, http.send_once(&request).await) });
    }
    let mut problems = vec![None; probes.len()];
    let first_valid = async {
        while let Some(Ok((place, outcome))) = asked.join_next().await {
            match outcome.map_err(Problem::Http).and_then(|reply| (probes[place].judge)(&reply)) {
                Ok(()) => return Some(&probes[place]),
                Err(problem) => problems[place] = Some(problem),
            }
        }
        None
    };
    if let Ok(Some(probe)) = tokio::time::timeout(patience, first_valid).await {
        return Ok(Ok(probe.found(findings(&probes, problems))));
    }
    deadline.remaining().ok_or(HttpError::Deadline)?;
    let silent = || Problem::Http(HttpError::Silence { after: patience });
    let problems = problems.into_iter().map(|problem| problem.or_else(|| Some(silent())));
    Ok(Err(not_asked(endpoints).into_iter().chain(findings(&probes, problems)).collect()))
}

fn probes(endpoints: &Endpoints) -> Vec<(Probe, Request)> {
    let probe = |cloud, base: &str, judge| Probe { cloud, base: base.to_owned(), judge };
    let ec2 = endpoints.aws_metadata.addresses().iter().map(|base| {
        let request = Request::put(format!("{base}/latest/api/token")).header(EC2_LIFE, &EC2_SECONDS.to_string());
        (probe(Cloud::Aws, base, ec2_session), request)
    });
    let (azure, google) = (&endpoints.azure_metadata, &endpoints.gcp_metadata);
    let others = [
        (
            probe(Cloud::Azure, azure, azure_compute),
            Request::get(format!("{azure}{AZURE_COMPUTE}")).header("metadata", "true"),
        ),
        (
            probe(Cloud::Google, google, google_root),
            Request::get(format!("{google}{GOOGLE_ROOT}")).header("metadata-flavor", "Google"),
        ),
    ];
    ec2.chain(others).collect()
}

impl Probe {
    fn found(&self, others: Vec<String>) -> Found {
        let evidence = format!("its metadata service answered at {}", self.base);
        Found { cloud: self.cloud, evidence, step: Step::Metadata, others }
    }
}

/// What each service did that was none, as far as it is known.
fn findings(probes: &[Probe], problems: impl IntoIterator<Item = Option<Problem>>) -> Vec<String> {
    let known = probes.iter().zip(problems).filter_map(|(probe, problem)| Some((probe, problem?)));
    known.map(|(Probe { cloud, base, .. }, problem)| format!("{cloud} at {base}: {problem}")).collect()
}

fn not_asked(endpoints: &Endpoints) -> Option<String> {
    let disabled = endpoints.aws_metadata.addresses().is_empty();
    disabled.then(|| "AWS must not be asked, by `AWS_EC2_METADATA_DISABLED`".to_owned())
}

/// A session token: letters of base64, and granted for no longer than asked.
fn ec2_session(reply: &Reply) -> Result<(), Problem> {
    let granted = content(reply)?.header(EC2_LIFE).and_then(|life| life.parse().ok());
    let text = reply.text();
    let is_token =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte));
    let is_session = granted.is_some_and(|life| (1..=EC2_SECONDS).contains(&life)) && is_token;
    is_session.then_some(()).ok_or(Problem::Impostor("a session token"))
}

/// A document that names one of Azure's clouds.
fn azure_compute(reply: &Reply) -> Result<(), Problem> {
    #[derive(Deserialize)]
    struct Compute {
        #[serde(rename = "azEnvironment")]
        environment: String,
    }
    let compute: Option<Compute> = serde_json::from_slice(content(reply)?.body()).ok();
    compute.filter(|compute| !compute.environment.is_empty()).map(|_| ()).ok_or(Problem::Impostor("`azEnvironment`"))
}

/// A listing with the virtual machine, under the header that only the metadata server sends.
fn google_root(reply: &Reply) -> Result<(), Problem> {
    if content(reply)?.header("metadata-flavor") != Some("Google") {
        return Err(Problem::Impostor("`Metadata-Flavor: Google`"));
    }
    reply.text().lines().any(|entry| entry == "instance/").then_some(()).ok_or(Problem::Impostor("`instance/`"))
}

fn content(reply: &Reply) -> Result<&Reply, Problem> {
    if reply.is_ok() { Ok(reply) } else { Err(Problem::Status(reply.status.as_u16())) }
}
