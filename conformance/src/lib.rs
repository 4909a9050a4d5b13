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
//!
//! # A plugin of one's own under the suite
//!
//! A test of any crate runs the cases against a program. The adapter says how the program is configured: the name of one in this
//! crate, or a file, whose keys `conformance/cases/README.md` explains.
//!
//! ```
//! use conformance::run::{Options, RunError, report};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), RunError> {
//! let plugin = concat!(env!("CARGO_MANIFEST_DIR"), "/adapters/static.sh");
//! let options = Options { filters: vec!["wire".into()], ..Options::new(plugin, "command") };
//! let report = report(&options).await?;
//! assert!(report.holds(), "{report}");
//! # Ok(())
//! # }
//! ```

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
