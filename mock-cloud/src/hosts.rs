//! The real names of what a world has, for where they lead to this mock.

use crate::World;
use crate::aws::region::partition_of;

/// Google's issuer. Source: the document at `https://accounts.google.com/.well-known/openid-configuration`.
pub(crate) const GOOGLE_ISSUER: &str = "accounts.google.com";

/// Google's services. Sources: IAM Credentials API and Security Token Service API reference, "Service endpoint".
const GOOGLE: [&str; 3] = [GOOGLE_ISSUER, "iamcredentials.googleapis.com", "sts.googleapis.com"];

/// Entra ID in one of Microsoft's clouds.
struct Entra {
    /// As the metadata service names the cloud.
    environment: &'static str,
    /// Has the token endpoint and the v2 issuers.
    authority: &'static str,
    /// Has the v1 issuers.
    v1: &'static str,
}

/// Sources: Microsoft identity platform, "National clouds" (authorities); "Access tokens in the Microsoft identity
/// platform" (`iss`); azure-rest-api-specs, `imds`, `azEnvironment`.
const ENTRA: [Entra; 3] = [
    Entra { environment: "AzurePublicCloud", authority: "login.microsoftonline.com", v1: "sts.windows.net" },
    Entra { environment: "AzureUSGovernmentCloud", authority: "login.microsoftonline.us", v1: "sts.windows.net" },
    Entra { environment: "AzureChinaCloud", authority: "login.partner.microsoftonline.cn", v1: "sts.chinacloudapi.cn" },
];

/// Whether a host is one of Entra ID's.
pub(crate) fn is_entra(host: &str) -> bool {
    ENTRA.iter().any(|entra| host == entra.authority || host == entra.v1)
}

impl World {
    /// Answers this world with its issuers called as the real ones are, where it does not call them otherwise.
    #[must_use]
    pub fn with_real_issuers(mut self) -> Self {
        let (region, domain) = (&self.aws.region, partition_of(&self.aws.region).domain);
        self.aws.cognito.issuer.get_or_insert_with(|| format!("https://cognito-idp.{region}.{domain}"));
        let cluster = &self.kubernetes.cluster;
        self.kubernetes.issuer.get_or_insert_with(|| format!("https://{}/id/{cluster}", cluster_host(region, domain)));
        let (tenant, entra) = (&self.azure.tenant, self.entra());
        let (v1, v2) =
            (format!("https://{}/{tenant}/", entra.v1), format!("https://{}/{tenant}/v2.0", entra.authority));
        self.azure.issuer_v1.get_or_insert(v1);
        self.azure.issuer_v2.get_or_insert(v2);
        self.gcp.issuer.get_or_insert_with(|| format!("https://{GOOGLE_ISSUER}"));
        self
    }

    /// Answers the names of the real services that this world has over TLS, each once and in order.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let entra = self.entra();
        let fixed = GOOGLE.into_iter().chain([entra.authority, entra.v1]).map(str::to_owned);
        let mut hosts: Vec<_> = fixed.chain(self.aws_hosts()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// Source of the names: botocore, `endpoints.json` and the rule sets of the services.
    fn aws_hosts(&self) -> Vec<String> {
        let region = &self.aws.region;
        let partition = partition_of(region);
        let mut hosts = vec![cluster_host(region, partition.domain)];
        if partition.id == "aws" {
            hosts.push("sts.amazonaws.com".to_owned());
        }
        hosts.push(format!("api.ecr.{region}.{}", partition.domain));
        hosts.push(format!("ecr.{region}.{}", partition.dual_stack_domain));
        hosts.push(format!("api.ecr-fips.{region}.{}", partition.domain));
        if partition.id == "aws" {
            // Public registries are managed in one region: Amazon ECR public user guide, "Endpoints".
            hosts.push("api.ecr-public.us-east-1.amazonaws.com".to_owned());
        }
        for service in ["sts", "sts-fips", "secretsmanager", "secretsmanager-fips", "cognito-idp", "cognito-idp-fips"] {
            hosts.push(format!("{service}.{region}.{}", partition.domain));
            hosts.push(format!("{service}.{region}.{}", partition.dual_stack_domain));
        }
        for pool in &self.aws.cognito.user_pools {
            let prefixes =
                pool.domain.iter().flat_map(|prefix| [format!("{prefix}.auth"), format!("{prefix}.auth-fips")]);
            hosts.extend(prefixes.map(|prefix| format!("{prefix}.{region}.amazoncognito.com")));
            hosts.extend(pool.custom_domain.clone());
        }
        hosts
    }

    fn entra(&self) -> &'static Entra {
        ENTRA.iter().find(|entra| entra.environment == self.azure.environment).unwrap_or(&ENTRA[0])
    }
}

/// Source: EKS user guide, "Create an IAM OIDC provider for your cluster".
fn cluster_host(region: &str, domain: &str) -> String {
    format!("oidc.eks.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_called_as_the_real_ones_are() {
        let world = World::default().with_real_issuers();
        let tenant = "11111111-2222-4333-8444-555555555555";
        let issuers = [
            (world.aws.cognito.issuer, "https://cognito-idp.us-east-1.amazonaws.com".to_owned()),
            (world.azure.issuer_v1, format!("https://sts.windows.net/{tenant}/")),
            (world.azure.issuer_v2, format!("https://login.microsoftonline.com/{tenant}/v2.0")),
            (world.gcp.issuer, "https://accounts.google.com".to_owned()),
            (
                world.kubernetes.issuer,
                "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF".to_owned(),
            ),
        ];
        for (issuer, real) in issuers {
            assert_eq!(issuer, Some(real));
        }
    }

    #[test]
    fn an_issuer_that_the_world_names_keeps_its_name() {
        let mut world = World::default();
        world.gcp.issuer = Some("https://issuer.test".to_owned());
        assert_eq!(world.with_real_issuers().gcp.issuer.as_deref(), Some("https://issuer.test"));
    }

    #[test]
    fn the_partition_and_the_cloud_decide_the_names() {
        let mut world = World::default();
        world.aws.region = "cn-north-1".to_owned();
        world.azure.environment = "AzureChinaCloud".to_owned();
        let hosts = world.hosts();
        for host in ["sts.cn-north-1.amazonaws.com.cn", "login.partner.microsoftonline.cn", "sts.chinacloudapi.cn"] {
            assert!(hosts.iter().any(|known| known == host), "{host} in {hosts:?}");
        }
        for host in ["sts.amazonaws.com", "login.microsoftonline.com"] {
            assert!(!hosts.iter().any(|known| known == host), "{host} in {hosts:?}");
        }
    }
}
