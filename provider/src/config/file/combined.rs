//! What a route leaves out and the environment says: the OIDC provider, and the whole identity.

use super::{OidcProviderShape, Place};
use crate::artifactory::{GENERIC_PROVIDER_TYPE, OidcProvider, TokenForm};
use crate::config::{ConfigError, Environment, RouteProblem, environment};
use crate::identity::{Detected, Identities, IdentitySource};

#[cfg(test)]
mod laws;

/// The variable that names the OIDC provider.
const NAME: &str = "jfrog_oidc_provider_name";

/// The route's OIDC provider; what it leaves out is the environment's. `None` where neither names one.
pub(super) fn provider(
    shape: Option<OidcProviderShape>,
    place: Place,
    environment: &Environment,
) -> Result<Option<OidcProvider>, ConfigError> {
    let set = |variable| environment.value(variable).map(str::to_owned);
    let named = shape.as_ref().map(|shape| shape.name.clone().or_else(|| set(NAME)));
    let name = match named {
        None => match set(NAME) {
            None => return Ok(None),
            Some(name) => name,
        },
        Some(name) => name.ok_or_else(|| place.wrong(RouteProblem::NeitherNor("oidcProvider.name", NAME)))?,
    };
    let mut provider = OidcProvider {
        name,
        provider_type: GENERIC_PROVIDER_TYPE.to_owned(),
        audience: set("jfrog_token_audience"),
        identity_mapping_name: None,
        project_key: None,
        token_form: TokenForm::AccessToken,
    };
    if let Some(shape) = shape {
        shape.refine(&mut provider, place)?;
    }
    Ok(Some(provider))
}

/// The environment's identities, with what the route says of the OIDC provider.
pub(super) fn identities(
    shape: Option<OidcProviderShape>,
    place: Place,
    environment: &Environment,
) -> Result<Identities, ConfigError> {
    let Some(shape) = shape else { return environment::identities(environment) };
    let mut identities = match &shape.name {
        Some(name) => environment::identities(&environment.with(NAME, name))?,
        None => environment::identities(environment)?,
    };
    let mut refined = false;
    for provider in sources(&mut identities).filter_map(provider_of) {
        shape.clone().refine(provider, place)?;
        refined = true;
    }
    if refined { Ok(identities) } else { Err(place.wrong(RouteProblem::Unused("oidcProvider"))) }
}

impl OidcProviderShape {
    /// Puts what is written in the place of what was there.
    fn refine(self, provider: &mut OidcProvider, place: Place) -> Result<(), ConfigError> {
        if let Some(name) = self.name {
            provider.name = place.filled("oidcProvider.name", name)?;
        }
        if let Some(provider_type) = self.provider_type {
            provider.provider_type = provider_type;
        }
        provider.audience = self.audience.or(provider.audience.take());
        provider.identity_mapping_name = self.identity_mapping_name;
        provider.project_key = self.project_key;
        provider.token_form =
            if self.include_reference_token { TokenForm::ReferenceToken } else { TokenForm::AccessToken };
        Ok(())
    }
}

/// Every identity, of whichever cloud.
fn sources(identities: &mut Identities) -> impl Iterator<Item = &mut IdentitySource> {
    let lists = match identities {
        Identities::Named(list) => [Some(list), None, None],
        Identities::Detected(detected) => {
            let Detected { system: _, aws, azure, google } = detected.as_mut();
            [aws.as_mut().ok(), azure.as_mut().ok(), google.as_mut().ok()]
        }
    };
    lists.into_iter().flatten().flatten()
}

/// The OIDC provider that an identity's proof is meant for; a role of AWS has none.
fn provider_of(identity: &mut IdentitySource) -> Option<&mut OidcProvider> {
    match identity {
        IdentitySource::AwsInstanceRole(_)
        | IdentitySource::AwsWebIdentity(_)
        | IdentitySource::AwsPodIdentity(_)
        | IdentitySource::AwsExternalRole(_) => None,
        IdentitySource::AwsCognito(identity) => Some(&mut identity.provider),
        IdentitySource::AzureManagedIdentity(identity) => Some(&mut identity.provider),
        IdentitySource::AzureFederated(identity) => Some(&mut identity.provider),
        IdentitySource::AzureWorkloadIdentity(identity) => Some(&mut identity.provider),
        IdentitySource::GcpMetadata(identity) => Some(&mut identity.provider),
        IdentitySource::GcpImpersonation(identity) => Some(&mut identity.provider),
        IdentitySource::GcpWorkloadIdentity(identity) => Some(&mut identity.provider),
        IdentitySource::GcpApplicationDefault(identity) => Some(&mut identity.provider),
        IdentitySource::ServiceAccountToken(identity) => Some(&mut identity.provider),
        IdentitySource::ServiceAccountTokenFile(identity) => Some(&mut identity.provider),
    }
}
