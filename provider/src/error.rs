//! Every way a pull can fail: one variant per step, one exit code per step, one remedy per cause.

use std::error::Error as _;
use std::fmt::Write as _;

use crate::access::StaticError;
use crate::artifactory::{ArtifactoryUrl, ExchangeError};
use crate::command_line::CommandLineError;
use crate::config::ConfigError;
use crate::http::HttpError;
use crate::identity::IdentityError;
use crate::image::ImageError;
use crate::kubelet::RequestError;
use crate::response::ResponseError;

mod hint;

/// Why the kubelet gets no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments.
    #[error("failed to start")]
    CommandLine(#[source] CommandLineError),
    /// The configuration.
    #[error("failed to read the configuration")]
    Config(#[source] ConfigError),
    /// The request on stdin.
    #[error("failed to read the kubelet's request")]
    Request(#[source] RequestError),
    /// The image in the request.
    #[error("failed to read the kubelet's request")]
    Image(#[source] ImageError),
    /// The proof of identity.
    #[error("failed to prove an identity to `{artifactory}`")]
    Identity {
        /// Whom the proof was meant for.
        artifactory: ArtifactoryUrl,
        /// What happened.
        source: IdentityError,
    },
    /// The static credential.
    #[error("failed to read the static credential")]
    Static(#[source] StaticError),
    /// The token exchange.
    #[error("failed to exchange the proof at `{artifactory}`")]
    Exchange {
        /// Where.
        artifactory: ArtifactoryUrl,
        /// What happened.
        source: ExchangeError,
    },
    /// The answer.
    #[error("failed to answer the kubelet")]
    Response(#[source] ResponseError),
    /// Reading stdin, starting the runtime, or writing stdout.
    #[error("failed to talk to the kubelet")]
    Process(#[source] std::io::Error),
}

/// Exit codes by step. README lists the same.
mod code {
    pub(super) const REQUEST: u8 = 2;
    pub(super) const CONFIGURATION: u8 = 3;
    pub(super) const IDENTITY: u8 = 4;
    pub(super) const EXCHANGE: u8 = 5;
    pub(super) const DEADLINE: u8 = 6;
}

/// The exit code of a bug: `EX_SOFTWARE` of `sysexits.h`.
pub const BUG_EXIT_CODE: u8 = 70;

impl Error {
    /// The exit code of the step that failed.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            _ if self.is_transport(HttpError::is_deadline) => code::DEADLINE,
            _ if self.is_transport(HttpError::is_configuration) => code::CONFIGURATION,
            Self::Request(_) | Self::Image(_) => code::REQUEST,
            Self::CommandLine(_)
            | Self::Config(_)
            | Self::Static(_)
            | Self::Exchange { source: ExchangeError::Client(_), .. } => code::CONFIGURATION,
            Self::Identity { source: IdentityError::OnCloud { source, .. }, .. }
                if matches!(**source, IdentityError::Configuration(_)) =>
            {
                code::CONFIGURATION
            }
            Self::Identity { .. } => code::IDENTITY,
            Self::Exchange { .. } | Self::Response(_) => code::EXCHANGE,
            Self::Process(_) => BUG_EXIT_CODE,
        }
    }

    /// What the person who reads the kubelet's journal sees: what failed, why, and what to do.
    #[must_use]
    pub fn report(&self) -> String {
        let mut report = format!("error: {self}\n");
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = writeln!(report, "  caused by: {error}");
            cause = error.source();
        }
        let _ = writeln!(report, "  hint: {}", self.hint());
        report
    }

    /// Whether an error of the HTTP client of this kind is among the causes.
    fn is_transport(&self, kind: impl Fn(&HttpError) -> bool) -> bool {
        std::iter::successors(self.source(), |&error| error.source())
            .any(|error| error.downcast_ref().is_some_and(&kind))
    }
}

/// The report of a bug: where it is, and nothing of the data that met it.
#[must_use]
pub fn bug_report(location: Option<&std::panic::Location<'_>>) -> String {
    let place = location.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    format!("error: failed by a bug at {place}\n  hint: report this line and the version (--version) to the project\n")
}
