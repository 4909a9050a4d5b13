//! Remedies of what the instance metadata service answers.

use super::transport;
use crate::http::HttpError;
use crate::identity::aws::{ImdsError, MetadataItem};

pub(super) fn imds(error: &ImdsError) -> String {
    match error {
        ImdsError::Transport { source: HttpError::Silence { .. }, item: MetadataItem::Session } => {
            "raise the hop limit: aws ec2 modify-instance-metadata-options --instance-id INSTANCE \
             --http-put-response-hop-limit 2; if it is high enough, check that the node reaches 169.254.169.254 (firewall)"
                .into()
        }
        ImdsError::Transport { source: HttpError::Silence { .. }, .. } => {
            "check that the node reaches 169.254.169.254 (load, firewall)".into()
        }
        ImdsError::Transport { source, .. } => transport(source, "169.254.169.254 (is this an EC2 instance?)"),
        ImdsError::Unreachable { .. } => {
            "check routes and firewall between the node and both addresses (is this an EC2 instance?)".into()
        }
        ImdsError::Forbidden => "unset AWS_EC2_METADATA_DISABLED, or name an identity that needs no metadata service".into(),
        ImdsError::Disabled => {
            "enable it: aws ec2 modify-instance-metadata-options --http-endpoint enabled --http-tokens required".into()
        }
        ImdsError::Status { status: 401, .. } => {
            "the session token was refused; check that no proxy stands before 169.254.169.254".into()
        }
        ImdsError::Status { status: 429 | 500..=599, .. } => {
            "the service is throttled or failing; the kubelet tries again".into()
        }
        ImdsError::Status { .. } | ImdsError::Form { .. } => {
            "check that 169.254.169.254 is EC2's own service and no proxy or emulator".into()
        }
        ImdsError::NoRole => "attach an instance profile with a role to the instance".into(),
        ImdsError::UnknownRole { .. } => {
            "set `aws_role_name` (`roleName`) to the name of the instance's role, or leave it out to use the one attached"
                .into()
        }
        ImdsError::SeveralRoles { .. } => "set `aws_role_name` (`roleName`) to one of them".into(),
        ImdsError::Refused { .. } => {
            "check the role's trust policy: ec2.amazonaws.com must be allowed sts:AssumeRole".into()
        }
        ImdsError::UnknownRegion { .. } | ImdsError::NoRegion => {
            "set `aws_region` (`region`) to the region whose STS Artifactory can reach".into()
        }
    }
}
