//! The ARN by which a role is asked for.

use super::error::StsError;

/// The ARN of a role, which may not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoleArn<'a> {
    /// The whole.
    pub(crate) text: &'a str,
    /// The twelve digits of the account.
    pub(crate) account: &'a str,
}

impl<'a> RoleArn<'a> {
    /// Reads `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
    ///
    /// # Errors
    ///
    /// [`StsError::Validation`] when it is no such ARN; argmin asserts the text.
    pub(crate) fn parse(text: &'a str) -> Result<Self, StsError> {
        let invalid = || StsError::Validation(format!("{text} is invalid"));
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _, "iam", "", account, resource] = fields[..] else {
            return Err(invalid());
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
        if is_account && name.is_some_and(|name| !name.is_empty()) {
            Ok(Self { text, account })
        } else {
            Err(invalid())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_an_account_and_any_path() {
        for text in ["arn:aws:iam::111122223333:role/pull", "arn:aws-cn:iam::111122223333:role/a/b/pull"] {
            assert_eq!(RoleArn::parse(text).unwrap(), RoleArn { text, account: "111122223333" });
        }
    }

    #[test]
    fn nothing_else_is_a_role() {
        for text in [
            "xxxxxxxxxxxxxxxxxxxx",
            "arn:aws:iam::111122223333:user/pull",
            "arn:aws:sts::111122223333:role/pull",
            "arn:aws:iam::11112222333:role/pull",
            "arn:aws:iam::11112222333x:role/pull",
            "arn:aws:iam:us-east-1:111122223333:role/pull",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a/",
            "arn:aws:iam::111122223333:role",
        ] {
            assert_eq!(RoleArn::parse(text).unwrap_err().to_string(), format!("{text} is invalid"));
        }
    }
}
