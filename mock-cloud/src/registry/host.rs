//! Which registry has a host name, and where it sends a client without a credential.

use crate::World;
use crate::aws::ecr::private_registry;
use crate::aws::region::partition_of;

/// Whose registry a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Registry {
    /// The private one of the world's account.
    Ecr {
        /// Its region.
        region: String,
    },
    /// The public one of Amazon.
    EcrPublic,
    /// One of Artifact Registry or Container Registry.
    Google,
    /// One of Azure Container Registry.
    Azure,
}

impl Registry {
    /// The path of its token endpoint; ECR has none for private registries.
    pub(super) fn token_path(&self) -> Option<&'static str> {
        match self {
            Self::Ecr { .. } => None,
            Self::EcrPublic => Some("/token/"),
            Self::Google => Some("/v2/token"),
            Self::Azure => Some("/oauth2/token"),
        }
    }

    /// The `WWW-Authenticate` of its refusals, as the registries answer a bare `GET /v2/`.
    pub(super) fn challenge(&self, host: &str) -> String {
        match self.token_path() {
            None => format!("Basic realm=\"https://{host}/\",service=\"ecr.amazonaws.com\""),
            Some(path) => format!("Bearer realm=\"https://{host}{path}\",service=\"{host}\""),
        }
    }
}

impl World {
    /// Answers the host names of the registries of this world, each once and in order.
    #[must_use]
    pub fn registry_hosts(&self) -> Vec<String> {
        let mut hosts: Vec<_> = self.registries().into_iter().map(|(host, _)| host).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// Sources of the names: Amazon ECR user guide, "Private registry authentication" and "Dual-stack endpoints"; Amazon
    /// ECR public user guide; Artifact Registry, "Repository and image names"; Azure Container Registry,
    /// "Authenticate with a registry".
    pub(super) fn registries(&self) -> Vec<(String, Registry)> {
        let (account, region) = (&self.aws.account, &self.aws.region);
        let ecr = Registry::Ecr { region: region.clone() };
        let mut registries = vec![(private_registry(account, region), ecr.clone())];
        if partition_of(region).id == "aws" {
            registries.push((format!("{account}.dkr-ecr.{region}.on.aws"), ecr));
            registries.push(("public.ecr.aws".to_owned(), Registry::EcrPublic));
        }
        let google_region = self.gcp.zone.rsplit_once('-').map_or(self.gcp.zone.as_str(), |(region, _)| region);
        let google = [format!("{google_region}-docker.pkg.dev"), "us-docker.pkg.dev".into(), "gcr.io".into()];
        registries.extend(google.map(|host| (host, Registry::Google)));
        let azure = self.azure.container_registries.iter().map(|registry| (registry.host(), Registry::Azure));
        registries.extend(azure);
        registries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_registries_of_its_own_names() {
        let hosts = World::default().registry_hosts();
        assert_eq!(
            hosts,
            [
                "111122223333.dkr-ecr.us-east-1.on.aws",
                "111122223333.dkr.ecr.us-east-1.amazonaws.com",
                "artifactorydemo.azurecr.io",
                "gcr.io",
                "public.ecr.aws",
                "us-central1-docker.pkg.dev",
                "us-docker.pkg.dev",
            ]
        );
    }

    #[test]
    fn another_partition_has_its_own_domain_and_no_public_registry() {
        let mut world = World::default();
        world.aws.region = "cn-north-1".to_owned();
        let hosts = world.registry_hosts();
        assert!(hosts.contains(&"111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn".to_owned()), "{hosts:?}");
        assert!(!hosts.contains(&"public.ecr.aws".to_owned()), "{hosts:?}");
    }

    #[test]
    fn only_the_private_registry_of_amazon_asks_for_basic() {
        let ecr = Registry::Ecr { region: "us-east-1".to_owned() };
        assert_eq!(ecr.challenge("a.test"), "Basic realm=\"https://a.test/\",service=\"ecr.amazonaws.com\"");
        assert_eq!(
            Registry::Google.challenge("us-docker.pkg.dev"),
            "Bearer realm=\"https://us-docker.pkg.dev/v2/token\",service=\"us-docker.pkg.dev\""
        );
    }
}
