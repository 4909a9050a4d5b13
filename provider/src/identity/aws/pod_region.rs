//! The region in which a pod's role is used.

use crate::endpoints::{Endpoints, Region};
use crate::http::Http;
use crate::identity::aws::imds::Imds;
use crate::identity::aws::{CallerIdentity, ImdsError};
use crate::jwt::Claims;

/// The configured region, else that of the token's issuer, else the instance's; `None` as [`Imds::region`] has it.
pub(super) async fn pod_region(
    caller: &CallerIdentity,
    claims: &Claims,
    metadata: &Http,
    endpoints: &Endpoints,
) -> Result<Option<Region>, ImdsError> {
    match caller.region.clone().or_else(|| issuer_region(claims)) {
        Some(region) => Ok(Some(region)),
        None => Imds::open(metadata, &endpoints.aws_metadata).await?.region().await,
    }
}

/// The region that an EKS issuer's name holds: `https://oidc.eks.REGION.amazonaws.com/id/ID`.
fn issuer_region(claims: &Claims) -> Option<Region> {
    let (host, _) = claims.iss.as_deref()?.strip_prefix("https://oidc.eks.")?.split_once('/')?;
    let (name, suffix) = host.split_once('.')?;
    Region::parse(name).filter(|region| region.dns_suffix() == suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eks_issuer_names_its_region() {
        let region = |issuer: &str| {
            let claims = Claims { iss: Some(issuer.to_owned()), ..Claims::default() };
            issuer_region(&claims).map(|region| region.as_str().to_owned())
        };
        assert_eq!(region("https://oidc.eks.eu-central-1.amazonaws.com/id/0123").as_deref(), Some("eu-central-1"));
        assert_eq!(region("https://oidc.eks.cn-north-1.amazonaws.com.cn/id/0123").as_deref(), Some("cn-north-1"));
        for foreign in [
            "https://oidc.eks.evil.example/id/0123",
            "https://oidc.eks.eu-central-1.evil.example/id/0123",
            "https://oidc.eks.cn-north-1.amazonaws.com/id/0123",
            "https://kubernetes.default.svc",
        ] {
            assert_eq!(region(foreign), None, "{foreign}");
        }
    }
}
