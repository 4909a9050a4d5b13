//! Faults as JSON, the form in which they are posted to `/__mock/faults`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Behaviour, Fault};

/// The largest body that `body_bytes` can ask for.
const LARGEST_BODY: usize = 64 << 20;

/// The longest body that is listed as text rather than as its length.
const LONGEST_LISTED_BODY: usize = 4096;

/// One posted fault; a latency beside another behaviour makes it two faults.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultDocument {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    when: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    behaviour: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drip_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Hang,
    Reset,
    Truncate,
}

/// Why a document is not a fault; each names the key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FaultDocumentError {
    #[error("`path` must begin with `/` or be `*`, not `{0}`")]
    Path(String),
    #[error("`status` must be between 200 and 599, not {0}")]
    Status(u16),
    #[error("`headers`: `{0}` is not a header that can be sent")]
    Header(String),
    #[error("`body_bytes` must be at most {LARGEST_BODY}, not {0}")]
    BodyBytes(usize),
    #[error("`{0}` needs `status`")]
    NeedsStatus(&'static str),
    #[error("`{0}` and `{1}` exclude each other")]
    Exclusive(&'static str, &'static str),
    #[error("one of `status`, `latency_ms`, `behaviour` or `drip_ms` is missing")]
    NoBehaviour,
}

impl TryFrom<FaultDocument> for Vec<Fault> {
    type Error = FaultDocumentError;

    fn try_from(document: FaultDocument) -> Result<Self, FaultDocumentError> {
        if !document.path.starts_with('/') && document.path != "*" {
            return Err(FaultDocumentError::Path(document.path));
        }
        let latency = document.latency_ms.map(Duration::from_millis);
        let behaviours = [latency.map(Behaviour::Latency), document.behaviour()?];
        let faults: Self = behaviours
            .into_iter()
            .flatten()
            .map(|behaviour| Fault {
                method: document.method.clone(),
                path: document.path.clone(),
                when: document.when.clone().into_iter().collect(),
                behaviour,
                times: document.times,
            })
            .collect();
        if faults.is_empty() {
            return Err(FaultDocumentError::NoBehaviour);
        }
        Ok(faults)
    }
}

impl FaultDocument {
    fn behaviour(&self) -> Result<Option<Behaviour>, FaultDocumentError> {
        let exclusive = |a, b| Err(FaultDocumentError::Exclusive(a, b));
        match (self.status, self.behaviour, self.drip_ms) {
            (Some(_), Some(_), _) => exclusive("status", "behaviour"),
            (Some(_), _, Some(_)) => exclusive("status", "drip_ms"),
            (_, Some(_), Some(_)) => exclusive("behaviour", "drip_ms"),
            (Some(status), ..) => self.reply(status).map(Some),
            (None, named, drip) => {
                self.no_reply()?;
                let drip = drip.map(|ms| Behaviour::Drip(Duration::from_millis(ms)));
                Ok(named.map(Behaviour::from).or(drip))
            }
        }
    }

    fn reply(&self, status: u16) -> Result<Behaviour, FaultDocumentError> {
        if !(200..=599).contains(&status) {
            return Err(FaultDocumentError::Status(status));
        }
        let body = match (&self.body, self.body_bytes) {
            (Some(_), Some(_)) => return Err(FaultDocumentError::Exclusive("body", "body_bytes")),
            (_, Some(bytes)) if bytes > LARGEST_BODY => {
                return Err(FaultDocumentError::BodyBytes(bytes));
            }
            (_, Some(bytes)) => vec![b'x'; bytes],
            (Some(text), None) => text.clone().into_bytes(),
            (None, None) => Vec::new(),
        };
        Ok(Behaviour::Reply { status, headers: self.sendable_headers()?, body })
    }

    fn sendable_headers(&self) -> Result<Vec<(String, String)>, FaultDocumentError> {
        let sendable = |name: &str, value: &str| {
            http::HeaderName::try_from(name).is_ok() && http::HeaderValue::try_from(value).is_ok()
        };
        let unsendable = self.headers.iter().find(|(k, v)| !sendable(k, v));
        match unsendable {
            Some((name, _)) => Err(FaultDocumentError::Header(name.clone())),
            None => Ok(self.headers.clone().into_iter().collect()),
        }
    }

    fn no_reply(&self) -> Result<(), FaultDocumentError> {
        let given = [
            ("headers", !self.headers.is_empty()),
            ("body", self.body.is_some()),
            ("body_bytes", self.body_bytes.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(FaultDocumentError::NeedsStatus(key)),
            None => Ok(()),
        }
    }
}

impl From<Named> for Behaviour {
    fn from(named: Named) -> Self {
        match named {
            Named::Hang => Self::Hang,
            Named::Reset => Self::Reset,
            Named::Truncate => Self::Truncate,
        }
    }
}

impl From<&Fault> for FaultDocument {
    fn from(fault: &Fault) -> Self {
        let mut document = Self {
            path: fault.path.clone(),
            method: fault.method.clone(),
            when: fault.when.iter().cloned().collect(),
            times: fault.times,
            ..Self::default()
        };
        match &fault.behaviour {
            Behaviour::Latency(delay) => document.latency_ms = Some(milliseconds(*delay)),
            Behaviour::Drip(interval) => document.drip_ms = Some(milliseconds(*interval)),
            Behaviour::Hang => document.behaviour = Some(Named::Hang),
            Behaviour::Reset => document.behaviour = Some(Named::Reset),
            Behaviour::Truncate => document.behaviour = Some(Named::Truncate),
            Behaviour::Reply { status, headers, body } => {
                document.status = Some(*status);
                document.headers = headers.iter().cloned().collect();
                match body.len() {
                    0 => {}
                    1..=LONGEST_LISTED_BODY => {
                        document.body = Some(String::from_utf8_lossy(body).into_owned());
                    }
                    bytes => document.body_bytes = Some(bytes),
                }
            }
        }
        document
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
