//! Whether a provider in service account mode is asked for a pod, and with what.
//!
//! Upstream: `provide`, `getServiceAccountData` and `getServiceAccountToken` of
//! <https://github.com/kubernetes/kubernetes>, `pkg/credentialprovider/plugin/plugin.go` (1.33 to 1.36), and KEP-4412.
//!
//! The account is read and a token requested for every look-up, before the cache is asked. What is left out is left out
//! silently: the kubelet logs it at verbosity 5 only.

use std::collections::BTreeMap;

use super::config::{ServiceAccountNeed, TokenAttributes};
use super::log::LogLine;

/// The pod that an image is pulled for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its service account; empty for a static pod.
    pub service_account_name: String,
}

/// A service account, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its UID.
    pub uid: String,
    /// All its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// What becomes of a look-up before a token is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The provider is asked as if there were no service account mode.
    WithoutAccount,
    /// The provider is asked for the account, with these annotations.
    WithAccount(BTreeMap<String, String>),
    /// The provider is not asked.
    Skipped(Skip),
}

/// Why a provider is not asked for a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The pod has no service account, and the entry requires one.
    NoServiceAccount,
    /// The service account lacks a required annotation.
    MissingAnnotation(String),
    /// The service account cannot be read; the API server's words.
    NoSuchAccount(String),
}

impl Admission {
    /// Decides by the entry, the pod and the account, which is read only if the pod names one.
    ///
    /// ```
    /// use conformance::kubelet::{Admission, CacheType, Pod, ServiceAccountNeed, Skip, TokenAttributes};
    ///
    /// let attributes = TokenAttributes {
    ///     audience: "r.io".to_owned(),
    ///     cache_type: CacheType::Token,
    ///     account: ServiceAccountNeed::Required,
    ///     required_annotations: vec!["r.io/role".to_owned()],
    ///     optional_annotations: Vec::new(),
    /// };
    /// let pod = Pod { service_account_name: "app".to_owned(), ..Pod::default() };
    /// let account = Ok(Default::default());
    /// let missing = Admission::Skipped(Skip::MissingAnnotation("r.io/role".to_owned()));
    /// assert_eq!(Admission::of(&attributes, &pod, account), missing);
    /// ```
    #[must_use]
    pub fn of(attributes: &TokenAttributes, pod: &Pod, account: Result<ServiceAccount, String>) -> Self {
        if pod.service_account_name.is_empty() {
            return match attributes.account {
                ServiceAccountNeed::Required => Self::Skipped(Skip::NoServiceAccount),
                ServiceAccountNeed::Optional => Self::WithoutAccount,
            };
        }
        let annotations = match account {
            Ok(account) => account.annotations,
            Err(error) => return Self::Skipped(Skip::NoSuchAccount(error)),
        };
        let missing = attributes.required_annotations.iter().find(|key| !annotations.contains_key(*key));
        if let Some(key) = missing {
            return Self::Skipped(Skip::MissingAnnotation(key.clone()));
        }
        let wanted = attributes.required_annotations.iter().chain(&attributes.optional_annotations);
        let sent = wanted.filter_map(|key| annotations.get_key_value(key));
        Self::WithAccount(sent.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

impl Skip {
    /// What the kubelet logs of it.
    #[must_use]
    pub fn log(&self, pod: &Pod) -> LogLine {
        let Pod { namespace, name, service_account_name: account, .. } = pod;
        match self {
            Self::NoServiceAccount => {
                LogLine::verbose(5, format!("Service account name is empty for pod {namespace}/{name}"))
            }
            Self::MissingAnnotation(key) => LogLine::verbose(
                5,
                format!(
                    "Failed to get service account data {namespace}/{account}: required annotation {key} not found"
                ),
            ),
            Self::NoSuchAccount(error) => {
                LogLine::error(format!("Failed to get service account {namespace}/{account}: {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::CacheType;

    fn attributes(account: ServiceAccountNeed, required: &[&str], optional: &[&str]) -> TokenAttributes {
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        TokenAttributes {
            audience: "a".to_owned(),
            cache_type: CacheType::Token,
            account,
            required_annotations: owned(required),
            optional_annotations: owned(optional),
        }
    }

    fn pod(account: &str) -> Pod {
        Pod { namespace: "n".into(), name: "p".into(), uid: "u".into(), service_account_name: account.into() }
    }

    fn account(keys: &[&str]) -> ServiceAccount {
        let annotations = keys.iter().map(|key| ((*key).to_owned(), "v".to_owned())).collect();
        ServiceAccount { uid: "s".to_owned(), annotations }
    }

    #[test]
    fn a_pod_without_account_is_left_out_only_if_one_is_required() {
        let of = |need| Admission::of(&attributes(need, &[], &[]), &pod(""), Err("not asked".to_owned()));
        assert_eq!(of(ServiceAccountNeed::Optional), Admission::WithoutAccount);
        let skipped = of(ServiceAccountNeed::Required);
        assert_eq!(skipped, Admission::Skipped(Skip::NoServiceAccount));
        assert_eq!(Skip::NoServiceAccount.log(&pod("")).to_string(), "V(5) Service account name is empty for pod n/p");
    }

    #[test]
    fn only_annotations_that_are_named_are_sent() {
        let wanted = attributes(ServiceAccountNeed::Required, &["a"], &["b", "c"]);
        let Admission::WithAccount(sent) = Admission::of(&wanted, &pod("s"), Ok(account(&["a", "b", "d"]))) else {
            panic!()
        };
        assert_eq!(sent.keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_is_missing_is_hardly_logged_and_who_is_missing_is() {
        let wanted = attributes(ServiceAccountNeed::Required, &["a", "b"], &[]);
        let log = |account| match Admission::of(&wanted, &pod("s"), account) {
            Admission::Skipped(skip) => skip.log(&pod("s")).to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            log(Ok(account(&["a"]))),
            "V(5) Failed to get service account data n/s: required annotation b not found"
        );
        let absent = Err("serviceaccounts \"s\" not found".to_owned());
        assert_eq!(log(absent), "E Failed to get service account n/s: serviceaccounts \"s\" not found");
    }
}
