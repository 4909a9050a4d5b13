//! What the configuration says of telemetry.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::Transport;
use crate::secret::Secret;

mod environment;
mod sampler;

pub(crate) use environment::{Said, address, log, metrics_file};
pub use sampler::Sampler;

/// Where the pulls of this node are recorded, and who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who is told of each pull, if anybody is.
    pub collector: Option<Collector>,
    /// What of the node's own is told of it.
    pub files: Files,
    /// Which pulls are told of; one that fails always is.
    pub sampler: Sampler,
    /// What is said of this node, by the names of OpenTelemetry's semantic conventions.
    pub resource: Vec<(String, String)>,
    /// The folder that keeps what is not sent yet.
    pub spool: PathBuf,
    /// Whether the numbers of cloud accounts are told.
    pub account_ids: AccountIds,
}

impl Settings {
    /// Whether there is something that counts every pull, whatever the sampler says.
    #[must_use]
    pub fn tells_of_all(&self) -> bool {
        !self.files.is_empty()
    }
}

/// Files of this node that say what pulls have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Numbers, for the textfile collector of `node_exporter`.
    pub metrics: Option<PathBuf>,
    /// What is said of each pull.
    pub log: Option<Log>,
}

/// Where it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// Lines of JSON in this file.
    File(PathBuf),
    /// Entries of the journal, by its socket.
    Journald(PathBuf),
}

impl Files {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { metrics, log } = self;
        metrics.is_none() && log.is_none()
    }
}

/// A collector of OTLP, and how it is reached.
///
/// Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// The address to which traces go; of gRPC without the method.
    pub url: String,
    /// How they are written.
    pub protocol: Protocol,
    /// Headers of each request, such as an API key.
    pub headers: Vec<(String, Secret)>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How bodies are packed.
    pub compression: Compression,
    /// How connections are made.
    pub transport: Transport,
}

/// How traces are written, in the words of `OTEL_EXPORTER_OTLP_PROTOCOL`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP.
    #[default]
    HttpProtobuf,
    /// JSON over HTTP.
    HttpJson,
    /// Protobuf over gRPC.
    Grpc,
}

/// The words of [`Protocol`].
pub const PROTOCOLS: &str = "http/protobuf, http/json, grpc";

impl Protocol {
    const ALL: [Self; 3] = [Self::HttpProtobuf, Self::HttpJson, Self::Grpc];

    /// Reads one of [`PROTOCOLS`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == word)
    }

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
            Self::Grpc => "grpc",
        }
    }
}

/// How the body of a request is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    Plain,
    /// By gzip.
    Gzip,
}

/// Whether the numbers of cloud accounts are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountIds {
    /// Zeros stand in their place.
    #[default]
    Hidden,
    /// They are.
    Told,
}
