//! The command line: nothing for a pull by environment, `--config FILE` for a pull by file, `--check-config` for people.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::image::ImageRef;
use crate::telemetry::EXPORT;

mod incumbent;

pub use incumbent::IncumbentCommand;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Answer the kubelet's request on stdin.
    Answer {
        /// The configuration file; `None` reads the environment.
        config: Option<PathBuf>,
    },
    /// Print the configuration as a pull would have it, or who would serve an image.
    CheckConfig {
        /// The configuration file; `None` reads the environment.
        config: Option<PathBuf>,
        /// The image that is asked about; `None` prints the configuration.
        image: Option<ImageRef>,
    },
    /// Send what earlier pulls have recorded. A pull asks for it, and nobody else needs to.
    Export {
        /// The configuration file of that pull; `None` reads the environment.
        config: Option<PathBuf>,
    },
    /// Draw the last pull that was recorded.
    Explain {
        /// The configuration file of the pulls; `None` reads the environment.
        config: Option<PathBuf>,
    },
    /// Print a text and end.
    Print(&'static str),
}

/// A command line that is not understood.
#[derive(Debug, thiserror::Error)]
pub enum CommandLineError {
    /// An option or argument that is not known.
    #[error("the command line is not understood: {0}")]
    NotUnderstood(String),
    /// What the incumbent's program does, and this one does not.
    #[error("`{}` is a command of jfrog-credentials-provider, and this program only answers the kubelet", .0.name())]
    Incumbent(IncumbentCommand),
}

/// The word for [`Command::Explain`].
const EXPLAIN: &str = "explain";

const VERSION: &str = concat!("artifactory-credential-provider ", env!("CARGO_PKG_VERSION"), "\n");

const HELP: &str = "\
Kubelet image credential provider for JFrog Artifactory.

Usage: artifactory-credential-provider [--config FILE]
       artifactory-credential-provider --check-config [--config FILE] [--image IMAGE]
       artifactory-credential-provider explain --last [--config FILE]

The kubelet starts this program, writes a CredentialProviderRequest to its stdin and
reads a CredentialProviderResponse from its stdout.

Options:
  --config FILE   Read routes from FILE (YAML or JSON); the environment fills what they leave out
  --check-config  Print the configuration as a pull would have it, without secrets, and ask nobody
  --image IMAGE   Print which route would serve IMAGE instead, and why (with --check-config)
  explain --last  Draw the last pull that was recorded: what took how long, and why it failed (with telemetry)
  --version       Print the version
  --help          Print this text

Without --config the environment configures one route:
  artifactory_url           Artifactory's host[:port], with or without https:// and a path
  cloud_provider            aws, azure or google; unset for a static credential, or to find the cloud
  http_timeout_seconds, secret_ttl_seconds, jfrog_token_audience
  jfrog_oidc_provider_name  Artifactory's OIDC provider (azure, google and Cognito)
  ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER
                            firstThatApplies, strict or firstThatWorks
  AWS                       aws_auth_method, aws_role_name, aws_region
    another account         aws_external_role_arn, aws_external_role_session_duration_seconds
    Cognito                 secret_name, user_pool_name, resource_server_name, user_pool_resource_scope
  Azure                     azure_auth_method, azure_tenant_id, azure_app_client_id, azure_app_audience,
                            azure_app_uri, azure_nodepool_client_id, azure_cloud_name
  Google                    google_service_account_email, jfrog_oidc_audience
  static                    KSCP_REGISTRY_USERNAME, KSCP_REGISTRY_PASSWORD, KSCP_CACHE_DURATION,
                            SCP_REGISTRY_USERNAME, SCP_REGISTRY_PASSWORD
  for tests                 ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT
  without effect            log_level, disable_provider_autoupdate, JFROG_CREDENTIAL_PROVIDER_RELEASES_URL,
                            JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_URL, JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_SUFFIX
With and without --config:
  network                   SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY, HTTP_PROXY, NO_PROXY
  AWS                       AWS_REGION, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT,
                            AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT,
                            AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS,
                            AWS_ENDPOINT_URL_SECRETS_MANAGER, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
                            AWS_CONTAINER_CREDENTIALS_FULL_URI, ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL
    by the AWS SDK          AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE,
                            AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, AWS_WEB_IDENTITY_TOKEN_FILE,
                            AWS_ROLE_ARN, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
  Azure                     AZURE_POD_IDENTITY_AUTHORITY_HOST, AZURE_AUTHORITY_HOST
  Google                    GCE_METADATA_HOST, GOOGLE_APPLICATION_CREDENTIALS, CLOUDSDK_CONFIG,
                            GOOGLE_CLOUD_UNIVERSE_DOMAIN, CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS,
                            CLOUDSDK_API_ENDPOINT_OVERRIDES_STS
  telemetry                 OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
                            ARTIFACTORY_CREDENTIAL_PROVIDER_METRICS_FILE,
                            ARTIFACTORY_CREDENTIAL_PROVIDER_LOG_FILE; off without any
    on or off               OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG
    who this is             OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
    how it is sent          OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_INSECURE,
    each also for traces    OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_TIMEOUT,
                            OTEL_EXPORTER_OTLP_COMPRESSION, OTEL_EXPORTER_OTLP_CERTIFICATE,
                            OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY

Exit codes: 0 answered or declined, 2 request, 3 configuration, 4 identity, 5 exchange, 6 deadline, 70 bug.
";

impl Command {
    /// Reads the arguments, the program's name left out.
    ///
    /// # Errors
    /// For any argument that is not known.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, CommandLineError> {
        use lexopt::prelude::{Long, Short, Value};
        let mut parser = lexopt::Parser::from_args(arguments);
        let (mut config, mut image) = (None, None);
        let (mut checks, mut word) = (false, None);
        while let Some(argument) = parser.next().map_err(not_understood)? {
            match argument {
                Long("config") => config = Some(PathBuf::from(parser.value().map_err(not_understood)?)),
                Long("check-config") => checks = true,
                Long("image") => image = Some(image_of(&parser.value().map_err(not_understood)?)?),
                Long("version") | Short('V') => return Ok(Self::Print(VERSION)),
                Long("help") | Short('h') => return Ok(Self::Print(HELP)),
                Value(value) if word.is_none() && (value == EXPORT || value == EXPLAIN) => word = Some(value),
                Long("last") if word.as_ref().is_some_and(|word| word == EXPLAIN) => {}
                Value(word) => return Err(incumbent::refused(&word)),
                other => return Err(not_understood(other.unexpected())),
            }
        }
        match (checks, image) {
            (false, None) if word.as_ref().is_some_and(|word| word == EXPORT) => Ok(Self::Export { config }),
            (false, None) if word.is_some() => Ok(Self::Explain { config }),
            _ if word.is_some() => {
                Err(CommandLineError::NotUnderstood("--check-config and --image stand alone".to_owned()))
            }
            (true, image) => Ok(Self::CheckConfig { config, image }),
            (false, None) => Ok(Self::Answer { config }),
            (false, Some(_)) => {
                Err(CommandLineError::NotUnderstood("--image needs --check-config beside it".to_owned()))
            }
        }
    }
}

fn image_of(text: &OsStr) -> Result<ImageRef, CommandLineError> {
    ImageRef::parse(&text.to_string_lossy()).map_err(|error| CommandLineError::NotUnderstood(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
fn not_understood(error: lexopt::Error) -> CommandLineError {
    CommandLineError::NotUnderstood(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Command, CommandLineError> {
        Command::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn no_argument_is_a_pull_by_environment() {
        assert_eq!(parse(&[]).expect("a command"), Command::Answer { config: None });
        let config = Some(PathBuf::from("/etc/x.yaml"));
        assert_eq!(parse(&["--config", "/etc/x.yaml"]).expect("a command"), Command::Answer { config: config.clone() });
        assert_eq!(parse(&["--config=/etc/x.yaml"]).expect("a command"), Command::Answer { config });
    }

    #[test]
    fn a_configuration_is_checked_as_a_whole_or_for_an_image() {
        let config = Some(PathBuf::from("x.yaml"));
        let whole = Command::CheckConfig { config: config.clone(), image: None };
        assert_eq!(parse(&["--config", "x.yaml", "--check-config"]).expect("a command"), whole);
        let image = Some(ImageRef::parse("a.b/c").expect("an image"));
        let one = Command::CheckConfig { config, image };
        assert_eq!(parse(&["--check-config", "--image=a.b/c", "--config", "x.yaml"]).expect("a command"), one);
        for arguments in
            [&["--image", "a.b/c"][..], &["--check-config", "--image"], &["--check-config", "--image", "x"]]
        {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn what_was_recorded_is_sent_or_drawn_by_a_word_that_stands_alone() {
        let config = Some(PathBuf::from("x.yaml"));
        assert_eq!(parse(&["export"]).expect("a command"), Command::Export { config: None });
        let export = parse(&["export", "--config", "x.yaml"]).expect("a command");
        assert_eq!(export, Command::Export { config: config.clone() });
        let explain = parse(&["explain", "--last", "--config", "x.yaml"]).expect("a command");
        assert_eq!(explain, Command::Explain { config });
        for arguments in [
            &["export", "--last"][..],
            &["--last"],
            &["export", "explain"],
            &["explain", "--check-config"],
            &["export", "--check-config", "--image", "a.b/c"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn version_and_help_print() {
        assert!(
            matches!(parse(&["--version"]).expect("a command"), Command::Print(text) if text.contains(env!("CARGO_PKG_VERSION")))
        );
        assert!(matches!(parse(&["-h"]).expect("a command"), Command::Print(text) if text.contains("--config")));
    }

    #[test]
    fn anything_else_is_refused() {
        for arguments in [&["--confg", "x"][..], &["--config"], &["add"], &["-x"]] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
