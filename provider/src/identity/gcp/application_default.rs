//! Application default credentials: the file that Google's own tools write and read, and without one the metadata server.
//!
//! Only what makes an ID token without a stored secret is taken: the metadata server, workload identity federation
//! (`external_account`), and impersonation on top of it (`impersonated_service_account`). The key of a service account is a
//! secret that does not expire, which this program is there to avoid. The credentials of a person make no ID token for a
//! service account. A command to be run (`executable`) is no configuration.
//!
//! The rights are those of the identity that the file describes, as `metadata` and `workload_identity` state them.
//!
//! Sources: Google Cloud documentation, "How Application Default Credentials works"; AIP-4110, AIP-4117.

use std::path::{Path, PathBuf};

use super::sts::{self, Exchange, SubjectClaims};
use super::workload_identity::member;
use super::{Caller, GcpError, Google, iam_credentials, metadata, subject_token};
use crate::artifactory::OidcProvider;
use crate::config::Environment;
use crate::identity::Proof;
use crate::secret::Secret;

mod file;
mod source;

pub use file::ApplicationDefaultError;
use file::{Account, Credentials};

/// Whatever the application default credentials stand for, and the audience of the ID token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationDefault {
    /// Where the credentials are.
    pub place: Place,
    /// The audience of the ID token.
    pub audience: String,
    /// The OIDC provider that trusts Google's issuer.
    pub provider: OidcProvider,
}

/// Where the credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this file, which must be there.
    Named(PathBuf),
    /// In this file if it is there, else in the metadata server.
    WellKnown(PathBuf),
    /// In the metadata server.
    MetadataServer,
}

impl ApplicationDefault {
    /// The credentials of an environment: the file of `GOOGLE_APPLICATION_CREDENTIALS`, else
    /// `application_default_credentials.json` in `CLOUDSDK_CONFIG` or `$HOME/.config/gcloud`, else the metadata server.
    #[must_use]
    pub fn of(environment: &Environment, audience: String, provider: OidcProvider) -> Self {
        let named = environment.value("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from);
        let configuration = environment.value("CLOUDSDK_CONFIG").map(PathBuf::from);
        let configuration =
            configuration.or_else(|| Some(Path::new(environment.value("HOME")?).join(".config").join("gcloud")));
        let place = match (named, configuration) {
            (Some(path), _) => Place::Named(path),
            (None, Some(folder)) => Place::WellKnown(folder.join("application_default_credentials.json")),
            (None, None) => Place::MetadataServer,
        };
        Self { place, audience, provider }
    }

    /// Has an ID token signed as the credentials say.
    ///
    /// # Errors
    /// When the file cannot be used, or any of the services that it names does not answer or refuses.
    pub async fn prove(&self, google: &Google<'_>) -> Result<Proof<'_>, GcpError> {
        let token = match &self.place {
            Place::Named(path) => self.by_file(google, path).await?,
            Place::WellKnown(path) if path.exists() => self.by_file(google, path).await?,
            Place::WellKnown(_) | Place::MetadataServer => metadata::default_id_token(google, &self.audience).await?,
        };
        Ok(Proof::IdToken { token, provider: &self.provider })
    }

    async fn by_file(&self, google: &Google<'_>, path: &Path) -> Result<Secret, GcpError> {
        let text = subject_token::read(path)?;
        let Credentials { federation, account } = Credentials::parse(text.expose(), path)?;
        let subject_token = federation.source.read(google).await?;
        let exchange = Exchange {
            audience: &federation.audience,
            subject_token: &subject_token,
            subject_token_type: &federation.subject_token_type,
        };
        let cloud = google.cloud()?;
        let access_token = sts::access_token(&cloud, federation.token_url.clone(), &exchange).await?;
        let caller = Caller::Federated { member: member(&federation.audience, &SubjectClaims::of(&subject_token)) };
        let Account { url, target } = &account;
        let token =
            iam_credentials::id_token(&cloud, url.clone(), target, &access_token, caller, &self.audience).await?;
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)]) -> Place {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let provider = OidcProvider::named("google");
        ApplicationDefault::of(&environment, "artifactory".to_owned(), provider).place
    }

    #[test]
    fn the_named_file_wins_over_the_well_known_one() {
        let file = ("GOOGLE_APPLICATION_CREDENTIALS", "/etc/adc.json");
        let home = ("HOME", "/root");
        assert_eq!(place(&[file, home]), Place::Named("/etc/adc.json".into()));
        let well_known = "/root/.config/gcloud/application_default_credentials.json";
        assert_eq!(place(&[home]), Place::WellKnown(well_known.into()));
        let configured = ("CLOUDSDK_CONFIG", "/etc/gcloud");
        let well_known = "/etc/gcloud/application_default_credentials.json";
        assert_eq!(place(&[home, configured]), Place::WellKnown(well_known.into()));
        assert_eq!(place(&[]), Place::MetadataServer);
    }
}
