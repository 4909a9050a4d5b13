//! The Google Cloud identities of a route.

use std::path::PathBuf;

use serde::Deserialize;

use super::RouteContext;
use crate::config::{ConfigError, RouteProblem, service_account, workload_identity_provider};
use crate::identity::gcp::{
    ApplicationDefault, ForeignAccount, Impersonation, Metadata, SubjectToken, Target, WorkloadIdentity,
};

/// A service account of the Compute Engine VM, from its metadata server.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MetadataShape {
    /// The audience of the ID token. Default: `jfrog_oidc_audience`.
    audience: Option<String>,
    /// The service account's e-mail address. Default: the VM's default account.
    service_account: Option<String>,
    /// What becomes of an account that is not the VM's: `refused`, or `impersonated` by the VM's default account.
    /// Default: `refused`.
    #[serde(default)]
    foreign_account: ForeignAccountShape,
}

/// A service account that the VM's default one acts as.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImpersonationShape {
    /// The audience of the ID token. Default: `jfrog_oidc_audience`.
    audience: Option<String>,
    /// The service account's e-mail address.
    service_account: String,
    /// Accounts that act one for the other, the last for `serviceAccount`. Default: none.
    #[serde(default)]
    delegates: Vec<String>,
}

/// A service account that a token of a cluster stands for.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WorkloadIdentityShape {
    /// The audience of the ID token. Default: `jfrog_oidc_audience`.
    audience: Option<String>,
    /// The pool's provider: `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
    workload_identity_provider: String,
    /// The service account's e-mail address.
    service_account: String,
    /// Accounts that act one for the other, the last for `serviceAccount`. Default: none.
    #[serde(default)]
    delegates: Vec<String>,
    /// A file with a token of the cluster. Default: the pod's token.
    token_file: Option<PathBuf>,
}

/// What Google's application default credentials stand for.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApplicationDefaultShape {
    /// The audience of the ID token. Default: `jfrog_oidc_audience`.
    audience: Option<String>,
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
enum ForeignAccountShape {
    #[default]
    Refused,
    Impersonated,
}

impl MetadataShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<Metadata, ConfigError> {
        let account = self.service_account.map(|value| service_account("serviceAccount", &value));
        Ok(Metadata {
            service_account: account.transpose()?,
            foreign_account: match self.foreign_account {
                ForeignAccountShape::Refused => ForeignAccount::Refused,
                ForeignAccountShape::Impersonated => ForeignAccount::Impersonated,
            },
            audience: audience(self.audience, route)?,
            provider: route.provider()?,
        })
    }
}

impl ImpersonationShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<Impersonation, ConfigError> {
        Ok(Impersonation {
            target: target(&self.service_account, &self.delegates)?,
            audience: audience(self.audience, route)?,
            provider: route.provider()?,
        })
    }
}

impl WorkloadIdentityShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<WorkloadIdentity, ConfigError> {
        Ok(WorkloadIdentity {
            subject_token: self.token_file.map_or(SubjectToken::Pod, SubjectToken::File),
            pool_provider: workload_identity_provider(&self.workload_identity_provider)?,
            target: target(&self.service_account, &self.delegates)?,
            audience: audience(self.audience, route)?,
            provider: route.provider()?,
        })
    }
}

impl ApplicationDefaultShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<ApplicationDefault, ConfigError> {
        let audience = audience(self.audience, route)?;
        Ok(ApplicationDefault::of(route.environment, audience, route.provider()?))
    }
}

/// The route's audience, else the environment's.
fn audience(audience: Option<String>, route: &RouteContext<'_>) -> Result<String, ConfigError> {
    const VARIABLE: &str = "jfrog_oidc_audience";
    if let Some(audience) = audience {
        return route.place.filled("audience", audience);
    }
    let set = route.environment.value(VARIABLE).map(str::to_owned);
    set.ok_or_else(|| route.place.wrong(RouteProblem::NeitherNor("audience", VARIABLE)))
}

fn target(account: &str, delegates: &[String]) -> Result<Target, ConfigError> {
    let delegates = delegates.iter().map(|value| service_account("delegates", value));
    Ok(Target {
        service_account: service_account("serviceAccount", account)?,
        delegates: delegates.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use crate::access::Access;
    use crate::config::{Config, ConfigError, Environment, file};
    use crate::identity::gcp::SubjectToken;
    use crate::identity::{Identities, IdentitySource};

    const POOL_PROVIDER: &str = "projects/1/locations/global/workloadIdentityPools/clusters/providers/demo";

    fn read(identity: &str) -> Result<IdentitySource, ConfigError> {
        let route = format!("artifactoryUrl: a.example.com, oidcProvider: {{name: p}}, identity: {{{identity}}}");
        let config: Config = file::parse(&format!("routes: [{{{route}}}]"), &Environment::default())?;
        match config.routes.into_iter().next().expect("a route").access {
            Access::Exchange { identities: Identities::Named(mut identities), .. } => Ok(identities.remove(0)),
            _ => panic!("an exchange"),
        }
    }

    fn federation(more: &str) -> String {
        format!(
            "gcpWorkloadIdentity: {{audience: a, serviceAccount: s@p.iam, workloadIdentityProvider: {POOL_PROVIDER}{more}}}"
        )
    }

    #[test]
    fn every_key_reaches_the_identity() {
        let identity = read("gcpImpersonation: {audience: a, serviceAccount: s@p.iam, delegates: [d@p.iam]}");
        let Ok(IdentitySource::GcpImpersonation(identity)) = identity else { panic!("impersonation") };
        assert_eq!((identity.target.service_account.as_str(), identity.audience.as_str()), ("s@p.iam", "a"));
        assert_eq!(identity.target.delegates, ["d@p.iam"]);
        for (more, subject_token) in
            [("", SubjectToken::Pod), (", tokenFile: /run/token", SubjectToken::File("/run/token".into()))]
        {
            let Ok(IdentitySource::GcpWorkloadIdentity(identity)) = read(&federation(more)) else {
                panic!("federation")
            };
            assert_eq!(identity.subject_token, subject_token);
            assert_eq!(identity.pool_provider.audience(), format!("//iam.googleapis.com/{POOL_PROVIDER}"));
        }
        assert!(matches!(read("gcpApplicationDefault: {audience: a}"), Ok(IdentitySource::GcpApplicationDefault(_))));
    }

    #[test]
    fn accounts_and_delegates_are_addresses() {
        for identity in [
            "gcpImpersonation: {audience: a, serviceAccount: s/../t}".to_owned(),
            "gcpImpersonation: {audience: a, serviceAccount: ''}".to_owned(),
            "gcpImpersonation: {audience: a, serviceAccount: s@p.iam, delegates: ['d:x']}".to_owned(),
            federation("").replace("s@p.iam", "s@p.iam:signBlob"),
        ] {
            assert!(matches!(read(&identity), Err(ConfigError::ServiceAccount { .. })), "{identity}");
        }
        assert!(matches!(
            read(&federation("").replace(POOL_PROVIDER, "demo")),
            Err(ConfigError::WorkloadIdentityProvider { .. })
        ));
    }
}
