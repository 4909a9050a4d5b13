//! The hosts of AWS Secrets Manager and Amazon Cognito.

use super::{EndpointVariant, Region, remote};
use crate::config::{ConfigError, Environment};

/// The partition of GovCloud.
const GOVERNMENT: &str = "aws-us-gov";

/// Other addresses than the region's own, for tests and private endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CognitoEndpoints {
    /// Secrets Manager.
    secrets_manager: Option<String>,
    /// The API of user pools.
    user_pools: Option<String>,
    /// The domains of user pools, each a path below it.
    domains: Option<String>,
    /// Which of AWS's own hosts are called.
    variant: EndpointVariant,
}

/// A domain of a user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolDomain {
    /// The prefix of a host of Cognito's.
    Prefix(String),
    /// A host of its owner's.
    Custom(String),
}

impl CognitoEndpoints {
    /// The region's own addresses, or those that variables name.
    ///
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER` and `AWS_ENDPOINT_URL` (AWS SDKs and
    /// tools reference, "Service-specific endpoints"), and `ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL` for domains, which
    /// no SDK calls.
    ///
    /// # Errors
    /// When a variable holds something that is not such an address.
    pub fn from_environment(environment: &Environment, variant: EndpointVariant) -> Result<Self, ConfigError> {
        let address = |set: Option<(&'static str, String)>| set.map(|(_, url)| url);
        Ok(Self {
            secrets_manager: address(remote(environment, ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"])?),
            user_pools: address(remote(
                environment,
                ["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL"],
            )?),
            domains: address(remote(environment, ["ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL"])?),
            variant,
        })
    }

    /// The address of the Secrets Manager of a region.
    ///
    /// Source: AWS General Reference, "AWS Secrets Manager endpoints and quotas".
    #[must_use]
    pub fn secrets_manager(&self, region: &Region) -> String {
        let own = || format!("https://{}", region.host("secretsmanager", self.variant));
        self.secrets_manager.clone().unwrap_or_else(own)
    }

    /// The address of the API of a region's user pools, which in GovCloud has FIPS endpoints only.
    ///
    /// Sources: AWS General Reference, "Amazon Cognito Identity endpoints and quotas"; AWS GovCloud (US) user guide,
    /// "Amazon Cognito".
    #[must_use]
    pub fn user_pools(&self, region: &Region) -> String {
        let variant = match self.variant {
            EndpointVariant::Standard if region.partition().name == GOVERNMENT => EndpointVariant::Fips,
            EndpointVariant::DualStack if region.partition().name == GOVERNMENT => EndpointVariant::FipsDualStack,
            variant => variant,
        };
        let own = || format!("https://{}", region.host("cognito-idp", variant));
        self.user_pools.clone().unwrap_or_else(own)
    }

    /// The token endpoint of a domain; `None` for a prefix in a partition for which AWS documents no such hosts. The
    /// client's secret goes there, so that no name is guessed.
    ///
    /// Sources: Amazon Cognito developer guide, "Configuring a user pool domain" and "The token issuer endpoint"; AWS
    /// GovCloud (US) user guide, "Amazon Cognito".
    #[must_use]
    pub fn token(&self, region: &Region, domain: &PoolDomain) -> Option<String> {
        let (PoolDomain::Prefix(name) | PoolDomain::Custom(name)) = domain;
        if let Some(base) = &self.domains {
            return Some(format!("{base}/{name}/oauth2/token"));
        }
        let host = match domain {
            PoolDomain::Custom(host) => host.clone(),
            PoolDomain::Prefix(prefix) => format!("{prefix}.{}.{}.amazoncognito.com", label(region)?, region.as_str()),
        };
        Some(format!("https://{host}/oauth2/token"))
    }
}

/// What stands between prefix and region in the host of a domain.
fn label(region: &Region) -> Option<&'static str> {
    match region.partition().name {
        "aws" => Some("auth"),
        GOVERNMENT => Some("auth-fips"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        Region::parse(name).expect(name)
    }

    #[test]
    fn each_partition_has_its_own_hosts() {
        let endpoints = CognitoEndpoints::default();
        for (name, secrets_manager, user_pools) in [
            (
                "eu-central-1",
                "https://secretsmanager.eu-central-1.amazonaws.com",
                "https://cognito-idp.eu-central-1.amazonaws.com",
            ),
            (
                "cn-north-1",
                "https://secretsmanager.cn-north-1.amazonaws.com.cn",
                "https://cognito-idp.cn-north-1.amazonaws.com.cn",
            ),
            (
                "us-gov-west-1",
                "https://secretsmanager.us-gov-west-1.amazonaws.com",
                "https://cognito-idp-fips.us-gov-west-1.amazonaws.com",
            ),
        ] {
            assert_eq!(endpoints.secrets_manager(&region(name)), secrets_manager);
            assert_eq!(endpoints.user_pools(&region(name)), user_pools);
        }
    }

    #[test]
    fn a_variant_is_honoured_and_user_pools_of_govcloud_have_validated_cryptography_always() {
        let of = |variant| CognitoEndpoints { variant, ..CognitoEndpoints::default() };
        let (fips, dual) = (of(EndpointVariant::Fips), of(EndpointVariant::DualStack));
        let (east, gov) = (region("us-east-1"), region("us-gov-west-1"));
        assert_eq!(fips.secrets_manager(&east), "https://secretsmanager-fips.us-east-1.amazonaws.com");
        assert_eq!(fips.user_pools(&east), "https://cognito-idp-fips.us-east-1.amazonaws.com");
        assert_eq!(dual.user_pools(&east), "https://cognito-idp.us-east-1.api.aws");
        assert_eq!(dual.user_pools(&gov), "https://cognito-idp-fips.us-gov-west-1.api.aws");
    }

    #[test]
    fn a_domain_of_cognitos_own_is_known_in_two_partitions_and_never_guessed() {
        let token = |name| CognitoEndpoints::default().token(&region(name), &PoolDomain::Prefix("acme".to_owned()));
        let host = |name| token(name).expect(name);
        assert_eq!(host("us-east-1"), "https://acme.auth.us-east-1.amazoncognito.com/oauth2/token");
        assert_eq!(host("us-gov-west-1"), "https://acme.auth-fips.us-gov-west-1.amazoncognito.com/oauth2/token");
        for name in ["cn-north-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1"] {
            assert_eq!(token(name), None, "{name}");
        }
    }

    #[test]
    fn a_domain_of_its_owners_is_the_same_everywhere() {
        let domain = PoolDomain::Custom("auth.example.com".to_owned());
        for name in ["us-east-1", "cn-north-1"] {
            let token = CognitoEndpoints::default().token(&region(name), &domain);
            assert_eq!(token.as_deref(), Some("https://auth.example.com/oauth2/token"));
        }
    }

    #[test]
    fn variables_name_other_addresses_and_plain_http_only_on_loopback() {
        let with = |name: &str, value: &str| {
            let environment = Environment::from_iter([(name.to_owned(), value.to_owned())]);
            CognitoEndpoints::from_environment(&environment, EndpointVariant::Standard)
        };
        let here = region("us-east-1");
        let both = with("AWS_ENDPOINT_URL", "http://127.0.0.1:81/").expect("an address");
        assert_eq!(both.secrets_manager(&here), "http://127.0.0.1:81");
        assert_eq!(both.user_pools(&here), "http://127.0.0.1:81");
        let domain = PoolDomain::Prefix("acme".to_owned());
        assert!(both.token(&here, &domain).expect("a host").contains("amazoncognito.com"), "no SDK's variable");
        let own = with("ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL", "https://x.example/c").expect("an address");
        assert_eq!(own.token(&here, &domain).as_deref(), Some("https://x.example/c/acme/oauth2/token"));
        for name in [
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
            "ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL",
        ] {
            assert!(with(name, "http://x.example").is_err(), "{name}");
        }
    }
}
