//! Workload identity federation: a pool of the project trusts the cluster's issuer, and its identities act as an account.
//!
//! The pool's provider trusts the token's issuer and audience and maps its subject; the account lets that identity act as it
//! (`roles/iam.workloadIdentityUser`). Acting as an account is compulsory: the Security Token Service gives access tokens
//! only, and Artifactory wants an ID token.
//!
//! Source: IAM documentation, "Configure Workload Identity Federation with Kubernetes".

use super::sts::{self, Exchange, SubjectClaims};
use super::{Caller, GcpError, Google, SubjectToken, Target};
use crate::artifactory::OidcProvider;
use crate::identity::{PassedOver, Proof};
use crate::kubelet::Workload;

/// A token of a cluster, who takes it, and whom its bearer acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadIdentity {
    /// The token.
    pub subject_token: SubjectToken,
    /// Who takes it.
    pub pool_provider: PoolProvider,
    /// Who is acted as.
    pub target: Target,
    /// The audience of the ID token.
    pub audience: String,
    /// The OIDC provider that trusts Google's issuer.
    pub provider: OidcProvider,
}

/// The resource name of a provider of a workload identity pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolProvider(String);

/// The kind of token that a Kubernetes issuer signs. Source: RFC 8693 section 3.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

impl PoolProvider {
    /// Reads `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`, with or without
    /// `//iam.googleapis.com/` before it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("//iam.googleapis.com/").unwrap_or(text);
        let segments: Vec<_> = name.split('/').collect();
        let ["projects", project, "locations", location, "workloadIdentityPools", pool, "providers", provider] =
            segments[..]
        else {
            return None;
        };
        let is_id = |id: &&str| !id.is_empty() && id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        let numbered = project.bytes().all(|it| it.is_ascii_digit());
        (numbered && [project, location, pool, provider].iter().all(is_id)).then(|| Self(name.to_owned()))
    }

    /// The resource name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name by which the Security Token Service knows the provider.
    #[must_use]
    pub fn audience(&self) -> String {
        format!("//iam.googleapis.com/{}", self.0)
    }
}

impl WorkloadIdentity {
    pub(in crate::identity) fn applies_to(&self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        self.subject_token.applies_to(workload)
    }

    /// Exchanges the token and has an ID token signed with what it gives, in two requests.
    ///
    /// # Errors
    /// When there is no token, the pool's provider does not take it, or its bearer may not act as the account.
    pub async fn prove(&self, google: &Google<'_>, workload: Option<&Workload>) -> Result<Proof<'_>, GcpError> {
        let token = self.subject_token.read(workload)?;
        let audience = self.pool_provider.audience();
        let exchange = Exchange { audience: &audience, subject_token: &token, subject_token_type: JWT };
        let url = format!("{}/v1/token", google.network.endpoints.gcp.sts);
        let cloud = google.cloud()?;
        let access_token = sts::access_token(&cloud, url, &exchange).await?;
        let caller = Caller::Federated { member: member(&audience, &SubjectClaims::of(&token)) };
        let token = self.target.id_token(google, &cloud, &access_token, caller, &self.audience).await?;
        Ok(Proof::IdToken { token, provider: &self.provider })
    }
}

/// The bearer of a token as a policy names it, where the pool maps `google.subject` to the token's subject.
pub(super) fn member(audience: &str, claims: &SubjectClaims) -> String {
    let pool = audience.split("/providers/").next().unwrap_or_default();
    format!("principal:{pool}/subject/{}", claims.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_whole_name() {
        let name = "projects/1/locations/global/workloadIdentityPools/clusters/providers/demo";
        for text in [name.to_owned(), format!("//iam.googleapis.com/{name}")] {
            let provider = PoolProvider::parse(&text).expect("a provider");
            assert_eq!(provider.audience(), format!("//iam.googleapis.com/{name}"));
        }
        for text in [
            "",
            "demo",
            "projects/acme/locations/global/workloadIdentityPools/clusters/providers/demo",
            "projects/1/locations/global/workloadIdentityPools/clusters",
            "projects/1/locations/global/workloadIdentityPools//providers/demo",
            "projects/1/locations/global/workloadIdentityPools/clusters/providers/demo/",
            "https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/clusters/providers/demo",
        ] {
            assert_eq!(PoolProvider::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_bearer_is_a_member_of_the_providers_pool() {
        let claims = SubjectClaims { subject: "system:serviceaccount:a:b".to_owned(), ..SubjectClaims::default() };
        assert_eq!(
            member("//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/c/providers/d", &claims),
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/c/subject/system:serviceaccount:a:b"
        );
    }
}
