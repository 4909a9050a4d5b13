//! The credentials file, as Google's tools write it, and what of it can be used here.
//!
//! Sources: AIP-4117, "External account credentials"; googleapis/google-auth-library-python, `google/auth/_default.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::source::{Format, Source};
use crate::endpoints::remote_url;
use crate::identity::gcp::{Target, is_account};
use crate::secret::Secret;

/// Why a credentials file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationDefaultError {
    /// It is no such file.
    #[error("the application default credentials `{}` are not understood", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
    },
    /// It is of a kind that is not taken.
    #[error("the application default credentials `{}` are of the kind `{kind}`, which {reason}", .path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// The value of `type`, or the kind of `credential_source`.
        kind: String,
        /// Why it is not.
        reason: &'static str,
    },
    /// It ends in an access token, which is no ID token.
    #[error("the application default credentials `{}` name no service account to act as", .path.display())]
    NoAccount {
        /// The file.
        path: PathBuf,
    },
    /// An address that a token must not go to or come from.
    #[error("`{key}` of the application default credentials `{}` is no address that is safe for a token", .path.display())]
    Address {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
}

/// What a file describes: a token that is exchanged, and an account that its bearer acts as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) federation: Federation,
    pub(super) account: Account,
}

/// A token and who takes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Federation {
    pub(super) source: Source,
    pub(super) audience: String,
    pub(super) subject_token_type: String,
    pub(super) token_url: String,
}

/// An account and where an ID token of it is signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) url: String,
    pub(super) target: Target,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Shape {
    ExternalAccount(ExternalAccountShape),
    ImpersonatedServiceAccount(ImpersonatedShape),
    ServiceAccount,
    AuthorizedUser,
    ExternalAccountAuthorizedUser,
    GdchServiceAccount,
}

#[derive(Deserialize)]
struct ExternalAccountShape {
    audience: String,
    subject_token_type: String,
    token_url: String,
    service_account_impersonation_url: Option<String>,
    credential_source: SourceShape,
}

#[derive(Deserialize)]
struct ImpersonatedShape {
    service_account_impersonation_url: String,
    #[serde(default)]
    delegates: Vec<String>,
    source_credentials: Box<Shape>,
}

#[derive(Deserialize)]
struct SourceShape {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    #[serde(default)]
    format: FormatShape,
    environment_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FormatShape {
    #[default]
    Text,
    Json {
        subject_token_field_name: String,
    },
}

impl Credentials {
    /// Reads a file's text.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, ApplicationDefaultError> {
        let file = File(path);
        match serde_json::from_str(text).map_err(|_| file.syntax())? {
            Shape::ExternalAccount(shape) => {
                let url = shape.service_account_impersonation_url.clone().ok_or_else(|| file.no_account())?;
                let account = file.account(&url, Vec::new())?;
                Ok(Self { federation: file.federation(shape)?, account })
            }
            Shape::ImpersonatedServiceAccount(shape) => {
                let account = file.account(&shape.service_account_impersonation_url, shape.delegates)?;
                match *shape.source_credentials {
                    Shape::ExternalAccount(source) if source.service_account_impersonation_url.is_some() => {
                        Err(file.kind("impersonated_service_account", "acts as one account by another"))
                    }
                    Shape::ExternalAccount(source) => Ok(Self { federation: file.federation(source)?, account }),
                    other => Err(file.refused(&other)),
                }
            }
            other => Err(file.refused(&other)),
        }
    }
}

/// The file that an error names.
#[derive(Clone, Copy)]
struct File<'a>(&'a Path);

impl File<'_> {
    fn federation(self, shape: ExternalAccountShape) -> Result<Federation, ApplicationDefaultError> {
        Ok(Federation {
            source: self.source(shape.credential_source)?,
            audience: shape.audience,
            subject_token_type: shape.subject_token_type,
            token_url: remote_url("token_url", &shape.token_url).map_err(|_| self.address("token_url"))?,
        })
    }

    fn source(self, shape: SourceShape) -> Result<Source, ApplicationDefaultError> {
        let format = match shape.format {
            FormatShape::Text => Format::Text,
            FormatShape::Json { subject_token_field_name } => Format::Json { field: subject_token_field_name },
        };
        match shape {
            SourceShape { environment_id: Some(_), .. } => {
                Err(self.kind("aws", "signs with keys of AWS; use the identity `awsInstanceRole` instead"))
            }
            SourceShape { file: Some(path), .. } => Ok(Source::File { path, format }),
            SourceShape { url: Some(url), headers, .. } => {
                Source::url(url, headers, format).ok_or_else(|| self.address("credential_source.url"))
            }
            _ => Err(self.kind("executable", "runs a command")),
        }
    }

    /// The account of an address such as `https://../v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`.
    fn account(self, url: &str, delegates: Vec<String>) -> Result<Account, ApplicationDefaultError> {
        let address = || self.address("service_account_impersonation_url");
        let base = remote_url("service_account_impersonation_url", url).map_err(|_| address())?;
        let base = base.strip_suffix(":generateAccessToken").ok_or_else(address)?;
        let service_account = base.rsplit('/').next().filter(|account| is_account(account)).ok_or_else(address)?;
        // A delegate is named with or without `projects/-/serviceAccounts/` before it.
        let last = |delegate: String| delegate.rsplit('/').next().map(str::to_owned).unwrap_or_default();
        let delegates = delegates.into_iter().map(last).collect();
        let target = Target { service_account: service_account.to_owned(), delegates };
        Ok(Account { url: format!("{base}:generateIdToken"), target })
    }

    fn refused(self, shape: &Shape) -> ApplicationDefaultError {
        match shape {
            Shape::ServiceAccount => self.kind("service_account", "holds a key that does not expire"),
            Shape::AuthorizedUser => self.kind("authorized_user", "is a person's"),
            Shape::ExternalAccountAuthorizedUser => self.kind("external_account_authorized_user", "is a person's"),
            Shape::GdchServiceAccount => self.kind("gdch_service_account", "holds a key that does not expire"),
            Shape::ExternalAccount(_) | Shape::ImpersonatedServiceAccount(_) => {
                self.kind("impersonated_service_account", "acts as one account by another")
            }
        }
    }

    fn syntax(self) -> ApplicationDefaultError {
        ApplicationDefaultError::Syntax { path: self.0.to_owned() }
    }

    fn no_account(self) -> ApplicationDefaultError {
        ApplicationDefaultError::NoAccount { path: self.0.to_owned() }
    }

    fn kind(self, kind: &str, reason: &'static str) -> ApplicationDefaultError {
        ApplicationDefaultError::Kind { path: self.0.to_owned(), kind: kind.to_owned(), reason }
    }

    fn address(self, key: &'static str) -> ApplicationDefaultError {
        ApplicationDefaultError::Address { path: self.0.to_owned(), key }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ACCOUNT: &str =
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com";

    fn external() -> Value {
        json!({
            "type": "external_account",
            "universe_domain": "googleapis.com",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/c/providers/d",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "service_account_impersonation_url": format!("{ACCOUNT}:generateAccessToken"),
            "credential_source": {"file": "/var/run/token", "format": {"type": "text"}},
        })
    }

    fn parse(document: &Value) -> Result<Credentials, ApplicationDefaultError> {
        Credentials::parse(&document.to_string(), Path::new("/adc.json"))
    }

    fn with(pointer: &str, value: Value) -> Value {
        let mut document = external();
        *document.pointer_mut(pointer).expect(pointer) = value;
        document
    }

    #[test]
    fn the_file_that_gcloud_writes_is_understood() {
        let Credentials { federation, account } = parse(&external()).expect("credentials");
        assert_eq!(account.url, format!("{ACCOUNT}:generateIdToken"));
        assert_eq!(account.target.service_account, "a@p.iam.gserviceaccount.com");
        assert_eq!(federation.source, Source::File { path: "/var/run/token".into(), format: Format::Text });
        assert_eq!(federation.token_url, "https://sts.googleapis.com/v1/token");
    }

    #[test]
    fn an_account_on_top_of_federation_is_acted_as_by_its_delegates() {
        let mut source = external();
        source.as_object_mut().expect("an object").remove("service_account_impersonation_url");
        let mut document = json!({
            "type": "impersonated_service_account",
            "service_account_impersonation_url": format!("{ACCOUNT}:generateAccessToken"),
            "delegates": ["projects/-/serviceAccounts/b@p.iam", "c@p.iam"],
            "source_credentials": source,
        });
        assert_eq!(parse(&document).expect("credentials").account.target.delegates, ["b@p.iam", "c@p.iam"]);
        document["source_credentials"] = external();
        assert!(matches!(parse(&document), Err(ApplicationDefaultError::Kind { .. })));
        document["source_credentials"] = json!({"type": "authorized_user", "refresh_token": "s3cret"});
        let error = parse(&document).expect_err("a person's").to_string();
        assert!(error.contains("authorized_user") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn what_makes_no_id_token_without_a_stored_secret_is_refused() {
        for kind in ["service_account", "authorized_user", "external_account_authorized_user", "gdch_service_account"] {
            let error = parse(&json!({"type": kind, "private_key": "s3cret"})).expect_err(kind).to_string();
            assert!(error.contains(kind) && !error.contains("s3cret"), "{error}");
        }
        for (source, kind) in
            [(json!({"executable": {"command": "x"}}), "executable"), (json!({"environment_id": "aws1"}), "aws")]
        {
            let error = parse(&with("/credential_source", source)).expect_err(kind).to_string();
            assert!(error.contains(&format!("`{kind}`")), "{error}");
        }
        let mut document = external();
        document.as_object_mut().expect("an object").remove("service_account_impersonation_url");
        assert!(matches!(parse(&document), Err(ApplicationDefaultError::NoAccount { .. })));
        assert!(matches!(parse(&json!({"type": "novel"})), Err(ApplicationDefaultError::Syntax { .. })));
    }

    #[test]
    fn a_token_goes_to_safe_addresses_only() {
        for (pointer, value) in [
            ("/token_url", "http://sts.googleapis.com/v1/token"),
            ("/service_account_impersonation_url", "http://evil.example/a@b:generateAccessToken"),
            ("/service_account_impersonation_url", "https://iamcredentials.googleapis.com/v1/a@b"),
            (
                "/service_account_impersonation_url",
                "https://iamcredentials.googleapis.com/v1/a%2fb:generateAccessToken",
            ),
        ] {
            let error = parse(&with(pointer, json!(value))).expect_err(value);
            assert!(
                matches!(&error, ApplicationDefaultError::Address { key, .. } if pointer.ends_with(key)),
                "{value}"
            );
        }
        let url = json!({"url": "http://token.example/token"});
        assert!(matches!(parse(&with("/credential_source", url)), Err(ApplicationDefaultError::Address { .. })));
    }
}
