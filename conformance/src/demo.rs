//! One pull on each identity, in front of a person: the mocks, the provider as a child process, and the pull.
//!
//! ```text
//!  node ──▶ attempt (identity: run, answer, pull) ──▶ expectation ──▶ report ──▶ table or JSON
//!  mocks          │
//!                 └── timeline: whose requests, how long   secrets: where they may not be
//! ```
//!
//! # Layout
//!
//! - `node`: the mocks and the files of a node
//! - `identity`: the identities, and how each is configured
//! - `attempt`: one run of the provider and one pull
//! - `timeline`: requests and times by step; its documentation says how they are derived
//! - `endpoint`, `lifetime`: names of requests, life of tokens
//! - `expectation`, `check`: what has to be so
//! - `secrets`: what no output may hold and whom it may not reach
//! - `trace`: what the provider and the mocks tell of a pull
//! - `report`: the facts; `screen`, `table` and `paint` show them
//!
//! # Why nothing is shared with the provider
//!
//! It is met as the kubelet meets it, a program with an environment, a standard input and a time limit. So the demo can
//! show any provider that takes the same variables, and cannot be right together with a mistake of this one.

mod attempt;
mod check;
pub(crate) mod endpoint;
mod expectation;
mod identity;
pub(crate) mod lifetime;
mod node;
mod paint;
mod report;
mod screen;
pub(crate) mod secrets;
mod table;
pub(crate) mod timeline;
mod trace;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mock_artifactory::start::StartError;
use thiserror::Error;

use self::attempt::{Attempt, PullAttempt};
pub use self::check::Verdict;
pub use self::identity::Identity;
use self::node::Node;
pub use self::paint::Paint;
use self::report::{PullReport, RefusalReport, Refused, Report, SecretsReport};
use self::screen::Screen;
pub use self::screen::Show;
use self::secrets::Secrets;
use self::timeline::milliseconds;
use self::trace::Tracer;
pub use self::trace::Traces;
use crate::kubelet::{ImageError, RegistryAuth};
use crate::registry::{Client, ClientError};

/// A password that Artifactory never issued, for a name that it does not know.
const GARBAGE: (&str, &str) = ("nobody", "6a1d0f7c-never-issued");

/// Why the demo cannot be shown; what does not hold in it is no error.
#[derive(Debug, Error)]
pub enum DemoError {
    /// mock-cloud does not start.
    #[error("failed to start mock-cloud")]
    Start(#[source] io::Error),
    /// mock-artifactory does not start.
    #[error("failed to start mock-artifactory")]
    Artifactory(#[from] StartError),
    /// There is no collector, or none can be told.
    #[error("failed to collect traces")]
    Collector(#[source] io::Error),
    /// The built-in world has nobody for the static route.
    #[error("the world has no user with a password who may pull")]
    NoAccount,
    /// The mocks' address makes no image name.
    #[error("failed to name the image")]
    Image(#[from] ImageError),
    /// The files of the node cannot be written.
    #[error("failed to write the node's files")]
    Files(#[source] io::Error),
    /// The registry's client cannot be made.
    #[error("failed to prepare the pull")]
    Client(#[from] ClientError),
    /// The facts cannot be written.
    #[error("failed to write the report")]
    Write(#[from] io::Error),
}

/// Shows the demo of one provider with these identities.
///
/// # Errors
///
/// The world cannot be made or the facts not be written. Expectations that do not hold are shown and fail the verdict.
pub async fn run(
    provider: &Path,
    identities: &[Identity],
    traces: Traces,
    show: Show,
    out: &mut dyn Write,
) -> Result<Verdict, DemoError> {
    let node = Node::start(Tracer::start(traces).await.map_err(DemoError::Collector)?).await?;
    let client = Client::trusting(node.artifactory.ca_pem())?;
    let credentials = vec![node.password().to_owned()];
    let demo = Demo { node, client, provider: provider.to_owned(), proofs: Vec::new(), credentials };
    demo.play(identities, &mut Screen::new(show, out)).await
}

/// A demo under way.
struct Demo {
    node: Node,
    client: Client,
    provider: PathBuf,
    /// Service account tokens that the provider was given.
    proofs: Vec<String>,
    /// Passwords and tokens that the provider answered with, and the operator's own.
    credentials: Vec<String>,
}

impl Demo {
    async fn play(mut self, identities: &[Identity], screen: &mut Screen<'_>) -> Result<Verdict, DemoError> {
        let (mut pulls, mut refusals) = (Vec::new(), Vec::new());
        screen.begin(&self.provider.to_string_lossy(), &self.node.image_text())?;
        for identity in identities {
            pulls.push(self.pull(*identity).await);
            screen.pull(&pulls[pulls.len() - 1])?;
        }
        for credential in Refused::ALL {
            refusals.push(self.refusal(credential).await);
            screen.refusal(&refusals[refusals.len() - 1])?;
        }
        screen.traces(&self.node.traces(identities).await)?;
        let secrets = SecretsReport::of(&self.node, &self.secrets(), &screen.shown(&pulls, &refusals)?);
        screen.secrets(&secrets)?;
        let report = self.report(pulls, refusals, secrets);
        screen.end(&report)?;
        Ok(report.verdict)
    }

    async fn pull(&mut self, identity: Identity) -> PullReport {
        let attempt = Attempt::make(&self.node, &self.client, &self.provider, identity).await;
        self.credentials.extend(attempt.passwords());
        self.proofs.extend(attempt.pod_token.clone());
        PullReport::of(&attempt, &self.node, &self.secrets())
    }

    async fn refusal(&self, credential: Refused) -> RefusalReport {
        let (username, password) = GARBAGE;
        let garbage = RegistryAuth { username: username.to_owned(), password: password.to_owned() };
        let auth = match credential {
            Refused::None => None,
            Refused::Garbage => Some(&garbage),
        };
        RefusalReport::of(credential, PullAttempt::make(&self.node, &self.client, auth).await)
    }

    fn secrets(&self) -> Secrets {
        let journal = self.node.artifactory.kit().journal.requests();
        Secrets::of(self.node.cloud.secrets(), &journal, self.proofs.clone(), self.credentials.clone())
    }

    fn report(self, pulls: Vec<PullReport>, refusals: Vec<RefusalReport>, secrets: SecretsReport) -> Report {
        let verdicts = pulls.iter().map(|pull| pull.verdict).chain(refusals.iter().map(|refusal| refusal.verdict));
        Report {
            verdict: Verdict::of_all(verdicts.chain([secrets.verdict])),
            provider: self.provider.to_string_lossy().into_owned(),
            image: self.node.image_text(),
            total_ms: milliseconds(std::time::Duration::ZERO, self.node.now()),
            pulls,
            refusals,
            secrets,
        }
    }
}
