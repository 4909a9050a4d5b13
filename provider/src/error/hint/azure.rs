//! Remedies of the Azure identities.

use super::kubernetes::token;
use super::transport;
use crate::endpoints::AZURE_CLOUDS;
use crate::http::HttpError;
use crate::identity::azure::{AzureError, EntraError, MetadataError, MetadataRefusal, Refusal};

pub(super) fn identity(error: &AzureError) -> String {
    match error {
        AzureError::Metadata(error) => metadata(error),
        AzureError::Token(error) => token(error),
        AzureError::Entra(EntraError::Transport { authority, source }) => transport(source, &format!("`{authority}`")),
        AzureError::Entra(EntraError::Refused(refusal)) => entra(refusal),
        AzureError::Entra(EntraError::Form) => {
            "check AZURE_AUTHORITY_HOST, and that no proxy or captive portal answers for Entra ID".into()
        }
    }
}

fn metadata(error: &MetadataError) -> String {
    match error {
        MetadataError::Transport { source: HttpError::Silence { .. }, .. } => {
            "check that the node reaches 169.254.169.254 (firewall, network policy)".into()
        }
        MetadataError::Transport { source, .. } => transport(source, "169.254.169.254 (is this an Azure VM?)"),
        MetadataError::Refused { refusal: MetadataRefusal::SeveralIdentities, .. } => {
            "set `azure_nodepool_client_id` (`clientId`, `objectId` or `resourceId`) to one of the VM's identities; az vmss \
             identity show (az vm identity show) lists them"
                .into()
        }
        MetadataError::Refused { refusal: MetadataRefusal::NotAssigned, .. } => {
            "correct `azure_nodepool_client_id` (`clientId`, `objectId` or `resourceId`), or assign the identity: az vmss \
             identity assign (az vm identity assign)"
                .into()
        }
        MetadataError::Refused { refusal: MetadataRefusal::Resource, .. } => {
            "set `azure_app_uri` (`resource`), or `azure_app_audience` (`audience`) of a federated identity, to an \
             identifier URI of an application of the tenant"
                .into()
        }
        MetadataError::Refused { status: 404 | 410 | 429 | 500..=599, .. } => {
            "the service is updating, throttled or failing; the kubelet tries again".into()
        }
        MetadataError::UnknownCloud { .. } => {
            format!("set `azure_cloud_name` (`cloud`) to one of {AZURE_CLOUDS}, or AZURE_AUTHORITY_HOST to the cloud's login host")
        }
        MetadataError::Refused { .. } | MetadataError::Form => {
            "check that 169.254.169.254 is Azure's own service and no proxy or emulator".into()
        }
    }
}

/// The remedy by the AADSTS code. Sources: Microsoft Entra documentation, "Microsoft Entra authentication and
/// authorization error codes"; Azure Workload Identity documentation, "Troubleshooting".
fn entra(refusal: &Refusal) -> String {
    let Refusal { status, code, tenant, client_id, assertion, .. } = refusal;
    let (issuer, subject, audience) = (&assertion.issuer, &assertion.subject, &assertion.audience);
    match code {
        Some(70_021 | 70_025 | 700_211 | 700_212 | 700_213) => format!(
            "give the application `{client_id}` a federated identity credential (a new one is seen after some minutes): \
             {{\"issuer\": \"{issuer}\", \"subject\": \"{subject}\", \"audiences\": [\"{audience}\"]}}"
        ),
        Some(7_002_137 | 7_002_138) => format!(
            "write the subject of the application's federated identity credential as `{subject}`; upper and lower case count"
        ),
        Some(700_024) => "check the node's clock; the client assertion was issued for another time".into(),
        Some(700_027) => {
            format!("check that the keys which `{issuer}` publishes hold the one that signed; keys are cached for a while")
        }
        Some(90_061) => format!("Entra ID must reach the keys of `{issuer}` from outside; a private issuer cannot be trusted"),
        Some(700_016) => format!(
            "set `azure_app_client_id` (`clientId`) to the client id, not the object id, of an application of the tenant `{tenant}`"
        ),
        Some(7_000_229) => format!("create the application's service principal: az ad sp create --id {client_id}"),
        Some(90_002) => {
            "correct `azure_tenant_id` (`tenantId`), or `azure_cloud_name` (`cloud`) if the tenant is in another cloud".into()
        }
        Some(500_011) => "set `resource` to the client id or an identifier URI of an application of the tenant".into(),
        Some(53_003) => {
            "a conditional access policy for workload identities blocks the application; exclude it or allow the node's address".into()
        }
        _ if *status == 429 || *status >= 500 => "Entra ID is throttled or failing; the kubelet tries again".into(),
        Some(code) => format!("read https://login.microsoftonline.com/error?code={code}"),
        None => "check AZURE_AUTHORITY_HOST, and that no proxy stands before Entra ID".into(),
    }
}
