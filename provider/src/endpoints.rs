//! Every address that is not Artifactory's: metadata services, the hosts of AWS by `region`, the hosts of Entra ID by cloud.

use std::net::IpAddr;

use crate::config::{ConfigError, Environment};

mod aws;
mod azure;
mod cognito;
mod gcp;
mod region;

pub use aws::{InstanceMetadata, PodIdentityAgent};
pub use azure::{AZURE_CLOUDS, AzureCloud};
pub use cognito::{CognitoEndpoints, PoolDomain};
pub use gcp::GcpServices;
pub use region::{EndpointVariant, Partition, Region};

/// The link-local address of the metadata services of AWS, Azure and Google Cloud.
///
/// Sources: AWS EC2 user guide, "Use the Instance Metadata Service"; Azure VM documentation, "Azure Instance Metadata
/// Service"; Google Compute Engine documentation, "About VM metadata". Google's name `metadata.google.internal` resolves
/// to the same address; using the address saves a name lookup.
const METADATA: &str = "http://169.254.169.254";

/// The global STS, which exists in the partition `aws` only; used when no region can be had.
///
/// Source: botocore 1.44.5, `data/endpoints.json`, service `sts`.
pub(crate) const GLOBAL_STS_HOST: &str = "sts.amazonaws.com";

/// Base addresses of the metadata services, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// EC2's instance metadata service.
    pub aws_metadata: InstanceMetadata,
    /// Azure's instance metadata service.
    pub azure_metadata: String,
    /// Compute Engine's metadata server.
    pub gcp_metadata: String,
    /// Google's services beyond the metadata server.
    pub gcp: GcpServices,
    /// Entra ID instead of the cloud's own; for tests and clouds that are not in the table.
    pub azure_authority: Option<String>,
    /// AWS STS instead of the region's own; for tests and private endpoints.
    pub aws_sts: Option<String>,
    /// Which of AWS's own hosts are called.
    pub aws_variant: EndpointVariant,
    /// AWS Secrets Manager and Amazon Cognito.
    pub cognito: CognitoEndpoints,
    /// The credentials address of the EKS Pod Identity agent, by family.
    pub pod_identity: PodIdentityAgent,
}

impl Endpoints {
    /// The real addresses, or those that the ecosystems' own variables name.
    ///
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT` and its `_MODE`, `AWS_EC2_METADATA_DISABLED`, `AWS_ENDPOINT_URL_STS` and its like
    /// for the other services, `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT` and
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` (AWS SDKs and tools reference), `AZURE_POD_IDENTITY_AUTHORITY_HOST` and
    /// `AZURE_AUTHORITY_HOST` (Azure SDKs), and `GCE_METADATA_HOST` (Google client libraries, `host[:port]` without a scheme).
    ///
    /// # Errors
    /// When a variable holds something that is not such an address.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let base =
            |name| environment.value(name).map_or_else(|| Ok(METADATA.to_owned()), |value| base_url(name, value));
        let aws_variant = EndpointVariant::from_environment(environment)?;
        let gcp_metadata = match environment.value("GCE_METADATA_HOST") {
            None => METADATA.to_owned(),
            Some(host) => base_url("GCE_METADATA_HOST", &format!("http://{host}"))?,
        };
        Ok(Self {
            aws_metadata: InstanceMetadata::from_environment(environment)?,
            azure_metadata: base("AZURE_POD_IDENTITY_AUTHORITY_HOST")?,
            gcp_metadata,
            gcp: GcpServices::from_environment(environment)?,
            azure_authority: remote(environment, ["AZURE_AUTHORITY_HOST"])?.map(|(_, url)| url),
            aws_variant,
            aws_sts: remote(environment, ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"])?.map(|(_, url)| url),
            cognito: CognitoEndpoints::from_environment(environment, aws_variant)?,
            pod_identity: PodIdentityAgent::from_environment(environment)?,
        })
    }

    /// The address at which the provider itself calls the STS of a region.
    #[must_use]
    pub fn sts(&self, region: &Region) -> String {
        self.aws_sts.clone().unwrap_or_else(|| format!("https://{}", region.sts_host(self.aws_variant)))
    }

    /// The address at which the provider itself calls the global STS of the partition `aws`; `None` when the host must be
    /// of a variant, which the global one is not.
    #[must_use]
    pub fn global_sts(&self) -> Option<String> {
        let own = (self.aws_variant == EndpointVariant::Standard).then(|| format!("https://{GLOBAL_STS_HOST}"));
        self.aws_sts.clone().or(own)
    }

    /// The address of the Entra ID of a cloud.
    #[must_use]
    pub fn entra(&self, cloud: AzureCloud) -> String {
        self.azure_authority.clone().unwrap_or_else(|| cloud.authority().to_owned())
    }
}

/// The first of these variables that is set, and its address: TLS anywhere, plain HTTP on loopback only, since proofs go
/// there.
fn remote<const N: usize>(
    environment: &Environment,
    variables: [&'static str; N],
) -> Result<Option<(&'static str, String)>, ConfigError> {
    let set = variables.into_iter().find_map(|name| Some((name, environment.value(name)?)));
    set.map(|(name, value)| Ok((name, remote_url(name, value)?))).transpose()
}

/// An address of a cloud's service, without a final slash.
pub(crate) fn remote_url(variable: &'static str, value: &str) -> Result<String, ConfigError> {
    let invalid = || ConfigError::RemoteEndpoint { variable };
    let url = reqwest::Url::parse(value).map_err(|_| invalid())?;
    let host = url.host_str().ok_or_else(invalid)?.trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if allowed && bare { Ok(value.trim_end_matches('/').to_owned()) } else { Err(invalid()) }
}

fn base_url(variable: &'static str, value: &str) -> Result<String, ConfigError> {
    let invalid = || ConfigError::Endpoint { variable, value: value.to_owned() };
    let url = reqwest::Url::parse(value).map_err(|_| invalid())?;
    let plain = url.scheme() == "http" && url.has_host() && url.username().is_empty() && url.password().is_none();
    if !plain || url.query().is_some() || url.fragment().is_some() {
        return Err(invalid());
    }
    Ok(value.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variant_chooses_among_the_hosts_of_aws_and_no_others() {
        let with = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Endpoints::from_environment(&variables.collect())
        };
        let region = Region::parse("eu-central-1").expect("a region");
        let (fips, dual_stack) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
        let plain = with(&[]).expect("endpoints");
        assert_eq!(plain.sts(&region), "https://sts.eu-central-1.amazonaws.com");
        assert_eq!(plain.global_sts().as_deref(), Some("https://sts.amazonaws.com"));
        let validated = with(&[fips]).expect("endpoints");
        assert_eq!(validated.sts(&region), "https://sts-fips.eu-central-1.amazonaws.com");
        assert_eq!(validated.global_sts(), None, "there is no global STS with validated cryptography");
        assert_eq!(with(&[dual_stack]).expect("endpoints").sts(&region), "https://sts.eu-central-1.api.aws");
        assert_eq!(with(&[fips, dual_stack]).expect("endpoints").sts(&region), "https://sts-fips.eu-central-1.api.aws");
        let elsewhere = ("AWS_ENDPOINT_URL_STS", "https://sts.example.com");
        assert_eq!(with(&[elsewhere]).expect("endpoints").global_sts().as_deref(), Some("https://sts.example.com"));
        for name in [
            "AWS_ENDPOINT_URL_STS",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
            "AWS_ENDPOINT_URL",
            "ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL",
        ] {
            assert!(with(&[(name, "https://aws.example.com")]).is_ok(), "{name}");
            for variant in [fips, dual_stack] {
                let refused = with(&[(name, "https://aws.example.com"), variant]).expect_err(name);
                assert!(
                    matches!(refused, ConfigError::EndpointVariant { endpoint, .. } if endpoint == name),
                    "{refused}"
                );
            }
        }
    }

    #[test]
    fn a_client_assertion_goes_over_tls_or_stays_on_the_machine() {
        let with = |value: &str| {
            let variable = [("AZURE_AUTHORITY_HOST".to_owned(), value.to_owned())];
            Endpoints::from_environment(&Environment::from_iter(variable))
        };
        for (value, address) in [
            ("https://login.microsoftonline.eaglex.example/", "https://login.microsoftonline.eaglex.example"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ] {
            assert_eq!(with(value).expect(value).entra(AzureCloud::China), address);
        }
        let unset = with("").expect("no variable");
        assert_eq!(unset.entra(AzureCloud::China), "https://login.partner.microsoftonline.cn");
        for bad in ["login.microsoftonline.com", "http://login.microsoftonline.com", "https://u:p@x", "https://x?y"] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_variable_must_be_a_plain_base_address() {
        let with = |name: &str, value: &str| {
            Endpoints::from_environment(&Environment::from_iter([(name.to_owned(), value.to_owned())]))
        };
        let endpoints = with("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:81/").expect("an address");
        assert_eq!(endpoints.aws_metadata.addresses(), ["http://127.0.0.1:81"]);
        assert_eq!(endpoints.azure_metadata, METADATA);
        assert_eq!(with("GCE_METADATA_HOST", "[::1]:80").expect("a host").gcp_metadata, "http://[::1]:80");
        for bad in ["127.0.0.1", "ftp://x", "http://", "http://u:p@x", "http://x?y", "http://x#y"] {
            assert!(with("AWS_EC2_METADATA_SERVICE_ENDPOINT", bad).is_err(), "{bad}");
        }
    }
}
