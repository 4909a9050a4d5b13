//! Amazon Cognito: a client of a user pool, whose secret the node's credentials may read.
//!
//! ```text
//! role credentials ─┬▶ Secrets Manager: the client's id and secret ─────────────────┬▶ token endpoint ─▶ access token
//!                   └▶ ListUserPools ─┬▶ DescribeUserPool: its domain ───────────────┤
//!                                     └▶ ListResourceServers: what its scopes begin with
//! ```
//!
//! The access token is the proof: Artifactory has an OIDC provider for the pool's issuer
//! (`https://cognito-idp.REGION.amazonaws.com/POOL_ID`), and an identity mapping on its claims `client_id` and `scope`. It has
//! no `aud`, so none is asked for unless the route does.
//!
//! The role needs this policy; a secret under a key of the customer's own needs `kms:Decrypt` on that key as well:
//!
//! ```json
//! {"Version": "2012-10-17", "Statement": [
//!   {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
//!    "Resource": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET_NAME-*"},
//!   {"Effect": "Allow", "Action": "cognito-idp:ListUserPools", "Resource": "*"},
//!   {"Effect": "Allow", "Action": ["cognito-idp:DescribeUserPool", "cognito-idp:ListResourceServers"],
//!    "Resource": "arn:aws:cognito-idp:REGION:ACCOUNT:userpool/POOL_ID"}]}
//! ```
//!
//! What the route knows of the pool is not asked, and its right not needed.
//!
//! # Why
//!
//! - **Why the instance's role by hand where nothing else is set up?** It is what nodes have, and the AWS SDK stays off the
//!   path of whoever needs no other of its sources.
//!
//! Sources: AWS Secrets Manager API reference, `GetSecretValue`; Amazon Cognito user pools API reference, `ListUserPools`,
//! `DescribeUserPool`, `ListResourceServers`; Amazon Cognito developer guide, "Scopes, M2M, and resource servers".

use crate::artifactory::OidcProvider;
use crate::config::Network;
use crate::endpoints::Region;
use crate::http::Http;
use crate::identity::Proof;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::instance_role::{node_region, role_and_region};
use crate::identity::aws::json::{CallError, JsonClient};
use crate::identity::aws::{AwsError, Sdk};
use crate::time::Deadline;

mod secret;
mod token;
mod user_pool;

pub use secret::SecretError;
pub use token::TokenEndpointError;
pub use user_pool::PoolError;

/// A client of a user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cognito {
    /// What signs the calls.
    pub base: BaseCredentials,
    /// The region of the secret and of the user pool; `None` is the instance's.
    pub region: Option<Region>,
    /// The name or ARN of the secret that holds the client's id and secret.
    pub secret_name: String,
    /// Where the token comes from.
    pub server: AuthorizationServer,
    /// The scope, without the identifier of its resource server.
    pub scope: String,
    /// The OIDC provider of Artifactory that the token is meant for.
    pub provider: OidcProvider,
}

/// The credentials that sign the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseCredentials {
    /// Those of the instance's role of this name; `None` takes the one role that the instance has.
    InstanceRole(Option<String>),
    /// Those that the SDK's default chain finds.
    Chain(Sdk),
}

/// Where the token endpoint and what scopes begin with come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationServer {
    /// From the route; no call is needed.
    Known {
        /// The address of the token endpoint.
        token_endpoint: String,
        /// The identifier of the resource server.
        identifier: String,
    },
    /// From a user pool.
    UserPool {
        /// Which one.
        pool: UserPool,
        /// Which of its resource servers.
        resource_server: ResourceServer,
    },
}

/// Which user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserPool {
    /// The one with this name, which has to be looked for among all.
    Named(String),
    /// The one with this id.
    Id(String),
}

/// Which resource server of a user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceServer {
    /// The one with this name, which has to be looked for among the pool's.
    Named(String),
    /// The one with this identifier.
    Identifier(String),
}

/// Why Cognito gave no token.
#[derive(Debug, thiserror::Error)]
pub enum CognitoError {
    /// Neither the route nor the metadata service knows a region.
    #[error("no AWS region is known in which the secret and the user pool are")]
    NoRegion,
    /// A call.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What the secret holds.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What the user pool is.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The token endpoint.
    #[error(transparent)]
    Token(#[from] TokenEndpointError),
}

impl Cognito {
    /// Reads the client's secret while the user pool is looked up, and trades it for an access token.
    ///
    /// # Errors
    /// When the role has no credentials, or one of the services does not answer, refuses, or knows no such thing.
    pub async fn prove(
        &self,
        metadata: &Http,
        cloud: &Http,
        network: &Network,
        deadline: Deadline,
    ) -> Result<Proof<'_>, AwsError> {
        let (region, credentials) = self.base_credentials(metadata, network, deadline).await?;
        credentials.outlive(deadline)?;
        let endpoints = &network.endpoints.cognito;
        let aws = JsonClient { http: cloud, endpoints, region: &region, credentials: &credentials };
        let (client, source) =
            tokio::try_join!(secret::client(&aws, &self.secret_name), user_pool::token_source(&aws, &self.server))?;
        let token = token::access_token(cloud, &source, &client, &self.scope).await.map_err(CognitoError::Token)?;
        Ok(Proof::IdToken { token, provider: &self.provider })
    }

    /// The credentials that sign the calls, and the region to make them in.
    async fn base_credentials(
        &self,
        metadata: &Http,
        network: &Network,
        deadline: Deadline,
    ) -> Result<(Region, AwsCredentials), AwsError> {
        let (addresses, region) = (&network.endpoints.aws_metadata, self.region.as_ref());
        match &self.base {
            BaseCredentials::InstanceRole(name) => {
                let (region, credentials) =
                    role_and_region(metadata, addresses, name.as_deref(), region, deadline).await?;
                Ok((region.ok_or(CognitoError::NoRegion)?, credentials))
            }
            BaseCredentials::Chain(sdk) => {
                let region = node_region(metadata, addresses, region).await?.ok_or(CognitoError::NoRegion)?;
                let (credentials, _) = sdk.credentials(network, &region, deadline).await?;
                Ok((region, credentials))
            }
        }
    }
}
