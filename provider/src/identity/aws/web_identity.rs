//! Web identity (IRSA): a role that trusts the cluster's issuer, assumed with the pod's service account token.
//!
//! The role's trust policy allows `sts:AssumeRoleWithWebIdentity` to the cluster's OIDC provider, for the token's audience
//! and subject. No permission is needed beyond that. Source: Amazon EKS user guide, "IAM roles for service accounts".

use crate::endpoints::Endpoints;
use crate::http::Http;
use crate::identity::aws::credentials::lasting;
use crate::identity::aws::pod_region::pod_region;
use crate::identity::aws::sts::{Assumption, TrustHint, assume_role_with_web_identity};
use crate::identity::aws::{AwsError, CallerIdentity, ImdsError, RoleArn};
use crate::identity::kubernetes::{OptIn, usable};
use crate::identity::{PassedOver, Proof, annotation};
use crate::jwt::Claims;
use crate::kubelet::Workload;
use crate::secret::{quote_claim, quote_foreign};
use crate::time::Deadline;

/// The annotation that names a service account's role.
///
/// Source: Amazon EKS user guide, "Assign IAM roles to Kubernetes service accounts".
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";

/// The audience that STS takes. Source: as above.
const AUDIENCE: &str = "sts.amazonaws.com";

/// A role that the pod's token may assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// Which role.
    pub role: RoleChoice,
    /// How it is shown to Artifactory; without a region the token's issuer and then the metadata service are asked.
    pub caller: CallerIdentity,
}

/// Which role a pod assumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleChoice {
    /// The route's, for every pod whose token the kubelet sends.
    Route(RoleArn),
    /// The one that the service account is annotated with, if it has opted in as well.
    Annotated,
}

/// Why there is no role or region to assume it in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebIdentityError {
    /// The annotation is no role's ARN.
    #[error("the annotation `{ROLE_ANNOTATION}` is `{value}`, which is no role's ARN")]
    Annotation {
        /// What it holds, cut and cleaned.
        value: String,
    },
    /// Neither the route, the token nor the metadata service knows a region, and the global STS does not serve the role.
    #[error("no AWS region of the partition `{partition}` is known to assume the role in")]
    NoRegion {
        /// The role's partition.
        partition: &'static str,
    },
}

impl WebIdentity {
    pub(in crate::identity) fn applies_to(&self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        match &self.role {
            RoleChoice::Route(_) => OptIn::EveryToken.applies_to(workload),
            RoleChoice::Annotated => {
                OptIn::Annotated.applies_to(workload)?;
                annotation(workload, ROLE_ANNOTATION).map(|_| ()).ok_or(PassedOver::NotAnnotated(ROLE_ANNOTATION))
            }
        }
    }

    /// Assumes the role with the pod's token and signs with what it gives.
    ///
    /// # Errors
    /// When the token is not for STS, the role is none, no region is known, or STS refuses.
    pub async fn prove<'route>(
        &self,
        metadata: &Http,
        cloud: &Http,
        endpoints: &Endpoints,
        workload: Option<&Workload>,
        deadline: Deadline,
    ) -> Result<Proof<'route>, AwsError> {
        let (token, claims) = usable(workload, Some(AUDIENCE))?;
        let role = self.role(workload)?;
        let region = match pod_region(&self.caller, &claims, metadata, endpoints).await {
            Err(ImdsError::Forbidden) => None,
            outcome => outcome?,
        };
        let sts = match &region {
            Some(region) => role.fits(region).map(|()| endpoints.sts(region))?,
            None => global_sts(endpoints, &role)?,
        };
        let session_name = session_name(&claims);
        let assumption = Assumption { role: &role, session_name: &session_name, token, trust: trust_hint(&claims) };
        let assume = async || assume_role_with_web_identity(cloud, &sts, &assumption).await;
        let credentials = lasting(deadline, assume).await?;
        self.caller.sign(&credentials, region, deadline)
    }

    fn role(&self, workload: Option<&Workload>) -> Result<RoleArn, WebIdentityError> {
        match &self.role {
            RoleChoice::Route(role) => Ok(role.clone()),
            RoleChoice::Annotated => {
                let value = annotation(workload, ROLE_ANNOTATION).unwrap_or_default();
                RoleArn::parse(value).ok_or_else(|| WebIdentityError::Annotation { value: quote_foreign(value) })
            }
        }
    }
}

/// The global STS, if it is one for the role's partition.
fn global_sts(endpoints: &Endpoints, role: &RoleArn) -> Result<String, WebIdentityError> {
    let global = endpoints.global_sts().filter(|_| role.partition().is_commercial());
    global.ok_or(WebIdentityError::NoRegion { partition: role.partition().name })
}

/// The session's name in CloudTrail: the pod's service account, with the characters that STS allows.
///
/// Source: AWS STS API reference, `AssumeRoleWithWebIdentity`, `RoleSessionName`: 2 to 64 of `\w+=,.@-`.
fn session_name(claims: &Claims) -> String {
    let Some(kubernetes) = &claims.kubernetes else { return env!("CARGO_PKG_NAME").to_owned() };
    let name = format!("{}.{}", kubernetes.namespace, kubernetes.serviceaccount.name);
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c);
    let name: String = name.chars().filter(allowed).take(64).collect();
    if name.len() < 2 { env!("CARGO_PKG_NAME").to_owned() } else { name }
}

fn trust_hint(claims: &Claims) -> TrustHint {
    let issuer = claims.iss.as_deref().unwrap_or_default();
    TrustHint {
        issuer: quote_claim(issuer.strip_prefix("https://").unwrap_or(issuer)),
        audience: quote_claim(claims.aud.first().map_or("", String::as_str)),
        subject: quote_claim(claims.sub.as_deref().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::{Kubernetes, Named};

    #[test]
    fn a_session_is_named_after_the_service_account() {
        let named = |namespace: &str, name: &str| {
            let serviceaccount = Named { name: name.to_owned() };
            let kubernetes = Some(Kubernetes { namespace: namespace.to_owned(), serviceaccount });
            session_name(&Claims { kubernetes, ..Claims::default() })
        };
        assert_eq!(named("shop", "cart"), "shop.cart");
        assert_eq!(named(&"n".repeat(63), "cart").len(), 64);
        assert_eq!(session_name(&Claims::default()), "artifactory-credential-provider");
        assert_eq!(named("", ""), "artifactory-credential-provider");
    }
}
