//! The shipped program as a child process against the mocks, as the kubelet starts it.

mod azure;
mod check_config;
mod cluster;
mod cognito;
mod configuration;
mod detection;
mod documents;
mod drop_in;
mod example;
mod examples;
mod exchange;
#[cfg(feature = "aws-sdk")]
mod external_role;
#[cfg(feature = "aws-sdk")]
mod external_role_refusals;
mod faults;
mod fixed;
mod google;
mod google_default;
mod identity_order;
mod insecure;
mod ipv6;
mod metadata;
mod namespace;
mod oidc_provider;
mod partition;
mod pod_identity;
mod program;
mod proxy;
mod proxy_failures;
mod proxy_tls;
mod pull;
mod request;
mod response;
mod round_trips;
mod routes;
mod site;
mod spans;
mod telemetry;
mod tls;
mod web_identity;
#[cfg(not(feature = "aws-sdk"))]
mod without_sdk;
mod workload;
