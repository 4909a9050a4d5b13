//! The errors of a pull, with Artifactory's texts.
//!
//! Texts: Kubernetes issue 65958, mariadb-operator issue 1293. Details: `DockerV2Errors` in
//! <https://github.com/TencentBlueKing/bk-repo>, which answers as Artifactory does.

use http::StatusCode;
use serde_json::json;

use crate::service_error::RegistryError;

/// No credential came, or one that does not open this image.
pub(crate) fn unauthorized() -> RegistryError {
    let message = "authentication required";
    RegistryError::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
}

/// The credential is good and its owner may not read the repository.
///
/// The status is 403 and the code `UNAUTHORIZED`, which clients print:
/// <https://github.com/google/go-containerregistry/pull/1691>, Kubernetes issue 65958.
pub(crate) fn no_permission(image: &str) -> RegistryError {
    let message = "The client does not have permission for manifest";
    RegistryError::new(StatusCode::FORBIDDEN, "UNAUTHORIZED", message).with_detail(json!({ "manifest": image }))
}

/// There is no such repository, or no such image to list.
pub(crate) fn name_unknown(name: &str) -> RegistryError {
    let message = "Repository name not known to registry.";
    RegistryError::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message).with_detail(json!({ "name": name }))
}

/// The image has no such tag or digest, or does not exist.
pub(crate) fn manifest_unknown(image: &str) -> RegistryError {
    let message = "The named manifest is not known to the registry.";
    RegistryError::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message).with_detail(json!({ "manifest": image }))
}

/// The image has no such blob.
pub(crate) fn blob_unknown(digest: &str) -> RegistryError {
    let message = "blob unknown to registry";
    RegistryError::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", message).with_detail(json!({ "blobSum": digest }))
}

/// What stands in a digest's place is not one (OCI distribution specification, "Error Codes").
pub(crate) fn digest_invalid() -> RegistryError {
    let message = "provided digest did not match uploaded content";
    RegistryError::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
}

/// The number of tags to list is not one (`n` of the CNCF distribution registry).
pub(crate) fn page_invalid(number: &str) -> RegistryError {
    let message = "invalid number of results requested";
    RegistryError::new(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", message)
        .with_detail(json!({ "n": number }))
}

/// The registry is for pulling only.
pub(crate) fn unsupported() -> RegistryError {
    let message = "The operation is unsupported.";
    RegistryError::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
}
