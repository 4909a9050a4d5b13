//! Which request belongs to which step of a pull, and how long each step took.
//!
//! ```text
//!  started      first request      exchange            ended               pulled
//!     │  start        │  identity      │   exchange        │     pull         │
//!     └───────────────┴────────────────┴───────────────────┴──────────────────┘
//! ```
//!
//! The three inner moments are the arrival of requests in the mocks' journals, the outer ones the wall clock around the
//! child process and around the pull. A journal has no time of an answer, so that a step lasts until the next one is
//! seen: `identity` includes signing and the TLS handshake with Artifactory, `exchange` includes writing the response and
//! the end of the process. A provider that asks nobody spends all its time in `start`.
//!
//! While Artifactory works on an exchange the provider waits, so what the cloud is asked from then on is asked by
//! Artifactory, to verify the proof. What the cloud asks for itself, such as the keys of a cluster's issuer, carries the
//! user agent of the mock.

use std::time::Duration;

use mock_kit::Recorded;
use serde::Serialize;

use super::endpoint::Request;

/// The moments of one run and the requests seen during it, on one clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// Before the child was started.
    pub(super) started: Duration,
    /// When it had ended and its output was read.
    pub(super) ended: Duration,
    /// What the cloud was asked.
    pub(super) cloud: Vec<Seen>,
    /// What Artifactory was asked.
    pub(super) artifactory: Vec<Seen>,
}

/// A request and its arrival.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) at: Duration,
    pub(super) request: Recorded,
}

impl Seen {
    /// Whether a service of the cloud asked, not the provider or Artifactory.
    fn is_the_clouds(&self) -> bool {
        self.request.header("user-agent").is_some_and(|agent| agent.starts_with("mock-cloud"))
    }
}

/// Milliseconds by step; `None` where there was no such step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Times {
    pub(super) start: f64,
    pub(super) identity: Option<f64>,
    pub(super) exchange: Option<f64>,
    pub(super) pull: Option<f64>,
}

impl Timeline {
    /// Milliseconds by step of the run; the pull is not part of it.
    pub(super) fn times(&self) -> Times {
        let exchange = self.exchange();
        let identity =
            self.cloud.first().map(|seen| seen.at).filter(|at| exchange.is_none_or(|exchange| *at < exchange));
        let first = identity.or(exchange).unwrap_or(self.ended);
        Times {
            start: milliseconds(self.started, first),
            identity: identity.map(|at| milliseconds(at, exchange.unwrap_or(self.ended))),
            exchange: exchange.map(|at| milliseconds(at, self.ended)),
            pull: None,
        }
    }

    /// What the provider asked, in order.
    pub(super) fn requests(&self) -> Vec<Request> {
        let proof = self.cloud.iter().filter(|seen| !seen.is_the_clouds() && !self.is_verification(seen));
        proof.chain(&self.artifactory).map(|seen| (&seen.request).into()).collect()
    }

    /// What Artifactory asked to verify the proof.
    pub(super) fn verification(&self) -> Vec<Request> {
        let verification = self.cloud.iter().filter(|seen| !seen.is_the_clouds() && self.is_verification(seen));
        verification.map(|seen| (&seen.request).into()).collect()
    }

    /// What the cloud asked to verify a pod's token.
    pub(super) fn cloud_verification(&self) -> Vec<Request> {
        self.cloud.iter().filter(|seen| seen.is_the_clouds()).map(|seen| (&seen.request).into()).collect()
    }

    fn is_verification(&self, seen: &Seen) -> bool {
        self.exchange().is_some_and(|exchange| seen.at >= exchange)
    }

    fn exchange(&self) -> Option<Duration> {
        self.artifactory.first().map(|seen| seen.at)
    }
}

/// The milliseconds between two moments.
pub(crate) fn milliseconds(from: Duration, to: Duration) -> f64 {
    let microseconds = to.saturating_sub(from).as_micros();
    f64::from(u32::try_from(microseconds).unwrap_or(u32::MAX)) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: u64, path: &str) -> Seen {
        let request = Recorded {
            at: String::new(),
            at_us: 0,
            method: "GET".into(),
            host: String::new(),
            path: path.into(),
            query: String::new(),
            headers: Vec::new(),
            body: String::new(),
            tls: None,
            status: Some(200),
        };
        Seen { at: Duration::from_millis(at), request }
    }

    fn timeline(cloud: Vec<Seen>, artifactory: Vec<Seen>) -> Timeline {
        Timeline { started: Duration::from_millis(10), ended: Duration::from_millis(100), cloud, artifactory }
    }

    fn kinds(requests: Vec<Request>) -> Vec<String> {
        requests.into_iter().map(|request| request.kind).collect()
    }

    #[test]
    fn steps_begin_where_the_one_before_ends() {
        let line = timeline(vec![seen(15, "/a"), seen(18, "/b"), seen(42, "/keys")], vec![seen(40, "/x")]);
        let times = Times { start: 5.0, identity: Some(25.0), exchange: Some(60.0), pull: None };
        assert_eq!(line.times(), times);
        assert_eq!(kinds(line.requests()), ["GET /a", "GET /b", "GET /x"]);
        assert_eq!(kinds(line.verification()), ["GET keys"]);
    }

    #[test]
    fn what_a_service_of_the_cloud_asks_is_neither_the_providers_nor_artifactorys() {
        let by = |agent: &str, at| {
            let mut seen = seen(at, "/keys");
            seen.request.headers.push(("user-agent".to_owned(), agent.to_owned()));
            seen
        };
        for agent in ["mock-cloud-sts", "mock-cloud-google-sts", "mock-cloud-entra"] {
            let line = timeline(vec![seen(15, "/a"), by(agent, 16)], vec![seen(40, "/x")]);
            assert_eq!(kinds(line.requests()), ["GET /a", "GET /x"]);
            assert_eq!(kinds(line.cloud_verification()), ["GET keys"]);
            assert!(line.verification().is_empty());
        }
        let line = timeline(vec![by("a-provider/1.0", 16)], vec![seen(40, "/x")]);
        assert_eq!(kinds(line.requests()), ["GET keys", "GET /x"]);
        assert!(line.cloud_verification().is_empty());
    }

    #[test]
    fn a_provider_that_asks_nobody_only_starts() {
        let times = Times { start: 90.0, identity: None, exchange: None, pull: None };
        assert_eq!(timeline(vec![], vec![]).times(), times);
    }

    #[test]
    fn a_run_that_ends_before_the_exchange_has_none() {
        let line = timeline(vec![seen(15, "/a")], vec![]);
        assert_eq!(line.times(), Times { start: 5.0, identity: Some(85.0), exchange: None, pull: None });
        assert!(line.verification().is_empty());
    }

    #[test]
    fn an_exchange_without_a_metadata_service_has_no_identity_step() {
        let line = timeline(vec![seen(60, "/keys")], vec![seen(40, "/x")]);
        assert_eq!(line.times(), Times { start: 30.0, identity: None, exchange: Some(60.0), pull: None });
        assert_eq!(kinds(line.verification()), ["GET keys"]);
    }
}
