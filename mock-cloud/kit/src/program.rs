//! The ready line and the end of a mock that runs as a program.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use crate::platform::termination;
use serde::Serialize;

/// What a program says when it serves.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Ready<'a> {
    /// Where the mock listens, without a final slash.
    pub url: &'a str,
    /// Where it listens with TLS as well, when `url` is plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_url: Option<&'a str>,
    /// Every variable that points a program at the mock.
    pub environment: &'a BTreeMap<String, String>,
    /// The certificate authority to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<&'a Path>,
}

/// Writes `{"ready":true,"url":..,"environment":{..},"ca_file":..}` as one line, flushed.
///
/// # Errors
///
/// When the line cannot be written.
pub fn ready_line(out: &mut impl Write, ready: &Ready<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        ready: bool,
        #[serde(flatten)]
        facts: &'a Ready<'a>,
    }
    let (ready, facts) = (true, ready);
    let mut line = serde_json::to_vec(&Line { ready, facts })?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// Waits for SIGTERM or SIGINT, which count from the call, not from the first poll; on other systems for Ctrl-C.
///
/// A program calls this before it prints the ready line and awaits it afterwards, so that a signal
/// in between does not kill it.
///
/// # Panics
///
/// When called outside a tokio runtime with I/O, or when the system refuses a signal handler.
pub fn until_terminated() -> impl Future<Output = ()> {
    termination()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_one_line_of_json() {
        let environment = BTreeMap::from([("A".to_owned(), "1\n2".to_owned())]);
        let ready = Ready {
            url: "http://127.0.0.1:1",
            tls_url: None,
            environment: &environment,
            ca_file: Some(Path::new("/ca.pem")),
        };
        let mut out = Vec::new();
        ready_line(&mut out, &ready).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert_eq!(line.matches('\n').count(), 1);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({
            "ready": true,
            "url": "http://127.0.0.1:1",
            "environment": {"A": "1\n2"},
            "ca_file": "/ca.pem",
        });
        assert_eq!(line, expected);
    }
}
