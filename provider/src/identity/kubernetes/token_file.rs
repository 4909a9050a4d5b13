//! The node's own identity on any cluster: a service account token that something on the node keeps in a file.

use std::path::PathBuf;

use super::{Expected, TokenError};
use crate::artifactory::OidcProvider;
use crate::identity::Proof;
use crate::secret_file::{self, SecretFileError};

/// A service account token in a file, such as a projected volume of a pod that mounts it into the node. It is read at each
/// pull, since the kubelet writes a fresh one when four fifths of its life are over (Kubernetes documentation, "Configure
/// Service Accounts for Pods", `serviceAccountToken` projection). Who may read the file is not this program's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountTokenFile {
    /// The file.
    pub path: PathBuf,
    /// What the token must say of itself.
    pub expected: Expected,
    /// The OIDC provider that trusts the cluster's issuer.
    pub provider: OidcProvider,
}

/// Why a file gave no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFileError {
    /// It cannot be read.
    #[error("no service account token could be read")]
    Unreadable(#[from] SecretFileError),
    /// What it holds cannot prove anything.
    #[error("the service account token in `{}` is of no use", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with the token.
        source: TokenError,
    },
}

impl ServiceAccountTokenFile {
    /// Reads the token and hands it out once it is known to hold now, to be of the right issuer and for the right audience.
    ///
    /// # Errors
    /// When there is none, or it is not that.
    pub fn prove(&self) -> Result<Proof<'_>, TokenFileError> {
        let token = secret_file::read(&self.path, secret_file::TOKEN_LIMIT)?;
        match self.expected.claims_of(&token, crate::time::now()) {
            Ok(_) => Ok(Proof::IdToken { token, provider: &self.provider }),
            Err(source) => Err(TokenFileError::Unusable { path: self.path.clone(), source }),
        }
    }
}
