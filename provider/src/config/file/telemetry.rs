//! Where pulls are recorded, as it is written.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::{ConfigError, Environment};
use crate::telemetry::{AccountIds, PROTOCOLS, Protocol, Said, Settings, address, log_of, metrics_file};

/// Where pulls are recorded. What is left out is that of OpenTelemetry's own variables, `OTEL_EXPORTER_OTLP_HEADERS` for one.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TelemetryShape {
    /// The collector, to whose address `/v1/traces` is added unless the protocol is `grpc`. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, without which nothing is
    /// recorded.
    endpoint: Option<String>,
    /// How traces are written: `http/protobuf`, `http/json` or `grpc`. Default: `OTEL_EXPORTER_OTLP_PROTOCOL`, else `http/protobuf`.
    #[cfg_attr(test, schemars(extend("enum" = ["http/protobuf", "http/json", "grpc", null])))]
    protocol: Option<String>,
    /// A file `*.prom` in a folder that the textfile collector of `node_exporter` reads, of which every pull is a part. Default:
    /// `ARTIFACTORY_CREDENTIAL_PROVIDER_METRICS_FILE`, without which there is none.
    metrics_file: Option<String>,
    /// A file to which each pull adds a line of JSON, or `journald`. Default: `ARTIFACTORY_CREDENTIAL_PROVIDER_LOG_FILE`, without which there is none.
    log_file: Option<String>,
    /// The folder that keeps what is not sent yet; it is made where it is missing, as is the one above it. Default:
    /// `/run/artifactory-credential-provider/telemetry`.
    spool_directory: Option<PathBuf>,
    /// Whether the numbers of AWS accounts and Azure subscriptions are told. Default: `false`.
    account_ids: Option<bool>,
}

/// The settings of the file and of the environment together.
pub(super) fn settings(
    shape: Option<TelemetryShape>,
    environment: &Environment,
) -> Result<Option<Settings>, ConfigError> {
    let said = shape.map_or_else(|| Ok(Said::default()), |shape| shape.into_said(environment))?;
    Ok(Settings::of(said, environment))
}

impl TelemetryShape {
    fn into_said(self, environment: &Environment) -> Result<Said, ConfigError> {
        let expected = "an address such as `http://127.0.0.1:4318`";
        let wrong = ConfigError::Text { name: "telemetry.endpoint", expected };
        let endpoint = self.endpoint.map(|text| address(&text).ok_or(wrong)).transpose()?;
        let expected = "an absolute path that ends in `.prom`, such as `/var/lib/node_exporter/pulls.prom`";
        let wrong = ConfigError::Text { name: "telemetry.metricsFile", expected };
        let metrics_file = self.metrics_file.map(|text| metrics_file(&text).ok_or(wrong)).transpose()?;
        let expected = "an absolute path such as `/var/log/artifactory-credential-provider.log`, or `journald`";
        let wrong = ConfigError::Text { name: "telemetry.logFile", expected };
        let log = self.log_file.map(|text| log_of(&text, environment).ok_or(wrong)).transpose()?;
        let account_ids = if self.account_ids.unwrap_or_default() { AccountIds::Told } else { AccountIds::Hidden };
        Ok(Said {
            endpoint,
            protocol: self.protocol.as_deref().map(protocol).transpose()?,
            spool: self.spool_directory,
            metrics_file,
            log,
            account_ids,
        })
    }
}

fn protocol(word: &str) -> Result<Protocol, ConfigError> {
    let name = "telemetry.protocol";
    Protocol::parse(word).ok_or_else(|| ConfigError::Choice { name, value: word.to_owned(), choices: PROTOCOLS })
}
