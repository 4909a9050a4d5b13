//! A pull as an entry of the journal.
//!
//! Source: systemd, "Native Journal Protocol".

use std::io;
use std::path::Path;

use serde_json::Value;

use super::{Line, Missing, of};
use crate::platform::send_datagram;
use crate::telemetry::record::Pull;

/// Where journald listens, below the system's root.
pub(in crate::telemetry) const SOCKET: &str = "run/systemd/journal/socket";
/// Source: syslog(3), `LOG_ERR`, `LOG_WARNING` and `LOG_INFO`.
const ERROR: &str = "3";
const WARNING: &str = "4";
const INFORMATION: &str = "6";

/// Adds pulls to the journal, behind the number of those that it does not know, and says how many it did not take.
///
/// # Errors
/// When it does not take that number.
pub(in crate::telemetry) fn add(socket: &Path, pulls: &[Pull], missing: u64) -> io::Result<u64> {
    if missing > 0 {
        let message = format!("{missing} pulls are not in the journal");
        send_datagram(socket, &entry(&message, WARNING, &serde_json::to_value(Missing { unlogged_pulls: missing })?))?;
    }
    let lost = pulls.iter().filter(|pull| send(socket, &of(pull)).is_err()).count();
    Ok(lost as u64)
}

fn send(socket: &Path, line: &Line<'_>) -> io::Result<()> {
    let outcome = line.outcome.unwrap_or("ended");
    let image = [line.registry, line.repository].map(Option::unwrap_or_default).join("/");
    let (message, priority) = match line.error {
        Some(error) => (format!("pull of {image} {outcome}: {error}"), ERROR),
        None => (format!("pull of {image} {outcome}"), INFORMATION),
    };
    send_datagram(socket, &entry(&message, priority, &serde_json::to_value(line)?))
}

/// What is said of a pull, with names of fields as the journal has them.
fn entry(message: &str, priority: &str, said: &Value) -> Vec<u8> {
    let mut entry = Vec::new();
    field(&mut entry, "MESSAGE", message);
    field(&mut entry, "PRIORITY", priority);
    field(&mut entry, "SYSLOG_IDENTIFIER", env!("CARGO_PKG_NAME"));
    for (key, value) in said.as_object().into_iter().flatten() {
        let name = format!("CREDENTIAL_PROVIDER_{}", key.to_ascii_uppercase());
        match value {
            Value::Null => {}
            Value::String(text) => field(&mut entry, &name, text),
            // A field may be there several times.
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).for_each(|it| field(&mut entry, &name, it)),
            value => field(&mut entry, &name, &value.to_string()),
        }
    }
    entry
}

/// In the form that lets a value hold anything: a name, the length in eight bytes, the least first, and the value.
fn field(entry: &mut Vec<u8>, name: &str, value: &str) {
    entry.extend_from_slice(name.as_bytes());
    entry.push(b'\n');
    entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    entry.extend_from_slice(value.as_bytes());
    entry.push(b'\n');
}
