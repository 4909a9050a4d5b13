//! The Access API over HTTPS: exchanges, administration and tokens, each yes with its no.
#![expect(clippy::unwrap_used, reason = "a step that fails ends its test")]

mod administration;
mod caller;
mod cloud;
mod exchange;
mod identity_mapping;
mod issuer;
mod program;
mod provider_type;
mod server;
mod subject_token;
mod tokens;
