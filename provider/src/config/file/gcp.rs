//! The Google Cloud identities of a route.

use std::path::PathBuf;

use serde::Deserialize;

use super::RouteContext;
use crate::config::{ConfigError, service_account, workload_identity_provider};
use crate::identity::gcp::{
    ApplicationDefault, ForeignAccount, Impersonation, Metadata, SubjectToken, Target, WorkloadIdentity,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MetadataShape {
    audience: String,
    service_account: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImpersonationShape {
    audience: String,
    service_account: String,
    #[serde(default)]
    delegates: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WorkloadIdentityShape {
    audience: String,
    workload_identity_provider: String,
    service_account: String,
    #[serde(default)]
    delegates: Vec<String>,
    token_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApplicationDefaultShape {
    audience: String,
}

impl MetadataShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<Metadata, ConfigError> {
        let account = self.service_account.map(|value| service_account("serviceAccount", &value));
        Ok(Metadata {
            service_account: account.transpose()?,
            foreign_account: ForeignAccount::Refused,
            audience: route.place.filled("audience", self.audience)?,
            provider: route.provider()?,
        })
    }
}

impl ImpersonationShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<Impersonation, ConfigError> {
        Ok(Impersonation {
            target: target(&self.service_account, &self.delegates)?,
            audience: route.place.filled("audience", self.audience)?,
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
            audience: route.place.filled("audience", self.audience)?,
            provider: route.provider()?,
        })
    }
}

impl ApplicationDefaultShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<ApplicationDefault, ConfigError> {
        let audience = route.place.filled("audience", self.audience)?;
        Ok(ApplicationDefault::of(route.environment, audience, route.provider()?))
    }
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
