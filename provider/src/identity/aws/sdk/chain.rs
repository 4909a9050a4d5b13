//! The credentials that the node has: the sources of the SDK's default chain, in its order.
//!
//! Source: AWS SDKs and tools reference, "Standardized credential providers"; AWS SDK for Rust developer guide,
//! "Credential providers".
//!
//! `AWS_CONTAINER_CREDENTIALS_FULL_URI` is one address with two askers: here the SDK asks it with
//! `AWS_CONTAINER_AUTHORIZATION_TOKEN` or the token in `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, while an EKS Pod Identity
//! asks it with the pod's own token. The SDK takes plain HTTP only at an IP address of loopback, ECS or EKS.

use std::error::Error;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::Client as ImdsClient;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;

use super::http::{SdkHttp, transport};
use super::{Clock, from_sdk, sdk_region};
use crate::config::Network;
use crate::endpoints::Region;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::{ChainError, Origin};
use crate::secret::quote_foreign;
use crate::time::Deadline;

/// Longer than any pull: the HTTP client's own limits end a request first.
const NEVER: Duration = Duration::from_mins(2);

/// Asks each source in turn; the first that is set up decides, as in every SDK.
pub(super) async fn credentials(
    network: &Network,
    region: &Region,
    deadline: Deadline,
) -> Result<(AwsCredentials, Origin), ChainError> {
    let sources = Sources::new(network, region, deadline)?;
    let mut tried = Vec::new();
    for (origin, source) in Origin::IN_ORDER.into_iter().flat_map(|origin| sources.of(origin)) {
        match source.provide_credentials().await {
            Ok(credentials) => return from_sdk(&credentials).map(|it| (it, origin)).ok_or(ChainError::Form { origin }),
            Err(error @ CredentialsError::CredentialsNotLoaded(_)) => match transport(&error) {
                Some(source) if source.is_deadline() => return Err(ChainError::Transport { origin, source }),
                _ => tried.push(format!("{origin}: {}", reason(&error))),
            },
            Err(error) => return Err(failure(origin, &error)),
        }
    }
    if sources.imds.is_empty() {
        tried.push(format!("{}: AWS_EC2_METADATA_DISABLED forbids it", Origin::InstanceMetadata));
    }
    Err(ChainError::NoneFound { tried })
}

struct Sources {
    config: ProviderConfig,
    /// One for each address at which the metadata service may be.
    imds: Vec<ImdsClient>,
}

impl Sources {
    fn new(network: &Network, region: &Region, deadline: Deadline) -> Result<Self, ChainError> {
        let config = ProviderConfig::empty()
            .with_http_client(SdkHttp::by_scheme(network, deadline).map_err(ChainError::Client)?)
            .with_time_source(Clock)
            .with_region(Some(sdk_region(region)))
            .with_retry_config(RetryConfig::disabled())
            .with_timeout_config(TimeoutConfig::disabled());
        let sleeping = config.clone().with_sleep_impl(Clock);
        let addresses = network.endpoints.aws_metadata.addresses();
        let imds = addresses.iter().map(|address| imds(&sleeping, address)).collect::<Result<_, _>>()?;
        Ok(Self { config, imds })
    }

    /// A source of this origin, or several where it has several addresses.
    fn of(&self, origin: Origin) -> Vec<(Origin, SharedCredentialsProvider)> {
        let one = |source: SharedCredentialsProvider| vec![(origin, source)];
        match origin {
            Origin::Environment => one(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())),
            Origin::Profile => one(SharedCredentialsProvider::new(self.profile())),
            Origin::WebIdentity => one(SharedCredentialsProvider::new(
                WebIdentityTokenCredentialsProvider::builder().configure(&self.sleeping()).build(),
            )),
            Origin::Container => one(SharedCredentialsProvider::new(self.container())),
            Origin::InstanceMetadata => {
                self.instance_metadata().map(|source| (origin, SharedCredentialsProvider::new(source))).collect()
            }
        }
    }

    /// The named sources of a profile are those of the chain, and the metadata service is at its first address.
    fn profile(&self) -> ProfileFileCredentialsProvider {
        let builder = ProfileFileCredentialsProvider::builder().configure(&self.sleeping());
        let builder = builder.with_custom_provider("EcsContainer", self.container());
        match self.instance_metadata().next() {
            Some(source) => builder.with_custom_provider("Ec2InstanceMetadata", source).build(),
            None => builder.build(),
        }
    }

    /// The STS client of a source waits for credentials with a limit, and needs a clock for that.
    fn sleeping(&self) -> ProviderConfig {
        self.config.clone().with_sleep_impl(Clock)
    }

    fn instance_metadata(&self) -> impl Iterator<Item = ImdsCredentialsProvider> {
        let source = |client: &ImdsClient| {
            ImdsCredentialsProvider::builder().configure(&self.config).imds_client(client.clone())
        };
        self.imds.iter().map(move |client| source(client).build())
    }

    /// Without a way to sleep, the source makes one attempt.
    fn container(&self) -> EcsCredentialsProvider {
        EcsCredentialsProvider::builder().configure(&self.config).build()
    }
}

/// The SDK's client of the metadata service at an address, without retries and limits of its own.
fn imds(config: &ProviderConfig, address: &str) -> Result<ImdsClient, ChainError> {
    let origin = Origin::InstanceMetadata;
    let builder = ImdsClient::builder()
        .configure(config)
        .max_attempts(1)
        .connect_timeout(NEVER)
        .read_timeout(NEVER)
        .operation_timeout(NEVER)
        .operation_attempt_timeout(NEVER)
        .endpoint(address)
        .map_err(|error| ChainError::Failed { origin, reason: quote_foreign(&error.to_string()) })?;
    Ok(builder.build())
}

fn failure(origin: Origin, error: &CredentialsError) -> ChainError {
    match transport(error) {
        Some(source) => ChainError::Transport { origin, source },
        None => ChainError::Failed { origin, reason: reason(error) },
    }
}

/// What STS said to a source that assumes a role on the way.
fn refusal(error: &(dyn Error + 'static)) -> Option<String> {
    let role = error.downcast_ref::<AssumeRoleError>().map(|error| (error.code(), error.message()));
    let told = || error.downcast_ref::<AssumeRoleWithWebIdentityError>().map(|error| (error.code(), error.message()));
    let (code, message) = role.or_else(told)?;
    Some(format!("AWS STS refused with `{}`: {}", quote_foreign(code?), quote_foreign(message.unwrap_or_default())))
}

/// The SDK's words without its own name for the kind of error: the first cause, and the last where that is another.
fn reason(error: &CredentialsError) -> String {
    let causes: Vec<_> = std::iter::successors(error.source(), |&cause| cause.source()).collect();
    if let Some(refusal) = causes.iter().find_map(|cause| refusal(*cause)) {
        return refusal;
    }
    match causes.as_slice() {
        [] => "not set up".to_owned(),
        [only] => quote_foreign(&only.to_string()),
        [first, .., last] => quote_foreign(&format!("{first}: {last}")),
    }
}
