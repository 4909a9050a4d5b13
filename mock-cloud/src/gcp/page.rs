//! The pages that the metadata server answers when it refuses.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};

use super::world::MetadataServer;

/// A refusal of the metadata server.
///
/// Sources: Compute Engine, Query metadata; `salrashid123/gce_metadata_server`, `server.go`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No `Metadata-Flavor: Google`.
    Flavor { path: String },
    /// `X-Forwarded-For` is there.
    Forwarded { path: String },
    /// No such element.
    NotFound { path: String },
    /// Not GET.
    Method,
    /// A directory without its final slash.
    Moved { location: String, path: String },
    /// An ID token without an audience.
    Audience,
    /// GKE's server has no Google service account for the pod, or IAM gives it no token.
    Workload { status: StatusCode, text: String },
}

impl Refusal {
    /// Renders the refusal as a server does.
    pub(super) fn response(self, server: &MetadataServer) -> Response {
        match server {
            MetadataServer::ComputeEngine => self.into_response(),
            MetadataServer::Gke(_) => self.gke(),
        }
    }

    /// Renders the refusal as plain text behind a fixed beginning.
    ///
    /// Sources: googleapis/google-api-java-client, issue 1396; `matheuscscp/gke-metadata-server`.
    fn gke(self) -> Response {
        let (status, text) = match self {
            Self::Flavor { .. } => {
                (StatusCode::FORBIDDEN, "Missing required header \"Metadata-Flavor\": \"Google\"".to_owned())
            }
            Self::Forwarded { .. } => (StatusCode::FORBIDDEN, "Header \"X-Forwarded-For\" is not allowed".to_owned()),
            Self::NotFound { path } => (StatusCode::NOT_FOUND, format!("{path} is not found")),
            Self::Workload { status, text } => (status, text),
            Self::Method | Self::Moved { .. } | Self::Audience => return self.into_response(),
        };
        let body = format!("GKE Metadata Server encountered an error: {text}\n");
        (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Workload { status, text } => (status, text).into_response(),
            Self::Flavor { path } => {
                let path = escape(&path);
                let text = format!(
                    "Your client does not have permission to get URL <code>{path}</code> from \
                     this server. Missing Metadata-Flavor:Google header."
                );
                page(StatusCode::FORBIDDEN, "Error 403 (Forbidden)!!1", &text)
            }
            Self::Forwarded { path } => {
                let path = escape(&path);
                let text = format!(
                    "Your client does not have permission to get URL <code>{path}</code> from \
                     this server."
                );
                page(StatusCode::FORBIDDEN, "Error 403 (Forbidden)!!1", &text)
            }
            Self::NotFound { path } => {
                let path = escape(&path);
                let text = format!("The requested URL <code>{path}</code> was not found on this server.");
                page(StatusCode::NOT_FOUND, "Error 404 (Not Found)!!1", &text)
            }
            Self::Method => {
                let text = "The request method is inappropriate for the URL.";
                let title = "Error 405 (Method Not Allowed)!!1";
                page(StatusCode::METHOD_NOT_ALLOWED, title, text)
            }
            Self::Moved { location, path } => {
                let headers = [(LOCATION, location.as_str()), (CONTENT_TYPE, "text/html")];
                let body = format!("{path}/\n");
                (StatusCode::MOVED_PERMANENTLY, headers, body).into_response()
            }
            Self::Audience => {
                let text = "non-empty audience parameter required";
                (StatusCode::BAD_REQUEST, HTML, text).into_response()
            }
        }
    }
}

pub(super) const HTML: [(http::HeaderName, &str); 1] = [(CONTENT_TYPE, "text/html; charset=UTF-8")];

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let code = status.as_u16();
    let body = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>{title}</title>\n  \
         <p><b>{code}.</b> <ins>That\u{2019}s an error.</ins>\n  \
         <p>{text}  <ins>That\u{2019}s all we know.</ins>\n"
    );
    (status, HTML, body).into_response()
}

/// A path comes from outside and lands in a page.
fn escape(path: &str) -> String {
    path.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_add_elements_to_a_page() {
        assert_eq!(escape("/<b>&"), "/&lt;b&gt;&amp;");
    }
}
