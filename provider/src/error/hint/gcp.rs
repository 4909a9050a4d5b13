//! Remedies of the Google Cloud identities.

use super::kubernetes::token;
use super::transport;
use crate::http::HttpError;
use crate::identity::gcp::{
    ApplicationDefaultError, Caller, GcpError, IamCredentialsError, MetadataError, MetadataItem, MetadataServer,
    Refusal, StsError, SubjectClaims, SubjectTokenError,
};

pub(super) fn identity(error: &GcpError) -> String {
    match error {
        GcpError::Metadata(error) => metadata(error),
        GcpError::Token(error) => token(error),
        GcpError::SubjectToken(error) => subject_token(error),
        GcpError::Sts(error) => sts(error),
        GcpError::IamCredentials(error) => iam_credentials(error),
        GcpError::ApplicationDefault(error) => application_default(error),
        GcpError::Client(error) => transport(error, "Google's services"),
    }
}

fn metadata(error: &MetadataError) -> String {
    match error {
        MetadataError::Transport { source: HttpError::Silence { .. }, .. } => {
            "check that the node reaches 169.254.169.254 (firewall, network policy)".into()
        }
        MetadataError::Transport { source, .. } => {
            transport(source, "169.254.169.254 (is this a Compute Engine VM?)")
        }
        MetadataError::Impostor => {
            "check that 169.254.169.254 is the metadata server and no proxy, and GCE_METADATA_HOST".into()
        }
        MetadataError::NoAccount { .. } => {
            "attach the service account to the node pool, or correct `google_service_account_email` (`serviceAccount`)"
                .into()
        }
        MetadataError::Refused { status: 429 | 500..=599, .. } => {
            "the server is starting, throttled or failing; the kubelet tries again".into()
        }
        MetadataError::Refused { server: MetadataServer::Gke, .. } => {
            "run the provider in the node's network, as the kubelet does, to meet the VM's own server; in a pod, annotate its \
             service account with `iam.gke.io/gcp-service-account` and grant it roles/iam.workloadIdentityUser"
                .into()
        }
        MetadataError::Refused { .. } | MetadataError::Form { item: MetadataItem::IdToken } => {
            "check `jfrog_oidc_audience` (`audience`) and that metadata concealment is off".into()
        }
        MetadataError::Form { item: MetadataItem::AccessToken } => {
            "check that 169.254.169.254 is the metadata server and no proxy or emulator".into()
        }
    }
}

fn subject_token(error: &SubjectTokenError) -> String {
    match error {
        SubjectTokenError::Unreadable { .. } => {
            "name a file that the kubelet's user can read in `tokenFile` (GOOGLE_APPLICATION_CREDENTIALS)".into()
        }
        SubjectTokenError::Transport(source) => transport(source, "the address in `credential_source.url`"),
        SubjectTokenError::Refused { .. } => "check `credential_source.url` and its `headers`".into(),
        SubjectTokenError::Empty { .. } => {
            "check that something keeps a fresh token there, and `credential_source.format`".into()
        }
    }
}

fn sts(error: &StsError) -> String {
    match error {
        StsError::Transport(source) => transport(source, "sts.googleapis.com"),
        StsError::Form { status: 429 | 500..=599 } => {
            "Google's Security Token Service is throttled or failing; the kubelet tries again".into()
        }
        StsError::Form { .. } => "check that no proxy or captive portal answers for sts.googleapis.com".into(),
        StsError::Refused { code, claims, .. } => match code.as_str() {
            "invalid_target" | "invalid_request" => {
                "check `workloadIdentityProvider`: gcloud iam workload-identity-pools providers list \
                 --workload-identity-pool POOL --location global must show it as ACTIVE"
                    .into()
            }
            "unauthorized_client" => format!(
                "the provider's attribute condition must hold for a token of the subject `{}`: gcloud iam \
                 workload-identity-pools providers update-oidc PROVIDER --attribute-condition",
                claims.subject
            ),
            "invalid_grant" => trust(claims),
            _ => "the kubelet tries again; if this stays, check the provider of the workload identity pool".into(),
        },
    }
}

fn trust(claims: &SubjectClaims) -> String {
    format!(
        "the token must be fresh and the pool's provider must trust its issuer and audience: set \
         `tokenAttributes.serviceAccountTokenAudience` to one that the provider allows, or gcloud iam \
         workload-identity-pools providers update-oidc PROVIDER --issuer-uri={} --allowed-audiences={}",
        claims.issuer, claims.audience
    )
}

fn iam_credentials(error: &IamCredentialsError) -> String {
    match error {
        IamCredentialsError::Transport(source) => transport(source, "iamcredentials.googleapis.com"),
        IamCredentialsError::Form { status: 429 | 500..=599 } => {
            "Google's IAM Credentials API is throttled or failing; the kubelet tries again".into()
        }
        IamCredentialsError::Form { .. } => {
            "check that no proxy or captive portal answers for iamcredentials.googleapis.com".into()
        }
        IamCredentialsError::Refused(refusal) => refused(refusal),
    }
}

fn refused(refusal: &Refusal) -> String {
    let account = &refusal.service_account;
    match refusal.code.as_str() {
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => {
            "make a node pool with --scopes=https://www.googleapis.com/auth/cloud-platform (those of a pool cannot be \
             changed), or attach the service account to the nodes, whose own ID token needs no scope (`gcpMetadata`)"
                .into()
        }
        "IAM_PERMISSION_DENIED" | "PERMISSION_DENIED" => {
            let (member, role) = match &refusal.caller {
                Caller::Node => ("serviceAccount:NODE_ACCOUNT", "roles/iam.serviceAccountOpenIdTokenCreator"),
                Caller::Federated { member } => (member.as_str(), "roles/iam.workloadIdentityUser"),
            };
            format!(
                "gcloud iam service-accounts add-iam-policy-binding {account} --role={role} --member={member} (delegates \
                 need roles/iam.serviceAccountTokenCreator)"
            )
        }
        "SERVICE_DISABLED" => "gcloud services enable iamcredentials.googleapis.com".into(),
        "NOT_FOUND" => {
            format!(
                "there is no service account `{account}` or delegate: correct `serviceAccount` \
                 (`google_service_account_email`)"
            )
        }
        "INVALID_ARGUMENT" => "check `jfrog_oidc_audience` (`audience`), `serviceAccount` and `delegates`".into(),
        "UNAUTHENTICATED" | "ACCESS_TOKEN_EXPIRED" => {
            "check the node's clock; the metadata server gives a fresh access token".into()
        }
        _ => "the API is throttled or failing; the kubelet tries again".into(),
    }
}

fn application_default(error: &ApplicationDefaultError) -> String {
    match error {
        ApplicationDefaultError::Syntax { .. } => {
            "write the file with gcloud iam workload-identity-pools create-cred-config".into()
        }
        ApplicationDefaultError::Kind { .. } => {
            "use workload identity federation: gcloud iam workload-identity-pools create-cred-config \
             --service-account=ACCOUNT --credential-source-file=FILE"
                .into()
        }
        ApplicationDefaultError::NoAccount { .. } => {
            "Artifactory wants an ID token, and federation alone gives an access token: write the file anew with \
             gcloud iam workload-identity-pools create-cred-config --service-account=ACCOUNT"
                .into()
        }
        ApplicationDefaultError::Address { key, .. } => {
            format!("set `{key}` as gcloud writes it: `https://` and a host (`http://` on loopback or the link only)")
        }
    }
}
