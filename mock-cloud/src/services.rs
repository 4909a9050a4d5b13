//! Every service of a world, made from its facts and joined at its front.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use mock_kit::{Authority, Kit};

use crate::World;
use crate::aws::Aws;
use crate::aws::cognito::Cognito;
use crate::aws::ecr::Ecr;
use crate::aws::pod_identity::{self, PodIdentity};
use crate::aws::secrets_manager::SecretsManager;
use crate::azure::{Azure, TokenVersion};
use crate::front::{Cloud, Front};
use crate::gcp::Gcp;
use crate::issuer::Issuer;
use crate::kubernetes::Kubernetes;
use crate::registry::Registries;
use crate::trust::Trust;

/// Where the two listeners are.
pub(crate) struct Urls {
    pub(crate) plain: String,
    pub(crate) tls: String,
}

/// Every service of a world.
pub(crate) struct Services {
    aws: Aws,
    secrets_manager: SecretsManager,
    cognito: Cognito,
    pod_identity: PodIdentity,
    ecr: Ecr,
    azure: Azure,
    gcp: Gcp,
    kubernetes: Kubernetes,
    registries: Registries,
}

impl Services {
    /// Makes the services of a world that is published at `url`.
    pub(crate) fn new(world: &World, url: &str, kit: &Kit) -> io::Result<Self> {
        let kubernetes = Kubernetes::new(&world.kubernetes, url, kit);
        let aws = world.aws.with_cluster(kubernetes.issuer().url(), kubernetes.published_at());
        let aws = Aws::new(&aws, kit);
        let cognito = Cognito::new(&aws, url);
        let azure = Azure::new(&world.azure, url, &kubernetes, kit);
        let gcp = Gcp::new(&world.gcp.with_cluster(kubernetes.issuer().url(), kubernetes.published_at()), url, kit);
        let ecr = Ecr::new(&aws);
        Ok(Self {
            registries: Registries::new(world, (&ecr, &azure, &gcp), &kit.clock),
            secrets_manager: SecretsManager::new(&aws, &cognito)?,
            pod_identity: PodIdentity::new(&aws, &kubernetes),
            ecr,
            azure,
            gcp,
            aws,
            cognito,
            kubernetes,
        })
    }

    /// The issuers by the names that `/__mock/` has for them.
    fn issuers(&self) -> BTreeMap<&'static str, Issuer> {
        let issuers = [
            ("azure", Some(self.azure.issuer(TokenVersion::V2))),
            ("azure-v1", Some(self.azure.issuer(TokenVersion::V1))),
            ("cognito", self.cognito.issuer()),
            ("google", Some(self.gcp.issuer())),
            ("kubernetes", Some(self.kubernetes.issuer())),
        ];
        issuers.into_iter().filter_map(|(name, issuer)| Some((name, issuer?.clone()))).collect()
    }

    /// The cluster.
    pub(crate) fn kubernetes(&self) -> &Kubernetes {
        &self.kubernetes
    }

    /// Every secret that the clouds and the cluster have or have handed out so far.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let Self { aws, secrets_manager, cognito, azure, gcp, kubernetes, .. } = self;
        let services = [aws.secrets(), secrets_manager.secrets(), cognito.secrets()].concat();
        [services, azure.secrets(), gcp.secrets(), kubernetes.secrets()].concat()
    }

    /// Joins every service.
    pub(crate) fn front(&self, urls: Urls, authority: Option<Authority>, cloud: Option<Cloud>) -> Front {
        let trust = Trust {
            pod_identity: format!("{}{}", urls.plain, pod_identity::PATH),
            cognito_domains: format!("{}/cognito", urls.tls),
            sts: urls.plain,
            registries: self.registries.hosts(),
            issuers: Arc::new(self.issuers()),
            authority,
        };
        Front {
            ec2_metadata: self.aws.imds_router(),
            sts: self.aws.api_router(),
            secrets_manager: self.secrets_manager.router(),
            cognito: self.cognito.router(),
            cognito_token: self.cognito.token_router(),
            cognito_domains: self.cognito.clone(),
            ecr: self.ecr.router(),
            ecr_public: self.ecr.public_router(),
            registry: self.registries.router(),
            registries: self.registries.clone(),
            pod_identity: self.pod_identity.router(),
            azure_metadata: self.azure.imds_router(),
            entra: self.azure.entra_router(),
            gce_metadata: self.gcp.metadata_router(),
            google_issuer: self.gcp.issuer_router(),
            google_sts: self.gcp.sts_router(),
            iam_credentials: self.gcp.iam_credentials_router(),
            kubernetes_issuer: self.kubernetes.router(),
            cloud,
            control: trust.router().merge(self.kubernetes.control_router()).merge(self.gcp.control_router()),
        }
    }
}
