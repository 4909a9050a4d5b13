//! A role's ARN.

use std::fmt;

use crate::endpoints::{Partition, Region};

/// The ARN of an IAM role.
///
/// Source: IAM user guide, "IAM identifiers": `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleArn {
    text: String,
    partition: &'static Partition,
}

/// A role and a region that lie in different partitions, so that no STS knows both.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the role `{role}` is of the partition `{}`, the region `{}` of `{}`",
    .role.partition.name, .region.as_str(), .region.partition().name
)]
pub struct PartitionError {
    /// The role.
    pub role: RoleArn,
    /// The region.
    pub region: Region,
}

impl RoleArn {
    /// Reads an ARN; what is no role's ARN is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        let ("arn", partition, "iam", "", account, resource) = (next()?, next()?, next()?, next()?, next()?, next()?)
        else {
            return None;
        };
        let partition = Partition::named(partition)?;
        let account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let (path, name) = resource.strip_prefix("role/").map(|rest| rest.rsplit_once('/').unwrap_or(("", rest)))?;
        let path = path.bytes().all(|byte| byte.is_ascii_graphic());
        (account && path && super::is_role_name(name)).then(|| Self { text: text.to_owned(), partition })
    }

    /// The role's name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The ARN as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition of the role's account.
    #[must_use]
    pub fn partition(&self) -> &'static Partition {
        self.partition
    }

    /// Refuses a region of another partition, before anything is sent there.
    ///
    /// # Errors
    /// When the role and the region lie in different partitions.
    pub fn fits(&self, region: &Region) -> Result<(), PartitionError> {
        if self.partition == region.partition() {
            return Ok(());
        }
        Err(PartitionError { role: self.clone(), region: region.clone() })
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_every_partition_and_path_are_read() {
        for text in [
            "arn:aws:iam::111122223333:role/pull",
            "arn:aws-cn:iam::111122223333:role/team/pull",
            "arn:aws-us-gov:iam::111122223333:role/a/b/pull",
            "arn:aws-iso-b:iam::111122223333:role/pull",
            "arn:aws-eusc:iam::111122223333:role/pull",
        ] {
            let role = RoleArn::parse(text).expect(text);
            assert_eq!(role.as_str(), text);
            assert_eq!(Some(role.partition().name), text.split(':').nth(1));
        }
    }

    #[test]
    fn what_is_no_role_is_refused() {
        for text in [
            "",
            "pull",
            "arn:aws:iam::111122223333:user/pull",
            "arn:aws:iam::1111:role/pull",
            "arn:aws:iam:us-east-1:111122223333:role/pull",
            "arn:aws:sts::111122223333:assumed-role/pull/x",
            "arn:evil:iam::111122223333:role/pull",
            "arn:aws-evil:iam::111122223333:role/pull",
            "arn:AWS:iam::111122223333:role/pull",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a b",
        ] {
            assert_eq!(RoleArn::parse(text), None, "{text}");
        }
    }
    #[test]
    fn a_role_fits_the_regions_of_its_own_partition() {
        for (partition, region) in [
            ("aws", "eu-central-1"),
            ("aws-cn", "cn-north-1"),
            ("aws-us-gov", "us-gov-west-1"),
            ("aws-iso", "us-iso-east-1"),
            ("aws-iso-b", "us-isob-east-1"),
            ("aws-iso-e", "eu-isoe-west-1"),
            ("aws-iso-f", "us-isof-south-1"),
            ("aws-eusc", "eusc-de-east-1"),
        ] {
            let region = Region::parse(region).expect(region);
            for other in ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"] {
                let role = RoleArn::parse(&format!("arn:{other}:iam::111122223333:role/pull")).expect(other);
                assert_eq!(role.fits(&region).is_ok(), other == partition, "{role} in {}", region.as_str());
            }
        }
    }
}
