//! Remedies of what the EKS Pod Identity agent answers.
//!
//! Source of the texts: eks-pod-identity-agent, `pkg/handlers` and `pkg/errors`; EKS Auth API reference,
//! `AssumeRoleForPodIdentity`, "Errors".

use crate::identity::aws::AgentError;

pub(super) fn agent(error: &AgentError) -> String {
    match error {
        AgentError::Transport(_) | AgentError::Unreachable { .. } => {
            "check that the add-on eks-pod-identity-agent runs on the node (kubectl -n kube-system get pods)".into()
        }
        AgentError::Refused { status: 400, message } => bad_request(message).into(),
        AgentError::Refused { status: 403, message } if message.contains("invalid address") => {
            "unset AWS_CONTAINER_CREDENTIALS_FULL_URI, or set it to http://169.254.170.23/v1/credentials".into()
        }
        AgentError::Refused { status: 403, .. } => "check that no proxy stands before 169.254.170.23".into(),
        AgentError::Refused { status: 404, message } if message.contains("page not found") => {
            "unset AWS_CONTAINER_CREDENTIALS_FULL_URI, or let its path be /v1/credentials".into()
        }
        AgentError::Refused { status: 404, .. } => {
            "create a Pod Identity association for the pod's namespace and service account: \
             aws eks create-pod-identity-association --cluster-name CLUSTER --namespace NAMESPACE --service-account NAME \
             --role-arn ROLE"
                .into()
        }
        AgentError::Refused { status: 429, .. } => {
            "the agent or the EKS Auth API is throttled; a longer `tokenLifetime` means fewer calls".into()
        }
        AgentError::Refused { message, .. } if message.contains("get identity: get credentials") => {
            "give the node a role with the policy AmazonEKSWorkerNodePolicy; the agent asks EKS Auth with it".into()
        }
        AgentError::Refused { message, .. } if message.contains("expire") => {
            "restart the agent on the node, which has not renewed the credentials, and check the node's clock".into()
        }
        AgentError::Refused { .. } => {
            "check the agent's log, and that the node reaches the EKS Auth API (VPC endpoint eks-auth)".into()
        }
        AgentError::Form => "check that 169.254.170.23 is the agent itself and no proxy or emulator".into(),
    }
}

/// EKS Auth's refusals of the token and of the role have one status, and so have the agent's own.
fn bad_request(message: &str) -> &'static str {
    let says = |text| message.contains(text);
    if says("eks-auth:AssumeRoleForPodIdentity") {
        "allow eks-auth:AssumeRoleForPodIdentity to the node's role (policy AmazonEKSWorkerNodePolicy)"
    } else if says("ExpiredTokenException") || says("token is expired") || says("token is not valid yet") {
        "check the node's clock; the kubelet sends a fresh token"
    } else if says("InvalidTokenException") {
        "the token must be of a pod of the agent's own cluster: check --cluster-name of the add-on eks-pod-identity-agent"
    } else if says("InvalidParameterException") || says("InvalidRequestException") {
        "check --cluster-name of the add-on eks-pod-identity-agent, and the association"
    } else if says("Service account token missing") {
        "the token must be bound to a pod, as the kubelet's are: check `tokenAttributes` of the provider's entry"
    } else if says("Service account token") {
        "check that the agent itself is asked: no proxy may change the header `authorization`"
    } else {
        "check the association's role: it must trust pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession"
    }
}
