//! The facts of one AWS account as a program on an EC2 instance sees them.

mod identity_provider;
mod role;
mod services;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

pub use self::identity_provider::OidcProvider;
pub use self::role::{Role, Trust};
use self::services::Services;
use super::cognito::CognitoWorld;
use super::pod_identity::PodIdentityWorld;
use super::region::partition_with;
use super::secrets_manager::Secret;

/// The roles and identity providers that exist unless told.
const IDENTITIES: &str = include_str!("world/identities.yaml");

/// One EC2 instance, its account and the roles attached to it.
///
/// Keys and credentials are no facts of the world: they are drawn at start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct AwsWorld {
    /// The twelve digits of the account.
    pub account: String,
    /// The region of the instance, `us-east-1` for one; the partition follows from it.
    #[serde(deserialize_with = "region")]
    pub region: String,
    /// The availability zone of the instance.
    pub zone: String,
    /// The instance id, which is also the session name of its role credentials.
    pub instance_id: String,
    /// The roles attached to the instance by profiles of the same names: one on a real one, none possible.
    pub roles: Vec<Role>,
    /// The roles that are attached to nothing, of this account and of others.
    pub other_roles: Vec<Role>,
    /// The identity providers that accounts trust.
    pub oidc_providers: Vec<OidcProvider>,
    /// What Secrets Manager keeps.
    pub secrets: Vec<Secret>,
    /// The user pools of Cognito.
    pub cognito: CognitoWorld,
    /// The EKS Pod Identity agent of the node and the associations of the cluster.
    pub pod_identity: PodIdentityWorld,
    /// How the metadata service is set up.
    pub imds: Imds,
    /// Seconds that freshly drawn role credentials live.
    ///
    /// 6 h 2 min unless told, the shortest lifetime that recordings of real instances show.
    pub credentials_lifetime_seconds: u32,
    /// When the metadata service replaces role credentials.
    pub renewal: Renewal,
    /// Minutes that the date of a signature may be off the clock of STS.
    pub signature_window_minutes: u32,
}

/// How the metadata service of the instance is set up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Imds {
    /// Whether the metadata service is on.
    pub enabled: bool,
    /// Whether a request needs a session token.
    pub tokens: Tokens,
    /// IP hops that the answer to a token request survives, 1 to 64.
    pub hop_limit: u8,
    /// Hops between the instance and the program: 0 on the host, 1 behind a container bridge.
    pub hops: u8,
    /// What a listing without its final slash answers.
    pub listing_without_slash: Listing,
}

/// Whether the metadata service wants session tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Tokens {
    /// IMDSv2 only.
    #[default]
    Required,
    /// IMDSv1 works too.
    Optional,
}

/// What a listing without its final slash answers; fleets differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Listing {
    /// 200 and the listing.
    #[default]
    Served,
    /// 301 to the path with the slash.
    Moved,
}

/// When the metadata service replaces role credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Renewal {
    /// Before they expire.
    #[default]
    BeforeExpiry,
    /// Never, as in an outage: expired ones are served on.
    Never,
}

impl AwsWorld {
    /// The same world with a cluster's issuer wherever `{kubernetes}` stands for it.
    ///
    /// Its discovery document lies below the second URL, which differs from the issuer when a world names that.
    #[must_use]
    pub fn with_cluster(&self, issuer: &str, published_at: &str) -> Self {
        let name = issuer.split_once("://").map_or(issuer, |(_, name)| name);
        let mut world = self.clone();
        for role in world.roles.iter_mut().chain(&mut world.other_roles) {
            if let Trust::Policy(policy) = &mut role.trust {
                *policy = policy.replacing(CLUSTER, name);
            }
        }
        for provider in world.oidc_providers.iter_mut().filter(|provider| provider.issuer == CLUSTER) {
            provider.issuer = issuer.into();
            provider.published_at.get_or_insert_with(|| published_at.into());
        }
        world
    }
}

fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let region = String::deserialize(deserializer)?;
    let complaint = || D::Error::custom(format!("the region `{region}` lies in no partition"));
    if partition_with(&region).is_some() { Ok(region) } else { Err(complaint()) }
}

/// What stands for the issuer of the world's cluster.
const CLUSTER: &str = "{kubernetes}";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identities {
    roles: Vec<Role>,
    other_roles: Vec<Role>,
    oidc_providers: Vec<OidcProvider>,
}

impl Default for AwsWorld {
    fn default() -> Self {
        let identities = serde_saphyr::from_str(IDENTITIES);
        let Identities { roles, other_roles, oidc_providers } = identities.expect("the built-in identities are some");
        let Services { secrets, cognito, pod_identity } = Services::default();
        Self {
            account: "111122223333".into(),
            region: "us-east-1".into(),
            zone: "us-east-1a".into(),
            instance_id: "i-0123456789abcdef0".into(),
            roles,
            other_roles,
            oidc_providers,
            secrets,
            cognito,
            pod_identity,
            imds: Imds::default(),
            credentials_lifetime_seconds: 6 * 3600 + 120,
            renewal: Renewal::default(),
            signature_window_minutes: 15,
        }
    }
}

impl Default for Imds {
    fn default() -> Self {
        Self {
            enabled: true,
            tokens: Tokens::default(),
            hop_limit: 1,
            hops: 0,
            listing_without_slash: Listing::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(yaml: &str) -> Result<AwsWorld, String> {
        serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
    }

    #[test]
    fn a_world_names_only_what_differs() {
        let world = parse("imds: {tokens: optional, hops: 1}\nroles: []\nrenewal: never").unwrap();
        assert_eq!(world.imds.tokens, Tokens::Optional);
        assert_eq!(world.imds.hop_limit, 1);
        assert_eq!(world.renewal, Renewal::Never);
        assert!(world.roles.is_empty());
        assert_eq!(world.account, AwsWorld::default().account);
    }

    #[test]
    fn a_region_of_no_partition_is_refused() {
        let error = parse("region: mars-north-1").unwrap_err();
        assert!(error.contains("`mars-north-1` lies in no partition"), "{error}");
    }

    #[test]
    fn a_role_is_what_iam_would_take() {
        for (role, complaint) in [
            ("{name: a, path: /x}", "`/x` does not begin and end with a slash"),
            ("{name: a, maxSessionDuration: 3599}", "3599 and not 3600 to 43200"),
            ("{name: a, trust: everyone}", "everyone"),
            ("{path: /}", "name"),
        ] {
            let error = parse(&format!("roles: [{role}]")).unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
    }

    #[test]
    fn a_cluster_takes_the_place_that_is_left_for_it() {
        let world = AwsWorld::default();
        let text = |world: &AwsWorld| format!("{:?} {:?}", world.other_roles, world.oidc_providers);
        assert!(text(&world).contains(CLUSTER));
        let world = world.with_cluster("https://oidc.example/id/AB", "http://127.0.0.1:80/id/AB");
        assert!(!text(&world).contains(CLUSTER));
        assert!(text(&world).contains("oidc-provider/oidc.example/id/AB"));
        assert_eq!(world.oidc_providers[0].published_at.as_deref(), Some("http://127.0.0.1:80/id/AB"));
    }

    #[test]
    fn an_unknown_fact_is_refused() {
        let error = parse("imds: {token: optional}").unwrap_err();
        assert!(error.contains("token"), "{error}");
    }
}
