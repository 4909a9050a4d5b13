//! Writes the Bearer challenge, as captured from Artifactory 7.12 and 7.84.
//!
//! Captures: <https://github.com/containerd/containerd/issues/6339>,
//! <https://github.com/containerd/nerdctl/issues/4244>.

use http::HeaderMap;
use http::header::HOST;

use super::route::Route;

/// The base URL that Artifactory believes clients reach it at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// Reads it from what the reverse proxy says, else from the request's own host.
    ///
    /// X-JFrog-Override-Base-Url: JFrog documentation, "Reverse Proxy Configuration"; the nginx
    /// configuration in <https://github.com/jfrog/charts> sets it.
    pub(crate) fn of(headers: &HeaderMap, scheme: &str) -> Self {
        match text(headers, "X-JFrog-Override-Base-Url") {
            Some(url) => Self(url.trim_end_matches('/').to_owned()),
            None => Self(format!("{scheme}://{}", host(headers))),
        }
    }

    /// Returns the value of `service`: the host, with the port where the URL has one.
    fn service(&self) -> &str {
        let after_scheme = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        after_scheme.split('/').next().unwrap_or(after_scheme)
    }
}

/// Returns the Host header, or nothing for a request that came without.
pub(crate) fn host(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Writes the WWW-Authenticate value that sends a client to the token endpoint.
///
/// The scope leaves out the repository key, which stands in the realm, and is absent where no image
/// is named. Without a repository the realm says `null`.
pub(crate) fn challenge(origin: &Origin, route: &Route) -> String {
    let repository = route.repository.as_deref().unwrap_or("null");
    let realm = format!("{}/artifactory/api/docker/{repository}/v2/token", origin.0);
    let scope = route.image().map(|image| format!(",scope=\"repository:{image}:pull\"")).unwrap_or_default();
    format!("Bearer realm=\"{realm}\",service=\"{}\"{scope}", origin.service())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    /// The header of nerdctl issue 4244: the path is /v2/some-docker/bitnami/x, the scope is not.
    #[test]
    fn the_scope_leaves_out_the_repository_key() {
        let origin = Origin::of(&headers(&[("host", "art.example:443")]), "https");
        let route = Route::by_path("some-docker/bitnami/x/manifests/latest");
        let expected = "Bearer realm=\"https://art.example:443/artifactory/api/docker/some-docker/v2/token\",\
                        service=\"art.example:443\",scope=\"repository:bitnami/x:pull\"";
        assert_eq!(challenge(&origin, &route), expected);
    }

    #[test]
    fn the_bare_ping_has_no_scope_and_no_repository() {
        let origin = Origin::of(&headers(&[("host", "art.example")]), "http");
        let expected = "Bearer realm=\"http://art.example/artifactory/api/docker/null/v2/token\",\
                        service=\"art.example\"";
        assert_eq!(challenge(&origin, &Route::by_path("")), expected);
    }

    #[test]
    fn the_ping_of_a_repository_names_it() {
        let origin = Origin::of(&headers(&[("host", "local.art.example")]), "https");
        let expected = "Bearer realm=\"https://local.art.example/artifactory/api/docker/local/v2/token\",\
                        service=\"local.art.example\"";
        assert_eq!(challenge(&origin, &Route::within("local", "")), expected);
    }

    #[test]
    fn what_the_reverse_proxy_says_goes_before_the_host() {
        let pairs = [("host", "10.0.0.7:8082"), ("x-jfrog-override-base-url", "https://art.example:443/")];
        let origin = Origin::of(&headers(&pairs), "http");
        let header = challenge(&origin, &Route::by_path(""));
        assert!(header.contains("realm=\"https://art.example:443/artifactory/"), "{header}");
        assert!(header.ends_with("service=\"art.example:443\""), "{header}");
    }
}
