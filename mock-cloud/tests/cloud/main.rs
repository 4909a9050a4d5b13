//! The clouds over HTTP, with tokens verified by another library from the published keys.

#[cfg(test)]
mod azure;
#[cfg(test)]
mod client;
#[cfg(test)]
mod cognito;
#[cfg(test)]
mod cognito_token;
#[cfg(test)]
mod ecr;
#[cfg(test)]
mod entra;
#[cfg(test)]
mod gcp;
#[cfg(test)]
mod gcp_changes;
#[cfg(test)]
mod gcp_gke;
#[cfg(test)]
mod gcp_iam;
#[cfg(test)]
mod gcp_sts;
#[cfg(test)]
mod issuers;
#[cfg(test)]
mod listeners;
#[cfg(test)]
mod pod_identity;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod secrets_manager;
#[cfg(test)]
mod service_accounts;
#[cfg(test)]
mod signer;
#[cfg(test)]
mod verifier;
