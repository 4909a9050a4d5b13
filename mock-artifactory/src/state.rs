//! The world as it is now: what it started from, what administrators changed, what was issued.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mock_kit::Kit;

use crate::directory::Directory;
use crate::oidc::keys::Keys;
use crate::oidc::mapping::Mapping;
use crate::oidc::provider::{Provider, TokenIssuer};
use crate::registry::{Content, Image, LayoutError};
use crate::service_error::AccessError;
use crate::token::TokenStore;
use crate::trust::Trust;
use crate::world::{Issuer, ProviderFacts, World};

/// Everything that the routers share.
pub struct State {
    /// Clock, journal and faults.
    pub kit: Kit,
    /// What the mock started from; users, repositories and images stay as they are there.
    pub world: World,
    /// The tokens issued so far.
    pub tokens: TokenStore,
    pub(crate) keys: Keys,
    pub(crate) client: reqwest::Client,
    pub(crate) sts: Option<String>,
    /// The hosts of the clouds' registries, and where the trusted mock-cloud answers for each.
    pub(crate) registries: BTreeMap<String, String>,
    /// The repositories and their images.
    pub content: Content,
    /// How clients reach the server.
    pub scheme: Scheme,
    directory: Mutex<Directory>,
}

/// How clients reach the server, as its links to itself say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// With TLS.
    Https,
    /// Without.
    Http,
}

impl Scheme {
    /// The scheme of a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Why a world cannot become a state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The provider names an issuer that the trusted mock-cloud does not have.
    #[error("provider `{provider}` trusts the issuer `{issuer}`, which the mock-cloud does not have")]
    UnknownIssuer {
        /// The provider.
        provider: String,
        /// The issuer.
        issuer: String,
    },
    /// The server would not accept the provider or one of its mappings.
    #[error("provider `{provider}` is not one that Artifactory accepts: {reason}")]
    Refused {
        /// The provider.
        provider: String,
        /// What the server says.
        reason: String,
    },
    /// An image's OCI layout is not one.
    #[error("image `{image}` cannot be served")]
    Image {
        /// The image.
        image: String,
        /// Why.
        source: LayoutError,
    },
}

impl State {
    /// The state at the start. A provider whose issuer is the trusted mock-cloud's is left out when
    /// none is trusted.
    ///
    /// # Errors
    ///
    /// When a provider, a mapping or an image of the world is not one.
    pub fn new(
        kit: Kit,
        world: World,
        scheme: Scheme,
        trust: Option<&Trust>,
        client: reqwest::Client,
    ) -> Result<Self, StateError> {
        let mut directory = Directory::default();
        for facts in &world.providers {
            add_provider(&mut directory, facts.clone(), trust)?;
        }
        for role in &world.iam_roles {
            directory.put_role(role.clone());
        }
        Ok(Self {
            tokens: TokenStore::new(world.service_id.clone(), kit.clock.clone()),
            keys: Keys::new(client.clone()),
            sts: trust.map(|trust| trust.sts.clone()),
            registries: trust.map(|trust| trust.registries.clone()).unwrap_or_default(),
            directory: Mutex::new(directory),
            content: content(&world)?,
            scheme,
            kit,
            world,
            client,
        })
    }

    /// The providers, mappings and roles; not to be held while waiting for anything.
    pub fn directory(&self) -> MutexGuard<'_, Directory> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add_provider(directory: &mut Directory, facts: ProviderFacts, trust: Option<&Trust>) -> Result<(), StateError> {
    let Some(issuers) = issuers(&facts, trust)? else { return Ok(()) };
    let ProviderFacts { name, token_issuer, provider_type, audience, mappings, .. } = facts;
    let ProviderFacts { organization, azure_app_id, enable_permissive_configuration, .. } = facts;
    let refused =
        |error: AccessError| StateError::Refused { provider: name.clone(), reason: error.message().to_owned() };
    let (first, further) = issuers.split_first().expect("a provider has an issuer");
    let body = serde_json::json!({
        "name": name,
        "issuer_url": first.url,
        "provider_type": provider_type,
        "audience": audience,
        "organization": organization,
        "azure_app_id": azure_app_id,
        "enable_permissive_configuration": enable_permissive_configuration,
        "token_issuer": token_issuer.unwrap_or_else(|| first.claim.clone()),
    });
    let provider = Provider { further_issuers: further.to_vec(), ..Provider::parse(body).map_err(refused)? };
    directory.put_provider(provider);
    for mapping in mappings {
        directory.put_mapping(Mapping::from_facts(mapping, &name).map_err(refused)?);
    }
    Ok(())
}

/// The issuers of a provider; `None` when they are a mock-cloud's and none is trusted.
fn issuers(facts: &ProviderFacts, trust: Option<&Trust>) -> Result<Option<Vec<TokenIssuer>>, StateError> {
    let issuers = match (&facts.issuer, trust) {
        (Issuer::Url(url), _) => vec![TokenIssuer { claim: url.clone(), url: url.clone() }],
        (Issuer::Trusted { .. }, None) => return Ok(None),
        (Issuer::Trusted { trusted }, Some(trust)) => trust.issuers(trusted),
    };
    if let (Issuer::Trusted { trusted }, true) = (&facts.issuer, issuers.is_empty()) {
        return Err(StateError::UnknownIssuer { provider: facts.name.clone(), issuer: trusted.clone() });
    }
    Ok(Some(issuers))
}

fn content(world: &World) -> Result<Content, StateError> {
    let mut content = Content::new();
    for repository in &world.repositories {
        content.add_repository(&repository.key);
    }
    for image in &world.images {
        let built = match &image.oci_layout {
            None => Image::hello(&image.tag),
            Some(layout) => Image::from_layout(layout, &image.tag).map_err(|source| {
                let image = format!("{}/{}:{}", image.repository, image.name, image.tag);
                StateError::Image { image, source }
            })?,
        };
        content.add_image(&image.repository, &image.name, built);
    }
    Ok(content)
}
