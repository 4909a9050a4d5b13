//! Remedies of the AWS identities.

use super::kubernetes::token;
use super::transport;
use crate::identity::aws::{AwsError, StsError, WebIdentityError};

mod imds;
mod pod_identity;
mod web_identity;

use imds::imds;
use pod_identity::agent;

mod chain;
mod cognito;
mod external_role;

pub(super) fn identity(error: &AwsError) -> String {
    match error {
        AwsError::Imds(error) => imds(error),
        AwsError::Token(error) => token(error),
        AwsError::WebIdentity(WebIdentityError::Annotation { .. }) => {
            "annotate the service account with the whole ARN of the role, or remove the annotation".into()
        }
        AwsError::WebIdentity(WebIdentityError::NoRegion { partition }) => {
            format!("set `aws_region` (`region`) to a region of the partition `{partition}`")
        }
        AwsError::Partition(error) => {
            let partition = error.role.partition().name;
            format!("set `aws_region` (`region`) to a region of the partition `{partition}`, or correct the role's ARN")
        }
        AwsError::Sts(error) => sts(error),
        AwsError::Agent(error) => agent(error),
        AwsError::Cognito(error) => cognito::cognito(error),
        AwsError::Chain(error) => chain::chain(error),
        AwsError::ExternalRole(error) => external_role::external_role(error),
        AwsError::Expiring { .. } => {
            "the service that gave them has not renewed them; check the node's clock and the role's trust policy".into()
        }
        AwsError::Sign(_) => "check the node's clock and the role; report this if both are right".into(),
    }
}

fn sts(error: &StsError) -> String {
    match error {
        StsError::Transport { source, host } => transport(source, &format!("`{host}`")),
        StsError::Form { .. } => "check that no proxy or captive portal answers for AWS STS".into(),
        StsError::Refused { code, message, trust } => web_identity::refused(code, message, trust),
    }
}
