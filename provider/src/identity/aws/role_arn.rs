//! A role's ARN.

use std::fmt;

/// The ARN of an IAM role.
///
/// Source: IAM user guide, "IAM identifiers": `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleArn(String);

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
        let partition = partition == "aws" || partition.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty());
        let account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let (path, name) = resource.strip_prefix("role/").map(|rest| rest.rsplit_once('/').unwrap_or(("", rest)))?;
        let path = path.bytes().all(|byte| byte.is_ascii_graphic());
        (partition && account && path && super::is_role_name(name)).then(|| Self(text.to_owned()))
    }

    /// The ARN as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
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
        ] {
            assert_eq!(RoleArn::parse(text).expect(text).as_str(), text);
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
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a b",
        ] {
            assert_eq!(RoleArn::parse(text), None, "{text}");
        }
    }
}
