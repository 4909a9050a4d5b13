//! Identities that an `OpenID` Connect provider vouches for.
//!
//! ```text
//! token ─▶ claims ─▶ provider of the account ─▶ audience ─▶ expiry ─▶ issuer: discovery, keys ─▶ signature
//! ```
//!
//! Whether AWS looks at the audience or at the expiry first is not recorded anywhere.

mod claims;

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use time::OffsetDateTime;

use self::claims::{Claims, no_token};
use super::error::StsError;
use crate::aws::region::partition_of;
use crate::aws::world::AwsWorld;
use crate::discovery::{Issuers, Unverified};

// IAM user guide, Create an OpenID Connect (OIDC) identity provider in IAM, lists the algorithms that AWS takes.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::ES256, Algorithm::ES384];

/// Who a token proves its bearer to be.
#[derive(Debug)]
pub(crate) struct WebIdentity {
    /// The ARN of the provider.
    pub(crate) provider_arn: String,
    /// The issuer without its scheme, with which condition keys begin.
    pub(crate) provider_name: String,
    /// The audience by which the provider was found to be right.
    pub(crate) audience: String,
    /// Every audience of the token.
    pub(crate) audiences: Vec<String>,
    /// The subject.
    pub(crate) subject: String,
    /// How the subject proved itself, `amr`.
    pub(crate) methods: Vec<String>,
}

/// The identity providers of every account.
pub(crate) struct IdentityProviders {
    registered: Vec<Provider>,
    issuers: Issuers,
}

/// A provider in an account.
#[derive(Clone, Debug)]
struct Provider {
    account: String,
    issuer: String,
    name: String,
    arn: String,
    client_ids: Arc<[String]>,
    published_at: String,
}

impl IdentityProviders {
    /// Registers the providers of a world.
    pub(crate) fn new(world: &AwsWorld) -> Self {
        let partition = partition_of(&world.region).id;
        let registered = world.oidc_providers.iter().map(|provider| {
            let account = provider.account.as_ref().unwrap_or(&world.account);
            let issuer = &provider.issuer;
            let name = issuer.split_once("://").map_or(&**issuer, |(_, name)| name);
            Provider {
                account: account.clone(),
                issuer: issuer.clone(),
                name: name.into(),
                arn: format!("arn:{partition}:iam::{account}:oidc-provider/{name}"),
                client_ids: provider.client_ids.clone().into(),
                published_at: provider.published_at.as_ref().unwrap_or(issuer).clone(),
            }
        });
        Self { registered: registered.collect(), issuers: Issuers::asked_by("mock-cloud-sts") }
    }

    /// Who a token proves its bearer to be, to an account; no account knows any provider.
    ///
    /// # Errors
    ///
    /// The first thing about the token that AWS would refuse.
    pub(crate) async fn identity(
        &self,
        token: &str,
        account: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<WebIdentity, StsError> {
        let claims = Claims::read(token)?;
        let mut registered = self.registered.iter();
        let provider = registered.find(|one| Some(&*one.account) == account && one.issuer == claims.issuer);
        let provider = provider.ok_or_else(|| {
            let text = format!("No OpenIDConnect provider found in your account for {}", claims.issuer);
            StsError::InvalidIdentityToken(text)
        })?;
        let mut audiences = claims.audiences.iter();
        let audience = audiences.find(|audience| provider.client_ids.contains(audience));
        let incorrect = || StsError::InvalidIdentityToken("Incorrect token audience".into());
        let audience = audience.ok_or_else(incorrect)?.clone();
        claims.are_current(now)?;
        self.issuers.signed(token, &provider.issuer, &provider.published_at, &ALGORITHMS).await.map_err(refusal)?;
        Ok(WebIdentity {
            provider_arn: provider.arn.clone(),
            provider_name: provider.name.clone(),
            audience,
            audiences: claims.audiences,
            subject: claims.subject,
            methods: claims.methods,
        })
    }
}

/// A token that nobody vouches for. The live text about keys really has two spaces.
fn refusal(unverified: Unverified) -> StsError {
    let text = "Couldn't retrieve verification key from your identity provider,  please reference \
                AssumeRoleWithWebIdentity documentation for requirements";
    match unverified {
        Unverified::Token => no_token(),
        Unverified::Unreachable => StsError::IdpCommunication,
        Unverified::Key => StsError::InvalidIdentityToken(text.into()),
    }
}
