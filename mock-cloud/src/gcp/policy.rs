//! Who may act as a service account: its IAM policy.

use serde::Deserialize;

use super::principal::Principal;

/// The policy of a service account.
///
/// Source: IAM REST reference, `Policy`; `version` and `etag` are taken and have no meaning here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Who has which role.
    #[serde(default)]
    pub bindings: Vec<Binding>,
    /// The form of the policy.
    #[serde(default)]
    pub version: u8,
    /// What guards a policy against concurrent writes.
    #[serde(default)]
    pub etag: String,
}

/// A role and its members.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// `roles/iam.serviceAccountOpenIdTokenCreator` for one.
    pub role: String,
    /// `serviceAccount:EMAIL`, `principal://..` or `principalSet://..`.
    pub members: Vec<String>,
}

/// What one may do as a service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    GetOpenIdToken,
    GetAccessToken,
    ImplicitDelegation,
}

impl Permission {
    /// The name in errors and roles.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GetOpenIdToken => "iam.serviceAccounts.getOpenIdToken",
            Self::GetAccessToken => "iam.serviceAccounts.getAccessToken",
            Self::ImplicitDelegation => "iam.serviceAccounts.implicitDelegation",
        }
    }

    /// Whether a role holds this permission.
    ///
    /// Source: IAM documentation, "Service account roles".
    fn is_in(self, role: &str) -> bool {
        match role {
            "roles/iam.serviceAccountTokenCreator" => true,
            "roles/iam.serviceAccountOpenIdTokenCreator" => self == Self::GetOpenIdToken,
            "roles/iam.workloadIdentityUser" => self != Self::ImplicitDelegation,
            _ => false,
        }
    }
}

impl Policy {
    /// Whether somebody has a permission.
    pub(super) fn grants(&self, permission: Permission, principal: &Principal) -> bool {
        let mut bindings = self.bindings.iter().filter(|binding| permission.is_in(&binding.role));
        bindings.any(|binding| binding.members.iter().any(|member| principal.is_member(member)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_holds_its_permissions_and_no_others() {
        use Permission::{GetAccessToken, GetOpenIdToken, ImplicitDelegation};
        for (role, held) in [
            ("roles/iam.serviceAccountTokenCreator", &[GetOpenIdToken, GetAccessToken, ImplicitDelegation][..]),
            ("roles/iam.serviceAccountOpenIdTokenCreator", &[GetOpenIdToken]),
            ("roles/iam.workloadIdentityUser", &[GetOpenIdToken, GetAccessToken]),
            ("roles/owner", &[]),
        ] {
            for permission in [GetOpenIdToken, GetAccessToken, ImplicitDelegation] {
                assert_eq!(permission.is_in(role), held.contains(&permission), "{role} {}", permission.name());
            }
        }
    }

    #[test]
    fn a_role_is_its_members_only() {
        let policy = r#"{"version": 1, "etag": "BwY=", "bindings": [{
            "role": "roles/iam.serviceAccountOpenIdTokenCreator", "members": ["serviceAccount:a@p.iam"]}]}"#;
        let policy: Policy = serde_json::from_str(policy).unwrap();
        let a = Principal::ServiceAccount("a@p.iam".into());
        assert!(policy.grants(Permission::GetOpenIdToken, &a));
        assert!(!policy.grants(Permission::GetAccessToken, &a));
        assert!(!policy.grants(Permission::GetOpenIdToken, &Principal::ServiceAccount("b@p.iam".into())));
    }
}
