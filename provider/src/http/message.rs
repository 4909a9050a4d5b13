//! What is sent and what comes back.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode};

use crate::secret::Secret;

/// One request, ready to be sent as often as its retries allow.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) passing: fn(&Reply) -> bool,
}

impl Request {
    /// A GET without headers.
    #[must_use]
    pub fn get(url: String) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: None, passing: |_| false }
    }

    /// A PUT without headers or body.
    #[must_use]
    pub fn put(url: String) -> Self {
        Self { method: Method::PUT, ..Self::get(url) }
    }

    /// A POST of a JSON document.
    #[must_use]
    pub fn post_json(url: String, document: &serde_json::Value) -> Self {
        let request = Self { method: Method::POST, body: Some(document.to_string().into()), ..Self::get(url) };
        request.header("content-type", "application/json")
    }

    /// A POST of a form; its values are secrets to every log.
    #[must_use]
    pub fn post_form(url: String, fields: &[(&str, &str)]) -> Self {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", query_value(value)));
        let request =
            Self { method: Method::POST, body: Some(pairs.collect::<Vec<_>>().join("&").into()), ..Self::get(url) };
        request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
    }

    /// A POST of bytes of a type.
    #[must_use]
    pub fn post_bytes(url: String, content_type: &str, body: Vec<u8>) -> Self {
        let request = Self { method: Method::POST, body: Some(body.into()), ..Self::get(url) };
        request.header("content-type", content_type)
    }

    /// Names the replies that pass by themselves beside those whose status says so, for a service that throttles with a
    /// status that is final elsewhere.
    #[must_use]
    pub fn retried_if(mut self, passing: fn(&Reply) -> bool) -> Self {
        self.passing = passing;
        self
    }

    /// A request that another library has made; each of its headers is a secret to every log.
    ///
    /// What no request can carry is left out, and the service's refusal tells.
    #[must_use]
    pub fn of_parts<'h>(
        method: &str,
        url: String,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: Option<String>,
    ) -> Self {
        let headers = headers.filter_map(|(name, value)| {
            let (name, mut value) = (HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
            value.set_sensitive(true);
            Some((name, value))
        });
        let method = method.parse().unwrap_or(Method::GET);
        Self { method, headers: headers.collect(), body: body.map(Bytes::from), ..Self::get(url) }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The address, with its query.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds a header; a value that no header can carry is left out, and the service's refusal tells.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = value.parse() {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds a header whose value no log may show; what no request can carry is left out, and the service's refusal tells.
    #[must_use]
    pub fn secret_header(mut self, name: &str, value: &Secret) -> Self {
        if let (Ok(name), Ok(mut value)) = (name.parse::<HeaderName>(), value.expose().parse::<HeaderValue>()) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.url.split('?').next().unwrap_or_default();
        write!(formatter, "Request({} {address} {:?})", self.method, self.headers)
    }
}

/// A value of a query or form, escaped so that it stays one value.
pub(crate) fn query_value(text: &str) -> percent_encoding::PercentEncode<'_> {
    const RESERVED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, RESERVED)
}

/// A complete reply of bounded size, whatever its status.
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The body as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The headers that are text, by lower-case name.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// A header's value, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The pause a server asks for, in whole seconds.
    ///
    /// Source: RFC 9110 section 10.2.3; the form with a date is not honoured, since it needs clocks that agree.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header(RETRY_AFTER.as_str())?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// Whether the status says success with content: only 200 does, for every service here.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_value_cannot_add_a_parameter() {
        assert_eq!(query_value("api://a&b=c#d").to_string(), "api%3A%2F%2Fa%26b%3Dc%23d");
    }

    #[test]
    fn a_debugged_request_hides_its_body_and_query() {
        let request = Request::post_form("http://x/?q=s3cret".to_owned(), &[("token", "s3cret")]);
        assert!(!format!("{request:?}").contains("s3cret"));
    }

    #[test]
    fn a_debugged_request_hides_its_secret_headers() {
        let request =
            Request::get("http://x/".to_owned()).secret_header("authorization", &Secret::new("s3cret".to_owned()));
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
