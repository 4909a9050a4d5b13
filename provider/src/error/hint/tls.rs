//! Remedies of connections that cannot be made safe.

use crate::http::{ClientCertificateError, Refusal, RootsError, ServerCertificateError};

/// Whose certificates a hint means.
#[derive(Clone, Copy)]
pub(super) enum Authority {
    /// Those of the clouds' services, which only the variable can name.
    Clouds,
    /// Those of Artifactory, which a route can name as well.
    Artifactory,
}

impl Authority {
    /// What names the trusted authorities.
    pub(super) fn bundle(self) -> &'static str {
        match self {
            Self::Clouds => "SSL_CERT_FILE",
            Self::Artifactory => "`tls.caFile` (else SSL_CERT_FILE)",
        }
    }

    /// What names the host that a certificate must be for.
    fn host(self) -> &'static str {
        match self {
            Self::Clouds => "use one of those names in the variable that names the service's address",
            Self::Artifactory => "use one of those names in `artifactoryUrl`, or set `tls.serverName` to it",
        }
    }
}

/// What names the certificate that a client shows.
const CLIENT_CERTIFICATE: &str =
    "set `tls.clientCertificateFile` and `tls.clientKeyFile` of the route, in a file that --config names";

pub(super) fn proxy_page() -> String {
    format!("{CLIENT_CERTIFICATE}, to a pair that the proxy trusts")
}

pub(super) fn roots(error: &RootsError, authority: Authority) -> String {
    let bundle = authority.bundle();
    match error {
        RootsError::Missing => format!("install the ca-certificates package, or name a bundle in {bundle}"),
        RootsError::Unreadable { .. } | RootsError::Empty { .. } => {
            format!("name a PEM file with CA certificates in {bundle}")
        }
    }
}

pub(super) fn server_certificate(error: &ServerCertificateError, whom: &str, authority: Authority) -> String {
    use ServerCertificateError as Problem;
    let bundle = authority.bundle();
    match error {
        Problem::UnknownIssuer { issuer, .. } => {
            format!("add the certificate of `{issuer}` or of its own issuer to the file in {bundle}")
        }
        Problem::OtherKey { issuer, .. } => {
            format!("replace the certificate of `{issuer}` in the file in {bundle} by the one that is in use")
        }
        Problem::Expired { .. } => {
            format!("renew that certificate at {whom}; check the node's clock if it is not that old")
        }
        Problem::NotYetValid { .. } => {
            format!("check the node's clock; if it is right, {whom} shows its next certificate too early")
        }
        Problem::OtherName { .. } => authority.host().to_owned(),
        Problem::NoName { expected, .. } => {
            format!("issue the server a certificate with the subjectAltName `{expected}`")
        }
        Problem::Authority { .. } => {
            "issue the server a certificate of its own (basicConstraints CA:FALSE), signed by that authority".to_owned()
        }
        Problem::Purpose { .. } => "issue the server a certificate with the extended key usage serverAuth".to_owned(),
        Problem::Pin { seen } => format!("if the server's key was replaced on purpose, add `{seen}` to `tls.pins`"),
        Problem::Impostor { .. } => {
            format!("find out who answers in the place of {whom}: it shows a certificate that is not its own")
        }
        Problem::Other { .. } => format!("check the certificate of {whom}"),
    }
}

pub(super) fn refusal(refusal: &Refusal, whom: &str, authority: Authority) -> String {
    match refusal {
        Refusal::NoClientCertificate => match authority {
            Authority::Artifactory => CLIENT_CERTIFICATE.to_owned(),
            Authority::Clouds => format!("check that what answers is really {whom}: no cloud asks for one"),
        },
        Refusal::ClientCertificate { .. } => {
            format!(
                "check that {whom} trusts the issuer of that certificate, and name its intermediates in the same file"
            )
        }
        Refusal::Version => format!("let {whom} speak TLS 1.3, or lower `tls.minimumVersion` to 1.2 if it is set"),
        Refusal::Name => authority.host().replace("one of those names", "a name that the server knows"),
        Refusal::Other { .. } => match authority {
            Authority::Artifactory => format!(
                "see the logs of {whom}; many servers say no more for want of a client certificate (`tls.clientCertificateFile`)"
            ),
            Authority::Clouds => format!("check that what answers is really {whom}"),
        },
    }
}

pub(super) fn client_certificate(error: &ClientCertificateError) -> String {
    use ClientCertificateError as Problem;
    match error {
        Problem::Certificate { .. } => {
            "name a PEM file with the certificate and its intermediates in `tls.clientCertificateFile`".to_owned()
        }
        Problem::Key(_) => "name a PEM file that the kubelet's user can read in `tls.clientKeyFile`".to_owned(),
        Problem::KeyMode { path, .. } => format!("run: chmod 0600 {}", path.display()),
        Problem::KeyEncrypted { path } => {
            format!("nobody is there to ask for its passphrase; take it off: openssl pkey -in {} -out NEW", path.display())
        }
        Problem::KeyForm { .. } => {
            "name a PEM file with an RSA (2048 bits or more), ECDSA (P-256 or P-384) or Ed25519 key in `tls.clientKeyFile`"
                .to_owned()
        }
        Problem::OtherKey { .. } => {
            "name the files of one pair in `tls.clientCertificateFile` and `tls.clientKeyFile`; was only one of them renewed?"
                .to_owned()
        }
        Problem::Order { .. } => "move it to the top of the file, with its issuers behind it in their order".to_owned(),
        Problem::Expired { .. } => {
            "renew it, in the same file: it is read at each pull; check the node's clock if it is not that old".to_owned()
        }
        Problem::NotYetValid { .. } => "check the node's clock, or wait until the certificate is valid".to_owned(),
    }
}
