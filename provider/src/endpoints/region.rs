//! AWS regions, the partitions that they lie in, and the hosts of their services.
//!
//! Source of every name and suffix: botocore 1.44.5, `data/partitions.json`; of the hosts: its endpoint rule set of STS.

/// A group of regions with accounts, ARNs and domain names of its own; nothing of one partition works in another.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// The name, which is the second part of an ARN.
    pub name: &'static str,
    /// The domain of the services.
    pub dns_suffix: &'static str,
    /// The domain of the services that answer on IPv6 as well.
    pub dual_stack_suffix: &'static str,
    /// What its regions begin with, before a place and a number.
    areas: &'static [&'static str],
}

const PARTITIONS: [Partition; 8] = [
    partition("aws", "amazonaws.com", "api.aws", &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"]),
    partition("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", &["cn"]),
    partition(GOVERNMENT, "amazonaws.com", "api.aws", &["us-gov"]),
    partition("aws-iso", "c2s.ic.gov", "api.aws.ic.gov", &["us-iso"]),
    partition("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", &["us-isob"]),
    partition("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", &["eu-isoe"]),
    partition("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", &["us-isof"]),
    partition("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", &["eusc-de"]),
];
const GOVERNMENT: &str = "aws-us-gov";

const fn partition(
    name: &'static str,
    dns_suffix: &'static str,
    dual_stack_suffix: &'static str,
    areas: &'static [&'static str],
) -> Partition {
    Partition { name, dns_suffix, dual_stack_suffix, areas }
}

impl Partition {
    /// The partition of this name; another name is `None`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PARTITIONS.iter().find(|partition| partition.name == name)
    }

    /// Whether this is the partition that has a global STS.
    #[must_use]
    pub fn is_commercial(&self) -> bool {
        self == &PARTITIONS[0]
    }
}

/// Which of a service's hosts in a region is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointVariant {
    /// The plain one.
    #[default]
    Standard,
    /// The one with validated cryptography (FIPS 140).
    Fips,
    /// The one that answers on IPv6 as well.
    DualStack,
    /// Both at once.
    FipsDualStack,
}

/// An AWS region whose partition is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    name: String,
    partition: &'static Partition,
}

impl Region {
    /// Reads a region name such as `eu-central-1`; a name of no known partition is `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (rest, number) = name.rsplit_once('-')?;
        let (area, place) = rest.rsplit_once('-')?;
        let is_place = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let partition = PARTITIONS.iter().find(|partition| partition.areas.contains(&area))?;
        (is_place && is_number).then(|| Self { name: name.to_owned(), partition })
    }

    /// The region's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The partition that it lies in.
    #[must_use]
    pub fn partition(&self) -> &'static Partition {
        self.partition
    }

    /// The domain of the region's services.
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        self.partition.dns_suffix
    }

    /// The host of a service in the region. Every partition has hosts of every variant.
    #[must_use]
    pub fn host(&self, service: &str, variant: EndpointVariant) -> String {
        let Self { name, partition: Partition { dns_suffix, dual_stack_suffix, .. } } = self;
        match variant {
            EndpointVariant::Standard => format!("{service}.{name}.{dns_suffix}"),
            EndpointVariant::Fips => format!("{service}-fips.{name}.{dns_suffix}"),
            EndpointVariant::DualStack => format!("{service}.{name}.{dual_stack_suffix}"),
            EndpointVariant::FipsDualStack => format!("{service}-fips.{name}.{dual_stack_suffix}"),
        }
    }

    /// The host of the region's STS. In the partition `aws-us-gov` the plain one is the one with validated cryptography.
    #[must_use]
    pub fn sts_host(&self, variant: EndpointVariant) -> String {
        match variant {
            EndpointVariant::Fips if self.partition.name == GOVERNMENT => self.host("sts", EndpointVariant::Standard),
            variant => self.host("sts", variant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors(text: &str) -> Vec<Value> {
        serde_json::from_str(text).expect("a list")
    }

    fn text<'v>(value: &'v Value, key: &str) -> &'v str {
        value[key].as_str().expect(key)
    }

    /// The names that stand for a whole partition; they are no region's, and nothing is signed for them.
    fn stands_for_a_partition(name: &str) -> bool {
        name.ends_with("-global")
    }

    #[test]
    fn every_region_lies_in_its_partition() {
        let partitions = vectors(include_str!("../../vectors/aws/partitions.json"));
        assert_eq!(partitions.len(), PARTITIONS.len());
        for expected in &partitions {
            let partition = Partition::named(text(expected, "name")).expect("a partition");
            assert_eq!(partition.dns_suffix, text(expected, "dnsSuffix"));
            assert_eq!(partition.dual_stack_suffix, text(expected, "dualStackDnsSuffix"));
            assert_eq!(
                (&expected["supportsFips"], &expected["supportsDualStack"]),
                (&Value::Bool(true), &Value::Bool(true))
            );
            assert_eq!(partition.is_commercial(), text(expected, "name") == "aws");
            for name in expected["regions"].as_array().expect("regions") {
                let name = name.as_str().expect("a name");
                let found = Region::parse(name);
                if stands_for_a_partition(name) {
                    assert_eq!(found, None, "{name}");
                } else {
                    let region = found.expect(name);
                    assert_eq!(
                        (region.as_str(), region.partition(), region.dns_suffix()),
                        (name, partition, partition.dns_suffix)
                    );
                }
            }
        }
    }

    #[test]
    fn every_region_has_the_sts_hosts_that_botocore_resolves() {
        let hosts = vectors(include_str!("../../vectors/aws/sts-hosts.json"));
        let regions: Vec<_> = hosts.iter().filter(|row| !stands_for_a_partition(text(row, "region"))).collect();
        assert!(regions.len() > 45, "{}", regions.len());
        for row in regions {
            let region = Region::parse(text(row, "region")).expect("a region");
            for (key, variant) in [
                ("standard", EndpointVariant::Standard),
                ("fips", EndpointVariant::Fips),
                ("dualStack", EndpointVariant::DualStack),
                ("fipsDualStack", EndpointVariant::FipsDualStack),
            ] {
                assert_eq!(region.sts_host(variant), text(row, key), "{key} of {}", region.as_str());
            }
        }
    }

    #[test]
    fn other_services_have_hosts_by_the_same_rule() {
        let region = Region::parse("us-gov-west-1").expect("a region");
        assert_eq!(
            region.host("secretsmanager", EndpointVariant::Fips),
            "secretsmanager-fips.us-gov-west-1.amazonaws.com"
        );
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for name in [
            "",
            "*",
            "-",
            "us-*-1",
            "us-east",
            "us-east-",
            "us-east-1a",
            "us-east-1.",
            "us-east-1 ",
            " us-east-1",
            "us-east-1\n",
            "us-east-1.evil.example",
            "us-east-1/",
            "us_east_1",
            "us-east-1-1",
            "us--1",
            "us-1",
            "xx-east-1",
            "xus-east-1",
            "eu-gov-west-1",
            "us-isox-east-1",
            "us-iso-b-east-1",
            "usgov-west-1",
            "eusc-east-1",
            "eusc-fr-east-1",
            "US-EAST-1",
            "us-East-1",
            "cn-",
            "cn-north",
            "us-gov-west",
            "us-gov-west-x",
            "us-east-\u{661}",
        ] {
            assert_eq!(Region::parse(name), None, "{name}");
        }
        for name in ["", "aws-", "AWS", "aws-gov", "aws-iso-x", "amazon"] {
            assert_eq!(Partition::named(name), None, "{name}");
        }
    }
}
