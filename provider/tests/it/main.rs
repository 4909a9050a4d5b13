//! The shipped program as a child process against the mocks, as the kubelet starts it.

mod configuration;
mod documents;
mod exchange;
mod faults;
mod metadata;
mod program;
mod pull;
mod request;
mod site;
mod spans;
mod workload;
