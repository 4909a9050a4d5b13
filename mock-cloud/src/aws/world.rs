//! The facts of one AWS account as a program on an EC2 instance sees them.

use serde::Deserialize;

/// One EC2 instance, its account and the roles attached to it.
///
/// Keys and credentials are no facts of the world: they are drawn at start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct AwsWorld {
    /// The twelve digits of the account.
    pub account: String,
    /// The region of the instance, `us-east-1` for one; the partition follows from it.
    pub region: String,
    /// The availability zone of the instance.
    pub zone: String,
    /// The instance id, which is also the session name of its role credentials.
    pub instance_id: String,
    /// The roles attached to the instance: one on a real one, none possible.
    pub roles: Vec<Role>,
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

/// A role attached to the instance by an instance profile of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Role {
    /// The name of the role, without its path.
    pub name: String,
    /// Who may assume it.
    #[serde(default)]
    pub trust: Trust,
}

/// Who may assume a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// The EC2 service, so that instances get credentials.
    #[default]
    Ec2,
    /// Somebody else, so that the credentials read `AssumeRoleUnauthorizedAccess`.
    Other,
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

impl Default for AwsWorld {
    fn default() -> Self {
        Self {
            account: "111122223333".into(),
            region: "us-east-1".into(),
            zone: "us-east-1a".into(),
            instance_id: "i-0123456789abcdef0".into(),
            roles: vec![Role { name: "artifactory-pull".into(), trust: Trust::Ec2 }],
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
    fn an_unknown_fact_is_refused() {
        let error = parse("imds: {token: optional}").unwrap_err();
        assert!(error.contains("token"), "{error}");
    }
}
