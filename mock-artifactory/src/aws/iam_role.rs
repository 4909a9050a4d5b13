//! AWS roles and the users that they become.

use serde::{Deserialize, Serialize};

/// A user's role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamRole {
    /// The user.
    pub username: String,
    /// The role.
    pub iam_role: RoleArn,
}

/// A role's ARN in the one form that the server takes: partition `aws`, no path.
///
/// Source: jfrog/terraform-provider-platform, `resource_aws_iam_role.go`:
/// `^arn:aws:iam::\d{12}:role/[\w+=,.@:-]+$`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn {
    account: String,
    role: String,
}

/// The text is not such an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Must follow the regex, \"^arn:aws:iam::\\d{{12}}:role/[\\w+=,.@:-]+$\"")]
pub struct RoleArnError;

impl RoleArn {
    /// The twelve digits of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The role's name.
    #[must_use]
    pub fn role(&self) -> &str {
        &self.role
    }
}

impl TryFrom<String> for RoleArn {
    type Error = RoleArnError;

    fn try_from(text: String) -> Result<Self, RoleArnError> {
        let rest = text.strip_prefix("arn:aws:iam::").ok_or(RoleArnError)?;
        let (account, role) = rest.split_once(":role/").ok_or(RoleArnError)?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_role =
            !role.is_empty() && role.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@:-".contains(&byte));
        if is_account && is_role {
            Ok(Self { account: account.to_owned(), role: role.to_owned() })
        } else {
            Err(RoleArnError)
        }
    }
}

impl From<RoleArn> for String {
    fn from(RoleArn { account, role }: RoleArn) -> Self {
        format!("arn:aws:iam::{account}:role/{role}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roles_without_a_path_in_the_partition_aws_are_taken() {
        let cases = [
            ("arn:aws:iam::111122223333:role/artifactory-pull", true),
            ("arn:aws:iam::111122223333:role/a_b+c=d,e.f@g:h-i", true),
            ("arn:aws:iam::111122223333:role/path/name", false),
            ("arn:aws-cn:iam::111122223333:role/name", false),
            ("arn:aws-us-gov:iam::111122223333:role/name", false),
            ("arn:aws:iam::11112222333:role/name", false),
            ("arn:aws:iam::111122223333:role/", false),
            ("arn:aws:iam::111122223333:user/name", false),
            ("arn:aws:sts::111122223333:assumed-role/name/session", false),
            ("", false),
        ];
        for (text, accepted) in cases {
            assert_eq!(RoleArn::try_from(text.to_owned()).is_ok(), accepted, "{text}");
        }
    }
}
