//! What was asked of a mock, and with which status it was answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::tls::Handshake;

/// The requests that a kit's servers received, in order; clones share them.
///
/// Requests below `/__mock/` are not recorded.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    recorded: Vec<(u64, Recorded)>,
}

/// One request as it was received.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// When it was received on the world's clock, as RFC 3339.
    pub at: String,
    /// Microseconds of real time between the making of the kit and the request.
    pub at_us: u64,
    /// The method, in the letters that were sent.
    pub method: String,
    /// The `Host` header, or the authority of an absolute request target; empty when there is neither.
    pub host: String,
    /// The path as it was sent, percent-encoding included.
    pub path: String,
    /// The query as it was sent, without the `?`; empty when there is none.
    pub query: String,
    /// Every header in the order received, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The first 4 MiB of the body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// What the connection's TLS handshake told; `None` without TLS.
    pub tls: Option<Handshake>,
    /// The status of the answer; `None` when none was sent (yet).
    pub status: Option<u16>,
}

impl Recorded {
    /// Answers the first header of that name, whatever its letters' case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// Names one entry, so that its status can be filled in later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryId(u64);

impl Journal {
    /// Answers every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        let entries = self.lock();
        entries.recorded.iter().map(|(_, it)| it.clone()).collect()
    }

    /// Forgets every request so far.
    pub fn clear(&self) {
        self.lock().recorded.clear();
    }

    pub(crate) fn open(&self, request: Recorded) -> EntryId {
        let mut entries = self.lock();
        let id = entries.next;
        entries.next += 1;
        entries.recorded.push((id, request));
        EntryId(id)
    }

    /// Fills in the status; an entry that was cleared meanwhile stays cleared.
    pub(crate) fn complete(&self, EntryId(id): EntryId, status: u16) {
        let mut entries = self.lock();
        if let Ok(at) = entries.recorded.binary_search_by_key(&id, |(id, _)| *id) {
            entries.recorded[at].1.status = Some(status);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Recorded {
        Recorded {
            at: String::new(),
            at_us: 0,
            method: "GET".into(),
            host: String::new(),
            path: path.into(),
            query: String::new(),
            headers: vec![("x-a".into(), "1".into())],
            body: String::new(),
            tls: None,
            status: None,
        }
    }

    #[test]
    fn a_status_lands_on_its_own_request() {
        let journal = Journal::default();
        let first = journal.open(request("/1"));
        journal.open(request("/2"));
        journal.complete(first, 204);
        let statuses: Vec<_> = journal.requests().iter().map(|it| it.status).collect();
        assert_eq!(statuses, [Some(204), None]);
    }

    #[test]
    fn a_status_after_clear_does_not_land_on_a_newer_request() {
        let journal = Journal::default();
        let cleared = journal.open(request("/1"));
        journal.clear();
        journal.open(request("/2"));
        journal.complete(cleared, 200);
        assert_eq!(journal.requests()[0].status, None);
    }

    #[test]
    fn a_header_is_found_in_any_case_and_an_absent_one_is_not() {
        assert_eq!(request("/").header("X-A"), Some("1"));
        assert_eq!(request("/").header("x-b"), None);
    }
}
