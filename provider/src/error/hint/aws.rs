//! Remedies of the AWS identities.

use super::kubernetes::token;
use super::transport;
use crate::http::HttpError;
use crate::identity::aws::{AgentError, AwsError, ImdsError, StsError, WebIdentityError};

pub(super) fn identity(error: &AwsError) -> String {
    match error {
        AwsError::Imds(error) => imds(error),
        AwsError::Token(error) => token(error),
        AwsError::WebIdentity(WebIdentityError::Annotation { .. }) => {
            "annotate the service account with the whole ARN of the role, or remove the annotation".into()
        }
        AwsError::WebIdentity(WebIdentityError::NoRegion) => "set `aws_region` (`region`)".into(),
        AwsError::Sts(error) => sts(error),
        AwsError::Agent(error) => agent(error),
        AwsError::Expiring { .. } => {
            "the service that gave them has not renewed them; check the node's clock and the role's trust policy".into()
        }
        AwsError::Sign(_) => "check the node's clock and the role; report this if both are right".into(),
    }
}

fn sts(error: &StsError) -> String {
    match error {
        StsError::Transport { source, region } => transport(source, &format!("the STS of {region}")),
        StsError::Form { .. } => "check that no proxy or captive portal answers for AWS STS".into(),
        StsError::Refused { code, trust, .. } => match code.as_str() {
            "AccessDenied" => format!(
                "the role's trust policy must allow sts:AssumeRoleWithWebIdentity with \"Condition\": {{\"StringEquals\": \
                 {{\"{issuer}:aud\": \"{}\", \"{issuer}:sub\": \"{}\"}}}}",
                trust.audience,
                trust.subject,
                issuer = trust.issuer,
            ),
            "InvalidIdentityToken" => format!(
                "the role's account needs an IAM OIDC provider `{}` with the client id `{}`",
                trust.issuer, trust.audience
            ),
            "ExpiredTokenException" => "check the node's clock; the kubelet sends a fresh token".into(),
            "IDPCommunicationError" => "AWS could not reach the cluster's issuer; the kubelet tries again".into(),
            "RegionDisabledException" => {
                "enable the region's STS in the account, or set `aws_region` (`region`)".into()
            }
            _ => "check the role's ARN, its trust policy, and that STS is enabled in the region".into(),
        },
    }
}

fn agent(error: &AgentError) -> String {
    match error {
        AgentError::Transport(_) => {
            "check that the add-on eks-pod-identity-agent runs on the node (kubectl -n kube-system get pods)".into()
        }
        AgentError::Refused { status: 400, .. } => {
            "check the association's role: it must trust pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession"
                .into()
        }
        AgentError::Refused { status: 403, .. } => "check that no proxy stands before 169.254.170.23".into(),
        AgentError::Refused { status: 404, .. } => {
            "create a Pod Identity association for the pod's namespace and service account".into()
        }
        AgentError::Refused { .. } => "the agent is throttled or failing; the kubelet tries again".into(),
        AgentError::Form => "check that 169.254.170.23 is the agent itself and no proxy or emulator".into(),
    }
}

fn imds(error: &ImdsError) -> String {
    match error {
        ImdsError::Transport { source: HttpError::Silence { .. }, .. } => {
            "check that the node reaches 169.254.169.254 (hop limit, firewall)".into()
        }
        ImdsError::Transport { source, .. } => transport(source, "169.254.169.254 (is this an EC2 instance?)"),
        ImdsError::Disabled => "enable it: aws ec2 modify-instance-metadata-options --http-endpoint enabled --http-tokens required".into(),
        ImdsError::Status { status: 401, .. } => "the session token was refused; check that no proxy stands before 169.254.169.254".into(),
        ImdsError::Status { status: 429 | 500..=599, .. } => "the service is throttled or failing; the kubelet tries again".into(),
        ImdsError::Status { .. } | ImdsError::Form { .. } => "check that 169.254.169.254 is EC2's own service and no proxy or emulator".into(),
        ImdsError::NoRole => "attach an instance profile with a role to the instance".into(),
        ImdsError::UnknownRole { .. } => {
            "set `aws_role_name` (`roleName`) to the name of the instance's role, or leave it out to use the one attached".into()
        }
        ImdsError::SeveralRoles { .. } => "set `aws_role_name` (`roleName`) to one of them".into(),
        ImdsError::Refused { .. } => "check the role's trust policy: ec2.amazonaws.com must be allowed sts:AssumeRole".into(),
        ImdsError::UnknownRegion { .. } => "set `aws_region` (`region`) to the region whose STS Artifactory can reach".into(),
    }
}
