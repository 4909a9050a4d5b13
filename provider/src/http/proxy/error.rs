//! Why a proxy led nowhere.

use std::fmt;
use std::time::Duration;

use crate::secret_file::SecretFileError;

/// A proxy that led nowhere. It is named without its user, and with the setting that names it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the proxy `{proxy}`, which `{named_by}` names, {failure}")]
pub struct ProxyError {
    /// Its host and port.
    pub proxy: String,
    /// The variable or key.
    pub named_by: &'static str,
    /// What happened.
    pub failure: ProxyFailure,
}

/// What a proxy did, or what was done to reach it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProxyFailure {
    /// Its credentials cannot be read.
    #[error("has no credentials: {0}")]
    Credentials(SecretFileError),
    /// No connection to it could be made.
    #[error("cannot be reached: {cause}")]
    Unreachable {
        /// The innermost cause, in the operating system's words.
        cause: String,
    },
    /// Its own certificate was refused, or it speaks no TLS.
    #[error("did not prove who it is: {cause}")]
    Certificate {
        /// The reason.
        cause: String,
    },
    /// It asks who asks, and was told nothing.
    #[error("asks for credentials ({status})")]
    Anonymous {
        /// The HTTP status.
        status: u16,
    },
    /// It does not take the credentials.
    #[error("does not accept these credentials ({status})")]
    Unauthorized {
        /// The HTTP status.
        status: u16,
    },
    /// It refused to open a tunnel.
    #[error("opened no tunnel to `{target}` and answered {status}")]
    Refused {
        /// Where the tunnel was to end.
        target: String,
        /// The HTTP status.
        status: u16,
    },
    /// It closed the connection instead of an answer.
    #[error("closed the connection instead of an answer for `{target}`")]
    Broken {
        /// Whom the request was for.
        target: String,
    },
    /// What it answered is no HTTP.
    #[error("answered with something that is no HTTP")]
    Foreign,
    /// It did not answer in time.
    #[error("gave no answer for `{target}` {waited}")]
    Silence {
        /// Whom the request was for.
        target: String,
        /// How long it was waited for.
        waited: Waited,
    },
    /// It opened a tunnel, from which nothing came.
    #[error("opened a tunnel to `{target}`, from which nothing came {waited}")]
    SilentTunnel {
        /// Where the tunnel ends.
        target: String,
        /// How long it was waited for.
        waited: Waited,
    },
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// One attempt's time.
    For(Duration),
    /// The pull's deadline.
    UntilDeadline,
}

impl ProxyError {
    /// Whether the pull's deadline ended it.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        matches!(
            self.failure,
            ProxyFailure::Silence { waited: Waited::UntilDeadline, .. }
                | ProxyFailure::SilentTunnel { waited: Waited::UntilDeadline, .. }
        )
    }
}

/// How long it was waited for, as the end of a sentence.
impl fmt::Display for Waited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => write!(formatter, "within {} ms", time.as_millis()),
            Self::UntilDeadline => formatter.write_str("before the deadline of the pull"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pulls_deadline_is_the_deadline() {
        let error = |waited| {
            let failure = ProxyFailure::Silence { target: "acme.jfrog.io:443".to_owned(), waited };
            ProxyError { proxy: "proxy.example:3128".to_owned(), named_by: "HTTPS_PROXY", failure }
        };
        let (patience, deadline) = (error(Waited::For(Duration::from_secs(2))), error(Waited::UntilDeadline));
        assert!(!patience.is_deadline() && deadline.is_deadline());
        assert!(patience.to_string().ends_with("gave no answer for `acme.jfrog.io:443` within 2000 ms"), "{patience}");
        assert!(deadline.to_string().ends_with("before the deadline of the pull"), "{deadline}");
    }
}
