//! Faults: how a mock's answer misbehaves.

pub(crate) mod body;
pub(crate) mod document;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;

use self::document::FaultDocument;

/// One misbehaviour: for which requests, what happens, and how often.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The method it is for, in any case; `None` means every method.
    pub method: Option<String>,
    /// The path it is for: exact, or a prefix when it ends in `*`.
    pub path: String,
    /// The headers that a request must have, with their values; services that share one path differ in them.
    pub when: Vec<(String, String)>,
    /// What happens instead of, or to, the real answer.
    pub behaviour: Behaviour,
    /// How often it happens; `None` means always.
    pub times: Option<u32>,
}

/// What happens instead of, or to, the real answer.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// A fixed answer; the mock does not see the request.
    Reply {
        /// The status code.
        status: u16,
        /// The only headers beside `Content-Length` and `Date`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The answer comes this much later.
    Latency(Duration),
    /// The request is read and never answered.
    Hang,
    /// The connection is reset (TCP RST) without an answer.
    Reset,
    /// The real answer with its right `Content-Length`; the connection dies after half of the body.
    Truncate,
    /// The real answer, one byte of the body per interval.
    Drip(Duration),
}

impl Fault {
    /// Makes a fault that gives a fixed answer.
    pub fn reply(path: impl Into<String>, status: u16, body: impl Into<Vec<u8>>) -> Self {
        let (headers, body) = (Vec::new(), body.into());
        Self::new(path, Behaviour::Reply { status, headers, body })
    }

    /// Makes a fault that delays the answer.
    pub fn latency(path: impl Into<String>, delay: Duration) -> Self {
        Self::new(path, Behaviour::Latency(delay))
    }

    /// Makes a fault that never answers.
    pub fn hang(path: impl Into<String>) -> Self {
        Self::new(path, Behaviour::Hang)
    }

    /// Makes a fault that resets the connection without an answer.
    pub fn reset(path: impl Into<String>) -> Self {
        Self::new(path, Behaviour::Reset)
    }

    /// Makes a fault that cuts the real answer after half of its body.
    pub fn truncate(path: impl Into<String>) -> Self {
        Self::new(path, Behaviour::Truncate)
    }

    /// Makes a fault that sends the real answer's body one byte per interval.
    pub fn drip(path: impl Into<String>, interval: Duration) -> Self {
        Self::new(path, Behaviour::Drip(interval))
    }

    /// Reads what `/__mock/faults` takes, as one JSON array: a document with a latency beside another behaviour is two faults.
    ///
    /// # Errors
    ///
    /// When the text is no such array; the error names the key.
    pub fn from_json(documents: &str) -> Result<Vec<Self>, String> {
        let documents: Vec<FaultDocument> = serde_json::from_str(documents).map_err(|error| error.to_string())?;
        let faults = documents.into_iter().map(Vec::<Self>::try_from).collect::<Result<Vec<_>, _>>();
        Ok(faults.map_err(|error| error.to_string())?.concat())
    }

    /// Limits the fault to one method.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Limits the fault to requests with this header.
    #[must_use]
    pub fn when(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.when.push((key.into(), value.into()));
        self
    }

    /// Limits the fault to the next `times` matching requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Adds a header to a fixed answer; the other behaviours keep the real answer's headers.
    #[must_use]
    pub fn header(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        if let Behaviour::Reply { headers, .. } = &mut self.behaviour {
            headers.push((key.into(), value.into()));
        }
        self
    }

    fn new(path: impl Into<String>, behaviour: Behaviour) -> Self {
        Self { method: None, path: path.into(), when: Vec::new(), behaviour, times: None }
    }

    fn concerns(&self, method: &str, path: &str, headers: &HeaderMap) -> bool {
        let on_method = |it: &String| it.eq_ignore_ascii_case(method);
        let on_path = match self.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.path,
        };
        let has =
            |(key, value): &(String, String)| headers.get_all(key).iter().any(|it| it.as_bytes() == value.as_bytes());
        on_path && self.method.as_ref().is_none_or(on_method) && self.when.iter().all(has) && self.times != Some(0)
    }
}

/// The faults in force, in the order in which they were added; clones share them.
///
/// Of the faults that concern a request, every latency applies, and then the first other behaviour.
/// So a sequence is two faults: `503` twice, then `429`.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

/// What the faults in force make of one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) latency: Duration,
    pub(crate) behaviour: Option<Behaviour>,
}

impl Faults {
    /// Puts a fault in force, after those that are in force already.
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Ends every fault.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Answers the faults that are still in force, with the times that they have left.
    #[must_use]
    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Decides about one request and counts it against the faults that concern it.
    pub(crate) fn plan(&self, method: &str, path: &str, headers: &HeaderMap) -> Plan {
        let mut faults = self.lock();
        let mut plan = Plan::default();
        for fault in faults.iter_mut().filter(|it| it.concerns(method, path, headers)) {
            match &fault.behaviour {
                Behaviour::Latency(delay) => plan.latency = plan.latency.saturating_add(*delay),
                _ if plan.behaviour.is_some() => continue,
                behaviour => plan.behaviour = Some(behaviour.clone()),
            }
            fault.times = fault.times.map(|left| left - 1);
        }
        faults.retain(|it| it.times != Some(0));
        plan
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(faults: &Faults, method: &str, path: &str) -> Option<u16> {
        match faults.plan(method, path, &HeaderMap::new()).behaviour {
            Some(Behaviour::Reply { status, .. }) => Some(status),
            _ => None,
        }
    }

    #[test]
    fn an_exact_path_concerns_that_path_only() {
        let faults = Faults::default();
        faults.add(Fault::reply("/a", 503, ""));
        assert_eq!(status(&faults, "GET", "/a"), Some(503));
        assert_eq!(status(&faults, "GET", "/a/b"), None);
    }

    #[test]
    fn a_star_at_the_end_concerns_every_path_with_that_start() {
        let faults = Faults::default();
        faults.add(Fault::reply("/a/*", 503, ""));
        assert_eq!(status(&faults, "GET", "/a/b"), Some(503));
        assert_eq!(status(&faults, "GET", "/b"), None);
    }

    #[test]
    fn a_fault_on_a_method_leaves_the_others_alone() {
        let faults = Faults::default();
        faults.add(Fault::reply("*", 503, "").on("put"));
        assert_eq!(status(&faults, "PUT", "/"), Some(503));
        assert_eq!(status(&faults, "GET", "/"), None);
    }

    #[test]
    fn a_fault_for_a_header_leaves_the_others_alone() {
        let faults = Faults::default();
        faults.add(Fault::reply("/", 503, "").when("x-amz-target", "a.B"));
        let planned = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([(http::HeaderName::from_static("x-amz-target"), value.parse().unwrap())]);
            faults.plan("POST", "/", &headers).behaviour.is_some()
        };
        assert!(planned("a.B"));
        assert!(!planned("a.C"));
        assert_eq!(status(&faults, "POST", "/"), None);
    }

    #[test]
    fn faults_with_times_follow_each_other_and_end() {
        let faults = Faults::default();
        faults.add(Fault::reply("/", 503, "").times(2));
        faults.add(Fault::reply("/", 429, "").times(1));
        let seen: Vec<_> = (0..4).map(|_| status(&faults, "GET", "/")).collect();
        assert_eq!(seen, [Some(503), Some(503), Some(429), None]);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn latencies_add_up_and_precede_another_behaviour() {
        let faults = Faults::default();
        faults.add(Fault::latency("/", Duration::from_millis(5)));
        faults.add(Fault::hang("/"));
        faults.add(Fault::latency("/", Duration::from_millis(7)));
        let plan = faults.plan("GET", "/", &HeaderMap::new());
        assert_eq!(plan.latency, Duration::from_millis(12));
        assert!(matches!(plan.behaviour, Some(Behaviour::Hang)));
    }

    #[test]
    fn a_fault_for_no_times_never_happens() {
        let faults = Faults::default();
        faults.add(Fault::reset("/").times(0));
        assert!(faults.plan("GET", "/", &HeaderMap::new()).behaviour.is_none());
    }

    #[test]
    fn faults_are_read_from_json() {
        let faults =
            Fault::from_json(r#"[{"path": "/a", "status": 503, "latency_ms": 5}, {"path": "*", "behaviour": "hang"}]"#);
        let faults = faults.unwrap();
        assert_eq!(faults.len(), 3);
        assert!(matches!(faults[2].behaviour, Behaviour::Hang));
        for (text, key) in
            [(r#"[{"path": "/a", "stauts": 503}]"#, "stauts"), (r#"[{"path": "/a"}]"#, "status"), ("{}", "sequence")]
        {
            let error = Fault::from_json(text).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn clearing_ends_every_fault() {
        let faults = Faults::default();
        faults.add(Fault::reset("/"));
        faults.clear();
        assert!(faults.plan("GET", "/", &HeaderMap::new()).behaviour.is_none());
    }
}
