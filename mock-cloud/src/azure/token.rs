//! What a resource stands for, and the token for it, be it of a managed identity or of an application.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::error::ImdsError;
use super::identity::Identity;
use super::world::{AppRole, AzureWorld, TokenVersion};

/// Seconds that a fresh token lives, and by which its start is dated back.
///
/// A token recorded on a VM has `expires_on` 86700 s after `not_before`.
pub(super) const LIFETIME: i64 = 86_400;
const BACKDATED: i64 = 300;

/// Services of Microsoft that every tenant has and that ask for v1 tokens.
///
/// Source: Microsoft Entra, Azure services that support Microsoft Entra authentication.
const WELL_KNOWN: [&str; 8] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://vault.azure.net",
    "https://storage.azure.com",
    "https://graph.microsoft.com",
    "https://database.windows.net",
    "https://containerregistry.azure.net",
    "https://servicebus.azure.net",
];

/// What a token is for: its `aud`, and the form that the application asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) audience: String,
    pub(super) version: TokenVersion,
    roles: Vec<AppRole>,
}

/// Answers what a resource stands for.
///
/// A v2 token has the application's bare id as its audience, a v1 token the resource as asked.
/// Source: Microsoft identity platform, Access token claims reference (`aud`).
pub(super) fn target(world: &AzureWorld, resource: &str) -> Result<Target, ImdsError> {
    let bare = resource.strip_suffix('/').unwrap_or(resource);
    if WELL_KNOWN.contains(&bare) {
        let (audience, version) = (resource.to_owned(), TokenVersion::V1);
        return Ok(Target { audience, version, roles: Vec::new() });
    }
    let mut applications = world.applications.iter();
    let application = applications
        .find(|it| it.client_id.eq_ignore_ascii_case(resource) || it.identifier_uris.iter().any(|uri| uri == resource));
    let Some(application) = application else {
        let (resource, tenant) = (resource.to_owned(), world.tenant.clone());
        return Err(ImdsError::Resource { resource, tenant });
    };
    let version = application.requested_access_token_version;
    let audience = match version {
        TokenVersion::V1 => resource.to_owned(),
        TokenVersion::V2 => application.client_id.clone(),
    };
    Ok(Target { audience, version, roles: application.app_roles.clone() })
}

/// Writes the claims of a token, without `iss`.
///
/// Source: Microsoft identity platform, Access token claims reference.
pub(super) fn claims(
    world: &AzureWorld,
    identity: &Identity,
    target: &Target,
    now: i64,
    lifetime: i64,
) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    claim("aud", json!(target.audience));
    claim("iat", json!(now - BACKDATED));
    claim("nbf", json!(now - BACKDATED));
    claim("exp", json!(now + lifetime));
    claim("aio", json!(opaque()));
    claim("idtyp", json!("app"));
    claim("oid", json!(identity.object_id));
    claim("sub", json!(identity.object_id));
    claim("tid", json!(world.tenant));
    claim("uti", json!(opaque()));
    if let Some(id) = &identity.resource_id {
        claim("xms_mirid", json!(id));
    }
    let assigned = target.roles.iter().filter(|role| role.assigned_to.contains(&identity.object_id));
    let roles: Vec<_> = assigned.map(|role| &role.value).collect();
    if !roles.is_empty() {
        claim("roles", json!(roles));
    }
    match target.version {
        TokenVersion::V1 => {
            claim("appid", json!(identity.client_id));
            claim("appidacr", json!("2"));
            claim("ver", json!("1.0"));
        }
        TokenVersion::V2 => {
            claim("azp", json!(identity.client_id));
            claim("azpacr", json!("2"));
            claim("ver", json!("2.0"));
        }
    }
    claims
}

/// A token as the metadata service keeps it for one identity and resource.
#[derive(Clone)]
pub(super) struct Issued {
    pub(super) access_token: String,
    pub(super) client_id: String,
    pub(super) resource: String,
    pub(super) expires_on: i64,
}

impl Issued {
    /// Answers the token with the rest of its life; every value is a string.
    ///
    /// Source: Microsoft Entra, How to use managed identities on an Azure VM to acquire an access token.
    pub(super) fn reply(&self, now: i64) -> TokenReply {
        TokenReply {
            access_token: self.access_token.clone(),
            client_id: self.client_id.clone(),
            expires_in: (self.expires_on - now).to_string(),
            expires_on: self.expires_on.to_string(),
            ext_expires_in: (LIFETIME - 1).to_string(),
            not_before: (self.expires_on - LIFETIME - BACKDATED).to_string(),
            resource: self.resource.clone(),
            token_type: "Bearer",
        }
    }
}

/// The reply of the token endpoint.
#[derive(Serialize)]
pub(super) struct TokenReply {
    access_token: String,
    client_id: String,
    expires_in: String,
    expires_on: String,
    ext_expires_in: String,
    not_before: String,
    resource: String,
    token_type: &'static str,
}

/// Draws a value that means nothing to a client.
fn opaque() -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(uuid::Uuid::new_v4().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    #[test]
    fn a_resource_of_microsoft_gives_v1_with_the_audience_as_asked() {
        for resource in ["https://management.azure.com/", "https://management.azure.com"] {
            let target = target(&World::default().azure, resource).unwrap();
            assert_eq!((target.audience.as_str(), target.version), (resource, TokenVersion::V1));
        }
    }

    #[test]
    fn an_application_that_asks_for_v1_keeps_the_audience_as_asked() {
        let mut world = World::default().azure;
        world.applications[0].requested_access_token_version = TokenVersion::V1;
        let uri = world.applications[0].identifier_uris[0].clone();
        assert_eq!(target(&world, &uri).unwrap().audience, uri);
    }

    #[test]
    fn an_application_that_asks_for_v2_gets_its_bare_id_however_it_is_asked_for() {
        let world = World::default().azure;
        let application = &world.applications[0];
        for resource in [&application.identifier_uris[0], &application.client_id] {
            let target = target(&world, resource).unwrap();
            assert_eq!(target.audience, application.client_id);
            assert_eq!(target.version, TokenVersion::V2);
        }
    }

    #[test]
    fn an_unknown_resource_is_refused() {
        for resource in ["api://none", "https://management.azure.com.evil.test", ""] {
            let refused = target(&World::default().azure, resource);
            assert!(matches!(refused, Err(ImdsError::Resource { .. })), "{resource}");
        }
    }
}
