//! Regions, their partitions and the STS endpoints that belong to them.

/// A group of regions with its own accounts, ARNs and domain names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The second field of an ARN.
    pub(crate) id: &'static str,
    /// The domain of its service endpoints.
    pub(crate) domain: &'static str,
    /// The domain of its dual-stack endpoints.
    dual_stack_domain: &'static str,
    /// What its regions begin with; `aws` holds all that begin with nothing else here.
    region_prefix: &'static str,
}

// botocore, data/partitions.json and data/endpoints.json (`dnsSuffix`, `dualStackDnsSuffix`, `regionRegex`).
// The commercial partition stands last: its prefix fits every region.
const PARTITIONS: [Partition; 8] = [
    partition("aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    partition("aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"),
    partition("aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    partition("aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    partition("aws", "", "amazonaws.com", "api.aws"),
];

const fn partition(
    id: &'static str,
    region_prefix: &'static str,
    domain: &'static str,
    dual_stack_domain: &'static str,
) -> Partition {
    Partition { id, domain, dual_stack_domain, region_prefix }
}

/// The partition that a region lies in.
pub(crate) fn partition_of(region: &str) -> &'static Partition {
    PARTITIONS
        .iter()
        .find(|partition| region.starts_with(partition.region_prefix))
        .expect("the last partition fits every region")
}

/// The region whose STS endpoint has this host name, `None` for a name that is no STS endpoint.
///
/// The port counts for nothing. The legacy global endpoint is the one of `us-east-1`
/// ([IAM user guide, Manage AWS STS in an AWS Region](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html)).
pub(crate) fn region_of_sts_host(host: &str) -> Option<String> {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let name = name.to_ascii_lowercase();
    if name == "sts.amazonaws.com" {
        return Some("us-east-1".into());
    }
    let rest = name.strip_prefix("sts.").or_else(|| name.strip_prefix("sts-fips."))?;
    let (region, domain) = rest.split_once('.')?;
    let partition = partition_of(region);
    let known = domain == partition.domain || domain == partition.dual_stack_domain;
    (known && is_region(region)).then(|| region.to_owned())
}

fn is_region(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.split('-').filter(|part| !part.is_empty()).count() >= 3 && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_names_the_region() {
        for (host, region) in [
            ("sts.amazonaws.com", "us-east-1"),
            ("sts.amazonaws.com:443", "us-east-1"),
            ("STS.eu-central-1.AMAZONAWS.com", "eu-central-1"),
            ("sts-fips.us-east-2.amazonaws.com", "us-east-2"),
            ("sts.eu-west-1.api.aws", "eu-west-1"),
            ("sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("sts.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"),
            ("sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
            ("sts.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
            ("sts.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
            ("sts.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
            ("sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ] {
            assert_eq!(region_of_sts_host(host).as_deref(), Some(region), "{host}");
        }
    }

    #[test]
    fn a_host_of_nobody_names_no_region() {
        for host in [
            "127.0.0.1:8080",
            "localhost",
            "iam.amazonaws.com",
            "sts.cn-north-1.amazonaws.com",
            "sts.eu-west-1.amazonaws.com.cn",
            "sts.eu-west-1.amazonaws.com.evil.example",
            "sts.amazonaws.com.cn",
            "sts..amazonaws.com",
            "[::1]:80",
            "",
        ] {
            assert_eq!(region_of_sts_host(host), None, "{host}");
        }
    }

    #[test]
    fn the_region_names_the_partition() {
        for (region, id) in [
            ("us-east-1", "aws"),
            ("us-gov-east-1", "aws-us-gov"),
            ("cn-northwest-1", "aws-cn"),
            ("us-iso-west-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition_of(region).id, id, "{region}");
        }
    }
}
