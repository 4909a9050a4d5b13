//! Whom an access token speaks for.

use std::collections::BTreeMap;

/// Whom an access token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// A service account, by its address.
    ServiceAccount(String),
    /// Somebody whom a workload identity pool knows.
    Federated(Federated),
}

/// An identity of a workload identity pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Federated {
    /// `projects/NUMBER/locations/global/workloadIdentityPools/POOL`.
    pub(super) pool: String,
    /// What the mapping makes of the token for `google.subject`.
    pub(super) subject: String,
    /// What it makes for `attribute.NAME`, by `NAME`.
    pub(super) attributes: BTreeMap<String, String>,
}

impl Principal {
    /// Whether a member of a policy is this one.
    ///
    /// Source: IAM documentation, "Principal identifiers".
    pub(super) fn is_member(&self, member: &str) -> bool {
        match self {
            Self::ServiceAccount(email) => member.strip_prefix("serviceAccount:") == Some(email),
            Self::Federated(identity) => identity.is_member(member),
        }
    }
}

impl Federated {
    fn is_member(&self, member: &str) -> bool {
        let one = member.strip_prefix("principal://iam.googleapis.com/");
        let many = member.strip_prefix("principalSet://iam.googleapis.com/");
        let below = |name: &'static str| move |rest: &str| rest.strip_prefix(name).map(str::to_owned);
        let in_pool = |rest: Option<&str>| rest?.strip_prefix(&self.pool).map(str::to_owned);
        let one = in_pool(one).as_deref().and_then(below("/subject/"));
        let Some(many) = in_pool(many) else { return one.as_ref() == Some(&self.subject) };
        let attribute = below("/attribute.")(&many);
        let attribute = attribute.as_deref().and_then(|rest| rest.split_once('/'));
        many == "/*" || attribute.is_some_and(|(name, value)| self.attributes.get(name).is_some_and(|it| it == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_federated_identity_is_a_member_by_subject_attribute_or_pool() {
        let pool = "projects/1/locations/global/workloadIdentityPools/clusters";
        let identity = Principal::Federated(Federated {
            pool: pool.into(),
            subject: "system:serviceaccount:default:app".into(),
            attributes: [("namespace".into(), "default".into())].into(),
        });
        let base = format!("//iam.googleapis.com/{pool}");
        for (member, is_one) in [
            (format!("principal:{base}/subject/system:serviceaccount:default:app"), true),
            (format!("principal:{base}/subject/system:serviceaccount:default:ap"), false),
            (format!("principal:{base}2/subject/system:serviceaccount:default:app"), false),
            (format!("principalSet:{base}/*"), true),
            (format!("principalSet:{base}/attribute.namespace/default"), true),
            (format!("principalSet:{base}/attribute.namespace/other"), false),
            (format!("principalSet:{base}/attribute.pod/default"), false),
            (format!("principalSet:{base}/subject/system:serviceaccount:default:app"), false),
            (format!("principal:{base}/*"), false),
            ("serviceAccount:system:serviceaccount:default:app".into(), false),
        ] {
            assert_eq!(identity.is_member(&member), is_one, "{member}");
        }
    }
}
