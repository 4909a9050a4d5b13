//! How AWS is reached: its two services on the link, and which of its hosts on the network.

use super::{EndpointVariant, base_url};
use crate::config::{ConfigError, Environment};

/// Where EC2's instance metadata service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceMetadata {
    /// At these addresses, without a trailing slash; the next one is for a node that cannot connect to the one before.
    At(Vec<String>),
    /// It must not be asked: `AWS_EC2_METADATA_DISABLED`.
    Disabled,
}

/// Source: AWS EC2 user guide, "Use the Instance Metadata Service to access instance metadata".
const METADATA_ADDRESSES: [&str; 2] = [super::METADATA, "http://[fd00:ec2::254]"];

impl InstanceMetadata {
    /// Reads `AWS_EC2_METADATA_DISABLED`, `AWS_EC2_METADATA_SERVICE_ENDPOINT` and, where that is not set,
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`, which leaves one of the two families.
    ///
    /// Source: AWS SDKs and tools reference guide, "IMDS client".
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let name = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
        let addresses = match environment.value(name).map(str::to_ascii_lowercase).as_deref() {
            None => &METADATA_ADDRESSES[..],
            Some("ipv4") => &METADATA_ADDRESSES[..1],
            Some("ipv6") => &METADATA_ADDRESSES[1..],
            Some(_) => return Err(choice(environment, name, "IPv4, IPv6")),
        };
        let name = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
        let addresses = match environment.value(name) {
            Some(address) => vec![base_url(name, address)?],
            None => addresses.iter().map(|&address| address.to_owned()).collect(),
        };
        Ok(if is_true(environment, "AWS_EC2_METADATA_DISABLED")? { Self::Disabled } else { Self::At(addresses) })
    }

    /// The addresses to try, in order.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        match self {
            Self::At(addresses) => addresses,
            Self::Disabled => &[],
        }
    }
}

/// Where the EKS Pod Identity agent answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodIdentityAgent {
    /// At its two link-local addresses.
    ///
    /// Source: Amazon EKS user guide, "EKS Pod Identity Agent".
    LinkLocal,
    /// At the address of `AWS_CONTAINER_CREDENTIALS_FULL_URI`, for tests. The AWS SDK takes the same variable for where a
    /// container's own credentials are; what differs is whose token is shown there.
    At(String),
}

impl PodIdentityAgent {
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        environment.value(name).map_or(Ok(Self::LinkLocal), |uri| Ok(Self::At(base_url(name, uri)?)))
    }

    /// The addresses to try, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<&str> {
        match self {
            Self::LinkLocal => vec!["http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"],
            Self::At(address) => vec![address],
        }
    }
}

impl EndpointVariant {
    /// Reads `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`. They choose among AWS's own hosts, so they cannot be
    /// kept where a variable names another host for one of the services.
    ///
    /// Source: AWS SDKs and tools reference guide, "Dual-stack and FIPS endpoints"; botocore, endpoint rule set of STS.
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let (fips, dual_stack) = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT");
        let variant = match (is_true(environment, fips)?, is_true(environment, dual_stack)?) {
            (false, false) => return Ok(Self::Standard),
            (true, false) => Self::Fips,
            (false, true) => Self::DualStack,
            (true, true) => Self::FipsDualStack,
        };
        let variable = if variant == Self::DualStack { dual_stack } else { fips };
        let endpoint = ENDPOINTS.into_iter().find(|name| environment.value(name).is_some());
        endpoint.map_or(Ok(variant), |endpoint| Err(ConfigError::EndpointVariant { variable, endpoint }))
    }
}

/// The variables that name another host than AWS's own for a service. Source: AWS SDKs and tools reference,
/// "Service-specific endpoints"; the last is that of Cognito's domains, which no SDK calls.
const ENDPOINTS: [&str; 5] = [
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
    "AWS_ENDPOINT_URL",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL",
];

fn is_true(environment: &Environment, name: &'static str) -> Result<bool, ConfigError> {
    match environment.value(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(choice(environment, name, "true, false")),
    }
}

fn choice(environment: &Environment, name: &'static str, choices: &'static str) -> ConfigError {
    ConfigError::Choice { name, value: environment.value(name).unwrap_or_default().to_owned(), choices }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn metadata(variables: &[(&str, &str)]) -> Vec<String> {
        InstanceMetadata::from_environment(&of(variables)).expect("addresses").addresses().to_owned()
    }

    #[test]
    fn the_metadata_service_is_asked_on_the_families_that_the_mode_leaves() {
        let mode = |value| metadata(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", value)]);
        assert_eq!(metadata(&[]), ["http://169.254.169.254", "http://[fd00:ec2::254]"]);
        assert_eq!(mode("IPv4"), ["http://169.254.169.254"]);
        assert_eq!(mode("ipv6"), ["http://[fd00:ec2::254]"]);
        let endpoint = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:81/");
        assert_eq!(metadata(&[endpoint, ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")]), ["http://127.0.0.1:81"]);
        for value in ["6", "IPv5", "IPv4,IPv6"] {
            let error = InstanceMetadata::from_environment(&of(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", value)]));
            assert!(matches!(error, Err(ConfigError::Choice { .. })), "{value}");
        }
    }

    #[test]
    fn a_disabled_metadata_service_has_no_address() {
        for (value, count) in [("true", 0), ("TRUE", 0), ("false", 2), ("", 2)] {
            assert_eq!(metadata(&[("AWS_EC2_METADATA_DISABLED", value)]).len(), count, "{value}");
        }
        let error = InstanceMetadata::from_environment(&of(&[("AWS_EC2_METADATA_DISABLED", "1")]));
        assert!(matches!(error, Err(ConfigError::Choice { .. })));
    }

    #[test]
    fn the_variant_is_what_both_variables_say() {
        let variant = |fips, dual_stack| {
            let environment = of(&[("AWS_USE_FIPS_ENDPOINT", fips), ("AWS_USE_DUALSTACK_ENDPOINT", dual_stack)]);
            EndpointVariant::from_environment(&environment)
        };
        for (fips, dual_stack, expected) in [
            ("", "", EndpointVariant::Standard),
            ("false", "False", EndpointVariant::Standard),
            ("true", "", EndpointVariant::Fips),
            ("", "true", EndpointVariant::DualStack),
            ("True", "true", EndpointVariant::FipsDualStack),
        ] {
            assert_eq!(variant(fips, dual_stack).expect("a variant"), expected);
        }
        assert!(matches!(variant("yes", ""), Err(ConfigError::Choice { name: "AWS_USE_FIPS_ENDPOINT", .. })));
        assert!(matches!(variant("", "1"), Err(ConfigError::Choice { name: "AWS_USE_DUALSTACK_ENDPOINT", .. })));
    }
}
