//! The kubelet's side of a credential provider, for any provider: it is met as a program only.
//!
//! ```text
//!  kubelet ──▶ credential provider ──▶ clouds and Artifactory (the mocks)
//!     │                │
//!     │◀── credential ─┘
//!     ▼
//!  registry (in mock-artifactory): manifest, config, layers
//! ```
//!
//! # Layout
//!
//! - [`kubelet`]: the credential provider is asked: image to request, child process, response
//! - [`registry`]: the image is pulled: challenge, token, manifest, blobs, digests
//! - [`program`]: where the program under test comes from
//! - [`pull`]: the kubelet in a terminal
//! - [`vectors`]: what a real kubelet was seen to do, run against [`kubelet`]
//! - [`lab`]: a network in which the mocks have the clouds' real addresses and names
//! - `html`: pages that ask nobody for anything
//! - `platform`: what differs between operating systems
//! - [`run`]: the suite: cases of any plugin, and reports of them
//! - [`compare`]: reports of several plugins beside each other
//! - [`demo`]: one pull on each identity, shown to a person or as JSON

pub mod compare;
pub mod demo;
mod html;
pub mod kubelet;
#[cfg(target_os = "linux")]
pub mod lab;
mod platform;
pub mod program;
pub mod pull;
pub mod registry;
pub mod run;
pub mod vectors;
