//! What the kubelet writes to its log.
//!
//! Upstream: the calls of `klog` in `pkg/credentialprovider` of <https://github.com/kubernetes/kubernetes> (1.34).

use std::fmt;

/// A line of the kubelet's log, without its time and its place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it is written.
    pub level: Level,
    /// What is written.
    pub text: String,
}

/// When a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Always, as an error.
    Error,
    /// If the kubelet runs with `-v` of this or more; it runs with 2 unless it is told otherwise.
    Verbose(u8),
}

impl LogLine {
    pub(super) fn error(text: String) -> Self {
        Self { level: Level::Error, text }
    }

    pub(super) fn verbose(verbosity: u8, text: String) -> Self {
        Self { level: Level::Verbose(verbosity), text }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error => formatter.write_str("E"),
            Self::Verbose(verbosity) => write!(formatter, "V({verbosity})"),
        }
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.level, self.text)
    }
}
