//! What the node and the services around it are like in a case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::run::facts::UnknownFact;

/// The world, as far as it is not the built-in one of the mocks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::run) struct World {
    pub(in crate::run) fault: Vec<Fault>,
    pub(in crate::run) token_seconds: Option<u64>,
    pub(in crate::run) mapped: Mapped,
    pub(in crate::run) secrets: Vec<String>,
}

/// Whether Artifactory knows whom the proof is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::run) enum Mapped {
    #[default]
    Everybody,
    Nobody,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Service {
    /// The node's metadata services and the clouds' APIs.
    Cloud,
    /// The registry and who issues its credentials.
    Artifactory,
}

/// A fault of one service; the keys beside `at` are those of the mocks' own documents.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::run) struct Fault {
    #[serde(skip_serializing)]
    at: Service,
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
    behaviour: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drip_ms: Option<u64>,
}

impl World {
    /// The faults as the mocks have them, each with who has it; `render` puts in what only a running world knows.
    pub(in crate::run) fn faults(
        &self,
        render: impl Fn(&str) -> Result<String, UnknownFact>,
    ) -> Result<Vec<(Service, mock_kit::Fault)>, String> {
        let mut faults = Vec::new();
        for fault in &self.fault {
            let document = serde_json::to_string(fault).map_err(|error| error.to_string())?;
            let document = render(&document).map_err(|error| format!("`world.fault`: {error}"))?;
            let read = mock_kit::Fault::from_json(&format!("[{document}]"))
                .map_err(|error| format!("`world.fault`: {error}"))?;
            faults.extend(read.into_iter().map(|it| (fault.at, it)));
        }
        Ok(faults)
    }
}
