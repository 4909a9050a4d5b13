//! Artifactory without TLS, and Artifactory below a path.
