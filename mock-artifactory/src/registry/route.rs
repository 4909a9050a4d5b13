//! Reads which repository, image and thing a request's path and host name.

use super::digest::Digest;

/// What a path below `/v2/` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The repository key; `None` where no method names one, as on the bare `/v2/`.
    pub(crate) repository: Option<String>,
    /// What is asked of it.
    pub(crate) endpoint: Endpoint,
}

/// The endpoints of a pull (OCI distribution specification, "Endpoints").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/v2/`
    Ping,
    /// `/v2/IMAGE/manifests/REFERENCE`
    Manifest { image: String, reference: Reference },
    /// `/v2/IMAGE/blobs/DIGEST`; `None` when what stands there is not a digest.
    Blob { image: String, digest: Option<Digest> },
    /// `/v2/IMAGE/tags/list`
    Tags { image: String },
    /// Any other path.
    Unknown,
}

/// How a manifest is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// By tag.
    Tag(String),
    /// By digest.
    Digest(Digest),
    /// It has a digest's colon and is no digest.
    Malformed,
}

impl Route {
    /// Reads what follows `/v2/` by the repository path method: the first segment is the repository key.
    ///
    /// JFrog documentation, "Get Started With Docker Repositories", repository path method.
    pub(crate) fn by_path(rest: &str) -> Self {
        match rest.split_once('/') {
            None if rest.is_empty() => Self { repository: None, endpoint: Endpoint::Ping },
            None => Self { repository: None, endpoint: Endpoint::Unknown },
            Some((repository, "")) => Self { repository: Some(repository.to_owned()), endpoint: Endpoint::Unknown },
            Some((repository, rest)) => Self::within(repository, rest),
        }
    }

    /// Reads what follows `/v2/` where the host or an earlier segment names the repository.
    pub(crate) fn within(repository: &str, rest: &str) -> Self {
        Self { repository: Some(repository.to_owned()), endpoint: Endpoint::parse(rest) }
    }

    /// Returns the image that the path names, without the repository key.
    pub(crate) fn image(&self) -> Option<&str> {
        match &self.endpoint {
            Endpoint::Manifest { image, .. } | Endpoint::Blob { image, .. } | Endpoint::Tags { image } => Some(image),
            Endpoint::Ping | Endpoint::Unknown => None,
        }
    }
}

impl Endpoint {
    fn parse(rest: &str) -> Self {
        if rest.is_empty() {
            return Self::Ping;
        }
        if let Some(image) = rest.strip_suffix("/tags/list").filter(|image| is_name(image)) {
            return Self::Tags { image: image.to_owned() };
        }
        let Some((path, last)) = rest.rsplit_once('/') else {
            return Self::Unknown;
        };
        let Some((image, kind)) = path.rsplit_once('/').filter(|(image, _)| is_name(image)) else {
            return Self::Unknown;
        };
        let image = image.to_owned();
        match kind {
            "manifests" if !last.is_empty() => Self::Manifest { image, reference: Reference::parse(last) },
            "blobs" if !last.is_empty() => Self::Blob { image, digest: Digest::parse(last) },
            _ => Self::Unknown,
        }
    }
}

impl Reference {
    fn parse(text: &str) -> Self {
        match Digest::parse(text) {
            Some(digest) => Self::Digest(digest),
            None if text.contains(':') => Self::Malformed,
            None => Self::Tag(text.to_owned()),
        }
    }
}

/// Says whether every segment of an image name holds something.
fn is_name(image: &str) -> bool {
    image.split('/').all(|segment| !segment.is_empty())
}

/// Returns the repository key of the subdomain method: the first label of `REPOSITORY.HOST`.
///
/// The real proxy knows its own host name; the mock, which has many, asks whether the label is a
/// repository's key.
pub(crate) fn subdomain(host: &str, is_repository: impl Fn(&str) -> bool) -> Option<&str> {
    let (label, _) = host.split_once('.')?;
    is_repository(label).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn manifest(image: &str, tag: &str) -> Endpoint {
        Endpoint::Manifest { image: image.into(), reference: Reference::Tag(tag.into()) }
    }

    #[test]
    fn the_first_segment_is_the_repository_and_the_rest_is_the_image() {
        let digest = Digest::parse(DIGEST);
        let by_digest = Reference::Digest(digest.clone().unwrap());
        let cases = [
            ("local/hello/manifests/1".to_owned(), manifest("hello", "1")),
            ("local/team/app/api/manifests/v1.2".to_owned(), manifest("team/app/api", "v1.2")),
            ("local/team/manifests/manifests/1".to_owned(), manifest("team/manifests", "1")),
            (
                format!("local/hello/manifests/{DIGEST}"),
                Endpoint::Manifest { image: "hello".into(), reference: by_digest },
            ),
            (
                "local/hello/manifests/sha256:12".to_owned(),
                Endpoint::Manifest { image: "hello".into(), reference: Reference::Malformed },
            ),
            (format!("local/team/app/blobs/{DIGEST}"), Endpoint::Blob { image: "team/app".into(), digest }),
            ("local/hello/blobs/latest".to_owned(), Endpoint::Blob { image: "hello".into(), digest: None }),
            ("local/team/app/tags/list".to_owned(), Endpoint::Tags { image: "team/app".into() }),
        ];
        for (path, endpoint) in cases {
            let expected = Route { repository: Some("local".into()), endpoint };
            assert_eq!(Route::by_path(&path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_that_names_no_image_is_unknown() {
        let paths = [
            "hello/manifests/1",
            "local/",
            "local",
            "local/manifests/1",
            "local//manifests/1",
            "local/hello//manifests/1",
            "local/hello/manifests/",
            "local/hello/blobs/",
            "local/hello/referrers/x",
            "local/tags/list",
        ];
        for path in paths {
            assert_eq!(Route::by_path(path).endpoint, Endpoint::Unknown, "{path}");
        }
        assert_eq!(Route::by_path("").endpoint, Endpoint::Ping);
    }

    #[test]
    fn within_a_repository_the_whole_path_is_the_image() {
        let route = Route::within("local", "team/hello/manifests/1");
        assert_eq!(route.repository.as_deref(), Some("local"));
        assert_eq!(route.image(), Some("team/hello"));
        assert_eq!(Route::within("local", "").endpoint, Endpoint::Ping);
    }

    #[test]
    fn only_a_label_that_is_a_repository_names_one() {
        let known = |key: &str| key == "docker-local";
        let cases = [
            ("docker-local.artifactory.example:8443", Some("docker-local")),
            ("artifactory.example", None),
            ("docker-local", None),
            ("127.0.0.1:8443", None),
            ("my.docker-local.example", None),
        ];
        for (host, expected) in cases {
            assert_eq!(subdomain(host, known), expected, "{host}");
        }
    }
}
