//! Regions, their partitions and the STS endpoints that belong to them.

/// A group of regions with its own accounts, ARNs and domain names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The second field of an ARN.
    pub(crate) id: &'static str,
    /// The domain of its service endpoints.
    pub(crate) domain: &'static str,
    /// The domain of its dual-stack endpoints.
    pub(crate) dual_stack_domain: &'static str,
    /// What its regions begin with, before a word and a number.
    region_prefixes: &'static [&'static str],
}

// botocore, data/partitions.json (`dnsSuffix`, `dualStackDnsSuffix`, `regionRegex`).
const PARTITIONS: [Partition; 8] = [
    COMMERCIAL,
    partition("aws-cn", &["cn-"], "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    partition(GOVERNMENT, &["us-gov-"], "amazonaws.com", "api.aws"),
    partition("aws-iso", &["us-iso-"], "c2s.ic.gov", "api.aws.ic.gov"),
    partition("aws-iso-b", &["us-isob-"], "sc2s.sgov.gov", "api.aws.scloud"),
    partition("aws-iso-e", &["eu-isoe-"], "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    partition("aws-iso-f", &["us-isof-"], "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    partition("aws-eusc", &["eusc-de-"], "amazonaws.eu", "api.amazonwebservices.eu"),
];
const COMMERCIAL: Partition =
    partition("aws", &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"], "amazonaws.com", "api.aws");
const GOVERNMENT: &str = "aws-us-gov";

/// What AWS has at a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The endpoint of a region.
    Of(String),
    /// Nothing, though the name lies in a domain of AWS.
    None,
    /// A name that is not for AWS to give.
    Foreign,
}

const fn partition(
    id: &'static str,
    region_prefixes: &'static [&'static str],
    domain: &'static str,
    dual_stack_domain: &'static str,
) -> Partition {
    Partition { id, domain, dual_stack_domain, region_prefixes }
}

impl Partition {
    fn holds(&self, region: &str) -> bool {
        let is_rest = |rest: &str| {
            let (word, number) = rest.split_once('-').unwrap_or_default();
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            !word.is_empty() && word.bytes().all(is_word) && !number.is_empty() && is_number
        };
        self.region_prefixes.iter().filter_map(|prefix| region.strip_prefix(prefix)).any(is_rest)
    }
}

/// The partition that a region lies in, `None` for a name that is no region.
pub(crate) fn partition_with(region: &str) -> Option<&'static Partition> {
    PARTITIONS.iter().find(|partition| partition.holds(region))
}

/// The partition that the region of a world lies in; a world that is read from a file has no region of none.
pub(crate) fn partition_of(region: &str) -> &'static Partition {
    partition_with(region).unwrap_or(&COMMERCIAL)
}

/// The STS endpoint that has a host name.
///
/// The port counts for nothing. The legacy global endpoint is the one of `us-east-1`
/// ([IAM user guide, Manage AWS STS in an AWS Region](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html));
/// the other names are those of botocore, data/sts/2011-06-15/endpoint-rule-set-1.json: the plain endpoints of the
/// partition for the government are the ones for FIPS, and have no other name.
pub(crate) fn sts_endpoint(host: &str) -> Endpoint {
    let name = without_port(host).to_ascii_lowercase();
    if name == "sts.amazonaws.com" {
        return Endpoint::Of("us-east-1".into());
    }
    let is_missing = |region: &str| {
        let partition = partition_of(region);
        partition.id == GOVERNMENT && name == format!("sts-fips.{region}.{}", partition.domain)
    };
    match region_of_host("sts", &name).filter(|region| !is_missing(region)) {
        Some(region) => Endpoint::Of(region),
        None if is_name_of_aws(&name) => Endpoint::None,
        None => Endpoint::Foreign,
    }
}

/// The region whose endpoint of a service has this host name, `None` for a name that is no such endpoint.
///
/// The port counts for nothing.
pub(crate) fn region_of_host(service: &str, host: &str) -> Option<String> {
    let name = without_port(host).to_ascii_lowercase();
    let rest = name.strip_prefix(service)?;
    let rest = rest.strip_prefix("-fips").unwrap_or(rest).strip_prefix('.')?;
    let (region, domain) = rest.split_once('.')?;
    let partition = partition_with(region)?;
    let known = domain == partition.domain || domain == partition.dual_stack_domain;
    known.then(|| region.to_owned())
}

fn is_name_of_aws(name: &str) -> bool {
    let mut domains = PARTITIONS.iter().flat_map(|partition| [partition.domain, partition.dual_stack_domain]);
    domains.any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn without_port(host: &str) -> &str {
    host.split_once(':').map_or(host, |(name, _)| name)
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
            ("sts-fips.us-west-2.api.aws", "us-west-2"),
            ("sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("sts.us-gov-west-1.api.aws", "us-gov-west-1"),
            ("sts-fips.us-gov-west-1.api.aws", "us-gov-west-1"),
            ("sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("sts.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"),
            ("sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
            ("sts-fips.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
            ("sts.us-iso-west-1.api.aws.ic.gov", "us-iso-west-1"),
            ("sts.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
            ("sts.us-isob-east-1.api.aws.scloud", "us-isob-east-1"),
            ("sts.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
            ("sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
            ("sts.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
            ("sts.us-isof-south-1.api.aws.hci.ic.gov", "us-isof-south-1"),
            ("sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
            ("sts.eusc-de-east-1.api.amazonwebservices.eu", "eusc-de-east-1"),
        ] {
            assert_eq!(sts_endpoint(host), Endpoint::Of(region.into()), "{host}");
        }
    }

    #[test]
    fn a_name_of_aws_that_is_no_endpoint_is_nobodys() {
        for host in [
            "iam.amazonaws.com",
            "sts.cn-north-1.amazonaws.com",
            "sts.us-gov-west-1.amazonaws.com.cn",
            "sts.eu-west-1.amazonaws.com.cn",
            "sts.amazonaws.com.cn",
            "sts..amazonaws.com",
            "sts.mars-north-1.amazonaws.com",
            "sts.aws-global.amazonaws.com",
            "sts.us-east-1.amazonaws.eu",
            "sts-fips.us-gov-west-1.amazonaws.com",
            "sts-fips.amazonaws.com",
        ] {
            assert_eq!(sts_endpoint(host), Endpoint::None, "{host}");
        }
    }

    #[test]
    fn a_name_outside_the_domains_of_aws_is_foreign() {
        for host in [
            "127.0.0.1:8080",
            "localhost",
            "sts.eu-west-1.amazonaws.com.evil.example",
            "sts.example.com",
            "notamazonaws.com",
            "[::1]:80",
            "",
        ] {
            assert_eq!(sts_endpoint(host), Endpoint::Foreign, "{host}");
        }
    }

    #[test]
    fn every_region_lies_in_its_partition() {
        // botocore, data/partitions.json (`regions`).
        for (id, regions) in [
            (
                "aws",
                "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 \
                 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 \
                 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 \
                 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 \
                 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 us-west-2",
            ),
            ("aws-cn", "cn-north-1 cn-northwest-1"),
            ("aws-eusc", "eusc-de-east-1"),
            ("aws-iso", "us-iso-east-1 us-iso-west-1"),
            ("aws-iso-b", "us-isob-east-1 us-isob-west-1"),
            ("aws-iso-e", "eu-isoe-west-1"),
            ("aws-iso-f", "us-isof-east-1 us-isof-south-1"),
            ("aws-us-gov", "us-gov-east-1 us-gov-west-1"),
        ] {
            for region in regions.split(' ') {
                assert_eq!(partition_with(region).map(|partition| partition.id), Some(id), "{region}");
            }
        }
    }

    #[test]
    fn a_name_that_is_no_region_lies_in_no_partition() {
        for name in [
            "",
            "*",
            "us-east",
            "us-east-",
            "us--1",
            "us-east-1a",
            "mars-north-1",
            "eusc-fr-east-1",
            "aws-global",
            "us-gov-west-1.",
            "US-EAST-1",
        ] {
            assert_eq!(partition_with(name), None, "{name}");
        }
    }
}
