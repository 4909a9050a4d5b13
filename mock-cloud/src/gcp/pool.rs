//! Providers of workload identity pools: whose tokens a project trusts, and whom it takes their bearers for.

mod expression;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use self::expression::{Condition, Expression};
use super::principal::Federated;

/// A provider of a pool.
///
/// Source: IAM REST reference, `projects.locations.workloadIdentityPools.providers`; of the expression language, an
/// attribute's path, a text in quotes, `+`, `==` and `&&` are understood, and a world with more is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PoolProvider {
    /// `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
    pub name: String,
    /// What people call it.
    #[serde(default)]
    pub display_name: String,
    /// Whether it trusts nothing for now.
    #[serde(default)]
    pub disabled: bool,
    /// What becomes of a token's claims, by `google.subject` or `attribute.NAME`.
    pub attribute_mapping: BTreeMap<String, Expression>,
    /// What must hold of a token beside that.
    #[serde(default)]
    pub attribute_condition: Option<Condition>,
    /// The issuer.
    pub oidc: Oidc,
}

/// An issuer that a provider trusts.
///
/// The real one must have `https`; a world takes any, so that an issuer can live on a free port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Oidc {
    /// The URL that tokens name in `iss`, or `{kubernetes}` for the issuer of the world's cluster.
    pub issuer_uri: String,
    /// The audiences that its tokens may have; none stands for the provider's own name.
    #[serde(default)]
    pub allowed_audiences: Vec<String>,
    /// Where its discovery document is fetched; unless told, below the issuer.
    #[serde(default)]
    pub published_at: Option<String>,
}

/// Why a provider takes a token's bearer for nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoIdentity {
    /// The mapping makes no text of the token for this attribute.
    Unmapped(String),
    /// The condition does not hold.
    Condition,
}

/// What stands for the issuer of the world's cluster.
const CLUSTER: &str = "{kubernetes}";

impl PoolProvider {
    /// The pool that the provider belongs to.
    pub(super) fn pool(&self) -> &str {
        self.name.split_once("/providers/").map_or(&self.name, |(pool, _)| pool)
    }

    /// The audiences that a token may have.
    pub(super) fn audiences(&self) -> Vec<String> {
        if self.oidc.allowed_audiences.is_empty() {
            let name = format!("//iam.googleapis.com/{}", self.name);
            return vec![format!("https:{name}"), name];
        }
        self.oidc.allowed_audiences.clone()
    }

    /// Where the documents of the issuer lie.
    pub(super) fn published_at(&self) -> &str {
        self.oidc.published_at.as_ref().unwrap_or(&self.oidc.issuer_uri)
    }

    /// Whom the provider takes the bearer of a token for.
    ///
    /// # Errors
    ///
    /// When the mapping or the condition does not fit the token.
    pub(super) fn identity(&self, claims: &Value) -> Result<Federated, NoIdentity> {
        let assertion = json!({ "assertion": claims });
        let mapped = |(name, expression): (&String, &Expression)| {
            let value = expression.text(&assertion).ok_or_else(|| NoIdentity::Unmapped(name.clone()))?;
            Ok((name.clone(), value))
        };
        let mut mapped = self.attribute_mapping.iter().map(mapped).collect::<Result<BTreeMap<_, _>, _>>()?;
        let unmapped = || NoIdentity::Unmapped("google.subject".into());
        let subject = mapped.remove("google.subject").ok_or_else(unmapped)?;
        let named = mapped.into_iter();
        let named = named.filter_map(|(name, value)| Some((name.strip_prefix("attribute.")?.to_owned(), value)));
        let attributes: BTreeMap<_, _> = named.collect();
        let known = json!({"assertion": claims, "google": {"subject": subject}, "attribute": attributes});
        match &self.attribute_condition {
            Some(condition) if !condition.holds(&known) => Err(NoIdentity::Condition),
            _ => Ok(Federated { pool: self.pool().to_owned(), subject, attributes }),
        }
    }

    pub(super) fn with_cluster(&mut self, issuer: &str, published_at: &str) {
        if self.oidc.issuer_uri == CLUSTER {
            issuer.clone_into(&mut self.oidc.issuer_uri);
        }
        if self.oidc.issuer_uri == issuer {
            self.oidc.published_at.get_or_insert_with(|| published_at.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "projects/1/locations/global/workloadIdentityPools/clusters/providers/demo";

    fn provider(condition: &str) -> PoolProvider {
        let provider = json!({
            "name": NAME,
            "attributeMapping": {
                "google.subject": "assertion.sub",
                "attribute.namespace": "assertion['kubernetes.io']['namespace']",
            },
            "attributeCondition": condition,
            "oidc": {"issuerUri": CLUSTER},
        });
        serde_json::from_value(provider).unwrap()
    }

    fn claims(namespace: &str) -> Value {
        json!({"sub": "system:serviceaccount:default:app", "kubernetes.io": {"namespace": namespace}})
    }

    #[test]
    fn the_mapping_makes_an_identity_of_the_pool() {
        let identity = provider("attribute.namespace == 'default'").identity(&claims("default")).unwrap();
        assert_eq!(identity.pool, "projects/1/locations/global/workloadIdentityPools/clusters");
        assert_eq!(identity.subject, "system:serviceaccount:default:app");
        assert_eq!(identity.attributes["namespace"], "default");
    }

    #[test]
    fn a_token_that_the_mapping_or_the_condition_does_not_fit_is_nobodys() {
        let provider = provider("attribute.namespace == 'default'");
        assert_eq!(provider.identity(&claims("other")), Err(NoIdentity::Condition));
        let without = json!({"sub": "x"});
        assert_eq!(provider.identity(&without), Err(NoIdentity::Unmapped("attribute.namespace".into())));
    }

    #[test]
    fn without_audiences_the_providers_own_name_is_one() {
        let mut provider = provider("google.subject == 'x'");
        let own = format!("//iam.googleapis.com/{NAME}");
        assert_eq!(provider.audiences(), [format!("https:{own}"), own]);
        provider.oidc.allowed_audiences = vec!["artifactory".into()];
        assert_eq!(provider.audiences(), ["artifactory"]);
    }
}
