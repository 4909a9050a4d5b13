//! Every address that is not Artifactory's: metadata services, and the hosts of AWS by `region`.

use std::net::IpAddr;

use crate::config::{ConfigError, Environment};

mod region;

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
    pub aws_metadata: String,
    /// Azure's instance metadata service.
    pub azure_metadata: String,
    /// Compute Engine's metadata server.
    pub gcp_metadata: String,
    /// AWS STS instead of the region's own; for tests and private endpoints.
    pub aws_sts: Option<String>,
    /// The credentials address of the EKS Pod Identity agent, by family.
    pub pod_identity: PodIdentityAgent,
}

/// Where the EKS Pod Identity agent answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodIdentityAgent {
    /// At its two link-local addresses.
    ///
    /// Source: Amazon EKS user guide, "EKS Pod Identity Agent".
    LinkLocal,
    /// At the address of `AWS_CONTAINER_CREDENTIALS_FULL_URI`, for tests.
    At(String),
}

impl PodIdentityAgent {
    /// The addresses to try, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<&str> {
        match self {
            Self::LinkLocal => vec!["http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"],
            Self::At(address) => vec![address],
        }
    }
}

impl Endpoints {
    /// The real addresses, or those that the ecosystems' own variables name.
    ///
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT`, `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL` and
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` (AWS SDKs and tools reference), `AZURE_POD_IDENTITY_AUTHORITY_HOST` (Azure SDKs)
    /// and `GCE_METADATA_HOST` (Google client libraries, `host[:port]` without a scheme).
    ///
    /// # Errors
    /// When a variable holds something that is not such an address.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let base =
            |name| environment.value(name).map_or_else(|| Ok(METADATA.to_owned()), |value| base_url(name, value));
        let gcp_metadata = match environment.value("GCE_METADATA_HOST") {
            None => METADATA.to_owned(),
            Some(host) => base_url("GCE_METADATA_HOST", &format!("http://{host}"))?,
        };
        Ok(Self {
            aws_metadata: base("AWS_EC2_METADATA_SERVICE_ENDPOINT")?,
            azure_metadata: base("AZURE_POD_IDENTITY_AUTHORITY_HOST")?,
            gcp_metadata,
            aws_sts: remote(environment, ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"])?,
            pod_identity: match environment.value("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
                None => PodIdentityAgent::LinkLocal,
                Some(uri) => PodIdentityAgent::At(base_url("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)?),
            },
        })
    }

    /// The address of the STS of a region.
    #[must_use]
    pub fn sts(&self, region: &Region) -> String {
        self.aws_sts.clone().unwrap_or_else(|| format!("https://{}", region.sts_host(EndpointVariant::Standard)))
    }
}

/// The first of these variables that is set: TLS anywhere, plain HTTP on loopback only, since proofs go there.
fn remote(environment: &Environment, variables: [&'static str; 2]) -> Result<Option<String>, ConfigError> {
    let set = variables.into_iter().find_map(|name| Some((name, environment.value(name)?)));
    let Some((variable, value)) = set else { return Ok(None) };
    let invalid = || ConfigError::RemoteEndpoint { variable };
    let url = reqwest::Url::parse(value).map_err(|_| invalid())?;
    let host = url.host_str().ok_or_else(invalid)?.trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if allowed && bare { Ok(Some(value.trim_end_matches('/').to_owned())) } else { Err(invalid()) }
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
    fn an_endpoint_variable_must_be_a_plain_base_address() {
        let with = |name: &str, value: &str| {
            Endpoints::from_environment(&Environment::from_iter([(name.to_owned(), value.to_owned())]))
        };
        let endpoints = with("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:81/").expect("an address");
        assert_eq!(endpoints.aws_metadata, "http://127.0.0.1:81");
        assert_eq!(endpoints.azure_metadata, METADATA);
        assert_eq!(with("GCE_METADATA_HOST", "[::1]:80").expect("a host").gcp_metadata, "http://[::1]:80");
        for bad in ["127.0.0.1", "ftp://x", "http://", "http://u:p@x", "http://x?y", "http://x#y"] {
            assert!(with("AWS_EC2_METADATA_SERVICE_ENDPOINT", bad).is_err(), "{bad}");
        }
    }
}
