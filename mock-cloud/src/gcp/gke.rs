//! GKE's metadata server: it answers pods with the Google service account that their own one stands for.
//!
//! Sources: GKE documentation, "About Workload Identity Federation for GKE"; `matheuscscp/gke-metadata-server`.

use http::StatusCode;

use super::Gcp;
use super::page::Refusal;
use super::policy::Permission;
use super::principal::Principal;
use super::world::{GkeWorkload, MetadataServer, ServiceAccount};

impl Gcp {
    /// The service account whose tokens the metadata server hands out; `None` where the instance has none.
    ///
    /// # Errors
    ///
    /// When GKE's server knows none for the pod, or IAM does not let the pod act as it. The server passes IAM's status on.
    pub(super) fn served_account(&self) -> Result<Option<&ServiceAccount>, Refusal> {
        match &self.world().metadata_server {
            MetadataServer::ComputeEngine => Ok(self.world().service_account.as_ref()),
            MetadataServer::Gke(workload) => self.impersonated(workload).map(Some),
        }
    }

    fn impersonated(&self, workload: &GkeWorkload) -> Result<&ServiceAccount, Refusal> {
        let GkeWorkload { namespace, service_account, annotation } = workload;
        let Some(email) = annotation else {
            let text = format!(
                "The Kubernetes service account ({namespace}/{service_account}) is not annotated with a target Google \
                 service account"
            );
            return Err(Refusal::Workload { status: StatusCode::NOT_FOUND, text });
        };
        let refused = |status: StatusCode, words: String| {
            let text = format!("Unable to generate access token; IAM returned {status}: {words}");
            Refusal::Workload { status, text }
        };
        let account = self
            .world()
            .account(email)
            .ok_or_else(|| refused(StatusCode::NOT_FOUND, format!("Not found; Gaia id not found for email {email}")))?;
        let member = format!("{}.svc.id.goog[{namespace}/{service_account}]", self.world().project);
        let permission = Permission::GetAccessToken;
        if !account.policy.grants(permission, &Principal::ServiceAccount(member)) {
            let words = format!("Permission '{}' denied on resource (or it may not exist).", permission.name());
            return Err(refused(StatusCode::FORBIDDEN, words));
        }
        Ok(account)
    }
}
