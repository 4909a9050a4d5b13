//! How the metadata service answers: plain text with its own headers, and error pages.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_RANGES, ALLOW, CONNECTION, CONTENT_TYPE, DATE, LAST_MODIFIED, LOCATION, SERVER};
use http::{HeaderName, StatusCode};
use time::OffsetDateTime;

use super::tokens::TTL;
use crate::aws::timestamp;

/// What a request says about its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// A live token with this many seconds left.
    Valid(u64),
    /// A token that is none, or was.
    Unknown,
    /// No token: an IMDSv1 request.
    Absent,
}

/// An answer that lacks only its date.
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: String,
    dated: bool,
}

impl Reply {
    /// A token.
    pub(crate) fn text(body: String) -> Self {
        Self::new(StatusCode::OK, "text/plain", body)
    }

    /// A datum or a listing.
    pub(crate) fn data(body: String) -> Self {
        let mut reply = Self::text(body).and(ACCEPT_RANGES, "none".into());
        reply.dated = true;
        reply
    }

    /// The XHTML page of a status.
    ///
    /// Its bytes are those of the recorded 404, broken indent included.
    pub(crate) fn error(status: StatusCode) -> Self {
        let title = format!("{} - {}", status.as_str(), status.canonical_reason().unwrap_or_default());
        let page = format!(
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n\
             <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"\n\
             \t\t \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
             <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n \
             <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
        );
        Self::new(status, "text/html", page)
    }

    /// The empty answer to a method that the path does not have.
    pub(crate) fn not_allowed(methods: &str) -> Self {
        let reply = Self::new(StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new());
        reply.and(ALLOW, methods.into())
    }

    /// A redirect.
    pub(crate) fn moved(path: &str) -> Self {
        Self::error(StatusCode::MOVED_PERMANENTLY).and(LOCATION, path.into())
    }

    /// The answer within a session, which tells its remaining seconds; that to IMDSv1 does not.
    pub(crate) fn with(self, presence: Presence) -> Self {
        match presence {
            Presence::Valid(left) => self.and(HeaderName::from_static(TTL), left.to_string()),
            Presence::Unknown | Presence::Absent => self,
        }
    }

    /// The answer at a time, about data of another time.
    pub(crate) fn at(self, now: OffsetDateTime, modified: OffsetDateTime) -> Self {
        let dated = self.dated;
        let reply = self.and(DATE, timestamp::http(now));
        if dated { reply.and(LAST_MODIFIED, timestamp::http(modified)) } else { reply }
    }

    fn new(status: StatusCode, content_type: &str, body: String) -> Self {
        let reply = Self { status, headers: Vec::new(), body, dated: false };
        // One request per connection, as recorded.
        reply.and(CONTENT_TYPE, content_type.into()).and(SERVER, "EC2ws".into()).and(CONNECTION, "close".into())
    }

    fn and(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, Body::from(self.body)).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = value.try_into() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_404_page_has_the_length_of_the_recorded_one() {
        let page = Reply::error(StatusCode::NOT_FOUND).body;
        assert_eq!(page.len(), 339);
        assert!(page.contains("<title>404 - Not Found</title>"), "{page}");
    }
}
